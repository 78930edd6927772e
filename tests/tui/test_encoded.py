"""What pictures are on the wire: read back, they are the picture."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from core.frames.decode import Picture
from tui import terminal
from tui.widgets import pixels
from tui.widgets.pixels import Room, in_pieces, sixels, size_in, transmitted
from tui.widgets.tgp import marks

_SIXEL = re.compile(r'\x1bP0;1q"1;1;(\d+);(\d+)((?:#\d+;2;\d+;\d+;\d+)*)(.*)\x1b\\', re.DOTALL)


def _picture(columns: int = 40, rows: int = 25) -> Picture:
    across, down = np.meshgrid(np.linspace(0, 255, columns), np.linspace(0, 255, rows))
    pixels = np.stack([across, down, np.full_like(across, 90)], axis=2).astype(np.uint8)
    return Picture(pixels.tobytes(), columns, rows, columns, rows, 1, "oid")


def _drawn(data: str) -> np.ndarray:
    """Draw a sixel: rows x columns x 3, in hundredths; −1 where nothing was drawn."""
    found = _SIXEL.fullmatch(data)
    assert found
    width, height = int(found[1]), int(found[2])
    colours = {
        int(n): (int(r), int(g), int(b)) for n, r, g, b in re.findall(r"#(\d+);2;(\d+);(\d+);(\d+)", found[3])
    }
    canvas = np.full((height + 6, width, 3), -1)
    top = x = 0
    colour = (0, 0, 0)
    for count, char, number, move in re.findall(r"(?:!(\d+))?([?-~])|#(\d+)|([$-])", found[4]):
        if number:
            colour = colours[int(number)]
        elif move:
            x, top = 0, top + 6 * (move == "-")
        else:
            for bit in range(6):
                if ord(char) - 63 >> bit & 1:
                    canvas[top + bit, x : x + int(count or 1)] = colour
            x += int(count or 1)
    assert (canvas[height:] == -1).all(), "nothing is drawn below the picture"
    return canvas[:height]


def test_a_sixel_read_back_is_the_picture_whole_and_near_in_colour():
    picture = _picture()
    drawn = _drawn(sixels(picture, Room((40, 25), 1, 64, 256)))
    assert drawn.shape == (25, 40, 3)
    assert (drawn >= 0).all(), "every pixel is drawn"
    wanted = picture.pixels.astype(float) * 100 / 255
    assert np.abs(drawn - wanted).mean() < 8


def test_over_a_far_link_a_pixel_is_four_and_a_small_picture_fills_its_room():
    drawn = _drawn(sixels(_picture(20, 10), Room((40, 30), 2, 24, 64)))
    assert drawn.shape == (40, 80, 3)
    assert (drawn[0::2] == drawn[1::2]).all()
    assert size_in(Room((40, 30), 2, 24, 64), _picture(20, 10)) == (40, 20)


@pytest.mark.parametrize("piece", [20, 40, 46])
def test_pieces_of_a_sixel_are_the_whole_of_it_each_with_its_colours(piece: int):
    room = Room((40, 25), 2, 24, 64)
    whole = _drawn(sixels(_picture(), room))
    parts = in_pieces(sixels(_picture(), replace(room, piece=piece)))
    assert len(parts) == -(-50 // piece)
    assert (np.vstack([_drawn(part) for part in parts]) == whole).all()


def test_a_far_picture_goes_in_few_pieces_of_whole_cells():
    terminal.take((9, 18), far=True)
    try:
        for rows in (4, 22, 48, 200):
            room = pixels.room(80, rows)
            assert room.piece % 18 == 0
            assert -(-rows * 18 // room.piece) <= 15
    finally:
        terminal.take((0, 0), far=False)


def test_what_is_given_by_kittys_protocol_is_the_picture():
    picture = _picture(300, 200)
    sent = transmitted(picture, Room((300, 200), 1, 64, 256), id=77, cells=(30, 10))
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", sent)
    assert parts[0][0].startswith("i=77,a=T,U=1,q=2,f=100,c=30,r=10,")
    assert all(len(data) <= 4096 for _, data in parts)
    assert [words[-3:] for words, _ in parts] == ["m=1"] * (len(parts) - 1) + ["m=0"]
    shown = Image.open(io.BytesIO(base64.b64decode("".join(data for _, data in parts))))
    assert shown.size == (300, 200)
    assert np.abs(np.asarray(shown.convert("RGB")).astype(int) - picture.pixels).mean() < 16


def test_the_marks_of_placeholders_are_those_of_the_protocol():
    known = marks()
    assert len(known) == len(set(known)) == 297
    assert [ord(mark) for mark in known[:6]] == [0x305, 0x30D, 0x30E, 0x310, 0x312, 0x33D]
    assert ord(known[-1]) == 0x1D244
