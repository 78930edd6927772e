"""What another version, another machine or a bad disk wrote into a training's events, and who reads it all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.training import events, plausible, results, runs
from core.training.events import EventWriter
from core.training.runs import Run
from core.training.view import describe
from core.training.watching import Watcher
from tests.training.believing import CLASSES, asked, predicted

_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\x1b[2J"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from([
    "epoch", "epochs", "loss", "train_loss", "train_accuracy", "balanced", "seconds", "best", "recall", "figures", "facts",
    "phase", "file", "sha256", "saving", "words", "results", "results_folds", "reason", "exit_code", "batch", "batches",
    "images_per_s", "text", "pid", "folds", "after", "time", "seq",
])  # fmt: skip
_EVENTS = st.builds(
    lambda kind, facts: {**facts, "event": kind},
    st.sampled_from([*events._CHANGES, "dreamt"]),
    st.dictionaries(_NAMES, _ANY, max_size=8),
)


def _measure() -> dict[str, Any]:
    found = results.measure(
        *asked(predicted({"a": ("gggfff", "gggfgf"), "b": ("gggg", "ggfg")})), CLASSES, {}
    )
    assert found is not None
    return dict(found)


_MEASURED = _measure()


@given(st.lists(_EVENTS, max_size=12))
def test_whatever_is_told_a_view_can_be_shown(told: list[dict[str, Any]]) -> None:
    seen = events.reduce([{"event": "started", "epochs": 3}, *told])
    assert all(isinstance(text, str) for text in (*seen.words, *seen.alerts, seen.reason, seen.phase))
    for epoch in seen.history:
        points = [one for one in (epoch.train_loss, epoch.loss, epoch.balanced) if one is not None]
        assert all(type(one) is float and abs(one) <= 1e12 for one in points)
    assert isinstance(describe(seen), str)
    assert seen.share is None or 0 <= seen.share <= 1


@given(st.sampled_from(sorted(_MEASURED)), _ANY)
def test_results_with_something_else_in_them_are_told_whole_or_not_at_all(key: str, value: Any) -> None:
    found = plausible.results({**_MEASURED, key: value})
    if found is not None:
        assert results.sentences(found)
        assert results.summary(found)


def test_what_this_tool_measures_is_plausible() -> None:
    assert plausible.results(_MEASURED) == _MEASURED


def test_an_end_stands_although_its_results_are_none() -> None:
    told = {
        "event": "finished",
        "results": {"balanced": "much"},
        "words": ["Good.", 7],
        "seconds": "x",
        "exit_code": [],
    }
    seen = events.reduce([{"event": "started", "epochs": 3}, told])
    assert (seen.state, seen.results, seen.words) == ("finished", None, ("Good.",))


def test_a_training_of_weeks_remembers_the_newest_hashes_only() -> None:
    told = [{"event": "checkpoint", "file": "last.pt", "sha256": f"sha256:{n}"} for n in range(3000)]
    saved = events.reduce(told).saved["last.pt"]
    assert len(saved) == 1000
    assert saved[-1] == "sha256:2999"


def test_a_file_that_grows_is_read_on_and_another_one_from_its_start(tmp_path: Path) -> None:
    run, watcher = Run(tmp_path.name, tmp_path), Watcher()

    def epoch(number: int) -> None:
        writer.append(
            "epoch", epoch=number, train_loss=0.5, train_accuracy=0.5, seconds=1.0, loss=0.1, balanced=0.5
        )

    writer = EventWriter(tmp_path)
    writer.append("started", epochs=4, task="t", dataset="v1")
    for number in (1, 2):
        epoch(number)
        assert watcher.view(run) == runs.view(run)
        assert watcher.view(run).epoch == number
    with (tmp_path / events.FILE).open("ab") as file:
        file.write(b'{"event": "epoch", "epo')  # a line that is being written
    assert watcher.view(run) == runs.view(run)
    writer.close()
    other = json.dumps({"event": "started", "epochs": 9})
    (tmp_path / "new").write_text(other + "\n")
    (tmp_path / "new").rename(tmp_path / events.FILE)
    assert watcher.view(run).epochs == 9
    assert watcher.view(run).history == ()
    (tmp_path / events.FILE).unlink()
    assert watcher.view(run) == runs.view(run)


@pytest.mark.parametrize("line", [b"[" * 100_000 + b"\n", b"\xff\xfe\n", b"null\n", b'{"event": 3}\n'])
def test_a_line_that_is_no_event_is_passed_over_and_its_number_with_it(tmp_path: Path, line: bytes) -> None:
    (tmp_path / events.FILE).write_bytes(line + b'{"event": "started", "epochs": 2, "seq": "many"}\n')
    assert events.fold(tmp_path / events.FILE)[0].epochs == 2
    writer = EventWriter(tmp_path)
    writer.append("heartbeat")
    writer.close()
    assert events.read(tmp_path / events.FILE).events[-1]["seq"] == 1
