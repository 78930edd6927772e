"""What commands answer with --json, held against the schemas that other programs rely on: docs/json/."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator

from core.assist import predicting
from core.commands.shell import program
from core.commands.table import COMMANDS
from core.durable import hash_file
from core.training import proc, results, spec
from core.training.events import EventWriter
from core.training.reproduce import Reproduced
from core.training.sides import Row
from core.workspace import Workspace
from tests.assist.models import asked, put_model
from tests.assist.rooms import make_room
from tests.conftest import CAMERA, Answer, Cli, Place, git, write_frames
from tests.training.believing import model_of, version_of
from tests.training.small import TASK, make_version, make_workspace, needs_torch, small

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "json"
RUN = "20251112T100000-offline-detection"
BASELINES: dict[str, Any] = {
    "majority": {"balanced": 0.5, "accuracy": 0.5, "low": 0.2, "high": 0.8},
    "time_of_day": {"balanced": 0.6, "accuracy": 0.6, "low": 0.3, "high": 0.9, "images": 5},
    "brightness": None,
}


def with_json() -> list[str]:
    """Every command that takes --json, a subcommand as 'source list'."""

    def walk(name: str, command: click.Command) -> Iterator[str]:
        if any(parameter.name == "as_json" for parameter in command.params):
            yield name
        if isinstance(command, click.Group):
            context = click.Context(command)
            for inner in command.list_commands(context):
                below = command.get_command(context, inner)
                assert below is not None
                yield from walk(f"{name} {inner}", below)

    root = click.Context(program)
    found = [(name, program.get_command(root, name)) for name in COMMANDS]
    return [known for name, command in found if command for known in walk(name, command)]


def schema_of(command: str) -> Any:
    return json.loads((FOLDER / f"{command.replace(' ', '-')}.json").read_text("utf-8"))


def check(command: str, answer: Answer, *, code: int = 0) -> Any:
    """Hold a real answer against its schema; return it."""
    assert answer.code == code, f"{command}: {answer.err}"
    wrong = [
        f"{found.json_path}: {found.message}"
        for found in Draft202012Validator(schema_of(command)).iter_errors(answer.json)
    ]
    assert wrong == [], command
    assert next(iter(answer.json)) == "format"
    return answer.json


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object within a schema."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def test_every_command_with_json_has_one_schema_and_no_other_has() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == sorted(
        name.replace(" ", "-") for name in with_json()
    )


@pytest.mark.parametrize("command", with_json())
def test_a_schema_says_what_every_key_means(command: str) -> None:
    schema = schema_of(command)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:print-models:{command.replace(' ', '-')}:1"
    assert schema["title"] == f"print-models {command} --json"
    for node in objects(schema):
        for name, said in (node.get("properties") or {}).items():
            if isinstance(said, dict) and "$ref" in said:
                said = schema["$defs"][said["$ref"].rsplit("/", 1)[-1]]
            assert said.get("description", "").strip().endswith("."), f"{command}: {name} is not described"
        if node.get("type") == "object" and "properties" in node:
            assert "additionalProperties" in node, f"{command}: {node.get('description')}"
    tops = [schema["$defs"][one["$ref"].rsplit("/", 1)[-1]] for one in schema.get("oneOf", ())] or [schema]
    for top in tops:
        assert top["properties"]["format"]["const"] == 1
        assert "format" in top["required"]


#: Keys that the printer's monitor, cron jobs and a colleague's scripts read: they stay, whatever else comes.
RELIED_ON = {
    "status": "tasks git storage runs",
    "status tasks": "labelled total classes draft latest model",
    "status tasks draft": "base added removed relabelled bytes",
    "diff": "base target added removed relabelled replaced moved unchanged classes confusion bytes hunks",
    "diff bytes": "new reused",
    "diff hunks": "id recording from to frames change bytes held comment",
    "storage": "objects bytes by local price",
    "storage price": "new_bytes after plan share clone_bytes clones_per_month full_in_months",
    "storage by models": "files bytes exclusive",
    "check": "ok results",
    "splits": "task name least_distance_minutes classes recordings limits",
    "check results": "id level text remedy frames",
    "verify results": "id level text remedy frames",
    "export": "version path digest images bytes commit tag pushed",
    "release": "version path digest images bytes commit tag pushed",
    "runs runs": "id state task dataset epoch epochs best eta_s",
    "frames": "frames total",
    "frames frames": "frame captured_at label suggestion confidence recording",
    "reproduce": "identical sha256 differs",
}


@pytest.mark.parametrize("place", RELIED_ON)
def test_keys_that_others_rely_on_are_always_there(place: str) -> None:
    command, *path = place.split()
    schema = schema_of(command)

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        return schema["$defs"][node["$ref"].rsplit("/", 1)[-1]] if "$ref" in node else node

    node = resolved(schema["oneOf"][0]) if "oneOf" in schema else schema
    for word in path:
        node = resolved(node["properties"][word])
        inner = node.get("items") or node.get("additionalProperties")
        node = resolved(inner) if isinstance(inner, dict) and "required" not in node else node
    assert set(RELIED_ON[place].split()) <= set(node["required"])


def test_a_workspace_in_which_nothing_is_yet(workspace: Callable[..., Place], cli: Cli) -> None:
    root = workspace(frames=0).root
    for words in (
        ["status"], ["doctor"], ["stats"], ["frames"], ["frames", "--problems"], ["versions"], ["diff"],
        ["check"], ["splits"], ["verify"], ["storage"], ["runs"], ["models"], ["save"],
    ):  # fmt: skip
        check(words[0], cli(root, *words, "--json"))
    check("migrate", cli(root, "migrate", "--json"))
    check("source list", cli(root, "source", "list", "--json"))


def test_labels_marks_and_cameras(workspace: Callable[..., Place], cli: Cli, tmp_path: Path) -> None:
    place = workspace(frames=12)
    root, keys = place.root, place.keys
    (place.camera / "20251107" / "notes.txt").write_text("no frame")
    check("label", cli(root, "label", "--as", "active", "--day", "20251107", "--to", "08:04", "--json"))
    check("label", cli(root, "label", "--as", "offline", *keys[6:10], "--json"))
    check("unlabel", cli(root, "unlabel", keys[9], "--json"))
    check("undo", cli(root, "undo", "--dry-run", "--json"))
    check("undo", cli(root, "undo", "--json"))
    check("mark", cli(root, "mark", keys[0], "--exclude", "a hand", "--json"))
    check("mark", cli(root, "mark", keys[1], "--unsure", "--task", TASK, "--json"))
    assert check("history", cli(root, "history", keys[9], "--json"))["history"]
    check("history", cli(root, "history", keys[0], "--json"))
    assert check("frames", cli(root, "frames", "--filter", "label", "--json"))["total"] == 9
    assert check("frames", cli(root, "frames", "--problems", "--json"))["problems"]
    assert check("frames", cli(root, "frames", "--queues", "--json"))["queues"]
    assert check("frames", cli(root, "frames", "--queue", "unlabelled", "--json"))["total"] == 3

    foreign = tmp_path / "labels.json"
    foreign.write_text(
        json.dumps({keys[0]: "offline", keys[11]: 1, keys[10]: "odd", f"./{keys[6]}": "Offline"})
    )
    found = check("import", cli(root, "import", foreign, "--dry-run", "--json"), code=1)
    assert [len(found[kind]) for kind in ("new", "contradicts", "problems")] == [1, 1, 1]
    check("import", cli(root, "import", foreign, "--keep", "--skip", "--json"))
    assert check("share", cli(root, "share", "../shared.zip", "--json"))["frames"]
    check("import", cli(root, "import", "../shared.zip", "--json"))
    (root / "data" / "predictions.json").write_text(
        json.dumps({keys[0]: {"label": "active", "confidence": 0.97}, keys[11]: {"label": "offline"}})
    )
    check("stats", cli(root, "stats", "--json"))
    check("sequences", cli(root, "sequences", "--least", "3", "--json"))
    check("save", cli(root, "save", "--json"))
    check("save", cli(root, "save", "--json"))
    git(tmp_path, "init", "-q", "--bare", "origin.git")
    git(root, "remote", "add", "origin", str(tmp_path / "origin.git"))
    check("sync", cli(root, "sync", "--json"))

    second = tmp_path / "second"
    write_frames(second, 2)
    check("source add", cli(root, "source", "add", "bench", second, "--printer", "b", "--json"))
    moved = tmp_path / "moved"
    second.rename(moved)
    assert check("status", cli(root, "status", "--json"))["cameras"][1]["reachable"] is False
    assert "away" in {
        one["state"] for one in check("source list", cli(root, "source", "list", "--json"))["sources"]
    }
    check("source move", cli(root, "source", "move", "bench", moved, "--json"))
    check("source retire", cli(root, "source", "retire", "bench", "--json"))
    others = tmp_path / "others"
    write_frames(others, 3, start="20260101T000000")
    (root / CAMERA).unlink()
    (root / CAMERA).symlink_to(others)
    cli(root, "status")
    states = {one["state"] for one in check("source list", cli(root, "source", "list", "--json"))["sources"]}
    assert states == {"question", "retired"}
    check("doctor", cli(root, "doctor", "--json"))
    check("source answer", cli(root, "source", "answer", CAMERA, "--emptied", "--json"))


def _labelled(cli: Cli, place: Place) -> None:
    half = len(place.keys) // 2
    assert cli(place.root, "label", "--as", "active", *place.keys[:half]).code == 0
    assert cli(place.root, "label", "--as", "offline", *place.keys[half:]).code == 0


def test_versions_from_the_draft_to_a_remote(
    workspace: Callable[..., Place], cli: Cli, tmp_path: Path
) -> None:
    place = workspace(frames=8, every=1200)
    root = place.root
    _labelled(cli, place)
    check("diff", cli(root, "diff", "--frames", "--json"))
    check("review", cli(root, "review", "--json"))
    check("release", cli(root, "release", "--dry-run", "--json"))
    check("export", cli(root, "export", "--json"))
    assert check("status", cli(root, "status", "--json"))["git"]["exported"]
    bare = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(root, "remote", "add", "origin", f"file://{bare}")
    git(root, "remote", "add", "gone", f"file://{tmp_path}/nowhere.git")
    check("release", cli(root, "release", "--push", "--remote", "gone", "--json"), code=6)
    check("release", cli(root, "release", "--push", "--remote", "origin", "--json"))
    check("fetch", cli(root, "fetch", "v1", "--json"))
    assert cli(root, "label", "--as", "offline", *place.keys[:2]).code == 0
    assert cli(root, "unlabel", place.keys[7]).code == 0
    check("release", cli(root, "release", "--dry-run", "--push", "--remote", "origin", "--json"))
    found = check("diff", cli(root, "diff", "--frames", "--json"))
    assert found["hunks"]
    assert (len(found["frames"]["relabelled"]), len(found["frames"]["removed"])) == (2, 1)
    check("status", cli(root, "status", "--json"))
    check("storage", cli(root, "storage", "--plan", "github-free", "--json"))
    check("doctor", cli(root, "doctor", "--remote", "origin", "--json"))
    check("verify", cli(root, "verify", "--json"))
    image = next((root / "datasets" / TASK / "v1").glob("*/*.jpg"))
    image.write_bytes(image.read_bytes() + b"x")
    check("verify", cli(root, "verify", "--json"), code=3)
    check("check", cli(root, "check", "--json"))
    check("check", cli(root, "check", "draft", "--json"))
    assert check("splits", cli(root, "splits", "v1", "--json"))["recordings"]
    _taken_back(cli, root)
    info = root / "datasets" / TASK / "v1" / "dataset_info.json"
    info.write_text("{")
    assert check("versions", cli(root, "versions", "--json"))["versions"][TASK][0]["images"] is None


def _taken_back(cli: Cli, root: Path) -> None:
    assert check("rollback", cli(root, "rollback", "v1", "--json"))["changed"]
    check("withdraw", cli(root, "withdraw", "v1", "--reason", "of another printer", "--json"))
    check("versions", cli(root, "versions", "--json"))
    assert cli(root, "export").code == 0
    assert check("release", cli(root, "release", "--abort", "--yes", "--json"))["taken_back"] == "abort"


def _training(root: Path, *, over: bool) -> Path:
    """Write a training's files as its process leaves them; return its folder."""
    workspace = Workspace.open(root)
    what = small(make_version(workspace))
    workspace.ensure_private()
    folder = workspace.runs / RUN
    folder.mkdir(parents=True)
    spec.write(folder, what)
    writer = EventWriter(folder)
    facts = {**what.config, "task": TASK, "dataset": "v1", "architecture": what.architecture}
    writer.append("started", **facts, phase="loading torch", pid=os.getpid())
    if over:
        rows = [
            Row(f"{label}/{n}.jpg", label, f"{CAMERA}/r{n // 2}", f"{CAMERA}/20251107/{n}.jpg", datetime(2025, 11, 7), None)
            for n, label in enumerate(("active", "active", "offline", "offline", "active", "offline"))
        ]  # fmt: skip
        answers = [(0.1, 0.9), (0.7, 0.3), (0.8, 0.2), (0.9, 0.1), (0.2, 0.8), (0.6, 0.4)]
        measured = results.measure(rows, answers, what.classes, BASELINES)
        words = results.words(measured, weights="It starts from random weights.")
        (folder / "best.pt").write_bytes(b"not a network, but bytes")
        best = hash_file(folder / "best.pt").oid
        writer.append(
            "heartbeat", phase="computing features", facts={"weights": {"kind": "random"}, "machine": {}}
        )
        shared = {"train_accuracy": 0.9, "seconds": 1.5, "recall": {"active": 0.8}}
        writer.append(
            "epoch", epoch=1, train_loss=0.7, loss=0.6, balanced=0.83, accuracy=0.83, best=True, **shared
        )
        writer.append("epoch", epoch=2, train_loss=0.5, **shared)
        writer.append("checkpoint", file="best.pt", sha256=best, results=measured, words=words)
        writer.append("alert", text="it stays where it is")
        writer.append("finished", results=measured, words=words, seconds=3.0)
    writer.close()
    return folder


