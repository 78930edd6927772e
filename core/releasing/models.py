"""A training becomes a model version in the repository: file, record, answers, the card of its dataset version.

What always holds: whether the repository can take it is looked at before anything is written; exactly these files are
committed, a model as a Git LFS pointer with its own oid; the model in use is a commit of its own. Called by `promote`,
`adopt`, a release that trains, and the Training screen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from core.durable import lock
from core.errors import Damaged, Lacking, Refused
from core.process import ProcessFailed
from core.progress import Report
from core.releasing import checks, pushing, trouble
from core.releasing.cargo import cargo_of
from core.releasing.committing import commit_only, make_durable, stage
from core.storage.git import Git
from core.storage.lfs import Pointer, encode_pointer
from core.text import safe
from core.training import answers, onnx_files, promoting, registry
from core.training.record import ModelRecord
from core.training.runs import Run
from core.versions import card
from core.versions.manifest import list_versions, read_version
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Kept:
    """A model version that is committed: `commit` is None where it was in the last commit already.

    `in_use` is the commit that made it the model in use, None where that was not asked for or was so already; `others`
    are those of what was made of it, such as an ONNX file.
    """

    record: ModelRecord
    commit: str | None
    paths: tuple[str, ...]
    in_use: str | None = None
    others: tuple[str, ...] = ()

    @property
    def last(self) -> str | None:
        """The newest commit that was made."""
        return self.in_use or self.commit


def require(workspace: Workspace) -> Git:
    """Return git where it could take a model's commit. Raises what keeps it from that: Git LFS, an identity, a branch."""
    git = Git(workspace.root, workspace.git_log)
    checks.repository(workspace, git)
    workspace.ensure_private()
    return git


def keep(
    workspace: Workspace, what: Run | ModelRecord, *, current: bool = False, who: str = "", because: str = ""
) -> Kept:
    """Make a training a model version, or with `current` a model the one in use, and commit it.

    `because` is why a model becomes one although it is worse than what is there. Raises what keeps a commit from being
    made here, and what `registry.promote` raises.
    """
    git = require(workspace)
    with lock(workspace.private / "release.lock", what="a release"):
        record = (
            registry.promote(workspace, what, who=who, because=because) if isinstance(what, Run) else what
        )
        kept = committed(workspace, git, record)
        if not current:
            return kept
        said = promoting.objection(workspace, record, registry.models(workspace))
        if said and not because.strip():
            raise Refused(
                said,
                "Use it all the same with a reason, which the commit keeps: "
                f"print-models promote {record.word} --current --because TEXT",
            )
        record = registry.use(workspace, record)
        path = workspace.task(record.task).current_model
        lines = [f"{record.task}: model {record.name} is now in use"]
        lines += ["", f"{said} All the same: {safe(because, limit=500)}"] if said else []
        used = _commit(workspace, git, {path: Pointer(record.sha256, record.size)}, [path], lines)
        return replace(kept, record=registry.get(workspace, record.name), in_use=used)


def add_onnx(workspace: Workspace, record: ModelRecord, precision: str, report: Report) -> Kept:
    """Make an ONNX file of a model version that is committed, and commit it with the record that tells of it.

    Raises what `onnx_files.prepared` and `keep` raise, and what keeps a commit from being made here.
    """
    git = require(workspace)
    # Making it takes minutes, in which a release may go on; what git sees of it appears while nobody else commits.
    with (
        onnx_files.prepared(workspace, record, precision, report) as found,
        lock(workspace.private / "release.lock", what="a release"),
    ):
        made = onnx_files.keep(workspace, record, precision, found)
        return committed(
            workspace, git, made, subject=f"{record.task}: model {record.name} as ONNX, {precision}"
        )


def committed(workspace: Workspace, git: Git, record: ModelRecord, *, subject: str = "") -> Kept:
    """Commit a model version that is here: its files and the card; the caller holds the release's lock."""
    stem = f"models/versions/{record.name}"
    files = _pointers(workspace, record)
    texts = [f"{stem}.json"]
    if answers.path_of(workspace, record.name).is_file():
        texts.append(f"{stem}{answers.ENDING}")
    if (card_path := _card(workspace, record)) is not None:
        texts.append(card_path)
    worth = registry.describe(record) if record.results else "not measured"
    learned = f"trained on {record.dataset} {record.digest}" if record.digest else "trained on: unknown"
    subject = subject or f"{record.task}: model {record.name}"
    commit = _commit(workspace, git, files, texts, [subject, "", worth, learned, *_reason(record)])
    return Kept(registry.get(workspace, record.name), commit, (*files, *texts))


