"""`review`: what the next version would change, hold some of it back, say something of it."""

from __future__ import annotations

from contextlib import ExitStack

import click

from core.commands.shell import Context, json_option, pass_context, task_option, who_option
from core.errors import WrongUsage
from core.text import safe


@click.command()
@click.option("--hold", "held", metavar="ID", multiple=True, help="Keep this change out of the next version.")
@click.option("--let", "freed", metavar="ID", multiple=True, help="Hold it back no longer.")
@click.option(
    "--comment",
    "said",
    metavar="ID TEXT",
    nargs=2,
    multiple=True,
    help="Say something of it, for the version's card; an empty TEXT takes it off.",
)
@task_option
@who_option
@json_option
@pass_context
def review(
    ctx: Context,
    held: tuple[str, ...],
    freed: tuple[str, ...],
    said: tuple[tuple[str, str], ...],
    task: str | None,
    who: str | None,
    as_json: bool,
) -> None:
    """Review what the next version would change: stretch by stretch, each with its ID.

    What is held back stays as the latest version has it, also in later versions, until it is let go. Comments become
    lines of the version's card and of its commit. Both are kept with the labels: undo takes them back.
    """
    from core.commands.versions import opened, reviewed_words
    from core.human import plural, signed_size
    from core.labels.sync import flush
    from core.versions import review as reviews
    from core.versions.diff import Snapshot, diff
    from core.versions.reviewed import reviewed
    from core.versions.snapshots import snapshot_of

    ws, chosen = ctx.workspace, ctx.workspace.task(task)
    base = reviews.base_of(ws, chosen)
    with ExitStack() as stack:
        store, index = opened(ctx, stack)
        names = (base, "draft")
        ends = [
            snapshot_of(ws, name, chosen, store=store, index=index, folder=ctx.folder, tell=ctx.notice)
            if name
            else Snapshot("nothing", {}, chosen.classes)
            for name in names
        ]
        known = {hunk.id for hunk in diff(*ends).hunks}
        _check([*held, *(id_ for id_, _ in said)], known, base)
        by = ws.who(who) if held or freed or said else ""
        if held:
            reviews.hold(ws, chosen, held, True, by, store)
        if freed:
            reviews.hold(ws, chosen, freed, False, by, store)
        for id_, text in said:
            reviews.comment(ws, chosen, id_, text, by, store)
        if by:
            flushed = flush(ws, store, chosen)
            if flushed.problem is not None:  # it stands in the database, and is written by the next command
                ctx.notice(str(flushed.problem))
        found = reviews.read(ws, chosen, store)
        told = reviewed(ws, chosen, ends[0], ends[1], found, store, index)
    out = sum(hunk.held for hunk in told.hunks)
    lines = [
        f"{chosen.name}: {base or 'nothing'} → draft   {told.summary()}   {plural(out, 'change')} held back"
    ]
    for hunk in told.hunks:
        lines.append(
            f"  {'○' if hunk.held else '●'} {safe(hunk.id)}  {plural(len(hunk.frames), 'frame')}  "
            f"{safe(hunk.change)}  {signed_size(hunk.bytes)}"
        )
        lines += [f"      {word}" for word in reviewed_words(hunk)]
    stale = sorted(found.held - known)
    lines += [f"  held back, and no such change is left: {safe(id_)}" for id_ in stale]
    answer = {
        "base": base or None,
        "hunks": [hunk.as_json() for hunk in told.hunks],
        "held": out,
        "stale": stale,
    }
    ctx.answer(answer, "\n".join(lines), as_json=as_json)


def _check(ids: list[str], known: set[str], base: str) -> None:
    for id_ in ids:
        if id_ not in known:
            there = f"For example {safe(min(known))}." if known else "There is none now."
            raise WrongUsage(
                f"There is no change “{safe(id_, limit=120)}” between {base or 'nothing'} and the draft.",
                there,
            )
