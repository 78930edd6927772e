"""What goes back: an interrupted release, a version that was never pushed; said first, done after a word."""

from __future__ import annotations

import sys

import click

from core.commands.shell import Context


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
