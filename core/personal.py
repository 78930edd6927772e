"""One person's own settings, apart from those a workspace shares: who labels, keys, theme, how pictures are drawn.

They lie in `~/.config/print-models/config.toml` (below XDG_CONFIG_HOME where that is set); every key is optional, and
without the file all are as built in. What always holds: reading writes nothing, and an unknown key is an error that
names its dotted path. Called for `--who`, by the app when it starts, and by `doctor`.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from core.durable import atomic_write, explain
from core.errors import Damaged, Lacking, PrintModelsError, WrongUsage
from core.process import run
from core.terminals import GRAPHICS
from core.text import safe

FORMAT = 1
_REMEDY = "Correct or remove it; docs/formats.md lists the personal settings."


class Personal(Struct, frozen=True):
    """What the file says; '' and no keys where it is silent. `keys` maps an action to the keys it shall have."""

    who: str = ""
    theme: str = ""
    graphics: str = ""
    suggestions: str = ""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def path() -> Path | None:
    """Return where the personal settings lie, there or not; None for a user without a home."""
    told = os.environ.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(told):
        return Path(told, "print-models", "config.toml")
    home = os.environ.get("HOME", "")
    return Path(home, ".config", "print-models", "config.toml") if os.path.isabs(home) else None


def read() -> Personal:
    """Return the personal settings. Raises Damaged (no TOML, not readable), WrongUsage naming the key at fault."""
    file = path()
    if file is None:
        return Personal()
    name = safe(file)
    try:
        table = tomllib.loads(file.read_bytes().decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return Personal()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Damaged(f"{name} can't be read: {reason}.", "Check who owns it: ls -l") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Damaged(f"{name} can't be read: {safe(str(error))}.", "Mend that line.") from error
    return _checked(table, name)


def keep(key: str, value: str) -> None:
    """Write one of the words into the file (who, theme, graphics); every other line stays as it is.

    Raises what `read` raises (a file that can't be read is not changed), Lacking, Refused (the file is a link).
    """
    read()
    file = path()
    if file is None:
        raise Lacking("There is no home to keep settings in.", "Set HOME or XDG_CONFIG_HOME.")
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, f"keeping {key} in {safe(file)}") from error
    top = next((at for at, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    own = [at for at, line in enumerate(lines[:top]) if re.match(rf"\s*{key}\s*=", line)]
    said = f"{key} = {json.dumps(value)}"
    lines[own[0] if own else 0 : own[0] + 1 if own else 0] = [said]
    atomic_write(file, ("\n".join(lines) + "\n").encode())


def _checked(table: Mapping[str, Any], name: str) -> Personal:
    known = {"format", *Personal.__struct_fields__}
    newer = isinstance(table.get("format"), int) and table["format"] > FORMAT
    for key in table:
        if key not in known and not newer:
            raise WrongUsage(f"{name}: unknown key {safe(key, limit=60)}.", _REMEDY)
    words = {key: _word(table.get(key, ""), key, name) for key in ("who", "theme", "graphics", "suggestions")}
    if words["graphics"] not in ("", *GRAPHICS):
        raise WrongUsage(
            f"{name}: graphics can't be “{words['graphics']}”.",
            f"Use {', '.join(GRAPHICS[:-1])} or {GRAPHICS[-1]}.",
        )
    if words["suggestions"] not in ("", "on", "off"):
        raise WrongUsage(f"{name}: suggestions can't be “{words['suggestions']}”.", "Use on or off.")
    keys = table.get("keys", {})
    if not isinstance(keys, dict):
        raise WrongUsage(f"{name}: keys is a table: action = key.", _REMEDY)
    return Personal(**words, keys={action: _keys(action, given, name) for action, given in keys.items()})


def _word(value: object, key: str, name: str) -> str:
    if not isinstance(value, str):
        raise WrongUsage(f"{name}: {key} has to be a text.", _REMEDY)
    return safe(value.strip(), limit=80)


def _keys(action: str, given: object, name: str) -> tuple[str, ...]:
    listed = [given] if isinstance(given, str) else given
    if isinstance(listed, list) and all(isinstance(key, str) for key in listed):
        return tuple(listed)
    raise WrongUsage(f"{name}: keys.{safe(action, limit=60)} has to be a key or a list of keys.", _REMEDY)


def who(root: Path, explicit: str | None = None) -> tuple[str, str]:
    """Return who labels and where that name is from; never the login name.

    `explicit`, else PRINT_MODELS_WHO, else the personal settings, else git's user.name as seen from `root`. Raises
    Lacking where nobody is named (or git, which would know, is missing), and what `read` raises.
    """
    file = path()
    for name, where in ((explicit, "--who"), (os.environ.get("PRINT_MODELS_WHO"), "PRINT_MODELS_WHO")):
        if name and name.strip():
            return safe(name.strip(), limit=80), where
    if named := read().who:
        return named, safe(file or "")
    example = f'who = "ana" in {safe(file)}' if file else "PRINT_MODELS_WHO=ana"
    try:
        name = run(["git", "config", "user.name"], cwd=root, timeout=10, check=False).text.strip()
    except PrintModelsError as error:
        raise Lacking(
            f"Nobody is named as the one who labels, and git can't be asked: {error.what}",
            f"Say who you are with --who ana, or once: {example}. {error.remedy}",
        ) from error
    if name:
        return safe(name, limit=80), "git's user.name"
    raise Lacking(
        "Nobody is named as the one who labels.",
        f'Say who you are once: {example}, or git config --global user.name "Ana"   (or give --who ana)',
    )
