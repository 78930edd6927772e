"""A training that learns nothing and needs no torch: what surrounds one is the real thing, only its epochs are not.

`instead_of_torch` makes a process start it; STANDIN says what it does: `wait` goes on until somebody ends it, `epochs`
writes a few and finishes, `fail`, `memory`, `crash` and `collapse` are what they say. As a program of its own it is the command line.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.durable import atomic_write, hash_file
from core.training import heart, launching, readiness, runs
from core.training.worker import Job, supervise

MODULE = "tests.training.standin"
ROOT = Path(__file__).parents[2]


def instead_of_torch(monkeypatch: pytest.MonkeyPatch, does: str, **more: str) -> None:
    """Let trainings that this process starts be this one."""
    monkeypatch.setattr(launching, "MODULE", MODULE)
    for module in (readiness, runs):
        monkeypatch.setattr(module, "require_torch", lambda: None)
    for name, value in {"STANDIN": does, **more}.items():
        monkeypatch.setenv(name, value)


def program(*words: str | Path) -> list[str]:
    """The argument list of `print-models WORDS` with this training instead of a real one."""
    return [sys.executable, "-m", MODULE, "cli", *(os.fspath(word) for word in words)]


def environment(does: str, **more: str) -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": os.fspath(ROOT), "STANDIN": does, **more}


def _epoch(job: Job, number: int, *, recall: float = 0.5, best: bool = True) -> None:
    job.check()
    if best:
        atomic_write(job.folder / "best.pt", b"best of %d" % number)
    atomic_write(job.folder / "last.pt", b"last of %d" % number)
    job.writer.append(
        "epoch", epoch=number, epochs=job.spec.last_epoch, train_loss=0.5, train_accuracy=0.5, loss=0.5,
        balanced=0.5, accuracy=0.5, recall={"active": recall, "offline": 0.9}, best=best, seconds=1.0,
    )  # fmt: skip
    for name in ("best.pt", "last.pt") if best else ("last.pt",):
        hashed = hash_file(job.folder / name)
        job.writer.append("checkpoint", file=name, sha256=hashed.oid, size=hashed.size, epoch=number)
    if best:
        job.outcome.best_epoch = number


def train(job: Job) -> None:
    does = os.environ.get("STANDIN", "epochs")
    if does in ("epochs", "collapse"):
        for number in range(1, 4):
            _epoch(job, number, recall=0.0 if does == "collapse" else 0.5, best=number == 1)
        return
    job.heart.say("training")
    _epoch(job, 1)
    if does == "crash":
        os.abort()
    if does == "fail":
        raise ValueError("unforeseen \x1b[31mtrouble")
    if does == "memory":
        held = [bytearray(1 << 24)]
        while len(held) < 4096:
            held.append(bytearray(1 << 24))
    while True:
        job.check()
        threading.Event().wait(0.02)


def main() -> int:
    if sys.argv[1] != "cli":
        heart.LOOK_S = float(os.environ.get("STANDIN_LOOK_S", heart.LOOK_S))
        return supervise(Path(sys.argv[1]).resolve(), train)
    from core.commands.shell import main as cli

    launching.MODULE = MODULE
    readiness.require_torch = runs.require_torch = lambda: None
    return cli(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
