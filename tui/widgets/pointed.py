"""What a pane says when a person points at a frame with the mouse; every place has a key as well."""

from __future__ import annotations

from datetime import datetime

from textual.message import Message


class Pointed(Message):
    """A frame was pointed at: by its place among those that are shown, or by a moment of its day."""

    def __init__(self, place: int | None = None, moment: datetime | None = None) -> None:
        super().__init__()
        self.place, self.moment = place, moment
