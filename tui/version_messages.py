"""What comes back from the worker threads for the Versions screen: frozen, as everything in `tui.messages`.

Made by comparing; taken by the Versions screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: What stands for the draft where a version's name stands else.
DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version in the list; `state` is how far it is (released on …, tagged here …), withdrawn, damaged, older tool."""

    name: str
    created: str
    images: int
    bytes: int
    classes: str
    state: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class VersionsSeen:
    """The versions of a task, oldest first."""

    task: str
    rows: tuple[VersionRow, ...]


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What takes longer to find out: by version the bytes no other row of the ledger shares, and its model's result."""

    task: str
    own: Mapping[str, int]
    models: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of a gate: `level` is pass, warn or block, `id` names the gate.

    `around` is True of what is so of the repository, whatever the draft or version holds.
    """

    level: str
    id: str
    what: str
    remedy: str = ""
    around: bool = False


@dataclass(frozen=True, slots=True)
class GatesSeen:
    """What the gates say of `target` (a version, or 'draft' with the repository it would go into), the worst first."""

    task: str
    target: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PairSeen:
    """How `target` (a version, or 'draft') differs from `base` ('' for nothing).

    `name` is what the target is or will be called, `counts` frames per kind of change, `classes` (name, before, after),
    `mixed` (before, after, frames) of labels that changed, `sides` (split, images, recordings), `hunks` (where, frames,
    what, bytes), `frames` (key, file name, when, what), `more` how many of those are not listed. `same` says of a draft that
    equals its base what that is and what can be done, '' where it differs.
    """

    task: str
    base: str
    target: str
    name: str
    images: int
    counts: Mapping[str, int]
    classes: tuple[tuple[str, int, int], ...]
    mixed: tuple[tuple[str, str, int], ...]
    sides: tuple[tuple[str, int, int], ...]
    hunks: tuple[tuple[str, int, str, int], ...]
    frames: tuple[tuple[str, str, str, str], ...]
    more: int
    new_bytes: int
    differs: bool
    same: str = ""


@dataclass(frozen=True, slots=True)
class VersionChecked:
    """Every image of a version was read again: what was found, the worst first."""

    task: str
    name: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class CardSeen:
    """The card of a version, or of the draft as it will be: Markdown without anything a terminal would act on."""

    task: str
    target: str
    text: str
