"""What a model would be worth as a watchman: failed prints caught, minutes after the onset, false alarms per print hour.

A rule smooths the single answers: an alarm is on while at least `need` of the last `of` frames of a recording were
called failed. What always holds: only what came before counts for an alarm; nothing after the onset is a false one;
recordings are judged one by one. Pure Python on plain rows; called by results.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

from core.errors import WrongUsage
from core.text import safe
from core.training.sides import Row
from core.versions.baselines import wilson

#: What a class is called that is worth an alarm where the task does not name one.
FAILED = "failed"
_RULE = re.compile(r"([1-9][0-9]?)(?:/|\s+of\s+)([1-9][0-9]?)")
_LIKELY = 0.95


@dataclass(frozen=True, slots=True)
class Rule:
    """An alarm is on while at least `need` of the last `of` frames were called failed."""

    need: int = 2
    of: int = 3

    @classmethod
    def read(cls, words: str) -> Rule:
        """Read '2/3' or '2 of 3'. Raises WrongUsage."""
        found = _RULE.fullmatch(words.strip())
        if found is None or int(found[1]) > int(found[2]):
            raise WrongUsage(
                f"“{safe(words, limit=40)}” is no rule for an alarm.", "Say how many of how many frames: 2/3."
            )
        return cls(int(found[1]), int(found[2]))

    def on(self, called: Sequence[bool]) -> list[bool]:
        """Return for each frame of a recording whether the alarm is on once that frame was seen."""
        return [
            sum(called[max(0, place - self.of + 1) : place + 1]) >= self.need for place in range(len(called))
        ]


@dataclass(frozen=True, slots=True)
class _Shot:
    """One frame of a recording as the rule sees it."""

    at: datetime
    frame: str
    failed: bool
    called: bool


def alarm_class(classes: Sequence[str]) -> str | None:
    """Return the class that is worth an alarm where the task names none: the one called failed, None without."""
    return FAILED if FAILED in classes else None


def watch(rows: Sequence[Row], answers: Sequence[str], failed: str, rule: Rule) -> dict[str, Any]:
    """Return what the rule would have done on every recording, times in minutes and hours of the frames' own clock.

    The onset is a recording's first frame of the class `failed`; `onset_seen` is false where no other frame comes
    before it, so that nobody knows when it began. Hours are those before an onset, or of recordings without one.
    Frames without a time are counted as `untimed` and left out.
    """
    shots: dict[str, list[_Shot]] = defaultdict(list)
    untimed = 0
    for row, answer in zip(rows, answers, strict=True):
        if row.captured_at is None:
            untimed += 1
            continue
        moment = row.captured_at.replace(tzinfo=None)
        shots[row.recording].append(_Shot(moment, row.source, row.label == failed, answer == failed))
    for members in shots.values():
        members.sort(key=lambda shot: (shot.at, shot.frame))
    steps = [step for members in shots.values() for step in _steps(members)]
    usual = median(steps) if steps else 0.0
    prints, false, hours = [], [], 0.0
    for name, members in sorted(shots.items()):
        onset = next((i for i, shot in enumerate(members) if shot.failed), None)
        on = rule.on([shot.called for shot in members])
        calm = members if onset is None else members[:onset]
        hours += _hours(members, onset, usual)
        false += [
            {"recording": name, "frame": calm[i].frame, "at": calm[i].at.isoformat()} for i in _begins(on, len(calm))
        ]  # fmt: skip
        if onset is not None:
            prints.append(_print(name, members, onset, on))
    return {
        "class": failed,
        "rule": {"need": rule.need, "of": rule.of},
        "failed_prints": len(prints),
        **_caught(prints),
        "caught_by_chance": _by_chance(prints, len(false), hours),
        "print_hours": round(hours, 2),
        **_rate(len(false), hours),
        "step_minutes": round(usual, 2),
        "untimed": untimed,
        "prints": prints,
        "false": false,
    }


def _steps(members: Sequence[_Shot]) -> Iterator[float]:
    for before, after in pairwise(members):
        yield (after.at - before.at).total_seconds() / 60


def _hours(members: Sequence[_Shot], onset: int | None, usual: float) -> float:
    """Return how long a recording was watched before its onset; its last frame stands for one usual step."""
    if onset is not None:
        return (members[onset].at - members[0].at).total_seconds() / 3600
    return ((members[-1].at - members[0].at).total_seconds() / 60 + usual) / 60


def _begins(on: Sequence[bool], end: int) -> Iterator[int]:
    for place in range(end):
        if on[place] and (place == 0 or not on[place - 1]):
            yield place


def _print(name: str, members: Sequence[_Shot], onset: int, on: Sequence[bool]) -> dict[str, Any]:
    last = max(i for i, shot in enumerate(members) if shot.failed)
    at = next((i for i in range(onset, last + 1) if on[i]), None)
    begun = members[onset].at
    return {
        "recording": name,
        "onset": begun.isoformat(),
        "onset_frame": members[onset].frame,
        "onset_seen": onset > 0,
        "caught": at is not None,
        "minutes": None if at is None else round((members[at].at - begun).total_seconds() / 60, 2),
        "failed_minutes": round((members[last].at - begun).total_seconds() / 60, 2),
    }


def _caught(prints: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Count what was caught; the interval in whole prints is Wilson's, ends rounded outwards."""
    caught = [one for one in prints if one["caught"]]
    low, high = wilson(len(caught), len(prints))
    timed = [one["minutes"] for one in caught if one["onset_seen"]]
    unseen = [one["minutes"] for one in caught if not one["onset_seen"]]
    return {
        "caught": len(caught),
        "caught_low": math.floor(low * len(prints) + 1e-9),
        "caught_high": math.ceil(high * len(prints) - 1e-9),
        "minutes": round(median(timed), 2) if timed else None,
        "minutes_worst": max(timed) if timed else None,
        "minutes_from_first_frame": round(median(unseen), 2) if unseen else None,
    }


def _by_chance(prints: Sequence[dict[str, Any]], false: int, hours: float) -> float | None:
    """Return how many failed prints false alarms alone would fall upon; None where their rate is not known.

    With false alarms at a steady rate one falls within t hours with probability 1 - exp(-rate x t) (Poisson).
    """
    if hours <= 0:
        return None
    rate = false / hours
    return round(sum(1 - math.exp(-rate * one["failed_minutes"] / 60) for one in prints), 2)


def _rate(false: int, hours: float) -> dict[str, Any]:
    """Return false alarms per hour with the exact Poisson interval (Garwood 1936); None without hours.

    False alarms that come together are counted as they come; the interval takes them for independent.
    """
    low, high = poisson(false)
    known = hours > 0
    return {
        "false_alarms": false,
        "false_per_hour": round(false / hours, 4) if known else None,
        "false_per_hour_low": round(low / hours, 4) if known else None,
        "false_per_hour_high": round(high / hours, 4) if known else None,
    }


def poisson(count: int) -> tuple[float, float]:
    """Return the 95 % interval of a Poisson mean of which `count` was seen (Garwood 1936), by bisection."""
    tail = (1 - _LIKELY) / 2

    def at_most(number: int, mean: float) -> float:
        logs = [k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(number + 1)]
        return sum(map(math.exp, logs))

    def where(number: int, wanted: float) -> float:
        low, high = 1e-12, count + 10 * math.sqrt(count + 1) + 10
        for _ in range(80):
            mean = (low + high) / 2
            low, high = (mean, high) if at_most(number, mean) > wanted else (low, mean)
        return (low + high) / 2

    return (0.0 if count == 0 else where(count - 1, 1 - tail)), where(count, tail)
