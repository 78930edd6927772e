"""The moment a picture says it was taken: DateTimeOriginal out of a JPEG's EXIF block, nothing else.

What always holds: at most the first 128 kB are looked at, every offset is checked against them, nothing is followed in
circles, and what is no plausible moment is None. Tags and layout: Exif 2.32, sections 4.5 and 4.6.
"""

from __future__ import annotations

import struct
from datetime import datetime

MOST = 128 << 10
_EXIF_IFD, _DATE_TIME_ORIGINAL = 0x8769, 0x9003
_MOST_ENTRIES = 512


def taken_at(head: bytes) -> datetime | None:
    """Return DateTimeOriginal of a JPEG whose first bytes these are, local time; None where it says none."""
    tiff = _tiff_block(head[:MOST])
    if len(tiff) < 8 or tiff[:2] not in (b"II", b"MM"):
        return None
    order = "<" if tiff[:2] == b"II" else ">"
    (first,) = struct.unpack_from(f"{order}I", tiff, 4)
    below = _entry(tiff, order, first, _EXIF_IFD)
    if below is None:
        return None
    (at,) = struct.unpack_from(f"{order}I", below, 8)
    entry = _entry(tiff, order, at, _DATE_TIME_ORIGINAL)
    if entry is None:
        return None
    kind, count, place = struct.unpack_from(f"{order}HII", entry, 2)
    return _moment(tiff[place : place + count]) if kind == 2 and 19 <= count <= 20 else None


def _tiff_block(head: bytes) -> bytes:
    """Return what follows 'Exif' in a JPEG's APP1 segment, b'' where there is none before the picture itself."""
    at = 2
    while head[:2] == b"\xff\xd8" and at + 10 <= len(head) and head[at] == 0xFF:
        (length,) = struct.unpack_from(">H", head, at + 2)
        if head[at + 1] == 0xE1 and head[at + 4 : at + 10] == b"Exif\0\0":
            return head[at + 10 : at + 2 + length]
        if head[at + 1] == 0xDA or length < 2:
            break
        at += 2 + length
    return b""


def _entry(tiff: bytes, order: str, at: int, tag: int) -> bytes | None:
    """Return the twelve bytes of a tag in the directory at `at`."""
    if at + 2 > len(tiff):
        return None
    (entries,) = struct.unpack_from(f"{order}H", tiff, at)
    for number in range(min(entries, _MOST_ENTRIES)):
        entry = tiff[at + 2 + 12 * number : at + 14 + 12 * number]
        if len(entry) < 12:
            return None
        if struct.unpack_from(f"{order}H", entry)[0] == tag:
            return entry
    return None


def _moment(text: bytes) -> datetime | None:
    if len(text.rstrip(b"\0")) != 19:
        return None
    try:
        found = datetime.strptime(text[:19].decode("ascii"), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    return found if found.year >= 1990 else None  # a clock that was never set says 1970 or 1980
