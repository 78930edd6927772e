"""The draft: the dataset version that would be exported now, the labels after the task's selection.

Always kept: frames labelled one by one, corrections, imported labels, and what the parent version holds. Of every
painted or accepted stretch: both sides of each change, its ends, and at most `per_stretch` frames spread evenly, of
these only where the parent version holds nothing as near. A stretch is what one labelling step painted in a row;
labels given later inside it do not cut it, so that a correction adds itself and its neighbours and moves nothing
else. Selecting again from the same labels and the version just made selects the same.

What always holds: chosen + left out by the rule + excluded by name = labels, exactly.
Called by the app's header, status, the diff, export and release. Reads the store and the file list, writes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec

from core.frames.among import keys_of, up_to
from core.frames.names import source_of
from core.labels.model import PRIVATE
from core.storage.known import known_objects
from core.storage.ledger import new_bytes
from core.tasks import Task
from core.versions.manifest import Excluded, Item, Version, latest
from core.versions.weighing import images_of
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import Frame, FrameIndex
    from core.labels.store import Label, LabelStore

#: How a label was given where a run of frames got it at once; all else is kept as given one by one.
PAINTED = frozenset({"stretch", "bisect", "verdict", "suggestion"})


class Chosen(msgspec.Struct, frozen=True, gc=False):
    """A frame of the draft with its label and why it is in.

    `oid`, `size` and `mtime_ns` are those of the file when it was labelled, None where they were not recorded. `at`
    is UTC.
    """

    frame: str
    label: str
    why: str
    by: str
    how: str
    at: str
    oid: str | None = None
    size: int | None = None
    mtime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What would be exported now; `chosen` and `excluded` are sorted by frame.

    `bytes_estimate` is the size of the images that no commit of the repository holds already.
    """

    task: Task
    parent: Version | None
    rule: str
    chosen: tuple[Chosen, ...]
    left_out_by_rule: int
    excluded: tuple[Excluded, ...]
    labelled: int
    bytes_estimate: int

    @property
    def classes(self) -> dict[str, int]:
        """Frames per class in the order of the task."""
        counts = Counter(chosen.label for chosen in self.chosen)
        return {name: counts[name] for name in self.task.classes}

    @property
    def changes(self) -> tuple[int, int, int]:
        """Frames added, removed and relabelled against the parent version."""
        before = {item.source: item.label for item in self.parent.items} if self.parent else {}
        shared = [chosen for chosen in self.chosen if chosen.frame in before]
        relabelled = sum(chosen.label != before[chosen.frame] for chosen in shared)
        return len(self.chosen) - len(shared), len(before) - len(shared), relabelled

    @property
    def is_parent(self) -> bool:
        """True where this is what the parent version holds: the same frames, labels and, as far as known, bytes."""
        if self.parent is None or self.changes != (0, 0, 0):
            return False
        held = {item.source: item for item in self.parent.items}
        return all(_same_bytes(chosen, held[chosen.frame]) for chosen in self.chosen)


def draft(
    workspace: Workspace,
    store: LabelStore,
    index: FrameIndex,
    task: Task,
    *,
    everything: bool = False,
    labels: Mapping[str, str] | None = None,
    who: str = "",
    given: Mapping[str, Label] | None = None,
) -> Draft:
    """Return the draft of a task.

    `everything` takes every label, whatever the task's selection. `labels` are those of a label file, frame → class:
    then they alone are taken, as imported by `who`; of the store only what is marked private is asked. What is
    private for another task is private here too. `given` stands in for the store's labels: what would be the draft if
    those were given.
    """
    parent = latest(workspace, task)
    held = {item.source: item for item in parent.items} if parent else {}
    known = store.private()
    hidden = known.keys()
    if labels is not None:
        private = hidden & labels.keys()
        chosen = [
            _imported(frame, class_, who) for frame, class_ in sorted(labels.items()) if frame not in private
        ]
        named = tuple(Excluded(frame, PRIVATE) for frame in sorted(private))
        return Draft(
            task,
            parent,
            "file",
            tuple(chosen),
            0,
            named,
            len(labels),
            new_bytes(images_of(chosen, held, index), known_objects(workspace)),
        )
    given = store.labels(task) if given is None else given
    excluded = {
        frame: mark.reason or mark.mark
        for frame, mark in store.all_marks().items()
        if frame in given and mark.mark in ("unsure", "excluded") and mark.task in (None, task.name)
    }
    excluded |= dict.fromkeys(hidden & given.keys(), PRIVATE)
    # The same picture under another name is no less private.
    oids = {oid for found in known.values() for oid in found}
    excluded |= {frame: PRIVATE for frame, label in given.items() if label.sha256 in oids}
    eligible = {frame: label for frame, label in given.items() if frame not in excluded}
    rule = "all" if everything or task.selection == "all" else "spread"
    why = dict.fromkeys(eligible, "all") if rule == "all" else _spread(given, excluded, held, index, task)
    chosen = [_chosen(eligible[frame], why[frame]) for frame in sorted(why)]
    return Draft(
        task,
        parent,
        rule,
        tuple(chosen),
        len(eligible) - len(chosen),
        tuple(Excluded(frame, str(reason)) for frame, reason in sorted(excluded.items())),
        len(given),
        new_bytes(images_of(chosen, held, index), known_objects(workspace)),
    )


