"""Rows 107 to 113 and 117: what comes from outside never talks to the terminal, and the terminal is always given back."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.training import events
from tests.conftest import Place
from tests.terminals import HERE, PROGRAM, RESTORED, Terminal, Tmux, drawn, env, unruly

#: What outside text has been used for: clipboard, title, links, device strings, pictures, questions whose answers are
#: typed, modes, resets, overwriting, turned and invisible letters, bytes that are no text.
PAYLOADS = (
    "\x1b]52;c;ZXZpbA==\x07", "\x1b]0;owned\x07", "\x1b]8;;http:evil\x1b\\link", "\x1bPq#0;2;0;0;0\x1b\\",
    "\x1b_Ga=T,f=100;AAAA\x1b\\", "\x1b[6n", "\x1b[21t", "\x1b[?1049l", "\x1bc", "\x1b[2J\x1b[H", "\x9b31m",
    "\x08\x08\x08x", "\rgone", "\u202egnp.jpg", "\u2066\u200b",
)  # fmt: skip
MARKUP = ("[bold]", "[@click=app.quit]x[", "[red]$error", "{{0}}", "[[x]]")


@pytest.fixture
def place(workspace: Callable[..., Place]) -> Place:
    return workspace(frames=3)


@pytest.fixture
def started(place: Place) -> Iterator[Callable[..., Terminal]]:
    """Open the app (or a program around it) on a bare pseudo-terminal."""
    opened: list[Terminal] = []

    def start(*words: str, **more: object) -> Terminal:
        opened.append(Terminal(*(words or ("-C", str(place.root))), cwd=place.root, **more))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def _labels(root: Path) -> dict[str, str]:
    """What the database holds, by a connection of our own."""
    with closing(sqlite3.connect(root / ".print-models" / "labels.db")) as db:
        return dict(db.execute("SELECT frame, class FROM label WHERE task='offline-detection'").fetchall())


# --- what comes from outside ------------------------------------------------------------------------------------


def _poison(place: Place, payloads: tuple[str, ...]) -> None:
    """Put the payloads wherever text comes from outside: names, labels, notes, EXIF, a training's words and log."""
    from PIL import Image

    day = (place.root / place.keys[0]).parent
    for number, payload in enumerate(payloads):
        name = payload.replace("/", "")
        shutil.copy2(place.root / place.keys[0], day / f"20251107T0900{number:02d}{name}.jpg")
        (day / f"nothing {name}.jpg").write_bytes(b"no picture")
    exif = Image.Exif()
    exif[0x010E] = "".join(payloads)  # the description
    exif[0x0110] = payloads[0]  # the camera's model
    Image.new("RGB", (64, 36), (90, 90, 90)).save(day / "20251107T100000.jpg", exif=exif)
    data = place.root / "data"
    labels = {f"printer-timelapses/20251107/a{payload}.jpg": payload for payload in payloads}
    (data / "labels.json").write_text(json.dumps({**labels, place.keys[1]: "active"}))
    notes = {
        place.keys[0]: {
            "mark": "excluded",
            "reason": "".join(payloads),
            "note": payloads[0],
            "by": payloads[1],
        }
    }
    (data / "marks.json").write_text(json.dumps(notes))
    run = place.root / ".print-models" / "runs" / "20251112T200000-offline-detection"
    run.mkdir(parents=True)
    writer = events.EventWriter(run)
    writer.append("started", epochs=4, task="".join(payloads), dataset=payloads[0])
    writer.append("failed", what=f"RuntimeError: {''.join(payloads)}", remedy=payloads[0])
    writer.close()
    (run / "train.log").write_bytes(
        "\n".join(payloads).encode("utf-8", "surrogateescape") + b"\n\x9b2J\xff\n"
    )


