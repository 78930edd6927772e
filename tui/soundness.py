"""Is a draft or a version sound: the gates of `check`, looked at in a worker thread, the worst result first.

Of two warnings the one that tells that a result may mean nothing is the worse: what leaks, and what tells the class without
a look at a picture.

What always holds: the results are core's, the same as on the command line; they are found out again only when labels,
frames, the version's files or git's rules changed. Called by comparing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from core.progress import Progress
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace
from tui.lanes import Post
from tui.messages import Advanced
from tui.version_messages import DRAFT, Finding, GatesSeen
from tui.ways import in_app

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.versions.checks import CheckResult

_ORDER = ("block", "warn", "pass")
_HOLLOW = ("leak", "hour", "brightness")
_RULES = (".gitattributes", ".gitignore", ".git/info/exclude")


class Soundness:
    """What was found out last of each draft and version, and whether that still holds."""

    def __init__(
        self,
        workspace: Workspace,
        store: Callable[[], LabelStore],
        index: Callable[[], FrameIndex],
        post: Post,
    ) -> None:
        self._workspace, self._store, self._index, self._post = workspace, store, index, post
        self._known: dict[tuple[str, str], tuple[object, GatesSeen]] = {}

    def look(self, task: Task, target: str) -> GatesSeen:
        """Return what the gates say of a version, or of the draft and the repository it would go into."""
        stamp = self._stamp(task, target)
        known = self._known.get((task.name, target))
        if known is not None and known[0] == stamp:
            return known[1]
        found = GatesSeen(
            task.name, target, self._of_draft(task) if target == DRAFT else self._of(task, target)
        )
        self._known[task.name, target] = stamp, found
        return found

    def _of_draft(self, task: Task) -> tuple[Finding, ...]:
        from core.versions import gates

        self._post(Advanced("gates", Progress("labels and images", 0, 2)))
        found = gates.of_draft(self._workspace, self._store(), self._index(), task)
        self._post(Advanced("gates", Progress("the repository", 1, 2)))
        return findings(found, gates.of_repository(self._workspace))

    def _of(self, task: Task, name: str) -> tuple[Finding, ...]:
        from core.versions import gates

        self._post(Advanced("gates", Progress(name, 0, 1)))
        return findings(gates.of_version(self._workspace, task, name))

    def _stamp(self, task: Task, target: str) -> object:
        """Whatever changes where the answer may have changed."""
        workspace = self._workspace
        if target != DRAFT:
            folder = workspace.version_dir(task, target)
            return _stats([folder, *sorted(folder.glob("*.*"))])
        index = self._index()
        away = tuple(name for name in workspace.active_sources if index.unreachable(name) is not None)
        files = [workspace.labels_path(one) for one in workspace.tasks.values()]
        files += [workspace.root / name for name in _RULES]
        files.append(workspace.version_dir(task, "v1").parent)
        return self._store().last_seq(), index.count(), away, _stats(files)


def _stats(paths: Iterable[Path]) -> tuple[object, ...]:
    return tuple(_stat(path) for path in paths)


def _stat(path: Path) -> tuple[str, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return path.name, found.st_size, found.st_mtime_ns


def findings(results: Iterable[CheckResult], around: Iterable[CheckResult] = ()) -> tuple[Finding, ...]:
    """Return core's results as the screens show them, the worst first; `around` are those about the repository."""

    def grave(one: Finding) -> tuple[int, int]:
        level = _ORDER.index(one.level) if one.level in _ORDER else len(_ORDER)
        return level, _HOLLOW.index(one.id) if one.id in _HOLLOW and one.level != "pass" else len(_HOLLOW)

    found = [
        Finding(one.level, safe(one.id), safe(one.text), in_app(safe(one.remedy)), about)
        for some, about in ((results, False), (around, True))
        for one in some
    ]
    return tuple(sorted(found, key=grave))
