"""What a reviewer said of changes: a stretch held back from the next version, a comment on it. Pure.

It stands in data/marks.json under the hunk's id, `<recording>/<HHMM>`, in the part `hunks`, per task, beside whatever
else the entry holds. What always holds: a comment counts only against the version it was written against, so that one
which has become a changelog line is not said again; what is held stays held until someone takes it back. Called by
labels/giving and labels/store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PART = "hunks"
_HUNK = re.compile(r".*/[0-9]{4}(?:\.[0-9]+)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What was said of one hunk of a task: `held` back, a `comment`, and the version `base` it was said against."""

    held: bool = False
    comment: str = ""
    base: str = ""
    by: str = ""
    at: str = ""


def is_hunk(key: str) -> bool:
    """Return whether a key of data/marks.json names a hunk: a frame's ends with what kind of picture it is."""
    return _HUNK.fullmatch(key) is not None


def of(values: Mapping[str, str], task: str) -> dict[str, Reviewed]:
    """Return hunk id → what was said of it, from the entries of data/marks.json as JSON."""
    found = {}
    for id_, value in values.items():
        if f'"{PART}"' in value:
            said = _part(json.loads(value)).get(task)
            if isinstance(said, dict):
                found[id_] = _reviewed(said)
    return found


def entry(before: str | None, task: str, said: Reviewed | None) -> str | None:
    """Return an entry's JSON with what is said of the hunk for a task, None where nothing is left in it."""
    value = json.loads(before) if before else {}
    hunks = {name: other for name, other in _part(value).items() if name != task}
    if said is not None:
        hunks[task] = {
            "held": said.held,
            "comment": said.comment,
            "base": said.base,
            "by": said.by,
            "at": said.at,
        }
    rest = {name: part for name, part in value.items() if name != PART}
    whole = {**rest, PART: hunks} if hunks else rest
    empty = not hunks and not any(part not in (None, "") for part in rest.values())
    return None if empty else json.dumps({"mark": None, **whole}, sort_keys=True, ensure_ascii=True)


def saying(
    held: bool | None, comment: str | None, base: str, who: str, at: str
) -> Callable[[Reviewed], Reviewed | None]:
    """Return what a hunk's review becomes: what is None stays, but for a comment written against another version."""

    def change(old: Reviewed) -> Reviewed | None:
        said = old.comment if old.base == base else ""
        words = said if comment is None else " ".join(comment.split())
        new = Reviewed(old.held if held is None else held, words, base, who, at)
        return new if new.held or new.comment else None

    return change


def _part(value: Any) -> dict[str, Any]:
    found = value.get(PART) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _reviewed(said: Mapping[str, Any]) -> Reviewed:
    words = {name: str(said.get(name) or "") for name in ("comment", "base", "by", "at")}
    return Reviewed(held=said.get("held") is True, **words)
