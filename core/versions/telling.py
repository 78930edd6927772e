"""The warnings that belong beside what changes: a class that few days or nights show, an hour that tells the class.

Pure: of a snapshot's entries, whatever it is of. They are the short form of what `check` says at length; called where
a difference is put into one sentence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from core.frames.names import captured_at
from core.human import plural
from core.text import safe
from core.versions import baselines, quality
from core.versions.diff import Snapshot

#: Frames of a class from so few days or nights show little of what the class can look like.
FEW = 3
#: Outside these hours it is night; a night belongs to the day on which it began.
_DAY = (6, 18)


def warnings(side: Snapshot) -> tuple[str, ...]:
    """Return what a reader of a difference to `side` should know of all it holds, each as a whole sentence."""
    return (*_few(side), *_hour(side))


def _few(side: Snapshot) -> Iterator[str]:
    """Name the classes all of whose frames come from few days or nights."""
    moments: dict[str, list[datetime]] = {name: [] for name in side.classes}
    unknown: set[str] = set()
    for frame, entry in side.entries.items():
        at = captured_at(frame)
        if at is None:
            unknown.add(entry.label)
        else:
            moments.setdefault(entry.label, []).append(at)
    said: dict[str, list[str]] = defaultdict(list)
    for name, known in moments.items():
        if len(known) < 2 or name in unknown:
            continue
        night = all(not _DAY[0] <= at.hour < _DAY[1] for at in known)
        spans = {(at - timedelta(hours=_DAY[0] if night else 0)).date() for at in known}
        if len(spans) <= FEW:
            said[plural(len(spans), "night" if night else "day")].append(safe(name, limit=40))
    for spans_, names in said.items():
        yield f"All {' and all '.join(names)} frames come from {spans_}."


def _hour(side: Snapshot) -> Iterator[str]:
    """Say where a rule that sees no picture tells the class by the hour; silent where that can't be judged."""
    samples = [
        baselines.Sample(frame, entry.label, entry.recording, "", captured_at(frame), None)
        for frame, entry in side.entries.items()
        if entry.recording is not None
    ]
    if not samples or quality.confounded(samples, side.classes, "time_of_day").level != "warn":
        return
    score = baselines.of_cells([one for one in samples if one.captured_at], side.classes, "time_of_day")
    if score is not None:
        yield f"The hour alone tells the class: a rule that sees no picture gets {score.balanced:.0%}."
