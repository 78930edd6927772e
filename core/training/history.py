"""Every model of a task on the same frozen images: is the newest really better, or was it only asked something else?

What always holds: all models that are compared answered exactly the same images, none of which one of them learned
from, with the labels that the newest version gives them; a model whose split changed is not comparable and says why.
No torch: only answers that are kept are used. Called by `models --history`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import PrintModelsError
from core.human import plural
from core.training import asking, judging, predictions, registry, results
from core.training.predictions import Predicted
from core.training.record import ModelRecord
from core.training.sides import Row, sides
from core.versions.manifest import Version
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Placed:
    """A model on the frozen images: `results` of `results.measure`, or `why` it can't stand beside the others."""

    record: ModelRecord
    results: Mapping[str, Any] | None = None
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        found = self.results or {}
        keys = ("balanced", "balanced_low", "balanced_high", "accuracy", "right")
        shares = {
            name: {key: one[key] for key in ("recall", "recall_low", "recall_high", "precision")}
            for name, one in found.get("classes", {}).items()
        }
        return {
            "model": self.record.name,
            "dataset": self.record.dataset or None,
            "current": self.record.current,
            "trained": str(self.record.facts.get("trained") or "") or None,
            "comparable": self.results is not None,
            "why": self.why,
            "results": {**{key: found[key] for key in keys}, "classes": shares} if found else None,
        }


@dataclass(frozen=True, slots=True)
class History:
    """The models of a task on its frozen images; `version` is the newest that one of them learned from.

    `clock` are the rules that see no picture, on the same images.
    """

    task: str
    version: str | None
    rows: tuple[Row, ...] = ()
    models: tuple[Placed, ...] = ()
    clock: Mapping[str, Any] = field(default_factory=dict)

    @property
    def recordings(self) -> int:
        return len({row.recording for row in self.rows})

    @property
    def best_clock(self) -> tuple[str, float] | None:
        """The better of the rules that know only the time, and what it reaches."""
        known = [(name, self.clock[name]["balanced"]) for name in results.CLOCK if self.clock.get(name)]
        return max(known, key=lambda pair: pair[1], default=None)

    def as_json(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "version": self.version,
            "images": len(self.rows),
            "recordings": self.recordings,
            "baselines": dict(self.clock),
            "models": [model.as_json() for model in self.models],
        }


@dataclass(slots=True)
class _Known:
    """What is known of a model before the frozen images are found."""

    record: ModelRecord
    own: Version | None = None
    answers: dict[str, Predicted] = field(default_factory=dict)
    why: str = ""


def history(workspace: Workspace, task: str) -> History:
    """Return every model version of a task on the images that are validation for all that can be compared."""
    known = [_look(workspace, one) for one in registry.models(workspace) if one.task == task]
    newest = max((one.own for one in known if one.own is not None), key=lambda own: own.number, default=None)
    if newest is None:
        return History(task, None, models=tuple(Placed(one.record, None, one.why) for one in known))
    both = sides(newest)
    asked = {row.oid: row for row in both.validation if row.oid}
    taught = {row.oid for row in both.train if row.oid}
    frozen = set(asked)
    for one in known:
        if not one.why:
            _require_same_side(one, asked, taught, newest)
        if not one.why:
            frozen &= one.answers.keys()
    rows = tuple(asked[oid] for oid in sorted(frozen, key=lambda oid: asked[oid].file_name))
    clock = judging.baselines(newest, rows) if rows else {}
    return History(task, newest.name, rows, tuple(_placed(one, rows, newest, clock) for one in known), clock)


def _look(workspace: Workspace, record: ModelRecord) -> _Known:
    if record.problem:
        return _Known(record, why=record.problem)
    own = judging.own_version(workspace, record)
    if own is None or not record.digest:
        return _Known(record, why="what it learned from is not proven, or not here as it was")
    try:
        judging.require_task(record, own)
        found = asking.known_answers(workspace, record)
    except PrintModelsError as error:
        return _Known(record, own, why=error.what)
    if not found:
        return _Known(record, own, why=f"its answers are not kept here (print-models evaluate {record.word})")
    return _Known(record, own, dict(predictions.by_oid(found)))


