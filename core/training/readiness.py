"""What would stop a training before its first epoch, found out before anything is started, as far as that is cheap.

What always holds: a refusal names the reason and what to do, and leaves no trace of a training. What only pixels or
torch can tell (a picture that can't be decoded, a network's exact size) the training itself finds before its first
epoch. Torch is not needed here.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections import Counter
from pathlib import Path

from core import pretrained
from core.errors import Busy, Damaged, Lacking, PrintModelsError, Refused
from core.human import plural, size
from core.text import safe
from core.training import printing
from core.training.dataset import require_same
from core.training.pictures import Pictures
from core.training.sides import Sides, sides
from core.training.spec import Spec
from core.versions.manifest import DRAFT, Version
from core.workspace import Workspace

#: Training images of a class below which there is nothing to learn from.
FEWEST = 2
#: Room for three checkpoints, as multiples of the weights: what is trained has two further numbers each beside it.
_COPIES = {"head": 3.0, "last": 5.0, "full": 9.0}


def require_torch() -> None:
    """Raise Lacking where torch or torchvision is not installed; imports neither."""
    missing = [name for name in ("torch", "torchvision") if importlib.util.find_spec(name) is None]
    if missing:
        raise Lacking(
            f"Training needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed.",
            "Install it: make setup TRAIN=1   (set up by pipx: pipx install --force '.[train]')",
        )


def require_ready(workspace: Workspace, what: Spec, version: Version) -> None:
    """Raise the reason why a training can't start: torch, labels, pictures, room on the disk, a print that runs."""
    require_torch()
    require_same(what, version)
    both = sides(version)
    _require_labels(version, both)
    problem = Pictures(workspace, version).missing((*both.train, *both.validation))
    if version.name != DRAFT:
        problem = problem or _changed(version)
    if problem:
        raise problem
    _require_room(workspace.root, what)
    _require_quiet(workspace)


def _require_labels(version: Version, both: Sides) -> None:
    counts = Counter(row.label for row in both.train)
    few = [name for name in version.task.classes if counts[name] < FEWEST]
    if few:
        raise Refused(
            f"{version.task.name} {version.name} has too few labels of {', '.join(few)}: "
            f"{plural(counts[few[0]], 'training image')}.",
            "Label more frames of every class, from several recordings"
            f"{'' if version.name == DRAFT else ', and release a new version'}.",
        )


def _changed(version: Version) -> PrintModelsError | None:
    """Return what to say where images are not as long as when they were released; reads no picture."""
    changed = []
    for item in version.items:
        try:
            if item.size is not None and (version.path / item.file_name).stat().st_size != item.size:
                changed.append(item.file_name)
        except OSError:
            changed.append(item.file_name)
    if not changed:
        return None
    where = f"{version.task.name}/{version.name}"
    return Damaged(
        f"{plural(len(changed), 'image')} of {where} {'is' if len(changed) == 1 else 'are'} not what was released, "
        f"first {safe(changed[0], limit=80)}.",
        f"Get them back: git checkout -- datasets/{where}   (what differs: print-models verify {version.name})",
    )


def _require_room(root: Path, what: Spec) -> None:
    """Refuse where not even the smallest of its checkpoints would fit twice; its exact size it finds itself."""
    start = Path(what.weights.path) if what.weights.path else pretrained.on_this_machine(what.architecture)
    try:
        weights = start.stat().st_size if start is not None else 0
        free = shutil.disk_usage(root).free
    except OSError:
        return
    needed = round(weights * _COPIES[what.mode])
    if free < max(needed, 1_000_000):
        raise Lacking(
            f"Its checkpoints need at least {size(max(needed, 1_000_000))} and the disk has {size(free)} left.",
            "Free some space first.",
        )


def _require_quiet(workspace: Workspace) -> None:
    if workspace.settings.training.while_printing != "refuse":
        return
    why = printing.why_printing(workspace)
    if why:
        raise Busy(
            f"No training starts while a print is running. {why}",
            "Start it when the print is over, or let it wait by itself: "
            '[training] while_printing = "pause" in print-models.toml',
        )
