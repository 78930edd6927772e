"""Lines of words for the screens that are read: a heading with its text hung beside it, a row cut to its width.

What always holds: no line is wider than the width given, and what is cut off shows that with an ellipsis. Pure.
"""

from __future__ import annotations

import textwrap

from textual.content import Content

from tui.drawing import DIM

_HEAD, _NARROW = 14, 40


def hung(
    head: str,
    text: str,
    width: int,
    *,
    style: str = "",
    mark: tuple[str, str] | None = None,
    room: int = _HEAD,
) -> list[Content]:
    """Return `head` with `text` beside it, wrapped and indented; `mark` is a glyph with its style before the text.

    `room` are the cells of the heads, a blank among them. On a narrow screen the text stands below its head.
    """
    side = width >= _NARROW
    indent = room if side else 2
    before = f"{mark[0]} " if mark else ""
    lines = textwrap.wrap(before + text, max(12, width - indent), break_on_hyphens=False) or [""]
    first = Content.assemble(
        (lines[0][: len(before)], mark[1] if mark else ""), (lines[0][len(before) :], style)
    )
    done = [Content.assemble((f"{head:<{room}}", DIM), first)]
    if not side:
        done = [Content.styled(head, DIM), Content.assemble(" " * indent, first)]
    return done + [Content.assemble(" " * indent, (line, style)) for line in lines[1:]]


def beside(head: Content, tail: Content, width: int) -> Content:
    """Return one row: `head`, then `tail` at the right end; `head` gives way where both don't fit."""
    room = width - tail.cell_length - 1
    if room < 1:
        return Content.assemble(head, " ", tail).truncate(max(1, width), ellipsis=True)
    return Content.assemble(head.truncate(room, ellipsis=True, pad=True), " ", tail)


def wrapped(text: str, width: int, style: str = "") -> list[Content]:
    """Return plain text as lines of at most `width`."""
    lines = textwrap.wrap(text, max(8, width), break_on_hyphens=False) or [""]
    return [Content.styled(line, style) if style else Content(line) for line in lines]
