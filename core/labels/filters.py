"""The filter line: which frames are meant, in a few words. Terms are joined by spaces, and all must hold.

    label:active pred:offline conf<.9 day:20251111 08:54-09:25 motion>3 !label by:"Ana Maria" recording:14

A `!` before a term turns it round; what holds a space stands in quotes. labels/terms has the words. What always holds:
a line that can't be read is refused with the column where, and with what is known there; a filter looks at what is
known, and at the days it names, rather than at a million frames. Commands and the app's filter line use it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import compress
from typing import TYPE_CHECKING, NamedTuple

from core.errors import WrongUsage
from core.frames.among import keys_of, moment_from, picked
from core.labels.facts import PIECE, UNDATED, Facts
from core.labels.terms import ALONE, CLOCK_FORM, WORDS, Reader, Term, clock, is_clock
from core.tasks import Task
from core.text import safe

if TYPE_CHECKING:
    from core.frames.index import Frame

__all__ = ["Facts", "Filter", "chosen", "complete", "parse"]

#: Every form of a term, in words for a help text.
TERMS = ", ".join([*(word.form for word in WORDS.values()), CLOCK_FORM, *ALONE])
_QUOTES = "\"'"
_SIGNS = ":<>="


class Token(NamedTuple):
    """A word of the line: its text without quotes, and the columns, from 0, from its first letter to after its last."""

    text: str
    begin: int
    end: int
    open: str = ""


class _Part(NamedTuple):
    term: Term
    negated: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """A line that was read; an empty one keeps every frame."""

    text: str
    parts: tuple[_Part, ...] = ()
    #: Names of the words that stand in it, so that only what they ask is looked up.
    names: frozenset[str] = frozenset()

    def keep(self, facts: Facts) -> Sequence[Frame]:
        """Return the frames of the facts that are meant, in their order. Raises Cancelled."""
        if not self.parts:
            return picked(facts.frames, range(len(facts.frames)))
        near = [part for part in self.parts if part.term.near]
        found = array("I")
        for first, end in self._windows(facts):
            here = (
                facts
                if (first, end) == (0, len(facts.frames))
                else replace(facts, frames=facts.frames[first:end])
            )
            kept = ~0
            for part in self.parts:
                facts.check()
                mask = part.term.mask(facts)[first:end] if part in near else part.term.mask(here)
                kept &= _as_number(mask, negated=part.negated)
            whole = kept.to_bytes(end - first, "little")
            for begin in range(0, len(whole), PIECE):
                facts.check()
                places = range(first + begin, end)
                found.extend(compress(places, whole[begin : begin + PIECE]))
        return picked(facts.frames, found)

    def passes(self, frame: Frame, facts: Facts) -> bool:
        """True where one frame is meant; only what needs its neighbours looks at the others."""
        alone = replace(facts, frames=(frame,))
        place = facts.place(frame.key) if any(part.term.near for part in self.parts) else 0
        return place is not None and all(
            bool(term.mask(facts)[place] if term.near else term.mask(alone)[0]) != negated
            for term, negated in self.parts
        )

    def _windows(self, facts: Facts) -> Iterator[tuple[int, int]]:
        """Yield the places to look at: all, or where days are named those days and what has no moment."""
        days = [part.term.days(facts) for part in self.parts if part.term.days and not part.negated]
        if not days:
            yield 0, len(facts.frames)
            return
        first_day, last_day = max(first for first, _ in days), min(last or "99991231" for _, last in days)
        after = _midnight(last_day) + timedelta(days=1) if last_day < "99991231" else datetime.max
        for _, _, first, end in facts.sources:
            dated = bisect_left(facts.frames, True, first, end, key=_has_moment)
            begin = dated
            if first_day:
                begin = moment_from(facts.frames, _midnight(first_day), dated, end)
            yield first, dated
            yield begin, moment_from(facts.frames, after, begin, end)


def chosen(words: str, keys: Collection[str]) -> Filter:
    """Return a filter that keeps exactly these frames; `words` are its text, which no line can be read from."""
    wanted = frozenset(keys)
    return Filter(
        words, (_Part(Term(lambda facts: bytearray(key in wanted for key in keys_of(facts.frames))), False),)
    )


def _as_number(mask: bytearray, *, negated: bool) -> int:
    """Return a mask as one number, whose bits are joined with another's at one go."""
    number = int.from_bytes(mask, "little")
    return number ^ int.from_bytes(b"\1" * len(mask), "little") if negated else number


