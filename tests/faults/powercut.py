"""A power cut at every moment, without a switch: record what a program writes and syncs, then replay each prefix.

A recording is the list of what the program did to the files below some folders, and of what it acknowledged on its
standard output. `states` rebuilds, for every prefix and under several models of what a disk keeps of unsynced
writes, the files that a machine would find after the power came back.

What always holds: bytes that were synced before the cut are there in every model, a name only once its folder was
synced (or, in `kept` and `names`, at once); `syncfs` keeps all that was written before it. A folder that is renamed takes what is in
it along, durably once the folder around it is synced. The shared memory of SQLite (`-shm`) never outlives a cut.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import run_program
from tests.faults.harness import _FD, _LINE, _QUOTED, need_strace, unescape

MODELS = ("kept", "lost", "torn", "newest", "zeros")
#: A disk that keeps every name at once, and bytes only once they were synced.
NAMES = "names"
_CALLS = "openat,write,pwrite64,fsync,fdatasync,syncfs,ftruncate,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat"
#: With several threads strace may show a call in two parts, with those of others in between.
_BEGUN = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
_ENDED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_SECTOR = 512


@dataclass(frozen=True, slots=True)
class Op:
    """One thing done: `kind` is create, write, truncate, sync, syncfs, rename, unlink or ack."""

    kind: str
    path: str
    data: bytes = b""
    offset: int = 0
    target: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a program did: the files there before, the operations, its exit code and what it said on errors."""

    before: dict[str, bytes]
    ops: tuple[Op, ...]
    code: int
    err: str


def record(
    argv: Sequence[str | Path], *, cwd: Path, folders: Sequence[Path], threads: bool = False
) -> Recording:
    """Run a program and record what it does below `folders`; a line on its standard output is an acknowledgement.

    With `threads` what its other threads, and the programs it starts, do is recorded too.
    """
    need_strace()
    roots = tuple(os.path.realpath(folder) for folder in folders)
    before = {
        str(path): path.read_bytes() for root in roots for path in Path(root).rglob("*") if path.is_file()
    }
    with tempfile.NamedTemporaryFile("r", suffix=".strace", errors="surrogateescape") as log:
        options = [
            "-qq",
            "-y",
            "-xx",
            "-s",
            "2000000",
            "-e",
            "signal=none",
            "-e",
            f"trace={_CALLS}",
            "-o",
            log.name,
        ]
        answer = run_program(["strace", *(["-f"] if threads else []), *options, *argv], cwd=cwd)
        ops = _parse(_joined(log), cwd, roots)
    return Recording(before, tuple(ops), answer.code, answer.err)


def _joined(log: Iterable[str]) -> Iterator[str]:
    """Yield every call on one line, at the moment it ended."""
    begun: dict[str, str] = {}
    for text in log:
        if part := _BEGUN.match(text.rstrip("\n")):
            begun[part[1]] = part[2]
        elif part := _ENDED.match(text.rstrip("\n")):
            yield f"{part[1]} {begun.pop(part[1], '')}{part[2]}"
        else:
            yield text


def _parse(log: Iterator[str], cwd: Path, roots: tuple[str, ...]) -> list[Op]:
    ops: list[Op] = []
    ends: dict[str, int] = {}  # where plain write() goes on, per open file

    def ours(path: str) -> bool:
        return any(path == root or path.startswith(root + "/") for root in roots)

    for text in log:
        line = _LINE.match(text)
        if line is None or line["result"].startswith(("-", "?")):
            continue
        name, rest = line["name"], line["rest"]
        fd = _FD.match(rest)
        path = os.fsdecode(unescape(fd["path"])) if fd else ""
        quoted = [unescape(part) for part in _QUOTED.findall(rest)]
        if name == "write" and fd and fd["fd"] == "1":
            ops.append(Op("ack", "", quoted[0] if quoted else b""))
        elif name == "openat" and quoted:
            opened = os.path.normpath(cwd / path / os.fsdecode(quoted[-1]))
            if ours(opened) and "O_CREAT" in rest:
                ops.append(Op("create", opened))
                ends[opened] = 0
                if "O_TRUNC" in rest:
                    ops.append(Op("truncate", opened))
        elif name == "pwrite64" and ours(path):
            ops.append(Op("write", path, quoted[0], offset=int(rest.rsplit(",", 1)[1])))
        elif name == "write" and ours(path) and quoted:
            ops.append(Op("write", path, quoted[0], offset=ends.get(path, -1)))
            ends[path] = ends.get(path, 0) + len(quoted[0])
        elif name == "ftruncate" and ours(path):
            ops.append(Op("truncate", path, offset=int(rest.rsplit(",", 1)[1])))
        elif name in ("fsync", "fdatasync") and ours(path):
            ops.append(Op("sync", path))
        elif name == "syncfs":
            ops.append(Op("syncfs", path))
        elif name.startswith("rename") and len(quoted) == 2:
            old, new = (os.path.normpath(cwd / os.fsdecode(part)) for part in quoted)
            if ours(old) or ours(new):
                ops.append(Op("rename", old, target=new))
        elif name.startswith("unlink") and quoted:
            gone = os.path.normpath(cwd / path / os.fsdecode(quoted[-1]))
            if ours(gone):
                ops.append(Op("unlink", gone))
    return ops


