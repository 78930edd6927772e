"""Rows 114 and 116: the terminal is asked what it shows; how it answers, late or never, labels nothing."""

from __future__ import annotations

import json
import re
import sqlite3
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import terminals
from core.asking import PATIENCE_S, Sieve
from core.labels.views import read_view
from core.terminals import ASCII, HALFCELL, SIXEL, TGP, Here, Seen
from tests.conftest import Place
from tests.terminals import HERE, PROGRAM, QUESTIONS, RESTORED, Terminal, Tmux, drawn

SIXELS = re.compile(rb'\x1bP0;1q"1;1;\d+;\d+[^\x1b]*\x1b\\')
PLACEHOLDER = "\U0010eeee".encode()
COLOUR = b"\x1bP1$r0;48:2::1:22:113m\x1b\\"
CELL = b"\x1b[6;20;10t"
XTERM = (COLOUR, b"\x1bP>|XTerm(379)\x1b\\", CELL, b"\x1b[?64;1;2;4;6;22c")
KITTY = (b"\x1b_Gi=4141;OK\x1b\\", COLOUR, b"\x1bP>|kitty(0.35.2)\x1b\\", CELL, b"\x1b[?62;c")
OLD_KITTY = (b"\x1b_Gi=4141;OK\x1b\\", COLOUR, b"\x1bP>|kitty(0.26.5)\x1b\\", CELL, b"\x1b[?62;c")
WEZTERM = (b"\x1b_Gi=4141;OK\x1b\\", COLOUR, b"\x1bP>|WezTerm 20240203\x1b\\", CELL, b"\x1b[?65;4;6;18;22c")
PLAIN = (b"\x1bP0$r\x1b\\", b"\x1b[?1;2c")
INNER_TMUX = (b"\x1bP>|tmux 3.5a\x1b\\", b"\x1b[?1;2;4c")
Start = Callable[..., Terminal]


@pytest.fixture
def place(workspace: Callable[..., Place]) -> Place:
    return workspace(frames=3)


@pytest.fixture
def started(place: Place) -> Iterator[Start]:
    """Open the app on a bare pseudo-terminal; return when it has asked its questions."""
    opened: list[Terminal] = []

    def start(*words: str, **more: object) -> Terminal:
        opened.append(Terminal("-C", str(place.root), *words, cwd=place.root, size=(100, 30), **more))
        opened[-1].read_until(lambda sent: QUESTIONS in sent)
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def _say(terminal: Terminal, *answers: bytes) -> None:
    terminal.press(b"".join(answers).decode())


def _ended_well(terminal: Terminal, place: Place) -> None:
    """Leave: nothing was labelled, the terminal is as it was."""
    terminal.rest()
    terminal.press("q")
    assert terminal.end(20) == 0
    assert RESTORED in terminal.bytes
    assert termios.tcgetattr(terminal.slave) == terminal.before
    with closing(sqlite3.connect(place.root / ".print-models" / "labels.db")) as db:
        assert db.execute("SELECT count(*) FROM label").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM step").fetchone() == (0,)
    terminal.rest(0.2)
    assert not re.search(rb"XTerm|kitty|48:2:|62;c|6;20;10t", terminal.bytes), "an answer is on the screen"


# --- row 114 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "shows"),
    [(XTERM, SIXEL), (KITTY, TGP), (OLD_KITTY, HALFCELL), (WEZTERM, SIXEL), (PLAIN, HALFCELL)],
)
def test_f_114_a_terminal_that_answers_at_once_is_used_as_it_says(
    started: Start, place: Place, answers: tuple[bytes, ...], shows: str
) -> None:
    """first picture within 0.5 s as half-blocks; the probe goes on to 2 s and upgrades it; no stray label ever"""
    terminal = started(COLORTERM="")
    _say(terminal, *answers)
    terminal.read_until({SIXEL: SIXELS.search, TGP: lambda sent: PLACEHOLDER in sent, HALFCELL: drawn}[shows])
    terminal.rest()
    assert bool(SIXELS.search(terminal.bytes)) == (shows == SIXEL)
    assert (PLACEHOLDER in terminal.bytes) == (shows == TGP)
    assert (b"38;2;" in terminal.bytes) == (answers is not PLAIN), "all colours only where they were proven"
    _ended_well(terminal, place)


@pytest.mark.parametrize(
    ("answers", "pixels"), [(XTERM, SIXELS.search), (KITTY, lambda sent: PLACEHOLDER in sent)]
)
def test_f_114_a_late_answer_in_pieces_among_keys_upgrades_the_picture(
    started: Start, place: Place, answers: tuple[bytes, ...], pixels: Callable[[bytes], object]
) -> None:
    """first picture within 0.5 s as half-blocks; the probe goes on to 2 s and upgrades it; no stray label ever"""
    terminal = started()
    terminal.read_until(drawn)
    assert not pixels(terminal.bytes)
    for answer in answers:
        for at in range(0, len(answer), 3):
            _say(terminal, answer[at : at + 3])
            terminal.take(0.002)
        _say(terminal, b"\x1b[C" if answer is not answers[-1] else b"\x1b[D")
    terminal.read_until(pixels)
    _ended_well(terminal, place)
    # What was sent does not tell: of a title only the letters that change are.
    assert read_view(place.root / ".print-models" / "labels.db")["frame"] == place.keys[1], "the keys counted"


