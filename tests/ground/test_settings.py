"""Settings: defaults, a user's own task, and sentences that name the key at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Damaged, WrongUsage
from core.settings import read, tasks_of
from core.setup_files import settings_text


def settings_of(folder: Path, text: str):
    path = folder / "print-models.toml"
    path.write_text(text)
    return read(path)


def test_without_a_file_the_two_tasks_of_the_house_are_there(tmp_path: Path) -> None:
    tasks = tasks_of(read(tmp_path / "print-models.toml"))
    assert {name: task.classes for name, task in tasks.items()} == {
        "offline-detection": ("offline", "active"),
        "failed-print-detection": ("good", "failed"),
    }
    assert tasks["failed-print-detection"].when == ("offline-detection", "active")
    assert tasks["offline-detection"].code("Active ") == 1


def test_what_init_writes_is_valid_and_means_the_defaults(tmp_path: Path) -> None:
    written = settings_of(tmp_path, settings_text({"printer-timelapses": "printer-timelapses"}))
    assert tasks_of(written) == tasks_of(read(tmp_path / "absent.toml"))


def test_every_commented_key_of_the_written_file_is_one_that_is_read(tmp_path: Path) -> None:
    text = settings_text({"printer-timelapses": "printer-timelapses"})
    lines = [
        line.removeprefix("# ") if " = " in line or line.startswith("# [") else line
        for line in text.split("\n")
    ]
    assert tasks_of(settings_of(tmp_path, "\n".join(lines)))["offline-detection"].keys == ("o", "a")


def test_a_task_of_ones_own_gets_its_files_and_free_keys(tmp_path: Path) -> None:
    task = tasks_of(settings_of(tmp_path, '[tasks.bed-state]\nclasses = ["clear", "cluttered", "blocked"]'))[
        "bed-state"
    ]
    assert task.keys == ("c", "l", "o")
    assert (task.labels_file, task.detector) == ("data/bed_state_labels.json", "bed-state")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[tasks.offline-detection]\ncolour = 1", "tasks.offline-detection.colour"),
        ("split.gap = 3", "split.gap"),
        ('[split]\ngap_minutes = "many"', "split.gap_minutes"),
        ('[tasks.bed]\nclasses = ["../../x", "y"]', "tasks.bed.classes"),
        ('[tasks.bed]\nclasses = ["con", "y"]', "tasks.bed.classes"),
        ('[tasks.bed]\nclasses = ["only"]', "tasks.bed.classes"),
        ('[tasks.bed]\nclasses = ["a", "b"]\nkeys = ["u", "b"]', "tasks.bed.keys"),
        ('[tasks.bed]\nclasses = ["a", "b"]\nlabels = "../out.json"', "tasks.bed.labels"),
        ('[tasks.bed]\nclasses = ["a", "b"]\nwhen = "nowhere:x"', "tasks.bed.when"),
        ('[tasks.bed]\nclasses = ["a", "b"]\nwhen = "offline-detection"', "tasks.bed.when"),
        ('[tasks.bed]\nclasses = ["a", "b"]\nlabels = "data/labels.json"', "data/labels.json"),
        ("[tasks.offline-detection]\nper_stretch = -3", "tasks[...].per_stretch"),
        ("[split]\nvalidation = 5", "split.validation"),
        ("[split]\ngap_minutes = -4", "split.gap_minutes"),
        ("[split]\nembargo_minutes = -1", "split.embargo_minutes"),
    ],
)
def test_a_wrong_key_is_named_with_its_dotted_path(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        tasks_of(settings_of(tmp_path, text))
    assert named in caught.value.what


def test_a_newer_format_with_unknown_keys_opens(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "format = 99\nnews = true\n[split]\nmoon = 1").newer


def test_a_file_that_is_no_toml_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="line 2"):
        settings_of(tmp_path, "format = 1\nx = = 2")