@dataclass(slots=True)
class _Inode:
    durable: bytes = b""
    pending: list[Op] = field(default_factory=list)

    def after(self, model: str) -> bytes:
        """Return the bytes found after a cut."""
        kept = self.pending
        if model in ("lost", NAMES):
            kept = []
        elif model == "newest":
            kept = self.pending[-1:]
        elif model == "torn" and self.pending and self.pending[-1].kind == "write":
            last = self.pending[-1]
            half = max(len(last.data) // 2 // _SECTOR * _SECTOR, 1)
            kept = [*self.pending[:-1], Op("write", last.path, last.data[:half], last.offset)]
        data = bytearray(self.durable)
        for op in kept:
            if op.kind == "truncate":
                del data[op.offset :]
                data.extend(bytes(op.offset - len(data)))
                continue
            offset = len(data) if op.offset < 0 else op.offset
            data.extend(bytes(max(0, offset + len(op.data) - len(data))))
            if model != "zeros":
                data[offset : offset + len(op.data)] = op.data
        return bytes(data)


class _Disk:
    """The files during a recording: which name leads to which inode now, and durably."""

    def __init__(self, before: dict[str, bytes]) -> None:
        self.names = {path: _Inode(durable=data) for path, data in before.items()}
        self.durable_names = dict(self.names)
        self.moves: list[tuple[str, str]] = []
        self.acks: list[bytes] = []

    def do(self, op: Op) -> None:
        """Take one operation."""
        if op.kind == "ack":
            self.acks.append(op.data)
        elif op.kind == "create":
            self.names.setdefault(op.path, _Inode())
        elif op.kind in ("write", "truncate"):
            if op.path in self.names:
                self.names[op.path].pending.append(op)
        elif op.kind == "rename" and op.path in self.names:
            self.names[op.target] = self.names.pop(op.path)
        elif op.kind == "rename":
            self.names = _moved(self.names, op.path, op.target)
            self.moves.append((op.path, op.target))
        elif op.kind == "syncfs":
            for node in self.names.values():
                node.durable, node.pending = node.after("kept"), []
            self.durable_names, self.moves = dict(self.names), []
        elif op.kind == "unlink":
            self.names.pop(op.path, None)
        elif op.kind == "sync":
            self._sync(op.path)

    def _sync(self, path: str) -> None:
        inode = self.names.get(path)
        if inode is not None:
            inode.durable, inode.pending = inode.after("kept"), []
            return
        for move in [move for move in self.moves if path in map(os.path.dirname, move)]:
            self.durable_names = _moved(self.durable_names, *move)
            self.moves.remove(move)
        inside = re.compile(re.escape(path) + r"/[^/]+$")
        for name in [name for name in self.durable_names if inside.match(name)]:
            del self.durable_names[name]
        self.durable_names.update({name: node for name, node in self.names.items() if inside.match(name)})

    def found(self, model: str) -> dict[str, bytes]:
        """Return the files after a cut now."""
        names = self.names if model in ("kept", NAMES) else self.durable_names
        return {path: node.after(model) for path, node in names.items() if not path.endswith("-shm")}


def _moved(names: dict[str, _Inode], old: str, new: str) -> dict[str, _Inode]:
    """Return names in which those below a folder lie below another."""
    return {
        new + path.removeprefix(old) if path.startswith(f"{old}/") else path: node
        for path, node in names.items()
    }


@dataclass(frozen=True, slots=True)
class State:
    """What is there after a cut: the files, and what had been acknowledged; `where` names the moment."""

    files: dict[str, bytes]
    acks: tuple[bytes, ...]
    where: str


def states(recording: Recording, models: Sequence[str] = MODELS) -> Iterator[State]:
    """Yield every different state that a cut could leave, for every prefix and model."""
    disk = _Disk(recording.before)
    seen: set[int] = set()
    for number in range(len(recording.ops) + 1):
        if number:
            disk.do(recording.ops[number - 1])
        for model in models:
            files = disk.found(model)
            mark = hash((tuple(sorted(files.items())), len(disk.acks)))
            if mark in seen:
                continue
            seen.add(mark)
            done = recording.ops[number - 1] if number else Op("nothing", "")
            where = f"{model} after operation {number}: {done.kind} {os.path.basename(done.path)}"
            yield State(files, tuple(disk.acks), where)


def lay_out(state: State, *, instead_of: Path, at: Path) -> None:
    """Write the files of a state, recorded below `instead_of`, below `at`; other files below those folders go."""
    root = os.path.realpath(instead_of)
    wanted = {at / os.path.relpath(path, root): data for path, data in state.files.items()}
    for folder in {path.parent for path in wanted} | {at / ".print-models"}:
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old.is_file() and old not in wanted:
                old.unlink()
    for path, data in wanted.items():
        path.write_bytes(data)
