"""`demo`: a workspace with a simulated printer, and the whole main job done on it.

Every step prints the command a person would type, and what that command answered: the commands are really run, in
this process. Only the labels are given by the truth of the simulation, as painted stretches, instead of by keys.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.commands.shell import Context, main, pass_context
from core.errors import PrintModelsError, Refused, WrongUsage
from core.text import safe

if TYPE_CHECKING:
    from core.demo.truth import Truth
    from core.workspace import Workspace

_OFFLINE, _FAILED = "offline-detection", "failed-print-detection"
_WHO = "demo"
#: Of every painted stretch, the last frames stay unlabelled at first, as someone in a hurry leaves them.
_HURRY = 4


def _size(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, int]:
    width, cross, height = value.lower().partition("x")
    if not (cross and width.isdigit() and height.isdigit()):
        raise click.BadParameter("give it as WIDTHxHEIGHT, like 1920x1080", ctx, param)
    return int(width), int(height)


@click.command()
@click.argument("folder", default="demo-workspace", metavar="[DIR]", type=click.Path(path_type=Path))
@click.option(
    "--frames", default=480, show_default=True, type=click.IntRange(60, 100_000), help="How many frames."
)
@click.option("--size", default="1920x1080", show_default=True, callback=_size, help="Of a frame, in pixels.")
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0), help="Another seed, another printer."
)
@click.option("--headless", is_flag=True, help="Don't open the app at the end.")
@pass_context
def demo(ctx: Context, folder: Path, frames: int, size: tuple[int, int], seed: int, headless: bool) -> None:
    """Make a workspace with a simulated printer and walk the whole job: label, diff, release, train.

    The truth per frame is in DIR/demo-truth.json; the versions are pushed to the bare repository DIR-remote.git.
    """
    root = (ctx.folder / folder).absolute()
    remote = root.with_name(f"{root.name}-remote.git")
    for taken in (root, remote):
        if taken.exists() and (not taken.is_dir() or any(taken.iterdir())):
            raise Refused(
                f"{safe(taken)} is there already.", "Remove it, or name another folder: print-models demo DIR"
            )
    try:
        _walk(ctx, root, remote, frames, size, seed)
    except PrintModelsError:
        ctx.notice(f"The demo stopped here; what it made so far is in {safe(root)}.")
        raise
    if not headless and sys.stdin.isatty() and sys.stdout.isatty() and importlib.util.find_spec("tui"):
        os.execv(sys.executable, [sys.executable, "-m", "tui", "-C", str(root)])


def _walk(ctx: Context, root: Path, remote: Path, frames: int, size: tuple[int, int], seed: int) -> None:
    from core.workspace import Workspace

    truth = _camera(ctx, root, frames, size, seed)
    _step("Make it a workspace")
    _identity(root)
    _run(root, "init", "--source", root / "camera")
    _exclude(root, "/camera/")
    _bare_remote(root, remote)
    workspace = Workspace.open(root)

    _step("Label, in stretches; some frames stay unlabelled, and one stretch gets a wrong label")
    _paint(workspace, truth, _OFFLINE, mistaken=True)
    _paint(workspace, truth, _FAILED, mistaken=False)
    _step("Look at what the first version would be, and release both tasks")
    _run(root, "status")
    for task in (_OFFLINE, _FAILED):
        _run(root, "release", "--task", task, "-m", "First version", "--push")

    _step("Correct what was wrong, and label what was left")
    _correct(workspace, truth)
    _run(root, "diff", "--task", _OFFLINE)
    _run(root, "storage", "--task", _OFFLINE)
    _run(root, "release", "--task", _OFFLINE, "-m", "After corrections", "--push")
    _run(root, "verify", "v2", "--task", _OFFLINE)

    _train(root)
    _step("Where things stand now")
    _run(root, "status")


def _camera(ctx: Context, root: Path, frames: int, size: tuple[int, int], seed: int) -> Truth:
    from core import human
    from core.demo.camera import simulate
    from core.demo.truth import write_truth

    _step("A simulated printer and its camera")
    root.mkdir(parents=True, exist_ok=True)
    (root / "camera").mkdir()
    truth = simulate(root / "camera", frames=frames, size=size, seed=seed, report=ctx.report)
    write_truth(root / "demo-truth.json", truth)
    ctx.notice("")
    stored = sum(path.stat().st_size for path in (root / "camera").rglob("*.jpg"))
    days = len({frame.captured_at.date() for frame in truth.frames})
    failed = next((p for p in truth.prints if p.onset), None)
    click.echo(
        f"{human.plural(len(truth.frames), 'frame')} of {size[0]}x{size[1]}, {human.size(stored)}, "
        f"{human.plural(days, 'day')}, {human.plural(len(truth.prints), 'print')}"
        + (f"; one fails, first seen on {Path(failed.onset).stem}" if failed and failed.onset else "")
    )
    return truth


def _paint(workspace: Workspace, truth: Truth, task_name: str, *, mistaken: bool) -> None:
    """Give the labels of the truth as stretches, but for the last frames of each; one stretch reaches too far."""
    from core.labels.bind import bind_missing
    from core.labels.sync import flush, open_store

    task = workspace.tasks[task_name]
    painted = labelled = 0
    with open_store(workspace) as store:
        for number, (class_, keys) in enumerate(_stretches(truth, task_name)):
            given = keys[: len(keys) - min(_HURRY, len(keys) // 3)]
            store.set(task, given, class_, how="stretch", who=_WHO)
            painted, labelled = painted + 1, labelled + len(given)
            if mistaken and number == 1:
                wrong = next(other for other in task.classes if other != class_)
                store.set(task, given[-3:], wrong, how="stretch", who=_WHO)
        bind_missing(workspace, store, task)
        flush(workspace, store, task)
    click.echo(f"{task_name}: {labelled} of {len(truth.frames)} frames labelled, in {painted} stretches")


def _correct(workspace: Workspace, truth: Truth) -> None:
    from core.labels.bind import bind_missing
    from core.labels.sync import flush, open_store

    task = workspace.tasks[_OFFLINE]
    wrong = added = 0
    with open_store(workspace) as store:
        given = store.classes(task)
        for class_, keys in _stretches(truth, _OFFLINE):
            mistaken = [key for key in keys if given.get(key, class_) != class_]
            new = [key for key in keys if key not in given]
            for frames, how in ((mistaken, "hand"), (new, "stretch")):
                if frames:
                    store.set(task, frames, class_, how=how, who=_WHO)
            wrong, added = wrong + len(mistaken), added + len(new)
        bind_missing(workspace, store, task)
        flush(workspace, store, task)
    click.echo(f"{wrong} labels corrected, {added} added")


def _stretches(truth: Truth, task_name: str) -> list[tuple[str, list[str]]]:
    """Return (class, frames) of every run of one class within one print, or within one idle time."""
    known = truth.labels(task_name)
    asked = [frame for frame in truth.frames if frame.frame in known]
    runs = groupby(asked, key=lambda frame: (known[frame.frame], frame.print_id))
    return [(class_, [frame.frame for frame in run]) for (class_, _), run in runs]


def _train(root: Path) -> None:
    _step("Train a model in the background, watch it, and keep it")
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("torchvision") is None:
        click.echo("skipped: torch is not installed (make setup TRAIN=1 adds it)")
        return
    _run(root, "train", "--task", _OFFLINE, "--epochs", "3")
    _run(root, "watch")
    _run(root, "promote", _latest_run(root), "--current")
    _run(root, "models")


def _latest_run(root: Path) -> str:
    from core.training.runs import list_runs
    from core.workspace import Workspace

    return list_runs(Workspace.open(root))[0].id


def _step(title: str) -> None:
    click.echo(f"\n── {title}")


def _run(root: Path, *words: str | Path) -> None:
    """Print the command as a person would type it, run it, and stop the demo where it fails."""
    shown = " ".join(f'"{word}"' if " " in str(word) else str(word) for word in words)
    click.echo(f"$ print-models {safe(shown)}")
    code = main(["-C", str(root), *map(str, words)])
    if code:
        raise _Stopped(code)


class _Stopped(PrintModelsError):
    """A step of the demo failed; it has said why itself."""

    def __init__(self, code: int) -> None:
        super().__init__("The step above failed.", "Follow its advice, or try the demo in another folder.")
        self.exit_code = code


def _git(folder: Path, words: Sequence[str | Path]) -> str:
    from core.process import run

    return run(["git", *words], cwd=folder).text.strip()


def _identity(root: Path) -> None:
    """A fresh machine has no git identity; the demo's repository gets one of its own then."""
    from core.process import run

    _git(root, ["init", "--quiet"])
    for key, value in (("user.name", "Demo"), ("user.email", "demo@example.invalid")):
        if not run(["git", "config", key], cwd=root, check=False).text.strip():
            _git(root, ["config", key, value])


def _exclude(root: Path, line: str) -> None:
    """The simulated camera lies inside the workspace; a real one does not, so the rule stays out of .gitignore."""
    path = root / ".git" / "info" / "exclude"
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _bare_remote(root: Path, remote: Path) -> None:
    if shutil.which("git") is None:
        raise WrongUsage("git is not installed.", "Install it: sudo apt-get install git")
    remote.mkdir(parents=True, exist_ok=True)
    _git(remote, ["init", "--quiet", "--bare"])
    _git(root, ["remote", "add", "origin", remote.as_uri()])
    click.echo(f"$ git remote add origin {safe(remote.as_uri())}")
