"""A damaged labels.db: noticed, kept aside, and what only it held is told and offered as a file.

What always holds: a database that SQLite called damaged is written to no more; it is not thrown away. What was given
since data/ was last written is looked for in it, as far as it can be read. Called by labels/database and labels/sync.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from pathlib import Path

from core.durable import fsync_dir, lock
from core.errors import PrintModelsError
from core.human import plural
from core.labels import files
from core.labels.store import LabelStore
from core.labels.trouble import flag_of
from core.text import safe
from core.workspace import Workspace


def proved(path: Path) -> bool:
    """True where the database was called damaged once, and a look at all of it says so again."""
    flag = flag_of(path)
    if not flag.exists():
        return False
    try:
        db = sqlite3.connect(path, timeout=5)
        try:
            whole = db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        finally:
            db.close()
    except sqlite3.OperationalError:
        return False  # busy, or no room: that is said by whoever opens it next
    except sqlite3.Error:
        whole = False
    if whole:
        flag.unlink(missing_ok=True)
    return not whole


def set_aside(path: Path) -> Path:
    """Give a damaged database another name, its log with it, and return that name."""
    with lock(path.with_name("labels.lock"), what="the label store", timeout=10):
        number = 1
        while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
            number += 1
        for end in ("-shm", "-wal", ""):
            old = path.with_name(path.name + end)
            if old.exists():
                old.rename(aside.with_name(aside.name + end))
        flag_of(path).unlink(missing_ok=True)
        fsync_dir(path.parent)
    return aside


def told(workspace: Workspace, store: LabelStore, aside: Path) -> str:
    """Say what a damaged database held that the one built anew does not; it lies in files that `import` takes."""
    found = _readable(aside)
    if found is None:
        return "What was given since data/ was last written can't be read in it any more."
    said = []
    for task in workspace.tasks.values():
        here = store.classes(task)
        only = {
            frame: class_
            for frame, class_ in found.get(task.name, {}).items()
            if here.get(frame) != class_ and class_ in task.classes and files.usable(frame)
        }
        if only:
            file = workspace.private / f"recovered-{task.name}-{aside.suffix.lstrip('.')}.json"
            try:
                files.write(file, only)
            except PrintModelsError as error:
                return (
                    f"{plural(len(only), 'label')} that only it holds could not be written out: {error.what}"
                )
            shown = safe(file.relative_to(workspace.root))
            said.append(
                f"{plural(len(only), 'label')} of {task.name} that only it held can be taken with: print-models import "
                f"--task {task.name} --replace {shown}"
            )
    return "; ".join(said) + "." if said else "No label that can still be read in it is missing."


def _readable(aside: Path) -> Mapping[str, Mapping[str, str]] | None:
    """Return task → frame → class as far as a copy of the damaged database gives them, None where it gives nothing."""
    found: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory(prefix="print-models-") as folder:
        try:
            for end in ("", "-wal"):
                beside = aside.with_name(aside.name + end)
                if beside.exists():
                    shutil.copyfile(beside, Path(folder, f"copy{end}"))
            db = sqlite3.connect(Path(folder, "copy"))
        except (OSError, sqlite3.Error):
            return None
        try:
            for task, frame, class_ in db.execute("SELECT task, frame, class FROM label"):
                found.setdefault(str(task), {})[str(frame)] = str(class_)
        except sqlite3.Error:
            pass  # what came before the damage is told
        finally:
            db.close()
    return found or None