def _chatty_git(folder: Path, payloads: tuple[str, ...]) -> str:
    """A git that says the payloads, as a server's messages and hooks would come through it; return the PATH."""
    real = shutil.which("git")
    folder.mkdir()
    said = folder / "said"
    said.write_text("".join(f"remote: {payload}\n" for payload in payloads))
    script = folder / "git"
    script.write_text(
        f'#!/bin/sh\ncat "{said}" >&2\ncase "$*" in *status*|*config*--list*) cat "{said}"; exit 128;; esac\nexec {real} "$@"\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return f"{folder}:{os.environ['PATH']}"


def _walk(terminal: Terminal) -> None:
    """Go through every frame and every screen, label, undo, and leave."""
    terminal.read_until(drawn)
    terminal.rest()
    for key in ("\x1b[F", "a", "u", *["\x1b[D"] * 4, "V", "f", "S", "T", "@", "q", "?", "q", "!", "L", "!"):
        terminal.press(key)
        terminal.rest(0.15)
    terminal.press("q")
    assert terminal.end(30) == 0


def test_f_107_nothing_from_outside_reaches_the_terminal_raw(
    place: Place, started: Callable[..., Terminal], tmp_path: Path
) -> None:
    """neutralised everywhere incl. after exit"""
    _poison(place, PAYLOADS)
    path = _chatty_git(tmp_path / "bin", PAYLOADS)
    terminal = started(size=(130, 40), PRINT_MODELS_WHO="".join(PAYLOADS), PATH=path)
    _walk(terminal)
    assert unruly(terminal.bytes) == []
    assert b"x1b" in terminal.bytes, "they were there to be seen"


def test_f_107_nothing_from_outside_reaches_a_terminal_raw_from_a_command(
    place: Place, started: Callable[..., Terminal], tmp_path: Path
) -> None:
    """neutralised everywhere incl. after exit"""
    _poison(place, PAYLOADS)
    path = _chatty_git(tmp_path / "bin", PAYLOADS)
    for words in (["status"], ["frames"], ["runs"], ["label", "--as", "active", f"no{PAYLOADS[0]}.jpg"]):
        terminal = started("-C", str(place.root), *words, PRINT_MODELS_WHO="".join(PAYLOADS), PATH=path)
        terminal.end(60)
        assert unruly(terminal.bytes) == [], words


@pytest.mark.slow
def test_f_108_markup_in_names_is_literal(
    place: Place, started: Callable[..., Terminal], tmp_path: Path
) -> None:
    """literal text"""
    _poison(place, MARKUP)
    path = _chatty_git(tmp_path / "bin", MARKUP)
    terminal = started(size=(130, 40), PRINT_MODELS_WHO="[b]Eve[/b]", PATH=path)
    _walk(terminal)
    assert unruly(terminal.bytes) == []
    assert b"[@click=app.quit]" in terminal.bytes


# --- how the terminal is left -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_f_109_a_signal_restores_the_terminal(
    started: Callable[..., Terminal], number: signal.Signals, code: int
) -> None:
    """terminal restored, rc 143/129/130/1"""
    terminal = started()
    terminal.read_until(drawn)
    terminal.child.send_signal(number)
    assert terminal.end(15) == code
    assert RESTORED in terminal.bytes, "the alternate screen was left"
    assert termios.tcgetattr(terminal.slave) == terminal.before


def test_f_109_an_error_nobody_foresaw_restores_the_terminal(
    place: Place, started: Callable[..., Terminal]
) -> None:
    """terminal restored, rc 143/129/130/1"""
    code = (
        "import sys\n"
        "from tui.tools.moving import Moving\n"
        "def broken(self): raise RuntimeError('no \\x1b[2J such thing')\n"
        "Moving.do_next = broken\n"
        "from tui.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    terminal = started("-C", str(place.root), command=[sys.executable, "-c", code])
    terminal.read_until(drawn)
    terminal.press("\x1b[C")
    assert terminal.end(15) == 1
    after = terminal.bytes[terminal.bytes.rindex(RESTORED) :]
    assert b"No label is lost" in after
    assert b"Traceback" not in after
    assert termios.tcgetattr(terminal.slave) == terminal.before
    assert "RuntimeError" in (place.root / ".print-models" / "app.log").read_text()
    assert unruly(after) == []


def test_f_110_a_line_that_is_gone_ends_it_also_where_hang_up_is_ignored(
    place: Place, started: Callable[..., Terminal]
) -> None:
    """exits ≤ 5 s, no spin"""
    words = f"trap '' HUP; exec {' '.join(PROGRAM)} -C '{place.root}'"
    terminal = started("-c", words, command=["sh"])
    terminal.read_until(drawn)
    terminal.rest()
    used = _cpu_seconds(terminal.child.pid)
    gone = time.monotonic()
    terminal.hang_up()
    most = 0.0
    while terminal.child.poll() is None and time.monotonic() - gone < 20:
        most = max(most, _cpu_seconds(terminal.child.pid) - used)
        time_left(0.05)
    assert terminal.child.wait(timeout=1) == 129
    assert time.monotonic() - gone < 5
    assert most < 2, "it did not spin meanwhile"


def time_left(seconds: float) -> None:
    """Give the processor away for a moment."""
    select.select([], [], [], seconds)


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_f_111_a_terminal_that_takes_nothing_does_not_keep_it_alive(
    place: Place, started: Callable[..., Terminal]
) -> None:
    """dies ≤ 2 s, labels safe"""
    terminal = started()
    terminal.read_until(drawn)
    terminal.rest()
    terminal.press("a")
    terminal.read_until(lambda sent: b"saved" in sent)
    for _ in range(300):  # what is drawn for these is never read
        terminal.press("\x1b[C\x1b[D")
    terminal.child.send_signal(signal.SIGTERM)
    sent = time.monotonic()
    assert terminal.child.wait(timeout=20) == 143
    assert time.monotonic() - sent < 3, "two seconds, and one for a busy machine"
    assert _labels(place.root) == {place.keys[0]: "active"}


def test_f_112_stopped_and_resumed_small_and_large(place: Place, tmux: Tmux) -> None:
    """no crash"""
    tmux.shell(80, 24, "bash --norc -i", PYTHONPATH=str(HERE), COLORTERM="truecolor")
    tmux.see("bash-")
    tmux.keys(f"{' '.join(PROGRAM)} -C '{place.root}'", "Enter")
    tmux.see("▀", "no label", "0/3")
    tmux.keys("C-z")
    tmux.see("Stopped", "bash-")
    tmux.keys("fg; echo ended with $?", "Enter")
    tmux.see("▀", "no label")
    for columns, rows in ((1, 1), (500, 200), (20, 5), (40, 16), (80, 24)):
        tmux.run("resize-window", "-x", str(columns), "-y", str(rows))
        text = tmux.see("0/3") if columns >= 40 else tmux.text()
        assert all(len(line) <= columns for line in text.split("\n"))
    tmux.see("▀", "no label", "0/3")
    tmux.keys("a")
    tmux.see("1/3", "saved ● active")
    tmux.keys("q")
    tmux.see("ended with 0")


# --- lesser terminals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"TERM": "dumb"}, "TERM=dumb"),
        ({"TERM": ""}, "TERM="),
        ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, "needs UTF-8"),
        ({"PYTHONIOENCODING": "latin-1"}, "needs UTF-8"),
    ],
)
def test_f_113_a_terminal_that_can_do_too_little_is_refused(
    started: Callable[..., Terminal], lacking: dict[str, str], words: str
) -> None:
    """text fallback or clear refusal"""
    terminal = started(**lacking)
    assert terminal.end(30) == 5
    assert words.encode() in terminal.bytes
    assert b"print-models --help" in terminal.bytes
    assert unruly(terminal.bytes) == []


