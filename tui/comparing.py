"""What the worker threads look up for the Versions screen: the list, a pair compared, its card, its bytes read again.

What always holds: each job returns one frozen message made from core's own objects, with outside text made safe;
nothing is said of a version that core did not find out. Called by the bridge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from core.errors import PrintModelsError
from core.human import count
from core.progress import CancelToken, Progress
from core.tasks import Task
from core.text import safe, safe_lines
from core.versions.seeing import Place
from core.workspace import Workspace
from tui import getting
from tui.foretelling import impact_of
from tui.lanes import Lane, Post
from tui.messages import Advanced
from tui.pairing import Pairs
from tui.soundness import Soundness, findings
from tui.thumbnails import Thumbnails
from tui.tracing import lineage_of, splits_of
from tui.version_messages import (
    DRAFT,
    CardSeen,
    CellSeen,
    FetchOffered,
    GatesSeen,
    LinesSeen,
    PairSeen,
    RolledBack,
    VersionChecked,
    VersionFacts,
    VersionRow,
    VersionsSeen,
)

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.versions.manifest import Version

Stores = Callable[[], "LabelStore"]
Indexes = Callable[[], "FrameIndex"]

_MOST_LINES = 600


class Comparing:
    """Asks for what the Versions screen shows.

    `lane` looks, `checks` asks the gates, `long` reads whole versions, `pictures` decodes.
    """

    def __init__(
        self,
        lane: Lane,
        checks: Lane,
        long: Lane,
        pictures: Lane,
        post: Post,
        workspace: Workspace,
        store: Stores,
        index: Indexes,
    ) -> None:
        self._lane, self._checks, self._long, self._post = lane, checks, long, post
        self._soundness = Soundness(workspace, store, index, post)
        self._workspace, self._store, self._index = workspace, store, index
        self._pairs = Pairs(workspace, store, index, post)
        self.thumbnails = Thumbnails(pictures, workspace)
        self._cancel, self._impact = CancelToken(), CancelToken()
        self._models: tuple[object, dict[str, dict[str, str]]] | None = None

    def versions(self, task: Task) -> None:
        """List the versions of a task."""
        self._lane.ask("versions", partial(versions_seen, self._workspace, task), slot="versions")

    def facts(self, task: Task) -> None:
        """Find out what each version shares with no other, and how good its models are."""
        self._lane.ask("version facts", partial(self._facts, task), slot="version facts")

    def pair(self, task: Task, target: str, base: str | None = None) -> None:
        """Compare with `base`: without one a version with its parent, the draft with the latest version."""
        self._lane.ask("pair", partial(self._pairs.look, task, target, base), slot="pair")

    def cell(self, task: Task, target: str, before: str, after: str) -> None:
        """Find the frames of one cell of the pair that is on the screen; answered by `CellSeen`."""
        self._lane.ask("cell", partial(self._cell, task, target, before, after), slot="cell")

    def hold(self, task: Task, ids: Sequence[str], on: bool) -> None:
        """Hold hunks of the draft back, or take them in again; answered by the pair as it is then."""
        self._lane.ask("review", partial(self._hold, task, tuple(ids), on))

    def comment(self, task: Task, id: str, text: str) -> None:
        """Write on a hunk of the draft, '' takes that off; answered by the pair as it is then."""
        self._lane.ask("review", partial(self._comment, task, id, text))

    def rollback(self, task: Task, name: str) -> None:
        """Bring the draft back to a version, as one step; answered by `RolledBack`."""
        self._long.ask("rollback", partial(self._rollback, task, name))

    def lineage(self, task: Task, target: str) -> None:
        """Follow a version or the draft both ways; answered by `LinesSeen`."""
        self._lane.ask("lineage", partial(self._lineage, task, target), slot="lines")

    def splits(self, task: Task, target: str) -> None:
        """Look how a version or the draft is split; answered by `LinesSeen`."""
        self._lane.ask("splits", partial(self._splits, task, target), slot="lines")

    def impact(self, task: Task, target: str, base: str) -> None:
        """Find what its labels fix and break against a version's; told as `Advanced`, answered by `LinesSeen`."""
        self.stop_impact()
        self._impact = cancel = CancelToken()

        def report(progress: Progress) -> None:
            self._post(Advanced("impact", progress))

        planned = partial(self._pairs.planned, task)
        job = partial(impact_of, self._workspace, task, target, base, planned, report, cancel)
        self._long.ask("impact", job, slot="impact")

    def stop_impact(self) -> None:
        """Nobody looks at what labels would fix and break any more."""
        self._impact.cancel()

    def card(self, task: Task, target: str) -> None:
        """Get the card of a version, or of the draft as it will be."""
        self._lane.ask("card", partial(self._card, task, target), slot="card")

    def gates(self, task: Task, target: str) -> None:
        """Ask the gates of `check` about a version or the draft."""
        self._checks.ask("gates", partial(self._gates, task, target), slot="gates")

    def check(self, task: Task, name: str) -> None:
        """Read every image of a version again."""
        self._long.ask("check", partial(self._check, task, name), slot="check")

    def offer_pictures(self, task: Task, places: Sequence[Place]) -> None:
        """Find out what pictures that only a remote has would cost; answered by `FetchOffered`."""
        self._long.ask("fetch", partial(getting.offered, self._workspace, task, tuple(places)), slot="offer")

    def fetch_pictures(self, offer: FetchOffered) -> None:
        """Get them; told as `Advanced` of the job fetch, answered by `Fetched`."""
        self._cancel = CancelToken()

        def report(progress: Progress) -> None:
            self._post(Advanced("fetch", progress))

        self._long.ask("fetch", partial(getting.fetched, self._workspace, offer, report, self._cancel))

    def stop(self) -> None:
        """Let go of a download that runs; what came is kept."""
        self._cancel.cancel()
        self.stop_impact()

    # --- in the worker threads ----------------------------------------------------------------------------------

    def _cell(self, task: Task, target: str, before: str, after: str) -> CellSeen:
        return CellSeen(task.name, before, after, self._pairs.cell(task, target, before, after))

    def _hold(self, task: Task, ids: tuple[str, ...], on: bool) -> PairSeen:
        from core.versions import review

        self._check_writable()
        review.hold(self._workspace, task, ids, on, self._workspace.who(), self._store())
        return self._pairs.look(task, DRAFT, None)

    def _comment(self, task: Task, id: str, text: str) -> PairSeen:
        from core.versions import review

        self._check_writable()
        review.comment(self._workspace, task, id, text, self._workspace.who(), self._store())
        return self._pairs.look(task, DRAFT, None)

    def _check_writable(self) -> None:
        if self._workspace.read_only is not None:
            raise self._workspace.read_only

    def _rollback(self, task: Task, name: str) -> RolledBack:
        from core.releasing.rolling import rollback

        self._check_writable()
        who, store, index = self._workspace.who(), self._store(), self._index()
        step = rollback(self._workspace, task, name, who, store=store, index=index)
        return RolledBack(task.name, name, step.changed, tuple(safe(frame) for frame in step.left))

    def _lineage(self, task: Task, target: str) -> LinesSeen:
        return lineage_of(self._workspace, task, target, partial(self._pairs.planned, task))

    def _splits(self, task: Task, target: str) -> LinesSeen:
        return splits_of(self._workspace, task, target, self._store(), self._index())

    def _card(self, task: Task, target: str) -> CardSeen:
        from core.versions.manifest import CARD

        if target == DRAFT:
            from core.versions.preview import card_of

            return CardSeen(
                task.name, target, _readable(card_of(self._workspace, self._pairs.planned(task)).encode())
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
        row = _row(version, safe(state, limit=60))
        rows.append(replace(row, note=_reason(gone[name])) if name in gone else row)
    return VersionsSeen(task.name, tuple(rows))


def _reason(said: object) -> str:
    """Why a version was withdrawn."""
    return safe(str(said.get("reason", "")) if isinstance(said, Mapping) else str(said), limit=120)


def _row(version: Version, state: str) -> VersionRow:
    classes = ", ".join(f"{name} {count(number)}" for name, number in version.classes.items())
    note = safe(version.problems[0]) if version.problems else ""
    if version.legacy:
        state += ", older tool"
    created = safe(version.info.created[:10])
    return VersionRow(version.name, created, len(version.items), version.total_bytes, classes, state, note)
