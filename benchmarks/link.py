"""The app at the far end of a slow link: 1 Mbit/s, 200 ms there and back, and a connection that takes 256 kB before it stops.

What is written is on its way for long after the app has written it, so everything is measured where a person sits: a
key is pressed there, goes for a tenth of a second, and what comes of it arrives byte by byte. The title over the picture
says which frame the app shows. `BENCH_PHOTOGRAPHS` names a folder of photographs to be looked at instead of simulated ones.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

from benchmarks.frames import name_of, patterns
from benchmarks.keys import RIGHT, App
from benchmarks.measure import Row, Sample, Topic, new_workspace

FRAMES = 1000
RATE, ONE_WAY_S, BUFFER = 125_000, 0.1, 256_000
#: How the app is run: what draws pictures, and the cells.
WAYS = (("halfcell", (80, 24)), ("halfcell", (160, 48)), ("sixel", (80, 24)))
#: Presses one a second, one every tenth, and held: how many, and the seconds between.
SLOW, QUICK, HELD = (12, 1.0), (60, 0.1), (300, 1 / 30)
HOME = b"\x1b[H"
QUIET_S, READY_S = 1.0, 3.0
#: What a terminal in all colours answers to the app's questions, by what of them it knows.
_COLOURS = b"\x1bP1$r48:2::1:22:113m\x1b\\"
_STATUS, _KIND = b"\x1b[5n", b"\x1b[c"
_STEP_S = 0.004


class Pressed(NamedTuple):
    """What came of a row of keys: seconds from each to its title, until the last byte after the last, bytes a key."""

    titles: list[float]
    after: float
    bytes: float
    pictures: int


class Far(App):
    """The app with a slow link between; what `screen` shows has arrived."""

    def __init__(self, words: list[str], size: tuple[int, int], *, one_way: float = ONE_WAY_S) -> None:
        super().__init__(Path(words[0]), size, *words[1:])
        self._one_way = one_way
        self._coming: deque[tuple[float, bytes]] = deque()
        self._going: deque[tuple[float, bytes]] = deque()
        self._line_free = time.perf_counter()
        self._queued = self.asked = 0
        self._tail = self._cut = b""

    def press(self, key: str | bytes) -> None:
        """Press a key at the far end."""
        self._going.append(
            (time.perf_counter() + self._one_way, key if isinstance(key, bytes) else key.encode())
        )

    def read(self, seconds: float) -> bool:
        """Let the link go on for so long; True at once where something has arrived."""
        end = time.perf_counter() + max(0.0, seconds)
        while True:
            if self._on():
                return True
            left = end - time.perf_counter()
            if left <= 0:
                return False
            room = [self.line] if self._queued < BUFFER else []
            select.select(room, [], [], min(left, _STEP_S))

    def _on(self) -> bool:
        now = time.perf_counter()
        while self._going and self._going[0][0] <= now:
            os.write(self.line, self._going.popleft()[1])
        if self._queued < BUFFER and select.select([self.line], [], [], 0)[0]:
            block = os.read(self.line, 4096)
            self._queued += len(block)
            for at in range(0, len(block), 512):
                piece = block[at : at + 512]
                self._line_free = max(now, self._line_free) + len(piece) / RATE
                self._coming.append((self._line_free + self._one_way, piece))
        arrived = False
        while self._coming and self._coming[0][0] <= now:
            piece = self._coming.popleft()[1]
            self._queued -= len(piece)
            self.bytes += len(piece)
            self._answer(piece)
            self._show(piece)
            arrived = True
        return arrived

    def _show(self, piece: bytes) -> None:
        """Show what has arrived, up to the last letter that is whole."""
        seen = self._cut + piece
        begun = max(seen.rfind(b"\x1bP"), seen.rfind(b"\x1b_"))
        whole = len(seen)
        if begun >= 0 and seen.find(b"\x1b\\", begun) < 0:
            whole = begun  # pixels of a picture, to be shown when they are all there
        else:
            back = next((n for n in range(1, min(4, whole) + 1) if seen[whole - n] & 0xC0 != 0x80), 1)
            first = seen[whole - back]
            if back < (4 if first >= 0xF0 else 3 if first >= 0xE0 else 2 if first >= 0xC0 else 1):
                whole -= back
        self._cut = seen[whole:]
        self.screen.feed(seen[:whole])

    def _answer(self, piece: bytes) -> None:
        """Answer what has arrived, also in pieces."""
        seen = self._tail + piece
        for _ in range(seen.count(_STATUS)):
            self.asked += 1
            self.press(b"\x1b[0n")
        for _ in range(seen.count(_KIND)):
            self.press(_COLOURS + b"\x1b[6;20;10t\x1b[?62;4;22c")
        cut = max(seen.rfind(_STATUS) + len(_STATUS) if _STATUS in seen else 0,
                  seen.rfind(_KIND) + len(_KIND) if _KIND in seen else 0)  # fmt: skip
        self._tail = seen[max(cut, len(seen) - 3) :]

    def keys(self, count: int, every: float) -> Pressed:
        """Press → so often, then let all arrive."""
        first, before, asked = self.screen.frame(), self.bytes, self.asked
        waiting: deque[tuple[int, float]] = deque()
        titles: list[float] = []
        begin = time.perf_counter()
        last = begin

        def look() -> None:
            nonlocal last
            last = now = time.perf_counter()
            shown = self.screen.frame()
            while waiting and waiting[0][0] <= shown:
                titles.append(now - waiting.popleft()[1])

        for number in range(count):
            while (left := begin + number * every - time.perf_counter()) > 0:
                if self.read(left):
                    look()
            self.press(RIGHT)
            waiting.append((first + number + 1, time.perf_counter()))
        released = time.perf_counter()
        while time.perf_counter() - max(last, released) < QUIET_S:
            if self.read(QUIET_S / 4):
                look()
        return Pressed(titles, last - released, (self.bytes - before) / count, self.asked - asked)


def _workspace(folder: Path) -> Path:
    """Make a workspace of simulated frames, or of photographs, a minute apart."""
    camera, given = folder / "camera", os.environ.get("BENCH_PHOTOGRAPHS")
    some = sorted(Path(given).rglob("*.jpg")) if given else [folder / f"{one}.jpg" for one in range(6)]
    if not given:
        for path, data in zip(some, patterns(), strict=True):
            path.write_bytes(data)
    for number in range(FRAMES):
        day, name = name_of(number)
        (camera / day).mkdir(parents=True, exist_ok=True)
        path, source = camera / day / name, some[number % len(some)]
        if given:
            path.write_bytes(source.read_bytes())
        else:
            os.link(source, path)
        os.utime(path, (1762470000, 1762470000))
    return new_workspace(folder / "workspace", camera)


def _high(values: list[float]) -> float:
    return quantiles(values, n=100, method="inclusive")[98] if len(values) > 1 else values[0]


def _of(root: Path, graphics: str, size: tuple[int, int]) -> tuple[list[Row], str]:
    words = f"{graphics} {size[0]}x{size[1]}"
    begin = time.perf_counter()
    app = Far([str(root), "--graphics", graphics], size)
    try:
        start = app.until(lambda: app.screen.frame() >= 0) - begin
        whole = app.rest(READY_S) - begin
        app.press(HOME)  # the app goes on where it was left
        app.until(lambda: app.screen.frame() == 0)
        app.rest(QUIET_S)
        slow, quick, held = (app.keys(*how) for how in (SLOW, QUICK, HELD))
    finally:
        app.close()
    trip = Sample.of([2 * ONE_WAY_S])
    named = (("one key a second", slow), ("a key every 0.1 s", quick), ("→ held", held))
    rows = [
        Row(f"{words}: start to the first title", Sample.of([start]), "a round trip", trip),
        Row(f"{words}: start to the last byte", Sample.of([whole]), "a round trip", trip),
    ]
    for how, pressed in named:
        rows.append(Row(f"{words}, {how}: key to title", Sample.of(pressed.titles), "a round trip", trip))
        rows.append(
            Row(f"{words}, {how}: p99", Sample.of([_high(pressed.titles)]), "a round trip", trip, "≤ 2")
        )
        rows.append(
            Row(
                f"{words}, {how}: last byte after the last key",
                Sample.of([pressed.after]),
                "a round trip",
                trip,
            )
        )
    sizes = ", ".join(f"{pressed.bytes / 1000:.1f} ({how})" for how, pressed in named)
    return rows, f"{words}: kB a key: {sizes}; {held.pictures} pictures for {HELD[0]} keys while held."


def measure(folder: Path) -> Topic:
    """Measure every way in the same workspace."""
    root = _workspace(folder)
    found = [_of(root, graphics, size) for graphics, size in WAYS]
    return Topic(
        "A slow link", tuple(row for rows, _ in found for row in rows), (*(note for _, note in found),)
    )
