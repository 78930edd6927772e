"""The command `models`: every model version, what it learned from, how good it is. It never imports torch."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.commands.lines import wrapped
from core.commands.shell import Context, json_option, pass_context, tasks_option

if TYPE_CHECKING:
    from core.training.history import History


@click.command()
@tasks_option
@click.option(
    "--history",
    "beside",
    is_flag=True,
    help="One chart: every version on the same frozen images, and the clock.",
)
@click.option(
    "--png", metavar="DIR", type=click.Path(path_type=Path), help="With --history: the chart as a picture."
)
@json_option
@pass_context
def models(ctx: Context, task: str | None, beside: bool, png: Path | None, as_json: bool) -> None:
    """List every model version with what it learned from and how good it is, and models in use that are none.

    With --history they stand beside each other on images that are validation for all of them, with the labels of
    today; a model whose split changed is not comparable, and it says why.
    """
    from core.human import size
    from core.text import safe
    from core.training import registry

    chosen = ctx.workspace.task(task).name if task else None
    known = registry.models(ctx.workspace)
    foreign = registry.without_record(ctx.workspace, known)
    known, foreign = ([one for one in some if chosen in (None, one.task)] for some in (known, foreign))
    lines = []
    for record in [*known, *foreign]:
        name, what = f"{record.name:<24} {record.dataset or '?':<5}", registry.describe(record)
        if record in foreign:
            name, what = f"{safe(record.file):<30}", f"{record.task}: of unknown origin, it has no record"
        where = "" if record.here == "file" else f" ({record.here})"
        lines.append(f"{'▶' if record.current else ' '} {name} {size(record.size):>8}{where}  {what}")
        if record not in foreign:
            lines += wrapped(_first(record.words), "      ")
        if (why := registry.withdrawn(ctx.workspace, record)) is not None:
            lines.append(f"      ! {record.dataset} is withdrawn: {safe(why)}")
    if any(record.current for record in [*known, *foreign]):
        lines.append("▶ in use")
    text = "\n".join(lines) or "No model yet. Train one, then: print-models promote RUN"
    rows, others = (registry.rows(ctx.workspace, found) for found in (known, foreign))
    answer: dict[str, object] = {"models": rows, "without_record": others}
    if beside or png is not None:
        answer["history"], text = _history(ctx, [chosen] if chosen else [one.task for one in known], png)
    ctx.answer(answer, text, as_json=as_json)


def _first(words: Sequence[str]) -> list[str]:
    """Return of a model's own sentences the one that says most, and whether it beats the clock."""
    return [
        line for place, line in enumerate(words) if place == 0 or line.startswith("Better than the clock")
    ][:2]


def _history(ctx: Context, tasks: Sequence[str], png: Path | None) -> tuple[list[dict[str, Any]], str]:
    """Return every task's models beside each other, as data and as a chart; with `png` write it there too."""
    from core.training import history

    names = [name for name in dict.fromkeys(tasks) if name in ctx.workspace.tasks]
    found = [history.history(ctx.workspace, name) for name in names]
    if png is not None:
        _pictures(ctx, found, png)
    width = shutil.get_terminal_size((100, 24)).columns
    lines = [line for one in found for line in [*history.chart(one, width), ""]]
    text = "\n".join(lines).rstrip() or "No model yet. Train one, then: print-models promote RUN"
    return [one.as_json() for one in found], text


def _pictures(ctx: Context, found: Sequence[History], folder: Path) -> None:
    from core.text import safe
    from core.training.report import charts, write

    place = (ctx.folder / folder).resolve()
    write.allowed(ctx.workspace, None, place)
    for one in found:
        rows = [(model.record.name, model.results) for model in one.models if model.results]
        if rows:
            drawing = charts.models(rows, one.best_clock)
            for path in write.pictures(ctx.workspace, one.task, [drawing], place):
                ctx.notice(f"Chart: {safe(path)}")
