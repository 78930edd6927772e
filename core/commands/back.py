"""When it was wrong: a release taken back, a version withdrawn, the draft back to a version."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from core.commands import completion
from core.commands.shell import Context, json_option, pass_context, task_option, who_option
from core.text import safe


def take_back(ctx: Context, task: str | None, version: str | None, *, yes: bool, as_json: bool) -> None:
    """Say what `--abort`, or `--undo VERSION`, would do, ask for a word, do it, and answer what was done."""
    from core.releasing.undoing import abort, aborting, undo, undoing

    workspace = ctx.workspace
    meant = workspace.task(task) if task or version else None
    found = (
        aborting(workspace, meant) if version is None else undoing(workspace, workspace.task(task), version)
    )
    agreed(ctx, found.kind, f"{found.name}, taken back:", found.did, yes=yes)
    done = abort(workspace, meant) if version is None else undo(workspace, workspace.task(task), version)
    text = "\n".join([f"{done.name} is taken back:", *(f"  {line}" for line in done.did)])
    ctx.answer(done.as_json(), text, as_json=as_json)


def agreed(ctx: Context, word: str, title: str, lines: Sequence[str], *, yes: bool) -> None:
    """Say what would be done, and go on where a person types that word or `yes` is given. Raises Refused."""
    from core.errors import Refused

    if yes:
        return
    ctx.notice(title)
    for line in lines:
        ctx.notice(f"  {line}")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused("Nothing was done: nobody is here to be asked.", "Add --yes to do it.")
    if str(click.prompt(f"Type “{word}” to do it", err=True)).strip() != word:
        raise Refused("Nothing was done.", "Type that very word to do it.")


def give_way(ctx: Context, task: str | None, version: str, remote: str | None, *, yes: bool) -> None:
    """Make room for somebody else's version of that number, and tell how the draft stands to it."""
    from core.releasing.renumbering import renumber, renumbering

    workspace = ctx.workspace
    meant = workspace.task(task)
    lines = renumbering(workspace, meant, version, remote)
    agreed(ctx, "renumber", f"{meant.name} {version} makes room:", lines, yes=yes)
    done = renumber(workspace, meant, version, remote, report=ctx.report)
    ctx.notice(done.synced.text())
    if done.kept:
        ctx.notice(f"{done.name} as it was made here is kept in {done.kept}")
    ctx.notice(f"What is new against it: print-models diff {version} draft --task {meant.name}")
    ctx.notice(f"Nothing is released yet; then: print-models release --task {meant.name} --push")


@click.command()
@click.argument("version", shell_complete=completion.versions)
@task_option
@click.option(
    "--reason", metavar="TEXT", required=True, help="Why, in a sentence: it stands beside the version."
)
@who_option
@json_option
@pass_context
def withdraw(
    ctx: Context, version: str, task: str | None, reason: str, who: str | None, as_json: bool
) -> None:
    """Say of a version that others may have that it was wrong: nothing takes it by itself any more, and it stays.

    It is never the latest or a default again, no later version inherits from it, and its models are flagged.
    """
    from core.releasing.withdrawing import withdraw as withdrawn_by

    workspace = ctx.workspace
    done = withdrawn_by(workspace, workspace.task(task), version, reason, workspace.who(who))
    for line in done.notices:
        ctx.notice(line)
    lines = [f"{done.task} {done.version} is withdrawn: {safe(done.reason)}", f"commit    {done.commit}"]
    lines += [f"model     {safe(model)} learned from it" for model in done.models]
    lines.append("Send it to where the version is: print-models sync")
    ctx.answer(done.as_json(), "\n".join(lines), as_json=as_json)


@click.command()
@click.argument("version", shell_complete=completion.versions)
@task_option
@who_option
@json_option
@pass_context
def rollback(ctx: Context, version: str, task: str | None, who: str | None, as_json: bool) -> None:
    """Bring the draft back to a version's labels, as one labelling step that `undo` takes back.

    Its frames get its labels; other labels stay where the draft leaves them out, and go where it would take them.
    """
    from core.commands.desk import step_json
    from core.human import plural
    from core.releasing.rolling import rollback as rolled_by

    workspace = ctx.workspace
    meant = workspace.task(task)
    step = rolled_by(workspace, meant, version, workspace.who(who))
    lines = [
        f"{safe(step.text)}   (undo: print-models undo)"
        if step.changed
        else f"The draft is {version} already."
    ]
    if step.left:
        lines.append(
            f"{plural(len(step.left), 'frame')} of {version} {'is' if len(step.left) == 1 else 'are'} marked excluded "
            f"since, and stay out: {safe(step.left[0])}{' …' if step.left[1:] else ''}"
        )
    ctx.answer({**step_json(step), "left": list(step.left)}, "\n".join(lines), as_json=as_json)
