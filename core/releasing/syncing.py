"""`sync`: this machine's labels, marks and history and those of a remote become the same, with commits of text alone.

What always holds: labels are committed here before a remote is asked, so that a remote that is away costs nothing; a
frame that both sides labelled differently keeps both values and nothing is pushed before a person decides; no object of
Git LFS is sent, and no pointer whose object the remote might lack; no tag is pushed. Called by commands/syncing.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from core.durable import lock
from core.errors import Lacking, NotProven, PrintModelsError, Refused
from core.human import plural
from core.labels import files
from core.labels.sync import open_store
from core.process import ProcessFailed
from core.progress import Progress, Report, silent
from core.releasing import checks, pushing, trouble
from core.releasing.committing import save_labels
from core.releasing.meeting import Again, Link, check_readable, merge, new_versions
from core.releasing.rejected import non_fast_forward, reason
from core.storage.depot import depot
from core.storage.git import Git
from core.storage.lfs import Pointer, parse_pointer
from core.storage.remotes import lfs_address
from core.storage.walk import pointers_of
from core.text import safe
from core.versions.kept import drop_private
from core.workspace import Workspace

#: So often it is merged anew where somebody else pushed, or labelled, in between.
_TRIES = 3
_Labels = Mapping[tuple[str, str], str]


@dataclass(slots=True)
class Synced:
    """What a sync did: labels that `came` and that `went`, frames in `conflicts`, and whether it was `pushed`.

    `commits` are how many came and went, whatever they hold: marks, a withdrawal, what others changed.
    `problem` is what kept it from ending well; what is told here was done all the same.
    """

    remote: str
    branch: str
    commit: str = ""
    came: int = 0
    went: int = 0
    conflicts: tuple[str, ...] = ()
    pushed: bool = False
    problem: PrintModelsError | None = None
    notices: list[str] = field(default_factory=list)
    commits: tuple[int, int] = (0, 0)

    def as_json(self) -> dict[str, Any]:
        return {
            "remote": self.remote,
            "branch": self.branch,
            "commit": self.commit,
            "came": self.came,
            "went": self.went,
            "conflicts": list(self.conflicts),
            "pushed": self.pushed,
        }

    def text(self) -> str:
        """Return it in a line: 'in step with origin: 12 labels came, 30 went'."""
        moved = "nothing new"
        if self.came or self.went:
            moved = f"{plural(self.came, 'label')} came, {self.went} went"
        elif any(self.commits):
            came, went = self.commits
            moved = f"{plural(came, 'commit')} came, {went} went; no label is another"
        return (
            f"in step with {safe(self.remote)}: {moved}"
            if self.pushed
            else f"not in step with {safe(self.remote)}"
        )


def sync(
    workspace: Workspace,
    *,
    remote: str | None = None,
    accept_outside: bool = False,
    report: Report = silent,
) -> Synced:
    """Save the labels, take what the remote's branch has, send what it lacks; return how far that came.

    `accept_outside` takes also a change that removes many labels. Raises what keeps a commit from being made here,
    Lacking without a remote, Refused for a state of the repository that it does not touch.
    """
    workspace.ensure_private()
    git = Git(workspace.root, workspace.git_log)
    state = checks.repository(workspace, git, lfs=False)
    name = pushing.remote_of(state, remote)
    branch = state.branch or ""
    upstream = git.line("config", f"branch.{branch}.merge") if state.upstream == name else None
    url = git.line("remote", "get-url", "--push", name) or state.remotes[name]
    link = Link(name, url, branch, upstream or f"refs/heads/{branch}")
    done = Synced(name, link.there)
    with lock(workspace.private / "release.lock", what="a release"):
        for again in range(_TRIES, 0, -1):
            try:
                _once(workspace, git, link, done, accept_outside, report)
                break
            except Again:
                if again == 1:
                    done.problem = NotProven(
                        f"{safe(name)} was pushed to by somebody else while this went there, three times over.",
                        "Labels are saved and merged here; sync again in a moment.",
                    )
            except PrintModelsError as error:
                done.problem = trouble.plain(error, git, "every label is safe on this machine")
                break
        done.commit = git.head() or ""
    _drop_private(workspace)
    return done


def _drop_private(workspace: Workspace) -> None:
    """Take away the copies of pictures that somebody elsewhere has said are private."""
    with suppress(PrintModelsError), open_store(workspace) as store:
        drop_private(workspace, store)


def _once(workspace: Workspace, git: Git, link: Link, done: Synced, accept: bool, report: Report) -> None:
    tasks = list(workspace.tasks.values())
    saved = save_labels(workspace, git, "Save labels, marks and history", accept_outside=accept)
    done.notices += [notice for notice in saved.notices if notice not in done.notices]
    _refuse_undecided(workspace, done, link, accept)
    report(Progress(f"asking {link.remote}", 0, None))
    before = _labels_at(git, workspace, "HEAD")
    head = _fetch(git, link, before, workspace)
    if head is not None and not _has(git, head):
        report(Progress("merging", 0, None))
        start = git.head() or ""
        check_readable(git, workspace, head, link)
        done.commits = (done.commits[0] + _commits(git, start, head), done.commits[1])
        problem = merge(workspace, git, link, head, accept=accept, told=done.notices)
        after = _labels_at(git, workspace, "HEAD")
        done.came += _differing(before, after)
        done.notices += new_versions(git, start)
        if problem is not None:
            raise problem
        _refuse_undecided(workspace, done, link, accept)
    now = _labels_at(git, workspace, "HEAD")
    done.went = _differing(now, _labels_at(git, workspace, head)) if head else len(now)
    if head is None or git.head() != head:
        done.commits = (done.commits[0], _commits(git, head, "HEAD"))
        _push(workspace, git, link, tasks[0].name, report)
    done.pushed = True


# --- what is here and there -------------------------------------------------------------------------------------


def _labels_at(git: Git, workspace: Workspace, revision: str) -> _Labels:
    """Return (task, frame) → class as a commit has them; a file that can't be read has none."""
    tasks = list(workspace.tasks.values())
    found: dict[tuple[str, str], str] = {}
    for task, data in zip(tasks, git.contents([f"{revision}:{t.labels_file}" for t in tasks]), strict=True):
        try:
            held = files.parse(data, task, task.labels_file).labels if data is not None else {}
        except PrintModelsError:
            held = {}
        found |= {(task.name, frame): class_ for frame, class_ in held.items()}
    return found


