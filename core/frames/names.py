"""What a frame's key says: its source, its day, the moment it was taken; and how a person writes a day.

A key is `<source>/<YYYYMMDD>/<YYYYMMDDTHHMMSS>.jpg`, POSIX, relative to the workspace. Moments are naive local time,
as the camera wrote them. Nothing here looks at the disk.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Protocol

from core.errors import Damaged, WrongUsage
from core.text import safe

#: Endings of what counts as a picture, in either case of letters.
SUFFIXES = (".jpg", ".jpeg", ".png")

_STEM = re.compile(r"[0-9]{8}T[0-9]{6}(?![0-9])")
# The usual key, seen at one glance; what looks otherwise is looked at part by part.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+/[0-9]{8}/[A-Za-z0-9_-]+\.[A-Za-z0-9]+")
_PLAIN_LINES = re.compile(rf"(?:{_PLAIN.pattern}\n)*+")
_DAY = re.compile(r"[0-9]{8}")
_WRITTEN = re.compile(r"([0-9]{1,2})\.?\s+([a-z]{3,9})\.?(?:\s+([0-9]{4}))?")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


#: What told the moment of a frame.
NAME, EXIF, FILE = "name", "exif", "file"


class Teller(Protocol):
    """Who knows the moment of a frame by its key, and what told it (frames/moments)."""

    def at(self, key: str) -> datetime | None: ...

    def rule(self, key: str) -> str: ...


#: By source, for those whose frames have names of another form than the usual one.
_tellers: dict[str, Teller] = {}


def tell_by(tellers: Mapping[str, Teller]) -> None:
    """Ask these, by source, for the moments of frames; replaces what was set before."""
    global _tellers
    _tellers = dict(tellers)  # at one go: other threads are asking


def captured_at(key: str) -> datetime | None:
    """Return when a frame was taken, from its name alone; None where the name tells no moment.

    What follows the fourteen digits does not matter: `20251107T005601_1.jpg` is a second picture of that second. Of a
    source whose frames have names of another form its teller is asked.
    """
    if _tellers and (teller := _tellers.get(key[: key.find("/")])) is not None:
        return teller.at(key)
    name = key[key.rfind("/") + 1 :]
    if _STEM.match(name) is None:
        return None
    try:
        return datetime.fromisoformat(name[:15])
    except ValueError:
        return None


def usual_moment(name: str) -> datetime | None:
    """Return the moment of a name as cameras write it, several times as fast as one that may be anything."""
    if len(name) != 19 or name[8] != "T" or not (name[:8] + name[9:15]).isdecimal():
        return None
    try:
        return datetime.fromisoformat(name[:15])
    except ValueError:
        return None


def stem(key: str) -> str:
    """Return a key's base name without its ending."""
    name = key[key.rfind("/") + 1 :]
    dot = name.rfind(".")
    return name if dot <= 0 else name[:dot]


def recording_id(source: str, first: str) -> str:
    """Return the id of the recording that begins with a frame: source and stem; of a told frame its whole path."""
    return f"{first.rpartition('/')[0] if source in _tellers else source}/{stem(first)}"


def place_name(key: str) -> str:
    """Return where a frame lies in one word for a file name: its source, of a told one with the folders below it."""
    source = source_of(key)
    return (key.rpartition("/")[0] if source in _tellers else source).replace("/", "-")


def rule_of(key: str) -> str:
    """Return what tells the moment of a frame: NAME, EXIF or FILE, the date of the file."""
    teller = _tellers.get(key[: key.find("/")]) if _tellers else None
    return teller.rule(key) if teller is not None else NAME


def is_told(source: str) -> bool:
    """True for a source whose frames have names of another form than the usual one."""
    return source in _tellers


def is_day(text: str) -> bool:
    """True for the eight digits of a real day."""
    if not _DAY.fullmatch(text):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def source_of(key: str) -> str:
    """Return the source a key belongs to: what stands before its day folder, or the first part of a told one."""
    if _tellers and (first := key[: key.find("/")]) in _tellers:
        return first
    return _source_of_folder(key.rpartition("/")[0])


@lru_cache(maxsize=4096)
def _source_of_folder(folder: str) -> str:
    above, _, name = folder.rpartition("/")
    return above if above and is_day(name) else folder


def day_of(key: str) -> str | None:
    """Return the day of a key as eight digits: its folder's, else its name's; None where neither tells."""
    parts = key.split("/")
    if len(parts) > 1 and is_day(parts[-2]):
        return parts[-2]
    taken = captured_at(key)
    return taken.strftime("%Y%m%d") if taken else None


