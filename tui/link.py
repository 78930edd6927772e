"""The line to the terminal: what is on its way there, how fast it goes, and when there is room for the next picture.

Behind a picture goes a question that every terminal answers at once (is it well?); the answer says that all before it
has arrived. What always holds: a terminal that never answered is never waited for, what was written counts there; one
that falls silent is waited for no longer than `_PATIENCE_S`; only who draws pictures waits, never a key and no text.
Used by the driver, in the event loop.
"""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Callable
from statistics import median

#: Asks whether the terminal is well.
QUESTION = "\x1b[5n"
_PATIENCE_S = 5.0
#: What waits in the line before something new is no more than goes over it in this time, nor is more written at once:
#: words come behind it. What was written is taken to go a little quicker than was measured, or nobody would ever see
#: that the line has become quicker.
_QUEUE_S, _GAIN = 0.04, 1.15
#: A line over which fewer bytes a second go is slow, until more than the other number go.
_SLOW, _QUICK = 300_000, 600_000
#: A terminal that answered within this time once is on this machine or near it, and at most busy now.
_NEAR_S = 0.02
#: Fewer bytes say little of how fast the line is; of the speeds found the middle one of the last few counts.
_LEAST_BYTES, _COUNTED, _TRIPS = 2000, 5, 1.5
#: Later than it is time: else the clock would not have come so far yet.
_TICK_S = 0.001


class _Asked:
    """A question behind so many bytes in all, and who waits for its answer (None: told already)."""

    def __init__(self, sent: int, at: float, call: Callable[[], object] | None) -> None:
        self.sent, self.at, self.call = sent, at, call
        self.context = contextvars.copy_context()

    def tell(self) -> None:
        """Tell who waits, once."""
        call, self.call = self.call, None
        if call is not None:
            self.context.run(call)


class Link:
    """One line; bytes and seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent = self._arrived = 0
        self._arrived_at = self._gone_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._open: deque[_Asked] = deque()
        self._rates: deque[float] = deque(maxlen=_COUNTED)
        self._next: dict[str, tuple[contextvars.Context, Callable[[], object]]] = {}
        self._asked_once = False
        #: Whether the terminal answers, as far as is known.
        self.answers = False
        #: Whether a picture takes its time on the way: what is sent of it is chosen by that.
        self.slow = False
        #: The shortest time that an answer took.
        self.trip = 0.0

    @property
    def asks(self) -> bool:
        """True where a question may bring an answer: a terminal that never gave one is asked once."""
        return self.answers or not self._asked_once

    @property
    def rate(self) -> float:
        """Bytes a second; 0 where that is not known."""
        return median(self._rates) if self._rates else 0.0

    @property
    def full(self) -> bool:
        """True while what is on its way would keep the next picture, or piece of one, waiting."""
        waited_for = [one for one in self._open if one.call is not None]
        if not self.answers:
            return False
        if self._gone_at - self._clock() > _QUEUE_S:
            return True
        return bool(waited_for) and (
            not self.rate or waited_for[-1].sent - self._arrived > self.rate * (self.trip + 2 * _QUEUE_S)
        )

    def wrote(self, count: int) -> None:
        """So many bytes were handed to the line."""
        self._sent += count
        if rate := self.rate:
            self._gone_at = max(self._gone_at, self._clock()) + count / (_GAIN * rate)

    def asked(self, call: Callable[[], object]) -> None:
        """A question was written; `call` is called when its answer comes, or when none was to be waited for."""
        one = _Asked(self._sent, self._clock(), call)
        self._asked_once = True
        self._open.append(one)
        asyncio.get_running_loop().call_later(_PATIENCE_S, self._in_vain, one)

    def answered(self) -> None:
        """An answer came; they come in the order of the questions."""
        if not self._open:
            return
        one, now = self._open.popleft(), self._clock()
        took = now - one.at
        self.trip = min(self.trip, took) if self.answers else took
        # Behind another one it only came to the head of the line when that had arrived.
        # A way there and back that most of the time went for says nothing of how fast the line is, but that it is no slower.
        alone = took - self.trip if took > _TRIPS * self.trip else took
        spent = now - self._arrived_at if self._arrived_at > one.at else alone
        if one.sent - self._arrived >= _LEAST_BYTES and spent > 0.0:
            self._rates.append((one.sent - self._arrived) / spent)
            self.slow = self.trip > _NEAR_S and self.rate < (_QUICK if self.slow else _SLOW)
        self.answers, self._arrived, self._arrived_at = True, one.sent, now
        one.tell()
        self._go_on()

    def when_room(self, call: Callable[[], object], who: str = "") -> None:
        """Call something when there is room for a picture, or a piece of one.

        What the same one who waits was to be called for before that is not called any more.
        """
        self._next[who] = contextvars.copy_context(), call
        self._go_on()

    def _go_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._next and not self.full:
            context, call = self._next.pop(next(iter(self._next)))
            context.run(call)
        left = self._gone_at - self._clock() - _QUEUE_S
        if self._next and left > 0.0:
            self._timer = asyncio.get_running_loop().call_later(left + _TICK_S, self._go_on)

    def _in_vain(self, one: _Asked) -> None:
        if one in self._open and one.call is not None:
            self.answers = False
            one.tell()
            self._go_on()
