"""From the command to the first frame on the screen, in a pseudo-terminal, against the smallest Textual app."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.frames import many_names, name_of
from benchmarks.measure import Row, Topic, alternately, exponent, new_workspace, program, run, spaced

SIZES = (1_000, 30_000, 300_000, 1_000_000)
#: The largest is opened fewer times, and is not scanned anew beside a listing.
_SCANNED = 300_000
SMALLEST = """
from textual.app import App
from textual.widgets import Static
class Smallest(App):
    def compose(self):
        yield Static("\\u2580 here")
Smallest().run()
"""
#: Labels given before the memory is looked at.
LABELS = 100_000
#: A half block: the first cells of a picture.
PICTURE = "▀".encode()


def memory_at_rest(pid: int, terminal: int, longest: float = 120.0) -> tuple[float, float]:
    """Read what a process writes until its memory grows no more; return in MB what it holds and what it held at most.

    It may go on working: the app measures what changes from frame to frame for as long as it is open.
    """
    end, calm, before = time.perf_counter() + longest, 0, (0.0, 0.0)
    while calm < 3 and time.perf_counter() < end:
        until = time.perf_counter() + 1.5
        while (left := until - time.perf_counter()) > 0:
            if select.select([terminal], [], [], left)[0]:
                os.read(terminal, 65536)
        held = _held(pid)
        calm = calm + 1 if held[1] == before[1] and abs(held[0] - before[0]) < held[0] / 100 else 0
        before = held
    return before


def _held(pid: int) -> tuple[float, float]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    words = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(words["VmRSS"].split()[0]) / 1000, int(words["VmHWM"].split()[0]) / 1000


def until_seen(
    words: list[str],
    cwd: Path,
    wanted: bytes,
    *,
    longest: float = 120.0,
    then: Callable[[int, int], None] | None = None,
) -> float:
    """Start a program in a terminal of 80x24 and return the seconds until it has drawn `wanted`.

    `then` is called with its process id and its terminal before it is ended.
    """
    begin = time.perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(cwd)
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        os.execv(words[0], words)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    said = b""
    took = longest
    try:
        while time.perf_counter() - begin < longest:
            if not select.select([terminal], [], [], 0.5)[0]:
                continue
            try:
                block = os.read(terminal, 65536)
            except OSError:
                raise SystemExit(
                    f"{' '.join(words)} ended before it drew anything:\n{said[-2000:]!r}"
                ) from None
            if b"\x1b[c" in block or b"\x1b[0c" in block:
                os.write(terminal, b"\x1b[?62;22c")  # a plain terminal: no graphics
            said += block
            if wanted in said:
                took = time.perf_counter() - begin
                if then is not None:
                    then(child, terminal)
                break
    finally:
        os.kill(child, signal.SIGKILL)
        os.close(terminal)
        os.waitpid(child, 0)
    return took


def scanned(folder: Path, camera: Path, size: int, repeats: int) -> Row:
    """Scan a camera folder for the first time, in turns with a bare listing of it."""
    from core.frames.index import FrameIndex
    from core.workspace import Workspace

    folder.mkdir()
    (folder / "print-models.toml").write_text("")
    (folder / "printer-timelapses").symlink_to(camera)
    workspace = Workspace.open(folder)

    def ours() -> None:
        for path in workspace.private.glob("index.db*"):
            path.unlink()
        with FrameIndex(workspace) as index:
            index.scan()

    def bare() -> None:
        with os.scandir(camera) as days:
            for day in days:
                os.listdir(day)

    found = alternately({"ours": ours, "bare": bare}, repeats)
    return Row(
        f"{spaced(size)} frames, first scan",
        found["ours"],
        "`os.scandir` + `os.listdir`",
        found["bare"],
        "≤ 1.5x",
    )


def measure(folder: Path, repeats: int = 5) -> Topic:
    """Open workspaces of three sizes whose index is warm, in turns with the smallest app."""
    app = [str(Path(sys.executable).with_name("print-models"))]
    smallest = folder / "smallest.py"
    smallest.write_text(SMALLEST)
    rows, ours = [], []
    memory = Path("/dev/shm")
    fast = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None, prefix="print-models-bench-"))
    try:
        for size in SIZES:
            camera = fast / f"camera-{size}"
            many_names(camera, size)
            root = new_workspace(folder / f"ws-{size}", camera)
            first = "printer-timelapses/{}/{}".format(*name_of(0))
            run(program("label", "--as", "offline", first), root)
            run(program("status"), root)
            found = alternately(
                {
                    "ours": lambda root=root: until_seen(app, root, PICTURE),
                    "smallest": lambda: until_seen([sys.executable, str(smallest)], folder, PICTURE),
                },
                repeats if size <= _SCANNED else min(repeats, 3),
            )
            ours.append(found["ours"])
            rows.append(
                Row(f"{spaced(size)} frames, warm index", found["ours"], "the smallest Textual app", found["smallest"], "≤ 2x")
            )  # fmt: skip
            if size == _SCANNED:
                rows.append(scanned(fast / "scanned", camera, size, repeats))
            shutil.rmtree(camera)
    finally:
        shutil.rmtree(fast, ignore_errors=True)
    return Topic(
        "From the command to the first frame on the screen (a person waits)",
        tuple(rows),
        (
            f"Grows ~ frames^{exponent(SIZES, ours):.2f}. 80x24, half-cells, 1920x1080 JPEGs, camera folder in memory.",
        ),
    )


def label_many(root: Path) -> None:
    """Label the first frames of the camera, as an import does: at one go."""
    from core.labels.store import LabelStore
    from core.workspace import Workspace

    keys = ["printer-timelapses/{}/{}".format(*name_of(number)) for number in range(LABELS)]
    workspace = Workspace.open(root)
    task = workspace.task(None)
    with LabelStore(workspace) as store:
        store.set(task, keys, task.classes[0], how="imported", who="ana")


def memory_of(app: list[str], smallest: list[str], root: Path, folder: Path, size: int) -> str:
    """Say what the app holds at rest with every frame read, against the smallest app."""
    held: dict[str, tuple[float, float]] = {}
    for name, words, cwd in (("ours", app, root), ("smallest", smallest, folder)):

        def look(pid: int, terminal: int, name: str = name) -> None:
            held[name] = memory_at_rest(pid, terminal)

        until_seen(words, cwd, PICTURE, then=look)
    return (
        f"Memory with {spaced(size)} frames read, {spaced(LABELS)} labels: {held['ours'][0]:.0f} MB (at most "
        f"{held['ours'][1]:.0f} MB while reading), the smallest Textual app {held['smallest'][0]:.0f} MB: "
        f"{held['ours'][0] / held['smallest'][0]:.1f}x (bar 8x). The files are names of {size // 30_000 + 1} pictures "
        "in day folders, scanned as any camera's."
    )
