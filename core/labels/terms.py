"""The words of the filter language: how each is read, which frames it keeps, and what can stand in it.

What always holds: a term is read without looking at any frame, and says of all frames at once which it keeps; what it
can't read it refuses with what is known there. Made and put together by labels/filters only.
"""

from __future__ import annotations

import operator
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import WrongUsage
from core.frames.among import moment_after, moment_from
from core.frames.names import day_of, parse_clock, parse_day, said_without_year
from core.labels.facts import UNDATED, Facts, Said
from core.labels.model import HOWS, Label, Mark
from core.tasks import Task
from core.text import safe

if TYPE_CHECKING:
    from core.frames.signatures import Change

T = TypeVar("T")
#: One byte a frame: 1 for those that are kept.
Mask = bytearray

#: What `mark:` asks of a frame's mark.
MARK_WORDS = ("unsure", "excluded", "skipped", "note", "example")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One term as read: `mask` says of the frames of the facts which are kept.

    `days` tells the first and the last day meant (eight digits, '' for open) where it is about days alone. `near` is
    set where a frame's neighbours decide, so that all frames of its camera are needed to tell.
    """

    mask: Callable[[Facts], Mask]
    days: Callable[[Facts], tuple[str, str]] | None = None
    near: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the language: how it is written, what it is, how it is read, what can stand after its colon."""

    form: str
    what: str
    read: Callable[[str, Reader], Term]
    known: Callable[[Facts], Iterable[str]] | None = None
    alone: Term | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """What a term is read for: the task, the day it is, the sources there are (empty: not known)."""

    task: Task
    today: date
    sources: Collection[str] = ()


def _one_of(value: str, known: Sequence[str], what: str) -> str:
    """Return the word meant, whatever its case. Raises WrongUsage naming what is known there."""
    for word in known:
        if word.lower() == value.strip().lower():
            return word
    raise WrongUsage(f"{what} “{safe(value, limit=60)}”.", f"Known there: {', '.join(map(safe, known))}.")


# --- labels, predictions, marks ---------------------------------------------------------------------------------


def _marking(facts: Facts, places: Iterable[int]) -> Mask:
    found = bytearray(len(facts.frames))
    for place in places:
        found[place] = 1
    return found


def _known(where: Callable[[Facts], Mapping[str, Any]]) -> Term:
    """Return the term that keeps the frames of which something is known."""
    return Term(lambda facts: _marking(facts, facts.column(where(facts)).places))


def _whose(where: Callable[[Facts], Mapping[str, T]], holds: Callable[[T], bool]) -> Term:
    """Return the term that keeps the frames of which something is known that holds."""

    def mask(facts: Facts) -> Mask:
        return _marking(
            facts, [place for place, said in zip(*facts.column(where(facts)), strict=True) if holds(said)]
        )

    return Term(mask)


def _labels(facts: Facts) -> Mapping[str, Label]:
    return facts.labelled


def _guesses(facts: Facts) -> Mapping[str, Said]:
    return facts.guessed


def _changes(facts: Facts) -> Mapping[str, Change]:
    return facts.changes


def _label(value: str, reader: Reader) -> Term:
    class_ = _one_of(value, reader.task.classes, f"{reader.task.name} has no class")
    return _whose(_labels, lambda label: label.class_ == class_)


def _pred(value: str, reader: Reader) -> Term:
    class_ = _one_of(value, reader.task.classes, f"{reader.task.name} has no class")
    return _whose(_guesses, lambda guess: guess.class_ == class_)


def _how(value: str, reader: Reader) -> Term:
    how = _one_of(value, HOWS, "There is no way of labelling")
    return _whose(_labels, lambda label: label.how == how)


def _by(value: str, reader: Reader) -> Term:
    who = value.lower()
    return _whose(_labels, lambda label: label.who.lower() == who)


def _people(facts: Facts) -> list[str]:
    return sorted({label.who for label in facts.labelled.values()})


def _mark(value: str, reader: Reader) -> Term:
    word = _one_of(value, MARK_WORDS, "There is no mark")

    def holds(mark: Mark) -> bool:
        return bool(getattr(mark, word)) if word in ("note", "example") else mark.mark == word

    return _whose(lambda facts: facts.marks, holds)


def _waiting(facts: Facts) -> Mask:
    return _marking(facts, facts.placed({*facts.waiting, *facts.undecided}))


# --- pictures ---------------------------------------------------------------------------------------------------


def _number(text: str, most: float) -> Callable[[float], bool]:
    """Return what '<.9', '>=3' or '=50%' asks of a number. Raises WrongUsage."""
    match = re.fullmatch(r"(<=|>=|<|>|=)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(%?)", text)
    if match is None or (match[3] and most > 1):
        example = "<.9 or >=95%" if most == 1 else ">3 or <=20"
        raise WrongUsage(f"“{safe(text, limit=60)}” compares with no number.", f"Write it like {example}.")
    number, compare = float(match[2]) / (100 if match[3] else 1), _COMPARE[match[1]]
    if number > most:
        raise WrongUsage(f"There is no {number:g} to compare with.", f"It goes from 0 to {most:g}.")
    return lambda value: compare(value, number)


def _conf(value: str, reader: Reader) -> Term:
    holds = _number(value, 1)
    return _whose(_guesses, lambda guess: guess.confidence is not None and holds(guess.confidence))


def _measured(what: Callable[[Change], float]) -> Callable[[str, Reader], Term]:
    """Return how a comparison with what was measured of a frame is read."""

    def read(value: str, reader: Reader) -> Term:
        holds = _number(value, 255)
        return _whose(_changes, lambda change: holds(what(change)))

    return read


