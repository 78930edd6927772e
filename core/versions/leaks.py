"""What passes from train to validation: by time, by equal bytes, by pictures that look alike.

What always holds: computed from frames, sides and bytes alone, apart from the rule that made the split, so that a version
that was edited, or made otherwise, is found out. Near-duplicates are reported and never moved. Called by gates.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from core.frames.measured import Changes
from core.frames.names import source_of
from core.frames.signatures import ALIKE, Change
from core.human import plural
from core.text import safe
from core.versions.checks import CheckResult
from core.versions.manifest import TRAIN, VALIDATION
from core.versions.quality import named
from core.versions.splits import Row, distance_to, least_distance, moments_of
from core.workspace import Workspace

#: Where at least this share of a class's validation images looks like a train image, it is a warning.
_ALIKE_SHARE = 0.5
#: Bits of the parts of a signature: of two that differ in at most four bits, one of five parts is equal.
_PARTS = ((0, 13), (13, 13), (26, 13), (39, 13), (52, 12))
#: So many signatures that share a part are compared with one; of more, some twins may not be found.
_COMPARED = 4000


def leak(
    rows: Sequence[Row], of: Mapping[str, str], embargo_minutes: float, told: float | None = None
) -> CheckResult:
    """Say whether the sides are apart: no recording on both, no equal bytes, no train image within the embargo.

    `told` is the least distance in minutes that a version's facts claim, None where there is nothing to compare.
    """
    used = [row for row in rows if of.get(row.frame) in (TRAIN, VALIDATION)]
    least = least_distance(used, of) if used else None
    faults = [
        (found, what)
        for found, what in (
            (_cut(used, of), "of recordings that lie on both sides"),
            (_twins(used, of), "on both sides byte for byte"),
            (_near(used, of, embargo_minutes), f"in train within {embargo_minutes:g} minutes of validation"),
        )
        if found
    ]
    if faults:
        words = "; ".join(f"{plural(len(found), 'image')} {what} ({named(found)})" for found, what in faults)
        frames = sorted({frame for found, _ in faults for frame in found})
        remedy = "No result on this split can be trusted; make a new version, whose split keeps them apart."
        return CheckResult("leak", "block", f"{words}.", remedy, tuple(frames))
    if told is not None and least is not None and abs(told - least) > 0.05:
        text = f"Train and validation are {least:g} minutes apart, and dataset_info.json says {told:g}."
        return CheckResult(
            "leak", "block", text, "Get it as it was released: git checkout -- its dataset_info.json"
        )
    if not any(of[row.frame] == VALIDATION for row in used):
        return CheckResult("leak", "pass", "Nothing is in validation, so nothing leaks into it.")
    apart = f"at least {least:g} minutes apart" if least is not None else "of different cameras"
    return CheckResult("leak", "pass", f"No recording is on both sides; train and validation are {apart}.")


def _cut(rows: Iterable[Row], of: Mapping[str, str]) -> list[str]:
    sides: dict[str, set[str]] = defaultdict(set)
    frames: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        sides[row.recording].add(of[row.frame])
        frames[row.recording].append(row.frame)
    return sorted(frame for name, both in sides.items() if len(both) > 1 for frame in frames[name])


def _twins(rows: Sequence[Row], of: Mapping[str, str]) -> list[str]:
    sides: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.oid is not None:
            sides[row.oid].add(of[row.frame])
    return sorted(row.frame for row in rows if row.oid is not None and len(sides[row.oid]) > 1)


def _near(rows: Sequence[Row], of: Mapping[str, str], minutes: float) -> list[str]:
    moments = moments_of(rows, [of[row.frame] == VALIDATION for row in rows])
    within = timedelta(minutes=minutes)
    found = []
    for row in rows:
        if of[row.frame] == TRAIN and row.captured_at is not None:
            near = distance_to(moments.get(source_of(row.frame), ()), row.captured_at)
            if near is not None and near <= within:
                found.append(row.frame)
    return sorted(found)


def measured_of(workspace: Workspace, frames: Iterable[str]) -> dict[str, Change]:
    """Return what was measured of these frames; those that nothing measured, or that can't be read, are not in it."""
    folders: dict[str, list[str]] = defaultdict(list)
    for frame in frames:
        folders[frame.rpartition("/")[0]].append(frame)
    found: dict[str, Change] = {}
    if not folders or not workspace.index_db.is_file():
        return found
    with Changes(workspace) as changes:
        for folder, members in folders.items():
            source, _, day = folder.partition("/")
            entries = changes.entries(source, day).entries
            for frame in members if entries else ():
                entry = entries.get(frame.rpartition("/")[2])
                if entry is not None and entry.change is not None:
                    found[frame] = entry.change
    return found


def near_duplicates(
    rows: Sequence[Row], of: Mapping[str, str], measured: Mapping[str, Change]
) -> CheckResult:
    """Say how much of validation looks like a train image: signatures that differ in at most four of 64 bits."""
    asked = [row for row in rows if of.get(row.frame) == VALIDATION]
    known = [row for row in asked if row.frame in measured]
    train = [row for row in rows if of.get(row.frame) == TRAIN and row.frame in measured]
    if not known or not train:
        how = "print-models sequences measures the frames of the cameras"
        text = f"Not known: no image of {'train' if known else 'validation'} was measured ({how})."
        return CheckResult("near-duplicates", "pass", text)
    twins = alike(
        {row.frame: measured[row.frame].signature for row in known},
        {row.frame: measured[row.frame].signature for row in train},
    )
    label = {row.frame: row.label for row in rows}
    total = Counter(row.label for row in known)
    found = Counter(label[frame] for frame in twins)
    other = sum(label[frame] != label[near] for frame, near in twins.items())
    words = ", ".join(f"{safe(name)} {found[name]} of {n}" for name, n in sorted(total.items()))
    text = f"Of the validation images, so many look like a train image: {words}"
    if other:
        text += f"; {other} of them like one of another class"
    if len(known) < len(asked):
        text += f" ({len(asked) - len(known)} were not measured)"
    much = any(found[name] >= _ALIKE_SHARE * n for name, n in total.items())
    remedy = "Reported only, nothing is moved: a still scene looks alike in every recording; label others to learn more."
    return CheckResult(
        "near-duplicates",
        "warn" if much else "pass",
        f"{text}.",
        remedy if much else "",
        tuple(sorted(twins)),
    )


def alike(asked: Mapping[str, int], known: Mapping[str, int]) -> dict[str, str]:
    """Return for each frame asked about whose signature is near one of the known ones a frame of that signature."""
    first: dict[int, str] = {}
    for frame in sorted(known):
        first.setdefault(known[frame], frame)
    parts: list[dict[int, list[int]]] = []
    for low, bits in _PARTS:
        by_part: dict[int, list[int]] = defaultdict(list)
        for signature in first:
            by_part[signature >> low & (1 << bits) - 1].append(signature)
        parts.append(by_part)
    nearest: dict[int, int | None] = {}
    for signature in set(asked.values()):
        nearest[signature] = signature if signature in first else _near_signature(signature, parts)
    return {
        frame: first[near] for frame, signature in asked.items() if (near := nearest[signature]) is not None
    }


def _near_signature(signature: int, parts: Sequence[Mapping[int, Sequence[int]]]) -> int | None:
    for (low, bits), by_part in zip(_PARTS, parts, strict=True):
        for other in by_part.get(signature >> low & (1 << bits) - 1, ())[:_COMPARED]:
            if (signature ^ other).bit_count() <= ALIKE:
                return other
    return None
