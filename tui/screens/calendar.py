"""A month of days: how many frames each has, what share is labelled, prints, prints that failed; enter opens a day.

What always holds: a day is its number, a filling and words; the day at the cursor is told in full below the month.
"""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content

from core.human import count, plural
from tui import keymap
from tui.counting import DayCount
from tui.drawing import BAD, BOLD, DIM, UNLABELLED
from tui.screens.base import Place
from tui.sorting import DaysCounted
from tui.widgets.line import Words

_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: Cells of a day that has room for its words, and lines; else it is one line of few.
_WIDE, _WIDEST, _HIGH = 10, 15, 3


class CalendarScreen(Place):
    """The days of a camera, a month at a time."""

    PLACE = keymap.CALENDAR
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.CALENDAR)

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self._day = at.date()
        self._days: Mapping[date, DayCount] | None = None

    def compose_body(self) -> ComposeResult:
        yield Words("calendar")

    def on_mount(self) -> None:
        self.pm.sorter.days()

    def receive(self, result: object) -> None:
        if isinstance(result, DaysCounted) and result.task == self.state.task.name:
            self._days = result.days
            self._draw()

    def show_state(self) -> None:
        super().show_state()
        self._draw()

    def resized(self) -> None:
        super().resized()
        self._draw()

    def _draw(self) -> None:
        if not self.query("#calendar"):
            return
        text = self.query_one("#calendar", Words)
        text.border_title = Content(f"{self._day:%B %Y}")
        size = text.content_size
        text.show(month(self._day, self._days or {}, size.width, size.height))

    # --- keys ---------------------------------------------------------------------------------------------------

    def _go(self, days: int) -> None:
        self._day += timedelta(days=days)
        self._draw()

    def action_day_on(self) -> None:
        self._go(1)

    def action_day_back(self) -> None:
        self._go(-1)

    def action_week_on(self) -> None:
        self._go(7)

    def action_week_back(self) -> None:
        self._go(-7)

    def action_month_on(self) -> None:
        self._day = _beside(self._day, 1)
        self._draw()

    def action_month_back(self) -> None:
        self._day = _beside(self._day, -1)
        self._draw()

    def action_open_day(self) -> None:
        found = (self._days or {}).get(self._day)
        if found is None:
            self.say(f"There is no frame of {self._day.day} {self._day:%b %Y}.")
            return
        self.state.touched()
        place = self.state.place_of(found.first)
        if place is None:
            self.say("The filter leaves no frame of that day: / changes it.")
            return
        self.state.go(place)
        self.dismiss()

    def action_close(self) -> None:
        self.dismiss()


def _beside(day: date, by: int) -> date:
    """Return the same day of the month after or before, or that month's last."""
    month = day.year * 12 + day.month - 1 + by
    year, number = divmod(month, 12)
    return date(year, number + 1, min(day.day, calendar.monthrange(year, number + 1)[1]))


def month(day: date, days: Mapping[date, DayCount], width: int, height: int) -> Content:
    """Return a month with the day at the cursor; a day has three lines where there is room, else one."""
    weeks = calendar.Calendar().monthdatescalendar(day.year, day.month)
    cell = max(4, min(_WIDEST, width // 7))
    high = _HIGH if cell >= _WIDE and height >= 2 + _HIGH * len(weeks) else 1
    lines = [Content.styled("".join(f" {name:<{cell - 1}}" for name in _NAMES), DIM)]
    for week in weeks:
        cells = [_cell(one, one == day, one.month == day.month, days.get(one), cell, high) for one in week]
        lines += [Content("").join(row) for row in zip(*cells, strict=True)]
    if len(lines) + 1 < height:
        lines.append(Content(""))
    lines += _told(day, days.get(day), width)[: max(0, height - len(lines))]
    return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)


def _cell(
    day: date, here: bool, inside: bool, found: DayCount | None, width: int, high: int
) -> list[Content]:
    """Return the lines of one day, each `width` cells wide."""
    style = "bold $accent reverse" if here else BOLD if inside and found else DIM
    number = Content.styled(f"{day.day:>2}", style)
    if found is None or not inside:
        lines = [Content.assemble("▸" if here else " ", number)]
    else:
        sign = Content.styled(_sign(found), BAD if found.failed and high == 1 else "")
        share = f" {found.labelled * 100 // found.counting} %" if found.counting else ""
        lines = [Content.assemble("▸" if here else " ", number, sign, (share, DIM))]
        prints = f" {found.prints}p" if found.prints else ""
        lines.append(Content.styled(f" {count(found.frames)}", DIM))
        lines.append(Content.assemble((prints, DIM), (f" ✗{found.failed}" if found.failed else "", BAD)))
    lines += [Content("")] * (high - len(lines))
    return [line.truncate(width, pad=True) for line in lines[:high]]


def _sign(found: DayCount) -> str:
    """How much of a day is labelled: nothing, some, all."""
    if not found.labelled:
        return UNLABELLED
    return "█" if found.labelled >= found.counting else "▄"


def _told(day: date, found: DayCount | None, width: int) -> list[Content]:
    """Tell of a day in full, in two lines where one is too narrow."""
    head = f"{_NAMES[day.weekday()]} {day.day} {day:%b}"
    if found is None:
        return [Content.assemble((head, BOLD), (" no frames", DIM))]
    of = f" of {count(found.counting)}" if found.counting != found.frames else ""
    frames = Content.assemble(
        (head, BOLD), f" {plural(found.frames, 'frame')} · {count(found.labelled)}{of} labelled"
    )
    failed = Content.styled(f" · ✗ {count(found.failed)} failed", BAD) if found.failed else Content("")
    prints = Content.assemble(plural(found.prints, "print"), failed) if found.prints else Content("")
    if not found.prints:
        return [frames]
    one = Content.assemble(frames, " · ", prints)
    return [one] if one.cell_length <= width else [frames, Content.assemble("  ", prints)]