def _midnight(day: str) -> datetime:
    return datetime(int(day[:4]), int(day[4:6]), int(day[6:]))


def _has_moment(frame: Frame) -> bool:
    return frame.captured_at != UNDATED


# --- reading ----------------------------------------------------------------------------------------------------


def parse(text: str, task: Task, today: date | None = None, sources: Collection[str] = ()) -> Filter:
    """Return the filter a person wrote. Raises WrongUsage that names the column and what is known there.

    `sources` are the names there are; without them any name is taken.
    """
    reader = Reader(task, today or date.today(), sources)
    parts, names = [], set()
    for token in tokens(text):
        if token.open:
            raise _at(token.begin, WrongUsage("a quote is not closed.", f"Write {token.open} at its end."))
        word = token.text.lstrip("!")
        signs = len(token.text) - len(word)
        try:
            term = _term(word, reader)
        except WrongUsage as error:
            raise _at(token.begin + signs, error) from error
        parts.append(_Part(term, signs % 2 == 1))
        names.add(_name(word))
    return Filter(text, tuple(parts), frozenset(names))


def _at(column: int, error: WrongUsage) -> WrongUsage:
    what = error.what if error.what[:2].isupper() else error.what[:1].lower() + error.what[1:]
    return WrongUsage(f"Filter, column {column + 1}: {what}", error.remedy)


def _name(word: str) -> str:
    """Return what stands before the first sign of a word, in small letters."""
    return word[: next((place for place, sign in enumerate(word) if sign in _SIGNS), len(word))].lower()


def _term(word: str, reader: Reader) -> Term:
    name = _name(word)
    value = word[len(name) :]
    known = WORDS.get(name)
    if known is not None and value:
        compares = known.form[len(name)] != ":"
        if compares and value[0] != ":":
            return known.read(value, reader)
        if not compares and value[0] == ":" and len(value) > 1:
            return known.read(value[1:], reader)
    if known is not None and not value and known.alone is not None:
        return known.alone
    if not value and name in ALONE:
        return ALONE[name][1]
    if is_clock(word):
        return clock(word, reader)
    if known is not None:
        raise WrongUsage(f"“{safe(word, limit=60)}” is no term as it stands.", f"Write it like {known.form}.")
    raise WrongUsage(
        f"There is no term “{safe(word, limit=60)}”.", f"Terms are: {TERMS}; ! before one turns it round."
    )


def tokens(text: str) -> list[Token]:
    """Return the words of a line with their columns; what stands in quotes is one word."""
    found: list[Token] = []
    letters: list[str] = []
    begin, quote = -1, ""
    for at, letter in enumerate(f"{text} "):
        if quote and letter == quote and at < len(text):
            quote = ""
        elif not quote and letter in _QUOTES:
            quote, begin = letter, at if begin < 0 else begin
        elif (not quote and letter.isspace()) or at == len(text):
            if begin >= 0:
                found.append(Token("".join(letters), begin, at, quote))
            letters, begin = [], -1
        else:
            begin = at if begin < 0 else begin
            letters.append(letter)
    return found


# --- completing -------------------------------------------------------------------------------------------------


def complete(text: str, at: int, facts: Facts) -> list[str]:
    """Return what the word at column `at` (from 0) can become, best first: whole words to stand in its place.

    Names of terms, and after one the classes, people, days, cameras there are. Empty where nothing is known there.
    """
    here = next((token for token in tokens(text) if token.begin < at <= token.end), None)
    typed = text[here.begin : at] if here else ""
    word = typed.lstrip("!")
    signs = typed[: len(typed) - len(word)]
    name, colon, value = word.partition(":")
    if colon:
        known = WORDS.get(name.lower())
        values = _values(known.known(facts) if known and known.known else (), value)
        return [f"{signs}{name}:{_quoted(one)}" for one in values]
    heads = [head for head in _heads() if head.startswith(word.lower()) and head != word]
    return [signs + head for head in heads]


def _heads() -> list[str]:
    heads = []
    for name, word in WORDS.items():
        heads += [f"{name}{word.form[len(name)]}", *([name] if word.alone else [])]
    return [*heads, *ALONE]


def _values(known: Iterable[str], begun: str) -> list[str]:
    begun = begun.lstrip(_QUOTES).lower()
    return [one for one in known if one.lower().startswith(begun) and one.lower() != begun]


def _quoted(value: str) -> str:
    if not any(letter.isspace() or letter in _QUOTES for letter in value):
        return value
    quote = "'" if '"' in value else '"'
    return f"{quote}{value}{quote}"
