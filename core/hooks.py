"""Programs of a person's own that are started when something happened: `[hooks]` of print-models.toml.

What always holds: a hook comes with the workspace, so a clone starts it only after its person allowed it in the clone's
own git configuration, which no clone brings along; it has no terminal, ten seconds, and the event as JSON on its
standard input; whatever becomes of it is told and never in the way. Called where a training ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from core.errors import PrintModelsError
from core.process import run
from core.text import safe, safe_lines

ALLOW = "git config print-models.hooks true"
_LIMIT_S = 10.0


def allowed(root: Path) -> bool:
    """True where this clone's person said that hooks may run here."""
    try:
        asked = ["git", "config", "--local", "--type=bool", "--get", "print-models.hooks"]
        return run(asked, cwd=root, timeout=10, check=False).text.strip() == "true"
    except PrintModelsError:
        return False


def call(root: Path, argv: Sequence[str], event: Mapping[str, Any]) -> str:
    """Start a hook with an event and return in a sentence what became of it, '' where there is none."""
    if not argv:
        return ""
    name = safe(argv[0], limit=80)
    if not allowed(root):
        return f"The hook {name} was not started: hooks of print-models.toml run here after: {ALLOW}"
    try:
        done = run(argv, cwd=root, stdin=msgspec.json.encode(event) + b"\n", timeout=_LIMIT_S, check=False)
    except PrintModelsError as error:
        return f"The hook {name} failed: {error.what}"
    except OSError as error:
        return f"The hook {name} can't be started: {safe(str(error.strerror))}."
    if done.code:
        said = safe_lines(done.err, limit=200).strip().split("\n")[-1]
        return f"The hook {name} failed with code {done.code}{': ' + said if said else '.'}"
    return f"The hook {name} was told."
