"""What a model said of frames: the predictions file of a task, which another program writes and nothing here changes.

What always holds: it is believed only as far as it fits the task; what does not is left out and counted. Read by the
commands and the queues.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from core.durable import open_regular
from core.errors import Damaged
from core.human import plural
from core.tasks import Task
from core.text import safe


class Guess(NamedTuple):
    """What a model said of a frame: a class of the task and how sure it was, 0 to 1; None where it did not tell."""

    class_: str
    confidence: float | None


def read_predictions(path: Path, task: Task) -> tuple[dict[str, Guess], str]:
    """Return what was said by frame, and what is odd about the file in a sentence; nothing without a file."""
    try:
        with open_regular(path) as file:
            data: Any = json.loads(file.read())
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, RecursionError, Damaged):
        return {}, f"{safe(path.name)} can't be read; predictions are left out."
    rows = data.items() if isinstance(data, dict) else ()
    found = {
        key.removeprefix("./"): guess for key, value in rows if (guess := _guess(value, task)) is not None
    }
    odd = len(rows) - len(found)
    return found, f"{safe(path.name)}: {plural(odd, 'entry', 'entries')} left out." if odd else ""


def _guess(value: Any, task: Task) -> Guess | None:
    said = value.get("label") if isinstance(value, dict) else None
    share = value.get("confidence") if isinstance(value, dict) else None
    if not isinstance(said, str) or said.lower() not in task.classes:
        return None
    known = isinstance(share, int | float) and not isinstance(share, bool) and 0 <= share <= 1
    return Guess(said.lower(), float(share) if known and share is not None else None)
