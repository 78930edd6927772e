"""What is odd in a draft or a version, as plain results: labels against each other, bytes, classes, recordings.

Pure: asks for rows, reads nothing. A block is what no export or training should be made from; a warning is what a person
should look at. `gates` puts the results of a whole workspace together.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.frames.names import source_of
from core.human import plural
from core.labels.alone import alone, unbroken
from core.text import safe
from core.versions import baselines
from core.versions.checks import CheckResult

#: A class this many times larger than another one is named.
_UNEVEN = 10
#: A rule that looks at one number only and gets this mean recall gives the class away.
_TELLS = 0.9
#: Where a label stands alone, in words before the class of those beside it.
_BESIDE = {"inside": "between two", "first": "first, before three", "last": "last, after three"}
#: Of recordings that are fewer in a class, a rule can be judged by none of the others.
_JUDGED_BY = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled frame; `oid` is None where its bytes are unknown."""

    frame: str
    label: str
    captured_at: datetime | None = None
    oid: str | None = None


def named(frames: Sequence[str], most: int = 3) -> str:
    """Return the first frames in words: 'a, b, c and 4 more'."""
    shown = ", ".join(safe(frame, limit=80) for frame in frames[:most])
    return f"{shown} and {len(frames) - most} more" if len(frames) > most else shown


def lone(rows: Sequence[Row], gap_minutes: float) -> CheckResult:
    """Name single labels that those near them in time contradict; the rule is that of `core.labels.alone`."""
    gap = timedelta(minutes=gap_minutes)
    by_source: dict[str, list[tuple[datetime, Row]]] = defaultdict(list)
    for row in rows:
        if row.captured_at is not None:
            by_source[source_of(row.frame)].append((row.captured_at, row))
    found: dict[str, list[str]] = defaultdict(list)
    for mine in by_source.values():
        mine.sort(key=lambda one: (one[0], one[1].frame))
        for first, end in unbroken([at for at, _ in mine], gap):
            near = [row for _, row in mine[first:end]]
            for at, where, other in alone([row.label for row in near]):
                found[f"{near[at].label} {_BESIDE[where]} {other}"].append(near[at].frame)
    if not found:
        return CheckResult("lone", "pass", "No label stands alone inside a stretch of another class.")
    frames = sorted(frame for some in found.values() for frame in some)
    words = "; ".join(
        f"{plural(len(some), 'lone frame')} {what} ({named(sorted(some))})"
        for what, some in sorted(found.items())
    )
    return CheckResult(
        "lone",
        "warn",
        f"{words}.",
        "A slip of the finger looks like this: look at each, correct it or leave it.",
        tuple(frames),
    )


def contradicts(
    labels: Mapping[str, str], other: Mapping[str, str], never: Set[tuple[str, str]], files: tuple[str, str]
) -> CheckResult:
    """Name frames whose labels in two tasks can't both be right.

    `never` holds pairs of a class here and one there that no frame has; `files` are the label files of both tasks.
    """
    wrong = {f: other[f] for f in sorted(labels) if f in other and (labels[f], other[f]) in never}
    if not wrong:
        return CheckResult("contradicts", "pass", f"No label here contradicts one in {safe(files[1])}.")
    pairs = Counter((other[f], labels[f]) for f in wrong)
    words = ", ".join(
        f"{plural(n, 'frame')} {'is' if n == 1 else 'are'} {safe(a)} in {safe(files[1])} and {safe(b)} in {safe(files[0])}"
        for (a, b), n in sorted(pairs.items())
    )
    return CheckResult(
        "contradicts",
        "warn",
        f"{words}, which no frame is at once: {named(list(wrong))}.",
        "One of the two labels is wrong: look at the picture and correct it.",
        tuple(wrong),
    )


