"""The report of `diff --html FILE`: where it may be written, what is looked up for it, what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands.shell import Context
from core.text import safe

if TYPE_CHECKING:
    from core.tasks import Task
    from core.versions.diff import Diff


def check(ctx: Context, path: Path) -> Path:
    """Return where the report goes, before anything is compared. Raises Refused where none may be written there."""
    from core.versions.report.write import allowed

    place = (ctx.folder / path.parent).resolve() / path.name
    allowed(ctx.workspace, place)
    return place


def write(
    ctx: Context, task: Task, found: Diff, words: Sequence[str | None], path: Path, stored: int | None
) -> str:
    """Write the report of a difference between what two `words` mean (None: nothing), and return what to say of it."""
    from core.commands.versions import opened
    from core.human import plural, size
    from core.progress import Progress
    from core.versions.report import facts
    from core.versions.report.write import write as write_page

    with ExitStack() as stack:
        store, index = opened(ctx, stack) if "draft" in words[1:] else (None, None)
        ctx.report(Progress("checks", 0, None))
        meant = (words[0] or "", words[1] or "")
        gathered = facts.gather(
            ctx.workspace, task, found, meant, store=store, index=index, folder=ctx.folder, stored=stored
        )
        shown = write_page(ctx.workspace, gathered, path, ctx.report)
    lacking = (
        f", {plural(shown.missing, 'picture')} not on this machine or not as meant" if shown.missing else ""
    )
    return f"Report: {safe(path)} ({size(path.stat().st_size)}, {plural(shown.shown, 'picture')}{lacking})"
