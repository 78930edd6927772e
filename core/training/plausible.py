"""What an event or a record may say: numbers, sentences and results of the kind that this tool writes.

What always holds: what another version, another machine or a bad disk wrote is taken as far as it is of that kind, and
nothing that is passes for a number, a count or a result without being one. Called where events are folded and records read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

#: No loss, duration or count that a person could use is larger; a chart of it would be nonsense.
_MOST = 1e12
#: Nor is there a training of more epochs, which are all kept in memory.
EPOCHS = 100_000
_SENTENCES, _LETTERS = 60, 2000

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=10**12)]
Number = Annotated[float, Meta(ge=-_MOST, le=_MOST)]


class _Class(msgspec.Struct):
    right: Count
    images: Count
    recordings: Count
    recall: Share | None
    recall_low: Share | None = None
    recall_high: Share | None = None
    precision: Share | None = None
    precision_low: Share | None = None
    precision_high: Share | None = None


class _Baseline(msgspec.Struct):
    balanced: Share
    accuracy: Share


class _Recording(msgspec.Struct):
    recording: str
    images: Count
    right: Count
    labels: dict[str, Count]


class _Wrong(msgspec.Struct):
    frame: str
    label: str
    answer: str
    confidence: Share


class _Bin(msgspec.Struct):
    from_: Share = msgspec.field(name="from")
    to: Share
    images: Count
    confidence: Share
    right: Share


class _Calibration(msgspec.Struct):
    error: Share
    confidence: Share
    accuracy: Share
    bins: list[_Bin]


class _Print(msgspec.Struct):
    recording: str
    caught: bool
    onset_seen: bool
    minutes: Number | None


class _False(msgspec.Struct):
    frame: str


class _Rule(msgspec.Struct):
    need: Count
    of: Count


class _Alarms(msgspec.Struct):
    class_: str = msgspec.field(name="class")
    rule: _Rule
    failed_prints: Count
    caught: Count
    caught_low: Count
    caught_high: Count
    minutes: Number | None
    minutes_from_first_frame: Number | None
    step_minutes: Number
    print_hours: Number
    false_alarms: Count
    false_per_hour_high: Number | None
    prints: list[_Print]
    false: list[_False]
    caught_by_chance: Number | None = None


class Results(msgspec.Struct):
    """What `results.measure` answers, as far as anybody reads it again; what it did not always hold may lack."""

    recordings: Count
    balanced: Share
    balanced_low: Share | None
    balanced_high: Share | None
    classes: Annotated[dict[str, _Class], Meta(min_length=1)]
    baselines: dict[str, _Baseline | None]
    accuracy: Share
    low: Share
    high: Share
    images: Count = 0
    confusion: dict[str, dict[str, Count]] = {}
    by_recording: list[_Recording] = []
    wrong: list[_Wrong] = []
    calibration: _Calibration | None = None
    alarms: _Alarms | None = None
    unbeaten: str | None = None


def results(found: object) -> Mapping[str, Any] | None:
    """Return results as they are, with the lists that may lack; None where they are none of this tool's."""
    if not isinstance(found, Mapping) or not found:
        return None
    try:
        msgspec.convert(found, Results)
    except msgspec.ValidationError:
        return None
    return {"images": 0, "confusion": {}, "by_recording": [], "wrong": [], **found}


def number(found: object, *, low: float = -_MOST, high: float = _MOST) -> float:
    """Return a finite number between two others. Raises ValueError."""
    if isinstance(found, bool) or not isinstance(found, int | float) or not low <= found <= high:
        raise ValueError(f"no number between {low} and {high}")
    return float(found)


def optional(found: object, *, low: float = -_MOST, high: float = _MOST) -> float | None:
    """Return a number, None where there is none. Raises ValueError."""
    return None if found is None else number(found, low=low, high=high)


def whole(found: object, most: int = EPOCHS) -> int:
    """Return a count. Raises ValueError."""
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= most:
        raise ValueError(f"no count up to {most}")
    return found


def sentences(found: object) -> tuple[str, ...]:
    """Return those of a list that are sentences, none too long and not too many."""
    rows = found if isinstance(found, list | tuple) else ()
    return tuple(row[:_LETTERS] for row in rows if isinstance(row, str))[:_SENTENCES]


def numbers(found: object) -> dict[str, float]:
    """Return what in a table is a number, by its name."""
    rows = found.items() if isinstance(found, Mapping) else ()
    kept = {}
    for name, value in rows:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            kept[str(name)] = min(max(float(value), -_MOST * 1e6), _MOST * 1e6)
    return kept


def hashes(found: object) -> dict[str, str]:
    """Return what in a table is a hash of a file, by the file."""
    rows = found.items() if isinstance(found, Mapping) else ()
    return {str(name): oid for name, oid in rows if isinstance(oid, str) and len(oid) <= 80}
