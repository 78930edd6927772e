"""Is a version on a remote what it is here: its tag, and every object's bytes, read there again.

What always holds: nothing is sent, and nothing is written but what the remote showed of its tags. Works in a fresh clone
too, where images are still pointers: what counts is the version's own manifest. Called by `verify --remote`.
"""

from __future__ import annotations

from core.errors import Damaged, Lacking, NotProven, Refused
from core.human import plural
from core.progress import CancelToken, Progress, Report, silent
from core.releasing import checks, pushing
from core.storage.depot import depot
from core.storage.git import Git
from core.storage.lfs import Pointer
from core.tasks import Task
from core.text import safe
from core.versions.checks import CheckResult
from core.versions.manifest import Version, read_version
from core.workspace import Workspace


def verify_there(
    workspace: Workspace,
    task: Task,
    name: str,
    remote: str | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> list[CheckResult]:
    """Compare a version with what a remote has of it; without a name the branch's own remote, else origin.

    Raises Lacking without such a remote or version or where its objects can't be asked for, NotProven where it does not answer.
    """
    git = Git(workspace.root, workspace.git_log)
    version = read_version(workspace, task, name)
    target = pushing.target(git, checks.repository(workspace, git, lfs=False), remote, task)
    waiting = pushing.ask(workspace, git, target, f"{task.name}/{name}")
    return [
        _tag(task, name, target.remote, waiting.tag),
        _objects(git, version, target, report, cancel or CancelToken()),
    ]


def _tag(task: Task, name: str, remote: str, how: str) -> CheckResult:
    tag, where = f"{task.name}/{name}", safe(remote)
    if how == "same":
        return CheckResult("remote-tag", "pass", f"{where} has {tag}, the very one that is here")
    if how == "other":
        return CheckResult(
            "remote-tag",
            "block",
            f"{where} has another {tag} than is here.",
            f"Take theirs (git fetch --tags {where}), or give ours the next number: print-models release "
            f"--renumber {name} --task {task.name}",
            code=Refused.exit_code,
        )
    return CheckResult(
        "remote-tag",
        "block",
        f"{where} has no {tag}.",
        f"Send it: print-models release --task {task.name} --push",
        code=NotProven.exit_code,
    )


def _objects(
    git: Git, version: Version, target: pushing.Target, report: Report, cancel: CancelToken
) -> CheckResult:
    """Read every object of a version on the remote and compare its hash."""
    there = depot(git, target.lfs_url, target.ref, cancel)
    where = safe(target.remote)
    known = {
        item.file_name: Pointer(item.oid, item.size)
        for item in version.items
        if item.oid is not None and item.size is not None
    }
    unique = sorted(set(known.values()))
    step = f"reading objects on {target.remote}"
    report(Progress(step, 0, len(unique)))
    found = there.faults(unique, lambda done: report(Progress(step, done, len(unique))))
    faults = {fault.pointer: fault.what for fault in found}
    wrong = {file: faults[pointer] for file, pointer in sorted(known.items()) if pointer in faults}
    if not wrong:
        unknown = len(version.items) - len(known)
        more = f"; of {plural(unknown, 'image')} the manifest tells no hash" if unknown else ""
        return CheckResult(
            "remote-objects",
            "pass",
            f"{plural(len(known), 'object')} read on {where}, each with its bytes{more}",
        )
    first, fault = next(iter(wrong.items()))
    return CheckResult(
        "remote-objects",
        "block",
        f"{plural(len(wrong), 'object')} of {plural(len(known), 'object')} on {where} "
        f"{'is' if len(wrong) == 1 else 'are'} not right, for example {safe(first, limit=100)}: {fault}.",
        f"Missing ones are sent again: git lfs push --all {where}; one with other bytes has to be deleted there first.",
        tuple(wrong),
        Lacking.exit_code if set(wrong.values()) == {"missing"} else Damaged.exit_code,
    )
