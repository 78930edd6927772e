"""A line that takes its time: pictures wait for room on it, keys don't; what counts is what has arrived."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from core.asking import Sieve
from tests.conftest import Place
from tests.terminals import Terminal, drawn
from tui.link import QUESTION, Link

ASKED, WELL, RIGHT = QUESTION.encode(), b"\x1b[0n", b"\x1b[C"
KIND = b"\x1b[?62;22c"


class Far:
    """A terminal whose answers are given by hand: none goes back before the test says that all has arrived."""

    def __init__(self, place: Place) -> None:
        self.terminal = Terminal("-C", str(place.root), cwd=place.root, size=(80, 24))
        self._answered = 0

    @property
    def open(self) -> int:
        return self.terminal.bytes.count(ASKED) - self._answered

    def arrive(self) -> None:
        """All that was written has arrived."""
        self._answered += (count := self.open)
        os.write(self.terminal.master, WELL * count)

    def see(self, *words: str, arrives: bool = True) -> None:
        """Read until these words were written."""

        def there(sent: bytes) -> bool:
            if arrives and self.open:
                self.arrive()
            return all(word.encode() in sent[self.mark :] for word in words)

        self.terminal.read_until(there)

    mark = 0

    def from_here(self) -> None:
        self.mark = len(self.terminal.bytes)


@pytest.fixture
def far(workspace: Callable[..., Place]):
    place = workspace(frames=30)
    far = Far(place)
    os.write(far.terminal.master, KIND)
    yield far, place
    far.terminal.close()


def _labels(place: Place) -> list[str]:
    with closing(sqlite3.connect(place.root / ".print-models" / "labels.db")) as db:
        return [row[0] for row in db.execute("SELECT frame FROM label")]


@pytest.mark.slow
def test_keys_are_seen_while_a_picture_is_on_its_way_and_it_counts_not_before_it_arrived(far) -> None:
    far, place = far
    far.see(" 1/30")
    far.terminal.read_until(drawn)
    far.see("now: ")
    far.from_here()
    for _ in range(12):
        os.write(far.terminal.master, RIGHT)
    far.see("3/30", arrives=False)  # of a title only what changed is sent
    far.terminal.press("a")
    far.see("Not shown yet", arrives=False)
    assert not _labels(place), "what has not arrived can't be judged"
    far.see("picture is still", arrives=True)
    assert not _labels(place), "an answer labels nothing"


def test_an_answer_is_no_key_in_whatever_pieces_it_comes() -> None:
    for at in range(1, len(WELL)):
        now = [0.0]
        sieve = Sieve(lambda now=now: now[0])
        sieve.asked_well, sieve.told_well = 2, 1
        typed = sieve.feed(b"x" + WELL[:at]) + sieve.feed(WELL[at:] + b"y")
        assert typed == b"xy"
        assert not sieve.owed


def test_escape_is_handed_on_though_an_answer_may_come() -> None:
    now = [0.0]
    sieve = Sieve(lambda: now[0])
    sieve.asked_well, sieve.told_well = 2, 1
    assert sieve.feed(b"\x1b") == b""
    now[0] = 0.15
    assert sieve.tick() == b"\x1b"
    assert sieve.feed(WELL + b"a") == b"a"


async def test_a_line_is_full_while_more_is_on_its_way_than_it_carries_in_a_moment() -> None:
    now = [0.0]
    link = Link(lambda: now[0])
    came: list[str] = []
    link.asked(lambda: came.append("first"))
    assert not link.full, "a terminal that never answered is not waited for"
    now[0] = 0.2
    link.answered()
    link.wrote(20_000)
    link.asked(lambda: came.append("second"))
    assert link.full
    link.when_room(lambda: came.append("left out"))
    link.when_room(lambda: came.append("room"))
    now[0] = 0.6
    link.answered()
    assert came == ["first", "second", "room"]
    assert link.rate == pytest.approx(100_000), (
        "twenty thousand bytes in 0.4 s, half of them for the way there and back"
    )
    link.wrote(3_000)
    link.asked(lambda: None)
    assert not link.full
    link.wrote(10_000)
    link.asked(lambda: None)
    assert link.full, "words would come behind it"
    now[0] = 0.8
    assert not link.full, "by now it has gone, whether or not that was said"


async def test_pieces_are_written_as_the_line_takes_them_and_the_latest_who_waits_is_called() -> None:
    now = [0.0]
    link = Link(lambda: now[0])
    link.asked(lambda: None)
    now[0] = 0.2
    link.answered()
    for _ in range(3):
        link.wrote(20_000)
        link.asked(lambda: None)
        now[0] += 0.6
        link.answered()
    assert link.slow
    came: list[str] = []
    link.wrote(8_000)
    link.when_room(lambda: came.append("piece"), "pieces")
    link.when_room(lambda: came.append("an earlier picture"))
    link.when_room(lambda: came.append("picture"))
    assert not came
    now[0] += 1.0
    link.asked(lambda: None)
    link.answered()
    assert came == ["piece", "picture"]
