"""Half-blocks as a terminal gets them: what is on its screen is the picture, however few bytes drew it."""

from __future__ import annotations

import os
import re
import signal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.frames.decode import Picture
from tests.terminals import Terminal, drawn
from tui.widgets.changed import all_cells, changed_cells
from tui.widgets.painting import CHANGED, KEPT, WHOLE, Painter

_PIECE = re.compile(
    r"\x1b\[(\d+);(\d+)H|\x1b\[(\d*)C|\x1b\[([\d;]*)m|\x1b\[[^@-~]*[@-~]|\x1b\][^\x07]*\x07|\x1b.|(.)",
    re.DOTALL,
)


class Screen:
    """The cells that a terminal shows after some text: of a half-block the two colours, else letter and colours."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], object] = {}
        self._at, self._fore, self._back = (1, 1), "", ""

    def take(self, text: str) -> Screen:
        for row, column, right, colours, letter in (found.groups() for found in _PIECE.finditer(text)):
            if row:
                self._at = int(row), int(column)
            elif right is not None:
                self._at = self._at[0], self._at[1] + int(right or 1)
            elif colours is not None:
                self._colour(colours.split(";"))
            elif letter:
                halves = {" ": "bb", "▀": "fb", "▄": "bf", "█": "ff"}.get(letter)
                looks = {"f": self._fore, "b": self._back}
                self.cells[self._at] = (
                    tuple(looks[half] for half in halves) if halves else (letter, self._fore, self._back)
                )
                self._at = self._at[0], self._at[1] + 1
        return self

    def _colour(self, codes: list[str]) -> None:
        while codes:
            code = codes.pop(0)
            if code in ("", "0"):
                self._fore = self._back = ""
            elif code in ("38", "48"):
                colour, codes = ";".join(codes[1:4]), codes[4:]
                if code == "38":
                    self._fore = colour
                else:
                    self._back = colour

    def pixels(self, columns: int, rows: int, origin: tuple[int, int]) -> np.ndarray:
        """The pixels of a picture whose first cell is at that column and row, as they are shown."""
        lines = np.zeros((2 * rows, columns, 3), dtype=np.int32)
        for y in range(rows):
            for x in range(columns):
                shown = self.cells[y + 1 + origin[1], x + 1 + origin[0]]
                lines[2 * y : 2 * y + 2, x] = [[int(part) for part in half.split(";")] for half in shown]
        return lines


def _picture(pixels: np.ndarray) -> Picture:
    rows, columns = pixels.shape[:2]
    return Picture(pixels.astype(np.uint8).tobytes(), columns, rows, columns, rows, 1, "0" * 64)


def _off(shown: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """How far each pixel is off: in green, and in what red and blue differ from it."""
    shown, pixels = shown[: len(pixels)].astype(int), pixels.astype(int)
    green = np.abs(shown - pixels)[..., 1]
    differ = [np.abs((shown[..., c] - shown[..., 1]) - (pixels[..., c] - pixels[..., 1])) for c in (0, 2)]
    return np.stack([green, *differ], axis=2)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(0, 2**32 - 1),
    st.sampled_from([2, 12, 60]),
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_what_is_on_the_screen_is_the_picture_and_errors_never_add_up(columns, rows, seed, steps, origin):
    chance = np.random.default_rng(seed)
    pixels = chance.integers(0, 256, (rows, columns, 3))
    screen = Screen()
    shown = [[0] * columns for _ in range(rows + rows % 2)]
    lines = (rows + 1) // 2
    screen.take(Painter(all_cells(_picture(pixels)), WHOLE).paint(shown, origin))
    assert (_off(screen.pixels(columns, lines, origin), pixels) <= WHOLE).all()
    for _ in range(8):  # it drifts, a little each time
        pixels = np.clip(pixels + chance.integers(-steps, steps + 1, pixels.shape), 0, 255)
        cells, where = changed_cells(_picture(pixels), shown)
        before = dict(screen.cells)
        screen.take(Painter(cells, CHANGED).paint(shown, origin))
        assert (_off(screen.pixels(columns, lines, origin), pixels) <= KEPT).all()
        changed = {(y + 1 + origin[1], x + 1 + origin[0]) for y, x in np.argwhere(where).tolist()}
        assert {at for at, cell in screen.cells.items() if before[at] != cell} <= changed
        on_screen = screen.pixels(columns, lines, origin)
        packed = on_screen[..., 0] << 16 | on_screen[..., 1] << 8 | on_screen[..., 2]
        assert packed.tolist() == shown, "what is kept in mind is what is shown"


def test_a_thread_thinner_than_a_cell_appears_and_goes_again():
    bed = np.full((20, 40, 3), 90)
    thread = bed.copy()
    thread[np.arange(20), np.arange(20) + 8] += 10  # a strand of filament that fills a tenth of a cell
    screen, shown = Screen(), [[0] * 40 for _ in range(20)]
    screen.take(Painter(all_cells(_picture(bed)), WHOLE).paint(shown))
    empty = screen.pixels(40, 10, (0, 0))
    for wanted in (thread, bed, thread):
        cells, where = changed_cells(_picture(wanted), shown)
        assert where.sum() == 20
        text = Painter(cells, CHANGED).paint(shown)
        assert len(text.encode()) < 20 * 20, "and few bytes"
        screen.take(text)
        now = screen.pixels(40, 10, (0, 0)) - empty
        if wanted is bed:
            assert np.abs(now).max() <= CHANGED.green, "it is gone"
        else:
            on, beside = now[np.arange(20), np.arange(20) + 8], now[np.arange(20), np.arange(20) + 7]
            assert (on - beside >= 4).all(), "it stands out"


@pytest.fixture
def terminal(workspace):
    place = workspace(frames=6)
    opened = Terminal("-C", str(place.root), "--graphics", "halfcell", cwd=place.root, size=(100, 34))
    yield opened
    opened.close()


def test_the_terminal_shows_what_the_app_believes(terminal):
    """Steps, a line over the picture that comes and goes, a screen in front: afterwards all is drawn anew, and is the same."""
    terminal.read_until(drawn)
    terminal.rest(3.0)  # until what is measured in the background has been drawn
    for keys in ("\x1b[C", "\x1b[C", "L", "\x1b[D", "?", "\x1b", "\x1b[C"):
        terminal.press(keys)
        terminal.rest(0.7)
    so_far = len(terminal.bytes)
    before = Screen().take(terminal.bytes.decode())
    os.kill(terminal.child.pid, signal.SIGWINCH)
    terminal.rest(1.5)
    anew = Screen().take(terminal.bytes[so_far:].decode())
    assert len(anew.cells) >= 100 * 34
    assert {at: cell for at, cell in before.cells.items() if anew.cells.get(at, cell) != cell} == {}
    assert sum(len(set(cell)) == 2 and len(cell) == 2 for cell in anew.cells.values()) > 100, "with a picture"