def test_f_113_sixteen_colours_are_enough(started: Callable[..., Terminal]) -> None:
    """text fallback or clear refusal"""
    terminal = started(TERM="xterm", COLORTERM="")
    terminal.read_until(drawn)
    terminal.rest()
    assert b"38;2;" not in terminal.bytes
    assert b"38;5;" not in terminal.bytes
    terminal.press("q")
    assert terminal.end(20) == 0


def test_f_113_in_the_c_locale_it_is_drawn_in_ascii(started: Callable[..., Terminal]) -> None:
    """text fallback or clear refusal"""
    terminal = started(LC_ALL="C", LANG="C")
    terminal.read_until(lambda sent: b"no label" in sent and b"offline" in sent)
    terminal.rest()
    assert all(byte < 128 for byte in terminal.bytes)
    terminal.press("q")
    assert terminal.end(20) == 0


def test_f_113_a_pipe_is_refused(place: Place) -> None:
    """text fallback or clear refusal"""
    done = subprocess.run(
        [*PROGRAM, "-C", str(place.root)], cwd=place.root, env=env(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (5, "")
    assert "no terminal" in done.stderr
    assert "print-models --help" in done.stderr


def test_f_117_what_a_library_or_a_child_says_goes_to_the_log(
    place: Place, started: Callable[..., Terminal]
) -> None:
    """goes to log, not the screen"""
    code = (
        "import os, subprocess, sys, threading, warnings\n"
        "from tui.tools.moving import Moving\n"
        "before = Moving.do_next\n"
        "def chatty(self):\n"
        "    os.write(1, b'FROM-C-1\\n'); os.write(2, b'FROM-C-2\\n')\n"
        "    print('FROM-PRINT'); print('FROM-STDERR', file=sys.stderr)\n"
        "    warnings.warn('FROM-WARNING')\n"
        "    subprocess.run(['sh', '-c', 'echo FROM-CHILD >&2'])\n"
        "    threading.Thread(target=lambda: 1 / 0).start()\n"
        "    before(self)\n"
        "Moving.do_next = chatty\n"
        "from tui.__main__ import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    terminal = started("-C", str(place.root), command=[sys.executable, "-c", code])
    terminal.read_until(drawn)
    terminal.press("\x1b[C")
    terminal.rest()
    terminal.press("q")
    assert terminal.end(20) == 0
    for word in (b"FROM-", b"ZeroDivisionError", b"Traceback"):
        assert word not in terminal.bytes
    log = (place.root / ".print-models" / "app.log").read_text()
    for word in ("C-1", "C-2", "PRINT", "STDERR", "WARNING", "CHILD"):
        assert f"FROM-{word}" in log
    assert "ZeroDivisionError" in log
