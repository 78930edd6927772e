"""`predict`: what it writes and for whom, what it asks once only, and which frames a task's predictions are about."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.assist import predicting
from core.errors import Cancelled
from core.labels.predictions import read_predictions
from core.labels.store import LabelStore
from core.progress import CancelToken, Progress
from tests.assist.models import ByLight, asked, put_model
from tests.assist.rooms import Room, jpeg
from tests.conftest import Cli

TASK, FAILED = "offline-detection", "failed-print-detection"


def told(room: Room, keys: list[str], name: str = "offline-detector-v1", task: str = TASK) -> Path:
    """A model version that has answered about frames, as if `predict` had asked it."""
    of = room.ws.task(task)
    path = put_model(room.ws, of, name)
    predicting.ask(room.ws, asked(of, path), of, keys)
    return path


def data(room: Room, name: str) -> str:
    return (room.ws.root / "data" / name).read_text()


def test_it_writes_the_files_that_other_programs_read(room: Room, cli: Cli) -> None:
    keys = room.fill(6)
    model = told(room, keys)
    answer = cli(room.ws.root, "predict")
    assert answer.code == 0, answer.err
    assert "offline-detection by offline-detector-v1 (torch)" in answer.out
    assert "6 frames: offline 3, active 3" in answer.out
    rows = json.loads(data(room, "predictions.json"))
    assert [rows[key]["label"] for key in keys] == ["active", "offline"] * 3
    assert all(0.5 < row["confidence"] <= 1 for row in rows.values())
    assert list(rows) == sorted(rows)
    assert data(room, "active_images.txt").splitlines() == keys[::2]
    beside = json.loads(data(room, "predictions.meta.json"))
    record = json.loads(model.with_suffix(".json").read_text())
    assert (beside["model"]["name"], beside["model"]["sha256"]) == (model.stem, record["sha256"])
    found, odd = read_predictions(room.ws.root / "data" / "predictions.json", room.ws.task(TASK))
    assert (len(found), odd) == (6, "")


def test_a_tasks_own_predictions_file_is_written_where_its_settings_say(room: Room, cli: Cli) -> None:
    keys = room.fill(2)
    (room.ws.root / "print-models.toml").write_text(
        '[tasks.offline-detection]\npredictions = "data/said/camera.json"\n'
    )
    told(room.again(), keys)
    answer = cli(room.ws.root, "predict", "--json").json
    assert answer["tasks"][0]["written"][:2] == ["data/said/camera.json", "data/said/camera.meta.json"]
    assert set(json.loads(data(room, "said/camera.json"))) == set(keys)


def test_nothing_is_asked_twice_and_what_is_new_is_asked(room: Room) -> None:
    keys, of, network = room.fill(5), room.ws.task(TASK), ByLight()
    model = put_model(room.ws, of, "offline-detector-v1")
    first = predicting.ask(room.ws, asked(of, model, network), of, keys)
    keys.append(room.put(7, jpeg(7)))
    again = predicting.ask(room.again().ws, asked(of, model, network), of, keys)
    assert (first.filled.computed, again.filled.computed, network.seen) == (5, 1, 6)
    assert {key: again.guesses[key] for key in keys[:5]} == dict(first.guesses)


def test_where_the_cache_is_full_answers_still_have_room_and_another_models_go(room: Room) -> None:
    keys, of = room.fill(3), room.ws.task(TASK)
    told(room, keys)
    (room.ws.root / "print-models.toml").write_text("[cache]\nmax = 0\n")
    tight = room.again()
    path = put_model(tight.ws, of, "offline-detector-v2")
    assert predicting.ask(tight.ws, asked(of, path), of, keys).filled.known == 3
    assert [one.name for one in (tight.ws.cache / "predictions").iterdir()] == [asked(of, path).key]


def test_killed_while_it_asks_it_goes_on_from_there(room: Room) -> None:
    room.fill(600)
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from core.assist import predicting\n"
        "from core.workspace import Workspace\n"
        "from core.frames.index import FrameIndex\n"
        "from tests.assist.models import asked, put_model\n"
        "ws = Workspace.open(Path(sys.argv[1]))\n"
        "of = ws.task('offline-detection')\n"
        "model = put_model(ws, of, 'offline-detector-v1')\n"
        "with FrameIndex(ws) as index:\n"
        "    index.scan()\n"
        "    keys = index.keys()\n"
        "def report(p):\n"
        "    if len(sys.argv) > 2 and p.done >= 400:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "said = predicting.ask(ws, asked(of, model), of, keys, report)\n"
        "print(said.filled.computed, len(said.guesses))\n"
    )
    here = Path(__file__).resolve().parents[2]

    def go(*more: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-c", code, os.fspath(room.ws.root), *more]
        return subprocess.run(words, cwd=here, capture_output=True, text=True, timeout=200)

    assert go("kill").returncode == -signal.SIGKILL
    assert go().stdout.split() == [str(600 - 256), "600"]


def test_who_stops_keeps_what_was_answered(room: Room) -> None:
    keys, of, network, token = room.fill(120), room.ws.task(TASK), ByLight(), CancelToken()
    model = put_model(room.ws, of, "offline-detector-v1")

    def stop(progress: Progress) -> None:
        token.cancel()

    with pytest.raises(Cancelled):
        predicting.ask(room.ws, asked(of, model, network), of, keys, stop, token)
    seen = network.seen
    assert 0 < seen < 120
    predicting.ask(room.ws, asked(of, model, network), of, keys)
    assert network.seen == 120


def test_a_frame_that_can_not_be_read_is_named_and_has_no_prediction(room: Room, cli: Cli) -> None:
    keys = [*room.fill(2), room.put(5, b"no picture")]
    told(room, keys)
    answer = cli(room.ws.root, "predict", "--json")
    assert answer.code == 0
    [one] = answer.json["tasks"]
    assert (one["predicted"], one["unreadable"], one["without"]) == (2, 1, [keys[2]])
    assert keys[2] not in json.loads(data(room, "predictions.json"))


def test_where_no_frame_can_be_read_it_ends_with_one(room: Room, cli: Cli) -> None:
    told(room, [room.put(5, b"no picture")])
    answer = cli(room.ws.root, "predict")
    assert answer.code == 1
    assert "None of these frames could be predicted." in answer.err


def test_some_frames_join_the_others_of_the_same_model(room: Room, cli: Cli) -> None:
    keys = room.fill(6)
    told(room, keys)
    cli(room.ws.root, "predict", *keys[:2])
    answer = cli(room.ws.root, "predict", "--json", "--filter", "08:04-09:00")
    assert set(answer.json["tasks"][0]["frames"]) == set(keys[4:])
    assert set(json.loads(data(room, "predictions.json"))) == {*keys[:2], *keys[4:]}


def test_some_frames_asked_of_another_model_leave_its_predictions_alone(room: Room, cli: Cli) -> None:
    keys = room.fill(4)
    told(room, keys)
    cli(room.ws.root, "predict")
    before = data(room, "predictions.json")
    told(room, keys, "offline-detector-v2")
    some = cli(room.ws.root, "predict", "--model", "offline-detector-v2", keys[0])
    assert "holds 4 predictions of offline-detector-v1 and is left as it is" in some.out
    assert data(room, "predictions.json") == before
    every = cli(room.ws.root, "predict", "--model", "offline-detector-v2")
    assert "4 predictions of offline-detector-v1 in data/predictions.json made way" in every.out
    assert json.loads(data(room, "predictions.meta.json"))["model"]["name"] == "offline-detector-v2"


def test_failed_prints_are_looked_for_among_active_frames_only(room: Room, cli: Cli) -> None:
    keys = room.fill(6)
    told(room, keys)
    told(room, keys, "failed-detector-v1", FAILED)
    with LabelStore(room.ws) as store:  # a label counts before a prediction, either way
        store.set(TASK, [keys[0]], "offline", who="ana")
        store.set(TASK, [keys[1]], "active", who="ana")
    offline, failed = cli(room.ws.root, "predict", "--json").json["tasks"]
    assert (offline["task"], offline["predicted"], failed["task"]) == (TASK, 6, FAILED)
    assert (failed["asked"], failed["not_counting"]) == (3, 3)
    rows = json.loads(data(room, "failed_print_predictions.json"))
    assert set(rows) == {keys[1], keys[2], keys[4]}


def test_a_filter_in_the_words_of_the_first_task_chooses_for_both(room: Room, cli: Cli) -> None:
    keys = room.fill(6)
    told(room, keys)
    told(room, keys, "failed-detector-v1", FAILED)
    with LabelStore(room.ws) as store:
        store.set(TASK, keys[:2], "active", who="ana")
    answer = cli(room.ws.root, "predict", "--json", "--filter", "label:active")
    assert answer.code == 0, answer.err
    assert [set(one["frames"]) for one in answer.json["tasks"]] == [set(keys[:2])] * 2


def test_without_the_first_stage_it_says_why_nothing_is_asked(room: Room, cli: Cli) -> None:
    keys = room.fill(3)
    told(room, keys, "failed-detector-v1", FAILED)
    answer = cli(room.ws.root, "predict")
    assert answer.code == 0
    assert "3 frames not asked: by offline-detection not active, or not known to be" in answer.out


def test_without_a_model_or_what_runs_it_it_says_what_to_do(room: Room, cli: Cli) -> None:
    room.fill(1)
    none = cli(room.ws.root, "predict")
    assert (none.code, "There is no model yet." in none.err) == (5, True)
    model = put_model(room.ws, room.ws.task(TASK), "offline-detector-v1")
    model.unlink()
    away = cli(room.ws.root, "predict")
    assert away.code == 5
    assert "print-models fetch offline-detector-v1" in away.err
    other = cli(room.ws.root, "predict", "--task", FAILED, "--model", "offline-detector-v1")
    assert (other.code, "is a model of offline-detection" in other.err) == (2, True)
