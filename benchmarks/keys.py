"""Keys in the real app, in a real terminal: from a key to its repaint, and what happens while → is held for ten seconds.

The terminal reads as fast as it can and keeps what stands on its screen: the title over the picture says which frame
the app shows, so that it is known for every moment how far the screen is behind the keys. A key's bytes are all that
comes until nothing more does, the picture among them.
"""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

from benchmarks.frames import name_of, patterns
from benchmarks.measure import Row, Sample, Topic, new_workspace, spaced
from benchmarks.pictures import Terminal

FRAMES = 1000
SIZES = ((80, 24), (160, 48))
STEPS = 60
HELD_S, EVERY_S = 10.0, 1 / 30
QUIET_S, READY_S = 0.35, 6.0
#: How a repaint and a screen behind the keys are judged, in seconds.
LIMIT_S, BEHIND_S = 0.05, 0.1
RIGHT = b"\x1b[C"
#: What a terminal in all colours without pictures answers: the colour that was asked for, and the end.
_ANSWERS = b"\x1bP1$r48:2::1:22:113m\x1b\\\x1b[?62;22c"
_CODE = re.compile(
    rb"\x1b\[(\d*);?(\d*)H|\x1b\[[\d;:?<>=]*[ -/]*[@-~]|\x1b[P_\]][^\x1b\x07]*(?:\x1b\\|\x07)|\x1b[^\[P_\]]"
)
_WITHIN = re.compile(r" · (?:frame )?(\d+)/1000")


