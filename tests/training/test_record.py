"""Records beside models may hold anything: an odd one is told as odd, and nothing of it talks to the terminal."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable

import pytest

from core.text import safe
from core.training.record import ModelRecord
from tests.conftest import Cli, Place

#: As much of a result as every reader needs.
RESULTS = {
    **dict.fromkeys(("balanced", "balanced_low", "balanced_high", "accuracy", "low", "high"), 0.5),
    "recordings": 2,
    "classes": {},
    "baselines": {},
}


@pytest.mark.parametrize(
    "record",
    [
        '{"size": "abc"}',
        '{"task": "offline-detection", "results": {"balanced": "high"}}',
        json.dumps({"results": {name: value for name, value in RESULTS.items() if name != "balanced_low"}}),
        json.dumps({"results": RESULTS | {"baselines": {"time_of_day": {"x": 1}}}}),
        '{"words": [1]}',
        '{"onnx": 1}',
        '{"adopted": "by me"}',
        "[1]",
        "{",
    ],
)
def test_an_odd_record_is_named_and_stops_nothing_else(
    workspace: Callable[..., Place], cli: Cli, record: str
) -> None:
    place = workspace(frames=2)
    versions = place.root / "models" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    (versions / "offline-detector-v1.json").write_text(record)
    (versions / "offline-detector-v2.json").write_text(json.dumps({"task": "offline-detection", "size": 5}))
    listed = cli(place.root, "models", "--json")
    assert listed.code == 0, listed.err
    found = {model["name"]: model["problem"] for model in listed.json["models"]}
    assert "record" in found["offline-detector-v1"]
    assert "record" not in found["offline-detector-v2"]
    assert cli(place.root, "status").code == 0


def test_words_of_a_record_are_made_safe(workspace: Callable[..., Place]) -> None:
    from core.training.registry import models
    from core.workspace import Workspace

    place = workspace(frames=2)
    versions = place.root / "models" / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    evil = {
        "task": "offline-detection",
        "dataset": {"version": "v\x1b[2J"},
        "words": ["a", "\x1b[31mEVIL\x07"],
    }
    (versions / "offline-detector-v1.json").write_text(json.dumps(evil))
    (record,) = models(Workspace.open(place.root))
    assert record.dataset == "v\\x1b[2J"
    assert record.words == ("a", "\\x1b[31mEVIL\\x07")


def test_a_name_in_a_command_is_one_word_of_a_shell_and_nothing_of_it_is_run() -> None:
    for name in ("offline-detector-v2", "a b; rm -rf $HOME `x`", "-n'\"\n", "\x1b[31m"):
        word = ModelRecord(name, "", "", 0, "file").word
        assert shlex.split(word) == [safe(name)]
        assert word.isprintable()
    assert ModelRecord("offline-detector-v2", "", "", 0, "file").word == "offline-detector-v2"
