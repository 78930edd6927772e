"""The file of suggestions: what was worked out, as data that a reader without numpy can use.

What always holds: written whole or not at all, and it says which labels it knew (`labels_seq`); it names no path and no
person. docs/formats.md has its keys. Called by the worker; core/labels/suggested reads it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from core.assist.asking import questions
from core.assist.curve import Point, enough, hint
from core.assist.doubts import Doubt, doubts
from core.assist.gathering import Gathered
from core.assist.scene import Scene
from core.assist.suggesting import FEW, Answer, as_json, missing, runs_of
from core.durable import atomic_write
from core.labels.suggested import FORMAT, path_of
from core.tasks import Task
from core.workspace import Workspace


def told(task: Task, gathered: Gathered, found: Answer | None, points: Sequence[Point]) -> dict[str, Any]:
    """Return what is suggested, asked and doubted, without what the worker adds of the engine and the moment."""
    scene, looks = gathered.scene, gathered.looks
    labelled = int((scene.learned >= 0).sum())
    said: dict[str, Any] = {"share_right": None, "recall": {}, "runs": [], "sure": dict(_NEVER)}
    if found is not None and labelled >= FEW:
        said = as_json(found, runs_of(found))
    return {
        "format": FORMAT,
        "task": task.name,
        "frames": len(scene.keys),
        "known": int(scene.known.sum()),
        "labelled": labelled,
        **said,
        "next": [
            {"frame": scene.keys[one.place], "why": one.why}
            for one in questions(scene, looks, found, gathered.guesses)
        ],
        "doubts": [_doubt(scene, one) for one in doubts(scene, looks, found, gathered.against)],
        "curve": [_point(point) for point in points],
        "enough": enough(found, points),
        "hint": missing(scene, found) or (hint(found, points) if found else ""),
    }


def _doubt(scene: Scene, one: Doubt) -> dict[str, Any]:
    return {
        "frame": scene.keys[one.place],
        "frames": one.frames,
        "label": scene.classes[one.label],
        "suggested": scene.classes[one.suggested],
        "confidence": round(one.confidence, 4),
        "kind": one.kind,
        "why": one.why,
        "evidence": [scene.keys[place] for place in one.evidence],
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "recordings": point.recordings,
        "balanced": round(point.balanced, 4),
        "low": round(point.low, 4),
        "high": round(point.high, 4),
    }


_NEVER = {"least": None, "answers": 0, "right": 0, "runs": 0, "frames": 0}


def write(workspace: Workspace, task: Task, data: dict[str, Any]) -> None:
    """Put the file in the place of the one before. Raises Lacking, Refused."""
    path = path_of(workspace, task)
    workspace.ensure_private()
    path.parent.mkdir(exist_ok=True)
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    atomic_write(path, text.encode("ascii"))


def read(workspace: Workspace, task: Task) -> dict[str, Any] | None:
    """Return what the file says, None where there is none of this form."""
    try:
        data: Any = json.loads(path_of(workspace, task).read_bytes())
    except (OSError, ValueError):
        return None
    known = (
        isinstance(data, dict) and data.get("format") == FORMAT and isinstance(data.get("labels_seq"), int)
    )
    return data if known else None


def moment() -> str:
    """Return now as the label store writes it, so that both can be compared."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