def test_trainings_and_models(workspace: Callable[..., Place], cli: Cli) -> None:
    root = workspace(frames=1).root
    _training(root, over=True)
    git(root, "add", "datasets")
    git(root, "commit", "-q", "-m", "v1")
    (listed,) = check("runs", cli(root, "runs", "--json"))["runs"]
    assert listed["state"] == "finished"
    seen = check("watch", cli(root, "watch", "--json"))
    assert seen["results"]["wrong"]
    assert len(seen["history"]) == 2
    check("promote", cli(root, "promote", RUN, "--json"))
    check("promote", cli(root, "promote", RUN, "--current", "--json"))
    for name in ("offline-detector-v1", "v1", f"{CAMERA}/20251107/20251107T080000.jpg"):
        found = check("lineage", cli(root, "lineage", name, "--json"))
        assert {link["kind"] for link in found["up"]} & {"version", "labels", "label"}
    check("status", cli(root, "status", "--json"))
    (root / "models" / "versions" / "stranger-v3.pth").write_bytes(b"x")
    (root / "models" / "versions" / "odd-v1.json").write_text('{"size": "abc"}')
    found = check("models", cli(root, "models", "--json"))["models"]
    assert [one["current"] for one in found if one["name"] == "offline-detector-v1"] == [True]


