"""Row 115: keys come faster than pictures, and pastes come in for keys; only what has been shown is labelled."""

from __future__ import annotations

import os
import re
import select
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import Place
from tests.terminals import Terminal, drawn

COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
SHOWN_AT = re.compile(rb"(\d+)/(\d+)")


@pytest.fixture
def place(workspace: Callable[..., Place]) -> Place:
    return workspace(frames=60)


@pytest.fixture
def terminal(place: Place) -> Iterator[Terminal]:
    opened = Terminal("-C", str(place.root), cwd=place.root)
    opened.read_until(drawn)
    opened.rest(1.0)
    yield opened
    opened.close()


def _labels(root: Path) -> dict[str, str]:
    with closing(sqlite3.connect(root / ".print-models" / "labels.db")) as db:
        return dict(db.execute("SELECT frame, class FROM label").fetchall())


def _send(terminal: Terminal, data: bytes) -> None:
    """Write all of it, reading what comes meanwhile."""
    end = time.monotonic() + 60
    os.set_blocking(terminal.master, False)
    try:
        while data and time.monotonic() < end:
            if select.select([], [terminal.master], [], 0.05)[1]:
                data = data[os.write(terminal.master, data[:4096]) :]
            terminal.take(0)
    finally:
        os.set_blocking(terminal.master, True)
    assert not data


def test_f_115_a_paste_of_a_megabyte_labels_nothing(place: Place, terminal: Terminal) -> None:
    """a label key counts when the current frame's picture (or its stated failure) has been written to the terminal since the cursor came to rest; before, it is refused with a visible "not shown yet", never queued; movement keys collapse"""
    _send(terminal, b"\x1b[200~" + b"aouxn1 " * 150_000 + b"\x1b[201~")
    terminal.rest(1.0)
    assert _labels(place.root) == {}
    terminal.press("a")
    terminal.read_until(lambda sent: bool(_labels(place.root)))
    assert list(_labels(place.root).values()) == ["active"], "and it still answers"


def test_f_115_a_label_key_that_repeats_labels_only_what_was_shown(place: Place, terminal: Terminal) -> None:
    """a label key counts when the current frame's picture (or its stated failure) has been written to the terminal since the cursor came to rest; before, it is refused with a visible "not shown yet", never queued; movement keys collapse"""
    end = time.monotonic() + 2
    pressed = 0
    while time.monotonic() < end:  # a hundred a second
        terminal.press("a")
        pressed += 1
        terminal.take(0.01)
    last = time.monotonic()
    terminal.rest(0.5)
    labelled = _labels(place.root)
    assert 0 < len(labelled) <= pressed
    assert list(labelled) == place.keys[: len(labelled)], "no frame was leapt over"
    assert time.monotonic() - last < 10
    before = len(labelled)
    terminal.rest(1.0)
    assert len(_labels(place.root)) == before, "nothing was queued"


def test_f_115_before_the_terminal_took_the_picture_a_label_key_is_refused(
    place: Place, terminal: Terminal
) -> None:
    """a label key counts when the current frame's picture (or its stated failure) has been written to the terminal since the cursor came to rest; before, it is refused with a visible "not shown yet", never queued; movement keys collapse"""
    for _ in range(60):  # nobody reads what is drawn for these: the line is full
        terminal.press("\x1b[C\x1b[D")
        select.select([], [], [], 0.02)
    terminal.press("\x1b[C\x1b[C" + "a")
    select.select([], [], [], 1.0)
    assert _labels(place.root) == {}
    terminal.rest(1.0)
    assert b"Not shown yet" in COLOUR.sub(b"", terminal.bytes)
    assert _labels(place.root) == {}, "it was not queued either"


def test_f_115_a_label_key_typed_behind_a_move_never_labels_the_frame_that_was_left(
    place: Place, terminal: Terminal
) -> None:
    """a label key counts when the current frame's picture (or its stated failure) has been written to the terminal since the cursor came to rest; before, it is refused with a visible "not shown yet", never queued; movement keys collapse"""
    terminal.press("\x1b[C" * 20 + "\x1b[Ca")
    terminal.read_until(lambda sent: b"22/60" in sent)
    terminal.rest(1.0)
    assert set(_labels(place.root)) <= {place.keys[21]}


def test_f_115_moves_collapse(place: Place, terminal: Terminal) -> None:
    """a label key counts when the current frame's picture (or its stated failure) has been written to the terminal since the cursor came to rest; before, it is refused with a visible "not shown yet", never queued; movement keys collapse"""
    before = len(terminal.bytes)
    terminal.press("\x1b[C" * 50)
    terminal.read_until(lambda sent: b"51/60" in sent[before:])
    seen = {
        int(found[1])
        for found in SHOWN_AT.finditer(COLOUR.sub(b"", terminal.bytes[before:]))
        if found[2] == b"60"
    }
    assert len(seen - {0, 1}) < 50, "not every frame between was drawn"
