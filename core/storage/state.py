"""What a release or a status line has to know of a repository, and how it is told from git's folder and configuration.

What always holds: nothing here starts git or changes anything. Called by the reading of a repository.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_OPERATIONS = {
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}


@dataclass(frozen=True, slots=True)
class RepoState:
    """A repository at one moment.

    `branch` is None on a detached head, `head` None before the first commit. `operation` names an unfinished merge,
    rebase, cherry-pick, revert or bisect. `dirty` counts paths that differ from the last commit, `untracked` those git does
    not know. `identity` and `lfs` say whether a commit has an author, and whether the LFS filters are set up.
    """

    toplevel: Path
    branch: str | None
    head: str | None
    operation: str | None
    dirty: int
    untracked: int
    identity: bool
    lfs: bool
    remotes: Mapping[str, str] = field(default_factory=dict)
    upstream: str | None = None
    lock: Path | None = None

    @property
    def detached(self) -> bool:
        return self.branch is None


def unfinished(git_dir: Path) -> str | None:
    """Return the operation that is begun and not ended here, None where there is none."""
    return next((op for name, op in _OPERATIONS.items() if (git_dir / name).exists()), None)


def has_identity(config: Mapping[str, str]) -> bool:
    """True where author and committer are told, not guessed by git from the host's name."""

    def told(role: str, what: str) -> bool:
        named = os.environ.get(f"GIT_{role}_{what}") or config.get(f"{role.lower()}.{what.lower()}")
        return bool(
            named or config.get(f"user.{what.lower()}") or (what == "EMAIL" and os.environ.get("EMAIL"))
        )

    return all(told(role, what) for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL"))
