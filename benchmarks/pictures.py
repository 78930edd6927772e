"""A frame on the screen: from the key to the last byte of the picture, and how many bytes those are.

Ours and the others run in pseudo-terminals that read as fast as they can; a picture is there when nothing more has come
for a while. The app decodes and encodes a neighbour beforehand, so a step is measured with that and without.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.measure import Row, Sample, Topic, timed
from benchmarks.picture_app import BELOW, CELL

SIZES = ((80, 22), (160, 45))
FRAMES = 6
#: After so long without a byte a picture is taken to be whole.
QUIET_S = 0.25
#: After so long without any byte there is nothing to be drawn.
NOTHING_S = 3.0
#: Over a far link or not, with the neighbour prepared as the app does or not.
_WAYS = ((False, True), (True, True), (False, False))
_BARS = {"halfcell": ("≤ 1/6", "≤ 1/10"), "sixel": ("≤ 1/2", "≤ 1/3"), "tgp": ("≤ 1/2", "≤ 1/3")}


class Terminal:
    """A program in a pseudo-terminal of so many cells."""

    def __init__(self, words: Sequence[str], size: tuple[int, int], **more: str) -> None:
        self.child, self.line = pty.fork()
        if self.child == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", **more)
            os.execv(words[0], list(words))
        columns, rows = size[0], size[1] + BELOW
        pixels = (columns * CELL[0], rows * CELL[1])
        fcntl.ioctl(self.line, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, *pixels))

    def until_quiet(self, longest: float = 20.0) -> tuple[float, int]:
        """Read until nothing came for a while; return when the last byte came, and how many there were."""
        begin = last = time.perf_counter()
        count = 0
        while (now := time.perf_counter()) - begin < (longest if count else NOTHING_S) and (
            not count or now - last < QUIET_S
        ):
            if select.select([self.line], [], [], QUIET_S / 5)[0]:
                count += len(os.read(self.line, 1 << 16))
                last = time.perf_counter()
        return last - begin, count

    def press(self, key: str) -> tuple[float, int]:
        """Press a key; return the seconds until the last byte that came of it, and the bytes."""
        os.write(self.line, key.encode())
        return self.until_quiet()

    def close(self) -> None:
        os.kill(self.child, signal.SIGKILL)
        os.close(self.line)
        os.waitpid(self.child, 0)


class Shown:
    """What one program did with the frames: the first on an empty screen, and the steps to the next ones."""

    def __init__(self) -> None:
        self.first: list[float] = []
        self.steps: list[float] = []
        self.bytes: list[int] = []

    def look(
        self, whose: str, graphics: str, size: tuple[int, int], frames: Sequence[Path], **more: str
    ) -> None:
        """Show all frames once in a program that was just started."""
        words = [sys.executable, "-m", "benchmarks.picture_app", whose, graphics, str(size[1])]
        words += map(str, frames)
        terminal = Terminal(words, size, **more)
        try:
            terminal.until_quiet()
            self.first.append(terminal.press("n")[0])
            for _ in frames[1:]:
                took, count = terminal.press("n")
                if count:
                    self.steps.append(took)
                self.bytes.append(count)
        finally:
            terminal.close()


def stretch(folder: Path) -> list[Path]:
    """Return frames of the simulated camera a minute apart, while it prints: the longest row of them."""
    from core.demo import simulate

    truth = simulate(folder, frames=120, size=(1920, 1080), seed=1, source=".")
    rows: list[list[Path]] = [[]]
    before = None
    for frame in truth.frames:
        if frame.usable and frame.state == "printing":
            if before is None or (frame.captured_at - before).total_seconds() > 90:
                rows.append([])
            rows[-1].append(folder / frame.frame)
            before = frame.captured_at
    return max(rows, key=len)[:FRAMES]


def _printed(words: list[str]) -> Sample | None:
    """Return how long a program takes that prints a picture and ends; None where it is not installed."""
    if shutil.which(words[0]) is None:
        return None

    def once() -> None:
        subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=True)

    once()
    return Sample.of([timed(once) for _ in range(5)])


def _kb(count: float) -> str:
    return f"{count / 1000:.3g} kB"


def _rows(graphics: str, size: tuple[int, int], mine: Shown, other: Shown, link: str = "") -> list[Row]:
    what = f"{graphics}{link}, {size[0]}x{size[1]}, next frame of the same camera"
    ratio = median(mine.bytes) / median(other.bytes)
    said = f"{ratio:.2f}x" if ratio >= 0.1 else f"1/{1 / ratio:.0f}"
    time_bar, bytes_bar = _BARS[graphics]
    return [
        Row(what, Sample.of(mine.steps), "textual-image", Sample.of(other.steps), time_bar),
        Row(
            f"its bytes: {_kb(median(mine.bytes))} against {_kb(median(other.bytes))}, {said}",
            Sample.of(mine.steps), "", None, bytes_bar,
        ),
    ]  # fmt: skip


def measure(folder: Path, rounds: int = 2) -> Topic:
    """Show some frames of one camera in turns by each program."""
    frames = stretch(folder / "camera")
    private = folder / "private"
    private.mkdir()
    rows: list[Row] = []
    missing = []
    for size in SIZES:
        for graphics in _BARS:
            mine, other = {ways: Shown() for ways in _WAYS if graphics != "halfcell" or not ways[0]}, Shown()
            for _ in range(rounds):
                for (is_far, is_ahead), shown in mine.items():
                    told = {"BENCH_FAR": str(int(is_far)), "BENCH_AHEAD": str(int(is_ahead))}
                    shown.look("ours", graphics, size, frames, BENCH_PRIVATE=str(private), **told)
                other.look("theirs", graphics, size, frames)
            for (is_far, is_ahead), shown in mine.items():
                said = (", far link" if is_far else "") + ("" if is_ahead else ", nothing prepared")
                rows += _rows(graphics, size, shown, other, said)
            if graphics == "halfcell":
                first = Sample.of(mine[False, True].first)
                what = f"half-blocks, {size[0]}x{size[1]}, first frame"
                rows.append(Row(what, first, "textual-image", Sample.of(other.first), "faster"))
                cells = f"{size[0]}x{size[1]}"
                for words in (
                    ["chafa", "-f", "symbols", "-c", "full", "-s", cells, str(frames[0])],
                    ["timg", "-p", "half", "-g", cells, str(frames[0])],
                ):
                    took = _printed(words)
                    if took is None:
                        missing.append(words[0])
                    else:
                        rows.append(Row(what, first, f"{words[0]} (a process)", took, "faster"))
    notes = [f"{name}: not installed." for name in sorted(set(missing))]
    return Topic(
        "A frame on the screen",
        tuple(rows),
        (
            f"{len(frames)} frames of the simulated camera a minute apart, printing, 1920x1080 JPEGs, {rounds} times; a cell has {CELL[0]}x{CELL[1]} "
            "pixels. From the key to the last byte.",
            *notes,
        ),
    )
