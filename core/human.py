"""Sizes, counts, durations and ages in a person's words; the only module that knows humanize."""

from __future__ import annotations

from datetime import UTC, datetime


def size(number: float) -> str:
    """Return bytes in decimal units: 5_400_000 → '5.4 MB', 282_000 → '282 kB'."""
    import humanize

    text = humanize.naturalsize(number, format="%.0f" if 1000 <= abs(number) < 1_000_000 else "%.1f")
    return text.replace(".0 ", " ").replace("Byte", "byte")


def signed_size(number: float) -> str:
    """Return bytes with their direction: '+5.4 MB', '−1.2 MB', '±0'."""
    if not number:
        return "±0"
    return ("+" if number > 0 else "−") + size(abs(number))


def count(number: int) -> str:
    """Return a whole number with thin groups: 4822 → '4 822'."""
    return f"{number:,}".replace(",", " ")


def plural(number: int, noun: str, nouns: str = "") -> str:
    """Return '1 frame', '12 frames'; `nouns` where the plural is not noun + s."""
    return f"{count(number)} {noun if number == 1 else nouns or noun + 's'}"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units: 133 → '2 min 13 s'; below ten seconds with a tenth."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    units = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for name, length in units:
        amount, whole = divmod(whole, length)
        if amount or parts:
            parts.append(f"{amount} {name}" if amount else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part)


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Return how long ago a moment was: '3 days ago', 'just now'. Naive moments are local time."""
    import humanize

    if moment.tzinfo is None:
        moment = moment.astimezone()
    age = (now or datetime.now(UTC)) - moment
    return "just now" if age.total_seconds() < 5 else humanize.naturaltime(age)
