"""What comes back from the worker threads for the Versions screen: frozen, as everything in `tui.messages`.

Made by comparing, pairing, thumbnails and tracing; taken by the Versions screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from core.versions.seeing import Place

if TYPE_CHECKING:
    from core.frames.decode import Picture
    from core.releasing.fetching import FetchPlan

#: What stands for the draft where a version's name stands else.
DRAFT = "draft"


class VersionRow(Struct, frozen=True):
    """One version in the list; `state` is how far it is (released on …, tagged here …), withdrawn, damaged, older tool."""

    name: str
    created: str
    images: int
    bytes: int
    classes: str
    state: str
    note: str = ""


class VersionsSeen(Struct, frozen=True):
    """The versions of a task, oldest first."""

    task: str
    rows: tuple[VersionRow, ...]


class VersionFacts(Struct, frozen=True):
    """What takes longer to find out: by version the bytes no other row of the ledger shares, and its model's result."""

    task: str
    own: Mapping[str, int]
    models: Mapping[str, str]


class Finding(Struct, frozen=True):
    """One result of a gate: `level` is pass, warn or block, `id` names the gate.

    `around` is True of what is so of the repository, whatever the draft or version holds.
    """

    level: str
    id: str
    what: str
    remedy: str = ""
    around: bool = False


class GatesSeen(Struct, frozen=True):
    """What the gates say of `target` (a version, or 'draft' with the repository it would go into), the worst first."""

    task: str
    target: str
    findings: tuple[Finding, ...]


class HunkSeen(Struct, frozen=True):
    """Frames of one recording that changed in a row and in one way: what can be held back, and written on.

    `where` is day and time in words, `brief` the same without the weekday, `bytes` what it adds to Git LFS.
    """

    id: str
    recording: str
    where: str
    brief: str
    change: str
    kind: str
    bytes: int
    frames: tuple[Place, ...]
    held: bool = False
    comment: str = ""


class PairSeen(Struct, frozen=True):
    """How `target` (a version, or 'draft') differs from `base` ('' for nothing).

    `name` is what the target is or will be called, `counts` frames per kind of change, `classes` (name, before, after),
    `matrix` frames by (label before, label after), '' where it is not in that side; `sides` (split, images, recordings),
    `base_sides` the same of the base; `hunks` all of them, those held back too; `frames` (key, file name, when, what),
    `more` how many of those are not listed. `same` says of a draft that equals its base what that is and what can be
    done, '' where it differs. `holding` is True where hunks can be held back: a draft against what it would follow.
    """

    task: str
    base: str
    target: str
    name: str
    images: int
    counts: Mapping[str, int]
    classes: tuple[tuple[str, int, int], ...]
    matrix: Mapping[tuple[str, str], int]
    sides: tuple[tuple[str, int, int], ...]
    base_sides: tuple[tuple[str, int, int], ...]
    hunks: tuple[HunkSeen, ...]
    frames: tuple[tuple[str, str, str, str], ...]
    more: int
    new_bytes: int
    reused_bytes: int
    differs: bool
    same: str = ""
    holding: bool = False

    @property
    def held(self) -> int:
        """How many hunks are held back."""
        return sum(hunk.held for hunk in self.hunks)


class CellSeen(Struct, frozen=True):
    """The frames whose label was `before` in the base and is `after` in the target, '' for not in it, in order of time."""

    task: str
    before: str
    after: str
    keys: tuple[str, ...]


class Thumb(Struct, frozen=True):
    """A small picture of exactly the bytes meant, or None and in a few words why there is none here."""

    place: Place
    box: tuple[int, int]
    picture: Picture | None
    why: str = ""


class LinesSeen(Struct, frozen=True):
    """Words that were looked up for a version or the draft: (head, text, level), a head '' goes on with the one before.

    `view` says which: lineage, splits, impact. `level` is '' for plain words. `frames` are those that are spoken of.
    """

    view: str
    task: str
    target: str
    lines: tuple[tuple[str, str, str], ...]
    frames: tuple[str, ...] = ()


class VersionChecked(Struct, frozen=True):
    """Every image of a version was read again: what was found, the worst first."""

    task: str
    name: str
    findings: tuple[Finding, ...]


class CardSeen(Struct, frozen=True):
    """The card of a version, or of the draft as it will be: Markdown without anything a terminal would act on."""

    task: str
    target: str
    text: str


class RolledBack(Struct, frozen=True):
    """The draft is what a version holds: how many labels changed, and the frames that marks keep out of it."""

    task: str
    name: str
    changed: int
    left: tuple[str, ...]


class FetchOffered(Struct, frozen=True):
    """What pictures that are only on a remote would cost to get: `pictures` of them, `bytes` to download, from `where`."""

    plans: tuple[FetchPlan, ...]
    pictures: int
    bytes: int
    where: str


class Fetched(Struct, frozen=True):
    """Pictures came from a remote, every byte hashed."""

    pictures: int
