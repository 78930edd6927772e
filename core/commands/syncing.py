"""`sync`: labels of several machines meet in a remote."""

from __future__ import annotations

import click

from core.commands.shell import Context, accept_outside_option, json_option, pass_context


@click.command()
@click.option("--remote", metavar="NAME", help="The remote; without it the branch's own, else origin.")
@accept_outside_option
@json_option
@pass_context
def sync(ctx: Context, remote: str | None, accept_outside: bool, as_json: bool) -> None:
    """Save the labels, take those of a remote, and send what it lacks: text only, no image and no tag.

    Labels, marks and history are merged frame by frame. A frame that was labelled differently on both sides keeps both
    values and waits for you; nothing is sent before. Exit code 6: saved here, not sent.
    """
    from core.errors import Cancelled
    from core.releasing.syncing import sync as run

    try:
        done = run(ctx.workspace, remote=remote, accept_outside=accept_outside, report=ctx.report)
    except KeyboardInterrupt as error:
        raise Cancelled(
            "Stopped: what is saved and merged so far stays here.", "Run it again to go on."
        ) from error
    for line in done.notices:
        ctx.notice(line)
    ctx.answer(done.as_json(), done.text(), as_json=as_json)
    if done.problem is not None:
        raise done.problem
