"""`source list | add | move | retire | answer`: the cameras of a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.shell import Context, json_option, pass_context

if TYPE_CHECKING:
    from core.frames.cameras import Changed

known_argument = click.argument("name", shell_complete=completion.sources)
path_argument = click.argument("path", type=click.Path(path_type=Path))


@click.group()
def source() -> None:
    """The cameras: list them, add one, point one elsewhere, retire one, answer what one is now."""


@source.command("list", short_help="where each leads, and what it holds")
@json_option
@pass_context
def list_(ctx: Context, as_json: bool) -> None:
    """List the cameras: where each leads, what it holds, and whether it is there."""
    from core.commands.cameras import survey

    cameras = survey(ctx.workspace, ctx.report)
    text = "\n".join(line for camera in cameras for line in camera.lines())
    ctx.answer({"sources": [camera.as_json() for camera in cameras]}, text, as_json=as_json)


@source.command(short_help="add one: a link to its folder")
@click.argument("name")
@path_argument
@click.option("--printer", metavar="P", default="", help="Which printer it looks at.")
@click.option(
    "--names",
    metavar="PATTERN",
    help="thingino, motion, octoprint, moonraker or a path like %Y-%m-%d/%H-%M-%S.jpg; else what fits.",
)
@json_option
@pass_context
def add(ctx: Context, name: str, path: Path, printer: str, names: str | None, as_json: bool) -> None:
    """Add a camera: a link to its folder, an entry in the settings, an ignore rule."""
    from core.frames import cameras

    folder = ctx.folder / path
    _answer(ctx, cameras.add(ctx.workspace, name, folder, names=names, printer=printer), as_json)


@source.command(short_help="point one at another folder")
@known_argument
@path_argument
@click.option("--emptied", is_flag=True, help="It is the same camera, and its old frames are gone.")
@json_option
@pass_context
def move(ctx: Context, name: str, path: Path, emptied: bool, as_json: bool) -> None:
    """Point a camera at another folder, where its labelled frames are looked for first."""
    from core.frames import cameras

    _answer(ctx, cameras.move(ctx.workspace, name, ctx.folder / path, emptied=emptied), as_json)


@source.command(short_help="hide one from lists; its labels stay")
@known_argument
@click.option("--undo", is_flag=True, help="Show it again.")
@json_option
@pass_context
def retire(ctx: Context, name: str, undo: bool, as_json: bool) -> None:
    """Hide a camera from lists and queues; its labels and versions stay."""
    from core.frames import cameras

    _answer(ctx, cameras.retire(ctx.workspace, name, back=undo), as_json)


@source.command(short_help="say what a folder of other pictures is")
@known_argument
@click.option("--emptied", is_flag=True, help="The same camera, its old frames gone.")
@click.option("--new", metavar="NEW", help="A new camera or place: a source of that name; old labels stay.")
@click.option("--wrong", is_flag=True, help="The wrong folder: lead back to where it led.")
@json_option
@pass_context
def answer(ctx: Context, name: str, emptied: bool, new: str | None, wrong: bool, as_json: bool) -> None:
    """Say what it means that a camera's folder holds none of its labelled frames."""
    from core.errors import WrongUsage
    from core.frames import answers, identity

    if sum((emptied, new is not None, wrong)) != 1:
        raise WrongUsage("Give one answer: --emptied, --new NAME or --wrong.", identity.answers(name))
    if emptied:
        done = answers.emptied(ctx.workspace, name)
    elif new is not None:
        done = answers.new_camera(ctx.workspace, name, new)
    else:
        done = answers.wrong_folder(ctx.workspace, name)
    _answer(ctx, done, as_json)


def _answer(ctx: Context, done: Changed, as_json: bool) -> None:
    lines = list(done.done)
    if done.files:
        lines.append(f'not committed yet: git commit -m "Camera {done.source}" -- {" ".join(done.files)}')
    obj: dict[str, Any] = {"source": done.source, "done": list(done.done), "files": list(done.files)}
    ctx.answer(obj, "\n".join(lines), as_json=as_json)