def why_unusable(key: str) -> str | None:
    """Return why a text can't be a frame's key, in a few words; None for a usable one."""
    if _PLAIN.fullmatch(key):
        return None
    parts = key.split("/")
    if not key or "\0" in key:
        return "is empty" if not key else "holds a NUL"
    if key.startswith("/"):
        return "is an absolute path"
    if any(part in ("", ".", "..") for part in parts):
        return "leaves its folder" if ".." in parts else "has an empty part"
    if len(parts) < 2:
        return "names no source"
    try:
        key.encode()
    except UnicodeEncodeError:
        return "is no valid text"
    return None


def check_key(key: str) -> str:
    """Return the key if it is usable. Raises Damaged, which shows it escaped."""
    why = why_unusable(key)
    if why:
        raise Damaged(
            f"The frame key “{safe(key, limit=120)}” {why}.",
            "Keys are paths below a source, relative to the workspace.",
        )
    return key


def check_keys(keys: Iterable[str]) -> tuple[str, ...]:
    """Return the keys if all are usable, usual ones seen all at one glance. Raises Damaged for the first that is not."""
    every = tuple(keys)
    text = "\n".join((*every, ""))
    # As many lines as keys: none hides a second one behind a line's end.
    if text.count("\n") == len(every) and _PLAIN_LINES.fullmatch(text):
        return every
    return tuple(map(check_key, every))


def parse_day(text: str, today: date, there: Collection[str] = ()) -> str:
    """Return a day that a person wrote as eight digits.

    Takes `20251111`, `2025-11-11`, `11 Nov`, `11 November 2025` (a month by its name or the first three letters), `today`, `yesterday` and `-2` (two days ago); without
    a year it is the latest such day that is not after `today`, of those `there` are (eight digits each) where one is
    among them. Raises WrongUsage.
    """
    found = _parse_day(text, today)
    if not there or found in there or not said_without_year(text):
        return found
    earlier, oldest = found, min(there)
    while earlier not in there and earlier[:4] > oldest[:4]:
        earlier = _parse_day(text, date(int(earlier[:4]) - 1, 12, 31))
    return earlier if earlier in there else found


def said_without_year(text: str) -> bool:
    """True for a day like `11 Nov`, which there is in every year."""
    match = _WRITTEN.fullmatch(text.strip().lower())
    return match is not None and not match[3]


def _parse_day(text: str, today: date) -> str:
    word = text.strip().lower()
    found: date | None = None
    if word in ("today", "yesterday"):
        found = today - timedelta(days=word == "yesterday")
    elif re.fullmatch(r"-[0-9]{1,5}", word):
        found = today - timedelta(days=int(word[1:]))
    elif is_day(word.replace("-", "")) and re.fullmatch(r"[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}", word):
        return word.replace("-", "")
    elif match := _WRITTEN.fullmatch(word):
        found = _written_day(int(match[1]), match[2], match[3], today)
    if found is None:
        raise WrongUsage(
            f"“{safe(text, limit=60)}” is no day.",
            "Write 20251111, 2025-11-11, 11 Nov, today, yesterday or -2.",
        )
    return f"{found.year:04}{found.month:02}{found.day:02}"


def _written_day(day: int, month: str, year: str | None, today: date) -> date | None:
    number = next((n for n, name in enumerate(_MONTHS, 1) if month in (name, name[:3])), None)
    if number is None:
        return None
    # A day without a year may be 29 February: the latest leap year is at most eight years back.
    for candidate in [int(year)] if year else range(today.year, today.year - 9, -1):
        try:
            found = date(candidate, number, day)
        except ValueError:
            continue
        if year or found <= today:
            return found
    return None


def parse_clock(text: str) -> time:
    """Return a time of day written as `HH:MM` or `HH:MM:SS`; `24:00` is the last moment. Raises WrongUsage."""
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?", text.strip())
    if match:
        hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
        if (hour, minute, second) == (24, 0, 0):
            return time.max
        if hour < 24 and minute < 60 and second < 60:
            return time(hour, minute, second)
    raise WrongUsage(f"“{safe(text, limit=60)}” is no time of day.", "Write it like 08:54.")


def span(day: str, begin: str | None, end: str | None) -> tuple[datetime, datetime]:
    """Return first and last moment of a stretch of a day, both included; an end before its begin is the next day's.

    A minute without seconds is meant whole at the end: `--to 09:25` includes 09:25:59.
    """
    first = parse_clock(begin) if begin else time.min
    last = parse_clock(end) if end else time.max
    if end and last != time.max and end.count(":") == 1:
        last = last.replace(second=59, microsecond=999999)
    on = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    until = on + timedelta(days=1) if last < first else on
    return datetime.combine(on, first), datetime.combine(until, last)
