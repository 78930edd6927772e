"""What the simulated printer was really doing, frame by frame.

The truth is plain data: it needs neither numpy nor Pillow, so that a command can read it back
to measure how well labels or a model agree with it. `simulate` makes it, the demo command
writes it beside the workspace, tests and benchmarks read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.durable import atomic_write
from core.errors import Damaged, Lacking
from core.text import safe

OFFLINE_TASK = "offline-detection"
FAILED_TASK = "failed-print-detection"
_KEYS = {"offline": OFFLINE_TASK, "failed_print": FAILED_TASK, "print_id": "print"}


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """One frame: its key, when it was taken, what is on it, and the right answer to both questions.

    `captured_at` has the offset of the camera's clock, which tells the two passes of a repeated hour apart. `state` is
    "empty", "finished", "warming" or "printing". `failed_print` is None while the printer is offline; `failure` is
    "spaghetti" or "detached" from the onset of one on. `onset` is True on the one frame where a failure is first
    visible. `light` is "daylight", "lamp" or "infrared". `progress` is the share of the print that is done, None when
    nothing is being printed. `camera` counts the places the camera looked from. `glitch` is "cut", "zeros", "same
    second", "same bytes" or None; a frame that is not `usable` can't be seen, whatever the printer did.
    """

    frame: str
    captured_at: datetime
    state: str
    offline: str
    failed_print: str | None
    failure: str | None
    print_id: str | None
    onset: bool
    light: str
    progress: float | None
    camera: int
    glitch: str | None
    usable: bool


@dataclass(frozen=True, slots=True)
class PrintTruth:
    """One print: what was made, its first and last active frame, and where it began to fail."""

    id: str
    part: str
    outcome: str
    first: str
    last: str
    onset: str | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: its kind, the frames it is seen on (or between), and one sentence."""

    kind: str
    frames: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything known about a simulated camera folder; frames are in time order."""

    seed: int
    size: tuple[int, int]
    frames: tuple[FrameTruth, ...]
    prints: tuple[PrintTruth, ...]
    events: tuple[Event, ...]

    def labels(self, task: str) -> dict[str, str]:
        """Give frame key -> class for one of the two tasks, without the frames that have no class."""
        if task == OFFLINE_TASK:
            return {frame.frame: frame.offline for frame in self.frames}
        if task == FAILED_TASK:
            return {f.frame: f.failed_print for f in self.frames if f.failed_print is not None}
        raise Lacking(
            f"The simulated printer knows nothing about the task {safe(task)}.",
            f"Ask for {OFFLINE_TASK} or {FAILED_TASK}.",
        )

    def to_json(self) -> dict[str, Any]:
        """Give the truth as plain JSON data, frames keyed by frame key."""
        return {
            "format": 2,
            "seed": self.seed,
            "size": list(self.size),
            "frames": {frame.frame: _frame_to_json(frame) for frame in self.frames},
            "prints": [asdict(entry) for entry in self.prints],
            "events": [asdict(entry) for entry in self.events],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Truth:
        """Rebuild the truth from what `to_json` gave; KeyError, TypeError or ValueError on anything else."""
        width, height = data["size"]
        frames = [_frame_from_json(key, value) for key, value in data["frames"].items()]
        return cls(
            seed=int(data["seed"]),
            size=(int(width), int(height)),
            frames=tuple(sorted(frames, key=lambda frame: (frame.captured_at, frame.frame))),
            prints=tuple(PrintTruth(**entry) for entry in data["prints"]),
            events=tuple(Event(e["kind"], tuple(e["frames"]), e["text"]) for e in data["events"]),
        )


def write_truth(path: Path, truth: Truth) -> None:
    """Write the truth to a JSON file, atomically."""
    text = json.dumps(truth.to_json(), indent=2, sort_keys=True) + "\n"
    atomic_write(path, text.encode("utf-8"))


def read_truth(path: Path) -> Truth:
    """Read a truth file; Lacking when it is absent, Damaged when it is not one."""
    try:
        return Truth.from_json(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise Lacking(
            f"There is no truth file {safe(path)}.",
            "Make a demo workspace with `print-models demo`, which writes it.",
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Damaged(
            f"{safe(path)} is not the truth of a simulated printer.",
            "Make a fresh demo workspace with `print-models demo`.",
            detail=repr(problem),
        ) from None


def _frame_to_json(frame: FrameTruth) -> dict[str, Any]:
    value = asdict(frame)
    del value["frame"]
    for name, key in _KEYS.items():
        value[key] = value.pop(name)
    return {**value, "captured_at": frame.captured_at.isoformat()}


def _frame_from_json(key: str, value: Mapping[str, Any]) -> FrameTruth:
    known = {name: value[_KEYS.get(name, name)] for name in FrameTruth.__slots__ if name != "frame"}
    return FrameTruth(frame=key, **{**known, "captured_at": datetime.fromisoformat(value["captured_at"])})
