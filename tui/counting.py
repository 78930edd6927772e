"""How much there is of each day of a camera, for the calendar. Pure; tui.sorting calls it in its lane."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from core.labels.facts import Facts

#: The class that says that a print went wrong, of whichever task has it.
_FAILED = "failed"


class DayCount(NamedTuple):
    """A day: its first frame, frames, those that count for the task, those labelled, prints begun, prints that failed."""

    first: str
    frames: int
    counting: int
    labelled: int
    prints: int
    failed: int


def days_of(facts: Facts) -> Mapping[date, DayCount]:
    """Return what there is of each day; prints are counted where recordings are known."""
    begins = sorted(facts.stops)
    failed = _failed(facts, begins)
    labelled = facts.classes.places
    found = {}
    for _, _, first, end in facts.days:
        day = facts.frames[first].captured_at.date()
        counting = end - first if facts.counting is None else sum(facts.counting[first:end])
        lower, upper = bisect_left(begins, first), bisect_left(begins, end)
        found[day] = DayCount(
            facts.frames[first].key,
            end - first,
            counting,
            bisect_left(labelled, end) - bisect_left(labelled, first),
            upper - lower if facts.starts else 0,
            sum(failed[begin] for begin in begins[lower:upper]) if facts.starts else 0,
        )
    return found


def _failed(facts: Facts, begins: list[int]) -> Counter[int]:
    """Return 1 for the first place of every print of which a frame is labelled failed, in whichever task."""
    found: Counter[int] = Counter()
    for task in facts.tasks.values():
        if _FAILED in task.classes and begins:
            for place, label in zip(*facts.column(facts.labels.get(task.name, {})), strict=True):
                if label.class_ == _FAILED:
                    found[begins[max(0, bisect_right(begins, place) - 1)]] = 1
    return found
