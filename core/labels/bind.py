"""Labels bound to bytes: size, mtime and sha256 of the frames they were given for, filled in where they are missing.

Imported labels are bound at first sight, labels given in bulk when there is time. A sha256 is only recorded while the
file still has the size and mtime it had when the label was given. The app calls this in the background, export before
it compares.
"""

from __future__ import annotations

from core.errors import PrintModelsError
from core.frames.decode import read_file
from core.labels.model import Binding
from core.labels.store import LabelStore
from core.progress import CancelToken, Progress, Report, silent
from core.tasks import Task
from core.workspace import Workspace

_BATCH = 32


def bind_missing(
    workspace: Workspace,
    store: LabelStore,
    task: Task,
    *,
    limit: int | None = None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> int:
    """Read labelled frames that have no sha256 yet and record it; return how many were bound.

    At most `limit` frames are read. A frame that is gone, unreadable or changed since is left for export to name.
    """
    if store.read_only is not None:
        return 0
    open_ = [label for label in store.labels(task).values() if label.sha256 is None][:limit]
    bound = 0
    batch: dict[str, Binding] = {}
    for done, label in enumerate(open_):
        if cancel is not None and cancel.cancelled:
            break
        report(Progress("reading labelled frames", done, len(open_)))
        try:
            path = workspace.frame_path(label.frame)
            file = read_file(path, root=workspace.source_for(label.frame).path)
        except PrintModelsError:
            continue
        seen = (len(file.data), file.mtime_ns)
        if label.size is None or seen == (label.size, label.mtime_ns):
            batch[label.frame] = Binding(*seen, file.oid)
        if len(batch) == _BATCH:
            bound += store.bind(task, batch)
            batch = {}
    return bound + (store.bind(task, batch) if batch else 0)
