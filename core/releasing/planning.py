"""What a release would do, worked out before anything is written; the command and the app show it first.

What always holds: nothing in git or datasets/ is changed here, and a plan that is returned has nothing known against
it. A version that an interrupted release left is found by asking git, and the plan goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from core.errors import Refused
from core.human import count
from core.progress import CancelToken, Report, silent
from core.releasing import checks, pushing
from core.releasing.cargo import cargo_of, commit_of, companions
from core.releasing.pricing import Weight, draft_images, weighed
from core.releasing.pushing import Target, Waiting
from core.releasing.readable import Shown, at_first
from core.releasing.rejected import merge_first
from core.releasing.shown import check_no_other, labels_shown
from core.storage.git import Git
from core.storage.lfs import remote_folder
from core.storage.placing import share_notice
from core.storage.plans import Price
from core.storage.remotes import overruled
from core.tasks import Task
from core.text import safe
from core.versions import manifest
from core.versions.manifest import Version
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.versions.export import ExportPlan

_TEXTS = (manifest.CARD, manifest.INFO, manifest.LABELS, manifest.METADATA)


@dataclass(frozen=True)
class ReleasePlan:
    """A release before anything is written.

    `existing` is a version that an earlier, interrupted release or an `export` left, else `planned` says what will
    be exported. `changes` are frames added, removed, relabelled against the parent. `commit` and `tagged` say how far
    it is already; `target` is where it goes, None for no push, and `waits` what else the remote lacks, where it was
    asked. `steps` are what will be done, in order. `weigh` counts what all refs hold, once the price or the upload is
    first wanted; `earlier` are the bytes of other releases that go to the remote with this one, `shows` is what becomes
    readable with the first push there, `agreed` that a person said yes to it, `train` that a training comes first."""

    workspace: Workspace
    task: Task
    name: str
    message: str
    images: int
    bytes: int
    classes: dict[str, int]
    changes: tuple[int, int, int]
    weigh: Callable[[], Weight]
    planned: ExportPlan | None = None
    existing: Version | None = None
    commit: str | None = None
    tagged: bool = False
    target: Target | None = None
    waits: Waiting | None = None
    earlier: int = 0
    steps: tuple[str, ...] = ()
    labels: str = ""
    notices: tuple[str, ...] = ()
    shows: tuple[Shown, ...] = ()
    agreed: bool = False
    train: bool = False

    @cached_property
    def weight(self) -> Weight:
        return self.weigh()

    @property
    def price_line(self) -> str:
        """The price in one line; of a push with all that goes to that remote, commits of before included."""
        if self.target is None:
            return self.price.line()
        return f"{replace(self.price, new_bytes=self.upload).line()} ({safe(self.target.remote)})"

    @property
    def proof_bytes(self) -> int:
        """What the proof downloads: the new objects, where a server's are read again."""
        target = self.target
        if target is None or target.proof != "full" or remote_folder(target.lfs_url, self.workspace.root):
            return 0
        return self.upload

    @property
    def price(self) -> Price:
        return self.weight.price

    def weighed(self) -> ReleasePlan:
        """Return this plan with its price counted, for whoever shows it where nothing may take time."""
        weight = self.weight
        return replace(self, weigh=lambda: weight)

    @property
    def upload(self) -> int:
        """The bytes that go to the remote, 0 for no push."""
        return self.weight.new + self.earlier if self.target else 0

    @property
    def tag(self) -> str:
        return f"{self.task.name}/{self.name}"

    @property
    def path(self) -> str:
        return f"datasets/{self.tag}"

    @property
    def arrived(self) -> bool:
        """True where the version is on the remote, and only other commits and tags are left to push."""
        return self.waits is not None and self.waits.tag == "same"

    @property
    def summary(self) -> str:
        """'+19 −0 ~1'."""
        added, removed, relabelled = self.changes
        return f"+{count(added)} −{count(removed)} ~{count(relabelled)}"