def _differing(one: _Labels, other: _Labels) -> int:
    return sum(one.get(key) != other.get(key) for key in one.keys() | other.keys())


def _commits(git: Git, known: str | None, there: str) -> int:
    """Return how many commits `there` has beside those of `known`, without merges and what is told in journals alone."""
    words = [
        "log",
        "--no-merges",
        "--name-only",
        "--format=%x01",
        there,
        *(["--not", known] if known else []),
    ]
    each = (one.split("\n") for one in git.ask(*words).text.split("\x01"))
    return sum(any(path and not path.startswith("data/history/") for path in paths) for paths in each)


def _has(git: Git, head: str) -> bool:
    """True where HEAD's history holds a commit."""
    return git.ask("merge-base", "--is-ancestor", head, "HEAD", check=False).code == 0


def _fetch(git: Git, link: Link, ours: _Labels, workspace: Workspace) -> str | None:
    """Bring what the remote's branch has; return its commit, None where it has no such branch. Raises NotProven."""
    try:
        head = git.ls_remote(link.remote, link.ref).get(link.ref)
        if head is not None:
            git.fetch(link.remote, f"+{link.ref}:{link.seen}")
    except (ProcessFailed, Lacking) as error:
        why = reason(error) if isinstance(error, ProcessFailed) else safe(error.what)
        known = git.rev_parse(link.seen)
        waiting = _differing(ours, _labels_at(git, workspace, known)) if known else len(ours)
        raise NotProven(
            f"{safe(link.remote)} does not answer: {why.rstrip('.')}. {plural(waiting, 'label')} "
            f"{'is' if waiting == 1 else 'are'} saved here and {'waits' if waiting == 1 else 'wait'}.",
            "Connect it or correct its address (git remote -v), then: print-models sync",
            detail=error.detail,
        ) from error
    return head


