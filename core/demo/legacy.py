"""A repository as the tools before this one left it, pixels and all: an old layout with the traps of real ones.

In it: integers among the classes of a label file, a frame that is offline in one file and good in the other, lone
failed labels, an ignore rule that hides every new image, a version whose card contradicts its content, a checkpoint
three times too large, a link to the camera in git, no settings. Everything is committed; the tree is clean.
The demo calls it, and tests of older repositories.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Mapping
from pathlib import Path

from core.demo.checkpoint import write_checkpoint
from core.demo.selected import note_correction, note_labels
from core.demo.truth import FAILED_TASK, OFFLINE_TASK, Truth
from core.process import run

_CREATED = "2025-11-12T07:33:26.093233"
_DESCRIPTION = "Initial training set: 60 active, 90 offline"
_VERSION = "datasets/offline-detection/v1"
_ATTRIBUTES = """\
models/*.pth filter=lfs diff=lfs merge=lfs -text
models/versions/*.pth filter=lfs diff=lfs merge=lfs -text
datasets/**/*.jpg filter=lfs diff=lfs merge=lfs -text
datasets/**/*.png filter=lfs diff=lfs merge=lfs -text
"""
_IGNORED = """\
__pycache__/
venv/
data/organized/
*.jpg
*.png
*.jpeg
*.log
"""
#: An idle camera's frame that one file has offline and the other has good.
_CONTRADICTED = "20251107T010901"
_INTEGERS = 18
_LONE = 3


def build(root: Path, camera: Path, truth: Truth) -> list[str]:
    """Fill a git repository at `root` with what older tools would have left about `truth`; return what is odd in it.

    `camera` is the folder that the committed link leads to. Raises what running git raises.
    """
    labels, failed = _offline_labels(truth), _failed_labels(truth)
    (root / ".gitattributes").write_text(_ATTRIBUTES, "utf-8")
    (root / ".gitignore").write_text(_IGNORED, "utf-8")
    (root / "printer-timelapses").symlink_to(camera)
    (root / "data").mkdir()
    _write(root / "data" / "labels.json", labels)
    _write(root / "data" / "failed_print_labels.json", failed)
    _commit(root, "Labels of both questions", ".gitattributes", ".gitignore", "printer-timelapses", "data")
    _version(root, camera, labels)
    # Without -f the ignore rule would leave every image out, and say nothing.
    _commit(root, "Dataset v1", "-f", "datasets")
    (root / "models").mkdir()
    write_checkpoint(root / "models" / "printer_offline_detector.pth", seed=1)
    write_checkpoint(root / "models" / "failed_print_detector.pth", seed=2, optimizer=False)
    _commit(root, "Models", "models")
    return [
        f"{len(labels)} labels of {OFFLINE_TASK}, {_INTEGERS} of them integers",
        f"{len(failed)} labels of {FAILED_TASK}, {_LONE} lone failed ones",
        f"{_CONTRADICTED} is offline in one file and good in the other",
        "v1 of 169 images; its card tells of 60 active, 90 offline",
        ".gitignore hides every new *.jpg",
        "models/printer_offline_detector.pth is three times too large",
    ]


def _offline_labels(truth: Truth) -> dict[str, str | int]:
    """The note's 150, in the order someone came across them, then what was corrected later: 18 of it as integers."""
    known = note_labels(truth, OFFLINE_TASK)
    contradicted = next(frame.frame for frame in truth.frames if _CONTRADICTED in frame.frame)
    idle = [frame for frame, class_ in known.items() if class_ == "offline"]
    first: dict[str, str | int] = {**known, contradicted: "offline"}
    del first[idle[-1]]
    order = sorted(first)
    random.Random("as they came").shuffle(order)
    corrected, class_ = note_correction(truth)
    morning = [
        frame.frame
        for frame in truth.frames
        if "/20251111T08" in frame.frame or "/20251111T09" in frame.frame
    ]
    later: dict[str, str | int] = dict.fromkeys(morning[2 : 2 + _INTEGERS], 1)
    return {**{frame: first[frame] for frame in order}, **later, corrected: class_}


def _failed_labels(truth: Truth) -> dict[str, str]:
    """The note's 196; the failure is noticed a few frames late, and as many good frames are called failed."""
    labels = note_labels(truth, FAILED_TASK)
    order = sorted(labels)
    onset = next(i for i, frame in enumerate(order) if labels[frame] == "failed")
    labels.update(dict.fromkeys(order[onset : onset + _LONE], "good"))
    labels.update(dict.fromkeys([order[onset // (_LONE + 1) * (i + 1)] for i in range(_LONE)], "failed"))
    return labels


def _version(root: Path, camera: Path, labels: Mapping[str, str | int]) -> None:
    """Write v1 as the old export did: classes, images under their own names, labels verbatim, a card of its own."""
    folder = root / _VERSION
    classes = {
        frame: class_ if isinstance(class_, str) else ("offline", "active")[class_]
        for frame, class_ in labels.items()
    }
    for frame, class_ in classes.items():
        (folder / class_).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(camera / frame.partition("/")[2], folder / class_ / Path(frame).name)
    counts = {name: list(classes.values()).count(name) for name in ("offline", "active")}
    shutil.copyfile(root / "data" / "labels.json", folder / "labels.json")
    info = {
        "version": "1.0",
        "description": _DESCRIPTION,
        "created": _CREATED,
        "total_images": len(labels),
        "classes": counts,
        "dataset_type": OFFLINE_TASK,
        "source_labels": "data/labels.json",
    }
    (folder / "dataset_info.json").write_text(json.dumps(info, indent=2), "utf-8")
    (folder / "README.md").write_text(_card(), "utf-8")


def _card() -> str:
    """The card of the first export, which nobody wrote again when images were added."""
    return f"""# Offline Detection Dataset v1.0

**Created:** {_CREATED[:10]}
**Total Images:** 150
**Description:** {_DESCRIPTION}

## Classes

- **Active:** 60 images (40.0%)
- **Offline:** 90 images (60.0%)

## Model Performance

- **Validation Accuracy:** TBD
- **Model File:** `models/versions/offline_detection_v1.0.pth`
"""


def _write(path: Path, labels: Mapping[str, str | int]) -> None:
    """Write a label file as the old tools did: as it came, and no line end at the end."""
    path.write_text(json.dumps(labels, indent=2), "utf-8")


def _commit(root: Path, message: str, *paths: str) -> None:
    if not (root / ".git" / "hooks" / "pre-push").exists():
        run(["git", "lfs", "install", "--local"], cwd=root)
    run(["git", "add", *paths], cwd=root, timeout=600)
    run(["git", "commit", "--quiet", "-m", message], cwd=root, timeout=600)
