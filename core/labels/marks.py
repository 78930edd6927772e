"""Marks, what is said of a frame beside its classes: how a new one goes together with the one that is there. Pure.

A frame has one entry: one of the marks below, a note, and the class it is an example of. What always holds: a weaker
mark never takes the place of a stronger one by a step over many frames; a note and an example stay. A note on the
first frame of a recording is the name of that print. Called by labels/store, the commands and the app.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import timedelta

from msgspec.structs import replace

from core.errors import WrongUsage
from core.frames.names import captured_at
from core.labels.model import Mark

#: From the weakest on: put aside until it is labelled · nobody can tell · left out, with a reason.
MARKS = ("skipped", "unsure", "excluded")


def check_mark(mark: str | None, reason: str) -> None:
    """Raise WrongUsage for what is no mark, and for an exclusion without a reason."""
    if mark is not None and mark not in MARKS:
        raise WrongUsage(f"“{mark}” is no mark.", f"Use one of: {', '.join(MARKS)}.")
    if mark == "excluded" and not reason.strip():
        raise WrongUsage("An excluded frame needs a reason.", "Say why it is left out.")


def marked(old: Mark | None, new: Mark) -> Mark | None:
    """Return a frame's entry after a step over many frames gave it the mark of `new`, None for no entry left.

    It is `old` itself where that has a stronger mark, or holds for more tasks or for another one, by a mark or an
    example of its own.
    """
    if old is None:
        return new if new.mark else None
    of_another = old.task not in (None, new.task) and bool(old.mark or old.example)
    stronger = old.mark is not None and new.mark is not None and MARKS.index(old.mark) > MARKS.index(new.mark)
    wider = old.mark not in (None, "skipped") and old.task is None and new.task is not None
    if of_another or stronger or wider:
        return old
    whole = replace(old, mark=new.mark, reason=new.reason, by=new.by, at=new.at, task=new.task)
    return whole if whole.mark or whole.note or whole.example else None


def said_of(old: Mark | None, new: Mark | None) -> str:
    """Say in a word or a few what is new in a frame's entry."""
    before, after = old or Mark(""), new or Mark("")
    words = []
    if (after.mark, after.reason) != (before.mark, before.reason) and after.mark:
        words.append(after.mark)
    if after.note != before.note and after.note:
        words.append("note")
    if after.example != before.example and after.example:
        words.append(f"example of {after.example}")
    return ", ".join(words) or "mark taken off"


def holding(marks: Mapping[str, Mark], task: str, labelled: Collection[str]) -> dict[str, Mark]:
    """Return the marks that hold for a task: of all tasks or of this one, and put aside only until it is labelled."""
    return {
        frame: mark
        for frame, mark in marks.items()
        if mark.task in (None, task) and not (mark.mark == "skipped" and frame in labelled)
    }


def examples(marks: Mapping[str, Mark], task: str, classes: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the pinned frames of each class of a task, in order of frames; several for one class, or none."""
    found: dict[str, list[str]] = defaultdict(list)
    for frame, mark in sorted(marks.items()):
        if mark.example is not None and mark.example in classes and mark.task in (None, task):
            found[mark.example].append(frame)
    return {class_: tuple(found[class_]) for class_ in classes}


def print_name(
    marks: Mapping[str, Mark], first: str, *, after: str = "", gap: timedelta = timedelta()
) -> str:
    """Return the name a person gave the print that begins with frame `first`, '' for none.

    Where the camera has deleted the frames before it, the name stands at one of those: no more than `gap` before
    `first`, as every two frames of a print, and later than the frame `after`, which is the last of the print before.
    """
    if first in marks and marks[first].note:
        return marks[first].note
    begin, since = captured_at(first), captured_at(after)
    source = first.split("/", 1)[0] + "/"
    gone = [
        (moment, key)
        for key, mark in marks.items()
        if mark.note and key.startswith(source) and (moment := captured_at(key)) and begin
        if begin - gap <= moment < begin and (since is None or since < moment)
    ]
    return marks[min(gone)[1]].note if gone else ""
