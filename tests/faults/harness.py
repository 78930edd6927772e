"""Faults on demand: a process killed or refused at its n-th system call, at a random moment, or on a tiny disk.

What always holds: only processes started here are ended; what cannot be done on a host (no strace, no namespaces)
is said as the reason of a skip. Who calls it: the tests of the fault catalogue.
"""

from __future__ import annotations

import functools
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Answer, run_program

#: The command line as it is run by a person who has it installed.
PROGRAM = (sys.executable, "-m", "core")
#: What changes a disk. `write` is left out where only files matter: it also carries answers to the terminal.
CHANGING = (
    "openat,write,pwrite64,fsync,fdatasync,ftruncate,rename,renameat,renameat2,mkdir,mkdirat,link,linkat,"
    "unlink,unlinkat,rmdir,utimensat,fchmod,copy_file_range,sendfile"
)  # fmt: skip
_LINE = re.compile(
    r"^(?:\d+ +)?(?P<name>\w+)\((?P<rest>.*)\) += (?P<result>-?\d+|\?)(?:<(?P<opened>(?:[^>\\]|\\.)*)>)?"
)
_FD = re.compile(r"^(?P<fd>\d+)<(?P<path>(?:[^>\\]|\\.)*)>")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


@functools.cache
def _cannot_trace() -> str | None:
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run(
        ["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, text=True, timeout=30
    )
    return None if done.returncode == 0 else f"strace can't trace here: {done.stderr.strip()[:80]}"


def need_strace() -> None:
    """Skip the test where no process can be traced."""
    if reason := _cannot_trace():
        pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: `number` counts the calls of that name from 1, `path` is the file it touches."""

    name: str
    number: int
    path: str
    failed: bool


def unescape(text: str) -> bytes:
    r"""Turn strace's \x41-escapes into the bytes they stand for."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def _path_of(line: re.Match[str], cwd: Path) -> str:
    rest = line["rest"]
    if found := _FD.match(rest):
        return os.fsdecode(unescape(found["path"]))
    names = [os.fsdecode(unescape(text)) for text in _QUOTED.findall(rest)]
    name = names[-1] if line["name"].startswith(("rename", "link")) and names else (names or [""])[0]
    return os.path.normpath(cwd / name) if name else ""


def record(argv: Sequence[str | Path], *, cwd: Path, calls: str = CHANGING) -> tuple[Answer, list[Call]]:
    """Run a program to its end and return what it said and the system calls of its main process, in order."""
    need_strace()
    with tempfile.NamedTemporaryFile("r", suffix=".strace", errors="surrogateescape") as log:
        options = [
            "-qq",
            "-y",
            "-xx",
            "-s",
            "4096",
            "-e",
            "signal=none",
            "-e",
            f"trace={calls}",
            "-o",
            log.name,
        ]
        answer = run_program(["strace", *options, *argv], cwd=cwd)
        counts: dict[str, int] = {}
        found = []
        for text in log:
            if line := _LINE.match(text):
                name = line["name"]
                counts[name] = counts.get(name, 0) + 1
                found.append(Call(name, counts[name], _path_of(line, cwd), line["result"].startswith("-")))
    return answer, found


def below(calls: Iterable[Call], *folders: Path, names: str | None = None) -> list[Call]:
    """Return the calls that touch something in one of the folders (or the folders themselves)."""
    roots = tuple(os.path.realpath(folder) for folder in folders)
    wanted = set(names.split(",")) if names else None
    return [
        call
        for call in calls
        if (wanted is None or call.name in wanted)
        and any(call.path == root or call.path.startswith(root + "/") for root in roots)
    ]


def inject(argv: Sequence[str | Path], call: Call, fault: str, *, cwd: Path) -> Answer:
    """Run a program in which that call of its main process meets a fault: 'error=ENOSPC', 'signal=KILL'."""
    need_strace()
    rule = f"inject={call.name}:{fault}:when={call.number}"
    return run_program(
        ["strace", "-qq", "-e", "signal=none", "-e", f"trace={call.name}", "-e", rule, "-o", os.devnull, *argv],
        cwd=cwd,
    )  # fmt: skip


def spread(points: Sequence[Call], most: int) -> list[Call]:
    """Pick at most so many of the points: the first, the last, and evenly between."""
    if len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (most - 1)
    return [points[round(place * step)] for place in range(most)]


def kill_after(argv: Sequence[str | Path], seconds: float, *, cwd: Path, wait_for: bytes = b"") -> bytes:
    """Start a program, kill -9 it so long after its start (or after it said `wait_for`), return what it had said."""
    child = subprocess.Popen(
        [os.fspath(word) for word in argv], cwd=cwd, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    assert child.stdout is not None
    said = b""
    if wait_for:
        while wait_for not in said and (line := child.stdout.readline()):
            said += line
    try:
        child.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
    said += child.stdout.read()
    child.stdout.close()
    child.wait()
    return said


def moments(count: int, longest: float, *, seed: int) -> list[float]:
    """Return random waiting times up to `longest` seconds, the same ones for the same seed."""
    chance = random.Random(seed)
    return [chance.uniform(0, longest) for _ in range(count)]


def limited(argv: Sequence[str | Path], *, cwd: Path, file_bytes: int) -> Answer:
    """Run a program that may write no file longer than so many bytes (the short writes of a quota)."""
    done = subprocess.run(
        [os.fspath(word) for word in argv], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=120, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes)),
    )  # fmt: skip
    return Answer(done.returncode, done.stdout, done.stderr)


@functools.cache
def _namespace() -> tuple[str, ...] | None:
    for words in (("unshare", "-m"), ("unshare", "-Urm")):
        probe = [*words, "sh", "-c", "mount -t tmpfs -o size=64k tmpfs /mnt"]
        try:
            if subprocess.run(probe, capture_output=True, timeout=30).returncode == 0:
                return words
        except FileNotFoundError:
            return None
    return None


def on_small_disk(
    script: str, *, mount: Path, size: str, cwd: Path, env: Mapping[str, str | None] | None = None
) -> Answer:
    """Run a shell script in which `mount` is an empty disk of that size (`2m`, `1m,nr_inodes=40`); gone afterwards."""
    words = _namespace()
    if words is None:
        pytest.skip("no mount namespaces here (unshare)")
    mount.mkdir(parents=True, exist_ok=True)
    return run_program(
        [*words, "sh", "-ec", f'mount -t tmpfs -o size={size} tmpfs "$1"; cd "$1"; {script}', "sh", mount],
        cwd=cwd,
        env=env,
    )