# --- when and where ---------------------------------------------------------------------------------------------


def _day(value: str, reader: Reader) -> Term:
    begin, dots, end = value.partition("..")
    if dots and not (begin or end):
        raise WrongUsage("“..” is between no days.", "Write it like 20251110..20251112.")
    words = (begin, end) if dots else (value, value)
    for word in filter(None, words):
        parse_day(word, reader.today)

    def days(facts: Facts) -> tuple[str, str]:
        there = {span.day for span in facts.days} if any(map(said_without_year, words)) else set()
        first, last = (parse_day(word, reader.today, there) if word else "" for word in words)
        return first, last

    def mask(facts: Facts) -> Mask:
        first, last = days(facts)
        found = bytearray(len(facts.frames))
        for span in facts.days:
            if first <= span.day <= (last or span.day):
                found[span.first : span.end] = b"\1" * (span.end - span.first)
        for place in undated(facts):
            day = day_of(facts.frames[place].key)
            found[place] = day is not None and first <= day <= (last or day)
        return found

    return Term(mask, days)


def undated(facts: Facts) -> Iterator[int]:
    """Yield the places of frames that have no moment: the first ones of a source."""
    for _, _, first, end in facts.sources:
        while first < end and facts.frames[first].captured_at == UNDATED:
            yield first
            first += 1


def _changed(facts: Facts) -> Mask:
    return _marking(facts, facts.changed)


def clock(value: str, reader: Reader) -> Term:
    """Read HH:MM-HH:MM: the last minute is meant whole; over midnight where the end is the earlier one."""
    begin, _, end = value.partition("-")
    first, last = parse_clock(begin), parse_clock(end)
    if not last.second:
        last = last.replace(second=59, microsecond=999_999)
    parts = [(first, last)] if first <= last else [(time.min, last), (first, time.max)]

    def mask(facts: Facts) -> Mask:
        found, frames = bytearray(len(facts.frames)), facts.frames
        for span in facts.days:
            day = frames[span.first].captured_at.date()
            for begin, end in parts:
                low = moment_from(frames, datetime.combine(day, begin), span.first, span.end)
                high = moment_after(frames, datetime.combine(day, end), low, span.end)
                found[low:high] = b"\1" * (high - low)
        return found

    return Term(mask)


def is_clock(text: str) -> bool:
    """True for what is written like two times of day."""
    return re.fullmatch(r"[0-9:]*:[0-9:]*-[0-9:]+", text) is not None


def _source(value: str, reader: Reader) -> Term:
    if reader.sources and value not in reader.sources:
        raise WrongUsage(
            f"There is no source “{safe(value, limit=60)}”.",
            f"Known there: {', '.join(safe(name) for name in reader.sources)}.",
        )

    def mask(facts: Facts) -> Mask:
        found = bytearray(len(facts.frames))
        for span in facts.sources:
            if span.source == value:
                found[span.first : span.end] = b"\1" * (span.end - span.first)
        return found

    return Term(mask)


def _recording(value: str, reader: Reader) -> Term:
    if not value.isascii() or not value.isdecimal() or int(value) < 1:
        raise WrongUsage(
            f"“{safe(value, limit=60)}” is no number of a recording.",
            "Write the number that the app shows, from 1.",
        )
    number = int(value)

    def mask(facts: Facts) -> Mask:
        found, stops = bytearray(len(facts.frames)), sorted(facts.stops)
        for _, _, first, end in facts.sources:
            at = bisect_left(stops, first) + number - 1
            if at < len(stops) and stops[at] < end:
                upto = min(end, stops[at + 1]) if at + 1 < len(stops) else end
                found[stops[at] : upto] = b"\1" * (upto - stops[at])
        return found

    return Term(mask, near=True)


def _days_there(facts: Facts) -> list[str]:
    return sorted({span.day for span in facts.days}, reverse=True)


#: Every word, by its name. What compares has its sign where others have a colon.
WORDS: dict[str, Word] = {
    "label": Word("label:CLASS", "labelled so; `label` alone: labelled at all", _label, lambda f: f.task.classes, _known(_labels)),
    "pred": Word("pred:CLASS", "predicted so; `pred` alone: predicted at all", _pred, lambda f: f.task.classes, _known(_guesses)),
    "conf": Word("conf<.9", "how sure the prediction is, 0 to 1 or 0% to 100%", _conf),
    "how": Word("how:HOW", f"labelled that way: {', '.join(HOWS)}", _how, lambda f: HOWS),
    "by": Word("by:NAME", "labelled by that person", _by, _people),
    "day": Word("day:DAY", "taken on that day; `day:DAY..DAY` from one to another", _day, _days_there),
    "source": Word("source:NAME", "of that camera", _source, lambda f: [span.source for span in f.sources]),
    "recording": Word("recording:N", "of the recording with that number, from 1", _recording),
    "mark": Word("mark:WORD", f"marked so: {', '.join(MARK_WORDS)}; `mark` alone: marked at all", _mark, lambda f: MARK_WORDS, _known(lambda facts: facts.marks)),
    "motion": Word("motion>3", "how much the picture differs from the one before, 0 to 255", _measured(attrgetter("motion"))),
    "bright": Word("bright<20", "how bright the picture is, 0 to 255", _measured(attrgetter("brightness"))),
}  # fmt: skip
#: Words that stand alone.
ALONE: dict[str, tuple[str, Term]] = {
    "change": ("the picture changed here, by what is usual for this camera", Term(_changed, near=True)),
    "conflict": ("its entry in the label file or in marks.json waits for a decision", Term(_waiting)),
}
#: How two times of day are written.
CLOCK_FORM = "HH:MM-HH:MM"
