"""`doctor`: what this host has and lacks, and with `--remote` whether a remote can be read and pushed to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from core.commands.finding import Finding
from core.commands.host import look
from core.commands.shell import Context, json_option, pass_context
from core.errors import PrintModelsError
from core.human import plural
from core.workspace import Workspace

_MARKS = {"pass": "ok", "warn": "warn", "block": "LACKS"}
_LACKING = 5


@click.command()
@click.option(
    "--remote",
    metavar="[NAME]",
    is_flag=False,
    flag_value="",
    help="Ask a remote too: can I read and push there, does Git LFS answer? Nothing is pushed.",
)
@json_option
@pass_context
def doctor(ctx: Context, remote: str | None, as_json: bool) -> None:
    """Show what this host has for the job and what it lacks, each with its remedy.

    Ends with 5 where something is missing that labelling and releasing can't do without.
    """
    workspace = _workspace(ctx)
    found = list(look(ctx.folder, workspace))
    if remote is not None:
        found += _remote(ctx, remote or None)
    lacking = [one for one in found if one.level == "block"]
    results = [{"id": one.id, "level": one.level, "text": one.text, "remedy": one.remedy} for one in found]
    ctx.answer({"ok": not lacking, "results": results}, "\n".join(_lines(found)), as_json=as_json)
    if lacking:
        ctx.exit(_LACKING)


def _workspace(ctx: Context) -> Workspace | None:
    try:
        return ctx.workspace
    except PrintModelsError as error:
        ctx.notice(error.what)
        return None


def _remote(ctx: Context, named: str | None) -> Iterator[Finding]:
    from core.storage.remotes import ask

    try:
        for one in ask(ctx.workspace.root, named):
            yield Finding(one.id, "pass" if one.fine else "block", one.text, one.remedy)
    except PrintModelsError as error:
        yield Finding("remote", "block", error.what, error.remedy)


def _lines(found: Sequence[Finding]) -> list[str]:
    wide = max(len(one.id) for one in found)
    lines = []
    for one in found:
        lines.append(f"{_MARKS[one.level]:5}  {one.id:{wide}}  {one.text}")
        if one.remedy and one.level != "pass":
            lines.append(f"{'':5}  {'':{wide}}  → {one.remedy}")
    lacking = sum(1 for one in found if one.level == "block")
    said = "Nothing is missing for labelling and releasing."
    if any(one.id in ("workspace", "camera") and one.level == "warn" for one in found):
        said = "This host lacks nothing; what the workspace waits for stands above (warn)."
    if lacking:
        said = f"{plural(lacking, 'thing')} to mend before labelling and releasing (LACKS)."
    return [*lines, "", said]
