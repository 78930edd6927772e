"""The terminal itself: is there one that can show the app, what may write to it, its cells, and how it is left.

`quiet` gives the app the terminal for itself: what libraries and child processes write to standard output and standard
error goes to a log meanwhile. `guard` installs the handlers that restore the terminal on TERM, HUP and INT and when
the line is gone, with a watchdog for a terminal that takes no more bytes.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from core.text import safe

# What a terminal may have been switched to, switched back: mouse, paste and focus reports, alternate screen, cursor,
# colours, the keyboard protocol, in-band resize reports.
_RESTORE = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?2004l\x1b[?1004l\x1b[?2048l"
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"
)
_GRACE_S = 1.5
#: Terminals that can move no cursor.
_TOO_LITTLE = ("", "dumb", "unknown")
_LOG_BYTES = 1_000_000
#: Pixels of a cell where the terminal says nothing: those of the terminal that sixels come from.
_CELL = (10, 20)

#: Where the screen is written: standard error, or its copy while that goes to the log.
_screen = 2
#: What the terminal answered.
_answered = _CELL
_far = False


def lacking() -> str:
    """Return why the app can't be drawn or typed to here, '' where it can (it draws on standard error)."""
    if not all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__)):
        return "There is no terminal to draw in."
    kind = os.environ.get("TERM", "")
    if kind in _TOO_LITTLE:
        return f"This terminal (TERM={safe(kind, limit=40)}) can't be drawn in."
    assert sys.__stderr__ is not None
    encoding = (sys.__stderr__.encoding or "").lower().replace("-", "")
    if encoding != "utf8":
        return f"This terminal's locale writes {safe(encoding, limit=40)}, and the app needs UTF-8 (LC_ALL=C.UTF-8)."
    return ""


def unsized() -> None:
    """Take a size that somebody's shell exported out of the environment: it would be believed before the terminal's own,
    and for ever, however the window changes.
    """
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


@contextmanager
def quiet(log: Path) -> Iterator[None]:
    """Write to the terminal by a way of our own; whatever else is written to 1 and 2 is appended to the log."""
    global _screen
    kept = {number: os.dup(number) for number in (1, 2)}
    names = ("__stdout__", "__stderr__", "stdout", "stderr")
    before = {name: getattr(sys, name) for name in names}
    screen = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="backslashreplace")
    into = _open_log(log)
    for number in kept:
        os.dup2(into, number)
    os.close(into)
    _screen = screen.fileno()
    for name in names:
        setattr(sys, name, screen)
    try:
        yield
    finally:
        for name, stream in before.items():
            setattr(sys, name, stream)
        for number, old in kept.items():
            os.dup2(old, number)
            os.close(old)
        _screen = 2
        with suppress(OSError):
            screen.close()


def cell_pixels() -> tuple[int, int]:
    """Return width and height of a cell in pixels, as the terminal's line says or the terminal answered."""
    import fcntl
    import struct
    import termios

    try:
        told = fcntl.ioctl(_screen, termios.TIOCGWINSZ, bytes(8))
    except OSError:
        return _answered
    rows, columns, width, height = struct.unpack("HHHH", told)
    return (width // columns, height // rows) if columns and rows and width and height else _answered


def take(cell: tuple[int, int], *, far: bool) -> None:
    """Take what the terminal answered: the size of a cell in pixels, (0, 0) unsaid; whether the link is slow."""
    global _answered, _far
    _answered = cell if all(cell) else _CELL
    _far = far


def far() -> bool:
    """Return whether the terminal is at the end of a link that carries small pictures only."""
    return _far


def screen() -> int:
    """Return the file number of the terminal's screen."""
    return _screen


def _open_log(log: Path) -> int:
    try:
        too_long = log.stat().st_size > _LOG_BYTES
    except OSError:
        too_long = False
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if too_long else os.O_APPEND)
    try:
        return os.open(log, flags | os.O_NOFOLLOW, 0o600)
    except (
        OSError
    ):  # no room, no right to write there: then what libraries say is lost, and the screen stays whole
        return os.open(os.devnull, os.O_WRONLY)


def guard(leave: Callable[[int], None], attributes: list[Any] | None = None) -> Callable[[], None]:
    """Handle TERM, HUP, INT and the end of the line by `leave(code)`; what stays then is ended by force.

    `attributes` are those that the terminal is to be left with, without them as it is now. Returns the function that takes the handlers off again.
    """
    before: dict[int, Any] = {}
    attributes = attributes or _attributes()

    def end(code: int) -> None:
        watchdog = threading.Timer(_GRACE_S, _end, args=(code, attributes))
        watchdog.daemon = True
        watchdog.start()
        leave(code)

    def on_signal(number: int, frame: FrameType | None) -> None:
        end(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        before[number] = signal.signal(number, on_signal)
    threading.Thread(target=_wait_for_hang_up, args=(end,), name="line", daemon=True).start()

    def release() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return release


def _wait_for_hang_up(end: Callable[[int], None]) -> None:
    """End when the terminal is gone, also where the signal that says so is ignored (`nohup`)."""
    try:
        line = select.poll()
        line.register(0, 0)
        found = line.poll()
    except (AttributeError, OSError):  # a system that can't wait for this
        return
    if any(what & select.POLLHUP for _, what in found):
        end(128 + signal.SIGHUP)


def _attributes() -> list[Any] | None:
    try:
        import termios

        return termios.tcgetattr(0)
    except Exception:  # no terminal there, or none of this kind: nothing to restore
        return None


def _end(code: int, attributes: list[Any] | None) -> None:
    """Put the terminal back without waiting for it, and end the process."""
    try:
        os.set_blocking(_screen, False)
        os.write(_screen, _RESTORE)
    except OSError:
        pass
    finally:
        try:
            os.set_blocking(_screen, True)
        except OSError:
            pass
    if attributes is not None:
        import termios

        try:
            termios.tcsetattr(0, termios.TCSANOW, attributes)
        except (termios.error, OSError):
            pass
    os._exit(code)