def _require_same_side(one: _Known, asked: Mapping[str, Row], taught: set[str], newest: Version) -> None:
    """Leave out a model whose validation the newest version trains on, or that trained on the newest's validation."""
    assert one.own is not None
    own = sides(one.own)
    frozen = {row.oid for row in own.validation if row.oid}
    if moved := frozen & taught:
        one.why = f"{len(moved)} of its {plural(len(frozen), 'validation image')} are training images in {newest.name}"
        return
    learned = {row.oid for row in own.train if row.oid} & asked.keys()
    if learned:
        one.why = f"it learned from {plural(len(learned), 'image')} that {newest.name} validates with"
    elif not one.answers.keys() & asked.keys():
        one.why = f"none of its validation images is one of {newest.name}"


def _placed(one: _Known, rows: Sequence[Row], newest: Version, clock: Mapping[str, Any]) -> Placed:
    if one.why or not rows:
        return Placed(one.record, None, one.why or "no image is validation for all of them")
    said = predictions.said(rows, [one.answers[row.oid or ""].probabilities for row in rows])
    shares = [answer.probabilities for answer in said]
    measured = results.measure(rows, shares, newest.task.classes, clock, alarm=newest.task.alarm)
    return Placed(one.record, measured)


def chart(found: History, width: int) -> list[str]:
    """Return the history as lines of a terminal that is `width` wide: a dot with its interval, the clock as a line."""
    if not found.models:
        return [f"{found.task}: no model yet. Train one, then: print-models promote RUN"]
    measured = [model.results for model in found.models if model.results]
    if not measured:
        return [
            f"{found.task}: nothing can be compared.",
            *(f"  {m.record.name}  {m.why}" for m in found.models),
        ]
    clock = found.best_clock
    ends = [r["balanced_low"] if r["balanced_low"] is not None else r["balanced"] for r in measured]
    least = min([*ends, *([clock[1]] if clock else [])])
    begin = max(0.0, int(least * 10) / 10)
    name_width = max(len(model.record.name) for model in found.models) + 4
    span = max(16, min(60, width - name_width - 22))
    where = f"{plural(len(found.rows), 'image')} of {plural(found.recordings, 'recording')}"
    title = f"{found.task}: balanced accuracy on the same {where}, as {found.version} has them"
    lines = [*textwrap.wrap(title, max(40, width)), ""]
    lines.append(" " * name_width + _axis(begin, span))
    for model in found.models:
        head = f"{'▶' if model.record.current else ' '} {model.record.name}".ljust(name_width)
        if model.results is None:
            why = textwrap.wrap(f"not comparable: {model.why}", max(30, width - name_width))
            lines += [head + why[0], *(" " * name_width + line for line in why[1:])]
            continue
        bar = _bar(model.results, begin, span, clock[1] if clock else None)
        lines.append(f"{head}{bar}  {results.between(model.results)}")
    if clock:
        lines.append(f"  ┊ {clock[0].replace('_', ' ')}: {results.percent(clock[1])}")
    return lines


def _axis(begin: float, span: int) -> str:
    """Return the scale: its beginning, its middle and 100 %."""
    left, middle, right = f"{100 * begin:.0f} %", f"{50 + 50 * begin:.0f}", "100 %"
    line = list(" " * span)
    for text, at in ((left, 0), (middle, span // 2 - len(middle) // 2), (right, span - len(right))):
        line[at : at + len(text)] = text
    return "".join(line).rstrip()


def _bar(found: Mapping[str, Any], begin: float, span: int, clock: float | None) -> str:
    def at(share: float) -> int:
        return (
            min(span - 1, max(0, round((share - begin) / (1 - begin) * (span - 1))))
            if begin < 1
            else span - 1
        )

    line = [" "] * span
    if clock is not None:
        line[at(clock)] = "┊"
    if found["balanced_low"] is not None:
        low, high = at(found["balanced_low"]), at(found["balanced_high"])
        line[low : high + 1] = "─" * (high - low + 1)
        line[low], line[high] = "├", "┤"
        if clock is not None and low < at(clock) < high:
            line[at(clock)] = "┼"
    line[at(found["balanced"])] = "●"
    return "".join(line)
