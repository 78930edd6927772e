"""The words that the tools for stretches, prints and bisection share: times, counts, the footer of a mode. Pure."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from core.human import count, plural
from core.tasks import Task
from tui.drawing import COLOURS, GLYPHS, class_keys, in_order
from tui.spans import Census

#: Classes that the footer of a mode names; the rest have their digits.
_NAMED = 4


def class_row(task: Task) -> list[tuple[str, str | Content]]:
    """Return key and word of the classes, as a footer shows them."""
    keys = {class_: key for key, class_ in class_keys(task).items()}
    return [
        (keys[class_], Content.styled(class_, COLOURS[task.code(class_)]))
        for class_ in in_order(task)[:_NAMED]
    ]


def times(first: datetime, last: datetime) -> str:
    """'08:54–09:24', with the days where they are two; one moment is said once."""
    if first.date() != last.date():
        return f"{first.day} {first:%b %H:%M}–{last.day} {last:%b %H:%M}"
    return f"{first:%H:%M}" if f"{first:%H:%M}" == f"{last:%H:%M}" else f"{first:%H:%M}–{last:%H:%M}"


def counted(task: Task, found: Census, *, out: str = "") -> Content:
    """'18 frames: 3 ● active, 15 without a label'; what may not be painted is said with `out`, the class it has."""
    parts = [plural(len(found.keys), "frame")]
    given = [
        f"{count(found.given[class_])} {GLYPHS[code]} {class_}"
        for code, class_ in enumerate(task.classes)
        if found.given[class_]
    ]
    if given:
        bare = [f"{count(found.bare)} without"] if found.bare else []
        parts = [f"{parts[0]}: {', '.join([*given, *bare])}"]
    if found.out:
        parts.append(f"{count(found.out)} left out{f' ({out})' if out else ''}")
    return Content(" · ".join(parts))


def passed_over(otherwise: int, out: int) -> str:
    """'3 labelled otherwise, 2 that don't count for this task'; '' where there is none of either."""
    parts = [
        f"{count(otherwise)} labelled otherwise" if otherwise else "",
        f"{count(out)} that another task rules out" if out else "",
    ]
    return ", ".join(part for part in parts if part)
