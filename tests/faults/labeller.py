"""A program that labels as fast as it can and says after each step that it is saved: `labeller.py ROOT COUNT SEED`.

The tests end it at any moment and compare what the store then holds with what it had acknowledged. `plan` gives the
same steps for the same seed, `after` the labels that they leave.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

TASK = "offline-detection"
CLASSES = ("offline", "active")
Step = tuple[str, str, str | None]


def plan(count: int, seed: int, *, frames: int = 12) -> list[Step]:
    """Return steps (kind, frame, class): set, relabel, take off, and undo of the step just before."""
    chance = random.Random(seed)
    keys = [f"printer-timelapses/20251107/20251107T08{minute:02}00.jpg" for minute in range(frames)]
    state: dict[str, str] = {}
    steps: list[Step] = []
    while len(steps) < count:
        key = chance.choice(keys)
        others = [class_ for class_ in (*CLASSES, None) if class_ != state.get(key)]
        class_ = chance.choice(others)
        steps.append(("set", key, class_))
        if chance.random() < 0.2 and len(steps) < count:
            steps.append(("undo", key, None))
        else:
            _apply(state, key, class_)
    return steps


def _apply(state: dict[str, str], key: str, class_: str | None) -> None:
    state.pop(key, None)
    if class_ is not None:
        state[key] = class_


def after(steps: list[Step]) -> dict[str, str]:
    """Return the labels after those steps."""
    state: dict[str, str] = {}
    before: dict[str, str] = {}
    for kind, key, class_ in steps:
        if kind == "undo":
            state = before
        else:
            before = dict(state)
            _apply(state, key, class_)
    return state


def main(root: str, count: str, seed: str) -> None:
    """Do the steps on the workspace, one line per saved step."""
    from core.labels.store import LabelStore
    from core.workspace import Workspace

    store = LabelStore(Workspace.open(Path(root)))
    print("ready", flush=True)
    for number, (kind, key, class_) in enumerate(plan(int(count), int(seed)), 1):
        if kind == "undo":
            store.undo("ana")
        else:
            store.set(TASK, [key], class_, how="hand", who="ana")
        print(f"saved {number}", flush=True)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
