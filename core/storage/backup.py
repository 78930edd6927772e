"""How far the labels are safe: what no commit holds yet, and what no remote has.

What always holds: the numbers are of labels, compared with the label files as commits have them, not of files that
differ; what only the history on the remote tells, as after a release of another task, is named apart; a remote is not
asked, it is taken as this clone saw it last. Called by `status` and the Storage screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import PrintModelsError
from core.human import ago, count, plural
from core.labels import files
from core.labels.documents import digest, load_base
from core.labels.store import LabelStore
from core.labels.told import last_told
from core.storage.git import Git, RepoState
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Backup:
    """Labels that no commit holds (`unsaved`), labels that `remote` has not (`unpushed`; None without a remote).

    `in_history` are those of `unpushed` that the history there tells all the same, as its label files do not. `saved_at` and `pushed_at` are when label files were last committed, here and as seen on the remote.
    """

    labels: int
    unsaved: int
    unpushed: int | None
    in_history: int
    remote: str | None
    saved_at: datetime | None
    pushed_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        times = {"saved_at": self.saved_at, "pushed_at": self.pushed_at}
        return {
            "unsaved": self.unsaved,
            "unpushed": self.unpushed,
            "in_history": self.in_history,
            "remote": self.remote,
            **{name: at.isoformat() if at else None for name, at in times.items()},
        }

    def text(self) -> str:
        """Return it in a person's words; '' while there is nothing to lose."""
        if not self.labels and not self.unsaved:
            return ""
        saved = f"saved {ago(self.saved_at)}" if self.saved_at else "labels not saved yet"
        if self.remote is None:
            rest = f"{plural(self.unsaved, 'label')} in no commit (print-models save)" if self.unsaved else ""
            return " · ".join(filter(None, [saved, rest, "no remote has a copy"]))
        pushed = f"backed up {ago(self.pushed_at)}" if self.pushed_at else f"not on {safe(self.remote)} yet"
        waits = ", ".join(self.waits())
        return f"{pushed} · {waits} (print-models sync)" if waits else pushed

    def waits(self) -> list[str]:
        """Return in words how many labels the remote has not, and how many of others only its history tells."""
        alone = max(self.unpushed or 0, self.unsaved) - self.in_history
        parts = [f"{count(alone)} only on this machine"] if alone else []
        if self.in_history:
            parts.append(f"{count(self.in_history)} on {safe(self.remote or '')} in its history alone")
        return parts


def backup(workspace: Workspace, store: LabelStore, git: Git, state: RepoState) -> Backup | None:
    """Compare the labels with those in git; None where git can't be asked."""
    tasks = list(workspace.tasks.values())
    remote = next(
        (name for name in (state.upstream, "origin", *state.remotes) if name in state.remotes), None
    )
    try:
        there = _seen_on(git, state, remote)
        asked = [
            f"{revision}:{task.labels_file}" for revision in filter(None, ("HEAD", there)) for task in tasks
        ]
        held = [*git.contents(asked), *([] if there else [None] * len(tasks))]
        missing = [_missing(store, task, data) for task, data in zip(tasks * 2, held, strict=True)]
        return Backup(
            labels=sum(sum(store.counts(task).values()) for task in tasks),
            unsaved=sum(map(len, missing[: len(tasks)])),
            unpushed=sum(map(len, missing[len(tasks) :])) if remote else None,
            in_history=_in_history(workspace, store, git, there, missing[len(tasks) :]),
            remote=remote,
            saved_at=_committed_at(git, state.head and "HEAD", tasks),
            pushed_at=_committed_at(git, there, tasks),
        )
    except PrintModelsError:
        return None


def _seen_on(git: Git, state: RepoState, remote: str | None) -> str | None:
    """Return where the branch was last seen on its remote; None for nowhere."""
    if remote is None:
        return None
    seen = (f"refs/remotes/{remote}/{state.branch}", f"refs/remotes/{remote}/HEAD")
    return next((ref for ref in ("@{upstream}", *seen) if git.rev_parse(ref)), None)


def _missing(store: LabelStore, task: Task, data: bytes | None) -> Set[str]:
    """Return the frames whose label a committed file has not, or has otherwise; taken off ones count as well."""
    held = _labels_of(store, task, data) if data is not None else {}
    now = store.classes(task)
    if now == held:
        return set()
    return {frame for frame in now.keys() | held.keys() if now.get(frame) != held.get(frame)}


def _in_history(
    workspace: Workspace, store: LabelStore, git: Git, there: str | None, missing: Sequence[Set[str]]
) -> int:
    """Return how many labels that the label files of a revision lack its journals tell as they are here."""
    if there is None or not any(missing):
        return 0
    folder = workspace.history_dir.relative_to(workspace.root).as_posix()
    paths = [path for path in git.ls_tree(there, folder) if path.endswith(".jsonl")]
    journals = [data for data in git.contents([f"{there}:{path}" for path in paths]) if data is not None]
    found = 0
    for task, frames in zip(workspace.tasks.values(), missing, strict=True):
        now, told = store.classes(task), last_told(journals, task.name, frames) if frames else {}
        found += sum(after == now.get(frame) for frame, after in told.items())
    return found


def _labels_of(store: LabelStore, task: Task, data: bytes) -> Mapping[str, str]:
    base = store.database.ask(lambda db: load_base(db, task.name))
    if base is not None and base.sha256 == digest(data):
        return base.values  # the file as it was agreed on: no need to read it once more
    try:
        return files.parse(data, task, task.labels_file).labels
    except PrintModelsError:
        return {}


def _committed_at(git: Git, revision: str | None, tasks: list[Task]) -> datetime | None:
    if revision is None:
        return None
    paths = [task.labels_file for task in tasks]
    told = git.line("log", "-1", "--format=%cI", revision, "--", *paths)
    return datetime.fromisoformat(told) if told else None
