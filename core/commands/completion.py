"""`completion`: what makes a shell complete our commands, options, tasks, versions and trainings by the tab key.

What always holds: what is offered comes from the table of commands and from the workspace's own files; a key press in
somebody's shell never prints an error and never imports torch or the app. The words are asked for by click, which
starts this program anew with `_PRINT_MODELS_COMPLETE` set.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.text import safe

if TYPE_CHECKING:
    from core.workspace import Workspace

VARIABLE = "_PRINT_MODELS_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def completion(shell: str) -> None:
    """Print what makes a shell complete print-models by the tab key.

    \b
    bash   eval "$(print-models completion bash)"   in ~/.bashrc
    zsh    eval "$(print-models completion zsh)"   in ~/.zshrc, after compinit
    fish   print-models completion fish | source   in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from core.commands.shell import program

    kind = get_completion_class(shell)
    if kind is None:
        raise LookupError(shell)
    click.echo(kind(program, {}, "print-models", VARIABLE).source())


def tasks(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the workspace's tasks that begin so."""
    return _from(context, begun, lambda workspace: list(workspace.tasks))


def classes(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the classes of the task named before, else of every task, that begin so."""
    named = context.params.get("task")

    def found(workspace: Workspace) -> list[str]:
        chosen = [workspace.task(named)] if named else list(workspace.tasks.values())
        return [name for task in chosen for name in task.classes]

    return _from(context, begun, found)


def versions(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the versions of the task named before, else of every task, that begin so; `draft` among them."""
    named = context.params.get("task")

    def found(workspace: Workspace) -> list[str]:
        chosen = [workspace.task(named)] if named else list(workspace.tasks.values())
        folders = [workspace.dataset_root(task) for task in chosen]
        return [
            "draft",
            *(path.name for folder in folders if folder.is_dir() for path in folder.glob("v[0-9]*")),
        ]

    return _from(context, begun, found)


def runs(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the trainings whose id begins so."""

    def found(workspace: Workspace) -> list[str]:
        from core.training.runs import list_runs

        return [run.id for run in list_runs(workspace)]

    return _from(context, begun, found)


def sources(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Complete a camera."""
    return _from(context, begun, lambda workspace: list(workspace.sources))


def queues(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return the queues of the task named before, else of the default one, that begin so."""
    from core.labels.queues import kinds

    named = context.params.get("task")
    return _from(context, begun, lambda workspace: [kind.id for kind in kinds(workspace.task(named))])


def _from(context: click.Context, begun: str, names: Callable[[Workspace], list[str]]) -> list[str]:
    from core.errors import PrintModelsError
    from core.workspace import Workspace

    folder = context.find_root().params.get("folder") or Path.cwd()
    try:
        found = names(Workspace.find(folder))
    except (PrintModelsError, OSError):
        return []  # the command itself will say what is wrong; a tab key must not
    return sorted({name for name in found if name.startswith(begun) and name == safe(name)})


#: `--source NAME`, as `only`.
source_option = click.option(
    "--source",
    "only",
    metavar="NAME",
    shell_complete=sources,
    help="One camera; without it all that are not retired.",
)
