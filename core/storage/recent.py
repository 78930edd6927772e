"""What git said of a repository a moment ago, so that one command does not ask it the same five times.

What always holds: nothing is believed for longer than a few seconds, nor once a file that git reads for it, or the
environment, is another than it was then; what lies in a folder with its own way to git (a worktree, a submodule, a
bare repository) is asked each time. Called by the reading of a repository.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: A file that is included by the configuration, or lies where only git knows, may change without being noticed: not for long.
_SECONDS = 5.0

_Stamp = tuple[object, ...]


@dataclass(slots=True)
class _Said:
    stamp: _Stamp
    at: float
    config: dict[str, str] | None = None
    paths: dict[str, Path] = field(default_factory=dict)


_said: dict[Path, _Said] = {}


def config(root: Path) -> dict[str, str] | None:
    """Return the configuration of the repository at `root` as it was told, None where it has to be asked."""
    found = _fresh(root)
    return dict(found.config) if found is not None and found.config is not None else None


def path(root: Path, name: str) -> Path | None:
    """Return where a file of git's own lies (`index`), or its `--git-common-dir`; None where it has to be asked."""
    found = _fresh(root)
    return found.paths.get(name) if found is not None else None


def stamp(root: Path) -> _Stamp | None:
    """Return what tells that git would say the same again; to be taken before git is asked. None: it can't be told."""
    places = [root / ".git" / "config", root / ".git" / "config.worktree", Path("/etc/gitconfig")]
    home, given = os.environ.get("HOME", ""), os.environ.get("GIT_CONFIG_GLOBAL")
    aside = os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    places += [Path(given)] if given else [Path(home, ".gitconfig"), Path(aside, "git", "config")]
    words = tuple(sorted(pair for pair in os.environ.items() if pair[0].startswith("GIT_")))
    found = tuple(map(_stat, places))
    return (words, home, aside, *found) if found[0] is not None else None


def keep(
    root: Path,
    at: _Stamp | None,
    *,
    config: Mapping[str, str] | None = None,
    paths: Mapping[str, Path] | None = None,
) -> None:
    """Remember what git said, `at` the stamp that was taken before it was asked."""
    if at is None:
        _said.pop(root, None)
        return
    known = _said.get(root)
    if known is None or known.stamp != at:
        known = _said[root] = _Said(at, time.monotonic())
    if config is not None:
        known.config, known.at = dict(config), time.monotonic()
    known.paths.update(paths or {})


def _fresh(root: Path) -> _Said | None:
    known = _said.get(root)
    if known is None or time.monotonic() - known.at > _SECONDS or known.stamp != stamp(root):
        return None
    return known


def _stat(place: Path) -> tuple[int, ...] | None:
    try:
        found = os.stat(place)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev
