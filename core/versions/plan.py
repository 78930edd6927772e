"""What an export would do, worked out without writing anything: the release and the app show it first.

A plan that can't be carried out says why in `blocks`; `export` raises the first of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import PrintModelsError, Refused, WrongUsage
from core.frames.names import FILE, captured_at, rule_of, source_of
from core.human import plural
from core.labels.model import PRIVATE
from core.storage.known import known_objects
from core.storage.ledger import new_bytes
from core.tasks import Task
from core.text import safe
from core.versions import splits
from core.versions.blocks import class_blocks, entry_block, file_blocks, missing_blocks, same_blocks
from core.versions.diff import Hunk, Labelled, Snapshot, diff
from core.versions.images import Images
from core.versions.manifest import Comment, Excluded, Item, Version
from core.versions.naming import base_names
from core.versions.numbering import free_number
from core.versions.placing import Places, place
from core.versions.review import Review
from core.versions.review import read as read_review
from core.versions.selection import Chosen, Draft, draft
from core.versions.weighing import images_of
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """A version before it is made. `split` is final unless two images turn out to have the same bytes.

    `excluded` holds everything left out by name, `missing` what is found nowhere; `bytes_needed` is the room the copy
    takes, `bytes_new` what no version of the task holds yet. `whole` is the draft with its recordings before anything
    was held back; `review` what was held back and commented, `comments` those that go into the card, `stale` the ids of
    held hunks that are no more.
    """

    task: Task
    name: str
    path: Path
    draft: Draft
    file_names: Mapping[str, str]
    places: Places
    split: splits.Split
    excluded: tuple[Excluded, ...]
    missing: tuple[str, ...]
    bytes_needed: int
    description: str
    source_labels: str
    blocks: tuple[PrintModelsError, ...]
    whole: tuple[Draft, Places]
    review: Review = field(default_factory=Review)
    comments: tuple[Comment, ...] = ()
    stale: tuple[str, ...] = ()

    @property
    def parent(self) -> Version | None:
        return self.draft.parent

    @property
    def chosen(self) -> tuple[Chosen, ...]:
        return self.draft.chosen

    @property
    def bytes_new(self) -> int:
        return self.draft.bytes_estimate


def plan(
    workspace: Workspace,
    store: LabelStore,
    index: FrameIndex,
    task: Task,
    *,
    number: int | None = None,
    description: str = "",
    everything: bool = False,
    labels: Path | None = None,
    allow_missing: bool = False,
    hold_back: Sequence[str] | None = None,
    who: str = "",
    again: bool = False,
    found: Draft | None = None,
    images: Images | None = None,
) -> ExportPlan:
    """Work out the next version (or version `number`) of a task.

    `everything` takes every label; `labels` is a label file to take alone, as imported by `who`. `allow_missing`
    excludes frames that are found nowhere, by name. `hold_back` names hunks of the difference to the parent version
    that stay as they were, beside those that the review holds back; with `labels` nothing else is held. A draft that the newest version holds already is made a version once more only `again`, or
    for a number or a label file. `found` is the draft, where it was just made; `images` finds its pictures. Raises Refused for a number that is taken, Damaged for a label file that can't be
    read, WrongUsage for a hunk that isn't there.
    """
    again = again or number is not None or labels is not None
    number = free_number(workspace, task, number)
    given = read_labels(labels, task) if labels is not None else None
    if found is None or everything or given is not None:
        found = draft(workspace, store, index, task, everything=everything, labels=given, who=who)
    places = place(workspace, store, index, task, [c.frame for c in found.chosen], given)
    whole, reviewed = (found, places), read_review(workspace, task, store) if given is None else Review()
    hunks = _hunks(found, places) if hold_back or reviewed.held or reviewed.comments else {}
    stale = tuple(sorted(reviewed.held - hunks.keys()))
    ids = _known(hunks, hold_back or (), found) | (reviewed.held & hunks.keys())
    if ids:
        private = store.private().keys() | {e.frame for e in found.excluded if e.reason == PRIVATE}
        found = _held_back(found, [hunks[id_] for id_ in ids], private)
        weighed = new_bytes(images_of(found.chosen, held_items(found), index), known_objects(workspace))
        found = replace(found, bytes_estimate=weighed)
        places = place(workspace, store, index, task, [c.frame for c in found.chosen], given)
    images, held = images or Images(workspace), held_items(found)
    missing = _missing(images, found.chosen, held)
    blocks = file_blocks(workspace, store, task) if given is None else []
    blocks += [] if again else same_blocks(workspace, found)
    blocks += missing_blocks(found, workspace, index, missing, allow_missing)
    if allow_missing and missing:
        gone = set(missing)
        kept = tuple(c for c in found.chosen if c.frame not in gone)
        named = (*found.excluded, *(Excluded(frame, "missing") for frame in missing))
        found = replace(found, chosen=kept, excluded=tuple(sorted(named, key=lambda e: e.frame)))
    blocks += class_blocks(found)
    frames = [chosen.frame for chosen in found.chosen]
    try:
        names = base_names(frames, {frame: item.base_name for frame, item in held.items()})
    except Refused as error:
        names = {}
        blocks.append(error)
    return ExportPlan(
        task,
        f"v{number}",
        workspace.version_dir(task, f"v{number}"),
        found,
        {c.frame: f"{c.label}/{names[c.frame]}" for c in found.chosen if c.frame in names},
        places,
        split_of(workspace, task, found.chosen, places, {}),
        found.excluded,
        missing,
        _bytes_needed(found, held, index),
        description,
        _shown(workspace, labels) if labels is not None else task.labels_file,
        tuple(blocks),
        whole,
        replace(reviewed, held=frozenset(ids)),
        tuple(
            Comment(
                hunk=hunk.id, change=hunk.change, frames=len(hunk.frames), text=reviewed.comments[hunk.id]
            )
            for hunk in hunks.values()
            if hunk.id in reviewed.comments and hunk.id not in ids
        ),
        stale,
    )


def going_in(
    workspace: Workspace, store: LabelStore, index: FrameIndex, task: Task, found: Draft | None = None
) -> Draft:
    """Return the draft as a release would make it, without what the review holds back; the one answer for every price.

    `found` is the whole draft, where it was just made.
    """
    found = found or draft(workspace, store, index, task)
    if not read_review(workspace, task, store).held:
        return found
    return plan(workspace, store, index, task, found=found).draft


def read_labels(path: Path, task: Task) -> dict[str, str]:
    """Read a label file that is to be taken alone. Raises Lacking, Damaged, Refused: every entry has to be a label."""
    from core.labels.files import read

    found = read(path, task)
    if found.problems:
        raise entry_block(path.name, found.problems)
    return dict(found.labels)


def _shown(workspace: Workspace, path: Path) -> str:
    path = path.resolve()
    return path.relative_to(workspace.root).as_posix() if path.is_relative_to(workspace.root) else path.name


def held_items(found: Draft) -> dict[str, Item]:
    """Return the parent version's items by frame."""
    return {item.source: item for item in found.parent.items} if found.parent else {}