def _same_bytes(chosen: Chosen, item: Item) -> bool:
    """True but where the oids, or without them the sizes, are known to differ."""
    if chosen.oid is not None and item.oid is not None:
        return chosen.oid == item.oid
    return None in (chosen.size, item.size) or chosen.size == item.size


def _chosen(label: Label, why: str) -> Chosen:
    return Chosen(
        label.frame,
        label.class_,
        why,
        label.who,
        label.how,
        label.at,
        label.sha256,
        label.size,
        label.mtime_ns,
    )


def _imported(frame: str, class_: str, who: str) -> Chosen:
    from datetime import UTC, datetime

    return Chosen(frame, class_, "imported", who, "imported", datetime.now(UTC).isoformat(timespec="seconds"))


def _spread(
    given: Mapping[str, Label],
    excluded: Mapping[str, object],
    held: Mapping[str, Item],
    index: FrameIndex,
    task: Task,
) -> dict[str, str]:
    """Return the frames that the rule keeps, each with the reason."""
    eligible = {frame: label for frame, label in given.items() if frame not in excluded}
    ours: dict[str, list[str]] = defaultdict(list)
    for frame in given:
        ours[source_of(frame)].append(frame)
    why: dict[str, str] = {}
    for frame, label in eligible.items():
        if label.how not in PAINTED:
            why[frame] = "imported" if label.how in ("imported", "outside") else "one by one"
        elif label.before is not None and label.before != label.class_:
            why[frame] = "correction"
        elif frame in held:
            why[frame] = "in the parent version"
    by_source: dict[str, list[str]] = defaultdict(list)
    for frame in eligible:
        by_source[source_of(frame)].append(frame)
    for source, frames in by_source.items():
        frames.sort()
        breaks = _breaks(frames, excluded, index.listed(source))
        for before, after in pairwise(frames):
            if after not in breaks and eligible[before].class_ != eligible[after].class_:
                why.setdefault(before, "side of a change")
                why.setdefault(after, "side of a change")
        for stretch in _stretches(sorted(ours[source]), breaks, given, excluded):
            for place in spread([frame in held for frame in stretch], task.per_stretch):
                if stretch[place] in eligible:
                    why.setdefault(stretch[place], "of its stretch")
    return why


def _breaks(frames: Sequence[str], excluded: Mapping[str, object], listed: Sequence[Frame]) -> set[str]:
    """Return the frames that have a frame without a label directly before them."""
    known = sorted({*frames, *excluded})
    if len(listed) < 4 * len(known):
        inside = set(known)
        order = sorted(inside.union(keys_of(listed)))
        cut = {after for before, after in pairwise(order) if before not in inside}
    else:  # few labels among many frames: count the listed frames between neighbours, walk through none
        counted = pairwise(up_to(listed, known))
        cut = {
            frame
            for frame, ((before, _), (upto, own)) in zip(known[1:], counted, strict=True)
            if upto - before > own
        }
    breaks, carried = set(), False
    for frame in known:  # an excluded frame ends nothing, and passes on the break before it
        carried = carried or frame in cut
        if frame not in excluded:
            if carried:
                breaks.add(frame)
            carried = False
    return breaks


def _stretches(
    frames: Sequence[str], breaks: set[str], given: Mapping[str, Label], excluded: Mapping[str, object]
) -> Iterable[list[str]]:
    """Yield what each step painted in a row, with the frames in between that a later step labelled otherwise.

    A frame without a label, or with an older one, ends a stretch; excluded frames hold their place.
    """
    painted: dict[tuple[int, str], list[int]] = defaultdict(list)
    for place, frame in enumerate(frames):
        label = given[frame]
        if label.how in PAINTED:
            painted[label.seq, label.class_].append(place)

    def ends(place: int, seq: int) -> bool:
        frame = frames[place]
        return frame not in excluded and (frame in breaks or given[frame].seq <= seq)

    for (seq, _), places in painted.items():
        begin = places[0]
        for before, after in pairwise(places):
            if frames[after] in breaks or any(ends(place, seq) for place in range(before + 1, after)):
                yield list(frames[begin : before + 1])
                begin = after
        yield list(frames[begin : places[-1] + 1])


def spread(held: Sequence[bool], most: int) -> list[int]:
    """Return the places to keep of a row: its ends, and so many between that at most `most` lie evenly.

    A place between is dropped where a frame that is `held` already lies nearer than half the spacing.
    """
    last = len(held) - 1
    if last < most or most < 2:
        return [*range(last + 1)] if last < most else sorted({0, last})
    taken = [i for i, known in enumerate(held) if known]
    places = [0]
    for place in (i * last // (most - 1) for i in range(1, most - 1)):
        at = bisect_right(taken, place)
        near = min((abs(place - i) for i in taken[max(at - 1, 0) : at + 1]), default=last)
        if near == 0 or 2 * near * (most - 1) >= last:
            places.append(place)
    return [*places, last]
