"""The commands `evaluate` and `compare`: what a model is worth, and whether another is better. They never import torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.commands import completion
from core.commands.lines import wrapped
from core.commands.shell import Context, json_option, pass_context

if TYPE_CHECKING:
    from core.training.judging import Judged
    from core.training.record import ModelRecord
    from core.versions.manifest import Version

_ON = "A version of the model's task; else the one it learned from."
_SHOWN = 12


@click.command()
@click.argument("what", metavar="MODEL|RUN")
@click.option("--on", metavar="V", help=_ON, shell_complete=completion.versions)
@click.option(
    "--rule",
    metavar="K/N",
    default="2/3",
    show_default=True,
    help="An alarm is on while K of the last N frames are called failed.",
)
@click.option(
    "--html", metavar="FILE", type=click.Path(path_type=Path), help="Also write a page for a browser."
)
@click.option(
    "--png",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Also write its charts as pictures into DIR.",
)
@json_option
@pass_context
def evaluate(
    ctx: Context, what: str, on: str | None, rule: str, html: Path | None, png: Path | None, as_json: bool
) -> None:
    """Say what a model is worth on a version's validation images, beside what rules reach that see no picture.

    Answers that are kept are used, also in a clone that has only pointers; else the model is asked. A RUN is told by
    the answers it left. Images that the model learned from are left out.
    """
    from core.training import against, judging, result_tables, runs
    from core.training.alarms import Rule

    chosen = Rule.read(rule)
    places = _places(ctx, html, png)
    if what[:1].isdigit():
        _refuse_on(on)
        found = judging.of_run(ctx.workspace, runs.get(ctx.workspace, what), rule=chosen)
    else:
        record = _model(ctx, what)
        found = judging.judge(ctx.workspace, record, _version(ctx, record, on), ctx.report, rule=chosen)
    in_use = against.beside_in_use(ctx.workspace, found)
    if in_use is not None:
        found = replace(found, notes=(*found.notes, *in_use.words[:2]))
    written = _reports(ctx, found, *places)
    title = f"{found.name} on {found.version.task.name} {found.version.name}"
    lines = [title, "", *wrapped([*found.words, *found.notes])]
    if found.headline:
        lines += ["", *result_tables.lines(found.headline)]
    for path in written:
        ctx.notice(f"Report: {path}")
    answer = {**found.as_json(), "in_use": in_use.as_json() if in_use else None}
    ctx.answer(answer, "\n".join(lines), as_json=as_json)


@click.command()
@click.argument("first", metavar="MODEL|RUN")
@click.argument("second", metavar="MODEL|RUN")
@click.option("--on", metavar="V", help="A version of their task; else the newer one they learned from.")
@json_option
@pass_context
def compare(ctx: Context, first: str, second: str, on: str | None, as_json: bool) -> None:
    """Say which frames the second model mends and which it breaks against the first, and whether that is chance.

    Both are asked about the same validation images, none of which either learned from; where that can't be, they are
    not comparable, and it says why. A RUN is a training that has ended: its best epoch.
    """
    from core.text import safe
    from core.training import against

    one, other = _model_or_run(ctx, first), _model_or_run(ctx, second)
    found = against.compare(ctx.workspace, one, other, _version(ctx, other, on), ctx.report)
    lines = wrapped([*found.words, *found.notes])
    for kind, head in (("fixed", "mended"), ("broken", "broken")):
        frames = found.found[kind]
        if frames:
            lines += ["", f"{head}:"]
        for row in frames[:_SHOWN]:
            before, after = row["answers"]
            lines.append(f"  {safe(row['frame'], limit=80)}  is {row['label']}: {before} → {after}")
        if len(frames) > _SHOWN:
            lines.append(f"  and {len(frames) - _SHOWN} more (--json names them all)")
    ctx.answer(found.as_json(), "\n".join(lines), as_json=as_json)


def _model(ctx: Context, name: str) -> ModelRecord:
    from core.training import registry

    return registry.get(ctx.workspace, name)


def _model_or_run(ctx: Context, name: str) -> ModelRecord:
    from core.training import judging, runs

    return (
        judging.as_record(ctx.workspace, runs.get(ctx.workspace, name))
        if name[:1].isdigit()
        else _model(ctx, name)
    )


def _version(ctx: Context, record: ModelRecord, name: str | None) -> Version | None:
    from core.versions.manifest import read_version

    if name is None:
        return None
    return read_version(ctx.workspace, ctx.workspace.task(record.task or None), name)


def _refuse_on(on: str | None) -> None:
    if on is not None:
        from core.errors import WrongUsage

        raise WrongUsage(
            "A training is told by the answers it left; --on can't ask it anew.",
            "Leave --on out, or promote it and ask the model: print-models promote RUN",
        )


def _places(ctx: Context, html: Path | None, png: Path | None) -> tuple[Path | None, Path | None]:
    """Return where the page and the pictures go, before anything is asked. Raises Refused where they may not."""
    from core.training.report import write

    page = (ctx.folder / html.parent).resolve() / html.name if html else None
    folder = (ctx.folder / png).resolve() if png else None
    write.allowed(ctx.workspace, page, folder)
    return page, folder


def _reports(ctx: Context, found: Judged, page: Path | None, folder: Path | None) -> list[str]:
    from core.human import size
    from core.text import safe
    from core.training.report import write

    return [
        f"{safe(path)} ({size(path.stat().st_size)})"
        for path in write.write(ctx.workspace, found, page, folder, ctx.report)
    ]
