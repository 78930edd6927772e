"""The one door to outside programs.

What always holds: an argument list and never a shell, the C locale, no prompt of any kind, standard input closed or
given, a session of its own so that a child cannot reach the terminal, a time limit, and a line in the log for every
command that changes something.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from core.errors import Cancelled, Lacking, PrintModelsError
from core.progress import CancelToken
from core.text import safe, safe_lines

_REMEDY = {
    "git": "Install git: sudo apt-get install git",
    "git-lfs": "Install git-lfs: sudo apt-get install git-lfs",
}

#: What a poll takes at most.
_LONG_S = 1e6
#: Set for every child: messages in English, no questions, no pager, no editor, no optional locks for readers.
QUIET_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "LANGUAGE": "C",
    "GIT_TERMINAL_PROMPT": "0",
    # A program that fails: one that succeeds without a word is taken for an empty login, which git-lfs tries for ever.
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_PAGER": "cat",
    "PAGER": "cat",
    "GIT_EDITOR": "true",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=10 -o ServerAliveInterval=15 -o ServerAliveCountMax=3",
}


class Completed(Struct, frozen=True):
    """A program that ended: exit `code`, raw `out`put, and what it said on standard `err`or."""

    argv: tuple[str, ...]
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """The output as text; bytes that are no UTF-8 survive as surrogates."""
        return self.out.decode("utf-8", "surrogateescape")


class ProcessFailed(PrintModelsError):
    """A program ended with another code than 0."""

    def __init__(self, completed: Completed) -> None:
        lines = [line for line in safe_lines(completed.err or completed.text).split("\n") if line.strip()]
        # git says why in the line that begins with fatal or error, and may go on with advice below it.
        why = [line for line in lines if line.startswith(("fatal: ", "error: "))]
        reason = (why or lines[-1:] or [f"exit code {completed.code}"])[0]
        name = " ".join(completed.argv[:2]) if completed.argv[0] == "git" else completed.argv[0]
        super().__init__(f"{safe(name)} failed: {reason}", "", detail="\n".join(lines))
        self.completed = completed


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a child: ours, made quiet, plus `extra`. A user's own ssh command is kept."""
    env = {**os.environ, **QUIET_ENVIRONMENT, **(extra or {})}
    if "GIT_SSH_COMMAND" in os.environ:
        env["GIT_SSH_COMMAND"] = os.environ["GIT_SSH_COMMAND"]
    elif "GIT_SSH" in os.environ and "GIT_SSH_COMMAND" not in (extra or {}):
        del env["GIT_SSH_COMMAND"]  # it would go before the program that the user named
    return env


def not_installed(program: str) -> Lacking:
    """Return the error of a program that this host does not have, with the line that installs it."""
    name = safe(program)
    return Lacking(
        f"The program {name} is not installed, or not on the PATH.",
        _REMEDY.get(program, f"Install {name}."),
    )


