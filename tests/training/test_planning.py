"""From a camera's settings and a person's words to the spec of a training; no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import Refused, WrongUsage
from core.training import planning
from core.workspace import Workspace
from tests.training.small import make_version, make_workspace

SOURCE = "[sources.printer-timelapses]\n"


def with_settings(root: Path, text: str) -> Workspace:
    make_version(make_workspace(root))
    (root / "print-models.toml").write_text(f"format = 1\n{text}")
    return Workspace.open(root)


def test_a_cameras_region_and_aspect_are_part_of_the_spec(tmp_path: Path) -> None:
    other = '[sources.other]\nregion = [0.0, 0.0, 0.5, 0.5]\naspect = "1:1"\n'
    text = f'{SOURCE}region = [0.1, 0.2, 0.8, 0.7]\naspect = "4:3"\n{other}'
    what = planning.plan(with_settings(tmp_path / "ws", text))
    assert what.regions == {"printer-timelapses": (0.1, 0.2, 0.8, 0.7)}  # the other camera has no image in it
    assert what.aspect == "4:3"
    assert what.config["regions"] == {"printer-timelapses": [0.1, 0.2, 0.8, 0.7]}


@pytest.mark.parametrize(
    "region", ["[0.5, 0.0, 0.6, 1.0]", "[0.0, 0.0, 0.01, 1.0]", "[-0.1, 0.0, 1.0, 1.0]", "[0.1, 0.2]"]
)
def test_a_region_outside_the_picture_is_refused_by_its_key(tmp_path: Path, region: str) -> None:
    with pytest.raises(WrongUsage, match=r"sources(\.printer-timelapses|\[...\])\.region"):
        with_settings(tmp_path / "ws", f"{SOURCE}region = {region}\n")


@pytest.mark.parametrize("aspect", ["4x3", "0:3", "wide", "4:3:2"])
def test_an_aspect_that_is_none_is_refused_by_its_key(tmp_path: Path, aspect: str) -> None:
    with pytest.raises(WrongUsage, match=r"sources\.printer-timelapses\.aspect"):
        with_settings(tmp_path / "ws", f'{SOURCE}aspect = "{aspect}"\n')


def test_cameras_of_one_version_that_ask_for_different_shapes_are_named(tmp_path: Path) -> None:
    workspace = with_settings(tmp_path / "ws", f'{SOURCE}aspect = "4:3"\n[sources.bench]\naspect = "1:1"\n')
    metadata = workspace.version_dir(workspace.task(None), "v1") / "metadata.jsonl"
    metadata.write_text(metadata.read_text().replace('"source":"printer-timelapses/', '"source":"bench/', 3))
    with pytest.raises(Refused, match=r"different shapes: 1:1, 4:3"):
        planning.plan(workspace)


def test_each_mode_has_its_own_folds_and_only_all_of_it_sees_changed_pictures(tmp_path: Path) -> None:
    workspace = with_settings(tmp_path / "ws", "")
    plans = {mode: planning.plan(workspace, mode=mode) for mode in ("head", "last", "full")}
    assert {mode: what.folds for mode, what in plans.items()} == {"head": 5, "last": 3, "full": 0}
    assert {mode: what.augment for mode, what in plans.items()} == {
        "head": False,
        "last": False,
        "full": True,
    }
    asked = planning.plan(workspace, mode="full", folds=4, augment=False, processes=2)
    assert (asked.folds, asked.augment, asked.processes) == (4, False, 2)


def test_a_default_version_that_the_task_does_not_have_is_named_as_the_settings_word(tmp_path: Path) -> None:
    workspace = with_settings(tmp_path / "ws", 'default_dataset = "v2"\n')
    with pytest.raises(
        Refused, match=r"default_dataset in print-models.toml is v2, which offline-detection does not"
    ):
        planning.plan(workspace)
    assert planning.plan(workspace, version="v1").dataset.version == "v1"
    with pytest.raises(
        Refused, match=r"no dataset version to train on.*train --labels data/failed_print_labels.json"
    ):
        planning.plan(workspace, task="failed-print-detection")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"folds": 1}, "--folds"),
        ({"folds": 99}, "--folds"),
        ({"batch_size": 0}, "--batch-size"),
        ({"processes": 0}, "--processes"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_by_name(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    workspace = with_settings(tmp_path / "ws", "")
    with pytest.raises(WrongUsage, match=said):
        planning.plan(workspace, **wrong)
