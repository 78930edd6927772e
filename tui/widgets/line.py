"""A widget that draws words and draws them again only where they changed."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

#: Equal cells between two that differ which are cheaper drawn again than jumped over.
_JUMPED = 8


class Line(Widget):
    """Subclasses say what to draw in `words`; `redraw` sends the lines that differ from what is there."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._drawn: Content | None = None

    def words(self) -> Content:
        """What to draw at the size the widget has now; lines are not wrapped."""
        return Content("")

    def redraw(self) -> None:
        """Draw again the lines that differ from those that are there."""
        before, now = self._drawn, self.words()
        if before is None:
            self.refresh()
            return
        old, new = before.split("\n", allow_blank=True), now.split("\n", allow_blank=True)
        if len(old) != len(new):
            self.refresh()
            return
        width = self.content_size.width
        moved = [
            Region(first, y, end - first, 1)  # counted from the content, not from the widget's edge
            for y, (a, b) in enumerate(zip(old, new, strict=True))
            if a.plain != b.plain or a.spans != b.spans
            for first, end in _differing(a, b, width)
        ]
        if moved:
            self.refresh(*moved)

    def render(self) -> Content:
        self._drawn = self.words()
        return self._drawn


def _differing(old: Content, new: Content, width: int) -> list[tuple[int, int]]:
    """Return from which and up to which cell two lines differ where they are `width` cells wide, in pieces."""
    longest = max(old.cell_length, new.cell_length)
    if longest > width or old.cell_length != len(old.plain) or new.cell_length != len(new.plain):
        return [
            (0, width)
        ]  # what is cut off ends in an ellipsis; letters two cells wide move those behind them
    before, after = _painted(old), _painted(new)
    length = max(len(before), len(after))
    before += [(" ", ())] * (length - len(before))
    after += [(" ", ())] * (length - len(after))
    pieces: list[tuple[int, int]] = []
    for at in range(length):
        if before[at] == after[at]:
            continue
        if pieces and at - pieces[-1][1] <= _JUMPED:
            pieces[-1] = (pieces[-1][0], at + 1)
        else:
            pieces.append((at, at + 1))
    return pieces


def _painted(line: Content) -> list[tuple[str, tuple[object, ...]]]:
    """Return each letter of a line with the styles that lie over it."""
    styles: list[tuple[object, ...]] = [()] * len(line.plain)
    for span in line.spans:
        for at in range(max(0, span.start), min(span.end, len(styles))):
            styles[at] = (*styles[at], span.style)
    return list(zip(line.plain, styles, strict=True))


class Words(Line):
    """A Line that is given its words."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self._text = Content("")

    def show(self, text: Content) -> None:
        """Draw these words."""
        self._text = text
        self.redraw()

    def words(self) -> Content:
        return self._text
