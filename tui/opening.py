"""Going from a frame that a screen names to that frame in Label.

What always holds: the task, the camera and the cursor are those of the frame; a filter that hides it is lifted; where it
is not among the frames known here, nothing moves. Called by Versions and Training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.frames.among import place_among
from core.frames.names import source_of
from core.tasks import Task
from core.text import safe
from tui import keymap

if TYPE_CHECKING:
    from tui.app import PrintModelsApp


def open_frames(app: PrintModelsApp, task: Task, words: str, keys: Sequence[str]) -> str:
    """Show only these frames in Label, from the first one that is known here on; `words` name them where a filter stands.

    Return why none can be shown, '' where one is.
    """
    state = app.state
    known = next((k for k in keys if place_among(state.by_source.get(source_of(k), ()), k) is not None), "")
    if not known:
        return open_frame(app, task, keys[0]) if keys else "There is no such frame."
    told = open_frame(app, task, known)
    if not told:
        app.sorter.pick(words, keys)
    return told


def open_frame(app: PrintModelsApp, task: Task, key: str) -> str:
    """Show a frame in Label, for that task; return why it can't be shown, '' where it is."""
    state, source = app.state, source_of(key)
    if place_among(state.by_source.get(source, ()), key) is None:
        why = "the frames are still being read" if state.scanning else "no camera here has it now"
        return f"{safe(key, limit=80)} can't be shown: {why}."
    if state.task.name != task.name:
        app.to_task(task)
    if state.source != source:
        state.show_source(source)
        app.bridge.recordings(source)
        app.sorter.again()
    state.touched()
    at = state.place_of(key)
    if at is None:
        app.sorter.filter("")
        at = state.place_of(key)
    if at is not None:
        state.go(at)
    app.go(keymap.LABEL)
    return ""
