"""Whether someone else changed a file under data/, looked at every second while the app is open.

What always holds: nothing is taken here, and a file's bytes are read only where its stat moved. Called by the app.
"""

from __future__ import annotations

from core.errors import PrintModelsError
from core.labels.documents import Document, base_facts, digest, document, head, marks_document
from core.labels.reconcile import bytes_of, note_head, stat_of
from core.labels.store import LabelStore
from core.workspace import Workspace


def changed_outside(workspace: Workspace, store: LabelStore) -> tuple[str, ...]:
    """Return the names of the files under data/ that someone else changed since they were last looked at.

    Cheap enough to be polled: the stat of a file is compared first, its bytes only where that moved. Each change is
    named until the next `flush` has looked at it, once also where it could not be taken.
    """
    if store.read_only is not None:
        return ()
    at_first = head(workspace.root)  # before the files: git changes files first, then HEAD
    docs = [*(document(workspace, task) for task in workspace.tasks.values()), marks_document(workspace)]
    moved = [doc for doc in docs if _moved(store, doc)]
    for doc in docs:
        if doc not in moved and not store.database.read_only and doc.path.exists():
            note_head(store, doc.name, at_first)
    return tuple(doc.path.name for doc in moved)


def _moved(store: LabelStore, doc: Document) -> bool:
    stat = stat_of(doc.path)
    sha256, known = store.database.ask(lambda db: base_facts(db, doc.name))
    if stat in (known, store.seen.get(doc.name)):
        return False
    try:
        data = bytes_of(doc.path)
    except PrintModelsError:
        return True
    if data is not None and digest(data) == sha256:
        store.seen[doc.name] = stat
        return False
    return True
