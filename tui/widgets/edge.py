"""The line between two panes, or the end of one, with words in it."""

from __future__ import annotations

from textual.content import Content

from tui.widgets.line import Line

_COLOUR = "$primary 70%"


class Edge(Line):
    """A horizontal line of a box; an own widget, so that a change of its words sends one line and nothing else."""

    def __init__(self, id: str, corners: str, words: str = "") -> None:
        super().__init__(id=id)
        self._corners = corners
        self._text = Content(words)

    def show(self, words: Content, corners: str = "") -> None:
        """Put these words into the edge; `corners` are its two ends where they change."""
        self._text, self._corners = words, corners or self._corners
        self.redraw()

    def words(self) -> Content:
        width = self.size.width
        text = self._text.truncate(max(0, width - 6), ellipsis=True)
        middle = Content.assemble(" ", text, " ") if text.plain else Content.styled("─", _COLOUR)
        rest = max(0, width - 3 - middle.cell_length)
        left, right = self._corners[0], self._corners[1]
        return Content.assemble((f"{left}─", _COLOUR), middle, (f"{'─' * rest}{right}", _COLOUR))
