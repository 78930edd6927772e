"""Lays real photographs out as a camera would have left them, and keeps what is known about each beside it.

The number in a photograph's name is its capture order within `good` or `failed`, and neighbours are near-duplicates:
a range of numbers becomes one recording, a frame a minute, and recordings lie hours apart, so that a split by
recording cannot leak. The consecutive frames of the OctoPrint timelapse come last; nobody says whether that print
was good, so they stay without an answer. Run it by hand to look at the result: `python -m tests.real.layout FRAMES TARGET`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

CAMERA = "printer-timelapses"
START = date(2025, 11, 7)
# Five a day against a failed one in every four: the clock doesn't tell the class.
HOURS = (time(1, 10), time(7, 40), time(11, 20), time(16, 5), time(20, 30))
PER_RECORDING = {"good": 30, "failed": 24}  # the author took each picture in threes: never cut inside one


@dataclass(frozen=True, slots=True)
class Recording:
    """One range of numbers laid out as one recording: class (None: unknown), keys in time order."""

    class_: str | None
    keys: tuple[str, ...]

    @property
    def day(self) -> str:
        return self.keys[0].split("/")[1]

    @property
    def span(self) -> tuple[str, str]:
        """First and last moment as HH:MM, as `label --from --to` takes them."""
        first, last = (Path(key).stem.split("T")[1] for key in (self.keys[0], self.keys[-1]))
        return f"{first[:2]}:{first[2:4]}", f"{last[:2]}:{last[2:4]}"


@dataclass(frozen=True, slots=True)
class RealCamera:
    """A camera folder of real photographs: the folder, its recordings, and each frame's origin."""

    folder: Path
    recordings: tuple[Recording, ...]
    origins: dict[str, str]

    @property
    def truth(self) -> dict[str, str]:
        """Frame key -> good or failed, where it is known."""
        return {key: r.class_ for r in self.recordings if r.class_ is not None for key in r.keys}


def lay_out(photographs: Path, target: Path, *, every: int = 1) -> RealCamera:
    """Copy the photographs to target/YYYYMMDD/…, write `<target>-truth.json` beside it; `every` 3 takes each third."""
    made, origins = [], {}
    for number, (class_, pictures) in enumerate(_in_turn(photographs, every)):
        moment = datetime.combine(START + timedelta(days=number // len(HOURS)), HOURS[number % len(HOURS)])
        keys = []
        for picture in pictures:
            path = target / f"{moment:%Y%m%d}" / f"{moment:%Y%m%dT%H%M%S}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, path)
            os.utime(path, (moment.timestamp(), moment.timestamp()))
            keys.append(f"{CAMERA}/{path.parent.name}/{path.name}")
            origins[keys[-1]] = picture.relative_to(photographs).as_posix()
            moment += timedelta(minutes=1)
        made.append(Recording(class_, tuple(keys)))
    camera = RealCamera(target, tuple(made), origins)
    known = {key: {"class": camera.truth.get(key), "origin": origins[key]} for key in origins}
    beside = target.with_name(f"{target.name}-truth.json")
    beside.write_text(json.dumps(known, indent=2, sort_keys=True) + "\n", "utf-8")
    return camera


def _in_turn(photographs: Path, every: int) -> Iterator[tuple[str | None, list[Path]]]:
    """Give the ranges with their class: a failed one after every three good ones, the timelapse at the end."""
    good, failed = (_ranges(photographs / name, PER_RECORDING[name], every) for name in ("good", "failed"))
    for number, pictures in enumerate(good):
        yield "good", pictures
        if number % 3 == 2 and failed:
            yield "failed", failed.pop(0)
    for pictures in failed:
        yield "failed", pictures
    timelapse = sorted((photographs / "octoprint").glob("*.jpg"))
    if timelapse:
        yield None, timelapse


def _ranges(folder: Path, size: int, every: int) -> list[list[Path]]:
    ordered = sorted(folder.glob("*.jpg"), key=_number)
    return [ordered[i : i + size : every] for i in range(0, len(ordered), size)]


def _number(path: Path) -> int:
    found = re.search(r"\((\d+)\)", path.name)
    if found is None:
        raise ValueError(f"{path.name} has no number in its name")
    return int(found[1])


if __name__ == "__main__":
    result = lay_out(Path(sys.argv[1]), Path(sys.argv[2]))
    print(f"{len(result.origins)} photographs in {len(result.recordings)} recordings")
