"""What a difference says in one sentence, the same in the terminal, in a report and on screen. Pure.

What always holds: every number comes from the difference; nothing that differs is left out but single frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.human import count, plural, signed_size
from core.versions.diff import Diff, Snapshot

_SPOKEN = ("added", "removed", "relabelled", "replaced", "moved")


def sides(snapshot: Snapshot) -> dict[str, dict[str, int]]:
    """Return split → label → frames; empty where a snapshot has no splits."""
    table: dict[str, Counter[str]] = {}
    for entry in snapshot.entries.values():
        side = getattr(entry, "split", None)
        if side:
            table.setdefault(side, Counter())[entry.label] += 1
    return {side: dict(sorted(labels.items())) for side, labels in sorted(table.items())}


def sentence(found: Diff, warnings: Sequence[str] = ()) -> str:
    """Say what changes, in which hunks, per class, in validation and in bytes; what warns comes last."""
    n = found.counts
    told = [f"{count(n[kind])} {kind}" for kind in _SPOKEN if n[kind]]
    held = sum(hunk.held for hunk in found.hunks)
    taken = plural(len(found.hunks) - held, "hunk")
    parts = [f"{', '.join(told)}, in {taken}" if told else "nothing differs"]
    before, after = found.base.counts, found.target.counts
    parts += [
        f"{name} {count(before.get(name, 0))} → {count(after.get(name, 0))}"
        for name in dict.fromkeys((*before, *after))
        if before.get(name, 0) != after.get(name, 0)
    ]
    if (side := _validation(found.base, found.target)) is not None:
        parts.append(side)
    if n["unknown"]:
        parts.append(f"{plural(n['unknown'], 'frame')} can't be compared")
    if held:
        parts.append(f"{plural(held, 'hunk')} held back")
    parts.append(signed_size(found.bytes["new"]))
    text = f"{found.base.name} → {found.target.name}: {'; '.join(parts)}"
    if not warnings:
        return f"{text}."
    return f"{text}; warns: {' '.join(warnings)}"


def _has_splits(snapshot: Snapshot) -> bool:
    return any(getattr(entry, "split", None) for entry in snapshot.entries.values())


def _validation(base: Snapshot, target: Snapshot) -> str | None:
    """Say what becomes of validation, None where either side has no splits."""
    if not (_has_splits(base) and _has_splits(target)):
        return None
    before, after = (
        {
            (frame, entry.label, entry.oid)
            for frame, entry in snapshot.entries.items()
            if getattr(entry, "split", None) == "validation"
        }
        for snapshot in (base, target)
    )
    if before == after:
        return "validation unchanged"
    if len(before) == len(after):
        return f"validation changed in {plural(len(after - before), 'frame')}"
    return f"validation {count(len(before))} → {count(len(after))}"
