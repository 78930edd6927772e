"""`migrate`: an older repository becomes a workspace, one accepted step after the other."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from core.commands.shell import Context, json_option, pass_context, who_option
from core.errors import PrintModelsError, Refused, WrongUsage
from core.text import safe

if TYPE_CHECKING:
    from core.migrating.finding import Finding
    from core.workspace import Workspace

_ALL = "all"


@click.command()
@click.option(
    "--apply", "wanted", multiple=True, metavar="ID", help="Do what is proposed under this ID; all for each."
)
@who_option
@json_option
@pass_context
def migrate(ctx: Context, wanted: tuple[str, ...], who: str | None, as_json: bool) -> None:
    """Look through a repository of older tools, propose what to mend, and do what is accepted, a commit each.

    On a terminal each step is asked for; elsewhere nothing is done without --apply. What only a person can decide, such
    as which of two labels is right, is listed with where to decide it. Nothing is pushed.
    """
    from core.migrating.finding import look

    found = look(ctx.workspace)
    _check(wanted, found)
    asks = not wanted and not as_json and sys.stdin.isatty() and sys.stdout.isatty()
    lines = [line for number, one in enumerate(found, 1) for line in _told(number, one)]
    rows = [one.as_json() for one in found]
    if asks or wanted:
        if not as_json:
            click.echo("\n".join(lines) or "Nothing is left to mend.")
        done = _apply(ctx, found, wanted, who or "", asks=asks, quiet=as_json)
        ctx.answer({"findings": rows, "done": done}, _ending(ctx.workspace, done), as_json=as_json)
        return
    open_ = [one for one in found if one.mend is not None]
    if open_:
        lines.append("next: print-models migrate --apply all   (or one ID after the other)")
    ctx.answer(
        {"findings": rows, "done": []}, "\n".join(lines) or "Nothing is left to mend.", as_json=as_json
    )


def _check(wanted: tuple[str, ...], found: list[Finding]) -> None:
    known = {one.id: one for one in found}
    for id_ in wanted:
        if id_ == _ALL:
            continue
        if id_ not in known:
            there = ", ".join(known) or "nothing is left to mend"
            raise WrongUsage(f"“{safe(id_, limit=60)}” was not found here.", f"There are: {there}.")
        if known[id_].mend is None:
            raise WrongUsage(f"{id_} is for you to decide.", known[id_].proposal)


def _told(number: int, one: Finding) -> list[str]:
    sign = "→" if one.mend is not None else "?"
    return [f"{number:>2}  {one.id}", f"    {one.text}", f"    {sign} {one.proposal}"]


def _apply(
    ctx: Context, found: list[Finding], wanted: tuple[str, ...], who: str, *, asks: bool, quiet: bool
) -> list[dict[str, str]]:
    """Do what is accepted, in order; a step that fails ends it, and those before it stay done."""
    from core.migrating.finding import SETUP
    from core.settings import FILE_NAME
    from core.workspace import Workspace

    done = []
    for one in found:
        if one.mend is None or not (asks or _ALL in wanted or one.id in wanted):
            continue
        if asks:
            click.echo()
            if not click.confirm(f"{one.id}: do it?", default=False):
                continue
        # The first step writes the settings that every later one goes by.
        workspace = Workspace.open(ctx.workspace.root)
        if one.id != SETUP and not (workspace.root / FILE_NAME).exists():
            raise Refused(
                "It is no workspace yet, so nothing else is done here.", f"Begin with it: --apply {SETUP}"
            )
        made = one.mend(workspace, who, ctx.report, None)
        if not quiet:
            click.echo(
                f"done  {one.id}: {made.text}" + (f" · commit {made.commit[:12]}" if made.commit else "")
            )
        done.append({"id": one.id, "text": made.text, "commit": made.commit})
    return done


def _ending(workspace: Workspace, done: list[dict[str, str]]) -> str:
    """Return what is left, after what was done."""
    from core.migrating.finding import look
    from core.workspace import Workspace as Anew

    try:
        left = look(Anew.open(workspace.root))
    except PrintModelsError as error:
        return error.what
    open_ = [one.id for one in left if one.mend is not None]
    own = [one.id for one in left if one.mend is None]
    lines = [f"left      {', '.join(open_)}"] * bool(open_)
    lines += [f"to decide {', '.join(own)}"] * bool(own)
    if done:
        lines.append("next: print-models status, then release --push where there is a remote")
    return "\n".join(lines) or "Nothing is left to mend."
