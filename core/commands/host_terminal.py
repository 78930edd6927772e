"""What the terminal tells of itself, for `doctor`: size, colours, letters. Nothing is asked of it, so nothing answers late."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from core.commands.finding import Finding
from core.text import safe

_FEW = "8 colours"


def terminal() -> Iterator[Finding]:
    """Tell what there is to draw in; without a terminal only commands work."""
    term = os.environ.get("TERM", "")
    streams = (sys.__stdin__, sys.__stderr__)
    if not all(stream is not None and stream.isatty() for stream in streams):
        yield Finding("terminal", "pass", "none here, so commands only; the app needs one")
        return
    if term in ("", "dumb"):
        yield Finding(
            "terminal",
            "warn",
            f"TERM is “{term}”: the app can't be drawn; commands work.",
            "Use a terminal that can move its cursor, or set TERM to what yours is.",
        )
        return
    columns, lines = os.get_terminal_size(2)
    known = columns > 0 and lines > 0  # some consoles do not tell their size
    colours = _colours(term)
    said = [f"{columns}x{lines}" if known else "of unknown size", safe(term, limit=40), colours]
    said += [
        word
        for variable, word in (("TMUX", "in tmux"), ("SSH_CONNECTION", "over SSH"))
        if variable in os.environ
    ]
    if "UTF" not in _locale():
        yield Finding(
            "terminal", "warn", ", ".join(said) + "; the locale is not UTF-8.", "Set one: export LANG=C.UTF-8"
        )
    elif known and (columns < 40 or lines < 16):
        yield Finding("terminal", "warn", ", ".join(said), "Make it 40x16 at least; 80x24 shows all.")
    elif colours == _FEW:
        yield Finding(
            "terminal",
            "warn",
            ", ".join(said) + ": pictures are drawn in four greys.",
            "If it can show more, as nearly all can: export COLORTERM=truecolor   (ssh does not pass it on)",
        )
    else:
        yield Finding("terminal", "pass", ", ".join(said))


def _colours(term: str) -> str:
    if os.environ.get("NO_COLOR"):
        return "no colours (NO_COLOR)"
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256color" in term else _FEW


def _locale() -> str:
    told = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    return next(filter(None, told), "").upper()
