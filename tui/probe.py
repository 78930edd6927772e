"""The app's own round of questions to the terminal: what can it show?

The questions go out before the app is imported; what is answered by then counts from the first picture on, what comes
within two seconds is taken over while the app runs, what comes later is remembered for the next start. What always
holds: the echo is off from the first question on until the app has ended, and all that comes in meanwhile goes
through one sieve, which keeps answers from keys. Made by `print-models` before Textual is imported.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from core import asking, terminals
from core.terminals import Here, Seen, Way

#: A terminal on the same machine answers within this time; nobody notices it.
_AT_ONCE_S = 0.02


class Probe:
    """One round of questions to the terminal, from before the app to after it."""

    def __init__(
        self, where: Here, memory: Path | None = None, forced: str = "", root: Path | None = None
    ) -> None:
        """`memory` is the file of earlier answers, None where nothing is to be written; `forced` a person's choice."""
        self.where, self.forced = where, forced
        self.sieve = asking.Sieve()
        self.before: list[Any] | None = None
        self._memory, self._root = memory, root
        self._typed = b""
        self._terminal = 0
        self._settled_at: float | None = None
        self._seen = terminals.remembered(memory, where.place) if memory else None

    @property
    def seen(self) -> Seen | None:
        """What the terminal answered, else what it did at an earlier time."""
        return self._seen

    @property
    def way(self) -> Way:
        """How pictures are drawn, as far as is known."""
        return terminals.chosen(self.where, self._seen, self.forced)

    @property
    def far(self) -> bool:
        """Whether pictures have to be small."""
        return terminals.far(self.where, self._seen)

    def begin(self, terminal: int, screen: int) -> None:
        """Ask; a terminal of this machine has answered when this returns."""
        import termios

        self._terminal = terminal
        try:
            self.before = termios.tcgetattr(terminal)
            asking.hush(terminal, self.before)
        except termios.error:
            return
        if self.where.tmux and self._root is not None:
            self._seen = terminals.told_by_tmux(self._root)
        elif self.where.asks:
            self.sieve.expect()
            os.write(screen, asking.questions(graphics=not self.where.between))
            self._typed += asking.collect(self.sieve, terminal, _AT_ONCE_S)

    def settle(self) -> Way:
        """Take what was answered meanwhile, without waiting; return how the first picture is drawn."""
        if self.sieve.waiting:
            self._typed += asking.collect(self.sieve, self._terminal, 0)
        if self.sieve.seen is not None:
            self.take(self.sieve.seen)
        self._settled_at = time.monotonic()
        return self.way

    def take(self, seen: Seen) -> bool:
        """Remember an answer; True where it came in time to be used at once.

        Later on a person is at work, and the picture does not change under their eyes.
        """
        if self._memory is not None and seen != self._seen:
            terminals.remember(self._memory, self.where.place, seen)
        if self._settled_at is not None and time.monotonic() - self._settled_at > asking.PATIENCE_S:
            return False
        self._seen = seen
        return True

    def typed(self) -> bytes:
        """Return once what was typed before the app could read it."""
        typed, self._typed = self._typed, b""
        return typed

    def end(self, *, patient: bool) -> None:
        """Put the terminal back; `patient` waits for answers that would else be typed into the shell."""
        import termios

        if self.before is None:
            return
        try:
            if patient and self.sieve.waiting:
                asking.collect(self.sieve, self._terminal, asking.PATIENCE_S - self.sieve.asked_for)
            elif patient and self.sieve.to_come:
                asking.collect(self.sieve, self._terminal, asking.PATIENCE_S)
            termios.tcsetattr(self._terminal, termios.TCSANOW, self.before)
        except (termios.error, OSError):
            pass  # the line is gone
