"""A version of 600 images against the limit (one read, hash, write) and against copying and `git add` with git-lfs."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.frames import few_frames
from benchmarks.measure import Row, Sample, Topic, exponent, new_workspace, program, run, timed

IMAGES = 600
REPEATS = 3


def labelled(folder: Path, name: str, camera: Path, keys: list[str]) -> Path:
    """Make a workspace in which those frames are labelled, half and half, and the labels committed."""
    root = new_workspace(folder / name, camera)
    half = len(keys) // 2
    for class_, some in (("offline", keys[:half]), ("active", keys[half:])):
        run(program("label", "--as", class_, *some), root)
    run(program("save"), root)
    return root


def limit(root: Path, keys: list[str]) -> None:
    """Read each image once, hash it, write it, and make it durable: what no export can do without."""
    target = root / "limit"
    target.mkdir()
    for key in keys:
        data = (root / key).read_bytes()
        hashlib.sha256(data).hexdigest()
        (target / os.path.basename(key)).write_bytes(data)
    fd = os.open(target, os.O_RDONLY)
    os.sync()
    os.close(fd)
    shutil.rmtree(target)


def by_hand(root: Path, keys: list[str]) -> None:
    """Copy, `git add`, `git commit`, as one does without this program."""
    half = len(keys) // 2
    for class_, some in (("offline", keys[:half]), ("active", keys[half:])):
        folder = root / "datasets" / "offline-detection" / "v1" / class_
        folder.mkdir(parents=True)
        for key in some:
            shutil.copy2(root / key, folder)
    run(["git", "add", "datasets"], root)
    run(["git", "commit", "-q", "-m", "v1"], root)
    os.sync()


def sampled(make: Callable[[str], Path], act: Callable[[Path], object], name: str) -> float:
    root = make(name)
    took = timed(lambda: act(root))
    shutil.rmtree(root)
    return took


def measure(folder: Path) -> Topic:
    """Measure in turns, each time on a fresh workspace; exporting also at 60 and 200 images."""
    camera = folder / "camera"
    keys = few_frames(camera, IMAGES)
    megabytes = sum(path.stat().st_size for path in camera.rglob("*.jpg")) / 1e6
    times: dict[str, list[float]] = {name: [] for name in ("limit", "export", "release", "hand", "second")}
    for turn in range(REPEATS):

        def make(name: str, turn: int = turn) -> Path:
            return labelled(folder, f"{name}-{turn}", camera, keys)

        times["limit"].append(sampled(make, lambda root: limit(root, keys), "limit"))
        times["export"].append(sampled(make, lambda root: run(program("export"), root), "export"))
        times["hand"].append(sampled(make, lambda root: by_hand(root, keys), "hand"))
        root = make("release")
        times["release"].append(timed(lambda root=root: run(program("release"), root)))
        run(program("label", "--as", "active", keys[5]), root)
        run(program("save"), root)
        times["second"].append(timed(lambda root=root: run(program("release"), root)))
        shutil.rmtree(root)
    found = {name: Sample.of(some) for name, some in times.items()}
    smaller = []
    for size in (60, 200):
        some = keys[:size]
        times_of = [
            sampled(lambda name, some=some: labelled(folder, name, camera, some), lambda root: run(program("export"), root), f"size-{size}-{n}")
            for n in range(2)
        ]  # fmt: skip
        smaller.append(Sample.of(times_of))
    power = exponent((60, 200, IMAGES), [*smaller, found["export"]])
    copied = "copy + `git add` + `git commit`"
    return Topic(
        f"A version of {IMAGES} images",
        (
            Row(
                "`export`, first version",
                found["export"],
                "read, hash, write, sync",
                found["limit"],
                "≤ 1.7x",
            ),
            Row("`release`: export, commit, tag", found["release"], copied, found["hand"], "≤ 0.4x"),
            Row(
                "`release`, second version, one relabelled", found["second"], copied, found["hand"], "≤ 1/15"
            ),
        ),
        (
            f"{megabytes:.0f} MB of 1920x1080 JPEGs, each {REPEATS} times in a fresh workspace; program start included.",
            f"Time of `export` ~ images^{power:.2f} over 60, 200 and {IMAGES} images.",
            "A release sends every image through git's own filter, and proves the index, the objects and the tag.",
        ),
    )
