"""Models beside each other: only on images that none of them learned from, and with the labels as they are today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.errors import Lacking, Refused
from core.training import against, judging
from core.training.history import chart, history
from core.workspace import Workspace
from tests.conftest import Cli
from tests.training.believing import TASK, model_of, version_of
from tests.training.small import make_workspace

#: Four prints to learn from and five to be asked about, one of them failing in its middle.
FIRST = {
    "a1": ("t", "gggg"), "b1": ("t", "ggff"), "c1": ("t", "gggg"), "d1": ("t", "ffff"),
    "e2": ("v", "gggg"), "f2": ("v", "ggff"), "g2": ("v", "gggg"), "h2": ("v", "gfff"), "i2": ("v", "gggg"),
}  # fmt: skip
GROWN = {**FIRST, "j3": ("t", "gggg"), "k3": ("v", "ggggff")}


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


def test_models_of_a_growing_dataset_are_compared_on_what_was_frozen_first(ws: Workspace) -> None:
    first, second = version_of(ws, "v1", FIRST), version_of(ws, "v2", GROWN)
    model_of(ws, first, "failed-detector-v1", {"f2": "gggg", "h2": "gggg"})
    model_of(ws, second, "failed-detector-v2", {"k3": "ffffff"})
    found = history(ws, TASK)
    assert (found.version, len(found.rows), found.recordings) == ("v2", 20, 5)
    shares = [model.results["balanced"] if model.results else None for model in found.models]
    assert shares == [0.5, 1.0]
    lines = chart(found, 80)
    assert "the same 20 images of 5 recordings" in " ".join(lines)
    assert all(len(line) <= 80 for line in lines)
    assert "nearest in time" in lines[-1]


def test_a_label_that_was_corrected_since_counts_as_it_is_today(ws: Workspace) -> None:
    first = version_of(ws, "v1", FIRST)
    second = version_of(ws, "v2", {**FIRST, "h2": ("v", "gggg")})
    model_of(ws, first, "failed-detector-v1", {"h2": "gggg"})
    model_of(ws, second, "failed-detector-v2", {})
    old, new = history(ws, TASK).models
    assert old.results is not None
    assert new.results is not None
    assert old.results["right"] == new.results["right"] == 20


def test_a_model_whose_split_changed_is_not_comparable_and_says_why(ws: Workspace) -> None:
    first = version_of(ws, "v1", FIRST)
    moved = {**FIRST, "e2": ("t", "gggg"), "a1": ("v", "gggg")}
    second = version_of(ws, "v2", moved)
    one = model_of(ws, first, "failed-detector-v1", {})
    other = model_of(ws, second, "failed-detector-v2", {})
    old, new = history(ws, TASK).models
    assert (old.results, new.results is None) == (None, False)
    assert old.why == "4 of its 20 validation images are training images in v2"
    assert "not comparable: 4 of its 20 validation images" in " ".join(
        " ".join(chart(history(ws, TASK), 80)).split()
    )
    with pytest.raises(Refused, match=r"Not comparable on v2: failed-detector-v1 learned from 4 of its 20"):
        against.compare(ws, one, other)


def test_a_model_without_kept_answers_is_named_and_shrinks_nothing(ws: Workspace) -> None:
    first = version_of(ws, "v1", FIRST)
    model_of(ws, first, "failed-detector-v1", {})
    silent = model_of(ws, first, "failed-detector-v1.2", {})
    for path in (ws.cache / "answers").iterdir():
        if silent.sha256.removeprefix("sha256:")[:24] in path.name:
            path.unlink()
    found = history(ws, TASK)
    assert len(found.rows) == 20
    assert found.models[1].why == "its answers are not kept here (print-models evaluate failed-detector-v1.2)"


def test_without_a_model_it_says_what_to_do(ws: Workspace) -> None:
    assert "promote" in chart(history(ws, TASK), 80)[0]


def test_comparing_names_the_frames_mended_and_broken(ws: Workspace) -> None:
    version = version_of(ws, "v1", FIRST)
    one = model_of(ws, version, "failed-detector-v1", {"f2": "gggg"})
    other = model_of(ws, version, "failed-detector-v1.2", {"i2": "gggf"})
    found = against.compare(ws, one, other)
    assert [row["file_name"] for row in found.found["fixed"]] == ["failed/f2-002.jpg", "failed/f2-003.jpg"]
    assert [row["file_name"] for row in found.found["broken"]] == ["good/i2-003.jpg"]
    assert (
        found.words[0]
        == "failed-detector-v1.2 can't be told apart from failed-detector-v1, on 20 frames of 5 recordings."
    )


def test_models_of_two_versions_are_compared_on_the_newer_where_the_older_can_answer(ws: Workspace) -> None:
    """The older one can't be asked here (its file is no network): what it said of the common images is what counts."""
    first, second = version_of(ws, "v1", FIRST), version_of(ws, "v2", GROWN)
    one = model_of(ws, first, "failed-detector-v1", {"f2": "gggg"})
    other = model_of(ws, second, "failed-detector-v2", {})
    (ws.model_versions / "failed-detector-v1.pth").unlink()
    one = type(one)(**{**{name: getattr(one, name) for name in one.__dataclass_fields__}, "here": "missing"})
    with pytest.raises(Lacking, match="its answers on v2 are not kept"):
        judging.judge(ws, one, second)
    found = against.compare(ws, one, other, first)
    assert (found.version.name, found.found["images"]) == ("v1", 20)


