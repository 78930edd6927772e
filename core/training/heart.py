"""The one heartbeat of a training: that it lives, what it does, what it takes of the machine; and when it has to rest.

What always holds: one thread, so there is one heartbeat; it says what it does at once when that changes and otherwise
every ten seconds; it looks now and then whether a print is running, where the settings ask for that, and the
training itself rests in `rest` between two steps, where a wish to stop still reaches it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from core.errors import PrintModelsError
from core.training.events import EventWriter
from core.training.figures import Meter

BEAT_S = 10.0
LOOK_S = 20.0
_SPEAK_S = 1.0
_TICK_S = 0.5

#: Says in a sentence why a training should rest now, '' where it may go on.
Look = Callable[[], str]


class Heart:
    """Says every ten seconds that the process lives, and at once what it does when that changes."""

    def __init__(self, writer: EventWriter, wish: threading.Event, look: Look | None = None) -> None:
        self._writer = writer
        self._wish = wish
        self._look = look
        self._end = threading.Event()
        self._phase = "loading torch"
        self._spoke = time.monotonic()
        self._meter = Meter()
        self._why = look() if look else ""
        #: Seconds that were rested so far.
        self.rested = 0.0
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._thread.start()

    def say(self, phase: str, facts: dict[str, Any] | None = None, *, force: bool = True) -> None:
        """Tell what is being done now; without `force` at most once a second."""
        now = time.monotonic()
        self._phase = phase
        if force or facts or now - self._spoke >= _SPEAK_S:
            self._spoke = now
            self._writer.append("heartbeat", phase=phase, **({"facts": facts} if facts else {}))

    def rest(self) -> None:
        """Return at once, or where the training has to rest when it may go on or a person wants its end."""
        why = self._why
        if not why or self._wish.is_set():
            return
        before, began = self._phase, time.monotonic()
        self._phase = "paused"
        self._writer.append("paused", reason=why)
        while self._why and not self._wish.is_set():
            self._end.wait(_TICK_S)
        spent = time.monotonic() - began
        self.rested += spent
        self._phase = before
        if not self._wish.is_set():
            self._writer.append("resumed", after="pause", phase=before, seconds=round(spent, 1))

    def stop(self) -> None:
        """End the heartbeat; nothing is written by it afterwards."""
        self._end.set()
        self._thread.join()

    def _beat(self) -> None:
        told, slept, looked = False, 0.0, 0.0
        while not self._end.wait(_TICK_S):
            slept, looked = slept + _TICK_S, looked + _TICK_S
            if self._wish.is_set() and not told:
                self._phase, told, slept = "stopping", True, BEAT_S
            if self._look is not None and looked >= LOOK_S:
                looked = 0.0
                self._why = self._look()
            if slept >= BEAT_S:
                slept = 0.0
                # While epochs go by their events say what is being done: a phase said before them would be old.
                said = {"phase": self._phase} if self._phase in ("paused", "stopping") else {}
                try:
                    self._writer.append("heartbeat", **said, figures=self._meter.read())
                except PrintModelsError:
                    continue  # the training itself will meet the same disk, and say so
