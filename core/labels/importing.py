"""A label file from elsewhere, compared with the labels here before anything of it is taken.

What always holds: comparing changes nothing; what is taken is one step that `undo` takes back; a label here that the
file contradicts is only replaced where a person said so. Called by commands/importing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import Damaged
from core.frames.identity import check
from core.labels.files import read
from core.labels.model import LabelProblem, LabelStep
from core.labels.store import LabelStore
from core.tasks import Task
from core.text import safe


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a label file would bring: labels of frames that have none here, and those that have another.

    `contradicts` maps a frame to (class here, class in the file). `problems` are entries that can't be taken,
    `converted` counts values in older spellings.
    """

    task: Task
    path: Path
    new: dict[str, str]
    contradicts: dict[str, tuple[str, str]]
    same: int
    problems: tuple[LabelProblem, ...]
    converted: int


def compare(store: LabelStore, task: Task, path: Path) -> Comparison:
    """Read a label file and compare it with the store. Raises Lacking, Damaged where it can't be parsed."""
    try:
        found = read(path, task)
    except Damaged as error:  # its remedy is for a file of this repository
        raise Damaged(error.what, "Give a label file: a JSON object with a class for each frame.") from error
    here = store.classes(task)
    new = {frame: class_ for frame, class_ in found.labels.items() if frame not in here}
    other = {
        frame: (here[frame], class_)
        for frame, class_ in found.labels.items()
        if frame in here and here[frame] != class_
    }
    same = len(found.labels) - len(new) - len(other)
    return Comparison(task, path, new, other, same, found.problems, found.converted)


def take(store: LabelStore, found: Comparison, *, who: str, replace: bool) -> LabelStep:
    """Give the labels of a comparison, as imported, in one step; with `replace` also those that contradict.

    Raises the open question about a camera that is not known as the one whose frames these are.
    """
    labels = dict(found.new)
    if replace:
        labels |= {frame: theirs for frame, (_, theirs) in found.contradicts.items()}
    workspace = store.workspace
    for name in {frame.split("/", 1)[0] for frame in labels} & workspace.active_sources.keys():
        check(workspace, workspace.sources[name])
    what = f"imported from {safe(found.path.name, limit=60)}"
    return store.set_many(found.task, labels, how="imported", who=who, what=what)
