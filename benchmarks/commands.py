"""Commands that need no torch against an interpreter that does nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.frames import few_frames
from benchmarks.measure import Row, Topic, alternately, new_workspace, program, run

EVERYDAY = ("status", "diff", "storage", "history", "label")
OTHERS = ("--help", "versions", "frames", "runs", "models")


def measure(folder: Path, repeats: int = 11) -> Topic:
    """Start each command in a workspace of 240 frames, alternately with `python -c pass`."""
    camera = folder / "camera"
    keys = few_frames(camera, 240)
    root = new_workspace(folder / "ws", camera)
    run(program("label", "--as", "offline", *keys[:60]), root)
    run(program("label", "--as", "active", *keys[60:120]), root)
    classes = ("offline", "active")
    turn = 0

    def label() -> None:
        nonlocal turn
        turn += 1
        run(program("label", "--as", classes[turn % 2], keys[7]), root)

    calls = {"pass": lambda: run([sys.executable, "-c", "pass"], root)}
    for name in (*EVERYDAY, *OTHERS):
        words = [name, keys[3]] if name == "history" else [name]
        calls[name] = label if name == "label" else lambda words=words: run(program(*words), root)
    found = alternately(calls, repeats)
    rows = []
    for name in (*EVERYDAY, *OTHERS):
        bar = "≤ 0.3 s later" if name in EVERYDAY else "≤ 1 s later"
        rows.append(Row(f"`{name}`", found[name], "`python -c pass`", found["pass"], bar))
    later = max(found[name].median - found["pass"].median for name in EVERYDAY)
    return Topic(
        "Commands that need no torch start fast",
        tuple(rows),
        (f"The slowest of the everyday five comes {later * 1000:.0f} ms after `python -c pass`.",),
    )
