"""`demo`: a workspace with a simulated printer, and a story walked on it.

Every step prints the command a person would type, and what that command answered: the commands are really run, in
this process. Only labels are given by the truth of the simulation instead of by keys.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import click

from core.commands.shell import Context, pass_context
from core.errors import PrintModelsError, Refused, WrongUsage
from core.text import safe

_FRAMES = 480
_STORIES = ("main", "note", "legacy")


def _size(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, int]:
    width, cross, height = value.lower().partition("x")
    if not (cross and width.isdigit() and height.isdigit()):
        raise click.BadParameter("give it as WIDTHxHEIGHT, like 1920x1080", ctx, param)
    return int(width), int(height)


@click.command()
@click.argument("folder", default="demo-workspace", metavar="[DIR]", type=click.Path(path_type=Path))
@click.option(
    "--scenario",
    default="main",
    show_default=True,
    type=click.Choice(_STORIES),
    help="main: the whole job, with all a camera does. note: 60 active + 90 offline, 196 good or failed, one "
    "correction. legacy: an older repository with its traps, as it was left.",
)
@click.option(
    "--frames", type=click.IntRange(60, 100_000), help="How many frames; main only.  [default: 480]"
)
@click.option("--size", default="1920x1080", show_default=True, callback=_size, help="Of a frame, in pixels.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0), help="Another seed, another printer."
)
@click.option("--no-train", is_flag=True, help="Leave the training out.")
@click.option(
    "--bare",
    is_flag=True,
    help="Only what a person begins with: the camera's folder and the label files; the job is left to you. Not main.",
)
@click.option("--headless", is_flag=True, help="Don't open the app at the end.")
@pass_context
def demo(
    ctx: Context,
    folder: Path,
    scenario: str,
    frames: int | None,
    size: tuple[int, int],
    seed: int,
    no_train: bool,
    bare: bool,
    headless: bool,
) -> None:
    """Make a workspace with a simulated printer and walk the whole job: label, diff, release, train.

    The truth per frame is in DIR/demo-truth.json; the versions are pushed to the bare repository DIR-remote.git.
    """
    from core.commands import stories
    from core.commands.stage import Stage

    if frames is not None and scenario != "main":
        raise WrongUsage(
            f"The scenario {scenario} has a number of frames of its own.",
            "Leave --frames out, or --scenario.",
        )
    if bare and scenario == "main":
        raise WrongUsage(
            "The main scenario has no label files to begin with.", "Add --scenario note or legacy."
        )
    root = (ctx.folder / folder).absolute()
    stage = Stage(ctx, root, size, seed, train=not no_train)
    for taken in (root, stage.remote):
        if taken.exists() and (not taken.is_dir() or any(taken.iterdir())):
            raise Refused(
                f"{safe(taken)} is there already.", "Remove it, or name another folder: print-models demo DIR"
            )
    stage.require()
    opens = not headless and sys.stdin.isatty() and sys.stdout.isatty() and _has_app()
    try:
        if scenario == "main":
            stories.walk_main(stage, frames or _FRAMES)
        elif scenario == "note":
            stories.begin_note(stage) if bare else stories.walk_note(stage)
        else:
            stories.begin_legacy(stage) if bare else stories.walk_legacy(stage)
    except PrintModelsError:
        if root.exists():
            ctx.notice(f"The demo stopped here; what it made so far is in {safe(root)}.")
        raise
    if bare:
        stage.leave("migrate" if scenario == "legacy" else "init --source camera")
        return
    stage.end(opens=opens)
    if opens:
        os.execv(sys.executable, [sys.executable, "-m", "tui", "-C", str(root)])


def _has_app() -> bool:
    return importlib.util.find_spec("tui") is not None
