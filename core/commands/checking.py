"""`verify` and `check`: is a version what it says it is, and is anything odd in what one would be made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.shell import Context, json_option, pass_context, tasks_option
from core.text import safe

if TYPE_CHECKING:
    from core.tasks import Task
    from core.versions.checks import CheckResult

_LEVELS = {"pass": "ok   ", "warn": "warn ", "block": "BLOCK"}


@click.command()
@click.argument("version", required=False, shell_complete=completion.versions)
@tasks_option
@json_option
@pass_context
def verify(ctx: Context, version: str | None, task: str | None, as_json: bool) -> None:
    """Compare every byte of a version with the hashes recorded in it; without VERSION, of all versions."""
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


@click.command()
@click.argument("version", required=False, shell_complete=completion.versions)
@tasks_option
@json_option
@pass_context
def check(ctx: Context, version: str | None, task: str | None, as_json: bool) -> None:
    """Look for what is odd in labels, versions, models and the repository; with VERSION in that one alone.

    Exit code 1 where something blocks.
    """
    from core.versions import gates
    from core.versions.manifest import list_versions

    ws = ctx.workspace
    found: list[tuple[str, list[CheckResult]]] = []
    if version is not None:
        one = ws.task(task)
        found.append((f"{one.name} {version}", gates.of_version(ws, one, version)))
    else:
        tasks = [ws.task(task)] if task else list(ws.tasks.values())
        found += _of_drafts(ctx, tasks)
        found += [
            (f"{one.name} {name}", gates.of_version(ws, one, name))
            for one in tasks
            for name in list_versions(ws, one)
        ]
        found.append(("repository", gates.of_repository(ws)))
        found.append(("history", gates.of_history(ws)))
        found.append(("models", gates.of_models(ws)))
    rows = [{"about": about, **result.as_json()} for about, results in found for result in results]
    lines = [
        line for about, results in found if results for line in (safe(about), *map(_check_line, results))
    ]
    count = {level: sum(row["level"] == level for row in rows) for level in ("block", "warn")}
    lines.append(f"{count['block']} blocking, {count['warn']} to look at")
    ctx.answer({"ok": not count["block"], "results": rows}, "\n".join(lines), as_json=as_json)
    if count["block"]:
        ctx.exit(1)


def _of_drafts(ctx: Context, tasks: list[Task]) -> list[tuple[str, list[CheckResult]]]:
    from core.frames.index import FrameIndex
    from core.labels.sync import open_store
    from core.versions import gates

    with open_store(ctx.workspace) as store, FrameIndex(ctx.workspace) as index:
        index.scan(ctx.report)
        for notice in store.notices:
            ctx.notice(safe(notice))
        return [(f"{one.name} draft", gates.of_draft(ctx.workspace, store, index, one)) for one in tasks]