def test_f_114_a_terminal_that_never_answers_shows_half_blocks(started: Start, place: Place) -> None:
    """first picture within 0.5 s as half-blocks; the probe goes on to 2 s and upgrades it; no stray label ever"""
    terminal = started()
    terminal.read_until(drawn)
    terminal.press("\x1b")
    terminal.press("\x1b[C")
    _ended_well(terminal, place)
    assert read_view(place.root / ".print-models" / "labels.db")["frame"] == place.keys[1], "the key counted"


def test_f_114_an_answer_that_comes_too_late_is_for_the_next_start(started: Start, place: Place) -> None:
    """first picture within 0.5 s as half-blocks; the probe goes on to 2 s and upgrades it; no stray label ever"""
    terminal = started()
    terminal.read_until(drawn)
    end = time.monotonic() + PATIENCE_S + 1
    while time.monotonic() < end:
        terminal.take(0.1)
    _say(terminal, *XTERM)
    file = place.root / ".print-models" / "terminals.json"
    terminal.read_until(lambda sent: file.exists())
    terminal.rest()
    assert not SIXELS.search(terminal.bytes), "a person is at work: nothing changes under their eyes"
    _ended_well(terminal, place)
    again = started()
    again.read_until(SIXELS.search)
    assert "▀".encode() not in again.bytes, "what is remembered is used from the first picture on"
    _say(again, *PLAIN)
    again.read_until(drawn)
    assert not json.loads(file.read_text())["terminals"]["xterm-256color||||"]["sixel"], (
        "it is asked all the same"
    )
    _ended_well(again, place)


def test_f_114_what_is_typed_before_the_app_is_there_is_not_lost(started: Start, place: Place) -> None:
    """first picture within 0.5 s as half-blocks; the probe goes on to 2 s and upgrades it; no stray label ever"""
    terminal = started()
    terminal.press("?")
    _say(terminal, *PLAIN)
    terminal.read_until(lambda sent: b"help" in sent.lower())
    terminal.press("q")
    _ended_well(terminal, place)


KEYS = st.sampled_from(
    [
        b"a",
        b"1",
        b"\x1b[C",
        b"\x1b[6~",
        b"\x1b[1;5C",
        b"\x1b[200~4;c\x1b[201~",
        b"\x1b[?2026;2$y",
        "ü".encode(),
    ]
)


@given(
    st.lists(KEYS, max_size=6),
    st.lists(KEYS, max_size=6),
    st.lists(st.integers(1, 7), min_size=1),
    st.sampled_from([XTERM, KITTY, PLAIN]),
)
def test_f_114_however_it_is_cut_answers_and_keys_come_apart(
    before: list[bytes], after: list[bytes], sizes: list[int], answers: tuple[bytes, ...]
) -> None:
    """first picture within 0.5 s as half-blocks; the probe goes on to 2 s and upgrades it; no stray label ever"""
    sieve, typed, at, turn = Sieve(), b"", 0, 0
    sieve.expect()
    stream = b"".join(before) + b"".join(a + k for a, k in zip(answers, [*after, *[b""] * 9], strict=False))
    stream += b"".join(after[len(answers) :])
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        typed += sieve.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert typed == b"".join([*before, *after])
    assert sieve.seen is not None
    assert sieve.seen.sixel == (answers is XTERM)


@pytest.mark.parametrize("answer", [*XTERM, KITTY[0]])
def test_f_114_an_answer_that_stops_in_the_middle_types_nothing(answer: bytes) -> None:
    """first picture within 0.5 s as half-blocks; the probe goes on to 2 s and upgrades it; no stray label ever"""
    for at in range(1, len(answer)):
        now = [0.0]
        sieve = Sieve(lambda now=now: now[0])
        sieve.expect()
        typed = sieve.feed(answer[:at])
        for _ in range(70):
            now[0] += 0.1
            typed += sieve.tick()
        typed += sieve.feed(answer[at:]) + sieve.feed(b"x")
        assert typed.rstrip(b"x") in (b"", answer[:1], answer[:2], answer[:3]), (at, typed)
        assert not re.search(rb"[0-9a-z](?<!x)", typed.removeprefix(b"\x1b[6")), (at, typed)


@pytest.mark.parametrize("answer", [*XTERM, KITTY[0]])
def test_f_114_where_no_answer_came_the_escape_key_waits_for_none(answer: bytes) -> None:
    """first picture within 0.5 s as half-blocks; the probe goes on to 2 s and upgrades it; no stray label ever"""
    now = [0.0]
    sieve = Sieve(lambda: now[0])
    sieve.expect()
    assert sieve.feed(b"\x1b") == b"", "it may be the first byte of an answer"
    now[0] += PATIENCE_S + 0.1
    assert sieve.tick() == b"\x1b"
    for key in (b"\x1b", b"\x1b", b"\x1b[C", b"a", b"\x1b"):
        assert sieve.feed(key) == key, "at once"
    assert sieve.feed(answer[1:] + b"\x1b[C") == b"\x1b[C", (
        "of an answer that came after all nothing more is typed"
    )
    assert sieve.feed(b"\x1b" + b"a") == b"\x1ba"


