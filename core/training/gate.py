"""Whether a model may become a version without a word: not where it is worse than what is there, or than the clock.

What always holds: two models are compared on the very images both were asked, never on two different validations;
where there are none, that is said instead of guessed. Pure functions on records and answers; called by the registry,
whose record keeps what is said here beside the reason a person gave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.human import plural
from core.training.predictions import VALIDATION, Predicted, Predictions, by_oid
from core.training.record import ModelRecord
from core.training.results import CLOCK, percent


@dataclass(frozen=True, slots=True)
class Weighed:
    """What speaks against promoting in silence: `worse` in sentences, none of them where nothing does.

    `against` is the model it was compared with, `compared` the sentence about it.
    """

    worse: tuple[str, ...] = ()
    against: str = ""
    compared: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"worse": list(self.worse), "against": self.against, "compared": self.compared}


@dataclass(frozen=True, slots=True)
class Side:
    """A model as it is compared: its name, its results on validation, what it said of each image, on which digest."""

    name: str
    digest: str
    results: Mapping[str, Any] | None
    answers: Predictions | None


def opponent(records: Sequence[ModelRecord], task: str, sha256: str) -> ModelRecord | None:
    """Return the model a new one has to stand up to: the one in use, else the newest measured version of the task."""
    known = [
        one
        for one in records
        if one.task == task and one.sha256 != sha256 and one.results and not one.problem
    ]
    in_use = [one for one in known if one.current]
    dated = sorted(known, key=lambda one: str((one.facts.get("promoted") or {}).get("at", "")))
    found = in_use or dated
    return found[-1] if found else None


def weigh(new: Side, headline: Mapping[str, Any] | None, old: Side | None) -> Weighed:
    """Return what speaks against a model; `headline` is its result out of fold where there is one."""
    worse = list(_below_the_clock(headline or new.results))
    if old is None:
        return Weighed(tuple(worse))
    compared, below = between(new, old)
    if below:
        worse.append(compared)
    return Weighed(tuple(worse), old.name, compared)


def _below_the_clock(results: Mapping[str, Any] | None) -> list[str]:
    if results is None:
        return []
    known = {
        name: found["balanced"] for name, found in results["baselines"].items() if found and name in CLOCK
    }
    best = max(known, key=known.__getitem__, default=None)
    if best is None or known[best] <= results["balanced"]:
        return []
    return [
        f"It is worse than the clock: {best.replace('_', ' ')} reaches {percent(known[best])} without looking at a "
        f"picture, the model {percent(results['balanced'])}."
    ]


def between(new: Side, old: Side) -> tuple[str, bool]:
    """Return in a sentence how two models compare, and whether the new one is worse."""
    if new.answers is not None and old.answers is not None:
        theirs = by_oid(old.answers.of(VALIDATION))
        pairs = [
            (ours, then)
            for ours in new.answers.of(VALIDATION)
            if ours.oid and (then := theirs.get(ours.oid)) and then.label == ours.label
        ]
        if pairs:
            return _on_images(new.answers, old.answers, old.name, pairs)
    if new.results and old.results and new.digest and new.digest == old.digest:
        ours, before = float(new.results["balanced"]), float(old.results["balanced"])
        return _sentence(old.name, ours, before, "the same validation images", ""), ours < before
    return f"It can't be compared with {old.name}: no validation image is known that both were asked.", False


def _on_images(
    new: Predictions, old: Predictions, name: str, pairs: Sequence[tuple[Predicted, Predicted]]
) -> tuple[str, bool]:
    right = [
        (ours.label, _says(new, ours) == ours.label, _says(old, then) == then.label) for ours, then in pairs
    ]
    here = _balanced([(label, now) for label, now, _ in right])
    there = _balanced([(label, before) for label, _, before in right])
    fixed = sum(now and not before for _, now, before in right)
    broken = sum(before and not now for _, now, before in right)
    where = f"the {plural(len(pairs), 'validation image')} both were asked"
    return _sentence(name, here, there, where, f", {fixed} fixed and {broken} broken"), here < there


def _says(answers: Predictions, row: Predicted) -> str:
    return answers.classes[max(range(len(answers.classes)), key=row.probabilities.__getitem__)]


def _balanced(found: Sequence[tuple[str, bool]]) -> float:
    total = Counter(label for label, _ in found)
    right = Counter(label for label, well in found if well)
    return sum(right[name] / total[name] for name in sorted(total)) / len(total)


def _sentence(name: str, here: float, there: float, where: str, more: str) -> str:
    how = "worse than" if here < there else "better than" if here > there else "as good as"
    return (
        f"It is {how} {name} on {where}: balanced accuracy {percent(here)} instead of {percent(there)}{more}."
    )
