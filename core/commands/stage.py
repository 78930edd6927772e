"""What the stories of the demo share: printing a step, running a command, labelling from the truth.

A command that fails stops the story. What is printed fits 80 columns as far as it is ours. Called by stories.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.commands.shell import Context, main
from core.commands.waiting import wait_for_key
from core.errors import Lacking, PrintModelsError
from core.text import safe

if TYPE_CHECKING:
    from core.demo.script import Script
    from core.demo.truth import Truth
    from core.labels.store import LabelStore
    from core.workspace import Workspace

OFFLINE, FAILED = "offline-detection", "failed-print-detection"
WHO = "demo"


class Stage:
    """The folder a story happens in, and the ways it tells of itself."""

    def __init__(
        self, ctx: Context, root: Path, size: tuple[int, int], seed: int, *, train: bool = True
    ) -> None:
        self.ctx = ctx
        self.root = root
        self.remote = root.with_name(f"{root.name}-remote.git")
        self.camera = root / "camera"
        self._size = size
        self._seed = seed
        self._train = train
        self._began = time.monotonic()
        self._steps = 0

    # --- telling --------------------------------------------------------------------------------------------

    def step(self, title: str) -> None:
        """Print the title of a step, numbered, with the time that has passed."""
        self._steps += 1
        passed = f"{int(time.monotonic() - self._began)} s" if self._steps > 1 else ""
        head = f"── {self._steps}  {title} "
        click.echo(f"\n{head}{'─' * max(2, 74 - len(head) - len(passed))} {passed}".rstrip())

    def say(self, text: str) -> None:
        """Print a line of the story; a progress line that is still there goes away."""
        self.ctx.answer({}, text, as_json=False)

    def run(self, *words: str | Path, may_find: bool = False) -> None:
        """Print the command as a person would type it in the workspace, run it, and stop the story where it fails.

        `may_find`: the command looks for something, and ends with 1 where it found it.
        """
        shown = " ".join(f'"{word}"' if " " in str(word) or not str(word) else str(word) for word in words)
        click.echo(f"$ print-models {safe(shown, limit=2000)}")
        code = main(["-C", str(self.root), *map(str, words)])
        if code and not (may_find and code == 1):
            raise _Stopped(code)

    def git(self, *words: str | Path, folder: Path | None = None) -> str:
        """Run plain git in the workspace and return what it said."""
        from core.process import run

        return run(["git", *words], cwd=folder or self.root, timeout=600).text.strip()

    def end(self, *, opens: bool) -> None:
        """Say what is there now and what to press or type next."""
        self.step("Done")
        where = safe(os.path.relpath(self.root), limit=2000)
        self.say(f"{where}/ is as yours would be; try what you like, delete it when you like.")
        if opens:
            self.say("In the app: arrows walk, a class's letter labels, u takes that back,")
            self.say("L V S T are the four screens, ? shows every key, q leaves.")
            wait_for_key("Read on above, or press a key to open the app on it now …")
            return
        self.say(f"Open the app on it:  {_program()} -C {where}")
        self.say(f"Or look from here:   {_program()} -C {where} status")

    def leave(self, first: str) -> None:
        """Say what was made for a person to begin with, by the command that comes `first`."""
        where = safe(os.path.relpath(self.root), limit=2000)
        self.say(f"Begin: cd {where} && {_program()} {first}")

    # --- the place ------------------------------------------------------------------------------------------

    def require(self) -> None:
        """Raise what the host lacks, before minutes go into frames that could not be used."""
        from core.process import run
        from core.setup import LFS_REMEDY

        if shutil.which("git") is None:
            raise Lacking("git is not installed.", "Install it: sudo apt-get install git")
        if run(["git", "lfs", "version"], cwd=Path.cwd(), check=False).code:
            raise Lacking("git-lfs is not installed; images and models would go into git itself.", LFS_REMEDY)

    def simulate(self, script: Script, frames: int | None = None) -> Truth:
        """Let the camera take its frames, and write the truth beside the workspace's files."""
        from core import human
        from core.demo.camera import simulate
        from core.demo.truth import write_truth

        self.camera.mkdir(parents=True)
        try:
            truth = simulate(
                self.camera,
                frames=frames,
                size=self._size,
                seed=self._seed,
                script=script,
                report=self.ctx.report,
            )
        except BaseException:
            for empty in (self.camera, self.root):  # so that the same words can be typed again
                with suppress(OSError):
                    empty.rmdir()
            raise
        write_truth(self.root / "demo-truth.json", truth)
        stored = sum(path.stat().st_size for path in self.camera.rglob("*.jpg"))
        days = len({frame.captured_at.date() for frame in truth.frames})
        self.say(
            f"{human.plural(len(truth.frames), 'frame')} of {self._size[0]}x{self._size[1]}, "
            f"{human.size(stored)}, {human.plural(days, 'day')}, {human.plural(len(truth.prints), 'print')}, "
            f"{sum(one.outcome == 'failed' for one in truth.prints)} of them failing"
        )
        self.say("What really happened is in demo-truth.json, frame by frame.")
        return truth

    def own_repository(self) -> None:
        """Make the folder a git repository that knows who commits, with the camera's folder kept out of it."""
        from core.process import run

        self.git("init", "--quiet")
        for key, value in (("user.name", "Demo"), ("user.email", "demo@example.invalid")):
            if not run(["git", "config", key], cwd=self.root, check=False).text.strip():
                self.git("config", key, value)
        # The simulated camera lies inside the workspace; a real one does not, so the rules stay out of .gitignore.
        exclude = self.root / ".git" / "info" / "exclude"
        exclude.parent.mkdir(exist_ok=True)
        with exclude.open("a", encoding="utf-8") as file:
            file.write("/camera/\n/demo-truth.json\n")

    def settle(self) -> Workspace:
        """Make the folder a workspace with a bare repository beside it as its remote."""
        from core.workspace import Workspace

        self.own_repository()
        self.run("init", "--source", self.camera)
        self.add_remote()
        return Workspace.open(self.root)

    def add_remote(self) -> None:
        """Make the bare repository beside the folder, and its remote `origin`."""
        self.remote.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--bare", folder=self.remote)
        self.git("remote", "add", "origin", self.remote.as_uri())
        self.say(f"$ git remote add origin {safe(self.remote.as_uri(), limit=2000)}")

    # --- the work -------------------------------------------------------------------------------------------

    def train(self, task: str, *, epochs: int = 3, current: bool = False) -> None:
        """Train on the task's latest version, watch it, promote the result and send it; without torch, say so."""
        from core.training.runs import list_runs
        from core.workspace import Workspace

        if not self._train:
            self.say("left out, as asked (--no-train)")
            return
        if importlib.util.find_spec("torch") is None or importlib.util.find_spec("torchvision") is None:
            self.say("skipped: torch is not installed (make setup TRAIN=1 adds it)")
            return
        self.run("train", "--task", task, "--epochs", str(epochs))
        self.run("watch")
        # So short a training may be no better than the clock, or than the one before: then a reason is asked for.
        words = ["--because", "a short training shows the way", *(["--current"] if current else [])]
        self.run("promote", list_runs(Workspace.open(self.root))[0].id, *words)
        self.run("release", "--task", task, "--push")


