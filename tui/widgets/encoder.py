"""Encodes pictures in a thread, the one wanted first, neighbours when nothing else is wanted.

What always holds: the latest picture wins, one is encoded at a time, and of those encoded the last few are kept.
Used by the widgets that show pixels.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.widget import Widget

    from core.frames.decode import Picture
    from tui.widgets.pixels import Room

#: Pictures that wait to be encoded, and bytes of encoded ones kept at hand.
_AHEAD = 3
_READY_BYTES = 4_000_000
Encode = Callable[["Picture", "Room"], str]
Take = Callable[["Picture", "Room", str], None]


class Encoder:
    """Pictures as escape sequences, made for one widget; `take` is called with the one that is wanted."""

    def __init__(self, widget: Widget, encode: Encode, take: Take) -> None:
        self._widget, self._encode, self._take = widget, encode, take
        self._ready: OrderedDict[tuple[str, Room], str] = OrderedDict()
        self._bytes = 0
        self._ahead: deque[tuple[Picture, Room]] = deque(maxlen=_AHEAD)
        self._next: tuple[Picture, Room] | None = None
        self._busy = False

    def want(self, picture: Picture | None, room: Room) -> None:
        """Encode a picture for its room before all others, or none."""
        self._next = (picture, room) if picture is not None else None
        if picture is not None:
            self._begin()

    def prepare(self, picture: Picture, room: Room) -> None:
        """Encode a neighbour when nothing else is wanted: the step to it then waits for nothing."""
        self._ahead.append((picture, room))
        self._begin()

    def _begin(self) -> None:
        if not self._busy:
            self._busy = True
            self._widget.run_worker(self._work())

    async def _work(self) -> None:
        try:
            while self._next is not None or self._ahead:
                mine = self._next
                picture, room = mine if mine is not None else self._ahead.popleft()
                data = await self._encoded(picture, room)
                if mine is not None and self._next is mine:
                    self._next = None
                    self._take(picture, room, data)
        finally:
            self._busy = False

    async def _encoded(self, picture: Picture, room: Room) -> str:
        place = (picture.oid, room)
        found = self._ready.pop(place, "")
        if not found:
            found = await asyncio.to_thread(self._encode, picture, room)
            self._bytes += len(found)
        self._ready[place] = found
        while self._bytes > _READY_BYTES and len(self._ready) > 1:
            self._bytes -= len(self._ready.popitem(last=False)[1])
        return found
