"""Where a person was in the app, and the views they named: small objects in labels.db.

What always holds: where one was is a convenience: an object that is no object, or a store that can't be written, means
the beginning, never an error. Naming a view is an answer to a person: it is kept when `keep` returns, else it raises.
Called by the app.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from core.errors import Lacking, PrintModelsError, WrongUsage
from core.labels.store import LabelStore
from core.text import safe

_KEY, _NAMED = "view", "views"
_LONGEST = 40


class View(NamedTuple):
    """A filter line and a queue under a name; '' for the one that is not meant. `task` is the one it was made for."""

    name: str
    filter: str = ""
    queue: str = ""
    task: str = ""


def read_view(path: Path) -> dict[str, Any]:
    """Return what the labels.db at `path` keeps, or nothing; does not wait for the store to be opened."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=0.2)) as db:
            row = db.execute("SELECT value FROM meta WHERE key=?", (_KEY,)).fetchone()
        found = json.loads(row[0]) if row else {}
    except (sqlite3.Error, TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def keep_view(store: LabelStore, view: Mapping[str, Any]) -> bool:
    """Keep where the person is; False where that can't be written."""
    text = json.dumps(view, sort_keys=True)

    def work(db: sqlite3.Connection) -> None:
        db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_KEY, text))

    try:
        store.database.write(work)
    except PrintModelsError:
        return False
    return True


# --- named ------------------------------------------------------------------------------------------------------


def named(store: LabelStore) -> tuple[View, ...]:
    """Return the views a person named, in order of names. Raises Lacking, Damaged, Busy."""
    return store.database.ask(_named)


def keep(store: LabelStore, name: str, filter: str = "", queue: str = "", task: str = "") -> View:
    """Keep a filter line and a queue under a name, in the place of what had that name; return it.

    Raises WrongUsage for a name that is none and for a view of nothing, else what writing a label raises.
    """
    view = View(" ".join(name.split()), filter.strip(), queue.strip(), task)
    if not view.name or len(view.name) > _LONGEST or view.name != safe(view.name):
        raise WrongUsage(
            f"“{safe(name, limit=60)}” can't be the name of a view.",
            f"Use 1 to {_LONGEST} letters, one line.",
        )
    if not view.filter and not view.queue:
        raise WrongUsage("A view of all frames needs no name.", "Set a filter or a queue first.")

    def work(db: sqlite3.Connection) -> View:
        _write(db, [*(other for other in _named(db) if other.name != view.name), view])
        return view

    return store.database.write(work)


def drop(store: LabelStore, name: str) -> None:
    """Forget a named view. Raises Lacking where there is none of that name, else what writing a label raises."""

    def work(db: sqlite3.Connection) -> None:
        views = _named(db)
        left = [view for view in views if view.name != name]
        if len(left) == len(views):
            known = ", ".join(view.name for view in views) or "none"
            raise Lacking(f"There is no view “{safe(name, limit=60)}”.", f"Known there: {known}.")
        _write(db, left)

    store.database.write(work)


def _named(db: sqlite3.Connection) -> tuple[View, ...]:
    row = db.execute("SELECT value FROM meta WHERE key=?", (_NAMED,)).fetchone()
    try:
        found = json.loads(row[0]) if row else {}
    except (TypeError, ValueError, RecursionError):
        found = {}
    rows = found.items() if isinstance(found, dict) else ()
    return tuple(
        View(name, *(text if isinstance(text := value.get(part), str) else "" for part in View._fields[1:]))
        for name, value in sorted(rows)
        if isinstance(value, dict)
    )


def _write(db: sqlite3.Connection, views: list[View]) -> None:
    value = {view.name: dict(zip(View._fields[1:], view[1:], strict=True)) for view in views}
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_NAMED, json.dumps(value, sort_keys=True)))
