"""Which way of drawing pictures a terminal gets: what it answered, what lies between, what a person forced.

The ladder is tgp (kitty's graphics protocol with placeholders), sixel, halfcell (two colours a cell), ascii (letters),
none. What always holds: deciding is pure, and without an answer pictures are half-blocks; a memory that can't be read
or written is no memory. Called by the app when it starts and when answers come, and by `doctor`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from core.durable import atomic_write
from core.errors import PrintModelsError
from core.process import run
from core.text import safe

TGP, SIXEL, HALFCELL, ASCII, NONE = "tgp", "sixel", "halfcell", "ascii", "none"
#: How pictures can be drawn, best first.
GRAPHICS = (TGP, SIXEL, HALFCELL, ASCII, NONE)
#: An answer that took longer, over a network, is a link that carries small pictures only.
_NEAR_S = 0.02
#: Terminals that draw placeholders, and from which version on; another one that says yes to graphics shows boxes.
_PLACEHOLDERS = {"kitty": (0, 28), "ghostty": (1, 0)}
_KEPT = 32
_FORMAT = 1
_MOST_PARENTS = 24
_ASK_TMUX = "#{client_termfeatures}|#{client_termtype}|#{allow-passthrough}"


class Here(Struct, frozen=True):
    """What the environment says of the terminal: the programs between (tmux, screen, mosh), letters, colours, link.

    `place` names this terminal and connection in the memory; `asks` is False where a question would be shown; `tmux`
    is a tmux of this machine, which knows the terminal behind it.
    """

    place: str
    between: str = ""
    utf8: bool = True
    colours: bool = True
    far: bool = False
    asks: bool = True
    tmux: bool = False


class Seen(Struct, frozen=True):
    """What the terminal answered. `cell` is (width, height) in pixels, (0, 0) unsaid; `seconds` until the answers."""

    name: str = ""
    sixel: bool = False
    tgp: bool = False
    truecolour: bool = False
    cell: tuple[int, int] = (0, 0)
    seconds: float = 0.0


class Way(Struct, frozen=True):
    """How pictures are drawn and why; `refused` says why it is not what a person asked for."""

    graphics: str
    why: str
    refused: str = ""


def here(environment: Mapping[str, str] | None = None) -> Here:
    """Return what the environment says; the programs above this one are looked at for mosh."""
    told = os.environ if environment is None else environment
    term = told.get("TERM", "")
    between = "tmux" if told.get("TMUX") or term.startswith("tmux") else ""
    between = between or ("screen" if told.get("STY") or term.startswith("screen") else "")
    between = between or ("mosh" if _above("mosh-server") else "")
    named = (told.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    locale = next(filter(None, named), "")
    client = told.get("SSH_CONNECTION", "").split(" ")[0]
    words = (term, told.get("TERM_PROGRAM", ""), told.get("TERM_PROGRAM_VERSION", ""), client, between)
    return Here(
        place=safe("|".join(words), limit=200),
        between=between,
        utf8=not locale or "utf" in locale.lower(),
        colours="NO_COLOR" not in told,
        far=bool(client) or between == "mosh",
        tmux=bool(told.get("TMUX")),
        asks=term not in ("", "dumb", "unknown", "linux"),
    )


def _above(name: str) -> bool:
    """Return whether a process of that name is among the ancestors of this one."""
    pid = os.getppid()
    for _ in range(_MOST_PARENTS):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        except OSError:  # the first process, or a system that has no such files
            return False
        comm, _, rest = stat.partition("(")[2].rpartition(")")
        if comm == name:
            return True
        pid = int(rest.split()[1])
    return False


def chosen(where: Here, seen: Seen | None, forced: str = "") -> Way:
    """Return how pictures are drawn: as forced where that can be, else the best that the terminal is known to show."""
    if forced:
        return _forced(where, seen, forced)
    if not where.utf8:
        return Way(ASCII, "the locale is not UTF-8")
    if not where.colours:
        return Way(ASCII, "NO_COLOR is set")
    if where.between:
        return Way(HALFCELL, f"{where.between} passes no pixels on")
    if seen is None:
        return Way(HALFCELL, "the terminal said nothing of pixels" if where.asks else "it is not asked")
    lies_between = next((one for one in ("tmux", "screen") if seen.name.lower().startswith(one)), "")
    if lies_between:
        return Way(HALFCELL, f"{lies_between} passes no pixels on")
    said = seen.name or "the terminal"
    if seen.tgp and _has_placeholders(seen.name):
        return Way(TGP, f"{said} says that it shows pixels by kitty's protocol")
    if seen.sixel:
        return Way(SIXEL, f"{said} says that it shows sixels")
    if seen.tgp:
        return Way(HALFCELL, f"{said} shows no placeholders (kitty does from 0.28 on)")
    return Way(HALFCELL, f"{said} says that it shows no pixels")


def _forced(where: Here, seen: Seen | None, forced: str) -> Way:
    between = where.between if forced in (SIXEL, TGP) else ""
    if between and not (between == "tmux" and forced == SIXEL and seen is not None and seen.sixel):
        words = f"{between} passes no pixels on, so pictures are half-blocks here, not {forced}."
        return Way(HALFCELL, f"{between} passes no pixels on", words)
    return Way(forced, "chosen by --graphics or the personal settings")


def _has_placeholders(name: str) -> bool:
    found = re.match(r"([a-z]+)\D*(\d+)\.(\d+)", name.lower())
    least = _PLACEHOLDERS.get(found[1]) if found else None
    return found is not None and least is not None and (int(found[2]), int(found[3])) >= least


def far(where: Here, seen: Seen | None) -> bool:
    """Return whether pictures have to be small: over a network whose answer took its time, or did not come."""
    return where.far and (seen is None or not 0 < seen.seconds <= _NEAR_S)


def told_by_tmux(root: Path) -> Seen | None:
    """Return what tmux knows of the terminal behind it, None where it can't be asked."""
    try:
        said = run(["tmux", "display-message", "-p", _ASK_TMUX], cwd=root, timeout=2).text.strip()
    except PrintModelsError:
        return None
    features, kind, _ = [*said.split("|"), "", ""][:3]
    known = features.split(",")
    return Seen(name=safe(kind, limit=60), sixel="sixel" in known, truecolour="RGB" in known)


# --- the memory -------------------------------------------------------------------------------------------------


def remembered(file: Path, place: str) -> Seen | None:
    """Return what this terminal answered at an earlier time, None where that is not known."""
    try:
        return _seen(_read(file)[place])
    except (KeyError, TypeError, ValueError):
        return None


def remember(file: Path, place: str, seen: Seen) -> None:
    """Keep an answer for the next start; where nothing can be written it is asked for again."""
    known = _read(file)
    known.pop(place, None)
    known[place] = {**structs.asdict(seen), "on": date.today().isoformat()}
    kept = dict(list(known.items())[-_KEPT:])
    try:
        atomic_write(file, json.dumps({"format": _FORMAT, "terminals": kept}, indent=1).encode())
    except (PrintModelsError, OSError):
        pass  # a full or read-only disk: the next start asks and waits as the first one did


def _read(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_bytes())
        found = document["terminals"] if document["format"] == _FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return dict(found) if isinstance(found, dict) else {}


def _seen(kept: Mapping[str, Any]) -> Seen:
    width, height = kept["cell"]
    return Seen(
        safe(str(kept["name"]), limit=60),
        kept["sixel"] is True,
        kept["tgp"] is True,
        kept["truecolour"] is True,
        (int(width), int(height)),
        float(kept["seconds"]),
    )
