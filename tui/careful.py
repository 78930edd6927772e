"""What an app owes a terminal and who sits at it: no stray key labels, a crash is two lines, a signal is a way to
leave, and what is said in passing is short and goes away.

What always holds: keys that are a terminal's answer never reach a screen; an error nobody foresaw ends the app with
its details in a file. The app itself is built on this.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic, time

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual._compositor import (  # there are no public names for updates of the screen
    ChopsUpdate,
    LayoutUpdate,
)
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Region
from textual.notifications import Notify, SeverityLevel
from textual.screen import Screen
from textual.widgets import Input

from core.terminals import HALFCELL
from core.text import safe
from tui import showing
from tui.driver import Answered, SievedDriver
from tui.link import Link
from tui.probe import Probe
from tui.wire import Changed, Whole

_ANSWER_S = 0.005
#: When the start is over, and after how long without a key nobody waits for the next.
_SETTLED_S, _CALM_S = 2.0, 0.5
#: How long something said in passing stays, how many of them there are at once, and when a key may take one away.
_SAID_S: dict[SeverityLevel, float] = {"information": 4, "warning": 6, "error": 8}
_SAID_AT_ONCE = 2
_SAID_LINES = 3
_READ_S = 2.0


class CarefulApp(App[None]):
    """An app that leaves the terminal, and what was typed into it, in order. `private` takes the log of a crash."""

    def __init__(self, private: Path, *, debug: bool = False) -> None:
        super().__init__()
        self._private = private
        self._traceback_wanted = debug
        self._failed_once = False
        self._answer_until = self._pressed_at = 0.0
        #: Told of every update after it was sent: what draws over cells has to draw again.
        self.after_update: Callable[[object], None] | None = None
        #: Asked before an update is sent: parts of the screen where what is there is right.
        self.kept: Callable[[], Sequence[Region]] | None = None
        self._forgotten = False
        self._loop_running: asyncio.AbstractEventLoop | None = None
        #: What the terminal was asked; without it nothing is known of it but its environment.
        self.probe: Probe | None = None
        #: How pictures are drawn: one of core.terminals.GRAPHICS.
        self.graphics = HALFCELL

    def get_driver_class(self) -> type[Driver]:
        """Where Textual would read a terminal, read it through the sieve that keeps its answers from the keys."""
        found = super().get_driver_class()
        return SievedDriver if found is LinuxDriver else found

    def on_load(self) -> None:
        self._loop_running = asyncio.get_running_loop()
        if not self.is_headless:
            gc.freeze()  # what was imported stays: searching it for rubbish again and again would hold up a key
            gc.enable()  # it is off while the app is imported
            self.set_timer(_SETTLED_S, self._settle)
        showing.begin(self)
        self.app_resume_signal.subscribe(self, lambda app: self._draw_anew())

    def _settle(self) -> None:
        """What the start has made stays too: looked through once while nobody types, and not again.

        Else every eight seconds of work hold a key up by 30 ms.
        """
        if monotonic() - self._pressed_at < _CALM_S:
            self.set_timer(_CALM_S, self._settle)
            return
        gc.collect()
        gc.freeze()

    def on_resize(self) -> None:
        """What the terminal shows is not known any more, whatever size it says: one may have been between two of them."""
        self._forgotten = True

    def _check_resize(self) -> None:
        """Draw everything anew behind the size that the screen is told, where that size alone did not do it.

        Of sizes that follow within milliseconds Textual hands on the last, and draws nothing where it is the one that
        was drawn; the terminal was smaller or larger meanwhile and forgot cells, or has some that were meant elsewhere.
        """
        due = self._resize_event is not None
        super()._check_resize()
        if due and self._resize_event is None:
            self.screen.call_later(self._draw_forgotten)

    def _draw_forgotten(self) -> None:
        if self._forgotten:
            self.screen.refresh()

    def _draw_anew(self) -> None:
        """Send every cell: what the terminal shows is not known."""
        self._forgotten = True
        self.screen.refresh()

    def when_written(self, call: Callable[[], object]) -> None:
        """Call something when all that was drawn until now has been written to the terminal; at once without one."""
        driver = self._driver
        if isinstance(driver, SievedDriver):
            driver.when_written(call)
        else:
            call()

    def when_arrived(self, call: Callable[[], object]) -> None:
        """As `when_written`, but when it has reached the terminal, where that can be known."""
        driver = self._driver
        if isinstance(driver, SievedDriver):
            driver.when_arrived(call)
        else:
            call()

    def ask(self) -> None:
        """Have the terminal say when all that was sent until now has reached it: the link measures by that."""
        if isinstance(self._driver, SievedDriver):
            self._driver.ask()

    @property
    def link(self) -> Link | None:
        """The line to the terminal, None without one."""
        driver = self._driver
        return driver.link if isinstance(driver, SievedDriver) else None

    async def on_answered(self, event: Answered) -> None:
        """The terminal has said what it shows."""
        await showing.take(self, event.seen)

    async def on_event(self, event: events.Event) -> None:
        """Drop what is a terminal's late answer to a question: Textual hands an unknown one on as a burst of keys.

        Such a burst begins with `^` or `[`; nobody types the next key within milliseconds. Without this an answer
        with a digit in it could label a picture. In a line that is written on nothing is dropped: it labels none, and
        a slow line brings what a person types in pieces.
        """
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._pressed_at = monotonic()
            self._have_been_read()
            if isinstance(self.focused, Input):
                self._answer_until = 0.0
                await super().on_event(event)
                return
            inside = event.time <= self._answer_until
            if inside or event.key in ("circumflex_accent", "left_square_bracket"):
                self._answer_until = event.time + _ANSWER_S
            if inside:
                return
        await super().on_event(event)

    def tell(self, lines: Sequence[str], *, title: str = "", severity: SeverityLevel = "information") -> None:
        """Say some lines in passing, together; of many the first few and how many more."""
        shown = list(lines[:_SAID_LINES])
        if len(lines) > len(shown):
            shown.append(f"… and {len(lines) - len(shown)} more")
        if shown:
            seconds = _SAID_S[severity]
            self.notify("\n".join(shown), title=title, severity=severity, timeout=seconds, markup=False)

    def on_notify(self, event: Notify) -> None:
        """What is said already is not said again, and beside it there is one other at most."""
        new, said = event.notification, list(self._notifications)
        if any((one.title, one.message) == (new.title, new.message) for one in said):
            event.prevent_default()
            return
        for old in said[: max(0, len(said) + 1 - _SAID_AT_ONCE)]:
            self._unnotify(old)

    def _have_been_read(self) -> None:
        """Take away what was said a while ago: who presses a key has gone on."""
        for one in list(self._notifications):
            if time() - one.raised_at > _READ_S:
                self._unnotify(one)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Send an update of parts of the screen cell by cell, one of the whole screen with no more colours than it takes.

        While updates are gathered nothing is sent.
        """
        sent = renderable
        kept = self.kept() if self.kept and not self._forgotten else ()
        if isinstance(renderable, ChopsUpdate):
            sent = Changed.of(renderable, kept)
        elif isinstance(renderable, LayoutUpdate):
            sent = Whole.of(renderable, kept)
            self._forgotten = self._forgotten and bool(self._batch_count)
        super()._display(screen, sent)
        if sent is not None and self.after_update is not None and self.is_running and not self._batch_count:
            self.after_update(sent)

    def _print(self, text: str, stderr: bool = False) -> None:
        """What a library prints while the app runs goes to the log (standard error leads there), not over the screen."""
        if self.is_headless:
            super()._print(text, stderr)
            return
        try:
            os.write(2, text.encode("utf-8", "backslashreplace"))
        except OSError:
            pass  # a full disk: the screen stays whole all the same

    def _fatal_error(self) -> None:
        """End after an error nobody foresaw: two lines for the person, the details in a file.

        Textual would print pages of traceback; with --debug it still does.
        """
        if self._traceback_wanted:
            super()._fatal_error()
        elif self._failed_once:
            self._close_messages_no_wait()
        else:
            self._failed_once = True
            kind, error, _ = sys.exc_info()
            where = self._private / "app.log"
            try:
                with open(where, "a", encoding="utf-8", errors="backslashreplace") as file:
                    file.write(f"{datetime.now().isoformat(timespec='seconds')}\n{traceback.format_exc()}\n")
            except OSError:
                pass  # the two lines below are what there is then
            name = kind.__name__ if kind else "an error"
            self.panic(
                Text(
                    f"Something unforeseen went wrong: {name}: {safe(str(error))}\n"
                    f"No label is lost. The details are in {safe(where)}; please report them."
                )
            )

    def leave(self, code: int) -> None:
        """Leave with that exit code."""
        self.exit(return_code=code)

    def leave_by_signal(self, code: int) -> None:
        """Leave because of a signal; called from its handler, which may interrupt anything."""
        loop = self._loop_running
        if loop is None:
            raise SystemExit(code)
        loop.call_soon_threadsafe(self.leave, code)