def _refuse_undecided(workspace: Workspace, done: Synced, link: Link, accept: bool) -> None:
    """Raise Refused where frames wait for a decision: nobody else is to get both values."""
    with open_store(workspace, accept_outside=accept) as store:
        waiting = [
            (name, entry.key)
            for name, entries in (
                *((task.name, store.problems(task)) for task in workspace.tasks.values()),
                ("", store.mark_problems()),
            )
            for entry in entries
            if entry.in_conflict
        ]
    done.conflicts = tuple(dict.fromkeys(frame for _, frame in waiting))
    if not waiting:
        return
    task, first = waiting[0]
    frames = plural(len(done.conflicts), "frame")
    how = (
        f"print-models label --task {task} --as CLASS {safe(first)}"
        if task
        else f"print-models mark {safe(first)}"
    )
    raise Refused(
        f"{frames} {'was' if len(done.conflicts) == 1 else 'were'} labelled differently here and elsewhere; both values "
        f"are kept, and nothing was sent to {safe(link.remote)}.",
        f"Decide (the list: print-models frames --filter conflict): {how}; then print-models sync",
    )


# --- sending ----------------------------------------------------------------------------------------------------


def _push(workspace: Workspace, git: Git, link: Link, task: str, report: Report) -> None:
    """Push the branch alone. Raises NotProven, Again where it went on meanwhile."""
    _refuse_objects(git, link, task)
    report(Progress(f"pushing to {link.remote}", 0, None))
    try:
        git.push_branch(link.remote, f"refs/heads/{link.branch}:{link.ref}")
    except ProcessFailed as error:
        if non_fast_forward(error):
            raise Again from error
        raise NotProven(
            f"{safe(link.remote)} did not take {safe(link.branch)}: {reason(error)}. The labels are saved here.",
            "Mend that, then: print-models sync",
            detail=error.detail,
        ) from error


def _refuse_objects(git: Git, link: Link, task: str) -> None:
    """Raise NotProven where the branch would carry pointers whose objects the remote may lack."""
    known = (
        [f"--remotes={link.remote}"] if git.ask("for-each-ref", f"refs/remotes/{link.remote}/").text else []
    )
    wanted = pointers_of(git, ["HEAD", *(["--not", *known] if known else [])])
    lacking = _lacking(git, link, sorted(wanted))
    if not lacking:
        return
    raise NotProven(
        f"Labels are saved and merged here, but not sent: the branch also holds {plural(len(lacking), 'file')} "
        f"in Git LFS that {safe(link.remote)} does not have.",
        f"Send what is large first, the labels go with it: print-models {_sends(git, task, set(lacking))}",
    )


def _sends(git: Git, task: str, lacking: set[Pointer]) -> str:
    """The command that sends these objects with the branch: of a model where all are models', else a release."""
    names = git.ask("ls-tree", "-r", "--name-only", "HEAD", "models/versions/").text.split("\n")
    weights = [name for name in names if name.endswith(".pth")]
    held = zip(weights, git.contents([f"HEAD:{name}" for name in weights]), strict=True)
    models = {parse_pointer(data): PurePosixPath(name).stem for name, data in held if data is not None}
    if lacking <= models.keys():
        return f"promote {safe(max(models[pointer] for pointer in lacking))} --push"
    return f"release --task {task} --push"


def _lacking(git: Git, link: Link, wanted: list[Pointer]) -> list[Pointer]:
    """Return the objects that are not known to be there; a remote that does not say is taken to have none."""
    if not wanted:
        return []
    try:
        there = depot(git, lfs_address(git, link.remote) or link.url)
        return [fault.pointer for fault in there.absent(wanted)]
    except PrintModelsError:
        return wanted
