"""The filter line: which frames are meant, in a few words. Terms are joined by spaces, and all must hold.

    label:active  !label  how:stretch  by:ana  day:20251111  day:-2  08:54-09:25  source:printer-timelapses
    conflict  mark:unsure  mark

`conflict` are frames whose entry in the label file waits for a decision. A `!` before a term turns it round; `label` alone means any label. Commands and the app's filter line use it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, time
from types import MappingProxyType
from typing import NamedTuple

from core.errors import WrongUsage
from core.frames.names import captured_at, day_of, parse_clock, parse_day, source_of
from core.labels.model import HOWS, Label, Mark
from core.tasks import Task
from core.text import safe

#: Says of a frame and its label (None: unlabelled) whether it is meant.
Filter = Callable[[str, Label | None], bool]

_TERMS = "label:CLASS, !label, how:HOW, by:NAME, day:DAY, HH:MM-HH:MM, source:NAME, mark:WORD, conflict"


class Known(NamedTuple):
    """What is known of frames beside their label: entries that wait for a decision, and marks."""

    waiting: Collection[str] = ()
    marks: Mapping[str, Mark] = MappingProxyType({})


_NOTHING = Known()


def parse_filter(text: str, task: Task, today: date, known: Known = _NOTHING) -> Filter:
    """Return the filter a person wrote. Raises WrongUsage naming the term it can't read."""
    terms = [_negatable(word, task, today, known) for word in text.split()]
    return lambda frame, label: all(term(frame, label) for term in terms)


def _negatable(word: str, task: Task, today: date, known: Known) -> Filter:
    if not word.startswith("!"):
        return _term(word, task, today, known)
    inner = _term(word[1:], task, today, known)
    return lambda frame, label: not inner(frame, label)


def _term(word: str, task: Task, today: date, known: Known) -> Filter:
    name, colon, value = word.partition(":")
    if word == "conflict":
        return lambda frame, label: frame in known.waiting
    if word == "mark":
        return lambda frame, label: frame in known.marks
    if name == "mark" and value:
        return lambda frame, label: frame in known.marks and known.marks[frame].mark == value.lower()
    if word == "label":
        return lambda frame, label: label is not None
    if name == "label" and value:
        class_ = task.check(value)
        return lambda frame, label: label is not None and label.class_ == class_
    if name == "how" and value:
        if value not in HOWS:
            raise WrongUsage(
                f"“{safe(value, limit=60)}” is no way of labelling.", f"Use one of: {', '.join(HOWS)}."
            )
        return lambda frame, label: label is not None and label.how == value
    if name == "by" and value:
        return lambda frame, label: label is not None and label.who.lower() == value.lower()
    if name == "day" and value:
        day = parse_day(value, today)
        return lambda frame, label: day_of(frame) == day
    if name == "source" and value:
        return lambda frame, label: source_of(frame) == value
    if colon and word.count(":") == 2 and "-" in word:
        begin, _, end = word.partition("-")
        return _between(parse_clock(begin), parse_clock(end))
    raise WrongUsage(f"The filter has no term “{safe(word, limit=60)}”.", f"Terms are: {_TERMS}.")


def _between(first: time, last: time) -> Filter:
    """Frames taken between two times of day, the last minute included; over midnight where the end is the earlier."""
    last = last.replace(second=59) if not last.second else last

    def holds(frame: str, label: Label | None) -> bool:
        taken = captured_at(frame)
        if taken is None:
            return False
        at = taken.time()
        return first <= at <= last if first <= last else (at >= first or at <= last)

    return holds
