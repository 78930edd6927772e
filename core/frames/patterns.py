"""`name_pattern` of a source: which files are its frames, and what their names tell of the moment.

A pattern is the name of a program whose frames these are, or a path below the source with the fields of strptime:
`%Y-%m-%d/cam_%H-%M-%S.jpg`. `*` stands for anything within a name; without an ending every picture's is meant.
What always holds: a pattern tells the whole moment (to the minute at least) or nothing of it; a name that does not fit
is no frame, and counted. Only `sample` looks at the disk.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from core.errors import WrongUsage
from core.text import safe

_SAMPLE = 100
_ENDING = r"\.(?:jpe?g|png)"
_FIELDS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3, "H": 2, "M": 2, "S": 2, "f": 6}
#: Days and minutes in a whole moment, in the ways they can be written.
_WHOLE = ({"Y", "m", "d", "H", "M"}, {"y", "m", "d", "H", "M"}, {"Y", "j", "H", "M"})

_DATED = ("%Y%m%dT%H%M%S*", "*%Y%m%d_%H%M%S*", "*%Y-%m-%d_%H-%M-%S*")

#: The presets: expression for a path below the source, the fields in it as named groups; levels of folders.
_PRESETS = {
    # Motion's own picture_filename, %v-%Y%m%d%H%M%S-%q, with or without a folder per day.
    "motion": (
        r"(?:[^/]+/)?[0-9]+-(?P<Y>[0-9]{4})(?P<m>..)(?P<d>..)(?P<H>..)(?P<M>..)(?P<S>..)-[^/]*" + _ENDING,
        1,
    ),
    # OctoPrint and Octolapse number the frames of a print; what date is in the name is that of its start.
    "octoprint": (r"(?:[^/]+/)?[^/]*[0-9]+" + _ENDING, 1),
    "moonraker": (r"(?:[^/]+/)?frame[0-9]+" + _ENDING, 1),
}
#: What is tried on the names of a folder, in this order.
_GUESSES = (
    "motion",
    *(f"{folder}{name}" for name in _DATED for folder in ("", "*/")),
    "moonraker",
    "octoprint",
    "*",
    "*/*",
)
#: The usual form, YYYYMMDD/YYYYMMDDTHHMMSS.jpg, which needs no pattern.
USUAL = "thingino"


@dataclass(frozen=True, slots=True)
class NamePattern:
    """A pattern made ready: `levels` of folders above a frame; `dated` says whether names tell the moment."""

    text: str
    expression: re.Pattern[str]
    levels: int
    dated: bool

    def fits(self, path: str) -> bool:
        """True where a path below the source is a frame's."""
        found = self.expression.fullmatch(path)
        return found is not None and (not self.dated or _moment(found) is not None)

    def moment(self, path: str) -> datetime | None:
        """Return the moment that a path below the source tells, None where it tells none."""
        found = self.expression.fullmatch(path) if self.dated else None
        return _moment(found) if found else None


@lru_cache(maxsize=64)
def pattern(text: str, source: str) -> NamePattern | None:
    """Return the pattern of a source, None for the usual form. Raises WrongUsage naming the key."""
    if text in ("", USUAL):
        return None
    if text in _PRESETS:
        expression, levels = _PRESETS[text]
        found = re.compile(expression, re.IGNORECASE)
        return NamePattern(text, found, levels, bool(found.groupindex))
    expression, fields = _read(text, source)
    if fields and not any(whole <= fields for whole in _WHOLE):
        raise _wrong(source, text, "names no whole moment")
    has_ending = re.search(_ENDING + "$", text, re.IGNORECASE)
    found = re.compile(expression + ("" if has_ending else _ENDING), re.IGNORECASE)
    return NamePattern(text, found, text.count("/"), bool(fields))


def _read(text: str, source: str) -> tuple[str, set[str]]:
    parts, fields = [], set()
    if text.startswith("/") or any(part in ("", ".", "..") for part in text.split("/")):
        raise _wrong(source, text, "leaves the source")
    if "%" not in text and "*" not in text:
        raise _wrong(source, text, "fits one file only")
    for piece in re.findall(r"%.|[^%]|%$", text):
        if piece == "%%":
            parts.append("%")
        elif piece.startswith("%"):
            name = piece[1:]
            if name not in _FIELDS:
                raise _wrong(source, text, f"has the field {safe(piece)}, which is not known")
            width = "1,6" if name == "f" else str(_FIELDS[name])
            again = name in fields  # a date in the folder and again in the name
            parts.append(f"(?P={name})" if again else f"(?P<{name}>[0-9]{{{width}}})")
            fields.add(name)
        else:
            parts.append("[^/]*" if piece == "*" else re.escape(piece))
    return "".join(parts), fields


def _moment(found: re.Match[str]) -> datetime | None:
    groups = found.groupdict()
    if "j" in groups:
        form, text = "%Y %j", f"{groups['Y']} {groups['j']}"
    else:
        year = "Y" if "Y" in groups else "y"
        form, text = f"%{year} %m %d", f"{groups[year]} {groups['m']} {groups['d']}"
    clock = f"{groups['H']}{groups['M']}{groups.get('S') or '00'}"
    try:
        return datetime.strptime(f"{text} {clock}", f"{form} %H%M%S")
    except ValueError:
        return None


def _wrong(source: str, text: str, why: str) -> WrongUsage:
    known = ", ".join((USUAL, *_PRESETS))
    return WrongUsage(
        f"sources.{safe(source)}.name_pattern: “{safe(text, limit=80)}” {why}.",
        f"Use {known}, or a path like %Y-%m-%d/cam_%H-%M-%S.jpg with the fields {' '.join('%' + f for f in _FIELDS)}.",
    )


def sample(folder: Path) -> list[str]:
    """Return some paths of files below a folder, at most one folder deep."""
    found: list[str] = []
    for base, below, files in os.walk(folder):
        place = os.path.relpath(base, folder)
        found += [name if place == "." else f"{place}/{name}" for name in sorted(files)[:_SAMPLE]]
        below[:] = sorted(below)[-3:] if place == "." else []
    return found


def guess(names: list[str]) -> str:
    """Return the pattern that fits the most of some paths below a folder: '' for the usual form or without pictures.

    A name that tells the moment is preferred to one that does not; where nothing known fits, all pictures are frames.
    """
    counts = dict.fromkeys(_GUESSES, 0)
    usual = 0
    for path in names:
        if re.fullmatch(r"[0-9]{8}/[0-9]{8}T[0-9]{6}.*" + _ENDING, path, re.IGNORECASE):
            usual += 1
            continue
        for text in _GUESSES:
            made = pattern(text, "")
            if made is not None and made.fits(path):
                counts[text] += 1
                break
    best = max(_GUESSES, key=lambda text: counts[text])
    return best if counts[best] > usual else ""
