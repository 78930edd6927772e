"""Outside text made safe to show.

File names, git's words, notes, EXIF and server messages may hold anything. What passes through `safe` has no control
character, no C1 byte and no character that turns the writing direction, so it cannot talk to the terminal.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePath

# Cc control, Cf format (bidi marks, zero width), Cs lone surrogate, Co private use, Cn unassigned, Zl/Zp separators.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no valid text, carried by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def safe(text: str | bytes | PurePath, *, limit: int = 500) -> str:
    """Return `text` as one printable line of at most `limit` characters; what is unsafe appears escaped."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    elif isinstance(text, PurePath):
        text = os.fspath(text)
    if text.isascii() and text.isprintable():
        out = text
    else:
        out = "".join(_escaped(c) if unicodedata.category(c) in _UNSAFE else c for c in text)
    return out if len(out) <= limit else out[: limit - 1] + "…"


def address(url: str) -> str:
    """Return a remote's address as it may be shown: without a password, or a token that stands in for the name."""
    hidden = re.sub(r"(://[^/@:]*):[^/]*@", r"\1:…@", url)
    return safe(re.sub(r"^(https?://)[^/@:]+@", r"\1…@", hidden), limit=160)


def safe_lines(text: str | bytes, *, limit: int = 40) -> str:
    """Return several lines of outside text, each made safe, at most the last `limit` of them."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    lines = [safe(line.rstrip("\r")) for line in text.rstrip("\r\n").split("\n")[-limit:]]
    return "\n".join(lines).strip("\n")


def printable(text: str) -> str:
    """Return text of several lines as it may be printed whole: a last wall, for what was not made safe before."""
    return "\n".join(safe(line, limit=100_000) for line in text.split("\n"))
