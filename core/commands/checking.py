"""`verify`, `check` and `splits`: is a version what it says it is, is anything odd, and what is on which side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.shell import (
    Context,
    json_option,
    keeps_what_it_makes,
    pass_context,
    task_option,
    tasks_option,
)
from core.text import safe

if TYPE_CHECKING:
    from contextlib import ExitStack

    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.tasks import Task
    from core.versions.checks import CheckResult
    from core.versions.split_view import SplitView

_LEVELS = {"pass": "ok   ", "warn": "warn ", "block": "BLOCK"}


@click.command()
@click.argument("version", required=False, shell_complete=completion.versions)
@tasks_option
@click.option(
    "--remote",
    metavar="[NAME]",
    is_flag=False,
    flag_value="",
    help="Also on a remote: its tag, and every object read there; without NAME the branch's own, else origin.",
)
@json_option
@pass_context
def verify(ctx: Context, version: str | None, task: str | None, remote: str | None, as_json: bool) -> None:
    """Compare every byte of a version with the hashes recorded in it; without VERSION, of all versions."""
    from core.releasing.elsewhere import verify_there
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
            if remote is not None:
                results = [*results, *verify_there(ws, one, name, remote or None, ctx.report)]
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
    """Look for what is odd in labels, versions, models and the repository; with VERSION (v2, or draft) in that alone.

    Exit code 1 where something blocks. Which findings block, [checks] in print-models.toml can change.
    """
    from core.versions import gates
    from core.versions.manifest import list_versions

    keeps_what_it_makes()
    ws = ctx.workspace
    found: list[tuple[str, list[CheckResult]]] = []
    if version == "draft":
        found += _of_drafts(ctx, [ws.task(task)])
    elif version is not None:
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
        found += [("repository", gates.of_repository(ws)), ("history", gates.of_history(ws))]
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
    from contextlib import ExitStack

    from core.versions import gates

    with ExitStack() as stack:
        store, index = _opened(ctx, stack)
        return [(f"{one.name} draft", gates.of_draft(ctx.workspace, store, index, one)) for one in tasks]


def _opened(ctx: Context, stack: ExitStack) -> tuple[LabelStore, FrameIndex]:
    """Open labels and file list until `stack` ends, the list brought up to date; what was noticed is told."""
    from core.frames.index import FrameIndex
    from core.labels.sync import open_store

    store = stack.enter_context(open_store(ctx.workspace))
    index = stack.enter_context(FrameIndex(ctx.workspace))
    index.scan(ctx.report)
    for notice in store.notices:
        ctx.notice(safe(notice))
    return store, index


@click.command()
@click.argument("version", default="draft", shell_complete=completion.versions)
@task_option
@json_option
@pass_context
def splits(ctx: Context, version: str, task: str | None, as_json: bool) -> None:
    """Show which recordings train and validation hold, and why, of VERSION (v2), else of the draft.

    A recording is never cut, and stays on its side in every later version.
    """
    from contextlib import ExitStack

    from core.versions.split_view import DRAFT, view

    ws = ctx.workspace
    one = ws.task(task)
    with ExitStack() as stack:
        store, index = _opened(ctx, stack) if version == DRAFT else (None, None)
        found = view(ws, one, version, store=store, index=index)
    ctx.answer(found.as_json(), _splits_text(found), as_json=as_json)


def _splits_text(found: SplitView) -> str:
    from core.human import plural

    total = sum(sum(one.images.values()) for one in found.classes)
    lines = [
        f"{found.task.name} {safe(found.name)}: {plural(total, 'image')} of "
        f"{plural(len(found.recordings), 'recording')}; validation is to hold {found.target:.0%} of each class"
    ]
    sides = ("train", "validation", "embargo")
    width = max(len("class"), *(len(safe(one.name)) for one in found.classes))
    lines.append(f"  {'class':<{width}}  {'train':>20}  {'validation':>20}  {'embargo':>20}  recordings")
    for one in found.classes:
        cells = [
            f"{one.images[side]} in {one.recordings[side]}" if one.images[side] else "–" for side in sides
        ]
        lines.append(
            f"  {safe(one.name):<{width}}  {cells[0]:>20}  {cells[1]:>20}  {cells[2]:>20}  {one.total:>10}"
        )
    if found.least_distance is not None:
        lines.append(f"  train and validation are at least {found.least_distance:g} minutes apart")
    elif found.recordings:
        lines.append("  no train and validation images are of one camera")
    for placed in found.recordings:
        when = (
            f"{placed.begin:%Y-%m-%d %H:%M}–{placed.end:%H:%M}" if placed.begin and placed.end else "no time"
        )
        held = ", ".join(f"{safe(name)} {n}" for name, n in sorted(placed.images.items()))
        out = f", {placed.embargo} of them embargo" if placed.embargo else ""
        lines.append(f"  {placed.side:<10}  {when}  {safe(placed.id)}  {held}{out}  {safe(placed.reason)}")
    lines += [f"  ! {safe(limit, limit=300)}" for limit in found.limits]
    if not total and not found.limits:
        lines.append("  nothing is labelled yet")
    return "\n".join(lines)