def test_what_models_are_worth(tmp_path: Path, cli: Cli) -> None:
    ws = make_workspace(tmp_path / "ws")
    prints = {"a1": ("t", "ggff"), "b1": ("t", "gg"), "e2": ("v", "gggg"), "f2": ("v", "ggff")}
    version = version_of(ws, "v1", prints)
    one = model_of(ws, version, "failed-detector-v1", {"f2": "gggg"}).name
    other = model_of(ws, version, "failed-detector-v1.2", {"e2": "gggf"}).name
    in_use = ws.root / ws.task("failed-print-detection").current_model
    in_use.write_bytes((ws.model_versions / f"{other}.pth").read_bytes())
    told = check("evaluate", cli(ws.root, "evaluate", one, "--json"))
    assert told["results"]["alarms"]["prints"]
    assert told["in_use"]["models"] == [other, one]
    found = check("compare", cli(ws.root, "compare", one, other, "--json"))
    assert (len(found["fixed"]), len(found["broken"])) == (2, 1)
    (told,) = check("models", cli(ws.root, "models", "--history", "--json"))["history"]
    assert [row["comparable"] for row in told["models"]] == [True, True]


def test_what_a_model_says_of_frames(tmp_path: Path, cli: Cli) -> None:
    room = make_room(tmp_path)
    keys, task = room.fill(3), room.ws.task(TASK)
    predicting.ask(room.ws, asked(task, put_model(room.ws, task, "offline-detector-v1")), task, keys)
    assert check("embed", cli(room.ws.root, "embed", "--json"))["known"] == 3
    assert check("predict", cli(room.ws.root, "predict", "--json"))["tasks"][0]["predicted"] == 3
    found = check("predict", cli(room.ws.root, "predict", "--json", keys[0]))
    assert found["tasks"][0]["frames"][keys[0]]["label"] == "active"


