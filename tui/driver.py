"""The driver of the app: Textual's, reading through a sieve that keeps a terminal's answers from the keys.

What always holds: no answer becomes a key, however late or in how many pieces it comes, whoever asked for it; a line
that is gone is not read on. Imported with the app.
"""

from __future__ import annotations

import os
import select
from codecs import getincrementaldecoder

from textual._xterm_parser import XTermParser  # there is no public name for what makes keys of text
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from core.asking import Sieve
from core.terminals import Seen
from tui.probe import Probe

_BLOCK = 65536
#: How often what was held back is looked at.
_LOOK_S = 0.1


class Answered(Message):
    """The terminal has answered all questions."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self.seen = seen


class SievedDriver(LinuxDriver):
    """Reads as Textual does, through the probe's sieve."""

    _begun = False
    _told = False

    @property
    def _probe(self) -> Probe | None:
        return getattr(self._app, "probe", None)

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        probe = self._probe
        if probe is not None and probe.before is not None and not self._begun:
            # Textual found the terminal without its echo, which is not how it is to be left.
            self.attrs_before = probe.before
        self._begun = True

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
                hand_on(sieve.feed(data))
            else:
                hand_on(sieve.tick())
            for late in parser.tick():
                self.process_message(late)
            self._tell(sieve)

    def _tell(self, sieve: Sieve) -> None:
        if sieve.seen is not None and not self._told:
            self._told = True
            self.send_message(Answered(sieve.seen))
