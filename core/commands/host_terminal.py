"""What the terminal is and shows, for `doctor`: size, colours, letters, and how pictures are drawn in it and why.

It is asked as the app asks it, and the answers are waited for: none is left for the shell.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from core import asking, personal, terminals
from core.commands.finding import Finding
from core.terminals import ASCII, HALFCELL, NONE, SIXEL, TGP, Seen
from core.text import safe

_FEW, _ALL = "8 colours", "16 million colours"
_DRAWN = {
    TGP: "tgp, pixels by kitty's protocol",
    SIXEL: "sixel, pixels",
    HALFCELL: "halfcell, two colours a cell",
    ASCII: "ascii, letters",
    NONE: "none",
}


@cache
def _answered(root: Path) -> Seen | None:
    """Ask the terminal, once in a run; None without one, or where it says nothing."""
    where = terminals.here()
    streams = (sys.__stdin__, sys.__stderr__)
    if not all(stream is not None and stream.isatty() for stream in streams):
        return None
    if where.tmux:
        return terminals.told_by_tmux(root)
    return asking.ask(0, 2, graphics=not where.between) if where.asks else None


def graphics(root: Path) -> Iterator[Finding]:
    """Tell how pictures are drawn here and why; without a terminal, what could be."""
    seen = _answered(root)
    if not all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__)):
        yield Finding("graphics", "pass", "no terminal to ask; --graphics says how the app draws pictures")
        return
    where = terminals.here()
    way = terminals.chosen(where, seen, personal.read().graphics)
    said = [f"{_DRAWN[way.graphics]}: {way.why}"]
    if seen is not None and seen.seconds:
        cell = f", a cell has {seen.cell[0]}x{seen.cell[1]} pixels" if all(seen.cell) else ""
        said.append(f"it answered in {seen.seconds * 1000:.0f} ms{cell}")
    elif where.asks and not where.tmux:
        said.append(f"it answered nothing in {asking.PATIENCE_S:.0f} s")
    if way.graphics in (TGP, SIXEL):
        said.append("small pictures, the link is far" if terminals.far(where, seen) else "whole pictures")
    yield Finding("graphics", "pass", "; ".join(said))


def terminal(root: Path) -> Iterator[Finding]:
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
    seen = _answered(root)
    colours = (
        _ALL if seen is not None and seen.truecolour and "NO_COLOR" not in os.environ else _colours(term)
    )
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
            ", ".join(said) + "; it does not say that it has more: pictures are drawn in four greys.",
            "If it can show more, as nearly all can: export COLORTERM=truecolor   (ssh does not pass it on)",
        )
    else:
        yield Finding("terminal", "pass", ", ".join(said))


def _colours(term: str) -> str:
    if os.environ.get("NO_COLOR"):
        return "no colours (NO_COLOR)"
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return _ALL
    return "256 colours" if "256color" in term else _FEW


def _locale() -> str:
    told = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    return next(filter(None, told), "").upper()
