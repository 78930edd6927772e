"""What `source list` tells of each camera. Gathered from the settings, the file list and the store, never stored."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core import human
from core.progress import Report
from core.text import safe
from core.workspace import Source, Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex


@dataclass(frozen=True, slots=True)
class Camera:
    """One source: where it leads, `state` (ok, away, question, retired) with the reason, and what it holds."""

    name: str
    printer: str
    path: str
    state: str
    why: str
    remedy: str
    frames: int
    first: str | None
    last: str | None
    labels: dict[str, int]
    name_pattern: str
    times: dict[str, int]

    def lines(self) -> list[str]:
        """Return it in words."""
        what = {"ok": "", "away": "  not reachable", "question": "  IN QUESTION", "retired": "  retired"}
        days = ""
        if self.first and self.last:
            days = f", {self.first}" if self.first == self.last else f", {self.first} to {self.last}"
        labels = ", ".join(f"{human.count(n)} {name}" for name, n in self.labels.items() if n) or "none"
        printer = f"  ({safe(self.printer)})" if self.printer else ""
        said = [
            f"{safe(self.name)} → {safe(self.path)}{printer}{what[self.state]}",
            f"  {human.plural(self.frames, 'frame')}{days}; labels: {labels}",
        ]
        if self.name_pattern:
            rules = ", ".join(f"{human.count(n)} {moments_words(rule)}" for rule, n in self.times.items())
            said.append(f"  names: {safe(self.name_pattern)}; {rules or 'no times yet'}")
        return [*said, *(f"  {line}" for line in (self.why, self.remedy) if line)]

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def survey(workspace: Workspace, report: Report) -> list[Camera]:
    """Look at every source; scans first. Raises what opening the label store raises."""
    from core.frames.index import FrameIndex
    from core.frames.names import rule_of
    from core.labels.sync import open_store

    with open_store(workspace) as store, FrameIndex(workspace) as index:
        index.scan(report)
        labels = {task.name: store.classes(task) for task in workspace.tasks.values()}
        found = []
        for source in workspace.sources.values():
            prefix = f"{source.name}/"
            counts = {
                task: sum(frame.startswith(prefix) for frame in classes) for task, classes in labels.items()
            }
            state, why, remedy = _state(workspace, source, index)
            frames = index.frames(source.name)
            first, last = (
                (f"{frames[0].captured_at:%Y-%m-%d}", f"{frames[-1].captured_at:%Y-%m-%d}")
                if frames
                else (None, None)
            )
            times = Counter(rule_of(frame.key) for frame in frames)
            where = os.readlink(source.path) if source.path.is_symlink() else str(source.path)
            found.append(
                Camera(
                    source.name,
                    source.settings.printer,
                    where,
                    state,
                    why,
                    remedy,
                    len(frames),
                    first,
                    last,
                    counts,
                    source.settings.name_pattern,
                    dict(sorted(times.items())),
                )
            )
    return found


def moments_words(rule: str) -> str:
    """Return 'times from names' and the like."""
    from core.frames.moments import WORDS

    return WORDS[rule]


def weak_times(index: FrameIndex) -> list[str]:
    """Say of each source how many frames have no better time than the date of their file."""
    from core.frames.names import FILE, is_told, rule_of

    said = []
    for name in index.workspace.active_sources:
        if is_told(name) and (n := sum(rule_of(key) == FILE for key in index.keys(name))):
            frames = human.plural(n, "frame")
            said.append(
                f"{safe(name)}: times from files' dates for {frames}; copying the files may change them"
            )
    return said


def _state(workspace: Workspace, source: Source, index: FrameIndex) -> tuple[str, str, str]:
    if source.settings.retired:
        return "retired", "", ""
    error = index.unreachable(source.name)
    if error is None:
        return "ok", "", ""
    return "question" if source.name in workspace.questions else "away", error.what, error.remedy
