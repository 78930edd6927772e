"""What it costs to measure what changes: a frame's numbers against decoding it at 1/8; two helpers against one.

The peer reads and decodes the same files at 1/8 in grey, in this process, and does nothing else with them.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from benchmarks.frames import few_frames, name_of
from benchmarks.measure import Row, Sample, Topic, alternately, exponent, spaced

_FRAMES = 48
_REPEATS = 9
_SIZES = (1_440, 14_400, 144_000)
_CAMERA = "printer-timelapses"


def measure(folder: Path) -> Topic:
    """Measure the topic."""
    paths = [folder / key for key in few_frames(folder / _CAMERA, _FRAMES)]
    rows = _frames(paths)
    more, notes = _many(folder)
    return Topic("What changes from frame to frame", (*rows, *more), notes)


def _frames(paths: Sequence[Path]) -> tuple[Row, ...]:
    from PIL import Image

    from core.frames.change import compare
    from core.frames.helper import Helpers
    from core.frames.signatures import SMALL

    helpers = Helpers(most=2)
    alone, pool = ThreadPoolExecutor(1), ThreadPoolExecutor(2)

    def small(some: Sequence[Path]) -> list[bytes]:
        found = helpers.greys(some, SMALL, root=some[0].parent.parent)
        return [one[0] for one in found if isinstance(one, tuple)]

    together = [paths[at : at + 4] for at in range(0, len(paths), 4)]

    def numbers(greys: Iterable[list[bytes]]) -> None:
        """Compare as measuring does: while the next pictures are decoded."""
        before: bytes | None = None
        earlier: bytes | None = None
        for here in chain.from_iterable(greys):
            compare(here, before, earlier)
            before, earlier = here, before

    def decoded(draft: bool) -> None:
        for path in paths:
            image = Image.open(io.BytesIO(path.read_bytes()))
            if draft:
                image.draft("L", (image.width // 8, image.height // 8))
            image.convert("L")

    list(pool.map(small, together))  # both helpers are started
    took = alternately(
        {
            "one": lambda: numbers(alone.map(small, together)),
            "draft": lambda: decoded(True),
            "two": lambda: numbers(pool.map(small, together)),
            "whole": lambda: decoded(False),
        },
        _REPEATS,
    )
    alone.shutdown()
    pool.shutdown()
    helpers.close()
    each = {
        name: Sample(found.median / _FRAMES, found.low / _FRAMES, found.high / _FRAMES)
        for name, found in took.items()
    }
    what = "change and signature of a frame, 1920x1080"
    return (
        Row(f"{what}, one helper", each["one"], "read and decode at 1/8 here", each["draft"], "≤ 1.3x"),
        Row(f"{what}, two helpers", each["two"], "one helper", each["one"], "≤ 0.59x (twice 1.7)"),
        Row(f"{what}, one helper", each["one"], "read and decode whole here", each["whole"]),
    )


def _many(folder: Path) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """Measure what the app asks for: a day, everything, and the change points, as frames become more."""
    import random

    from core.frames.change import Change, Changes, points
    from core.frames.measured import Entry
    from core.workspace import Workspace

    chance = random.Random(1)
    found: dict[str, list[Sample]] = {"day": [], "all": [], "points": []}
    for count in _SIZES:
        root = folder / f"many-{count}"
        root.mkdir()
        (root / "print-models.toml").write_text("")
        with Changes(Workspace.open(root)) as changes:
            days: dict[str, dict[str, Entry]] = {}
            for number in range(count):
                day, name = name_of(number)
                moving = number // 120 % 3 == 0
                motion, spot = (chance.uniform(1, 6), 60.0) if moving else (chance.uniform(0, 0.1), 3.0)
                days.setdefault(day, {})[name] = Entry(Change(motion, 90.0, number, spot, spot), 1, 1)
            for day, entries in days.items():
                changes.put(_CAMERA, day, 1, entries, list(entries))
            known = changes.all(_CAMERA)
            keys = list(known)
            threshold = changes.threshold(_CAMERA)
            took = alternately(
                {
                    "day": lambda changes=changes, day=day: changes.day(_CAMERA, day),
                    "all": lambda changes=changes: changes.all(_CAMERA),
                    "points": lambda keys=keys, known=known, at=threshold: points(keys, known, at),
                },
                5,
            )
        for name, sample in took.items():
            found[name].append(sample)
    most = spaced(_SIZES[-1])
    least = spaced(_SIZES[0])
    rows = (
        Row(f"read a day among {most} frames", found["day"][-1], f"among {least}", found["day"][0], "≤ 1.5x"),
        Row(f"read all of {most} frames", found["all"][-1], f"all of {least}", found["all"][0]),
        Row(f"change points of {most} frames", found["points"][-1], f"of {least}", found["points"][0]),
    )
    notes = tuple(
        f"{what}: time grows with the number of frames to the power of {exponent(_SIZES, found[name]):.2f}."
        for name, what in (("day", "A day"), ("all", "Everything"), ("points", "Change points"))
    )
    return rows, notes
