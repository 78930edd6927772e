"""What `train` does before a training begins: the draft it learns from, another machine, what is said of it.

Called by the command `train` alone. None of it imports torch.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from core.commands.shell import Context

if TYPE_CHECKING:
    from core.training.runs import Run
    from core.training.spec import Spec
    from core.versions.manifest import Version
    from core.workspace import Workspace

#: Options that are not passed on to another machine: they name what only this one knows.
_HERE = ("on", "task", "dataset_dir", "labels", "accept_outside", "foreground", "resume", "as_json")


def begun(workspace: Workspace, run: Run) -> list[str]:
    """Say what a training does, and what it can't become."""
    from core.training.dataset import released
    from core.versions.manifest import DRAFT

    what = run.spec
    version = (
        f"{what.task} {'as it is labelled now' if what.dataset.version == DRAFT else what.dataset.version}"
    )
    lines = [
        f"{run.id}: {what.architecture}, {what.mode}, on {version} ({what.dataset.digest[:19]}…), "
        f"{what.threads} of the processor's threads"
    ]
    if what.val_split:
        lines.append(
            "Its split is its own (--val-split): to try something out; no model version can be made of it."
        )
    elif what.dataset.version == DRAFT:
        same = released(workspace, what)
        lines.append(
            f"These labels are those of {same.name}: what comes out can become a model version of that."
            if same is not None
            else "It can become a model version once a release holds exactly these labels: print-models release"
        )
    return lines


def draft_of(
    ctx: Context,
    task: str | None,
    labels: Path | None,
    dataset_dir: Path | None,
    on: str | None,
    *,
    accept: bool,
) -> Version | None:
    """Return what a label file would be as a version, None where none is named. Raises WrongUsage, Refused, Lacking."""
    if labels is None:
        return None
    from core.commands.versions import opened
    from core.errors import WrongUsage
    from core.labels.sync import flush
    from core.versions.drafted import drafted
    from core.versions.export import plan
    from core.versions.numbering import words_of

    if dataset_dir is not None:
        raise WrongUsage("--labels and --dataset-dir name two datasets.", "Leave one of them out.")
    if on is not None:
        raise WrongUsage(
            "Another machine has neither this camera nor these labels; it fetches a version that was pushed.",
            "Release and push first: print-models release --push   or train here: leave --on out.",
        )
    words = words_of(ctx.workspace, task=task, labels=labels, folder=ctx.folder.resolve())
    with ExitStack() as stack:
        store, index = opened(ctx, stack, accept=accept)
        flushed = flush(ctx.workspace, store, words.task, accept_outside=accept)
        if flushed.problem is not None and words.labels is None:
            raise flushed.problem
        planned = plan(ctx.workspace, store, index, words.task, labels=words.labels, again=True)
        return drafted(ctx.workspace, planned, ctx.report)


def away(workspace: Workspace, host: str, what: Spec) -> Run:
    """Start a training on another machine, with the options that were given here."""
    from core.releasing.pushing import remote_of
    from core.storage.git import Git
    from core.training import runs

    git = Git(workspace.root)
    state = git.state()
    url = state.remotes[remote_of(state, None)]
    # Of git's own configuration, not of print-models.toml: a file that comes with a clone must not name programs.
    tool = git.line("config", "--get", "print-models.command") or ""
    context = click.get_current_context()
    options: dict[str, str | bool] = {}
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if given and parameter.name not in _HERE:
            value = context.params[parameter.name or ""]
            no = value is False and parameter.secondary_opts
            options[parameter.secondary_opts[0] if no else parameter.opts[0]] = (
                True if isinstance(value, bool) else str(value)
            )
    return runs.start_on(workspace, host, url, what, options, tool=tool)


def refuse_beside_resume() -> None:
    """A training that goes on is what its spec says: options that would ask for something else are refused by name."""
    from core.errors import WrongUsage

    context = click.get_current_context()
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name not in ("resume", "foreground", "as_json")
        and context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
    ]
    if given:
        raise WrongUsage(
            f"--resume goes on with a training as it was asked for; {', '.join(given)} can't change that.",
            "Leave it out, or start a new training without --resume.",
        )
