"""Entries of label files and marks that wait for a person's decision, said in a sentence. Called by labels/sync."""

from __future__ import annotations

from core.human import plural
from core.labels import queries
from core.labels.documents import Document
from core.labels.model import LabelProblem
from core.labels.steps import MARKS
from core.labels.store import LabelStore
from core.text import safe

#: So many are named.
_NAMED = 5


def tell_waiting(store: LabelStore, doc: Document) -> None:
    """Say which entries wait for a decision, once for each that came; that there are fewer is no news."""
    waiting = store.database.ask(lambda db: queries.problems(db, doc.name))
    told = frozenset((entry.key, entry.value) for entry in waiting)
    before = store.waiting_told.get(doc.name, frozenset())
    store.waiting_told[doc.name] = told
    if told - before:
        way = "mark" if doc.name == MARKS else "label"
        store.notices.append(
            f"{safe(doc.path.name)}: {plural(len(waiting), 'entry', 'entries')} waiting for a decision: "
            f"{'; '.join(_entry(entry) for entry in waiting[:_NAMED])}"
            f"{f'; and {len(waiting) - _NAMED} more' if len(waiting) > _NAMED else ''}. "
            f"{way.title()} the frame, or correct the entry; nothing is exported until then."
        )


def _entry(entry: LabelProblem) -> str:
    line = f"line {entry.line}: " if entry.line else ""
    return f"{line}{safe(entry.key, limit=120)}: {safe(entry.what)}"
