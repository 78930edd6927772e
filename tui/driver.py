"""The driver of the app: Textual's, reading through a sieve that keeps a terminal's answers from the keys.

What always holds: no answer becomes a key, however late or in how many pieces it comes, whoever asked for it; a line
that is gone is not read on; who wants to know when something has been written to the terminal is told then, not when it
was put into the queue before it. Imported with the app.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import select
import time
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import IO, Any, cast

from textual._xterm_parser import XTermParser  # there is no public name for what makes keys of text
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from core.asking import Sieve
from core.terminals import Seen
from tui.link import QUESTION, Link
from tui.probe import Probe

_BLOCK = 65536
#: How often what was held back is looked at.
_LOOK_S = 0.1
#: How long answers that are on their way are waited for before the terminal is somebody else's.
_LEAVE_S = 0.5


class Answered(Message):
    """The terminal has answered all questions."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self.seen = seen


class _Mark(str):
    """A place in what is written: nothing to see there, `reached` is called when all before it has been written."""

    __slots__ = ("reached",)
    reached: Callable[[], object]


class _Screen:
    """The file of the terminal's screen; called in the thread that writes."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        if isinstance(text, _Mark):
            self._file.flush()
            text.reached()
        else:
            self._file.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class SievedDriver(LinuxDriver):
    """Reads as Textual does, through the probe's sieve."""

    _begun = False
    _told = False

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._file = cast(Any, _Screen(cast("IO[str]", self._file)))
        self.link = Link()

    def write(self, data: str) -> None:
        self.link.wrote(len(data.encode("utf-8", "backslashreplace")))
        super().write(data)

    def when_arrived(self, call: Callable[[], object]) -> None:
        """Call something in the event loop when all that was sent until now has reached the terminal.

        Where the terminal does not say that, it is called when it has been written.
        """
        known = self.link.answers
        self.ask(call if known else lambda: None)
        if not known:
            self.when_written(call)

    def ask(self, call: Callable[[], object] = lambda: None) -> None:
        """Ask the terminal, where it may answer, whether it has all that was sent; `call` is called when it says so."""
        probe = self._probe
        if probe is not None and probe.where.asks and self.link.asks:
            probe.sieve.asked_well += 1
            probe.sieve.asked_well_at = time.monotonic()
            self.write(QUESTION)
            self.link.asked(call)

    def when_written(self, call: Callable[[], object]) -> None:
        """Call something in the event loop when all that was sent until now has been written to the terminal."""
        mark = _Mark()
        loop = asyncio.get_running_loop()
        # The thread that writes knows no app, and without one no timer runs.
        context = contextvars.copy_context()

        def reached() -> None:
            try:
                loop.call_soon_threadsafe(call, context=context)
            except RuntimeError:
                pass  # the app has ended

        mark.reached = reached
        self.write(mark)

    @property
    def _probe(self) -> Probe | None:
        return getattr(self._app, "probe", None)

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        probe = self._probe
        if probe is not None and probe.before is not None and not self._begun:
            # Textual found the terminal without its echo, which is not how it is to be left.
            self.attrs_before = probe.before
        if not self._begun:
            self._begun = True
            self.when_arrived(lambda: None)  # so little goes there and back in the shortest time

    def disable_input(self) -> None:
        """Read no more; answers that are on their way would be typed into what comes after the app."""
        probe, end = self._probe, time.monotonic() + _LEAVE_S
        reader = self._key_thread
        while probe is not None and probe.sieve.to_come and reader is not None and reader.is_alive():
            reader.join(_LOOK_S / 10)
            if time.monotonic() > end:
                break
        super().disable_input()

    def run_input_thread(self) -> None:
        """Read until the app ends, or until the line is gone."""
        probe = self._probe
        sieve = probe.sieve if probe is not None else Sieve()
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode

        def hand_on(typed: bytes) -> None:
            text = decode(typed)
            for message in parser.feed(text) if text else ():
                self.process_message(message)

        hand_on(probe.typed() if probe is not None else b"")
        while not self.exit_event.is_set():
            if select.select([self.fileno], [], [], _LOOK_S)[0]:
                try:
                    data = os.read(self.fileno, _BLOCK)
                except OSError:
                    return
                if not data:
                    self.exit_event.wait(_LOOK_S)
                told = sieve.told_well
                typed = sieve.feed(data)
                for _ in range(sieve.told_well - told):
                    self._loop.call_soon_threadsafe(self.link.answered)
                hand_on(typed)
            else:
                hand_on(sieve.tick())
            for late in parser.tick():
                self.process_message(late)
            self._tell(sieve)

    def _tell(self, sieve: Sieve) -> None:
        if sieve.seen is not None and not self._told:
            self._told = True
            self.send_message(Answered(sieve.seen))
