"""One step that gives: labels to frames, or marks; what changes nothing is no step.

What always holds: a step that decides an entry of a label file keeps that entry with itself, and is a step even where
the label stays. All functions work inside the caller's transaction. Called by labels/store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from core.labels import bulk, deciding, marks, queries, reviews, steps
from core.labels.model import Binding, LabelStep, Mark
from core.labels.reviews import Reviewed
from core.labels.steps import MARKS, Row

#: From so many frames on a step is made by statements over all of them.
BULK = 64
_UNBOUND = Binding()


class Order(NamedTuple):
    """Whose step it is, how it is given, for which task, and what is said of it; `class_` where all get the same.

    `again` gives a class also to frames that have it. `at` is the step's time in UTC, None for the time it is entered.
    """

    session: str
    who: str
    how: str
    task: str
    class_: str | None
    what: str
    again: bool = False
    at: str | None = None

    def answer(self, frames: Sequence[str], left: Sequence[str] = ()) -> LabelStep:
        """Return the step that changed nothing."""
        text = "nothing to change"
        return LabelStep(
            0, "", self.who, self.how, self.task, self.class_, tuple(frames), 0, text, tuple(left)
        )

    def begun(self, db: sqlite3.Connection, place: str, text: str) -> steps.Begun:
        """Enter the step."""
        return steps.begin(
            db, self.who, self.how, place, self.class_, "label", self.session, text, at=self.at
        )


def give(
    db: sqlite3.Connection,
    order: Order,
    wanted: Mapping[str, str | None],
    bindings: Mapping[str, Binding],
) -> LabelStep:
    """Give each frame its class, or take its label off; a frame that has the class already is not changed.

    Changed is also what a person gives by hand and had come otherwise, and what decides an entry that was waiting.
    """
    keys = tuple(wanted)
    decided = deciding.decide(db, order.task, keys)
    open_ = {entry.frame for entry in decided}
    if len(keys) >= BULK and order.how != "hand" and not open_ and not order.again:
        return _give_many(db, order, wanted, bindings)
    now = steps.currents(db, order.task, keys)
    rows = []
    for key, given in wanted.items():
        old = now.get(key)
        differs = given is not None if old is None else old.class_ != given
        by_hand = old is not None and order.how == "hand" and old.how != "hand"
        anew = order.again and given is not None
        if differs or by_hand or anew or key in open_:
            rows.append(Row(key, old.given if old else None, given, bindings.get(key, _UNBOUND)))
    if not rows:
        return order.answer(keys)
    text = f"{order.what} × {len(rows)}{steps.when(row.frame for row in rows)}"
    step = order.begun(db, order.task, text)
    steps.apply(db, step, order.task, rows)
    deciding.keep(db, step.seq, order.task, decided)
    return LabelStep(step.seq, step.at, order.who, order.how, order.task, order.class_, keys, len(rows), text)


def _give_many(
    db: sqlite3.Connection,
    order: Order,
    wanted: Mapping[str, str | None],
    bindings: Mapping[str, Binding],
) -> LabelStep:
    """Do as `give` by statements over all frames of a class."""
    by_class: dict[str | None, list[str]] = {given: [] for given in wanted.values()}
    if len(by_class) == 1:
        by_class = {given: list(wanted) for given in by_class}
    else:
        for key, given in wanted.items():
            by_class[given].append(key)
    dues = [bulk.due(db, order.task, given, some) for given, some in by_class.items()]
    changed = [key for due in dues for key in due.frames]
    if not changed:
        return order.answer(tuple(wanted))
    text = f"{order.what} × {len(changed)}{steps.when(changed)}"
    step = order.begun(db, order.task, text)
    for due in dues:
        bulk.give(db, step.seq, order.task, due)
    if bindings:
        bulk.bind(db, step.seq, order.task, {key: bindings[key] for key in changed if key in bindings})
    steps.enter_frames(db, step.seq, changed)
    return LabelStep(
        step.seq, step.at, order.who, order.how, order.task, order.class_, tuple(wanted), len(changed), text
    )


def mark(
    db: sqlite3.Connection, order: Order, keys: Sequence[str], change: Callable[[Mark | None], Mark | None]
) -> LabelStep:
    """Give each frame the entry that `change` makes of the one it has; frames that keep another mark are `left`."""
    decided = deciding.decide(db, MARKS, keys)
    open_ = {entry.frame for entry in decided}
    now = steps.currents(db, MARKS, keys)
    rows, left, said = [], [], ""
    for key in keys:
        given = now.get(key)
        old = queries.decode_mark(key, given.class_) if given else None
        after = change(old)
        value = queries.encode_mark(after, given.class_ if given else None)
        if key in open_ or not queries.same_mark(given.class_ if given else None, value):
            rows.append(Row(key, given.given if given else None, value, _UNBOUND))
            said = f"{marks.said_of(old, after)} · {key}"
        elif old is not None and old.mark != order.class_:
            left.append(key)
    answer = order.answer(keys, left)
    if not rows:
        return answer
    many = f"{order.class_ or 'mark taken off'} × {len(rows)}{steps.when(row.frame for row in rows)}"
    text = said if len(keys) == 1 else many
    step = order.begun(db, MARKS, text)
    steps.apply(db, step, MARKS, rows)
    deciding.keep(db, step.seq, MARKS, decided)
    return LabelStep(
        step.seq,
        step.at,
        order.who,
        "hand",
        order.task,
        order.class_,
        answer.frames,
        len(rows),
        text,
        answer.left,
    )


def review(
    db: sqlite3.Connection, order: Order, changes: Mapping[str, Callable[[Reviewed], Reviewed | None]]
) -> LabelStep:
    """Say of hunks, by id, what `changes` makes of what was said; what is said already is no step."""
    keys = tuple(changes)
    decided = deciding.decide(db, MARKS, keys)
    open_ = {waiting.frame for waiting in decided}
    now = steps.currents(db, MARKS, keys)
    rows = []
    for key, change in changes.items():
        given = now.get(key)
        before = given.class_ if given else None
        old = reviews.of({key: before} if before else {}, order.task).get(key, Reviewed())
        after = change(old)
        told = (old.held, old.comment) != ((after.held, after.comment) if after else (False, ""))
        if told or key in open_:
            value = reviews.entry(before, order.task, after)
            rows.append(Row(key, given.given if given else None, value, _UNBOUND))
    if not rows:
        return order.answer(keys)
    text = f"{order.what} · {keys[0]}" if len(keys) == 1 else f"{order.what} × {len(rows)}"
    step = order.begun(db, MARKS, text)
    steps.apply(db, step, MARKS, rows)
    deciding.keep(db, step.seq, MARKS, decided)
    return LabelStep(step.seq, step.at, order.who, "hand", order.task, None, keys, len(rows), text)
