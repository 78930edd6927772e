"""`verify`: is a version what it says it is, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.shell import Context, json_option, pass_context, task_option
from core.text import safe

if TYPE_CHECKING:
    from core.versions.checks import CheckResult

_LEVELS = {"pass": "ok   ", "warn": "warn ", "block": "BLOCK"}


@click.command()
@click.argument("version", required=False, shell_complete=completion.versions)
@task_option
@json_option
@pass_context
def verify(ctx: Context, version: str | None, task: str | None, as_json: bool) -> None:
    """Compare every byte of a version with its hashes; without VERSION, of all versions."""
    from core.versions.checks import exit_code
    from core.versions.checks import verify as check
    from core.versions.manifest import list_versions

    ws = ctx.workspace
    tasks = [ws.task(task)] if task or version else list(ws.tasks.values())
    lines: list[str] = []
    rows: list[dict[str, Any]] = []
    found: list[CheckResult] = []
    for one in tasks:
        for name in [version] if version else list_versions(ws, one):
            results = check(ws, one, name, ctx.report)
            found += results
            rows += [{"task": one.name, "version": name, **result.as_json()} for result in results]
            lines += [f"{one.name} {safe(name)}", *map(_check_line, results)]
    text = "\n".join(lines) or "There is no version to verify."
    code = exit_code(found)
    ctx.answer({"ok": code == 0, "results": rows}, text, as_json=as_json)
    if code:
        ctx.exit(code)


def _check_line(result: CheckResult) -> str:
    line = f"  {_LEVELS[result.level]} {safe(result.id)}: {safe(result.text)}"
    return f"{line}\n        {safe(result.remedy)}" if result.remedy and result.level != "pass" else line
