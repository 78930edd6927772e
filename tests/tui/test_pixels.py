"""`--graphics sixel` and `tgp`: real pixels where a person asked for them; the terminal is asked once, by the app."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.terminals import HERE, PROGRAM, QUESTIONS, RESTORED, Terminal, Tmux, drawn

#: Where a sixel picture was put, how large it is, and its end.
_SIXEL = re.compile(rb'\x1b\[(\d+);(\d+)H\x1bP[0-9;]*q"1;1;(\d+);(\d+)[^\x1b]*\x1b\\')
_QUESTIONS = (b"\x1b[16t", b"\x1b[14t", b"\x1b[c", b"\x1b[0c", b"\x1b[>q", b"\x1b[>0q", b"a=q", b"\x1bP$q")
_CELL = (10, 20)
Open = Callable[..., Terminal]


@pytest.fixture
def opened_as(workspace) -> Iterator[Open]:
    """Open the app in a real terminal of so many cells, pictures drawn that way."""
    terminals = []

    def open_as(graphics: str, size: tuple[int, int] = (80, 24), **more: str) -> Terminal:
        place = workspace(frames=4)
        words = ("-C", str(place.root), "--graphics", graphics)
        terminals.append(Terminal(*words, cwd=place.root, size=size, **more))
        return terminals[-1]

    yield open_as
    for one in terminals:
        one.close()


def _asked_once(sent: bytes) -> None:
    """All questions are asked in one write before the app begins, and none afterwards."""
    assert sent.startswith(QUESTIONS)
    for question in _QUESTIONS:
        assert question not in sent[len(QUESTIONS) :], question


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (40, 16)])
def test_a_frame_is_sent_as_a_sixel_clear_of_the_last_rows_and_all_is_asked_at_once(opened_as, size):
    terminal = opened_as("sixel", size)
    terminal.read_until(_SIXEL.search)
    terminal.rest(1.5)
    _asked_once(terminal.bytes)
    for found in _SIXEL.finditer(terminal.bytes):
        row, column, width, height = map(int, found.groups())
        assert (row - 1) + -(-height // _CELL[1]) <= size[1] - 2, (
            "within the last two rows the screen would scroll"
        )
        assert (column - 1) + -(-width // _CELL[0]) <= size[0]
        assert height >= _CELL[1] * 4, "it is as large as there is room"
        drawn_first = re.search(rb'q"[0-9;]+((?:#[0-9]+;2;[0-9;]+)*)(.*)', found.group(), re.DOTALL)
        assert drawn_first
        assert drawn_first[1]
        assert b";" not in drawn_first[2], "a colour defined after the first pixel spoils it in xterm"
    assert "▀".encode() not in terminal.bytes or size == (120, 36), "only the film strip is half-blocks"
    terminal.press("a")
    terminal.read_until(lambda data: b"1/4" in data)
    terminal.press("q")
    assert terminal.end(20) == 0
    left = terminal.bytes[terminal.bytes.rindex(RESTORED) :]
    assert b"\x1bP" not in left, "no picture is left on the shell's screen"


def test_a_step_sends_the_next_frame_and_a_screen_in_front_is_left_alone(opened_as):
    terminal = opened_as("sixel")
    terminal.read_until(_SIXEL.search)
    terminal.rest(3.0)  # until what is measured in the background has been drawn
    terminal.press("\x1b[C")  # also takes the line away that greets
    assert _SIXEL.search(terminal.rest(1.0))
    terminal.press("\x1b[C")
    assert len(_SIXEL.findall(terminal.rest(1.0))) == 1, "a step is one picture"
    idle = terminal.rest(2.5)
    assert not _SIXEL.search(idle), ("nothing is sent while nothing happens", _SIXEL.sub(b"<SIXEL>", idle))
    terminal.press("?")
    assert not _SIXEL.search(terminal.rest(1.0)), "no picture lands on the help"
    terminal.press("\x1b")
    assert _SIXEL.search(terminal.rest(1.5)), "it is there again when the help is closed"
    terminal.press("L")  # a notice over the picture's foot
    after = terminal.rest(1.0)
    assert b"CapsLock" in after or b"keys" not in after
    terminal.press("\x1b[D")
    assert _SIXEL.search(terminal.rest(1.5))


def test_a_line_over_the_picture_does_not_send_its_pixels_again(opened_as):
    terminal = opened_as("sixel")
    terminal.read_until(_SIXEL.search)
    terminal.rest(3.0)
    terminal.press("\x1b[C")  # takes the line away that greets
    assert _SIXEL.search(terminal.rest(1.5))
    terminal.press("A")  # an upper-case class key: a notice over the picture's foot
    after = terminal.rest(1.5)
    assert b"CapsLock" in after
    assert not _SIXEL.search(after), _SIXEL.sub(b"<SIXEL>", after)
    terminal.press("\x1b[C")
    assert _SIXEL.search(terminal.rest(1.5)), "what it covered is there again"
    os.kill(terminal.child.pid, signal.SIGWINCH)
    assert _SIXEL.search(terminal.rest(1.5)), "the terminal was smaller meanwhile: everything is sent"


def test_a_key_labels_only_the_frame_whose_pixels_were_sent(opened_as):
    terminal = opened_as("sixel")
    terminal.read_until(_SIXEL.search)
    terminal.rest(1.5)
    terminal.press("\x1b[C" + "a")
    terminal.read_until(lambda data: b"Not shown yet" in data or "● active 1".encode() in data)
    if b"Not shown yet" not in terminal.bytes:
        assert len(_SIXEL.findall(terminal.bytes)) >= 2


def test_it_can_be_a_personal_setting(workspace, tmp_path):
    place = workspace(frames=2)
    (tmp_path / "print-models").mkdir()
    (tmp_path / "print-models" / "config.toml").write_text('graphics = "sixel"\n')
    terminal = Terminal("-C", str(place.root), cwd=place.root, XDG_CONFIG_HOME=str(tmp_path))
    try:
        terminal.read_until(_SIXEL.search)
    finally:
        terminal.close()


def test_half_blocks_need_nothing_of_it(workspace, tmp_path):
    place = workspace(frames=2)
    out = tmp_path / "modules"
    code = (
        "import sys; from tui.__main__ import main; main(['-C', sys.argv[1], '--graphics', 'halfcell']);"
        "open(sys.argv[2], 'w').write(' '.join(name for name in sys.modules if name.startswith('textual_image')))"
    )
    terminal = Terminal(
        str(place.root), str(out), cwd=place.root, command=[sys.executable, "-c", code], TERM="xterm-256color"
    )
    try:
        terminal.read_until(drawn)
        terminal.press("q")
        terminal.end(20)
    finally:
        terminal.close()
    assert out.read_text() == ""


def test_placeholders_of_the_other_protocol_are_text(opened_as):
    terminal = opened_as("tgp", COLORTERM="")
    terminal.read_until(lambda data: "\U0010eeee".encode() in data)
    terminal.rest(1.0)
    rows = re.findall("\x1b\\[38;2;[0-9;]+m\U0010eeee".encode(), terminal.bytes)
    assert len(rows) >= 4, "the colour of a placeholder names its picture, so it is sent whole, also over SSH"
    assert re.search(rb"\x1b_Gi=\d+,a=T,U=1,q=2,f=100,[^\x1b]*\x1b\\", terminal.bytes)
    _asked_once(terminal.bytes)


def test_inside_tmux_one_sentence_and_half_blocks(workspace, tmux: Tmux):
    place = workspace(frames=2)
    command = f"{' '.join(PROGRAM)} -C '{place.root}' --graphics sixel; exec cat"
    tmux.shell(80, 24, command, PYTHONPATH=str(HERE), COLORTERM="truecolor")
    tmux.see("tmux passes no pixels on")
    tmux.see("▀", "no label")