def test_what_labels_suggest(tmp_path: Path, cli: Cli) -> None:
    room = make_room(tmp_path)
    keys = room.fill(30)
    for name, first in (("active", 0), ("offline", 1)):
        cli(room.ws.root, "label", "--task", TASK, "--as", name, *keys[first:24:2], "--who", "ana")
    told = check("suggest", cli(room.ws.root, "suggest", "--json", "--task", TASK))
    assert (told["labelled"], sum(run["frames"] for run in told["runs"])) == (24, 30)
    assert told["share_right"] is None
    assert (
        len(check("similar", cli(room.ws.root, "similar", keys[0], "--json", "--limit", "3"))["frames"]) == 3
    )
    found = check("similar", cli(room.ws.root, "similar", "--json"))
    assert found["kept"] + len(found["left_out"]) == 24


def test_a_training_that_is_stopped(workspace: Callable[..., Place], cli: Cli) -> None:
    root = workspace(frames=1).root
    folder = _training(root, over=False)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    try:
        who = proc.identify(child.pid)
        assert who is not None
        proc.write(folder, who)
        check("runs", cli(root, "runs", "--json"))
        check("watch", cli(root, "watch", "--json"))
        check("stop", cli(root, "stop", "--json"))
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
    shutil.rmtree(folder)
    (folder.parent / RUN).mkdir()
    check("runs", cli(root, "runs", "--json"))


