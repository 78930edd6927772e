"""Where a person was in the app: one small object in labels.db, so that the next opening begins there.

What always holds: it is a convenience. An object that is no object, or a store that can't be written, means the
beginning, never an error. Called by the app on opening, after rest and on leaving.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import PrintModelsError
from core.labels.store import LabelStore

_KEY = "view"


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
