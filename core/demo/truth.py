"""What the simulated printer was really doing, frame by frame.

The truth is plain data: it needs neither numpy nor Pillow, so that a command can read it back
to measure how well labels or a model agree with it. `simulate` makes it, the demo command
writes it beside the workspace, tests and benchmarks read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.durable import atomic_write
from core.errors import Damaged, Lacking
from core.text import safe

OFFLINE_TASK = "offline-detection"
FAILED_TASK = "failed-print-detection"


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """One frame: its key, when it was taken, and the right answer to both questions.

    `failed_print` is None while the printer is offline. `onset` is True on the one frame where a
    failure is first visible. `light` is "daylight", "lamp" or "infrared". `progress` is the share
    of the print that is done, None when nothing is being printed.
    """

    frame: str
    captured_at: datetime
    offline: str
    failed_print: str | None
    print_id: str | None
    onset: bool
    light: str
    progress: float | None


@dataclass(frozen=True, slots=True)
class PrintTruth:
    """One print: what was made, its first and last active frame, and where it began to fail."""

    id: str
    part: str
    outcome: str
    first: str
    last: str
    onset: str | None


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything known about a simulated camera folder; frames are in time order."""

    seed: int
    size: tuple[int, int]
    frames: tuple[FrameTruth, ...]
    prints: tuple[PrintTruth, ...]

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
            "format": 1,
            "seed": self.seed,
            "size": list(self.size),
            "frames": {frame.frame: _frame_to_json(frame) for frame in self.frames},
            "prints": [
                {
                    "id": p.id,
                    "part": p.part,
                    "outcome": p.outcome,
                    "first": p.first,
                    "last": p.last,
                    "onset": p.onset,
                }
                for p in self.prints
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Truth:
        """Rebuild the truth from what `to_json` gave; KeyError, TypeError or ValueError on anything else."""
        width, height = data["size"]
        frames = [_frame_from_json(key, value) for key, value in data["frames"].items()]
        return cls(
            seed=int(data["seed"]),
            size=(int(width), int(height)),
            frames=tuple(sorted(frames, key=lambda frame: frame.captured_at)),
            prints=tuple(PrintTruth(**entry) for entry in data["prints"]),
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
    return {
        "captured_at": frame.captured_at.isoformat(),
        OFFLINE_TASK: frame.offline,
        FAILED_TASK: frame.failed_print,
        "print": frame.print_id,
        "onset": frame.onset,
        "light": frame.light,
        "progress": frame.progress,
    }


def _frame_from_json(key: str, value: Mapping[str, Any]) -> FrameTruth:
    return FrameTruth(
        frame=key,
        captured_at=datetime.fromisoformat(value["captured_at"]),
        offline=value[OFFLINE_TASK],
        failed_print=value[FAILED_TASK],
        print_id=value["print"],
        onset=bool(value["onset"]),
        light=value["light"],
        progress=value["progress"],
    )
