"""The real program in real terminals: tmux, a bare pseudo-terminal, none at all."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROGRAM = [sys.executable, "-m", "tui"]
HERE = Path(__file__).resolve().parents[2]


def _env(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(HERE), "TERM": "xterm-256color", "COLORTERM": "truecolor", **more}


class Tmux:
    """A tmux server of our own with one window."""

    def __init__(self, folder: Path) -> None:
        self.socket = str(folder / "tmux.sock")

    def run(self, *words: str) -> str:
        return subprocess.run(
            ["tmux", "-S", self.socket, "-f", "/dev/null", *words], capture_output=True, text=True, check=True
        ).stdout

    def open(self, root: Path, columns: int, rows: int, **env: str) -> None:
        given = [word for name, value in env.items() for word in ("-e", f"{name}={value}")]
        command = f"{' '.join(PROGRAM)} -C '{root}'; echo ended with $?; exec cat"
        self.run("new-session", "-d", "-x", str(columns), "-y", str(rows), *given, command)

    def text(self) -> str:
        return self.run("capture-pane", "-p")

    def see(self, *words: str, seconds: float = 60) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.text()
            if all(word in text for word in words):
                return text
            select.select([], [], [], 0.05)
        raise AssertionError(f"never saw {words}:\n{self.text()}")


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    server = Tmux(tmp_path)
    yield server
    subprocess.run(["tmux", "-S", server.socket, "kill-server"], capture_output=True)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (160, 48)])
def test_a_day_is_labelled_in_tmux(workspace, tmux, columns, rows):
    place = workspace(frames=4)
    tmux.open(place.root, columns, rows, PYTHONPATH=str(HERE), COLORTERM="truecolor")
    text = tmux.see("▀", "no label", "0/4", "Fri 7 Nov")
    assert all(len(line) <= columns for line in text.split("\n"))
    tmux.run("send-keys", "a")
    tmux.see("1/4", "saved ● active")
    tmux.run("send-keys", "o")
    tmux.see("2/4")
    tmux.run("send-keys", "u")
    tmux.see("1/4", "undone")
    tmux.run("send-keys", "V")
    tmux.see("nothing → draft")
    tmux.run("send-keys", "S")
    tmux.see("stored")
    tmux.run("send-keys", "T")
    tmux.see("There is no training yet")
    tmux.run("send-keys", "q")
    tmux.see("ended with 0")
    assert json.loads((place.root / "data/labels.json").read_text()) == {place.keys[0]: "active"}


def test_without_colour_every_class_has_its_glyph_and_word(workspace, tmux):
    place = workspace(frames=2)
    tmux.open(place.root, 80, 24, PYTHONPATH=str(HERE), NO_COLOR="1")
    tmux.see("▀", "no label")
    tmux.run("send-keys", "a")
    tmux.see("● active 1", "○ offline 0", "█")


def _without_terminal(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words],
        cwd=cwd,
        env=_env(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_a_terminal_one_sentence_and_5(workspace):
    place = workspace(frames=1)
    done = _without_terminal(cwd=place.root)
    assert (done.returncode, done.stdout) == (5, "")
    assert "no terminal" in done.stderr
    assert "Traceback" not in done.stderr


def test_neither_a_command_nor_the_refusal_imports_textual(workspace):
    place = workspace(frames=1)
    code = (
        "import sys; from tui.__main__ import main; code = main(sys.argv[1:]);"
        "print(code, [name for name in sys.modules if name.split('.')[0] in ('textual', 'rich', 'PIL', 'torch')])"
    )
    for words, expected in (([], 5), (["versions"], 0)):
        done = subprocess.run(
            [sys.executable, "-c", code, "-C", str(place.root), *words],
            cwd=place.root, env=_env(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.stdout.strip().endswith(f"{expected} []"), done.stdout + done.stderr


class Terminal:
    """The program on a bare pseudo-terminal."""

    def __init__(self, *words: str, cwd: Path) -> None:
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (24, 80))
        self.before = termios.tcgetattr(self.slave)
        self.child = subprocess.Popen(
            [*PROGRAM, *words], cwd=cwd, env=_env(), stdin=self.slave, stdout=self.slave, stderr=self.slave,
            start_new_session=True,
        )  # fmt: skip
        self.bytes = b""

    def read_until(self, holds: Callable[[bytes], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not holds(self.bytes) and time.monotonic() < end:
            ready, _, _ = select.select([self.master], [], [], 0.05)
            if ready:
                self.bytes += os.read(self.master, 65536)
        assert holds(self.bytes), self.bytes[-2000:]

    def end(self, seconds: float) -> int:
        """Read on until the program has ended."""
        limit = time.monotonic() + seconds
        while self.child.poll() is None and time.monotonic() < limit:
            if select.select([self.master], [], [], 0.02)[0]:
                self.bytes += os.read(self.master, 65536)
        while select.select([self.master], [], [], 0)[0]:
            self.bytes += os.read(self.master, 65536)
        return self.child.wait(timeout=1)

    def close(self) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(workspace) -> Iterator[Terminal]:
    place = workspace(frames=3)
    opened = Terminal("-C", str(place.root), cwd=place.root)
    yield opened
    opened.close()


def _drawn(data: bytes) -> bool:
    return "▀".encode() in data and b"label" in data


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_a_signal_restores_the_terminal(terminal, number, code):
    terminal.read_until(_drawn)
    terminal.child.send_signal(number)
    assert terminal.end(15) == code
    assert b"\x1b[?1049l" in terminal.bytes, "the alternate screen was left"
    assert termios.tcgetattr(terminal.slave) == terminal.before


def test_a_terminal_that_takes_nothing_does_not_keep_it_alive(terminal):
    terminal.read_until(_drawn)
    for _ in range(200):  # what is drawn for these is never read
        os.write(terminal.master, b"\x1b[C\x1b[D")
    terminal.child.send_signal(signal.SIGTERM)
    started = time.monotonic()
    assert terminal.child.wait(timeout=20) == 143
    assert time.monotonic() - started < 15


def test_the_terminal_is_asked_for_no_picture_protocol(terminal):
    terminal.read_until(_drawn)
    for query in (b"\x1b[16t", b"\x1b_G", b"\x1b[c", b"\x1b[0c"):
        assert query not in terminal.bytes
    os.write(terminal.master, b"q")
    assert terminal.end(20) == 0


def test_late_answers_of_a_terminal_label_nothing(terminal):
    """An answer to a question nobody of ours asked is no key press."""
    terminal.read_until(_drawn)
    for answer in (b"\x1b[?62;4;6c", b"\x1b[6;20;10t", b"\x1b_Gi=1;OK\x1b\\", b"\x1bP1$r48:2:1:2:3m\x1b\\"):
        os.write(terminal.master, answer)
        select.select([], [], [], 0.3)  # each comes by itself; Textual waits a tenth of a second for more
    limit = time.monotonic() + 20
    while terminal.child.poll() is None and time.monotonic() < limit:
        if select.select([terminal.master], [], [], 0.2)[0]:
            terminal.bytes += os.read(terminal.master, 65536)
        else:
            os.write(terminal.master, b"q")
    assert terminal.child.poll() == 0
    assert b"saved" not in terminal.bytes
    assert b"keys on the" not in terminal.bytes


def test_a_folder_that_is_no_workspace_says_what_to_do(tmp_path):
    opened = Terminal("-C", str(tmp_path), cwd=tmp_path)
    try:
        assert opened.end(30) == 5
        assert b"print-models init" in opened.bytes
    finally:
        opened.close()
