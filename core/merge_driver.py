"""git's merge of label files and marks per frame: the rule in .gitattributes, and the program it names.

What always holds: the rule is shared and committed, the program is this Python's absolute path and so belongs to one
clone; without it git merges line by line, which is why a clone that lacks it is told. Called by `init`, status, doctor,
and by sync.
"""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import PrintModelsError
from core.process import run
from core.text import safe

NAME = "print-models-labels"
_KEY = f"merge.{NAME}.driver"
RULES = tuple(f"{pattern} merge={NAME}" for pattern in ("data/*labels.json", "data/marks.json"))


def _program() -> str:
    # -P: what lies in the folder that git merges in must not be taken for this program.
    python = shlex.quote(sys.executable).replace("%", "%%")
    return f"{python} -P -m core merge-labels %O %A %B"


def install(root: Path) -> bool:
    """Let git merge label files of this clone with this program; return whether that changed anything."""
    if _configured(root) == _program():
        return False
    run(["git", "config", "--local", f"merge.{NAME}.name", "labels and marks, per frame"], cwd=root)
    run(["git", "config", "--local", _KEY, _program()], cwd=root)
    return True


def missing(root: Path) -> str:
    """Return what is wrong where a repository asks for this merge and the clone can't do it, else ''."""
    try:
        asked = NAME in (root / ".gitattributes").read_text("utf-8", "replace")
        driver = _configured(root) if asked else ""
    except (OSError, PrintModelsError):
        return ""
    if not asked:
        return ""
    if not driver:
        return "This clone merges label files line by line: git's merge driver is not set up here."
    try:
        python = shlex.split(driver.replace("%%", "%"))[0]
    except (ValueError, IndexError):
        python = ""
    if not Path(python).is_file():
        return f"git's merge driver for label files names {safe(python, limit=120)}, which is not there."
    return ""


@contextmanager
def used(root: Path, paths: Sequence[str]) -> Iterator[dict[str, str]]:
    """Give the configuration with which one merge takes these paths per frame, whatever this clone was told before.

    History is put together line by line. The rules of a repository that lacks them lie in a file that ends with it.
    """
    config = {_KEY: _program()}
    asked = run(["git", "check-attr", "merge", "--", *paths], cwd=root).text.splitlines()
    if all(line.endswith(f": {NAME}") for line in asked):
        yield config
        return
    with tempfile.NamedTemporaryFile("w", suffix=".attributes") as rules:
        rules.write("".join(f"{json.dumps('/' + path)} merge={NAME}\n" for path in paths))
        rules.write("/data/history/*.jsonl merge=union\n")
        rules.flush()
        yield {**config, "core.attributesFile": rules.name}


def _configured(root: Path) -> str:
    return run(["git", "config", "--local", _KEY], cwd=root, check=False).text.strip()
