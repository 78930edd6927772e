"""Files of a repository that are not what their names say: what reads them ends, and says so."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import pytest

from tests.conftest import Answer, Cli, Place, run_program

Make = Callable[..., Place]

#: Words for a shell that gives a command so many kilobytes of memory.
LITTLE_MEMORY = ("sh", "-c", 'ulimit -v 2000000; exec "$@"', "sh")


def told(place: Place, *words: str) -> Answer:
    """What a command says that must not take all the memory there is."""
    return run_program([*LITTLE_MEMORY, sys.executable, "-m", "core", *words], cwd=place.root)


@pytest.mark.parametrize(("name", "code"), [("labels.json", 3), ("marks.json", 0)])
def test_a_label_file_that_leads_to_a_device_is_damaged(
    workspace: Make, cli: Cli, name: str, code: int
) -> None:
    place = workspace(2)
    cli(place.root, "label", "--as", "active", place.keys[0])
    file = place.root / "data" / name
    file.unlink(missing_ok=True)
    file.symlink_to("/dev/zero")
    looked = told(place, "status")
    assert (looked.code, f"{name} is no regular file" in looked.out) == (0, True), looked.err
    answer = told(place, "label", "--as", "active", place.keys[1])
    assert (answer.code, f"{name} is no regular file" in answer.err) == (code, True), answer.err
    assert file.is_symlink()


def test_a_journal_and_predictions_that_lead_to_a_device_tell_nothing(workspace: Make, cli: Cli) -> None:
    place = workspace(1)
    cli(place.root, "label", "--as", "active", place.keys[0])
    (place.root / "data" / "history" / "other.jsonl").symlink_to("/dev/zero")
    (place.root / "data" / "predictions.json").symlink_to("/dev/zero")
    history = told(place, "history", place.keys[0], "--json")
    assert len(history.json["history"]) == 1, history.err
    numbers = told(place, "stats", "--json")
    assert (numbers.code, numbers.json["predictions"]) == (0, None), numbers.err
    assert "predictions.json can't be read" in numbers.err


def test_a_pipe_in_the_place_of_the_marks_stops_nobody(workspace: Make) -> None:
    place = workspace(1)
    os.mkfifo(place.root / "data" / "marks.json")
    assert "no regular file" in told(place, "status").out


@pytest.mark.parametrize(
    ("path", "words", "code"),
    [
        ("data/predictions.json", ["stats"], 0),
        (".print-models/sources.json", ["status"], 0),
        ("datasets/offline-detection/v1/metadata.jsonl", ["frames"], 0),
        ("datasets/offline-detection/withdrawn.json", ["frames"], 0),
        ("datasets/offline-detection/withdrawn.json", ["diff"], 3),
        ("models/versions/offline-detector-v1.json", ["check"], 0),
    ],
)
def test_a_file_nested_too_deep_is_one_that_cannot_be_read(
    workspace: Make, cli: Cli, path: str, words: list[str], code: int
) -> None:
    place = workspace(1)
    file = place.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("[" * 100_000)
    if file.parent.name == "versions":
        file.with_suffix(".pth").write_bytes(b"weights")
    answer = cli(place.root, *words)
    assert "unforeseen" not in answer.err
    assert answer.code == code, answer.err
