"""The one line at the top: workspace, task, labels, the draft with its price, branch, a running training.

As the width shrinks there go, in this order: path, branch, counts per class, task name → its initials. Never: labels
that are not saved, a running training, the price.
"""

from __future__ import annotations

import os
from pathlib import Path

from textual.content import Content

from core.human import count, signed_size
from core.text import safe
from tui.drawing import BAD, COLOURS, DIM, GLYPHS, GOOD, WARN, Part, fit
from tui.state import State
from tui.widgets.line import Line

_PATH, _LEFT_OUT, _BRANCH, _CLASSES, _TASK = 1, 2, 3, 4, 5


class Header(Line):
    """Draws a State; told by the app when it changed."""

    def __init__(self) -> None:
        super().__init__(id="header")
        self._state: State | None = None

    def show(self, state: State) -> None:
        """Draw this state, if its line differs from the one that is there."""
        self._state = state
        self.redraw()

    def words(self) -> Content:
        if self._state is None:
            return Content("")
        width = self.content_size.width
        if self.content_size.height > 1:
            return _narrow(self._state, width)
        return fit([*_left(self._state), *_draft(self._state), *_right(self._state)], width)


def _left(state: State) -> list[Part]:
    task, labels = state.task, state.of(state.task)
    total = f"{count(len(labels))}/{count(max(state.total(), len(labels)))}" + ("…" if state.scanning else "")
    initials = "".join(word[:1] for word in task.name.replace("_", "-").split("-"))
    source = safe(state.source, limit=20) if len(state.workspace.active_sources) > 1 else ""
    counts = state.class_counts()
    classes = Content("  ").join(
        Content.styled(f"{GLYPHS[task.code(name)]} {name} {count(counts[name])}", COLOURS[task.code(name)])
        for name in sorted(task.classes)
    )
    return [
        Part(
            Content.styled(_home(state.workspace.root) + (f" · {source}" if source else ""), DIM),
            _PATH,
            Content.styled(source, DIM) if source else None,
        ),
        Part(Content.styled(task.name, "bold $accent"), _TASK, Content.styled(initials, "bold $accent")),
        Part(Content.styled(total, "bold")),
        Part(classes, _CLASSES),
    ]


def _draft(state: State) -> list[Part]:
    draft = state.drafts.get(state.task.name)
    parts = []
    if state.unsaved:
        parts.append(Part(Content.styled(f"{len(state.unsaved)} NOT saved", f"bold {BAD}")))
    if draft is None:
        return parts
    text = Content.assemble(f"→ {count(draft.images)} in draft ", (signed_size(draft.new_bytes), "bold"))
    long = Content.assemble(
        f"→ {count(draft.images)} in draft", (f" · {draft.base} {draft.summary} · ", DIM),
        (signed_size(draft.new_bytes), "bold"),
    )  # fmt: skip
    return [*parts, Part(long, _LEFT_OUT, text) if draft.base else Part(text)]


def _right(state: State) -> list[Part]:
    parts = []
    if state.training:
        parts.append(Part(Content.styled(state.training, f"bold {WARN}"), right=True))
    if state.git.branch:
        mark = (f" ±{state.git.dirty}", WARN) if state.git.dirty else (" ✓", GOOD)
        branch = Content.assemble((safe(state.git.branch, limit=30), DIM), mark)
        parts.append(Part(branch, _BRANCH, right=True))
    return parts


def _narrow(state: State, width: int) -> Content:
    """Two lines for a phone: what is labelled, what it costs."""
    left, draft = _left(state), _draft(state)
    first = fit([left[1], left[2], *[part for part in _right(state) if not part.keep]], width)
    second = fit([*[Part(p.shorter or p.text) for p in draft], left[3]], width)
    return Content.assemble(first, "\n", second)


def _home(root: Path) -> str:
    home, text = os.path.expanduser("~"), os.fspath(root)
    if text == home or text.startswith(home.rstrip("/") + "/"):
        text = "~" + text[len(home.rstrip("/")) :]
    return safe(text, limit=60)
