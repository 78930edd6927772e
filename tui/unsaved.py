"""Labels that the store did not take: kept with their step, counted in the header, and given again once it takes one.

What always holds: a frame waits once for each task, with what was said of it last; what was saved for it meanwhile wins.
Lives in the state, on the event loop; the app gives again what `again` returns.
"""

from __future__ import annotations

from msgspec.structs import replace

from tui.messages import Labelled, NotLabelled


class Unsaved:
    """Frames by task, each with the step in which it was to be labelled."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, str], NotLabelled] = {}

    def __len__(self) -> int:
        return len(self._steps)

    def take(self, step: NotLabelled) -> None:
        """Keep a step that was not written."""
        self._steps.update(((step.task, frame), step) for frame in step.frames)

    def again(self, saved: Labelled) -> list[NotLabelled]:
        """Return what to give again, step by step, as the store has just taken `saved`; nothing waits any more."""
        waiting: dict[int, tuple[NotLabelled, list[str]]] = {}
        for (task, frame), step in self._steps.items():
            if task != saved.step.task or frame not in saved.labels:
                waiting.setdefault(id(step), (step, []))[1].append(frame)
        self._steps.clear()
        return [
            replace(
                step,
                frames=tuple(frames),
                each=None if step.each is None else {frame: step.each[frame] for frame in frames},
            )
            for step, frames in waiting.values()
        ]
