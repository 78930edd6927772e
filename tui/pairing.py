"""How a draft or a version differs from another, as the Versions screen shows it: hunks, tables, prices.

What always holds: hunks are those of the whole difference, also where some are held back; images, classes, sides and
bytes are those of what an export would make, without what is held back. Runs in a worker thread; called by comparing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from core.progress import Progress
from core.tasks import Task
from core.text import safe
from core.versions.seeing import Place
from core.workspace import Workspace
from tui.lanes import Post
from tui.messages import Advanced
from tui.version_messages import DRAFT, HunkSeen, PairSeen

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.versions.diff import Change, Diff, Entry, Hunk, Snapshot
    from core.versions.manifest import Version
    from core.versions.plan import ExportPlan

#: The name of a base that holds nothing.
NOTHING = "nothing"
_MOST = 2000
_ORDER = ("train", "validation", "embargo")


class Pair(Struct, frozen=True):
    """What was compared: `found` is the whole difference, `effect` that without what is held back."""

    seen: PairSeen
    found: Diff
    effect: Diff

    def cell(self, before: str, after: str) -> tuple[str, ...]:
        """Return the frames labelled `before` in the base and `after` in the target, '' for not in it, by time."""
        base, target = self.effect.base.entries, self.effect.target.entries
        keys = [
            key
            for key in base.keys() | target.keys()
            if (_label(base.get(key)), _label(target.get(key))) == (before, after)
        ]
        return tuple(sorted(keys, key=lambda key: (key.rsplit("/", 1)[-1], key)))


def _label(entry: Entry | None) -> str:
    return entry.label if entry is not None else ""


def of_draft(
    workspace: Workspace,
    store: LabelStore,
    index: FrameIndex,
    planned: ExportPlan,
    base: str | None,
) -> Pair:
    """Compare the draft with `base`, a version's name or NOTHING; without one with the version it would follow."""
    from core.versions.diff import diff
    from core.versions.plan import draft_snapshot

    task, parent = planned.task, planned.parent.name if planned.parent else NOTHING
    chosen = base or parent
    before, files = _side(workspace, task, chosen)
    effect = diff(before, draft_snapshot(planned.draft, planned.places))
    found, review, holding = effect, planned.review, chosen == parent
    if holding and (review.held or review.comments):
        whole = draft_snapshot(*planned.whole)
        found = diff(before, whole, held=review.held, comments=review.comments)
    recordings = {c.frame: planned.places.recordings[c.frame] for c in planned.chosen}
    sides = _sides((planned.split.of[frame], recording) for frame, recording in recordings.items())
    seen = _seen(
        task,
        effect,
        hunks=_hunks(found, files, _costs(workspace, found)),
        name=planned.name,
        sides=(_sides_of(before), sides),
        new_bytes=planned.bytes_new,
        same=_same(workspace, planned, effect),
        holding=holding,
    )
    return Pair(seen, found, effect)


def of_version(workspace: Workspace, task: Task, version: Version, base: str | None) -> Pair:
    """Compare a version with `base`, a version's name or NOTHING; without one with its parent."""
    from core.versions.diff import diff

    parent = version.info.parent or NOTHING
    if base is None and parent != NOTHING and not workspace.version_dir(task, parent).is_dir():
        parent = NOTHING
    before, files = _side(workspace, task, base or parent)
    after, more = _side(workspace, task, version.name)
    found = diff(before, after)
    hunks = _hunks(found, {**files, **more}, [hunk.bytes for hunk in found.hunks])
    sides = (_sides_of(before), _sides_of(after))
    seen = _seen(
        task, found, hunks=hunks, name=version.name, sides=sides, new_bytes=found.bytes["new"], same=""
    )
    return Pair(seen, found, found)


def _side(workspace: Workspace, task: Task, name: str) -> tuple[Snapshot, dict[str, str]]:
    """Return a version as a snapshot, and by frame the file it lies in."""
    from core.versions.diff import Snapshot
    from core.versions.manifest import read_version
    from core.versions.plan import version_snapshot

    if name == NOTHING:
        return Snapshot(NOTHING, {}, task.classes), {}
    version = read_version(workspace, task, name)
    folder = f"{version.path}/"
    return version_snapshot(version), {item.source: folder + item.file_name for item in version.items}


def _seen(
    task: Task,
    found: Diff,
    *,
    hunks: tuple[HunkSeen, ...],
    name: str,
    sides: tuple[tuple[tuple[str, int, int], ...], tuple[tuple[str, int, int], ...]],
    new_bytes: int,
    same: str,
    holding: bool = False,
) -> PairSeen:
    before, after = found.base.counts, found.target.counts
    changed = [c for c in found.changes if c.kind not in ("unchanged", "unknown")]
    return PairSeen(
        task=task.name,
        base="" if found.base.name == NOTHING else found.base.name,
        target=found.target.name,
        name=name,
        images=len(found.target.entries),
        counts=found.counts,
        classes=tuple((one, before.get(one, 0), after.get(one, 0)) for one in task.classes),
        matrix=_matrix(found),
        sides=sides[1],
        base_sides=sides[0],
        hunks=hunks,
        frames=tuple(_frame(change.entry.source, change.words) for change in changed[:_MOST]),
        more=max(0, len(changed) - _MOST),
        new_bytes=new_bytes,
        reused_bytes=found.bytes["reused"],
        differs=found.differs,
        same=same,
        holding=holding,
    )


