"""A training becomes a model version in the repository: file, record, the card of its dataset version, one commit.

What always holds: whether the repository can take it is looked at before anything is written; exactly these files are
committed, the model as a Git LFS pointer with its own oid. Called by `promote` and the Training screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.durable import lock
from core.errors import Damaged
from core.releasing import checks
from core.releasing.committing import commit_only, make_durable, stage
from core.storage.git import Git
from core.storage.lfs import Pointer, encode_pointer
from core.text import safe
from core.training import registry
from core.training.record import ModelRecord
from core.training.runs import Run
from core.versions import card
from core.versions.manifest import read_version
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Kept:
    """A model version that is committed: `commit` is None where it was in the last commit already."""

    record: ModelRecord
    commit: str | None
    paths: tuple[str, ...]


def keep(workspace: Workspace, what: Run | ModelRecord, *, current: bool = False, who: str = "") -> Kept:
    """Make a training a model version, or with `current` a model the one in use, and commit it.

    Raises what keeps a commit from being made here, and what `registry.promote` raises.
    """
    git = Git(workspace.root, workspace.git_log)
    checks.repository(workspace, git)
    workspace.ensure_private()
    with lock(workspace.private / "release.lock", what="a release"):
        if isinstance(what, Run):
            record = registry.promote(workspace, what, current=current, who=who)
        else:
            record = registry.use(workspace, what) if current else what
        files = _files(workspace, record, current=current)
        card_path = _card(workspace, record)
        paths = [*files, f"models/versions/{record.name}.json", *([card_path] if card_path else [])]
        commit = _commit(workspace, git, record, files, paths, current=current)
        return Kept(registry.get(workspace, record.name), commit, tuple(paths))


def _files(workspace: Workspace, record: ModelRecord, *, current: bool) -> list[str]:
    """Return the paths that hold the model's bytes."""
    return [record.file, *([workspace.task(record.task).current_model] if current else [])]


def _card(workspace: Workspace, record: ModelRecord) -> str | None:
    """Write the results into the card of the dataset version; return its path where there is one."""
    task = workspace.task(record.task)
    version = read_version(workspace, task, record.dataset)
    if version.legacy:  # an older tool wrote that card, it is not ours to rewrite
        return None
    card.rebuild(workspace, version, registry.for_card(workspace, task, record.dataset))
    return (version.path / "README.md").relative_to(workspace.root).as_posix()


def _commit(
    workspace: Workspace,
    git: Git,
    record: ModelRecord,
    files: Sequence[str],
    paths: Sequence[str],
    *,
    current: bool,
) -> str | None:
    checks.hidden(git, paths)
    checks.attributes(git, files)
    stage(git, paths)
    changed = set(paths) & set(git.differs_from_head())
    if not changed:
        return None
    expected = encode_pointer(Pointer(record.sha256, record.size))
    entries = git.ls_files("models")
    for path, blob in zip(files, git.cat_file([entries[path].blob for path in files]), strict=True):
        if blob != expected:
            raise Damaged(
                f"{safe(path)} is not staged as a Git LFS pointer to its own bytes.",
                "Stage it anew: git rm -q --cached that file; then promote again.",
            )
    make_durable(workspace, git)
    found = record.results
    worth = registry.describe(record) if found else "not measured"
    use = ", now in use" if current else ""
    lines = [
        f"{record.task}: model {record.name}{use}",
        "",
        worth,
        f"trained on {record.dataset} {record.digest}",
    ]
    return commit_only(git, sorted(changed), "\n".join(lines))