def same_bytes(rows: Iterable[Row]) -> CheckResult:
    """Name pictures that are there under two names with two labels; twins with one label are only counted."""
    by_oid: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.oid is not None:
            by_oid[row.oid].append(row)
    twins = [some for some in by_oid.values() if len(some) > 1]
    torn = [some for some in twins if len({row.label for row in some}) > 1]
    if torn:
        first = sorted(torn[0], key=lambda row: row.frame)
        told = " and ".join(f"{safe(row.frame, limit=80)} ({row.label})" for row in first[:2])
        frames = tuple(sorted(row.frame for some in torn for row in some))
        return CheckResult(
            "same-bytes",
            "block",
            f"{plural(len(torn), 'picture')} {'has' if len(torn) == 1 else 'have'} two labels under two names, byte for "
            f"byte the same: {told}.",
            "Correct one of the two labels.",
            frames,
        )
    if twins:
        frames = tuple(sorted(row.frame for some in twins for row in some))
        text = f"{plural(len(twins), 'picture')} {'is' if len(twins) == 1 else 'are'} there under several names, with one label each."
        return CheckResult("same-bytes", "pass", text, "", frames)
    known = len(by_oid)
    return CheckResult(
        "same-bytes",
        "pass",
        f"No picture is there twice, of {known} whose bytes are known."
        if known
        else "The bytes of no picture are known yet.",
    )


def balance(classes: Mapping[str, int]) -> CheckResult:
    """Say how even the classes are; a class without an image is named."""
    counts = ", ".join(f"{safe(name)} {n}" for name, n in classes.items())
    empty = [name for name, n in classes.items() if not n]
    if empty:
        return CheckResult(
            "balance",
            "warn",
            f"There is no {safe(', no '.join(empty))} ({counts}).",
            "Label some frames of it.",
        )
    ratio = max(classes.values()) / min(classes.values()) if classes else 1
    if ratio > _UNEVEN:
        rare = min(classes, key=lambda name: classes[name])
        return CheckResult(
            "balance",
            "warn",
            f"The classes are uneven, {ratio:.0f} to 1 ({counts}).",
            f"Look for more {safe(rare)}; accuracy alone says little here, the recall of each class does.",
        )
    return CheckResult("balance", "pass", f"The classes are {ratio:.1f} to 1 ({counts}).")


def recordings(limits: Sequence[str]) -> CheckResult:
    """Say where a class has too few recordings to be split; `limits` are the split's own sentences."""
    if not limits:
        return CheckResult(
            "recordings", "pass", "Every class has recordings enough for both sides of the split."
        )
    return CheckResult(
        "recordings",
        "warn",
        " ".join(safe(limit, limit=300) for limit in limits),
        "Label frames of other prints.",
    )


_LOOKS = {
    "time_of_day": ("hour", "the hour", "learn the clock instead of the printer", "of other hours"),
    "brightness": ("brightness", "brightness", "learn the lamp instead of the printer", "in other light"),
}


def confounded(samples: Sequence[baselines.Sample], classes: Sequence[str], rule: str) -> CheckResult:
    """Say whether one number alone tells the class: the hour ('time_of_day'), or the mean grey ('brightness').

    Tested by the baseline of that name, each recording judged by the others: a mean recall of 90 % or more is a warning.
    """
    id_ = _LOOKS[rule][0]
    known = [s for s in samples if (s.brightness if rule == "brightness" else s.captured_at) is not None]
    held: dict[str, set[str]] = {name: set() for name in classes}
    for sample in known:
        held.setdefault(sample.label, set()).add(sample.recording)
    few = [name for name, recordings in held.items() if len(recordings) < _JUDGED_BY]
    if few:
        what = f"{plural(len(held[few[0]]), 'recording')} of {safe(few[0])}"
        if rule == "brightness" and len(known) < len(samples):
            what += " measured (print-models sequences does that)"
        text = f"Not known: {what}, and a rule is judged by two or more of each class."
        return CheckResult(id_, "pass", text)
    score = baselines.of_cells(known, classes, rule)
    if score is None:
        return CheckResult(id_, "pass", "Not known: there is nothing to go by.")
    recordings = len({sample.recording for sample in known})
    return tells(rule, score.balanced, len(classes), recordings, len(known), len(samples))


def tells(rule: str, balanced: float, classes: int, recordings: int, known: int, images: int) -> CheckResult:
    """Put into words how far a rule gets that looks at one number; `balanced` is its mean recall, 0 to 1."""
    id_, looks, learns, other = _LOOKS[rule]
    of = f", of {known} of {images} images" if known < images else ""
    text = (
        f"A rule that looks only at {looks} gets {balanced:.0%}{of} (mean recall, each of {recordings} recordings "
        f"judged by the others; chance is {1 / classes:.0%})"
    )
    if balanced < _TELLS:
        return CheckResult(id_, "pass", f"{text}.")
    remedy = f"Label frames of each class {other}; a result has to beat this rule to mean anything."
    return CheckResult(id_, "warn", f"{text}: a model may {learns}.", remedy)
