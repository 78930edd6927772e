"""From a training to its mistakes in Label: what it got wrong, what it mends and breaks, what the models got wrong."""

from __future__ import annotations

import json

import pytest

from core.releasing import models
from core.training.runs import Run
from core.training.sides import sides
from core.versions import manifest
from core.workspace import Workspace
from tests.conftest import git
from tests.training.finished import finished
from tests.training.small import make_version
from tui import mistakes


def _two(place) -> tuple[Workspace, list[str], Run, Run]:
    """A version whose frames the camera has, a training that is the model in use, and a newer one.

    Return the keys of validation in time, and both trainings: the first gets the frames 0 and 1 wrong, the other 1 and 2.
    """
    workspace = Workspace.open(place.root)
    version = make_version(workspace)
    for item in version.items:
        path = place.camera.joinpath(*item.source.split("/")[1:])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((version.path / item.file_name).read_bytes())
    git(place.root, "add", "datasets")
    git(place.root, "commit", "-q", "-m", "A version")
    version = manifest.read_version(workspace, version.task, "v1")
    keys = sorted(row.source for row in sides(version).validation)
    first, second = (
        finished(workspace, version, number, lambda _, row, at=at: row.source in {keys[i] for i in at})
        for number, at in ((1, (0, 1)), (2, (1, 2)))
    )
    models.keep(workspace, first, current=True, who="ana", because="the first")
    return workspace, keys, first, second


async def test_what_a_training_mends_and_breaks_is_shown_in_label(workspace, opened):
    place = workspace(frames=2)
    _, keys, _, _ = _two(place)
    async with opened(place.root) as page:
        await page.until(lambda: not page.app.state.scanning and page.app.state.frames, "the frames")
        await page.press("T")
        await page.see("f wrong frames")
        await page.press("f")
        await page.see(
            "1 it got wrong", "2 it mends", "3 it breaks", "against offline-detector-v1, the model in use",
            "4 offline-detector-v1 (in use)",
        )  # fmt: skip
        for row, shown in (("1", keys[1:3]), ("2", keys[:1]), ("3", keys[2:3]), ("4", keys[:2])):
            if row != "1":
                await page.press("T", "f")
                await page.see(f"{row} ", "it breaks")
            await page.press(row)
            await page.until(
                lambda shown=shown: [frame.key for frame in page.app.state.frames] == shown, f"only {shown}"
            )
            assert page.frame == shown[0]
            assert page.app.state.task.name == "offline-detection"


async def test_without_a_training_the_mistakes_of_a_model_are_offered_and_without_both_it_is_said(
    workspace, opened
):
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.press("T", "f")
        await page.see("No model of offline-detection has answers here yet.")
        await page.press("escape")
        await page.see("There is no training yet")


def test_the_training_that_is_in_use_stands_against_the_version_before_it(workspace):
    ws, keys, first, second = _two(workspace(frames=2))
    alone = mistakes.of_training(ws, first.id, "7 Nov")
    assert [group.words for group in alone.groups] == ["it got wrong", "offline-detector-v1 (in use)"]
    assert alone.note == "There is no other model of its task to compare it with."
    models.keep(ws, second, current=True, who="ana", because="it is newer")
    found = {group.words: group for group in mistakes.of_training(ws, second.id, "7 Nov").groups}
    assert found["it mends"].keys == (keys[0],)
    assert found["it mends"].head.startswith("against offline-detector-v1, the version before it")
    assert found["offline-detector-v1.2 (in use)"].keys == (keys[1], keys[2])


@pytest.mark.parametrize("others", [("offline", "busy"), ("active", "offline")])
def test_what_was_answered_about_other_classes_or_in_another_order_is_said_and_not_compared(
    workspace, others
):
    ws, _, _, second = _two(workspace(frames=2))
    path = second.path / "predictions.json"
    said = json.loads(path.read_text())
    known = dict(zip(said["classes"], others, strict=True)) if "busy" in others else {}
    for row in said["sets"]["validation"]:
        row["label"] = known.get(row["label"], row["label"])
    said["classes"] = others
    path.write_text(json.dumps(said))
    found = mistakes.of_training(ws, second.id, "7 Nov")
    assert [group.words for group in found.groups] == ["it got wrong", "offline-detector-v1 (in use)"]
    assert found.note.startswith("Not compared with the model in use")


async def test_answers_that_can_t_be_read_leave_out_no_other_and_the_list_never_waits_in_vain(
    workspace, opened, monkeypatch
):
    place = workspace(frames=2)
    ws, _, first, second = _two(place)
    (ws.model_versions / "offline-detector-v1.predictions.jsonl").write_bytes(b"\x1b[2J")
    (first.path / "predictions.json").write_bytes(b"[" * 100_000)
    (second.path / "predictions.json").write_text('{"classes": ["\\u001b[2J"], "sets": 7}')
    found = mistakes.of_training(ws, second.id, "7 Nov")
    assert [group.words for group in found.groups] == ["it got wrong"]
    assert found.note.startswith("Not compared with the model in use: predictions.json can't be read")
    monkeypatch.setattr(mistakes, "_of_models", lambda *_: 1 / 0)
    async with opened(place.root) as page:
        await page.press("T", "f")
        await page.see("Something unforeseen went wrong: ZeroDivisionError")
        assert "looking" not in page.text()
