"""`share`: frames, labels and marks in one file, for somebody who reaches neither the camera nor the remote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.commands.labelling import filter_option
from core.commands.shell import Context, json_option, pass_context, task_option, who_option

if TYPE_CHECKING:
    from core.labels.store import LabelStore
    from core.sharing.pack import Shared
    from core.tasks import Task

#: So many frames that stay here are named; --json names all.
_SHOWN = 20


@click.command()
@click.argument("out", metavar="OUT.zip", type=click.Path(path_type=Path))
@filter_option
@click.option(
    "--no-pictures",
    is_flag=True,
    help="Labels and marks alone, for somebody who has the pictures: what came by import goes back so.",
)
@task_option
@who_option
@json_option
@pass_context
def share(
    ctx: Context,
    out: Path,
    expression: str | None,
    no_pictures: bool,
    task: str | None,
    who: str | None,
    as_json: bool,
) -> None:
    """Write frames with their labels, marks, who gave them and when into one file; `import` takes it elsewhere.

    Without --filter it is every frame that has a label or a mark; with it every frame that matches, labelled or not.
    Private frames (excluded with the reason “private”) never leave.
    """
    from core.errors import WrongUsage
    from core.labels.sync import flush, open_store
    from core.sharing.pack import allowed, write
    from core.text import safe

    path = ctx.folder.resolve() / out.expanduser()
    if path.suffix.lower() != ".zip":
        raise WrongUsage(f"{safe(out.name)} is no name of a zip file.", "Name it like OUT.zip.")
    ws = ctx.workspace
    chosen_task = ws.task(task)
    name = ws.who(who)
    allowed(ws, path)
    with open_store(ws) as store:
        from core.commands.desk import say

        say(ctx, store)
        for one in ws.tasks.values():
            if ws.read_only is None and (problem := flush(ws, store, one).problem) is not None:
                raise problem  # the journal, which tells who gave what, is behind
        frames = _meant(ctx, store, chosen_task, expression)
        shared = write(ws, store, frames, path, who=name, pictures=not no_pictures, report=ctx.report)
    ctx.answer(_json(shared, path), _text(shared, path), as_json=as_json)


def _meant(ctx: Context, store: LabelStore, task: Task, expression: str | None) -> list[str]:
    from core.commands.facts import everything, facts_of
    from core.labels.filters import parse

    ws = ctx.workspace
    if expression is None:
        labelled = {key for one in ws.tasks.values() for key in store.classes(one)}
        return sorted(labelled | store.all_marks().keys())
    wanted = parse(expression, task, sources=ws.sources)
    facts = facts_of(ctx, store, task, everything(ctx, store, task), wanted.names)
    return [frame.key for frame in wanted.keep(facts)]


def _text(shared: Shared, path: Path) -> str:
    from core.human import plural, size
    from core.text import safe

    pictures = f"{plural(shared.pictures, 'picture')}, " if shared.pictures else "no pictures, "
    lines = [
        f"{safe(path.name)}: {plural(shared.frames, 'frame')}, {plural(shared.labels, 'label')}, "
        f"{plural(shared.marks, 'mark')}, {pictures}{size(path.stat().st_size)}"
    ]
    if shared.private:
        lines.append(f"  {plural(shared.private, 'private frame')} left out")
    named = list(shared.left_out.items())
    lines += [f"  left out: {safe(key)}: {safe(why)}" for key, why in named[:_SHOWN]]
    if len(named) > _SHOWN:
        lines.append(f"  … and {len(named) - _SHOWN} more (--json lists all)")
    return "\n".join(lines)


def _json(shared: Shared, path: Path) -> dict[str, Any]:
    return {
        "path": str(path),
        "bytes": path.stat().st_size,
        "frames": shared.frames,
        "labels": shared.labels,
        "marks": shared.marks,
        "pictures": shared.pictures,
        "picture_bytes": shared.picture_bytes,
        "private": shared.private,
        "left_out": [{"frame": key, "reason": why} for key, why in shared.left_out.items()],
    }
