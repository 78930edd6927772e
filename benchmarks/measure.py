"""Timing, rows and the report: how every benchmark measures and what it hands over.

What always holds: ours and what it is compared with are measured alternately in one run, so that a slow minute of the
machine slows both; a figure is the median with the middle half of the samples beside it.
"""

from __future__ import annotations

import math
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """Times of one thing in seconds: the median, and the quarter points below and above it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, times: Sequence[float]) -> Sample:
        """Summarise measured times."""
        if len(times) < 2:
            return cls(times[0], times[0], times[0])
        low, middle, high = statistics.quantiles(times, n=4, method="inclusive")
        return cls(middle, low, high)

    def __str__(self) -> str:
        unit, scale = (
            ("s", 1.0) if self.median >= 1 else ("ms", 1000.0) if self.median >= 0.001 else ("µs", 1e6)
        )
        return f"{self.median * scale:.3g} {unit} ({self.low * scale:.3g}–{self.high * scale:.3g})"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report: what, ours, what it is compared with, the ratio, and the bar it should stay under."""

    what: str
    ours: Sample
    against: str
    other: Sample | None = None
    bar: str = ""

    @property
    def ratio(self) -> str:
        """Ours divided by the other, as text."""
        if self.other is None:
            return ""
        value = self.ours.median / self.other.median
        return f"{value:.2f}x" if value >= 0.1 else f"1/{1 / value:.0f}"


@dataclass(frozen=True, slots=True)
class Topic:
    """What one file of benchmarks found; `notes` are sentences below the table."""

    title: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def spaced(number: int) -> str:
    """Return 100000 as '100 000'."""
    return f"{number:,}".replace(",", " ")


def timed(call: Callable[[], object]) -> float:
    """Return how long a call took, in seconds."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def alternately(
    calls: Mapping[str, Callable[[], object]], repeats: int, *, warm: int = 1
) -> dict[str, Sample]:
    """Measure several things in turns; the first rounds warm up and don't count."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(repeats + warm):
        for name, call in calls.items():
            took = timed(call)
            if round_ >= warm:
                times[name].append(took)
    return {name: Sample.of(found) for name, found in times.items()}


def exponent(sizes: Sequence[int], samples: Sequence[Sample]) -> float:
    """Return b of time ≈ a·size^b, by least squares on the logarithms."""
    xs = [math.log(size) for size in sizes]
    ys = [math.log(sample.median) for sample in samples]
    mean_x, mean_y = statistics.fmean(xs), statistics.fmean(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sum(
        (x - mean_x) ** 2 for x in xs
    )


def run(
    words: Sequence[str | Path], cwd: Path, *, codes: Sequence[int] = (0,)
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end without output; another end than `codes` ends the benchmark with what was said."""
    done = subprocess.run(
        [os.fspath(word) for word in words], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode not in codes:
        raise SystemExit(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stderr}")
    return done


def program(*words: str | Path) -> list[str | Path]:
    """The command line as a program of this environment."""
    return [sys.executable, "-m", "core", *words]


def new_workspace(folder: Path, camera: Path) -> Path:
    """Make a workspace beside a camera folder; return its root."""
    folder.mkdir(parents=True)
    camera.mkdir(parents=True, exist_ok=True)
    run(program("init", "--source", camera), folder)
    return folder


def machine() -> list[str]:
    """Lines that say where this was measured."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        models = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line
        ]
        cpu = models[0] if models else cpu
    git = subprocess.run(["git", "--version"], capture_output=True, text=True).stdout.strip()
    lfs = (
        subprocess.run(["git", "lfs", "version"], capture_output=True, text=True)
        .stdout.split(" (")[0]
        .strip()
    )
    from importlib.metadata import version

    names = ("textual", "textual-image", "Pillow", "GitPython", "numpy")
    load = os.getloadavg()[0]
    free = shutil.disk_usage(".").free / 1e9
    return [
        f"{cpu}, {os.cpu_count()} cores, load {load:.1f} at the end, {platform.system()} {platform.release()}, "
        f"{free:.0f} GB free",
        f"Python {platform.python_version()}, {git}, {lfs}, "
        + ", ".join(f"{name} {version(name)}" for name in names),
    ]
