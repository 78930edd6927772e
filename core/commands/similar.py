"""`similar`: frames that look like one, or near copies among all; what labels of them could be left out of an export."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from core.commands.shell import Context, json_option, pass_context, task_option
from core.errors import Lacking, WrongUsage
from core.human import count, plural
from core.text import safe

if TYPE_CHECKING:
    from core.assist.gathering import Gathered
    from core.tasks import Task

#: Groups that are printed; --json names all.
_SHOWN = 10


@click.command()
@click.argument("frame", required=False, metavar="[FRAME]")
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="With FRAME: so many at most.",
)
@task_option
@json_option
@pass_context
def similar(ctx: Context, frame: str | None, limit: int, task: str | None, as_json: bool) -> None:
    """List frames that look like FRAME, of near copies one; without FRAME the near copies among all frames.

    Near copies are near the first one of their group in looks and within half an hour of it. Nothing is changed: what is
    listed as a copy is a proposal of what an export could do without.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    chosen = ctx.workspace.task(task)
    gathered = _gathered(ctx, chosen)
    if frame is None:
        obj, text = _copies(gathered)
    else:
        obj, text = _like(gathered, frame.removeprefix("./"), limit)
    ctx.answer({"task": chosen.name, **obj}, text, as_json=as_json)


def _gathered(ctx: Context, task: Task) -> Gathered:
    from core.assist.engines import choose
    from core.assist.gathering import Gathering
    from core.commands.desk import say
    from core.labels.sync import open_store

    with open_store(ctx.workspace) as store:
        say(ctx, store)
        engine = choose(ctx.workspace)
        gathering = Gathering(ctx.workspace, task, store, engine)
        try:
            gathering.look(ctx.report)
            gathering.embeddings.fill(gathering.without(), ctx.report)
            return gathering.read()
        finally:
            gathering.close()
            engine.close()


def _like(gathered: Gathered, frame: str, limit: int) -> tuple[dict[str, Any], str]:
    from core.assist.similar import like

    scene = gathered.scene
    if frame not in scene.keys:
        raise WrongUsage(
            f"{safe(frame, limit=120)} is no frame that counts here.",
            "Write it as print-models frames lists it.",
        )
    place = scene.keys.index(frame)
    if not scene.known[place]:
        raise Lacking(f"{safe(frame, limit=120)} can't be looked at.", "Ask about another frame.")
    rows: list[dict[str, Any]] = []
    lines = []
    for one in like(scene, gathered.looks, place, limit):
        code = int(scene.labels[one.place])
        label = scene.classes[code] if code >= 0 else None
        rows.append({"frame": scene.keys[one.place], "alike": round(one.share, 4), "label": label})
        lines.append(f"{safe(scene.keys[one.place])}  {100 * one.share:3.0f} %  {label or ''}".rstrip())
    return {"frame": frame, "frames": rows}, "\n".join(lines) or "no other frames"


def _copies(gathered: Gathered) -> tuple[dict[str, Any], str]:
    from core.assist.similar import copies, thinned

    scene = gathered.scene
    groups, thin = copies(scene, gathered.looks), thinned(scene, gathered.looks)
    keys = scene.keys
    obj = {
        "groups": [[keys[place] for place in group.places] for group in groups],
        "left_out": [keys[place] for place in thin.left_out],
        "kept": thin.kept,
        "disagreeing": [
            [{"frame": keys[place], "label": scene.classes[scene.labels[place]]} for place in group.places]
            for group in thin.disagreeing
        ],
    }
    some = sum(len(group.places) for group in groups)
    longest = sorted(groups, key=lambda group: (-len(group.places), group.places[0]))[:_SHOWN]
    lines = [
        f"{plural(len(groups), 'group')} of near copies: {count(some)} of {plural(len(keys), 'frame')}",
        *(f"  {len(group.places):>6}  {safe(keys[group.places[0]])}" for group in longest),
        f"Of {plural(thin.kept + len(thin.left_out), 'label')} {count(thin.kept)} would do: "
        f"the other {count(len(thin.left_out))} are near copies with the same label.",
    ]
    if thin.disagreeing:
        lines.append(f"{plural(len(thin.disagreeing), 'group')} of near copies with two labels:")
        lines += [f"  {safe(keys[group.places[0]])}" for group in thin.disagreeing[:_SHOWN]]
    return obj, "\n".join(lines)