# --- row 116 ----------------------------------------------------------------------------------------------------


def test_f_116_in_tmux_pictures_are_half_blocks_and_no_question_becomes_its_title(
    place: Place, tmux: Tmux
) -> None:
    """images degrade to half-blocks"""
    tmux.open(place.root, 80, 24, PYTHONPATH=str(HERE), COLORTERM="truecolor")
    tmux.see("▀", "no label", "0/3")
    assert "4141" not in tmux.run("display-message", "-p", "#{pane_title}")
    tmux.keys("q")
    tmux.see("ended with 0")


@pytest.mark.parametrize(
    "more", [{"TERM": "screen-256color"}, {"STY": "1234.tty"}, {"TERM": "tmux-256color"}]
)
def test_f_116_below_screen_or_a_tmux_elsewhere_it_is_half_blocks(place: Place, more: dict[str, str]) -> None:
    """images degrade to half-blocks"""
    terminal = Terminal("-C", str(place.root), cwd=place.root, **more)
    try:
        terminal.read_until(lambda sent: b"\x1b[c" in sent)
        assert b"\x1b_G" not in terminal.bytes, "it would be taken for a title"
        _say(terminal, *INNER_TMUX)
        terminal.read_until(drawn)
        _ended_well(terminal, place)
        assert not SIXELS.search(terminal.bytes)
    finally:
        terminal.close()


def test_f_116_a_nested_tmux_that_calls_itself_xterm_is_known_by_its_name(
    started: Start, place: Place
) -> None:
    """images degrade to half-blocks"""
    terminal = started()
    _say(terminal, *INNER_TMUX)
    terminal.read_until(drawn)
    _ended_well(terminal, place)
    assert not SIXELS.search(terminal.bytes)


def test_f_116_below_mosh_it_is_half_blocks(place: Place, tmp_path: Path) -> None:
    """images degrade to half-blocks"""
    server = tmp_path / "mosh-server"
    server.symlink_to("/bin/sh")
    words = f"{' '.join(PROGRAM)} -C '{place.root}'; exit $?"
    terminal = Terminal("-c", words, command=[str(server)], cwd=place.root)
    try:
        terminal.read_until(lambda sent: b"\x1b[c" in sent)
        _say(terminal, *XTERM)
        terminal.read_until(drawn)
        _ended_well(terminal, place)
        assert not SIXELS.search(terminal.bytes)
    finally:
        terminal.close()


# --- the ladder -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "seen", "forced", "graphics"),
    [
        (Here(""), None, "", HALFCELL),
        (Here("", utf8=False), Seen(sixel=True), "", ASCII),
        (Here("", colours=False), Seen(sixel=True), "", ASCII),
        (Here("", colours=False), None, HALFCELL, HALFCELL),
        (Here(""), Seen("ghostty 1.1.2", tgp=True), "", TGP),
        (Here(""), Seen("kitty(0.27.9)", tgp=True), "", HALFCELL),
        (Here(""), Seen("kitty(0.28.0)", tgp=True), "", TGP),
        (Here(""), Seen("foot(1.16.2)", sixel=True), "none", "none"),
        (Here("", between="tmux"), Seen(sixel=True), SIXEL, SIXEL),
        (Here("", between="tmux"), Seen(sixel=False), SIXEL, HALFCELL),
        (Here("", between="tmux"), Seen(tgp=True), TGP, HALFCELL),
        (Here("", between="screen"), None, SIXEL, HALFCELL),
    ],
)
def test_the_best_that_is_safe_is_chosen(where: Here, seen: Seen | None, forced: str, graphics: str) -> None:
    way = terminals.chosen(where, seen, forced)
    assert way.graphics == graphics
    assert way.why
    assert bool(way.refused) == (forced not in ("", graphics))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"format": 2, "terminals": {"x": 1}}', '{"format": 1, "terminals": {"x": {"cell": 3}}}'],
)
def test_a_memory_that_cannot_be_read_is_none_and_is_written_anew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "terminals.json"
    file.write_text(text)
    assert terminals.remembered(file, "x") is None
    seen = Seen("foot", True, False, True, (9, 18), 0.01)
    terminals.remember(file, "x", seen)
    assert terminals.remembered(file, "x") == seen


def test_a_link_is_far_over_a_network_that_answers_slowly() -> None:
    here, there = Here(""), Here("", far=True)
    assert not terminals.far(here, None)
    assert not terminals.far(here, Seen(seconds=1.0))
    assert terminals.far(there, None)
    assert terminals.far(there, Seen(seconds=0.2))
    assert not terminals.far(there, Seen(seconds=0.004))
