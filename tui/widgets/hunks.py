"""The hunks of a difference, each with a strip of small pictures: what is added, removed, relabelled, side by side.

What always holds: only what is visible is drawn and asked for, however many hunks there are; a move of the cursor within
the page redraws two lines. Where the room is low only the hunk at the cursor is open, the others are a line each. The
screen has the keys and asks for pictures; `lacking` says which.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from textwrap import wrap

from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from core.human import count, plural, signed_size
from core.versions.seeing import Place
from tui.drawing import BAD, BOLD, DIM, GOOD, WARN
from tui.version_messages import HunkSeen, Thumb
from tui.widgets.halfcells import cells
from tui.widgets.small import packed

#: A small picture in cells: width and height. Where there is much room it is larger.
_SMALL, _LARGE = (16, 5), (25, 7)
#: From this height on every hunk that is seen is open, from the second on with larger pictures.
_ALL_OPEN, _TALL = 24, 34
_KEPT = 3000
#: Below this width the head of an open hunk goes on in a second line.
_NARROW = 60
_KINDS = {"added": ("+", GOOD), "removed": ("−", BAD), "relabelled": ("~", WARN), "replaced": ("≠", WARN)}
_OTHER = ("→", DIM)

_Key = tuple[Place, tuple[int, int]]
#: A picture as colours of its pixels, or as letters; or why there is none.
_Drawn = list[list[int]] | tuple[str, ...] | str


class Hunks(Widget, can_focus=False):
    """A list of hunks, of which one is at the cursor."""

    class Moved(Message):
        """Other hunks are visible, or at the cursor."""

    def __init__(self) -> None:
        super().__init__(id="hunks")
        #: Whether pictures are shown, and as letters: the screen says so once.
        self.pictures, self.letters = True, False
        self._hunks: Sequence[HunkSeen] = ()
        self._at = 0
        self._top = 0
        self._marks = False
        self._thumbs: OrderedDict[_Key, _Drawn] = OrderedDict()

    # --- what there is ------------------------------------------------------------------------------------------

    @property
    def at(self) -> HunkSeen | None:
        """The hunk at the cursor."""
        return self._hunks[self._at] if self._hunks else None

    @property
    def place(self) -> int:
        """The number of the hunk at the cursor, from 0."""
        return self._at

    def show(self, hunks: Sequence[HunkSeen], *, marks: bool) -> None:
        """Show these; the cursor stays on its hunk, or on its place. `marks` says of each whether it is held back."""
        if hunks is self._hunks and marks == self._marks:
            return
        here = self.at.id if self.at else ""
        self._hunks, self._marks = hunks, marks
        known = next((at for at, hunk in enumerate(hunks) if hunk.id == here), None)
        self._at = known if known is not None else max(0, min(self._at, len(hunks) - 1))
        self._see()
        self.refresh()

    def go(self, at: int) -> bool:
        """Put the cursor on a hunk by its number; False where it is there already."""
        at = max(0, min(at, len(self._hunks) - 1))
        if not self._hunks or at == self._at:
            return False
        before, top = self._at, self._top
        self._at = at
        self._see()
        if self._top != top or not self._all_open:
            self.refresh()
        else:
            width = self.size.width
            self.refresh(*(Region(0, self._row(one) - top, width, self._heads) for one in (before, at)))
        self.post_message(self.Moved())
        return True

    def jump(self, by: int) -> bool:
        """Go to the first hunk of the next recording; back to the first of this one, then of the one before."""
        if not self._hunks:
            return False
        here, at = self._hunks[self._at].recording, self._at
        if by > 0:
            while at < len(self._hunks) and self._hunks[at].recording == here:
                at += 1
            return at < len(self._hunks) and self.go(at)
        first = self._first(self._at)
        return self.go(first if first < self._at or not first else self._first(first - 1))

    def _first(self, at: int) -> int:
        recording = self._hunks[at].recording
        while at and self._hunks[at - 1].recording == recording:
            at -= 1
        return at

    @property
    def page(self) -> int:
        """How many hunks a page on moves by."""
        high = self.size.height // self._open if self._all_open else self.size.height - self._open
        return max(1, high)

    # --- pictures -----------------------------------------------------------------------------------------------

    @property
    def row(self) -> int:
        """How many pictures a hunk has room for."""
        return max(1, (self.size.width - 2) // (self._cell[0] + 1))

    @property
    def _cell(self) -> tuple[int, int]:
        return _LARGE if self.size.height >= _TALL and self.size.width >= 3 * _LARGE[0] + 6 else _SMALL

    @property
    def box(self) -> tuple[int, int]:
        """The pixels of a small picture: a cell is one wide and two high."""
        wide, high = self._cell
        return wide, 2 * high

    def lacking(self) -> list[Place]:
        """Return the frames that are visible without their picture, those of the cursor first."""
        if not self.pictures:
            return []
        seen = sorted(self._visible(), key=lambda at: abs(at - self._at))
        places = [place for at in seen if self._is_open(at) for place in self._shown(self._hunks[at])]
        return [place for place in dict.fromkeys(places) if (place, self.box) not in self._thumbs]

    def away(self) -> list[Place]:
        """Return the frames shown of the hunk at the cursor whose picture is not on this machine, as far as known."""
        here = self.at
        found = [
            (place, self._thumbs.get((place, self.box))) for place in (self._shown(here) if here else ())
        ]
        return [place for place, drawn in found if isinstance(drawn, str)]

    def ask_again(self) -> None:
        """Forget why pictures are not shown, so that they are `lacking` again."""
        self._thumbs = OrderedDict(one for one in self._thumbs.items() if not isinstance(one[1], str))
        self.refresh()

    def take(self, thumb: Thumb) -> None:
        """Keep a small picture, and draw it where it is visible."""
        drawn: _Drawn = thumb.why
        if thumb.picture is not None and self.letters:
            from tui.widgets.letters import lettered

            drawn = tuple(lettered(thumb.picture))
        elif thumb.picture is not None:
            drawn = packed(thumb.picture, few=self.app.console.color_system in (None, "standard"))
        self._thumbs[thumb.place, thumb.box] = drawn
        while len(self._thumbs) > _KEPT:
            self._thumbs.popitem(last=False)
        if thumb.box == self.box:
            for at in self._visible():
                if self._is_open(at) and thumb.place in self._shown(self._hunks[at]):
                    y = self._row(at) - self._top + self._heads
                    self.refresh(Region(0, y, self.size.width, self._cell[1]))

    def _shown(self, hunk: HunkSeen) -> list[Place]:
        """Return the frames of a hunk that have room, spread evenly, its first and last among them."""
        room, frames = self.row, list(hunk.frames)
        if len(frames) <= room or room == 1:
            return frames if len(frames) <= room else [frames[len(frames) // 2]]
        return [frames[number * (len(frames) - 1) // (room - 1)] for number in range(room)]

    # --- where what lies ----------------------------------------------------------------------------------------

    @property
    def _all_open(self) -> bool:
        return self.size.height >= _ALL_OPEN

    @property
    def _open(self) -> int:
        """The lines of an open hunk: its head, its pictures, and a comment or a blank."""
        return self._heads + 1 + (self._cell[1] if self.pictures else 0)

    @property
    def _heads(self) -> int:
        """The lines of an open hunk's head: two where it is narrow."""
        return 1 if self.size.width >= _NARROW else 2

    def _is_open(self, at: int) -> bool:
        return self._all_open or at == self._at

    def _row(self, at: int) -> int:
        """The line at which a hunk begins, from the first one's."""
        if self._all_open:
            return at * self._open
        return at + (self._open - 1 if at > self._at else 0)

    def _hunk_of(self, row: int) -> tuple[int, int]:
        """Return the number of the hunk that has a line, and which of its lines that is."""
        if self._all_open:
            return divmod(row, self._open)
        if row < self._at:
            return row, 0
        if row < self._at + self._open:
            return self._at, row - self._at
        return row - self._open + 1, 0

    def _visible(self) -> range:
        if not self._hunks or not self.size.height:
            return range(0)
        last = self._hunk_of(self._top + self.size.height - 1)[0]
        return range(self._hunk_of(self._top)[0], min(last + 1, len(self._hunks)))

    def _see(self) -> None:
        """Scroll no further than it takes for the hunk at the cursor to be seen whole."""
        first, high = self._row(self._at), self.size.height
        end = self._row(len(self._hunks) - 1) + (self._open if self._hunks else 0)
        if not self._all_open and self._at < len(self._hunks) - 1:
            end = len(self._hunks) - 1 + self._open
        if first < self._top:
            self._top = first
        elif first + self._open > self._top + high:
            self._top = first + self._open - high
            if self._all_open:  # a hunk that is cut in two at the top is none
                self._top = -(-self._top // self._open) * self._open
        self._top = max(0, min(self._top, max(0, end - high) if not self._all_open else self._top))

    def on_resize(self, event: events.Resize) -> None:
        self._see()
        self.refresh()
        self.post_message(self.Moved())

    def on_click(self, event: events.Click) -> None:
        """Go to the hunk that was pointed at."""
        at = self._hunk_of(self._top + event.y)[0]
        if 0 <= at < len(self._hunks):
            self.go(at)

    # --- drawing ------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        at, line = self._hunk_of(self._top + y)
        if not 0 <= at < len(self._hunks):
            return Strip.blank(width, self.rich_style)
        hunk = self._hunks[at]
        if line == 0:
            return self._words(self._head(at, hunk, width))
        if line < self._heads:
            return self._words(self._second(hunk, width))
        if line == self._open - 1:
            note = Content.assemble(("  # ", "bold $accent"), hunk.comment) if hunk.comment else Content("")
            return self._words(note.truncate(width, ellipsis=True))
        return self._pictures(hunk, line - self._heads, width)

    def _words(self, text: Content) -> Strip:
        return Visual.to_strips(self, text, self.size.width, 1, self.visual_style, pad=True)[0]

    def _head(self, at: int, hunk: HunkSeen, width: int) -> Content:
        here = at == self._at
        look = "strike" if hunk.held else BOLD if here else ""
        sign, style = self.sign_of(hunk)
        parts = [("▸" if here else " ", "bold $accent")]
        if self._marks:
            parts.append(("⊘ ", WARN) if hunk.held else ("✓ ", GOOD))
        narrow = width < _NARROW
        noted = "  #" if hunk.comment and not self._is_open(at) else ""
        held = "held back · " if hunk.held and not narrow else ""
        tail = _tail(hunk)
        if narrow and self._is_open(at):
            tail = []
        elif narrow:
            tail = [f"{count(len(hunk.frames))} × {hunk.change}"]
        line = Content.assemble(
            *parts, (f"{sign} ", style), (hunk.brief if narrow else hunk.where, look), (" · " if tail else "", DIM),
            (held, WARN), (" · ".join(tail), DIM if hunk.held else BOLD if here else ""), (noted, "bold $accent"),
        )  # fmt: skip
        return line.truncate(width, ellipsis=True)

    def sign_of(self, hunk: HunkSeen) -> tuple[str, str]:
        """The glyph and colour of what a hunk is."""
        return _KINDS.get(hunk.kind, _OTHER)

    def _second(self, hunk: HunkSeen, width: int) -> Content:
        """What a narrow head goes on with."""
        held = "held back · " if hunk.held else ""
        words = " · ".join([f"{count(len(hunk.frames))} × {hunk.change}", *_tail(hunk)[2:]])
        return Content.assemble("  ", (held, WARN), words).truncate(width, ellipsis=True)

    def _pictures(self, hunk: HunkSeen, row: int, width: int) -> Strip:
        blank = Segment(" ", self.rich_style)
        strips = [Strip([blank, blank], 2)]
        for place in self._shown(hunk):
            drawn = self._thumbs.get((place, self.box))
            if isinstance(drawn, tuple):
                strips.append(self._lettered(drawn, row))
            elif isinstance(drawn, list):
                strips.append(self._picture(drawn, row))
            else:
                strips.append(self._reason(drawn, row))
            strips.append(Strip([blank], 1))
        line = Strip.join(strips)
        return line.adjust_cell_length(width, self.rich_style) if line.cell_length != width else line

    def _picture(self, lines: list[list[int]], row: int) -> Strip:
        """One line of a small picture, amid its place."""
        wide, high = self._cell
        row -= (high - len(lines) // 2) // 2
        if not 0 <= 2 * row < len(lines):
            return Strip.blank(wide, self.rich_style)
        left = (wide - len(lines[0])) // 2
        drawn = cells(lines[2 * row], lines[2 * row + 1])
        ends = Strip.blank(left, self.rich_style), Strip.blank(wide - left - len(lines[0]), self.rich_style)
        return Strip.join([ends[0], drawn, ends[1]])

    def _lettered(self, lines: tuple[str, ...], row: int) -> Strip:
        """One line of a small picture in letters, amid its place."""
        wide, high = self._cell
        row -= (high - len(lines)) // 2
        words = lines[row] if 0 <= row < len(lines) else ""
        return Strip([Segment(f"{words:^{wide}}", self.rich_style)], wide)

    def _reason(self, why: str | None, row: int) -> Strip:
        """One line of what stands in a picture's place: that it is awaited, or why there is none."""
        wide, high = self._cell
        lines = wrap(why, wide - 2)[:high] if why else ["…"] if why is None else []
        number = row - (high - len(lines)) // 2
        words = lines[number] if 0 <= number < len(lines) else ""
        text = Content.styled(f"{words:^{wide}}"[:wide], DIM)
        return Visual.to_strips(self, text, wide, 1, self.visual_style, pad=True)[0]


def _tail(hunk: HunkSeen) -> list[str]:
    cost = [signed_size(hunk.bytes)] if hunk.bytes else []
    return [plural(len(hunk.frames), "frame"), hunk.change, *cost]