def test_what_is_judged_stands_beside_the_model_in_use(ws: Workspace) -> None:
    version = version_of(ws, "v1", FIRST)
    one = model_of(ws, version, "failed-detector-v1", {"f2": "gggg", "h2": "gggg"})
    other = model_of(ws, version, "failed-detector-v1.2", {})
    assert against.beside_in_use(ws, judging.judge(ws, other)) is None
    in_use = ws.root / ws.task(TASK).current_model
    in_use.write_bytes((ws.model_versions / "failed-detector-v1.pth").read_bytes())
    found = against.beside_in_use(ws, judging.judge(ws, other))
    assert found is not None
    assert (len(found.found["fixed"]), found.found["broken"]) == (5, [])
    assert "failed-detector-v1, the model in use" in found.words[0]
    assert against.beside_in_use(ws, judging.judge(ws, one)) is None


def test_a_model_is_never_judged_on_what_it_learned_from(ws: Workspace) -> None:
    first = version_of(ws, "v1", FIRST)
    second = version_of(ws, "v2", {**FIRST, "a1": ("v", "gggg")})
    record = model_of(ws, first, "failed-detector-v1", {}, on=second)
    found = judging.judge(ws, record, second)
    assert found.results is not None
    assert found.results["images"] == 20
    assert "It learned from 4 of 24 images: they are left out." in found.notes


def test_the_command_lines_say_it_and_answer_as_data(ws: Workspace, cli: Cli, tmp_path: Path) -> None:
    first = version_of(
        ws, "v1", FIRST, validation_baselines={"nearest_in_time": {"balanced": 0.4, "accuracy": 0.4}}
    )
    model_of(ws, first, "failed-detector-v1", {"f2": "gggg"})
    model_of(ws, first, "failed-detector-v1.2", {})
    page, charts = tmp_path / "page.html", tmp_path / "charts"
    charts.mkdir()
    told = cli(ws.root, "evaluate", "failed-detector-v1", "--html", page, "--png", charts)
    assert told.code == 0, told.err
    assert "Would have caught 1 of 2 failed prints" in told.out
    assert "Two prints are too few to be sure" in told.out
    assert re.search(r"failed +5 +2 +60 % ", told.out)
    assert "<svg" in page.read_text("utf-8")
    names = sorted(path.name for path in charts.iterdir())
    assert names == [f"failed-detector-v1-{name}.png" for name in ("classes", "confidence", "confusion")]
    told = cli(ws.root, "compare", "failed-detector-v1", "failed-detector-v1.2")
    assert "mended:" in told.out
    told = cli(ws.root, "models", "--history", "--task", TASK)
    assert told.out.count("●") == 2
