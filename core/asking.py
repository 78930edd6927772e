"""What a terminal is asked and how its answers are told from keys, also late ones and ones in pieces.

All questions go in one write; the last is one that every terminal answers, so that its answer ends the round. What
always holds: an answer never comes out of the `Sieve` as something typed, and what was typed comes out in its order.
Called by the app's driver, which reads through a sieve all the time, and by `doctor`, which waits for the answers.
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.terminals import Seen
from core.text import safe

#: How long an answer is waited for at most.
PATIENCE_S = 2.0

_GRAPHICS = b"\x1b_Gi=4141,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
#: A colour that only a terminal with all of them gives back as it was set; then what is set, and back to none.
_COLOUR = b"\x1b[48;2;1;22;113m\x1bP$qm\x1b\\\x1b[m"
_NAME, _CELL, _LAST = b"\x1b[>0q", b"\x1b[16t", b"\x1b[c"

_ANSWER = re.compile(
    rb"\x1b(?:_G(?P<tgp>[^\x1b]*)\x1b\\"
    rb"|P[01]\$r(?P<colour>[^\x1b]*)\x1b\\"
    rb"|P>\|(?P<name>[^\x1b]*)\x1b\\"
    rb"|\[6;(?P<cell>\d+;\d+)t"
    rb"|\[\?(?P<last>[\d;]*)c"
    rb"|\[(?P<well>0)n)"
)
#: What can still become an answer: at first a key could begin in the same way, then nothing but an answer does.
_MAYBE = re.compile(rb"\x1b[P_\[]?\Z|\x1b\[6\Z")
_BEGUN = re.compile(
    rb"\x1b(?:_G[^\x1b]*\x1b?|P[01](?:\$(?:r[^\x1b]*\x1b?)?)?|P>(?:\|[^\x1b]*\x1b?)?|\[6;[\d;]*|\[0|\[\?[\d;$]*)\Z"
)
#: How long either is held back; what may only be the answer whether the terminal is well, which goes on all the time, less.
_MAYBE_S, _BEGUN_S, _WELL_S = 0.3, 5.0, 0.1
#: No answer is longer.
_LONGEST = 4096


def questions(*, graphics: bool) -> bytes:
    """Return what is written to the terminal; the one about graphics is left out where it would be shown."""
    return (_GRAPHICS if graphics else b"") + _COLOUR + _NAME + _CELL + _LAST


class Sieve:
    """Takes answers out of what a terminal sends; `expect` says when questions were asked, None where none were."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held = b""
        self._held_at = 0.0
        #: The beginning of what may be an answer, handed on as typed: waited for in vain, or too late to wait for.
        self._given = b""
        self._asked_at: float | None = None
        self._found: dict[str, bytes] = {}
        self.seen: Seen | None = None
        #: How often the terminal was asked whether it is well, and when last; counted by who asks. How often it said so.
        self.asked_well = self.told_well = 0
        self.asked_well_at = 0.0

    @property
    def owed(self) -> bool:
        """True while the terminal may still say that it is well."""
        return self.asked_well > self.told_well

    @property
    def to_come(self) -> bool:
        """True while an answer is missing that will most likely come: from a terminal that gave others."""
        if self.waiting:
            return True
        late = self._clock() - self.asked_well_at > PATIENCE_S
        return self.owed and not late and (self.told_well > 0 or self.seen is not None)

    def expect(self) -> None:
        """Questions have been written: from here on answers are waited for."""
        self._asked_at, self._found, self.seen = self._clock(), {}, None

    @property
    def waiting(self) -> bool:
        """True while answers are missing."""
        return self._asked_at is not None and self.seen is None

    @property
    def asked_for(self) -> float:
        """The seconds since the questions were asked."""
        return self._clock() - self._asked_at if self._asked_at is not None else 0.0

    def feed(self, data: bytes) -> bytes:
        """Return what was typed; the end of the data is held back where it may be the beginning of an answer."""
        if self._given:
            data = self._after_given(data)
        if not self._held and b"\x1b" not in data:
            return data
        data, self._held = self._held + data, b""
        typed, at = bytearray(), 0
        while (escape := data.find(b"\x1b", at)) >= 0:
            typed += data[at:escape]
            answer = _ANSWER.match(data, escape)
            if answer:
                self._take(answer)
                at = answer.end()
            elif self._holds_back(data, escape):
                self._held, self._held_at = data[escape:], self._clock()
                return bytes(typed)
            elif (self.waiting or self.owed) and _MAYBE.match(data, escape):
                # Long after the questions it is a person's key, and does not wait. The rest of an answer is still known.
                self._given = data[escape:]
                return bytes(typed) + self._given
            else:
                typed += b"\x1b"
                at = escape + 1
        return bytes(typed + data[at:])

    def tick(self) -> bytes:
        """Return what was held back in vain: a key. What could only be an answer is dropped instead."""
        begun = _BEGUN.match(self._held) is not None
        patience = _BEGUN_S if begun else _MAYBE_S if self.waiting else _WELL_S
        if not self._held or self._clock() - self._held_at < patience:
            return b""
        self._given, self._held = self._held, b""
        return b"" if begun else self._given

    def _holds_back(self, data: bytes, at: int) -> bool:
        if len(data) - at > _LONGEST:
            return False
        soon = (self.waiting and self.asked_for <= PATIENCE_S) or (self.owed and self.told_well > 0)
        return bool(_BEGUN.match(data, at) or (soon and _MAYBE.match(data, at)))

    def _after_given(self, data: bytes) -> bytes:
        """Return the data without the rest of an answer whose beginning was waited for in vain."""
        whole, begin = self._given + data, len(self._given)
        answer = _ANSWER.match(whole)
        if answer:
            self._given = b""
            self._take(answer)
            return whole[answer.end() :]
        if _BEGUN.match(whole) and len(whole) <= _LONGEST:
            self._given = whole
            return b""
        self._given = b""
        return whole[begin:]

    def _take(self, answer: re.Match[bytes]) -> None:
        if answer["well"]:
            self.told_well += 1
        if answer["well"] or not self.waiting:
            return
        self._found.update({name: said for name, said in answer.groupdict().items() if said is not None})
        if "last" in self._found:
            self.seen = _understood(self._found, self.asked_for)


