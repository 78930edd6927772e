"""Label files as earlier programs wrote them for their trainings: classes as numbers, and words that are no class."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.conftest import Cli, Place

KEY = "printer-timelapses/20251107/20251107T08{:02d}00.jpg"
FRAMES = 8


@pytest.fixture
def place(workspace: Callable[..., Place]) -> Place:
    return workspace(frames=FRAMES)


def put(place: Place, labels: dict[str, object]) -> None:
    (place.root / "data" / "labels.json").write_text(json.dumps(labels, indent=2, sort_keys=True) + "\n")


def numbers() -> dict[str, object]:
    return {KEY.format(i): i % 2 if i < 4 else str(i % 2) for i in range(FRAMES)}


def test_f_099_integers_as_labels(place: Place, cli: Cli) -> None:
    """accepted and counted; refused by name where they are no class's"""
    put(place, numbers())
    told = cli(place.root, "status", "--json")
    assert told.code == 0, told.err
    assert told.json["tasks"]["offline-detection"]["classes"] == {"offline": 4, "active": 4}
    made = cli(place.root, "export", "--task", "offline-detection", "--json")
    assert made.code == 0, made.err
    assert made.json["images"] == FRAMES


@pytest.mark.parametrize("odd", [2, "paused"])
def test_f_099_unknown_labels(place: Place, cli: Cli, odd: object) -> None:
    """accepted and counted; refused by name, with the line, while what is known stays in use"""
    put(place, {**numbers(), KEY.format(3): odd})
    made = cli(place.root, "export", "--task", "offline-detection")
    assert made.code == 1, made.out
    assert f"line 5: {KEY.format(3)}" in made.err
    brought = cli(place.root, "import", place.root / "data" / "labels.json")
    assert brought.code == 1, brought.err
    assert not list((place.root / "datasets").glob("*/v*"))
    kept = json.loads((place.root / "data" / "labels.json").read_text())
    assert kept[KEY.format(3)] == odd