def give(
    workspace: Workspace, store: LabelStore, task: str, labels: Iterable[tuple[str, Sequence[str]]], how: str
) -> None:
    """Label frames as a person does: (class, frames) at a time, bound to their bytes, the label file written."""
    from core.labels.bind import bind_missing
    from core.labels.sync import flush

    known = workspace.tasks[task]
    for class_, frames in labels:
        store.set(known, frames, class_, how=how, who=WHO)
    bind_missing(workspace, store, known)
    flush(workspace, store, known)


def stretches(truth: Truth, task: str) -> list[tuple[str, list[str]]]:
    """Return (class, frames) of every run of one class within one print, or within one idle time."""
    known = truth.labels(task)
    asked = [frame for frame in truth.frames if frame.frame in known]
    runs = groupby(asked, key=lambda frame: (known[frame.frame], frame.print_id))
    return [(class_, [frame.frame for frame in run]) for (class_, _), run in runs]


def unusable(workspace: Workspace, store: LabelStore) -> dict[str, str]:
    """Return every labelled frame that is no whole picture and not excluded yet, with the reason."""
    from core.frames.decode import Unreadable, inspect, read_image

    labelled = {frame for task in workspace.tasks.values() for frame in store.classes(task)}
    found = {}
    for frame in sorted(labelled - store.all_marks().keys()):
        try:
            inspect(read_image(workspace.frame_path(frame)))
        except Unreadable as error:
            found[frame] = error.what.rstrip(".").partition(":")[0]
    return found


def _program() -> str:
    """Return what to type for `print-models` from here: the bare name only where the shell finds it."""
    beside = Path(sys.executable).with_name("print-models")
    if shutil.which("print-models") or not beside.is_file():
        return "print-models"
    short = os.path.relpath(beside)
    return safe(beside if short.startswith("..") else short)


class _Stopped(PrintModelsError):
    """A step of the demo failed; it has said why itself."""

    def __init__(self, code: int) -> None:
        super().__init__("The step above failed.", "Follow its advice, or try the demo in another folder.")
        self.exit_code = code
