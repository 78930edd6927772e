"""A release: the draft becomes a version, a commit and a tag, and on demand all of it gets to a remote, proven.

What always holds: only our own paths are staged and committed, whatever else is changed or staged here; a tag is made
only when index, commit and every object's bytes are proven; each step asks git whether it is done already, so that
releasing again after a kill goes on where it stopped. Called by `release`, `save`, the Versions screen, the demo.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.durable import explain, lock
from core.errors import Cancelled, Damaged, NotProven, PrintModelsError, Refused
from core.progress import CancelToken, Progress, Report, silent
from core.releasing import checks, journal, proof, pushing, standing, trouble
from core.releasing.cargo import Cargo, cargo_of, commit_of
from core.releasing.committing import (
    Saved,
    commit_version,
    flush_labels,
    make_durable,
    message_of,
    save_labels,
)
from core.releasing.journal import Journal
from core.releasing.planning import ReleasePlan, plan
from core.releasing.resuming import resumed
from core.releasing.shown import check_labels
from core.releasing.steps import Step, Tell, Walk, steps
from core.releasing.undoing import Aborted, abort
from core.storage.git import Git
from core.storage.lfs import store_of
from core.text import safe
from core.versions import manifest
from core.versions.kept import let_go
from core.versions.manifest import Version
from core.versions.stage import sweep
from core.workspace import Workspace

__all__ = [
    "Aborted",
    "NotPushed",
    "ReleasePlan",
    "Released",
    "Saved",
    "Step",
    "abort",
    "plan",
    "resume",
    "run",
    "save",
    "steps",
]

Confirm = Callable[[ReleasePlan], bool]


@dataclass(frozen=True, slots=True)
class Released:
    """What a release made: `commit` in full, `pushed` the remote it is released on, None where it is tagged only.

    `also` are the tags of earlier releases that were pushed with it, `commits` those of the branch as 'hash subject'.
    `model` and `model_commit` are of a release that trained.
    """

    version: str
    path: str
    digest: str
    images: int
    bytes: int
    commit: str
    tag: str
    pushed: str | None = None
    also: tuple[str, ...] = ()
    commits: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    model: str | None = None
    model_commit: str | None = None

    def as_json(self) -> dict[str, Any]:
        names = ("version", "path", "digest", "images", "bytes", "commit", "tag", "pushed")
        lists = {"also": list(self.also), "commits": list(self.commits)}
        model = {"model": self.model, "model_commit": self.model_commit}
        return {**{name: getattr(self, name) for name in names}, **lists, **model}


class NotPushed(NotProven):
    """Committed and tagged on this machine; what keeps it from being on the remote. `released` says what is here.

    Without a remote: what went wrong when only the last of this machine's steps was left.
    """

    def __init__(self, released: Released, remote: str | None, error: PrintModelsError) -> None:
        where = f"not on {safe(remote)}" if remote else "not all is done"
        what = f"{released.tag} is committed and tagged here, but {where}: {error.what}"
        super().__init__(what, error.remedy, detail=error.detail)
        self.released = released


def run(
    plan: ReleasePlan,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
    confirm: Confirm | None = None,
    publish: Confirm | None = None,
    step: Tell | None = None,
) -> Released:
    """Carry a release out and return what it made; what an interrupted one did already is not done again.

    `confirm` is asked where the push would go over the plan's limit; without it that is refused. `publish` is asked
    before the first push to a remote, whose plan `shows` what becomes readable there, where that was not agreed to
    already; without it the caller has shown it. `step` is told the id
    of a step and 'doing', 'done' or 'there already'. Raises what the steps raise: before the tag nothing but an export
    and staged files is left, NotPushed after it; `resume` goes on from there.
    """
    workspace = plan.workspace
    if plan.target is not None and plan.price.over and not (confirm is not None and confirm(plan)):
        raise Refused(
            f"With this release {plan.price.share or 0:.0%} of {plan.price.plan} would be stored; what is pushed "
            "can't be taken back.",
            "Release without --push, or choose another plan in print-models.toml.",
        )
    if plan.shows and not plan.agreed:
        if publish is not None and not publish(plan):
            raise Refused("Nothing was sent or written.", "Push it once what becomes readable there may be.")
        plan = replace(plan, agreed=True)
    workspace.ensure_private()
    threading.Thread(target=_load_ahead, args=(plan,), name="load ahead", daemon=True).start()
    far = trouble.Far(plan.tag, plan.path, "commit" if plan.commit else "export" if plan.existing else "")
    git = Git(workspace.root, workspace.git_log)
    with lock(workspace.private / "release.lock", what="a release"), git.talking():
        checks.repository(workspace, git)
        walk = Walk(workspace, _book(plan), step)
        try:
            made = _run(plan, git, far, walk, report, cancel)
            walk.finish()
            return made
        except (Cancelled, KeyboardInterrupt) as error:
            raise far.stopped() from error
        except PrintModelsError as error:
            raise trouble.plain(error, git, far.said, lacks=far.lacks) from error
        finally:
            if not far.done:
                journal.end(workspace)


def _load_ahead(plan: ReleasePlan) -> None:
    """Load what later steps need while the first ones wait for git and the disk."""
    from core.storage.git import load
    from core.versions.lights import ahead

    with suppress(Exception):  # the step that needs it tells why it can't be had
        if plan.planned is not None:
            ahead(plan.workspace, plan.planned.chosen)
        load()


def resume(
    workspace: Workspace,
    *,
    report: Report = silent,
    cancel: CancelToken | None = None,
    confirm: Confirm | None = None,
    publish: Confirm | None = None,
    step: Tell | None = None,
    wait: bool = True,
) -> Released:
    """Finish what an interrupted release began, with the task, message and remote it was given; else as `run`.

    Without `wait` a training that is to be waited for raises `with_model.StillTraining`.

    Raises Refused where there is none, or where nothing of it was made and the labels are others than were shown.
    """
    found = journal.read(workspace)
    if found is None:
        raise Refused(
            "There is no interrupted release here.",
            "See what a new one would do: print-models release --dry-run",
        )
    from core.releasing import with_model

    go_on = partial(with_model.run, wait=wait) if found.train else run
    return go_on(
        resumed(workspace, found, report=report, cancel=cancel),
        report=report,
        cancel=cancel,
        confirm=confirm,
        publish=publish,
        step=step,
    )


def _book(plan: ReleasePlan) -> Journal:
    return Journal(
        task=plan.task.name,
        version=plan.name,
        message=plan.message,
        push=plan.target is not None,
        remote=plan.target.remote if plan.target else None,
        proof=plan.target.proof if plan.target else "",
        labels=plan.labels,
        agreed=plan.agreed,
        train=plan.train,
    )


def _run(
    plan: ReleasePlan, git: Git, far: trouble.Far, walk: Walk, report: Report, cancel: CancelToken | None
) -> Released:
    workspace = plan.workspace
    walk.enter("checks")
    sweep(workspace)
    if plan.commit is None:
        flush_labels(workspace, [plan.task])
    if plan.existing is None:
        check_labels(plan)
        walk.enter("export")
    else:
        walk.there("export")
    version = plan.existing or _exported(plan, report, cancel)
    far.done = "export"
    walk.enter("verify")
    _check_digest(version)
    cargo = cargo_of(workspace, version)
    commit = commit_of(git, cargo)
    if commit is None:
        checks.free_tag(git, plan.tag)
        walk.enter("stage")
        trouble.room_to_stage(store_of(workspace.root), cargo.pointers, far)
        commit = commit_version(git, plan, version, cargo, report, cancel, walk.enter)
        far.done = "commit"
    else:
        far.done = "commit"
        walk.there("stage", "commit")
        if not plan.arrived:  # one that is proven there needs no object here: other commits and tags go now
            proof.objects(store_of(workspace.root), cargo, report, cancel)
    walk.enter("tag")
    commit, fresh = _tagged(git, plan, version, cargo, commit, report)
    far.done = "tag"
    made = Released(
        version.name, cargo.folder, version.digest, len(cargo.images), cargo.bytes, commit, plan.tag
    )
    try:
        if fresh:
            standing.made_here(workspace, plan.tag, git.rev_parse(f"refs/tags/{plan.tag}") or "")
            make_durable(workspace, git)
        let_go(workspace, store_of(workspace.root), cargo.pointers)
        return _pushed(git, plan, cargo, made, walk, report, cancel)
    except Cancelled:
        raise
    except (PrintModelsError, OSError) as error:
        remote = plan.target.remote if plan.target else None
        doing = f"pushing to {safe(remote)}" if remote else "ending the release"
        known = explain(error, doing) if isinstance(error, OSError) else trouble.plain(error, git, far.said)
        raise NotPushed(made, remote, known) from error


def _exported(plan: ReleasePlan, report: Report, cancel: CancelToken | None) -> Version:
    from core.versions.export import export

    if plan.planned is None:
        raise Refused("There is nothing planned to release.", "Plan it again.")
    return export(plan.workspace, plan.planned, report, cancel, objects=True)


def _check_digest(version: Version) -> None:
    """Refuse a version whose manifest is not the one it was exported with."""
    if not version.legacy and manifest.digest(version.items) != version.digest:
        raise Damaged(
            f"{version.task.name} {version.name}: metadata.jsonl does not fit the digest in dataset_info.json.",
            "Remove the folder and release again: it was changed after the export.",
        )


def _tagged(
    git: Git, plan: ReleasePlan, version: Version, cargo: Cargo, commit: str, report: Report
) -> tuple[str, bool]:
    """Prove the commit and tag it; return what the tag leads to, and whether it was made just now.

    A tag that was there already has to lead to the same files.
    """
    at = git.rev_parse(f"refs/tags/{plan.tag}^{{commit}}")
    proven = at or commit
    entries = git.ls_tree(proven, cargo.folder)
    proof.files(git, cargo, entries, f"commit {proven[:12]}", tagged=at is not None)
    make_durable(plan.workspace, git)
    if at is None:
        report(Progress(f"tagging {plan.tag}", 0, 1))
        git.tag(plan.tag, message_of(plan, version), commit)
    return proven, at is None


def _pushed(
    git: Git,
    plan: ReleasePlan,
    cargo: Cargo,
    made: Released,
    walk: Walk,
    report: Report,
    cancel: CancelToken | None,
) -> Released:
    target = plan.target
    if target is None or plan.train:  # with a training the push comes after it, with its model
        return made
    shown = plan.agreed or plan.waits is not None
    sent, notices = pushing.push(
        plan.workspace, git, target, cargo, plan.tag, report, cancel, walk.enter, shown=shown
    )
    return replace(made, pushed=target.remote, also=sent.tags, commits=sent.commits, notices=tuple(notices))


def save(workspace: Workspace, message: str = "", *, accept_outside: bool = False) -> Saved:
    """Commit label files, marks and history of every task, and nothing else.

    `accept_outside` takes also a label file's change outside that removes many labels.

    Raises what keeps a commit from being made here.
    """
    workspace.ensure_private()
    git = Git(workspace.root, workspace.git_log)
    checks.repository(workspace, git, lfs=False)
    with lock(workspace.private / "release.lock", what="a release"):
        words = message.strip() or "Save labels, marks and history"
        try:
            return save_labels(workspace, git, words, accept_outside=accept_outside)
        except PrintModelsError as error:
            raise trouble.plain(error, git, "every label is safe, and in no commit yet") from error
