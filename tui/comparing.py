"""What the worker threads look up for the Versions screen: the list, a pair compared, its card, its bytes read again.

What always holds: each job returns one frozen message made from core's own objects, with outside text made safe;
nothing is said of a version that core did not find out. Called by the bridge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from core.errors import PrintModelsError
from core.human import count
from core.tasks import Task
from core.text import safe, safe_lines
from core.workspace import Workspace
from tui.lanes import Lane, Post
from tui.messages import Advanced
from tui.soundness import Soundness, findings
from tui.version_messages import (
    DRAFT,
    CardSeen,
    GatesSeen,
    PairSeen,
    VersionChecked,
    VersionFacts,
    VersionRow,
    VersionsSeen,
)

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.progress import Progress
    from core.versions.diff import Diff, Hunk
    from core.versions.manifest import Version
    from core.versions.plan import ExportPlan

Stores = Callable[[], "LabelStore"]
Indexes = Callable[[], "FrameIndex"]

_MOST = 2000
_MOST_LINES = 600


class Comparing:
    """Asks for what the Versions screen shows; `lane` looks, `checks` asks the gates, `long` reads whole versions."""

    def __init__(
        self,
        lane: Lane,
        checks: Lane,
        long: Lane,
        post: Post,
        workspace: Workspace,
        store: Stores,
        index: Indexes,
    ) -> None:
        self._lane, self._checks, self._long, self._post = lane, checks, long, post
        self._soundness = Soundness(workspace, store, index, post)
        self._workspace, self._store, self._index = workspace, store, index
        self._models: tuple[object, dict[str, dict[str, str]]] | None = None

    def versions(self, task: Task) -> None:
        """List the versions of a task."""
        self._lane.ask("versions", partial(versions_seen, self._workspace, task), slot="versions")

    def facts(self, task: Task) -> None:
        """Find out what each version shares with no other, and how good its models are."""
        self._lane.ask("version facts", partial(self._facts, task), slot="version facts")

    def pair(self, task: Task, target: str) -> None:
        """Compare a version with its parent, or the draft with the latest version."""
        self._lane.ask("pair", partial(self._pair, task, target), slot="pair")

    def card(self, task: Task, target: str) -> None:
        """Get the card of a version, or of the draft as it will be."""
        self._lane.ask("card", partial(self._card, task, target), slot="card")

    def gates(self, task: Task, target: str) -> None:
        """Ask the gates of `check` about a version or the draft."""
        self._checks.ask("gates", partial(self._gates, task, target), slot="gates")

    def check(self, task: Task, name: str) -> None:
        """Read every image of a version again."""
        self._long.ask("check", partial(self._check, task, name), slot="check")

    # --- in the worker threads ----------------------------------------------------------------------------------

    def _planned(self, task: Task) -> ExportPlan:
        from core.versions.plan import plan

        return plan(self._workspace, self._store(), self._index(), task)

    def _pair(self, task: Task, target: str) -> PairSeen:
        from core.versions.manifest import read_version

        if target == DRAFT:
            return _draft_pair(self._workspace, self._planned(task))
        return _version_pair(self._workspace, task, read_version(self._workspace, task, target))

    def _card(self, task: Task, target: str) -> CardSeen:
        from core.versions.manifest import CARD

        if target == DRAFT:
            from core.versions.preview import card_of

            return CardSeen(
                task.name, target, _readable(card_of(self._workspace, self._planned(task)).encode())
            )
        path = self._workspace.version_dir(task, target) / CARD
        data = path.read_bytes() if path.is_file() else b"There is no README.md in this version."
        return CardSeen(task.name, target, _readable(data))

    def _check(self, task: Task, name: str) -> VersionChecked:
        from core.versions.checks import verify

        def report(progress: Progress) -> None:
            self._post(Advanced("check", progress))

        return VersionChecked(task.name, name, findings(verify(self._workspace, task, name, report)))

    def _gates(self, task: Task, target: str) -> GatesSeen:
        return self._soundness.look(task, target)

    def _facts(self, task: Task) -> VersionFacts:
        from core.storage.git import Git
        from core.storage.ledger import ledger

        rows = (
            ledger(self._workspace).versions.get(task.name, {})
            if Git(self._workspace.root).is_repository()
            else {}
        )
        return VersionFacts(
            task.name, {name: row.exclusive for name, row in rows.items()}, self._results(task)
        )

    def _results(self, task: Task) -> dict[str, str]:
        """Return version → its best known model in words; the models are hashed again only when their files changed."""
        from core.training import registry

        stamp = _stamp(self._workspace)
        if self._models is None or self._models[0] != stamp:
            found: dict[str, dict[str, str]] = {}
            for record in registry.models(self._workspace):
                if record.dataset:
                    words = f"{safe(record.name, limit=60)}: {safe(registry.describe(record), limit=80)}"
                    found.setdefault(str(record.task), {})[record.dataset] = words
            self._models = (stamp, found)
        return self._models[1].get(task.name, {})


def _stamp(workspace: Workspace) -> object:
    try:
        return sorted(
            (p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in workspace.model_versions.iterdir()
        )
    except OSError:
        return None


def _readable(card: bytes) -> str:
    """Return a card without its front matter and without what a terminal would act on."""
    lines = safe_lines(card, limit=_MOST_LINES).split("\n")
    if lines and lines[0].strip() == "---" and "---" in lines[1:]:
        lines = lines[lines.index("---", 1) + 1 :]
    return "\n".join(lines).strip()


# --- the list ---------------------------------------------------------------------------------------------------


def versions_seen(workspace: Workspace, task: Task) -> VersionsSeen:
    """List a task's versions, and how far each is."""
    from core.releasing.standing import Standing, standings
    from core.storage.git import Git
    from core.versions.manifest import list_versions, read_version, withdrawn

    gone, far = withdrawn(workspace, task), standings(workspace, Git(workspace.root), [task])
    rows = []
    for name in list_versions(workspace, task):
        try:
            version = read_version(workspace, task, name)
        except PrintModelsError as error:
            rows.append(VersionRow(name, "", 0, 0, "", "damaged", error.what))
            continue
        state = "withdrawn" if name in gone else far.get((task.name, name), Standing()).text
        rows.append(_row(version, safe(state, limit=60)))
    return VersionsSeen(task.name, tuple(rows))


