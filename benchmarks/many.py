"""`status`, `diff` and `check` with a version of 100 000 images, as a fresh clone has it: pointers, and no camera's files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, Topic, alternately, new_workspace, program, run, spaced
from core.storage.lfs import Pointer, encode_pointer
from core.tasks import Task
from core.versions import card, manifest
from core.versions.manifest import Info, Item, Version
from core.workspace import Workspace

SIZES = (10_000, 100_000)
#: Pointers as they lie there: git takes them as they are.
_RAW = ("-c", "filter.lfs.clean=cat", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=false")


def items(task: Task, count: int) -> list[Item]:
    """Make up images, one a minute, whose class changes every twelve hours; no day is on one side alone."""
    found = []
    for number in range(count):
        moment = datetime(2025, 1, 1) + timedelta(minutes=number)
        label = task.classes[number // 720 % 2]
        name = f"{moment:%Y%m%dT%H%M%S}.jpg"
        source = f"printer-timelapses/{moment:%Y%m%d}"
        recording = f"{source}/{moment - timedelta(minutes=number % 720):%Y%m%dT%H%M%S}"
        found.append(
            Item(
                file_name=f"{label}/{name}",
                label=label,
                source=f"{source}/{name}",
                captured_at=moment.isoformat(),
                oid=f"sha256:{hashlib.sha256(name.encode()).hexdigest()}",
                size=280_000 + number,
                width=1920,
                height=1080,
                recording=recording,
                split="validation" if number // 720 % 10 < 2 else "train",
                labelled_by="ana",
                labelled_how="stretch",
                labelled_at="2025-11-12T17:40:02+01:00",
            )
        )
    return found


def clone(folder: Path, count: int) -> Path:
    """Make a workspace with v1 of that many images, committed and tagged, and one label that differs from it."""
    root = new_workspace(folder / str(count), folder / f"camera-{count}")
    workspace = Workspace.open(root)
    task = workspace.task(None)
    made, path = items(task, count), workspace.version_dir(task, "v1")
    for name in task.classes:
        (path / name).mkdir(parents=True)
    for item in made:
        (path / item.file_name).write_bytes(encode_pointer(Pointer(item.oid or "", item.size or 0)))
    info = Info(
        version="1.0",
        created="2025-11-12T18:02:11+01:00",
        total_images=count,
        classes={name: sum(item.label == name for item in made) for name in task.classes},
        dataset_type=task.name,
        source_labels=task.labels_file,
        format=manifest.FORMAT,
        name="v1",
        digest=manifest.digest(made),
        total_bytes=sum(item.size or 0 for item in made),
        recordings=len({item.recording for item in made}),
    )
    (path / manifest.METADATA).write_bytes(manifest.encode_metadata(made))
    (path / manifest.LABELS).write_bytes(manifest.encode_labels(made))
    (path / manifest.INFO).write_bytes(manifest.encode_info(info))
    ordered = tuple(sorted(made, key=lambda item: item.file_name))
    (path / manifest.CARD).write_bytes(card.render(Version(task, "v1", path, info, ordered, info.digest)))
    labels = {item.source: item.label for item in made}
    labels[made[5].source] = task.classes[1]
    (root / task.labels_file).write_text(json.dumps(labels, indent=2, sort_keys=True) + "\n")
    run(["git", "config", "gc.auto", "0"], root)  # else git packs beside what is measured
    run(["git", *_RAW, "add", "datasets", "data"], root)
    run(["git", *_RAW, "commit", "-q", "-m", "v1"], root)
    run(["git", "tag", "-a", "-m", "v1", f"{task.name}/v1"], root)
    run(program("status"), root)  # takes the labels up
    return root


def measure(folder: Path) -> Topic:
    """Measure each command warm, with program start, at both sizes in turns."""
    rows = []
    roots = {spaced(count): clone(folder, count) for count in SIZES}
    empty = new_workspace(folder / "empty", folder / "camera-empty")
    for words in (("status",), ("diff", "v1", "draft"), ("check", "draft"), ("versions",)):
        calls: dict[str, Callable[[], object]] = {
            # A looking command ends with 1 where it finds something, as too little room for so many images.
            count: partial(run, program(*words), root, codes=(0, 1))
            for count, root in roots.items()
        }
        calls["start"] = partial(run, program("status"), empty)
        found = alternately(calls, 3)
        for count in roots:
            what, start = f"`{' '.join(words)}`, {count} images", "`status` of an empty workspace"
            rows.append(Row(what, found[count], start, found["start"], "≤ 1 s"))
    return Topic(
        "With a hundred thousand images in a version",
        tuple(rows),
        (
            "A clone with pointers and no camera; each warm, program start included; one label differs from v1.",
        ),
    )
