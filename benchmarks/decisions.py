"""How many decisions and keys a day of frames costs: a scripted labeller uses the app, and only sees what is shown.

A decision is a class key, an accepted suggestion, a verdict or an answer of a bisection; moving is none, and is counted
among the keys. The labeller is told the truth of the frame that is on the screen, and of no other. The camera writes a
frame a minute for a day: two prints, the second of which fails; its changes were measured beforehand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from math import ceil, log2
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, Sample, Topic

OFFLINE, FAILED = "offline-detection", "failed-print-detection"
SIZE = (96, 54)
BAR = 15
_TRIES = 3000
#: The minute at which the class changes in the search for an onset.
_ONSET = 1000


@dataclass(frozen=True, slots=True)
class Number(Sample):
    """A number that was counted."""

    def __str__(self) -> str:
        return f"{self.median:.0f}"

    @classmethod
    def counted(cls, number: int) -> Number:
        """Return a count as what the report takes."""
        return cls(number, number, number)


class Labeller:
    """Presses keys in the running app and counts them; `truth` is frame → class."""

    def __init__(self, app: Any, pilot: Any, truth: Mapping[str, str]) -> None:
        self.app, self.pilot, self.truth = app, pilot, truth
        self.keys = self.decisions = 0
        #: Keys for the verdict on a print that was fine.
        self.fine = 0

    @property
    def frame(self) -> str:
        return str(self.app.state.frame.key)

    @property
    def seen(self) -> str | None:
        """What the frame on the screen shows."""
        return self.truth.get(self.frame)

    @property
    def labels(self) -> dict[str, str]:
        return {key: label.class_ for key, label in self.app.state.of(self.app.state.task).items()}

    def forget(self) -> None:
        """Begin to count anew."""
        self.keys = self.decisions = 0

    async def press(self, *keys: str) -> None:
        """Press keys, each once the frame is on the screen and the step before is saved."""
        for key in keys:
            self.keys += 1
            await self.pilot.press(key)
            await self.settle()

    async def decide(self, class_: str) -> None:
        """Press a class key."""
        self.decisions += 1
        task = self.app.state.task
        await self.press(task.keys[task.code(class_)])

    async def settle(self) -> None:
        desk = self.app.screen.desk
        view = desk.view
        for _ in range(_TRIES):
            await self.pilot.pause(0)
            if view.drawn == self.frame and not desk.saving and desk.bridge.idle:
                return
            await asyncio.sleep(0.002)
        raise RuntimeError(f"the app never came to rest on {self.frame}")

    # --- what a person does ---------------------------------------------------------------------------------------

    async def label_stretches(self) -> None:
        """Mark from where one stands to where the state changes, going from change to change, and name it."""
        await self.press("home")
        while len(self.labels) < len(self.app.state.frames):
            here = self.seen
            assert here is not None
            await self.press("v")
            await self._go_to_end_of(here)
            await self.decide(here)

    async def _go_to_end_of(self, state: str) -> None:
        """Go to the last frame that shows a state, from one that does."""
        while True:
            before = self.frame
            await self.press("full_stop")
            if self.frame == before:
                return
            if self.seen != state:
                break
        await self.press("comma")  # one change too far
        for there, back in (("down", "up"), ("right", "left")):
            while self.seen != state:
                await self.press(back)
            while self.seen == state:
                before = self.frame
                await self.press(there)
                if self.frame == before:
                    return
            await self.press(back)

    async def judge_prints(self) -> None:
        """Look at the end of each print; say that it was fine, or search for where it began to fail."""
        await self.press("tab", "home")
        while True:
            before = self.frame
            if self.seen is None or self.frame in self.labels:
                await self.press("n")
            if self.frame == before and (self.seen is None or self.frame in self.labels):
                return
            while self.seen is not None:
                before = self.frame
                await self.press("down")
                if self.frame == before:
                    break
            while self.seen is None:
                await self.press("left")
            before_it = self.keys
            await self.press("r")
            await self.decide(self.seen)
            if not await self.answer():
                self.fine = self.keys - before_it

    async def answer(self) -> int:
        """Answer a bisection until it is left; return the number of answers."""
        answers = 0
        while type(self.app.screen.desk.mode).__name__ == "Bisecting":
            assert self.seen is not None
            await self.decide(self.seen)
            answers += 1
        return answers


async def _a_day(root: Path, truth: Any) -> tuple[list[Row], list[str]]:
    from core.workspace import Workspace
    from tui.app import PrintModelsApp

    app = PrintModelsApp(Workspace.find(root), graphics="halfcell")
    rows, notes = [], []
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            ana = Labeller(app, pilot, truth.labels(OFFLINE))
            while app.state.scanning or not app.state.labels or not app.state.starts or not app.state.frames:
                await pilot.pause(0.01)
            await ana.settle()
            frames = len(app.state.frames)
            await ana.label_stretches()
            rows.append(_row("a day: offline or active, 4 changes", ana, frames, f"≤ {BAR} decisions"))
            notes.append(_right(ana.labels, ana.truth, OFFLINE))
            ana.forget()
            ana.truth = truth.labels(FAILED)
            await ana.judge_prints()
            rows.append(
                _row("the same day: two prints, one fails", ana, len(ana.truth), f"≤ {BAR} decisions")
            )
            notes.append(_right(ana.labels, ana.truth, FAILED))
            fine = Number.counted(ana.fine)
            rows.append(
                Row("keys: this print was fine", fine, "one per frame", Number.counted(346), "≤ 2 keys")
            )
            rows += await _one_by_one(ana, app, truth)
    finally:
        app.bridge.close()
    return rows, notes


async def _one_by_one(ana: Labeller, app: Any, truth: Any) -> list[Row]:
    """Count the keys of what is done most: a wrong stretch corrected, an onset found in a day without labels."""
    await ana.press("tab", "home")
    ana.truth = truth.labels(OFFLINE)
    keys = [frame.key for frame in app.state.frames]
    wrong = keys[8 * 60 + 54 : 9 * 60 + 25]  # 08:54–09:24, while the first print ran
    app.bridge.label(app.state.task, wrong, "offline", {}, "stretch")
    while ana.labels.get(wrong[-1]) != "offline":
        await ana.pilot.pause(0.01)
    while keys.index(ana.frame) < 8 * 60 + 50:
        await ana.press("down")
    ana.forget()
    while ana.frame != wrong[0]:
        await ana.press("full_stop")
    await ana.press("v", "full_stop")
    while ana.frame != wrong[-1]:
        await ana.press("full_stop")
    await ana.decide("active")
    if ana.labels != ana.truth:
        raise RuntimeError("the stretch was not corrected")
    rows = [
        Row(
            "keys: 08:54–09:24 was active",
            Number.counted(ana.keys),
            "one per frame",
            Number.counted(31),
            "≤ 4 keys",
        )
    ]
    await ana.press("home")
    ana.truth = {key: "offline" if at < _ONSET else "active" for at, key in enumerate(keys)}
    ana.forget()
    await ana.press("v", "end", "b")
    looks = await ana.answer()
    if ana.labels != ana.truth:
        raise RuntimeError("the onset was not found")
    bar = f"≤ {ceil(log2(len(keys))) + 2}"
    rows.append(
        Row(
            "looks: an onset in a day", Number.counted(looks), "one per frame", Number.counted(len(keys)), bar
        )
    )
    return rows


def _row(what: str, ana: Labeller, frames: int, bar: str) -> Row:
    return Row(
        f"{what} ({ana.keys} keys)",
        Number.counted(ana.decisions),
        "one per frame",
        Number.counted(frames),
        bar,
    )


def _right(labels: Mapping[str, str], truth: Mapping[str, str], task: str) -> str:
    wrong = sum(labels.get(key) != class_ for key, class_ in truth.items()) + len(
        labels.keys() - truth.keys()
    )
    return f"{task}: {len(truth) - wrong} of {len(truth)} labels are as the printer really was."


def measure(folder: Path) -> Topic:
    """Label a simulated day in the app, at 80x24."""
    from core import setup
    from core.demo.camera import simulate
    from core.demo.script import Script, Sitting
    from core.frames.change import Changes
    from core.frames.change import measure as measure_changes
    from core.frames.index import FrameIndex
    from core.workspace import Workspace

    day = Script(
        "day",
        date(2025, 11, 7),
        1,
        1,
        (
            Sitting(0, time(0, 0, 5), False, (("empty", 500),)),
            Sitting(0, time(8, 20, 5), False, (("warm", 6), ("print", 340), ("finished", 194))),
            Sitting(0, time(17, 20, 5), True, (("warm", 4), ("spaghetti", 236))),
            Sitting(0, time(21, 20, 5), True, (("mess", 160),)),
        ),
        exact=True,
        fails_at=0.4,
    )
    root = folder / "ws"
    truth = simulate(root / "printer-timelapses", size=SIZE, script=day)
    setup.init(root)
    workspace = Workspace.open(root)
    with FrameIndex(workspace) as index:
        index.scan()
        measure_changes(workspace, index, changes=Changes(workspace))
    rows, notes = asyncio.run(_a_day(root, truth))
    return Topic("A day of frames, in decisions", tuple(rows), tuple(notes))