def _row(version: Version, state: str) -> VersionRow:
    classes = ", ".join(f"{name} {count(number)}" for name, number in version.classes.items())
    note = safe(version.problems[0]) if version.problems else ""
    if version.legacy:
        state += ", older tool"
    created = safe(version.info.created[:10])
    return VersionRow(version.name, created, len(version.items), version.total_bytes, classes, state, note)


# --- a pair -----------------------------------------------------------------------------------------------------


def _draft_pair(workspace: Workspace, planned: ExportPlan) -> PairSeen:
    from core.versions.diff import Snapshot, diff
    from core.versions.plan import draft_snapshot, version_snapshot

    task, parent = planned.task, planned.parent
    base = version_snapshot(parent) if parent else Snapshot("nothing", {}, task.classes)
    found = diff(base, draft_snapshot(planned.draft, planned.places))
    recordings = {c.frame: planned.places.recordings[c.frame] for c in planned.chosen}
    sides = _sides((planned.split.of[frame], recording) for frame, recording in recordings.items())
    name = parent.name if parent else ""
    seen = _pair(task, found, name, DRAFT, planned.name, sides, planned.bytes_new)
    costs = _costs(workspace, found)
    hunks = tuple((*hunk[:3], cost) for hunk, cost in zip(seen.hunks, costs, strict=False))
    return replace(seen, same=_same(workspace, planned, found), hunks=hunks)


def _costs(workspace: Workspace, found: Diff) -> list[int]:
    """Return what each stretch of the draft adds to what any commit holds, each content once, as the whole is weighed."""
    from core.storage.known import known_objects
    from core.storage.ledger import new_bytes

    known, costs = dict(known_objects(workspace)), []
    entries = found.target.entries
    for hunk in found.hunks[:_MOST]:
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


def _version_pair(workspace: Workspace, task: Task, version: Version) -> PairSeen:
    from core.versions.diff import Snapshot, diff
    from core.versions.manifest import read_version
    from core.versions.plan import version_snapshot

    base, name = Snapshot("nothing", {}, task.classes), version.info.parent or ""
    if name and workspace.version_dir(task, name).is_dir():
        base = version_snapshot(read_version(workspace, task, name))
    else:
        name = ""
    found = diff(base, version_snapshot(version))
    sides = _sides((item.split or "no split", item.recording or "") for item in version.items)
    return _pair(task, found, name, version.name, version.name, sides)


def _sides(rows: Iterable[tuple[str, str]]) -> tuple[tuple[str, int, int], ...]:
    images: Counter[str] = Counter()
    recordings: dict[str, set[str]] = {}
    for side, recording in rows:
        images[side] += 1
        recordings.setdefault(side, set()).add(recording)
    order = ("train", "validation", "embargo")
    named = sorted(images, key=lambda side: (order.index(side) if side in order else 9, side))
    return tuple((side, images[side], len(recordings[side])) for side in named)


def _pair(
    task: Task,
    found: Diff,
    base: str,
    target: str,
    name: str,
    sides: tuple[tuple[str, int, int], ...],
    new_bytes: int | None = None,
) -> PairSeen:
    before, after = found.base.counts, found.target.counts
    changed = [c for c in found.changes if c.kind not in ("unchanged", "unknown")]
    return PairSeen(
        task=task.name,
        base=base,
        target=target,
        name=name,
        images=len(found.target.entries),
        counts=found.counts,
        classes=tuple((one, before.get(one, 0), after.get(one, 0)) for one in task.classes),
        mixed=tuple(
            (safe(old, limit=40), safe(new, limit=40), number)
            for old, row in found.confusion.items()
            for new, number in row.items()
            if old != new
        ),
        sides=sides,
        hunks=tuple(_hunk(hunk) for hunk in found.hunks[:_MOST]),
        frames=tuple(_frame(change.entry.source, change.words) for change in changed[:_MOST]),
        more=max(0, len(changed) - _MOST),
        new_bytes=found.bytes["new"] if new_bytes is None else new_bytes,
        differs=found.differs,
    )


def _hunk(hunk: Hunk) -> tuple[str, int, str, int]:
    from core.frames.names import captured_at

    begin, end = captured_at(hunk.first), captured_at(hunk.last)
    if begin is None or end is None:
        where = safe(hunk.first.rsplit("/", 1)[-1], limit=60)
    else:
        where = f"{begin.day} {begin:%b %H:%M}" + (f"–{end:%H:%M}" if end != begin else "")
    return where, len(hunk.frames), safe(hunk.change, limit=60), hunk.bytes


def _frame(key: str, words: str) -> tuple[str, str, str, str]:
    from core.frames.names import captured_at

    moment = captured_at(key)
    name = safe(key.rsplit("/", 1)[-1], limit=60)
    return key, name, f"{moment.day} {moment:%b %H:%M:%S}" if moment else name, safe(words, limit=60)