def split_of(
    workspace: Workspace, task: Task, chosen: Sequence[Chosen], places: Places, oids: Mapping[str, str]
) -> splits.Split:
    """Return the split of these frames; `oids` are the bytes known so far, by frame."""
    rule = workspace.settings.split
    rows = [
        splits.Row(
            c.frame, c.label, places.recordings[c.frame], captured_at(c.frame), oids.get(c.frame, c.oid)
        )
        for c in chosen
    ]
    found = splits.split(
        rows,
        inherited=places.inherited,
        classes=task.classes,
        target=rule.validation,
        seed=rule.seed,
        embargo_minutes=rule.embargo_minutes,
    )
    return replace(found, limits=(*found.limits, *_weak_times(chosen)))


def _weak_times(chosen: Sequence[Chosen]) -> Iterator[str]:
    """Say of each source how many times are only the dates of files."""
    counts = Counter(source_of(c.frame) for c in chosen if rule_of(c.frame) == FILE)
    for source, n in sorted(counts.items()):
        yield (
            f"The times of {plural(n, 'image')} of {safe(source)} are their files' dates, which copying may have "
            "changed; recordings and splits rest on them."
        )


def draft_snapshot(
    found: Draft,
    places: Places,
    sides: Mapping[str, str] | None = None,
    index: FrameIndex | None = None,
) -> Snapshot:
    """Return the draft as a snapshot, with the side of each frame where `sides` tells them.

    Bytes that nothing has read yet are those of the parent where size agrees; with `index` a size that no label is
    bound to is the file's.
    """
    held, sides = held_items(found), sides or {}
    sizes: dict[str, int] = {}
    if index is not None and any(c.size is None and c.frame not in held for c in found.chosen):
        weighed = images_of(found.chosen, held, index)
        sizes = {c.frame: size for c, (_, size) in zip(found.chosen, weighed, strict=True)}
    entries, assumed = {}, 0
    for c in found.chosen:
        item, oid = held.get(c.frame), c.oid
        if oid is None and item is not None and c.size in (None, item.size):
            oid = item.oid
            assumed += c.size is None
        size_ = c.size if c.size is not None else item.size if item is not None else sizes.get(c.frame)
        entries[c.frame] = Labelled(
            c.frame, c.label, oid, size_, places.recordings[c.frame], sides.get(c.frame)
        )
    return Snapshot("draft", entries, found.task.classes, assumed)


