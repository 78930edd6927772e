"""A label file that would be too large, and a broken file of marks beside a sound file of labels."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from core.errors import Refused
from core.labels import files
from tests.conftest import Cli, Place
from tests.labels.conftest import Desk, keys

TASK = "offline-detection"


def test_a_label_file_that_could_not_be_read_again_is_not_written(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = desk.open()
    store.set(TASK, keys(10), "active", who="ana")
    assert desk.flush(store).written
    before = desk.file.read_bytes()
    monkeypatch.setattr(files, "MAX_BYTES", len(before) + 100)
    store.set(TASK, keys(20), "offline", how="stretch", who="ana")
    done = desk.flush(store)
    assert isinstance(done.problem, Refused)
    assert not done.beside
    assert desk.file.read_bytes() == before
    again = desk.open()
    assert again.counts(TASK) == {"offline": 20, "active": 0}
    monkeypatch.undo()
    assert desk.flush(again).written
    assert desk.read() == dict.fromkeys(keys(20), "offline")


def test_a_million_labels_fit_into_a_file_that_is_read() -> None:
    one = len(files.encode(dict.fromkeys(keys(1000), "offline"))) / 1000
    assert one * 1_000_000 < files.MAX_BYTES


def test_broken_marks_stand_in_the_way_of_no_label(workspace: Callable[..., Place], cli: Cli) -> None:
    place = workspace(3)
    marks = place.root / "data" / "marks.json"
    marks.write_text('{"half": ')
    said = cli(place.root, "label", "--as", "active", *place.keys)
    assert said.code == 0, said.err
    assert "marks.json" in said.err
    assert json.loads((place.root / "data" / "labels.json").read_text()) == dict.fromkeys(
        place.keys, "active"
    )
    assert marks.read_text() == '{"half": '
    refused = cli(place.root, "mark", place.keys[0], "--unsure")
    assert refused.code == 3, "a mark could not get into its file"
    assert "saved" in refused.err.lower()
    assert cli(place.root, "export").code == 3
