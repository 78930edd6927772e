"""How a person looks at frames: how near the bars are, which part of the picture is shown; kept for the next opening.

What always holds: what was kept is believed only as far as it makes sense. Held by the state; tools change it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from core.frames.regions import WHOLE, Region
from tui.bars import DAY, ZOOMS

#: What is drawn of a frame: itself, what changed since the frame before, or the frame before in its place.
ITSELF, HEAT, BEFORE = "", "heat", "before"
#: The part shown at first: the middle, twice as large.
_MIDDLE = Region(0.25, 0.25, 0.5)
_MOST_SOURCES = 100


class Look(Struct, frozen=True):
    """One way of drawing a frame: `lens` is ITSELF, HEAT or BEFORE, `region` the part that is shown."""

    lens: str = ITSELF
    region: Region = WHOLE


PLAIN = Look()


class Looks(Struct):
    """`bar` is one of bars.ZOOMS; `regions` is the part last looked at of each source, shown while `zoomed`."""

    bar: str = DAY
    zoomed: bool = False
    regions: dict[str, Region] = field(default_factory=dict)

    def region(self, source: str) -> Region:
        """The part of a source's pictures that is shown."""
        return self.remembered(source) if self.zoomed else WHOLE

    def remembered(self, source: str) -> Region:
        """The part of a source's pictures that was looked at last."""
        return self.regions.get(source, _MIDDLE)

    def kept(self) -> dict[str, Any]:
        """Return what is to be kept, as JSON takes it."""
        return {
            "bar": self.bar,
            "zoomed": self.zoomed,
            "regions": {k: list(v) for k, v in self.regions.items()},
        }

    def take(self, found: object) -> None:
        """Take what was kept, as far as it makes sense."""
        if not isinstance(found, Mapping):
            return
        if found.get("bar") in ZOOMS:
            self.bar = str(found["bar"])
        self.zoomed = found.get("zoomed") is True
        regions = found.get("regions")
        for source, numbers in list(regions.items())[:_MOST_SOURCES] if isinstance(regions, Mapping) else ():
            region = Region.of(numbers)
            if isinstance(source, str) and region is not None:
                self.regions[source] = region
