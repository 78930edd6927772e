"""Decoded pictures kept at hand, the latest used first, and the facts of every picture that was seen."""

from __future__ import annotations

from collections import OrderedDict

from msgspec import Struct

from core.frames.regions import WHOLE, Region
from tui.messages import PictureFailed, PictureReady

_Place = tuple[str, tuple[int, int], Region]
_KEPT_BYTES = 24_000_000
_KEPT_FACTS = 20_000


class Facts(Struct, frozen=True):
    """What a picture's file said: pixels, bytes, its oid and mtime, and what is odd about it."""

    width: int
    height: int
    size: int
    oid: str
    mtime_ns: int
    note: str = ""


class Pictures:
    """A small store of pictures by frame and box."""

    def __init__(self) -> None:
        self._ready: OrderedDict[_Place, PictureReady] = OrderedDict()
        self._facts: OrderedDict[str, Facts] = OrderedDict()
        self._bytes = 0

    def put(self, result: PictureReady | PictureFailed) -> None:
        """Keep a picture and its facts; a failure is not kept, the file may be whole the next time."""
        if isinstance(result, PictureFailed):
            self.forget(result.key)
            return
        p = result.picture
        self._facts[result.key] = Facts(p.width, p.height, p.size, p.oid, p.mtime_ns, p.note)
        while len(self._facts) > _KEPT_FACTS:
            self._facts.popitem(last=False)
        place = (result.key, result.box, result.region)
        self._drop(place)
        self._ready[place] = result
        self._bytes += len(p.rgb)
        while self._bytes > _KEPT_BYTES and len(self._ready) > 1:
            self._drop(next(iter(self._ready)))

    def get(self, key: str, box: tuple[int, int], region: Region = WHOLE) -> PictureReady | None:
        """Return a picture, or a part, that is at hand."""
        found = self._ready.get((key, box, region))
        if found is not None:
            self._ready.move_to_end((key, box, region))
        return found

    def facts(self, key: str) -> Facts | None:
        """Return what is known of a frame's file."""
        return self._facts.get(key)

    def bytes_of(self, key: str) -> tuple[int, int, str | None] | None:
        """Return size, mtime and oid of the bytes that were shown: a label is bound to them."""
        seen = self._facts.get(key)
        return (seen.size, seen.mtime_ns, seen.oid) if seen else None

    def forget(self, key: str) -> None:
        """Drop everything about a frame."""
        self._facts.pop(key, None)
        for place in [place for place in self._ready if place[0] == key]:
            self._drop(place)

    def _drop(self, place: _Place) -> None:
        old = self._ready.pop(place, None)
        if old is not None:
            self._bytes -= len(old.picture.rgb)