def plan(
    workspace: Workspace,
    task: Task,
    *,
    message: str = "",
    push: bool = False,
    remote: str | None = None,
    proof: str = "",
    who: str = "",
    accept_outside: bool = False,
    anew: bool = False,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> ReleasePlan:
    """Work out a release and look for everything that would stop it; nothing in git or datasets/ is written.

    `accept_outside` takes also a label file's change outside that removes many labels; `anew` makes a version of its own
    also where one of an older tool, without splits and hashes, equals the draft. `proof` is how objects are proven on a
    remote, '' for what fits its address.
    Raises Refused where there is nothing to release or a state of the repository forbids it, Lacking for what is
    missing on this host, Busy, and whatever keeps the draft from being exported.
    """
    from core.frames.index import FrameIndex
    from core.labels.sync import open_store
    from core.versions import export, gates
    from core.versions.selection import draft

    workspace.ensure_private()
    git = Git(workspace.root, workspace.git_log)
    state = checks.repository(workspace, git)
    check_no_other(workspace, git, task)
    checks.branch(workspace, git, task)
    checks.no_repository_within(workspace, git, task)
    proof = proof or workspace.settings.storage.proof
    target = pushing.target(git, state, remote, task, proof) if push else None
    with open_store(workspace, accept_outside=accept_outside) as store, FrameIndex(workspace) as index:
        checks.rebuilt(store)
        told = tuple(safe(notice) for notice in store.notices)
        index.scan(report, cancel)
        found = draft(workspace, store, index, task)
        if found.parent is not None and found.is_parent and not (anew and found.parent.legacy):
            return going_on(git, workspace, task, found.parent, message, target, told)
        planned = export.plan(workspace, store, index, task, description=message, who=who, found=found)
        told += tuple(f"Held back, and no such change is left: {safe(id_)}" for id_ in planned.stale)
        if planned.review.held and found.parent is not None and planned.draft.is_parent:
            held = len(planned.review.held)
            return going_on(git, workspace, task, found.parent, message, target, told, held=held)
        if found.parent is not None and not _is_kept(git, workspace, task, found.parent.name):
            raise _overtaken(task, found.parent.name)
        found = planned.draft
        if planned.blocks:
            raise planned.blocks[0]
        images, shown = draft_images(found, index), labels_shown(store, task)
        looked_at = gates.of_planned(workspace, store, planned, paths=False)
    paths = [f"datasets/{task.name}/{planned.name}/{name}" for name in planned.file_names.values()]
    texts = [f"datasets/{task.name}/{planned.name}/{name}" for name in _TEXTS]
    checks.hidden(git, [*paths, *texts, *companions(workspace, git, [task])])
    checks.attributes(git, paths)
    checks.free_tag(git, f"{task.name}/{planned.name}")
    gates.refuse(f"{task.name} draft", looked_at)
    tag = f"{task.name}/{planned.name}"
    waits = pushing.free_there(workspace, git, target, tag, cancel) if target is not None else None
    return ReleasePlan(
        workspace=workspace,
        task=task,
        name=planned.name,
        message=message,
        images=len(planned.chosen),
        bytes=sum(size for _, size in images),
        classes=found.classes,
        changes=found.changes,
        weigh=lambda: weighed(workspace, git, images),
        planned=planned,
        target=target,
        waits=waits,
        earlier=pushing.waiting(git, target) if target else 0,
        steps=_steps("export", target),
        labels=shown,
        notices=(*told, *_notices(workspace, git, target, waits)),
        shows=at_first(workspace, tag, waits, ((one.frame, one.label) for one in planned.chosen)),
    )


def going_on(
    git: Git,
    workspace: Workspace,
    task: Task,
    version: Version,
    message: str,
    target: Target | None,
    told: tuple[str, ...],
    *,
    finish: bool = False,
    held: int = 0,
) -> ReleasePlan:
    """Plan what is left to do for an exported version, one to `finish` or not; `held` counts what is held back."""
    from core.versions import gates

    tag, cargo = f"{task.name}/{version.name}", cargo_of(workspace, version)
    commit = commit_of(git, cargo)
    tagged = git.rev_parse(f"refs/tags/{tag}") is not None
    if tagged and commit is None:
        checks.free_tag(git, tag)
    if commit is None:
        _check_parent(git, workspace, task, version)
    waits = None
    if target is not None:
        look = pushing.ask if tagged else pushing.free_there
        waits = look(workspace, git, target, tag)
    if (
        tagged
        and not finish
        and (waits is None or (waits.tag == "same" and not waits.tags and not waits.commits))
    ):
        where = f"on {safe(target.remote)}" if target else "here, its tag is made"
        raise checks.nothing_left(
            f"{task.name} {version.name} is released already, {where}", held, pushing=target is not None
        )
    if commit is None:
        checks.hidden(git, [*cargo.paths, *companions(workspace, git, [task])])
        checks.attributes(git, list(cargo.images))
        gates.refuse(tag.replace("/", " "), gates.of_version(workspace, task, version.name))
    oids = [(pointer.oid, pointer.size) for pointer in cargo.pointers]
    parent = _items(workspace, task, version.info.parent)
    now = {item.source: item.label for item in version.items}
    shared = now.keys() & parent.keys()
    return ReleasePlan(
        workspace=workspace,
        task=task,
        name=version.name,
        message=message or version.info.description,
        images=len(cargo.images),
        bytes=cargo.bytes,
        classes=version.classes,
        changes=(
            len(now) - len(shared),
            len(parent) - len(shared),
            sum(now[frame] != parent[frame] for frame in shared),
        ),
        weigh=lambda: weighed(workspace, git, oids),
        existing=version,
        commit=commit,
        tagged=tagged,
        target=target,
        waits=waits,
        earlier=pushing.waiting(git, target) if target else 0,
        steps=_steps("push" if tagged else "tag" if commit else "stage", target),
        notices=(*told, *_notices(workspace, git, target, waits)),
        shows=at_first(workspace, tag, waits, ((item.source, item.label) for item in version.items)),
    )


def _check_parent(git: Git, workspace: Workspace, task: Task, version: Version) -> None:
    """Refuse a version that holds nothing new, or inherits its splits from one that nobody else can get.

    Holding what an older version holds is fine after a released one that differs: that is a way back.
    """
    parent = version.info.parent
    kept = parent is None or _is_kept(git, workspace, task, parent)
    rivals = manifest.list_versions(workspace, task) if version.digest else []
    for name in rivals:
        if name == version.name or (kept and name != parent):
            continue
        if manifest.read_version(workspace, task, name).digest == version.digest:
            raise Refused(
                f"There is nothing to release: {task.name} {version.name} holds exactly what {name} holds.",
                f"Remove datasets/{task.name}/{version.name}, which nobody needs.",
            )
    if not kept:
        raise Refused(
            f"{task.name} {version.name} inherits from {safe(parent or '')}, which is in no commit: "
            "nobody else could get that.",
            f"Remove datasets/{task.name}/{version.name} and what is in no commit before it, and release again: "
            "the labels stay, and the version is made anew from the last released one.",
        )


def _is_kept(git: Git, workspace: Workspace, task: Task, name: str) -> bool:
    """True where HEAD or the version's own tag holds every file of a version, so that a clone gets it."""
    if manifest.number_of(name) is None:
        return False
    folder, wanted = f"datasets/{task.name}/{name}", set[str]()
    if (path := workspace.version_dir(task, name)).is_dir():
        version = manifest.read_version(workspace, task, name)
        wanted = {f"{folder}/{item.file_name}" for item in version.items if item.oid is not None}
        wanted |= {f"{folder}/{text}" for text in _TEXTS if (path / text).is_file()}
    for ref in ("HEAD", f"refs/tags/{task.name}/{name}"):
        revision = "HEAD" if ref == "HEAD" else git.rev_parse(f"{ref}^{{commit}}")
        there = set(git.ls_tree(revision, folder)) if revision else set()
        if there and wanted <= there:
            return True
    return False


def _overtaken(task: Task, name: str) -> Refused:
    return Refused(
        f"{task.name} {name} was exported, is in no commit and differs from the draft; the new version would inherit "
        "from one that nobody else can get.",
        f"Label back what {name} holds to release it, or take it away (print-models release --abort --task "
        f"{task.name}) and release again.",
    )


def _items(workspace: Workspace, task: Task, name: str | None) -> dict[str, str]:
    if name is None or not workspace.version_dir(task, name).is_dir():
        return {}
    return {item.source: item.label for item in manifest.read_version(workspace, task, name).items}


def _steps(first: str, target: Target | None) -> tuple[str, ...]:
    every = ("export", "stage", "prove", "commit", "tag", *(("push",) if target else ()))
    return every[every.index(first) :] if first in every else ()


def _notices(workspace: Workspace, git: Git, target: Target | None, waits: Waiting | None) -> tuple[str, ...]:
    from core.setup import own_source

    own = own_source(workspace.root)
    said = [notice for notice in (own, share_notice(workspace), overruled(git)) if notice]
    if target is not None and waits is not None and waits.behind:
        merge = merge_first(target.remote, target.ref, target.again)
        said.append(f"{safe(target.remote)} has commits that are not here, so it will take no push. {merge}")
    return tuple(said)
