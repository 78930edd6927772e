"""How a broken file under data/ comes back: from git where it knows it, else anew from labels.db.

What always holds: nothing is changed here, only the remedy of an error is chosen. Called by labels/sync.
"""

from __future__ import annotations

import re

from core.errors import PrintModelsError
from core.labels import queries
from core.labels.documents import Document
from core.labels.store import LabelStore
from core.process import run
from core.text import safe
from core.workspace import Workspace

_FROM_GIT = "git checkout -- "
_BACK = re.compile(r"([Gg])et (?:it|the file) back: git checkout -- \S+.*")


def mendable(
    workspace: Workspace, store: LabelStore, doc: Document, error: PrintModelsError
) -> PrintModelsError:
    """Return the error with a remedy that works: a file that no commit holds can't be checked out.

    What labels.db has, `save` writes anew once the file is out of the way.
    """
    if _FROM_GIT not in error.remedy:
        return error
    root = workspace.root
    name = doc.path.relative_to(root).as_posix()
    try:
        asked = run(["git", "cat-file", "-e", f"HEAD:./{name}"], cwd=root, timeout=30, check=False)
        known = asked.code == 0
    except PrintModelsError:
        known = False
    if known:
        return error
    held = bool(store.database.ask(lambda db: queries.classes(db, doc.name)))
    shown = safe(name)
    then = "; then print-models save writes it anew from labels.db" if held else ", and label anew"
    error.remedy = _BACK.sub(
        lambda found: f"{'P' if found[1] == 'G' else 'p'}ut it aside: mv {shown} {shown}.broken{then}.",
        error.remedy,
    )
    return error
