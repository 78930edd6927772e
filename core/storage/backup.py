"""How far the labels are safe: what no commit holds yet, and what no remote has.

What always holds: the numbers are of labels, compared with the label files as commits have them, not of files that
differ; a remote is not asked, it is taken as this clone saw it last. Called by `status`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import PrintModelsError
from core.human import ago, count, plural
from core.labels import files
from core.labels.documents import digest, load_base
from core.labels.store import LabelStore
from core.storage.git import Git
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Backup:
    """Labels that no commit holds (`unsaved`), labels that `remote` has not (`unpushed`; None without a remote).

    `saved_at` and `pushed_at` are when label files were last committed, here and as seen on the remote.
    """

    labels: int
    unsaved: int
    unpushed: int | None
    remote: str | None
    saved_at: datetime | None
    pushed_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        times = {"saved_at": self.saved_at, "pushed_at": self.pushed_at}
        return {
            "unsaved": self.unsaved,
            "unpushed": self.unpushed,
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
        if not self.unpushed and not self.unsaved:
            return pushed
        how = "print-models save commits them, git push backs them up" if self.unsaved else "git push"
        alone = max(self.unpushed or 0, self.unsaved)
        return f"{pushed} · {count(alone)} only on this machine ({how})"


def backup(workspace: Workspace, store: LabelStore) -> Backup | None:
    """Compare the labels with those in git; None where git can't be asked."""
    git = Git(workspace.root)
    try:
        remote, there = _seen_on(git)
        tasks = list(workspace.tasks.values())
        return Backup(
            labels=sum(sum(store.counts(task).values()) for task in tasks),
            unsaved=sum(_missing(git, store, task, "HEAD") for task in tasks),
            unpushed=sum(_missing(git, store, task, there) for task in tasks) if remote else None,
            remote=remote,
            saved_at=_committed_at(git, "HEAD", tasks),
            pushed_at=_committed_at(git, there, tasks),
        )
    except PrintModelsError:
        return None


def _seen_on(git: Git) -> tuple[str | None, str | None]:
    """Return the remote that the branch belongs to, and where its branch was seen last; None for none."""
    names = (git.line("remote") or "").split()
    branch = git.branch() or ""
    own = git.line("config", f"branch.{branch}.remote") or ""
    remote = next((name for name in (own, "origin", *names) if name in names), None)
    if remote is None:
        return None, None
    seen = (f"refs/remotes/{remote}/{branch}", f"refs/remotes/{remote}/HEAD")
    upstream = git.line("rev-parse", "--symbolic-full-name", "@{upstream}") or ""
    return remote, next((ref for ref in (upstream, *seen) if ref and git.rev_parse(ref)), None)


def _missing(git: Git, store: LabelStore, task: Task, revision: str | None) -> int:
    """Return how many labels of a task a commit has not, or has otherwise; taken off ones count as well."""
    held = _labels_at(git, store, task, revision)
    now = store.classes(task)
    if now == held:
        return 0
    return sum(now.get(frame) != held.get(frame) for frame in now.keys() | held.keys())


def _labels_at(git: Git, store: LabelStore, task: Task, revision: str | None) -> Mapping[str, str]:
    blob = git.rev_parse(f"{revision}:{task.labels_file}") if revision else None
    if blob is None:
        return {}
    (data,) = git.cat_file([blob])
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
