"""What was done last and what `u` takes back, in the narrow column: whole words, the time instead of a path."""

from __future__ import annotations

import pytest

from core.labels.model import LabelStep
from core.settings import Settings, tasks_of
from tui.screens.just_texts import just_done

TASK = next(iter(tasks_of(Settings()).values()))


def _just(page) -> list[str]:
    """The lines of the pane, where there is room for it."""
    lines = [line[-27:].strip("│").rstrip() for line in page.text().split("\n")]
    at = next(number for number, line in enumerate(lines) if "─ just now ─" in line)
    return [line[1:] for line in lines[at + 1 : at + 5] if line.strip() and "─" not in line]


async def test_a_note_and_a_mark_that_was_taken_off_are_told_with_their_time(workspace, opened, cli):
    place = workspace(frames=3)
    assert cli(place.root, "mark", place.keys[1], "--who", "Ana", "--note", "look").code == 0
    async with opened(place.root, size=(160, 48)) as page:
        await page.shown()
        await page.until(lambda: _just(page) == ["u undoes note 08:01"], "the note")
        await page.press("w")
        await page.until(lambda: _just(page)[0] == "saved ? unsure 08:00", "the mark")
        await page.press("u")
        await page.until(lambda: _just(page)[0] == "undone ? unsure 08:00", "the undo")
        assert _just(page)[1] == "u undoes note 08:01"


async def test_a_stretch_is_told_in_lines_that_cut_off_nothing(workspace, opened):
    place = workspace(frames=4)
    async with opened(place.root, size=(160, 48)) as page:
        await page.shown()
        await page.press("v", "right", "right")
        await page.label("a")
        stretch = ["saved ● active × 3", "  08:00–08:02", "u undoes ● active × 3"]
        await page.until(lambda: _just(page) == stretch, "the stretch, its times on a line of their own")


@pytest.mark.parametrize(
    ("text", "class_", "said"),
    [
        ("mark taken off · cam/20251107/20251107T080000.jpg", "", "saved mark taken off 08:00"),
        ("unlabelled × 1 · Fri 7 Nov 2025 08:00", None, "saved label taken off 08:00"),
        ("labels.json master 98ab12: +1 −0 ~0", None, "saved labels.json +1"),
        ("active × 1 · Fri 7 Nov 2025 08:00", "active", "saved ● active 08:00"),
    ],
)
def test_a_step_is_named_without_frame_and_day(text, class_, said):
    key = "cam/20251107/20251107T080000.jpg"
    step = LabelStep(1, "", "Ana", "hand", TASK.name, class_, (key,), 1, text)
    assert just_done(step, TASK).plain == said