def _understood(found: dict[str, bytes], seconds: float) -> Seen:
    height, _, width = found.get("cell", b"0;0").partition(b";")
    colour = found.get("colour", b"").replace(b":", b";")
    return Seen(
        name=safe(found.get("name", b"").decode("utf-8", "replace"), limit=60),
        sixel=b"4" in found["last"].split(b";")[1:],
        tgp=found.get("tgp", b"").endswith(b";OK"),
        truecolour=re.search(rb"48;2;(?:\d*;)?1;22;113(?!\d)", colour) is not None,
        cell=(min(int(width), 255), min(int(height), 255)),
        seconds=round(seconds, 4),
    )


@contextmanager
def unechoed(terminal: int) -> Iterator[None]:
    """Let a terminal show nothing that comes in and hand it on byte by byte; put it back at the end."""
    import termios

    before = termios.tcgetattr(terminal)
    hush(terminal, before)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def hush(terminal: int, before: list[Any]) -> None:
    """Switch the echo and the gathering of lines off."""
    import termios

    changed = [*before[:6], list(before[6])]
    changed[3] &= ~(termios.ECHO | termios.ICANON)
    changed[6][termios.VMIN], changed[6][termios.VTIME] = 1, 0
    termios.tcsetattr(terminal, termios.TCSANOW, changed)


def collect(sieve: Sieve, terminal: int, seconds: float) -> bytes:
    """Read answers until the last or for so long; return what was typed meanwhile."""
    end, typed = time.monotonic() + seconds, b""
    while sieve.to_come and (left := end - time.monotonic()) >= 0:
        if not select.select([terminal], [], [], left)[0]:
            break
        data = os.read(terminal, 4096)
        if not data:
            break
        typed += sieve.feed(data)
    return typed


def ask(terminal: int, screen: int, *, graphics: bool) -> Seen | None:
    """Ask and wait for the answers, at most PATIENCE_S; None where none came. What is typed meanwhile is dropped."""
    import termios

    sieve = Sieve()
    with unechoed(terminal):
        sieve.expect()
        os.write(screen, questions(graphics=graphics))
        collect(sieve, terminal, PATIENCE_S)
        termios.tcflush(terminal, termios.TCIFLUSH)
    return sieve.seen
