"""Real terminals for tests: the program in tmux, on a bare pseudo-terminal, and a reader of what it sends there.

What always holds: only processes started here are ended. Called by tests/tui and tests/faults.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

from core.asking import questions

PROGRAM = [sys.executable, "-m", "tui"]
HERE = Path(__file__).resolve().parents[1]
RESTORED = b"\x1b[?1049l"

#: What the terminal is asked before the app begins, in one write.
QUESTIONS = questions(graphics=True)
#: All that the app may say to a terminal in escapes: that round of questions, colours, places on the screen, modes, the
#: keyboard protocol, two questions that any terminal answers or ignores, the pointer. No titles, no clipboard, no links,
#: no other device strings.
_ALLOWED = re.compile(
    rb"\x1b\[[0-9;:]*m"
    rb"|\x1b\[[0-9;]*H"
    rb"|\x1b\[[0-9]*C"
    rb"|\x1b\[\?(?:1000|1003|1004|1006|1015|1016|1049|2004|2026|2048|25|7)[hl]"
    rb"|\x1b\[\?(?:2026|2048)\$p"
    rb"|\x1b\[5n"  # is it well? Asked behind a picture: the answer says that it has arrived
    rb"|\x1b\[>[0-9]+u|\x1b\[<u"
    rb"|\x1b\]22;[a-z-]+\x07"  # the shape of the mouse pointer
    rb"|\r\x1b\[K"  # a line of progress, written anew
    rb"|\r?\n"
    rb"|" + re.escape(QUESTIONS) + rb"|" + re.escape(questions(graphics=False))
)


def env(**more: str) -> dict[str, str]:
    """The environment of the program in a terminal with all colours."""
    return {**os.environ, "PYTHONPATH": str(HERE), "TERM": "xterm-256color", "COLORTERM": "truecolor", **more}


def unruly(sent: bytes) -> list[str]:
    """Return what was sent to a terminal and is neither text nor an escape of the app's own, with what followed it."""
    parts, at = [], 0
    for escape in [*_ALLOWED.finditer(sent), None]:
        end = escape.start() if escape else len(sent)
        text = sent[at:end].decode("utf-8", "surrogateescape")
        parts += [repr(text[place : place + 20]) for place, c in enumerate(text) if _acts(ord(c))]
        at = escape.end() if escape else end
    return sorted(set(parts))


def _acts(code: int) -> bool:
    if code < 32 or 127 <= code < 160 or 0xDC80 <= code <= 0xDCFF:
        return True
    return code in (0x200B, 0x200E, 0x200F, 0xFEFF) or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069


class Tmux:
    """A tmux server of our own with one window."""

    def __init__(self, folder: Path) -> None:
        self.socket = str(folder / "tmux.sock")

    def run(self, *words: str) -> str:
        command = ["tmux", "-S", self.socket, "-f", "/dev/null", *words]
        # Python's own view of the environment: readline, where it was loaded, has put a size of the terminal into the
        # other one, which programs would believe for ever.
        given = dict(os.environ)
        return subprocess.run(command, env=given, capture_output=True, text=True, check=True).stdout

    def shell(self, columns: int, rows: int, command: str, **env: str) -> None:
        """Open the window with a command in it."""
        given = [word for name, value in env.items() for word in ("-e", f"{name}={value}")]
        self.run("new-session", "-d", "-x", str(columns), "-y", str(rows), *given, command)

    def open(self, root: Path, columns: int, rows: int, **env: str) -> None:
        """Open the window with the app in it; its exit code is shown afterwards."""
        command = f"{' '.join(PROGRAM)} -C '{root}'; echo ended with $?; exec cat"
        self.shell(columns, rows, command, **env)

    def text(self) -> str:
        return self.run("capture-pane", "-p")

    def keys(self, *keys: str) -> None:
        self.run("send-keys", *keys)

    def see(self, *words: str, seconds: float = 60) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.text()
            if all(word in text for word in words):
                return text
            select.select([], [], [], 0.05)
        raise AssertionError(f"never saw {words}:\n{self.text()}")


class Terminal:
    """A program on a bare pseudo-terminal: the app with these words, or another command."""

    def __init__(
        self,
        *words: str,
        cwd: Path,
        size: tuple[int, int] = (80, 24),
        command: list[str] | None = None,
        **more: str,
    ) -> None:
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (size[1], size[0]))
        self.before = termios.tcgetattr(self.slave)
        self.child = subprocess.Popen(
            [*(command or PROGRAM), *words], cwd=cwd, env=env(**more), stdin=self.slave, stdout=self.slave,
            stderr=self.slave, start_new_session=True,
        )  # fmt: skip
        self.bytes = b""

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Change the size and say so, as the kernel does to a program that the terminal is the controlling one of."""
        termios.tcsetwinsize(self.slave, (rows, columns))
        self.child.send_signal(signal.SIGWINCH)

    def read_until(self, holds: Callable[[bytes], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not holds(self.bytes) and time.monotonic() < end:
            self.take(0.05)
        assert holds(self.bytes), self.bytes[-2000:]

    def rest(self, seconds: float = 0.6, *, most: float = 20) -> bytes:
        """Read until nothing came for so long; return what came."""
        before, end = len(self.bytes), time.monotonic() + most
        while self.take(seconds) and time.monotonic() < end:
            pass
        return self.bytes[before:]

    def take(self, seconds: float) -> bool:
        """Read what comes within so long; False where nothing did."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.bytes += os.read(self.master, 65536)
        return True

    def end(self, seconds: float) -> int:
        """Read on until the program has ended; return its exit code."""
        limit = time.monotonic() + seconds
        while self.child.poll() is None and time.monotonic() < limit:
            self.take(0.02)
        while self.take(0):
            pass
        return self.child.wait(timeout=1)

    def hang_up(self) -> None:
        """The line is gone: nobody has the other end any more."""
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for number in (self.master, self.slave):
            if number >= 0:
                os.close(number)


def drawn(data: bytes) -> bool:
    """True where a picture and the words around it have been sent."""
    return ("▀".encode() in data) and b"label" in data
