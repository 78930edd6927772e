"""The queues of the Label screen and of `frames --queue`: what waits, how much of it, and what to say when none is left.

What always holds: a queue is one row of a table; those that hold nothing are not offered, the first that holds work a
person can finish is the suggested one. Counting looks at every frame: the app does it in a lane. labels/picking has the
functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from core.errors import WrongUsage
from core.labels import picking
from core.labels.facts import Facts
from core.tasks import Task
from core.text import safe

__all__ = ["Facts", "Kind", "Queue", "counted", "find", "kinds", "members", "offered"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A queue there can be: its id and name, why one would take it, what is said when it is empty, what is in it."""

    id: str
    name: str
    why: str
    empty: str
    places: Callable[[Facts], Sequence[int]]

    def members(self, facts: Facts) -> tuple[str, ...]:
        """Return its frames in the order of work; `places` are theirs among the facts' frames. Raises Cancelled."""
        frames = facts.frames
        return tuple(frames[place].key for place in self.places(facts))


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that holds `count` frames: `why` is one word or a few, `empty` what is said once none is left.

    `suggested` is set on the first one, where it holds work that comes to an end.
    """

    id: str
    name: str
    count: int
    why: str
    empty: str
    suggested: bool = False


_KINDS = (
    Kind(
        "conflicts",
        "conflicts",
        "nothing is exported until then",
        "No entry of the label file waits for a decision.",
        picking.conflicts,
    ),
    Kind(
        "marks",
        "conflicting marks",
        "nothing is exported until marked again",
        "No entry of marks.json waits for a decision.",
        picking.undecided,
    ),
    Kind(
        "contradictions",
        "contradictions between tasks",
        "one of two labels is wrong",
        "No label contradicts another task's.",
        picking.contradictions,
    ),
    Kind(
        "suggested",
        "suggested",
        "the most useful labels next",
        "Nothing is asked for.",
        picking.asked,
    ),
    Kind(
        "doubts",
        "likely label errors",
        "the others say another class",
        "No label is doubted.",
        picking.doubts,
    ),
    Kind(
        "prints",
        "prints without a verdict",
        "two keys for a whole print",
        "Every print has a label.",
        picking.prints,
    ),
    Kind(
        "uncertain",
        "uncertain",
        "the model is least sure here",
        "The model is sure of what is left.",
        picking.uncertain,
    ),
    Kind(
        "disagreements",
        "disagreements",
        "label or model is wrong",
        "No label differs from its prediction.",
        picking.disagreements,
    ),
    Kind(
        "flips",
        "flips",
        "too short to be true",
        f"No stretch of {picking.FLIP} frames or less lies inside another class.",
        picking.flips,
    ),
    Kind(
        "lone",
        "lone labels",
        "a slip looks like this",
        "No label stands alone inside another class.",
        picking.lone,
    ),
    Kind(
        "duplicates",
        "near-duplicates",
        "one look for many frames",
        "Pictures that are nearly the same are labelled alike.",
        picking.duplicates,
    ),
    Kind("unlabelled", "unlabelled", "no label yet", "Every frame has a label.", picking.unlabelled),
    Kind(
        "points",
        "change points",
        "something changes here",
        "Label, prediction and picture change nowhere.",
        picking.change_points,
    ),
    Kind(
        "random",
        "random",
        "a fair sample of all days",
        "Every frame of the random sample has a label.",
        picking.at_random,
    ),
    Kind(
        "around",
        "around here",
        "near the frame on screen",
        "Every frame of the hours around here has a label.",
        picking.around,
    ),
    Kind(
        "unsure",
        "unsure",
        "left out of versions until decided",
        "No frame is marked unsure.",
        partial(picking.marked, word="unsure"),
    ),
    Kind(
        "skipped", "skipped", "put aside", "No frame is put aside.", partial(picking.marked, word="skipped")
    ),
    Kind(
        "excluded",
        "excluded",
        "left out of versions",
        "No frame is excluded.",
        partial(picking.marked, word="excluded"),
    ),
)
#: Queues that a person can work off: one of them is suggested, if any.
_WORK = frozenset(kind.id for kind in _KINDS[: [kind.id for kind in _KINDS].index("points")])
_ALL = Kind("all", "all", "every frame", "There is no frame.", picking.everything)


def kinds(task: Task) -> tuple[Kind, ...]:
    """Return every queue there can be for a task, the one to suggest first before the others."""
    classes = (
        Kind(
            f"class:{name}",
            name,
            "labelled so",
            f"No frame is labelled {name}.",
            partial(picking.of_class, class_=name),
        )
        for name in task.classes
    )
    return (*_KINDS, *classes, _ALL)


def find(id_: str, task: Task) -> Kind:
    """Return a queue by its id, or the name of a class. Raises WrongUsage naming those there are."""
    wanted, known = id_.strip().lower(), {kind.id: kind for kind in kinds(task)}
    found = known.get(wanted) or known.get(f"class:{wanted}")
    if found is None:
        raise WrongUsage(f"There is no queue “{safe(id_, limit=60)}”.", f"Use one of: {', '.join(known)}.")
    return found


def counted(facts: Facts) -> Iterator[Queue]:
    """Yield the queues that hold something as they are counted, the suggested one first. Raises Cancelled."""
    first = True
    for kind in kinds(facts.task):
        facts.check()
        count = len(kind.places(facts))
        if count:
            suggested = first and kind.id in _WORK
            yield Queue(kind.id, kind.name, count, kind.why, kind.empty, suggested)
            first = False


def offered(facts: Facts) -> list[Queue]:
    """Return the queues that hold something, the suggested one first. Raises Cancelled."""
    return list(counted(facts))


def members(id_: str, facts: Facts) -> tuple[str, ...]:
    """Return the frames of a queue in the order of work. Raises WrongUsage, Cancelled."""
    return find(id_, facts.task).members(facts)
