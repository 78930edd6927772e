"""What comes back from the worker threads for the Versions screen: frozen, as everything in `tui.messages`.

Made by comparing; taken by the Versions screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
class Verdict:
    """Is it sound: `level` is pass, warn, block, same (nothing to do) or unknown (not looked at), in a sentence."""

    level: str
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class PairSeen:
    """How `target` (a version, or 'draft') differs from `base` ('' for nothing).

    `name` is what the target is or will be called, `counts` frames per kind of change, `classes` (name, before, after),
    `mixed` (before, after, frames) of labels that changed, `sides` (split, images, recordings), `hunks` (where, frames,
    what, bytes), `frames` (file name, when, what), `more` how many of those are not listed.
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
    frames: tuple[tuple[str, str, str], ...]
    more: int
    new_bytes: int
    differs: bool
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class VersionChecked:
    """A version was read again: a verdict and each check as (level, what, remedy)."""

    task: str
    name: str
    verdict: Verdict
    checks: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class CardSeen:
    """The card of a version, or of the draft as it will be: Markdown without anything a terminal would act on."""

    task: str
    target: str
    text: str
