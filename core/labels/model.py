"""What the label store hands out: frozen facts about labels, steps, marks and history."""

from __future__ import annotations

import msgspec
from msgspec import Struct

#: How a label may be given by a person or a program; `imported` and `outside` come from the label files.
HOWS = ("hand", "stretch", "bisect", "verdict", "suggestion", "imported", "outside")

#: The reason that keeps an excluded picture out of everything.
PRIVATE = "private"


# Made a hundred thousand at a time: a struct that points back to nothing is made and let go of several times as fast.
class Label(msgspec.Struct, frozen=True, gc=False):
    """The class of a frame for a task, and where it comes from.

    `seq` is the labelling step that gave it, `before` the class that step replaced. `at` is ISO 8601 in UTC. `size`,
    `mtime_ns` and `sha256` ('sha256:<hex>') bind it to the bytes it was given for, as far as they are known.
    """

    frame: str
    task: str
    class_: str
    who: str
    how: str
    at: str
    seq: int
    before: str | None = None
    size: int | None = None
    mtime_ns: int | None = None
    sha256: str | None = None


class LabelStep(Struct, frozen=True):
    """One labelling step: `changed` of `frames` got another label or mark; `text` says it in a line.

    `seq` is 0 where nothing had to change. `how` is 'undo' or 'redo' for a step that takes another one back; `left` are
    then its frames that something else changed since, and that keep what they have.
    """

    seq: int
    at: str
    who: str
    how: str
    task: str
    class_: str | None
    frames: tuple[str, ...]
    changed: int
    text: str
    left: tuple[str, ...] = ()


class HistoryEntry(Struct, frozen=True):
    """One change of one frame's label; `undone` where a later step took it back.

    `host` names the machine whose journal tells it where this one's database does not; `seq` is then of that machine.
    `words` is what a person wrote with a mark: its reason and its note; marks are in no journal.
    """

    seq: int
    at: str
    who: str
    how: str
    task: str
    before: str | None
    after: str | None
    undone: bool
    host: str = ""
    words: str = ""


class Mark(Struct, frozen=True):
    """What is not a class: `mark` is 'skipped', 'unsure', 'excluded' (with a reason) or None; `task` None means every task."""

    frame: str
    mark: str | None = None
    reason: str = ""
    note: str = ""
    example: str | None = None
    by: str = ""
    at: str = ""
    task: str | None = None

    @property
    def private(self) -> bool:
        """True for a picture that is never exported, shared or kept, for whichever task that was said."""
        return self.mark == "excluded" and self.reason.strip().lower() == PRIVATE


class LabelProblem(Struct, frozen=True):
    """An entry of a label file that can't be taken as it is: key, line (0: not known), why, and its JSON value."""

    key: str
    line: int
    what: str
    value: str = ""

    @property
    def in_conflict(self) -> bool:
        """True where two sides differ and both values are kept; else the entry itself can't be taken."""
        return self.what.startswith("conflict: ")

    @property
    def unknown(self) -> bool:
        """True where it is a label that only names no class of the task; else it can't be read as a label at all."""
        return self.what.startswith("no class of ")


class Binding(Struct, frozen=True):
    """The bytes a label was given for: size, mtime in ns, and 'sha256:<hex>' where they were read."""

    size: int | None = None
    mtime_ns: int | None = None
    sha256: str | None = None
