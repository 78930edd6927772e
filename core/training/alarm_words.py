"""An alarm rule's results as a person would tell them: what it would have caught, how soon, how often in vain.

What always holds: pure; a number that few prints stand behind is never said without saying so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.human import count, plural

_NUMBERS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
#: Below so many failed prints it is said that they are few.
_ENOUGH = 20
_SPARSE_MIN = 3


def say(found: Mapping[str, Any]) -> list[str]:
    """Return what `alarms.watch` found in sentences, the most important first."""
    failed, caught = found["failed_prints"], found["caught"]
    if not failed:
        return [f"No failed print is among them: nobody knows what it would catch; {_false(found)}."]
    some = caught if caught else "none"
    said = [f"Would have caught {some} of {plural(failed, 'failed print')}{_soon(found)}; {_false(found)}."]
    chance = found.get("caught_by_chance") or 0.0
    if caught and chance >= max(0.5, caught / 4):
        upon = "such a print too" if failed == 1 else f"about {round(chance)} of the {failed}"
        said.append(f"That many false alarms would fall upon {upon} by chance alone.")
    if failed < _ENOUGH:
        prints = _NUMBERS[failed].capitalize() if failed < len(_NUMBERS) else str(failed)
        few = f"{prints} {'print is' if failed == 1 else 'prints are'} too few to be sure"
        low, high = found["caught_low"], found["caught_high"]
        said.append(f"{few} (between {low} and {high}).")
    else:
        said.append(
            f"Of {failed} such prints it would catch between {found['caught_low']} and {found['caught_high']}."
        )
    if found["step_minutes"] > _SPARSE_MIN:
        said.append(
            f"The frames it was judged on are {found['step_minutes']:.0f} min apart: a camera that takes more is told sooner."
        )
    return said


def rule(found: Mapping[str, Any]) -> str:
    """Return the rule: 'an alarm is on while 2 of the last 3 frames are called failed'."""
    need, of = found["rule"]["need"], found["rule"]["of"]
    return f"an alarm is on while {need} of the last {of} frames are called {found['class']}"


def _soon(found: Mapping[str, Any]) -> str:
    if not found["caught"]:
        return ""
    seen = found["minutes"]
    if seen is not None:
        return f", {_minutes(seen)} after the onset" if seen else ", at the onset"
    first = found["minutes_from_first_frame"]
    whose = "its" if found["caught"] == 1 else "their"
    when = f"{_minutes(first)} after {whose} first frame" if first else f"at {whose} first frame"
    return f", {when} (the onset itself is on no frame)"


def _minutes(number: float) -> str:
    if number >= 120:
        return f"{number / 60:.0f} h"
    return f"{number:.0f} min" if number >= 1 else f"{60 * number:.0f} s"


def _false(found: Mapping[str, Any]) -> str:
    """Return 'about 1 false alarm in 30 print hours', or how many an hour, or in how little time."""
    number, hours = found["false_alarms"], found["print_hours"]
    if not hours:
        return "no hour without a failure was watched"
    if not number:
        return f"no false alarm in {_hours(hours)}"
    if hours < 1:
        return f"{plural(number, 'false alarm')} in {_hours(hours)}"
    each = hours / number
    if each >= 1:
        return f"about 1 false alarm in {_hours(each)}"
    return f"about {plural(round(1 / each), 'false alarm')} per print hour"


def _hours(hours: float) -> str:
    if hours < 1:
        return f"{60 * hours:.0f} print minutes"
    if hours < 1.5:
        return "1 print hour"
    return f"{count(round(hours))} print hours"
