"""`embed`: the numbers that suggestions compare frames by, and the network that makes them from one's own weights."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import click

from core.commands.choosing import reachable
from core.commands.shell import Context, json_option, pass_context
from core.errors import WrongUsage
from core.human import count, plural, size

_NICE = 10


@click.command()
@click.option(
    "--weights",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="First make a network of this file (.pth, .safetensors) that runs without torch; takes torch once.",
)
@click.option(
    "--arch", metavar="NAME", help="Of which torchvision network --weights are, where they don't tell."
)
@json_option
@pass_context
def embed(ctx: Context, weights: Path | None, arch: str | None, as_json: bool) -> None:
    """Look at every frame once, so that suggestions can compare them; low priority, and it goes on where it was stopped.

    Which network looks is said: an ONNX file where there is one, else pretrained weights on this machine by torch, else
    thumbnails, which are worse but need nothing.
    """
    from core.assist import engines
    from core.assist.embeddings import Embeddings
    from core.training import spec

    ws = ctx.workspace
    if arch is not None and weights is None:
        raise WrongUsage("--arch says what --weights are, but there are none.", "Add --weights FILE.")
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    made = _made(ctx, weights, arch) if weights is not None else None
    keys = [frame.key for frame in reachable(ctx)]
    engine = engines.choose(ws, spec.default_threads())
    ctx.notice(engine.text)
    try:
        with Embeddings(ws, engine) as embeddings:
            found = embeddings.fill(keys, ctx.report)
            room = sum(path.stat().st_size for path in embeddings.folder.iterdir())
    except (KeyboardInterrupt, SystemExit):
        ctx.notice("What was looked at is kept; the next print-models embed goes on from there.")
        raise
    finally:
        engine.close()
    answer: dict[str, Any] = {
        "engine": engine.key, "engine_text": engine.text, "numbers": engine.dims, "frames": found.asked,
        "known": found.known, "computed": found.computed, "unreadable": found.unreadable, "away": found.away,
        "left": found.left, "bytes": room, "made": made,
    }  # fmt: skip
    lines = [
        f"{count(found.known)} of {plural(found.asked, 'frame')} known, {count(found.computed)} of them looked at now; "
        f"{engine.dims} numbers each, {size(room)}"
    ]
    if found.unreadable:
        lines.append(f"{plural(found.unreadable, 'frame')} can't be read.")
    if found.away:
        lines.append(f"{plural(found.away, 'frame')} could not be looked at yet: being written, or away.")
    if found.left:
        lines.append(
            f"{plural(found.left, 'frame')} left: the cache is full. Give it more room: [cache] max in print-models.toml"
        )
    ctx.answer(answer, "\n".join(lines), as_json=as_json)


def _made(ctx: Context, weights: Path, arch: str | None) -> str:
    from core.assist import networks
    from core.assist.inputs import Input
    from core.progress import Progress

    networks.require_making()
    ctx.report(Progress("making a network of your weights", 0, None))
    path = networks.make(ctx.workspace, ctx.folder / weights, arch, Input.fitting(ctx.workspace).size)
    ctx.notice(f"Made {path.name} ({size(path.stat().st_size)}), seen to give what torch gives.")
    return path.relative_to(ctx.workspace.root).as_posix()
