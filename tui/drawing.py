"""Lines drawn from what is known, without an app: glyphs, the header, the day bar, the facts.

What always holds: a class is a glyph, a colour and a word; text from outside went through `core.text.safe`; no line is
wider than the width it was given. Pure; the widgets call it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct
from textual.content import Content

from core.tasks import Task
from core.text import safe

if TYPE_CHECKING:
    from core.frames.index import Frame

#: Per class in the task's order: a glyph, a filling of the day bar, a colour of the theme.
GLYPHS = "○●◆◇▲△■□★☆"
FILLS = "░█▓▒▚▞▙▟▛▜"
COLOURS = (
    *("$label-1", "$label-2", "$label-3", "$label-4", "$label-5"),
    *("$label-1", "$label-2", "$label-3", "$label-4", "$label-5"),
)
UNLABELLED = "·"
#: What a frame is marked as, which is no class: kept out of versions.
MARKS = {"excluded": "⊘", "unsure": "?", "skipped": "»"}
DIM, BOLD, WARN, BAD, GOOD = "$dim", "bold", "$warning", "$error", "$success"


def class_mark(task: Task, class_: str) -> Content:
    """Return '● active' in the class's colour."""
    if class_ not in task.classes:
        return Content.styled(f"? {safe(class_, limit=40)}", WARN)
    code = task.code(class_)
    return Content.styled(f"{GLYPHS[code]} {class_}", f"bold {COLOURS[code]}")


def class_keys(task: Task) -> dict[str, str]:
    """Return key → class: the task's letters, and digits in class order."""
    keys = {str(code): class_ for code, class_ in enumerate(task.classes)}
    keys.update({key: class_ for key, class_ in zip(task.keys, task.classes, strict=True) if key})
    return keys


def in_order(task: Task) -> list[str]:
    """Return the classes as lines name them: two by their names, more in the task's order, which their digits have."""
    return sorted(task.classes) if len(task.classes) == 2 else list(task.classes)


class Part(Struct, frozen=True):
    """A piece of a line: the lower the `keep`, the earlier it goes when the line is too long (0 never goes)."""

    text: Content
    keep: int = 0
    shorter: Content | None = None
    right: bool = False


def fit(parts: Sequence[Part], width: int) -> Content:
    """Return one line of exactly `width` cells: parts are shortened or left out in the order of their `keep`."""
    shown = list(parts)
    for keep in sorted({part.keep for part in parts if part.keep}):
        if _length(shown) <= width:
            break
        shorter = [
            part if part.keep != keep else Part(part.shorter, right=part.right) if part.shorter else None
            for part in shown
        ]
        shown = [part for part in shorter if part is not None]
    left = [part.text for part in shown if not part.right]
    right = [part.text for part in shown if part.right]
    start = Content(" ") + Content("  ").join(left)
    end = Content("  ").join(right)
    room = width - start.cell_length - end.cell_length - (1 if right else 0)
    line = start + Content(" " * max(room, 1 if right else 0)) + end
    return line.truncate(width, ellipsis=True, pad=True)


def _length(parts: Sequence[Part]) -> int:
    return 2 + sum(part.text.cell_length for part in parts) + 2 * max(0, len(parts) - 1)


class Cell(Struct, frozen=True):
    """One cell of the day bar: the class most labels have, or '' (frames without labels), or None (no frames)."""

    class_: str | None
    mixed: bool = False


def day_cells(frames: Sequence[Frame], classes: Mapping[str, str], width: int) -> list[Cell]:
    """Return `width` cells over 24 hours; `classes` is frame → class."""
    seen: list[dict[str, int] | None] = [None] * width
    for frame in frames:
        at = column(frame.captured_at, width)
        there = seen[at] = seen[at] or {}
        class_ = classes.get(frame.key, "")
        there[class_] = there.get(class_, 0) + 1
    cells = []
    for counts in seen:
        if counts is None:
            cells.append(Cell(None))
            continue
        named = {class_: number for class_, number in counts.items() if class_}
        most = max(named, key=lambda class_: named[class_]) if named else ""
        cells.append(Cell(most, len(named) > 1))
    return cells


def column(moment: datetime, width: int) -> int:
    """Return the cell of a moment of the day."""
    return min(width - 1, (moment.hour * 3600 + moment.minute * 60 + moment.second) * width // 86400)


def bar(cells: Sequence[Cell], task: Task) -> Content:
    """Return the day bar."""
    parts: list[tuple[str, str]] = []
    for cell in cells:
        if cell.class_ is None:
            glyph, style = " ", ""
        elif cell.class_ not in task.classes:
            glyph, style = UNLABELLED, DIM
        else:
            code = task.code(cell.class_)
            glyph, style = FILLS[code], COLOURS[code]
        if parts and parts[-1][1] == style:
            parts[-1] = (parts[-1][0] + glyph, style)
        else:
            parts.append((glyph, style))
    return Content.assemble(*parts)


def hours(width: int, cursor: int | None) -> Content:
    """Return the scale over a day bar: hours as far as they fit, and ▾ over the cursor's cell."""
    every = next((step for step in (1, 2, 3, 4, 6, 12) if width * step // 24 >= 5), 12)
    line = [" "] * width
    for hour in range(0, 24, every):
        at = hour * width // 24
        for offset, digit in enumerate(f"{hour:02d}"):
            if at + offset < width:
                line[at + offset] = digit
    if cursor is None:
        return Content.styled("".join(line), DIM)
    before, after = "".join(line[:cursor]), "".join(line[cursor + 1 :])
    return Content.assemble((before, DIM), ("▾", "bold $accent"), (after, DIM))
