"""A training becomes a model version in a real repository: one commit of exactly its files, the model as a pointer."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.durable import hash_file
from core.workspace import Workspace
from tests.conftest import Cli, Place, git, run_program
from tests.training.finished import finished
from tests.training.small import make_version

FILES = [
    "datasets/offline-detection/v1/README.md",
    "models/versions/offline-detector-v1.json",
    "models/versions/offline-detector-v1.predictions.jsonl",
    "models/versions/offline-detector-v1.pth",
]
PTH = FILES[-1]


@pytest.fixture
def place(workspace: Callable[..., Place]) -> Place:
    """A repository that holds the version, committed, and a training on it that has ended."""
    made = workspace(frames=1)
    opened = Workspace.open(made.root)
    finished(opened, make_version(opened), 1)
    git(made.root, "add", "datasets")
    git(made.root, "commit", "-q", "-m", "v1")
    return made


def _run(place: Place) -> str:
    return next((place.root / ".print-models" / "runs").iterdir()).name


def test_promote_commits_exactly_its_files_with_the_model_as_a_pointer(place: Place, cli: Cli) -> None:
    (place.root / "mine.txt").write_text("not ours")
    git(place.root, "add", "mine.txt")
    done = cli(place.root, "promote", _run(place), "--json")
    assert done.code == 0, done.err
    assert sorted(git(place.root, "show", "--name-only", "--format=", "HEAD").split()) == FILES
    assert git(place.root, "status", "--short").split("\n")[0] == "A  mine.txt"
    pointer = git(place.root, "cat-file", "-p", f"HEAD:{PTH}")
    oid = hash_file(place.root / PTH).oid
    assert f"oid {oid}" in pointer
    assert done.json["sha256"] == oid
    assert done.json["committed"] == git(place.root, "rev-parse", "HEAD").strip()


def test_the_card_of_the_version_tells_of_the_model(place: Place, cli: Cli) -> None:
    assert cli(place.root, "promote", _run(place)).code == 0
    card = (place.root / FILES[0]).read_text("utf-8")
    for said in (
        "Model: offline-detector-v1",
        "Validation Accuracy: 100.0%",
        "recall of active",
        "the label of the nearest image in time",
        "Model File: `models/versions/offline-detector-v1.pth`",
        "It starts from random weights",
        "Better than the clock: can't be told from",
    ):
        assert said in card, said


def test_promoting_twice_makes_nothing_new_and_a_model_can_be_put_to_use(place: Place, cli: Cli) -> None:
    assert cli(place.root, "promote", _run(place)).code == 0
    head = git(place.root, "rev-parse", "HEAD")
    again = cli(place.root, "promote", _run(place))
    assert again.code == 0
    assert "nothing changed" in again.out
    assert git(place.root, "rev-parse", "HEAD") == head
    assert cli(place.root, "promote", "offline-detector-v1").code == 2
    used = cli(place.root, "promote", "offline-detector-v1", "--current")
    assert used.code == 0, used.err
    assert "models/printer_offline_detector.pth" in git(
        place.root, "show", "--name-only", "--format=", "HEAD"
    )
    assert "▶ offline-detector-v1" in cli(place.root, "models").out
    assert git(place.root, "status", "--short") == ""


def test_a_clone_with_pointers_only_reads_the_records(place: Place, cli: Cli, tmp_path: Path) -> None:
    assert cli(place.root, "promote", _run(place)).code == 0
    clone = tmp_path / "clone"
    done = run_program(
        ["git", "clone", "-q", place.root, clone], cwd=tmp_path, env={"GIT_LFS_SKIP_SMUDGE": "1"}
    )
    assert done.code == 0, done.err
    (record,) = cli(clone, "models", "--json").json["models"]
    assert (record["here"], record["current"], record["problem"]) == ("pointer", False, "")
    assert record["results"]["balanced"] == 1.0
    git(clone, "lfs", "install", "--local")
    refused = cli(clone, "promote", "offline-detector-v1", "--current")
    assert refused.code == 5
    assert "print-models fetch offline-detector-v1" in refused.err


def test_where_nothing_can_be_committed_nothing_is_written(place: Place, cli: Cli) -> None:
    git(place.root, "checkout", "-q", "--detach")
    done = cli(place.root, "promote", _run(place))
    assert done.code == 1
    assert "detached" in done.err
    assert not (place.root / PTH).exists()
    assert git(place.root, "status", "--short") == ""


def test_a_broken_record_is_told_and_harms_no_other(place: Place, cli: Cli) -> None:
    assert cli(place.root, "promote", _run(place)).code == 0
    versions = place.root / "models" / "versions"
    (versions / "offline-detector-v7.json").write_text("{")
    (versions / "old-detector-v1.pth").write_bytes(b"from before")
    found = {m["name"]: m["problem"] for m in cli(place.root, "models", "--json").json["models"]}
    assert found["offline-detector-v1"] == ""
    assert found["offline-detector-v7"] == "its record can't be read"
    assert found["old-detector-v1"] == "it has no record"
    assert cli(place.root, "reproduce", "old-detector-v1").code == 1
    assert json.loads((versions / "offline-detector-v1.json").read_text())["format"] == 1