class Screen:
    """What stands on the first lines of a terminal."""

    def __init__(self, columns: int) -> None:
        self._lines = [[" "] * columns for _ in range(3)]
        self._y = self._x = 0
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take what a program wrote."""
        data, at = self._rest + data, 0
        cut = data.rfind(b"\x1b", max(0, len(data) - 32))
        complete = cut < 0 or _CODE.match(data, cut) is not None
        self._rest, data = (b"", data) if complete else (data[cut:], data[:cut])
        for code in _CODE.finditer(data):
            self._write(data[at : code.start()])
            at = code.end()
            if code[0].endswith(b"H") and code[0].startswith(b"\x1b["):
                self._y, self._x = int(code[1] or 1) - 1, int(code[2] or 1) - 1
        self._write(data[at:])

    def _write(self, text: bytes) -> None:
        for char in text.decode("utf-8", "replace"):
            if char == "\n":
                self._y += 1
            elif char == "\r":
                self._x = 0
            else:
                if self._y < len(self._lines) and self._x < len(self._lines[0]):
                    self._lines[self._y][self._x] = char
                self._x += 1

    def frame(self) -> int:
        """Return the number of the frame that the title names, from 0; -1 where it names none."""
        found = _WITHIN.search("".join(self._lines[1]))
        return int(found[1]) - 1 if found else -1


class App(Terminal):
    """The app in a terminal, with its screen."""

    def __init__(self, root: Path, size: tuple[int, int], *more: str) -> None:
        super().__init__([sys.executable, "-m", "tui", "-C", str(root), *more], (size[0], size[1] - 3))
        self.screen, self.bytes = Screen(size[0]), 0

    def read(self, seconds: float) -> bool:
        """Take what comes within so long; False where nothing did."""
        if not select.select([self.line], [], [], max(0.0, seconds))[0]:
            return False
        block = os.read(self.line, 1 << 16)
        if b"\x1b[c" in block or b"\x1b[0c" in block:
            os.write(self.line, _ANSWERS)
        self.bytes += len(block)
        self.screen.feed(block)
        return True

    def rest(self, seconds: float, longest: float = 60.0) -> float:
        """Read until nothing came for so long; return when the last byte came."""
        last = begin = time.perf_counter()
        while (now := time.perf_counter()) - last < seconds and now - begin < longest:
            if self.read(0.02):
                last = time.perf_counter()
        return last

    def until(self, holds: Callable[[], bool], longest: float = 60.0) -> float:
        """Read until something holds; return when it did."""
        begin = time.perf_counter()
        while not holds():
            if time.perf_counter() - begin > longest:
                raise SystemExit("the app never came to what is measured")
            self.read(0.2)
        return time.perf_counter()


def _workspace(folder: Path) -> Path:
    """Make a workspace of so many frames, a minute apart, of the few that the simulated camera took."""
    camera = folder / "camera"
    some = [folder / f"pattern{number}.jpg" for number in range(6)]
    for path, data in zip(some, patterns(), strict=True):
        path.write_bytes(data)
        os.utime(path, (1762470000, 1762470000))
    for number in range(FRAMES):
        day, name = name_of(number)
        (camera / day).mkdir(parents=True, exist_ok=True)
        os.link(some[number % len(some)], camera / day / name)
    return new_workspace(folder / "workspace", camera)


def stepped(app: App) -> tuple[list[float], list[float], list[int]]:
    """Press → again and again, each time after all is drawn: seconds to the title, to the last byte, and the bytes."""
    repaints, wholes, sizes = [], [], []
    for _ in range(STEPS):
        before, wanted = app.bytes, app.screen.frame() + 1
        begin = time.perf_counter()
        os.write(app.line, RIGHT)
        repaints.append(app.until(lambda wanted=wanted: app.screen.frame() == wanted, 10) - begin)
        wholes.append(app.rest(QUIET_S) - begin)
        sizes.append(app.bytes - before)
    return repaints, wholes, sizes


def held(app: App) -> tuple[list[float], float, float, int]:
    """Hold →: how far the screen was behind the keys at each moment, seconds until it rests, bytes a key, frames lacking."""
    first, count = app.screen.frame(), app.bytes
    sent: deque[tuple[int, float]] = deque()
    behind: list[float] = []
    begin = time.perf_counter()
    keys = 0
    while (now := time.perf_counter()) - begin < HELD_S:
        if now >= begin + keys * EVERY_S:
            keys += 1
            os.write(app.line, RIGHT)
            sent.append((first + keys, now))
        app.read(min(EVERY_S / 4, begin + keys * EVERY_S - now))
        shown, now = app.screen.frame(), time.perf_counter()
        while sent and sent[0][0] <= shown:
            sent.popleft()
        behind.append(now - sent[0][1] if sent else 0.0)
    released = time.perf_counter()
    rest = app.rest(QUIET_S) - released
    return behind, max(0.0, rest), (app.bytes - count) / keys, first + keys - app.screen.frame()


def _high(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98]


def _of(root: Path, size: tuple[int, int]) -> tuple[list[Row], str]:
    words = f"{size[0]}x{size[1]}"
    app = App(root, size)
    try:
        app.until(lambda: app.screen.frame() == 0)
        app.rest(READY_S)
        repaints, wholes, sizes = stepped(app)
        behind, rest, each, lacking = held(app)
    finally:
        app.close()
    limit, most = Sample.of([LIMIT_S]), Sample.of([BEHIND_S])
    rows = [
        Row(f"{words}: key to repaint, p50", Sample.of(repaints), "the limit", limit, "≤ 1"),
        Row(f"{words}: key to repaint, p99", Sample.of([_high(repaints)]), "the limit", limit, "≤ 1"),
        Row(f"{words}: key to the whole picture", Sample.of(wholes), "the limit", limit),
        Row(
            f"{words}: screen behind the keys while → is held, p99",
            Sample.of([_high(behind)]),
            "the limit",
            most,
            "≤ 1",
        ),
        Row(f"{words}: drawn on after release", Sample.of([rest]), "the limit", most, "≤ 1"),
    ]
    return rows, (
        f"{words}: {median(sizes) / 1000:.1f} kB a step (most {max(sizes) / 1000:.1f}), {each / 1000:.1f} kB a key while "
        f"held; {lacking} keys had no frame on the screen after release."
    )


def measure(folder: Path) -> Topic:
    """Measure both sizes in the same workspace."""
    root = _workspace(folder)
    found = [_of(root, size) for size in SIZES]
    notes = (
        f"{spaced(FRAMES)} frames of 1920x1080, half-blocks; single steps, then → held {HELD_S:.0f} s at 30 a second.",
        *(note for _, note in found),
    )
    return Topic("Keys", tuple(row for rows, _ in found for row in rows), notes)
