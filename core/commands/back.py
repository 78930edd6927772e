"""When it was wrong: a release taken back, a version withdrawn, the draft back to a version."""

from __future__ import annotations

import sys

import click

from core.commands import completion
from core.commands.shell import Context, json_option, pass_context, task_option, who_option
from core.text import safe


def take_back(ctx: Context, task: str | None, version: str | None, *, yes: bool, as_json: bool) -> None:
    """Say what `--abort`, or `--undo VERSION`, would do, ask for a word, do it, and answer what was done."""
    from core.errors import Refused
    from core.releasing.undoing import abort, aborting, undo, undoing

    workspace = ctx.workspace
    meant = workspace.task(task) if task or version else None
    found = (
        aborting(workspace, meant) if version is None else undoing(workspace, workspace.task(task), version)
    )
    word = found.kind
    if not yes:
        ctx.notice(f"{found.name}, taken back:")
        for line in found.did:
            ctx.notice(f"  {line}")
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise Refused("Nothing was done: nobody is here to be asked.", "Add --yes to do it.")
        if str(click.prompt(f"Type “{word}” to do it", err=True)).strip() != word:
            raise Refused("Nothing was done.", "Type that very word to do it.")
    done = abort(workspace, meant) if version is None else undo(workspace, workspace.task(task), version)
    text = "\n".join([f"{done.name} is taken back:", *(f"  {line}" for line in done.did)])
    ctx.answer(done.as_json(), text, as_json=as_json)


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