def _reason(record: ModelRecord) -> list[str]:
    because = (record.facts.get("promoted") or {}).get("because")
    return [f"promoted all the same: {safe(str(because), limit=500)}"] if because else []


def _pointers(workspace: Workspace, record: ModelRecord) -> dict[str, Pointer]:
    """Return the large files of a model version and their identities: its weights, and what was made of them."""
    found = {}
    for precision in onnx_files.PRECISIONS:
        name = onnx_files.name_of(record.name, precision)
        _, made = registry.identity(workspace.model_versions / name)
        if made is not None:
            found[f"models/versions/{name}"] = Pointer(made.oid, made.size)
    if record.here == "missing":
        raise Lacking(f"{record.file} is not here.", "Get it as it was: git checkout -- models")
    return {record.file: Pointer(record.sha256, record.size), **found}


def _card(workspace: Workspace, record: ModelRecord) -> str | None:
    """Write the results into the card of the dataset version; return its path where there is one of this tool."""
    task = workspace.task(record.task)
    if record.dataset not in list_versions(workspace, task):
        return None
    version = read_version(workspace, task, record.dataset)
    if version.legacy:  # an older tool wrote that card, it is not ours to rewrite
        return None
    card.rebuild(workspace, version, registry.for_card(workspace, task, record.dataset))
    return Path(version.path / "README.md").relative_to(workspace.root).as_posix()


def _commit(
    workspace: Workspace, git: Git, files: dict[str, Pointer], texts: Sequence[str], message: Sequence[str]
) -> str | None:
    """Stage exactly these paths, prove that each large one is a pointer to its own bytes, and commit what changed."""
    paths = sorted({*files, *texts})
    for path in paths:
        _drop_unfinished(workspace.root / path)
    checks.hidden(git, paths)
    checks.attributes(git, list(files))
    try:
        return _committed(workspace, git, files, paths, "\n".join(message))
    except ProcessFailed as error:
        far = f"{safe(next(iter(files)))} is written whole, but in no commit"
        raise trouble.plain(error, git, far) from error


def _drop_unfinished(path: Path) -> None:
    """Remove what killed writes of a file left beside it; the caller knows that nobody writes it now."""
    names = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}\.tmp")
    with suppress(
        OSError
    ):  # a folder that is not there holds nothing; what can't be removed stays, and is seen
        for left in list(path.parent.iterdir()):
            if names.fullmatch(left.name):
                left.unlink()


def _committed(
    workspace: Workspace, git: Git, files: dict[str, Pointer], paths: Sequence[str], message: str
) -> str | None:
    stage(git, paths)
    changed = set(paths) & set(git.differs_from_head())
    if not changed:
        return None
    entries = git.ls_files("models")
    blobs = git.cat_file([entries[path].blob for path in files])
    for (path, pointer), blob in zip(files.items(), blobs, strict=True):
        if blob != encode_pointer(pointer):
            raise Damaged(
                f"{safe(path)} is not staged as a Git LFS pointer to its own bytes.",
                "Stage it anew: git rm -q --cached that file; then promote again.",
            )
    make_durable(workspace, git)
    return commit_only(git, sorted(changed), message)


def push(workspace: Workspace, record: ModelRecord, remote: str | None, report: Report) -> str:
    """Send the branch with what waits, every object proven there first; return the remote.

    Raises Refused where the remote has no release of this workspace yet, Lacking without a remote, NotProven.
    """
    git = Git(workspace.root, workspace.git_log)
    state = checks.repository(workspace, git)
    task = workspace.task(record.task)
    there = pushing.target(git, state, remote, task)
    there = replace(there, again=f"print-models promote {record.word} --push")
    name = record.dataset or next(iter(list_versions(workspace, task)[::-1]), "")
    tag = f"{task.name}/{name}"
    if git.rev_parse(f"refs/tags/{tag}") is None or pushing.ask(workspace, git, there, tag).first:
        raise Refused(
            f"{safe(there.remote)} has no release of this workspace yet; a first push shows what becomes readable there.",
            f"Release and push the dataset first: print-models release --task {task.name} --push",
        )
    cargo = cargo_of(workspace, read_version(workspace, task, name))
    with lock(workspace.private / "release.lock", what="a release"):
        pushing.push(workspace, git, there, cargo, tag, report, None, lambda step: None)
    return there.remote
