"""What the simulated printer lives through: the days of the demo, and the days of the note the project began with.

A script is sittings in order, one recording of the camera each. `DEMO` holds every combination that matters: idle
and printing, each by daylight, under the lamp and in infrared, so that neither brightness nor the clock tells the
class; two prints that fail, each in its way; and what a camera does to people: gaps, a clock that is set back, a
knock. Data only; `schedule` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time


@dataclass(frozen=True, slots=True)
class Sitting:
    """One recording: on which day of the script it starts and when, its light, and what happens in it.

    `spans` are (kind, share of the sitting); in an exact script (kind, number of frames). Kinds: empty, finished
    (a part waits), warm (a print begins: the bed heats, the head is still), print, spaghetti, detach (prints that
    fail so), first half, second half (of one print), mess (what a failed print left). `gap` minutes without a
    frame lie in its middle. From a sitting `clock_back` or `moved` on the camera's clock is an hour back, or the
    camera looks from where it was pushed to.
    """

    day: int
    start: time
    lamp: bool
    spans: tuple[tuple[str, float], ...]
    gap: int = 0
    clock_back: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Sittings, how many days they take, the day they start on, and the camera's hours ahead of UTC on it.

    `exact`: starts are met to the second, spans count frames, a frame comes every 60 seconds.
    """

    name: str
    start: date
    days: int
    utc_offset: int
    sittings: tuple[Sitting, ...]
    exact: bool = False
    fails_at: float | None = None

    @property
    def frames(self) -> int:
        """How many frames an exact script has."""
        return sum(int(share) for sitting in self.sittings for _, share in sitting.spans)


DEMO = Script(
    "demo",
    date(2025, 10, 24),  # two days before the clocks of Central Europe go back
    3,
    2,
    (
        Sitting(0, time(0, 40), False, (("empty", 1.0),)),
        Sitting(0, time(2, 30), True, (("warm", 0.1), ("print", 0.7), ("finished", 0.2))),
        Sitting(0, time(8, 50), False, (("finished", 1.0),)),
        Sitting(0, time(13, 0), False, (("warm", 0.1), ("print", 0.9)), gap=7),
        Sitting(0, time(19, 40), True, (("empty", 1.0),)),
        Sitting(1, time(1, 10), False, (("empty", 0.2), ("warm", 0.1), ("print", 0.7))),
        Sitting(1, time(8, 20), False, (("finished", 0.6), ("empty", 0.4)), gap=25),
        Sitting(1, time(11, 5), True, (("warm", 0.1), ("detach", 0.9))),
        Sitting(1, time(15, 45), False, (("mess", 1.0),)),
        Sitting(1, time(20, 15), True, (("spaghetti", 1.0),)),
        Sitting(1, time(23, 20), False, (("mess", 1.0),)),
        Sitting(2, time(2, 6), False, (("first half", 1.0),)),
        Sitting(2, time(2, 6, 31), False, (("second half", 1.0),), clock_back=True),
        Sitting(2, time(9, 0), False, (("finished", 0.5), ("empty", 0.5))),
        Sitting(2, time(11, 30), True, (("warm", 0.1), ("print", 0.9)), moved=True),
        Sitting(2, time(14, 30), True, (("empty", 1.0),)),
        Sitting(2, time(18, 30), False, (("print", 0.8), ("finished", 0.2))),
        Sitting(2, time(22, 50), True, (("finished", 0.5), ("empty", 0.5))),
    ),
)

#: Four days with three printing sequences, and a fifth for what came after the first version.
NOTE = Script(
    "note",
    date(2025, 11, 7),
    5,
    1,
    (
        Sitting(0, time(0, 27, 1), True, (("warm", 2), ("print", 70))),
        Sitting(0, time(3, 50, 1), False, (("finished", 15),)),
        Sitting(0, time(23, 15, 0), True, (("empty", 15),)),
        Sitting(1, time(3, 20, 2), False, (("empty", 15),)),
        Sitting(2, time(15, 15, 26), False, (("empty", 15),)),
        Sitting(2, time(20, 7, 32), True, (("warm", 2), ("spaghetti", 66))),
        Sitting(2, time(23, 35, 37), False, (("warm", 2), ("print", 60))),
        Sitting(3, time(11, 12, 54), False, (("finished", 15),)),
        Sitting(3, time(15, 34, 2), True, (("empty", 15),)),
        Sitting(4, time(8, 52, 47), False, (("warm", 2), ("print", 22))),
        Sitting(4, time(13, 45, 9), True, (("warm", 3), ("print", 5))),
    ),
    exact=True,
    fails_at=45 / 66,
)