def _matrix(found: Diff) -> dict[tuple[str, str], int]:
    """Count frames by their label before and after, '' where they are not in that side; what moved is in both."""
    table = {
        (safe(old, limit=40), safe(new, limit=40)): number
        for old, row in found.confusion.items()
        for new, number in row.items()
    }
    gone = Counter(c.before.label for c in found.changes if c.before and c.after is None)
    new = Counter(c.after.label for c in found.changes if c.after and c.before is None)
    table.update({(safe(label, limit=40), ""): number for label, number in gone.items()})
    table.update({("", safe(label, limit=40)): number for label, number in new.items()})
    return table


def _sides_of(snapshot: Snapshot) -> tuple[tuple[str, int, int], ...]:
    return _sides(
        (getattr(entry, "split", None) or "no split", entry.recording or "")
        for entry in snapshot.entries.values()
    )


def _sides(rows: Iterable[tuple[str, str]]) -> tuple[tuple[str, int, int], ...]:
    images: Counter[str] = Counter()
    recordings: dict[str, set[str]] = {}
    for side, recording in rows:
        images[side] += 1
        recordings.setdefault(side, set()).add(recording)
    named = sorted(images, key=lambda side: (_ORDER.index(side) if side in _ORDER else 9, side))
    return tuple((side, images[side], len(recordings[side])) for side in named)


def _costs(workspace: Workspace, found: Diff) -> list[int]:
    """Return what each stretch of the draft adds to what any commit holds, each content once, as the whole is weighed."""
    from core.storage.known import known_objects
    from core.storage.ledger import new_bytes

    known, costs = dict(known_objects(workspace)), []
    entries = found.target.entries
    for hunk in found.hunks:
        images = [(entries[f].oid, entries[f].size or 0) for f in hunk.frames if f in entries]
        costs.append(new_bytes(images, known))
        known.update((oid, size) for oid, size in images if oid is not None)
    return costs


def _same(workspace: Workspace, planned: ExportPlan, found: Diff) -> str:
    from core.versions.numbering import tagged_numbers

    if planned.parent is None or found.differs:
        return ""
    name = planned.parent.name
    if planned.parent.number in tagged_numbers(workspace, planned.task):
        return f"the draft equals {name}: nothing to release"
    return f"the draft equals {name}, which is not released yet: R releases it"


def _hunks(found: Diff, files: Mapping[str, str], costs: list[int]) -> tuple[HunkSeen, ...]:
    of = {change.entry.source: change for change in found.changes}
    return tuple(_hunk(hunk, of, files, cost) for hunk, cost in zip(found.hunks, costs, strict=True))


def _hunk(hunk: Hunk, of: Mapping[str, Change], files: Mapping[str, str], cost: int) -> HunkSeen:
    from core.frames.names import captured_at

    begin, end = captured_at(hunk.first), captured_at(hunk.last)
    if begin is None or end is None:
        where = brief = safe(hunk.first.rsplit("/", 1)[-1], limit=60)
    else:
        brief = f"{begin.day} {begin:%b %H:%M}" + (f"–{end:%H:%M}" if end != begin else "")
        where = f"{begin:%a} {brief}"
    kind = of[hunk.first].kind
    frames = tuple(Place(key, of[key].entry.oid or "", files.get(key, "")) for key in hunk.frames)
    return HunkSeen(
        id=hunk.id,
        recording=hunk.recording,
        where=where,
        brief=brief,
        change=safe(hunk.change, limit=60),
        kind=kind,
        bytes=cost,
        frames=frames,
        held=hunk.held,
        comment=safe(hunk.comment, limit=400),
    )


def _frame(key: str, words: str) -> tuple[str, str, str, str]:
    from core.frames.names import captured_at

    moment = captured_at(key)
    name = safe(key.rsplit("/", 1)[-1], limit=60)
    return key, name, f"{moment.day} {moment:%b %H:%M:%S}" if moment else name, safe(words, limit=60)


class Pairs:
    """The pair that was compared last, for questions about its frames."""

    def __init__(
        self,
        workspace: Workspace,
        store: Callable[[], LabelStore],
        index: Callable[[], FrameIndex],
        post: Post,
    ) -> None:
        self._workspace, self._store, self._index, self._post = workspace, store, index, post
        self.last: Pair | None = None

    def planned(self, task: Task) -> ExportPlan:
        """Plan what an export of the draft would make."""
        from core.versions.plan import plan

        return plan(self._workspace, self._store(), self._index(), task)

    def look(self, task: Task, target: str, base: str | None) -> PairSeen:
        """Compare; a base that can't be read is an error of its own."""
        from core.versions.manifest import read_version

        self.last = None
        if target == DRAFT:
            self._post(Advanced("pair", Progress("what an export would make", 0, 2)))
            planned = self.planned(task)
            self._post(Advanced("pair", Progress("what changes", 1, 2)))
            self.last = of_draft(self._workspace, self._store(), self._index(), planned, base)
        else:
            self._post(Advanced("pair", Progress(f"reading {target}", 0, 2)))
            version = read_version(self._workspace, task, target)
            self._post(Advanced("pair", Progress("what changes", 1, 2)))
            self.last = of_version(self._workspace, task, version, base)
        return self.last.seen

    def cell(self, task: Task, target: str, before: str, after: str) -> tuple[str, ...]:
        """Return the frames of a cell of the pair that is on the screen; none where that is another one by now."""
        pair = self.last
        if pair is None or (pair.seen.task, pair.seen.target) != (task.name, target):
            return ()
        return pair.cell(before, after)
