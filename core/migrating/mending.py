"""What is done about a finding: each makes one commit of exactly its own files, or changes nothing.

What always holds: no label is changed or dropped, no version is rewritten, no file of the user's is removed; doing it
again changes nothing. Called through the findings, by `migrate`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from core import release as releasing
from core.durable import lock
from core.errors import Refused
from core.human import plural
from core.labels import files
from core.progress import CancelToken, Report
from core.releasing import checks, models
from core.releasing.committing import commit_only, make_durable, stage
from core.setup import init
from core.storage.git import Git
from core.training.adopting import adopt as adopt_model
from core.versions.manifest import list_versions
from core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in words, and the commit that holds it; '' where nothing had to be committed."""

    text: str
    commit: str = ""


Mend = Callable[[Workspace, str, Report, CancelToken | None], Done]


def set_up(workspace: Workspace, who: str, report: Report, cancel: CancelToken | None) -> Done:
    """Make it a workspace, as `init` does."""
    made = init(workspace.root)
    return Done("; ".join(made.done) or "nothing was missing", made.commit)


def untrack(paths: Iterable[str]) -> Mend:
    """Take files out of git and leave them on the disk."""
    wanted = tuple(paths)

    def mend(workspace: Workspace, who: str, report: Report, cancel: CancelToken | None) -> Done:
        git = Git(workspace.root, workspace.git_log)
        checks.repository(workspace, git, lfs=False)
        with lock(workspace.ensure_private() / "release.lock", what="a release"):
            git.untrack(wanted)
            words = f"Take {plural(len(wanted), 'file')} out of git: {'it is' if len(wanted) == 1 else 'they are'} of one machine"
            commit = commit_only(git, wanted, words)
        return Done(f"{plural(len(wanted), 'file')} out of git, and still here", commit)

    return mend


def spell(name: str) -> Mend:
    """Write every label of a task's file by the name of its class."""

    def mend(workspace: Workspace, who: str, report: Report, cancel: CancelToken | None) -> Done:
        task = workspace.task(name)
        git = Git(workspace.root, workspace.git_log)
        checks.repository(workspace, git, lfs=False)
        path = workspace.labels_path(task)
        with lock(workspace.ensure_private() / "release.lock", what="a release"):
            held = files.read(path, task)
            files.write(path, held.labels, [(problem.key, problem.value) for problem in held.problems])
            paths = [task.labels_file]
            checks.hidden(git, paths)
            stage(git, paths)
            commit = commit_only(
                git, paths, f"{task.name}: {plural(held.converted, 'label')} by the name of the class"
            )
            make_durable(workspace, git)
        return Done(f"{plural(held.converted, 'label')} by name", commit)

    return mend


def release(name: str) -> Mend:
    """Release a task's first version of this tool's form; nothing is pushed."""

    def mend(workspace: Workspace, who: str, report: Report, cancel: CancelToken | None) -> Done:
        plan = releasing.plan(
            workspace,
            workspace.task(name),
            message="The first version with splits, hashes and proof",
            who=who,
            anew=True,
            report=report,
            cancel=cancel,
        )
        made = releasing.run(plan, report=report, cancel=cancel)
        return Done(f"{made.tag}: {plural(made.images, 'image')}, tagged here, not pushed", made.commit)

    return mend


def adopt(name: str, file: Path) -> Mend:
    """Keep the weights of an older model as a model version of the task's first dataset version, and in use."""

    def mend(workspace: Workspace, who: str, report: Report, cancel: CancelToken | None) -> Done:
        task = workspace.task(name)
        versions = list_versions(workspace, task)
        if not versions:
            raise Refused(
                f"{task.name} has no version that the model could belong to.",
                f"Release one first: print-models migrate --apply {task.name}/version",
            )
        before = file.stat().st_size
        record = adopt_model(workspace, task, file, version=versions[0], who=who, known_network=False)
        kept = models.keep(workspace, record, current=True, who=who)
        saved = f", {before / record.size:.1f} times smaller" if before > 1.2 * record.size else ""
        return Done(f"{record.file}{saved}, in use", kept.last or "")

    return mend
