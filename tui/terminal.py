"""The terminal itself: is there one, what the picture library may ask it, and how it is left.

`prepare` runs before textual or textual_image are imported: the picture library asks the terminal at import and its
late answers arrive as key presses, so it is imported while it believes there is none. `guard` installs the handlers
that restore the terminal on TERM, HUP and INT, with a watchdog for a terminal that takes no more bytes.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

# What a terminal may have been switched to, switched back: mouse, paste and focus reports, alternate screen, cursor,
# colours, the keyboard protocol, in-band resize reports.
_RESTORE = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?2004l\x1b[?1004l\x1b[?2048l"
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"
)
_GRACE_S = 1.5


class _NoTerminal:
    """Stands for standard output while the picture library looks at it: writable, and no terminal."""

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


def has_terminal() -> bool:
    """True where the app can be drawn and can be typed to (it draws on standard error)."""
    streams = (sys.__stdin__, sys.__stderr__)
    return os.environ.get("TERM", "") not in ("", "dumb") and all(
        s is not None and s.isatty() for s in streams
    )


def prepare() -> None:
    """Import the picture library so that it asks the terminal nothing."""
    os.environ.setdefault("TEXTUAL_CELL_WIDTH", "10")
    os.environ.setdefault("TEXTUAL_CELL_HEIGHT", "20")
    real = sys.__stdout__
    hidden: Any = _NoTerminal()
    setattr(sys, "__stdout__", hidden)  # noqa: B010 - a final attribute for the type checker, not for the interpreter
    try:
        import textual_image.widget  # noqa: F401 - imported for what it must not do later
    finally:
        setattr(sys, "__stdout__", real)  # noqa: B010 - as above


def guard(leave: Callable[[int], None]) -> Callable[[], None]:
    """Handle TERM, HUP and INT by `leave(code)`; what has not left after a moment is ended by force.

    Returns the function that takes the handlers off again.
    """
    before: dict[int, Any] = {}
    attributes = _attributes()

    def on_signal(number: int, frame: FrameType | None) -> None:
        watchdog = threading.Timer(_GRACE_S, _end, args=(128 + number, attributes))
        watchdog.daemon = True
        watchdog.start()
        leave(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        before[number] = signal.signal(number, on_signal)

    def release() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    return release


def _attributes() -> list[Any] | None:
    try:
        import termios

        return termios.tcgetattr(0)
    except Exception:  # no terminal there, or none of this kind: nothing to restore
        return None


def _end(code: int, attributes: list[Any] | None) -> None:
    """Put the terminal back without waiting for it, and end the process."""
    try:
        os.set_blocking(2, False)
        os.write(2, _RESTORE)
    except OSError:
        pass
    finally:
        try:
            os.set_blocking(2, True)
        except OSError:
            pass
    if attributes is not None:
        import termios

        try:
            termios.tcsetattr(0, termios.TCSANOW, attributes)
        except (termios.error, OSError):
            pass
    os._exit(code)