def test_a_training_is_told_in_one_form_everywhere() -> None:
    rows = schema_of("runs")["properties"]["runs"]["items"]
    for command in ("train", "stop"):
        form = schema_of(command)
        assert {**rows["properties"], "format": form["properties"]["format"]} == form["properties"]
    again = Reproduced(False, "sha256:0", ("epoch 2 differs",), RUN)
    Draft202012Validator(schema_of("reproduce")).validate({"format": 1, **again.as_json()})


@pytest.mark.slow
@needs_torch
def test_a_real_training_and_its_repetition(workspace: Callable[..., Place], cli: Cli) -> None:
    root = workspace(frames=1).root
    make_version(Workspace.open(root))
    git(root, "add", "datasets")
    git(root, "commit", "-q", "-m", "v1")
    words = ["--arch", "squeezenet1_1", "--weights", "random", "--epochs", "1", "--foreground"]
    made = check("train", cli(root, "train", *words, "--json"))
    kept = check("promote", cli(root, "promote", made["id"], "--json"))
    check("reproduce", cli(root, "reproduce", kept["name"], "--json"))
    check("adopt", cli(root, "adopt", kept["file"], "--strip", "--json"))


def test_a_repository_of_an_older_tool(tmp_path: Path, cli: Cli) -> None:
    root = tmp_path / "old"
    version = root / "datasets" / TASK / "v1"
    keys = [f"{CAMERA}/20251107/20251107T00{minute:02}01.jpg" for minute in range(4)]
    for number, key in enumerate(keys):
        image = version / ("active" if number % 2 else "offline") / key.rsplit("/", 1)[-1]
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{number:064}\nsize 1000\n")
    labels = json.dumps({key: number % 2 for number, key in enumerate(keys)})
    info = {"version": "1.0", "dataset_type": TASK, "total_images": 4, "classes": {"active": 2, "offline": 2}}
    (version / "labels.json").write_text(labels)
    (version / "dataset_info.json").write_text(json.dumps(info))
    (root / "data").mkdir()
    (root / "data" / "labels.json").write_text(labels)
    git(root, "init", "-q")
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "As it was")
    for words in (
        ["status"],
        ["frames"],
        ["versions"],
        ["diff", "--frames"],
        ["storage"],
        ["stats"],
        ["models"],
        ["runs"],
    ):
        check(words[0], cli(root, *words, "--json"))
    check("migrate", cli(root, "migrate", "--json"))
    check("source list", cli(root, "source", "list", "--json"))
    check("history", cli(root, "history", keys[0], "--json"))
    for words in (["check"], ["verify"], ["doctor"]):
        answer = cli(root, *words, "--json")
        check(words[0], answer, code=answer.code)
    assert cli(root, "label", "--as", "active", keys[0], "--json").out == ""


def test_every_schema_is_held_against_real_answers() -> None:
    mine = Path(__file__).read_text("utf-8")
    looped = {
        "status",
        "frames",
        "versions",
        "storage",
        "stats",
        "models",
        "runs",
        "verify",
        "doctor",
        "check",
    }
    assert [name for name in with_json() if f'check("{name}", cli(' not in mine and name not in looped] == []
