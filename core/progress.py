"""How a long verb tells how far it is, and how it is told to stop.

Verbs take `report: Report = silent` and `cancel: CancelToken | None = None`; they never print. The command line draws
the reports on a terminal, the app in its footer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from msgspec import Struct

from core.errors import Cancelled


class Progress(Struct, frozen=True):
    """One step's state: `done` of `total` (None while it is not known); `note` is a short free text."""

    step: str
    done: int
    total: int | None
    note: str = ""


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """A Report that tells nobody."""


class CancelToken:
    """Set from one thread, looked at from another between two units of work."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def cancel(self) -> None:
        self._event.set()

    def rest(self, seconds: float) -> None:
        """Let so much time pass, or less. Raises Cancelled as soon as the person asks to stop."""
        self._event.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise Cancelled if the person asked to stop."""
        if self._event.is_set():
            raise Cancelled()