def version_snapshot(version: Version, name: str | None = None) -> Snapshot:
    """Return a version as a snapshot."""
    return Snapshot(name or version.name, {i.source: i for i in version.items}, version.task.classes)


def _hunks(found: Draft, places: Places) -> dict[str, Hunk]:
    """Return the hunks of the difference from the parent version to the draft, by id."""
    base = version_snapshot(found.parent) if found.parent else Snapshot("nothing", {}, found.task.classes)
    return {hunk.id: hunk for hunk in diff(base, draft_snapshot(found, places)).hunks}


def _known(hunks: Mapping[str, Hunk], ids: Sequence[str], found: Draft) -> set[str]:
    """Return the ids a person named. Raises WrongUsage for one that isn't there."""
    for name in ids:
        if name not in hunks:
            known = f"For example {safe(next(iter(hunks)))}." if hunks else "There is none now."
            base = found.parent.name if found.parent else "nothing"
            raise WrongUsage(
                f"There is no hunk “{safe(name, limit=120)}” between {base} and the draft.", known
            )
    return set(ids)


def _held_back(found: Draft, hunks: Sequence[Hunk], private: Set[str]) -> Draft:
    """Return the draft with these hunks as the parent version has them, each frame listed as held.

    What is private is held back in no case, whether it is still labelled or not.
    """
    frames = {frame for hunk in hunks for frame in hunk.frames} - private
    held = held_items(found)
    kept = [c for c in found.chosen if c.frame not in frames]
    kept += [_as_before(held[frame]) for frame in frames if frame in held]
    named = (*found.excluded, *(Excluded(frame, "held") for frame in frames))
    return replace(
        found,
        chosen=tuple(sorted(kept, key=lambda c: c.frame)),
        excluded=tuple(sorted(named, key=lambda e: e.frame)),
    )


def _as_before(item: Item) -> Chosen:
    return Chosen(
        item.source,
        item.label,
        "held",
        item.labelled_by or "",
        item.labelled_how or "imported",
        item.labelled_at or "",
        item.oid,
        item.size,
    )


def _missing(images: Images, chosen: Sequence[Chosen], held: Mapping[str, Item]) -> tuple[str, ...]:
    """Return the frames whose picture is found nowhere."""
    there = images.on_cameras([c.frame for c in chosen])
    return tuple(
        c.frame for c in chosen if c.frame not in there and not _findable(images, c, held.get(c.frame))
    )


def _findable(images: Images, chosen: Chosen, item: Item | None) -> bool:
    """True where the bytes that were labelled are kept somewhere else than by the camera."""
    if chosen.oid is not None:
        return images.has(chosen.oid, chosen.size or (item.size if item else None))
    return (
        item is not None
        and item.oid is not None
        and chosen.size in (None, item.size)
        and images.has(item.oid, item.size)
    )


def _bytes_needed(found: Draft, held: Mapping[str, Item], index: FrameIndex) -> int:
    known: list[int] = []
    unknown = []
    for c in found.chosen:
        item = held.get(c.frame)
        number = c.size if c.size is not None else item.size if item is not None else None
        if number is None:
            unknown.append(c.frame)
        else:
            known.append(number)
    asked = [frame for frame in (index.get(name) for name in unknown) if frame is not None]
    return sum(known) + sum(frame.size or 0 for frame in asked)