def log_command(log: Path, argv: Sequence[str]) -> None:
    """Append one command line with its time to a log; a log that can't be written stops nothing."""
    try:
        with open(log, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(
                f"{datetime.now().isoformat(timespec='seconds')} {safe(shlex.join(argv), limit=2000)}\n"
            )
    except OSError:
        return


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End a child and all it started, and let go of its pipes."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(timeout=2)
            break
        except (subprocess.TimeoutExpired, ProcessLookupError):
            continue
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


class _Child(subprocess.Popen[bytes]):
    """A program whose end is noticed when it comes: Popen looks for it again and again, a millisecond apart."""

    def wait(self, timeout: float | None = None) -> int:
        watch = getattr(os, "pidfd_open", None)
        if timeout is None or watch is None or self.returncode is not None:
            return super().wait(timeout)
        try:
            ended = watch(self.pid)
        except OSError:  # an older kernel, or no file number left
            return super().wait(timeout)
        try:
            waiting = select.poll()
            waiting.register(ended, select.POLLIN)
            began = time.monotonic()
            waiting.poll(min(max(0.0, timeout), _LONG_S) * 1000)
        finally:
            os.close(ended)
        return super().wait(max(0.0, timeout - (time.monotonic() - began)))


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout: float = 60.0,
    check: bool = True,
    log: Path | None = None,
    cancel: CancelToken | None = None,
) -> Completed:
    """Run a program to its end and return what it said.

    `timeout` in seconds; `log` takes the command line of what changes something. Raises Lacking where the program is
    not installed or did not end in time, ProcessFailed (with `check`) on another code than 0, Cancelled.
    """
    words = [os.fspath(word) for word in argv]
    if log is not None:
        log_command(log, words)
    try:
        child = _Child(
            words,
            cwd=cwd,
            env=environment(env),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if not cwd.is_dir():
            raise Lacking(f"The folder {safe(cwd)} does not exist.", "Check the path.") from error
        raise not_installed(words[0]) from error
    try:
        out, err = _communicate(child, stdin, timeout, cancel)
    except subprocess.TimeoutExpired as error:
        _stop(child)
        raise Lacking(
            f"{safe(words[0])} did not answer within {timeout:.0f} seconds and was stopped.",
            "Look at the network or the disk, then try again.",
        ) from error
    except BaseException:
        _stop(child)
        raise
    done = Completed(tuple(words), child.returncode, out, err.decode("utf-8", "surrogateescape"))
    if check and done.code:
        raise ProcessFailed(done)
    return done


def _communicate(
    child: subprocess.Popen[bytes], stdin: bytes | None, timeout: float, cancel: CancelToken | None
) -> tuple[bytes, bytes]:
    if cancel is None:
        return child.communicate(stdin, timeout)
    waited, slice_ = 0.0, 0.2
    while True:
        if cancel.cancelled:
            raise Cancelled()
        try:
            return child.communicate(stdin, slice_)
        except subprocess.TimeoutExpired:
            waited += slice_
            stdin = None  # what was not sent yet is kept by communicate itself
            if waited >= timeout:
                raise


class Conversation:
    """A program that answers each line it is given with a line, until it is closed: many questions, one start.

    As a context it is closed at the end. Not for several threads at once.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._timeout, self._rest = timeout, b""
        self._child = subprocess.Popen(
            argv,
            cwd=cwd,
            env=environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
        )

    def ask(self, line: bytes) -> bytes | None:
        """Return the answer to a line, both without their newline; None where the program gives none any more."""
        if self._child.stdin is None or self._child.stdout is None or b"\n" in line:
            return None
        try:
            self._child.stdin.write(line + b"\n")
            waiting = select.poll()
            waiting.register(self._child.stdout, select.POLLIN)
            while b"\n" not in self._rest:
                part = self._child.stdout.read(1 << 16) if waiting.poll(self._timeout * 1000) else b""
                if not part:
                    return None
                self._rest += part
        except OSError:
            return None
        answer, _, self._rest = self._rest.partition(b"\n")
        return answer

    def close(self) -> None:
        """End the program: it ends by itself when nobody can ask it any more, else it is stopped."""
        if self._child.stdin is not None:
            with contextlib.suppress(OSError):
                self._child.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=2)
        if self._child.returncode is None:
            _stop(self._child)
        elif self._child.stdout is not None:
            self._child.stdout.close()


def spawn_helper(argv: Sequence[str], *, socket: int) -> subprocess.Popen[bytes]:
    """Start a Python module of ours that answers questions on a socket, given to it as its standard input.

    It has no terminal and says nothing anywhere else; it ends when the other end of the socket is closed.
    """
    here = os.fspath(Path(__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", ""))))
    return subprocess.Popen(
        argv,
        cwd="/",
        env=environment({"PYTHONPATH": path}),
        stdin=socket,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def spawn_beside(
    argv: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program of the lowest priority that works beside us and ends when its standard input does.

    That is a pipe nobody writes to: it closes with our process, whatever ends that. Raises OSError.
    """
    child = subprocess.Popen(
        argv,
        cwd=cwd,
        env=environment(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with contextlib.suppress(OSError):  # it may have ended already
        os.setpriority(os.PRIO_PROCESS, child.pid, 19)
    return child


def end_beside(child: subprocess.Popen[bytes], patience: float) -> None:
    """Let such a program end: its input closes, and after `patience` seconds it is made to."""
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        _stop(child)


def spawn_detached(
    argv: Sequence[str | os.PathLike[str]], *, cwd: Path, log: Path, env: Mapping[str, str] | None = None
) -> int:
    """Start a program that outlives us and our terminal; return its pid.

    Own session, standard input closed, output and errors appended to `log`.
    """
    with open(log, "ab") as out:
        child = subprocess.Popen(
            [os.fspath(word) for word in argv],
            cwd=cwd,
            env=environment(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            close_fds=True,
        )
    # Whoever stays until it ends must take its exit code, or its pid stays taken by a zombie that looks alive.
    threading.Thread(target=child.wait, name=f"reap {child.pid}", daemon=True).start()
    return child.pid
