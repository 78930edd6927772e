"""What `check` found of a draft, remembered until anything that it was found of is another.

What always holds: an answer counts only for what `warm.key` names (labels, file lists, settings, versions, commits, cameras,
program), the same git configuration and label files, and while every picture that was looked for is asked for again and
says the same of itself; what no file of ours tells (room, the plan's limit, git's rules for each path) is no part of it.
A release and an export never take one. It lies in `.print-models/cache` and may be thrown away. Called by gates.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from contextlib import suppress
from pathlib import Path

import msgspec

from core.durable import atomic_write
from core.errors import PrintModelsError
from core.frames.index import FrameIndex
from core.storage.git import Git
from core.tasks import Task
from core.versions import looks, warm
from core.versions.checks import CheckResult
from core.workspace import Workspace

#: Counted up where a check of a draft changes, so that an answer of before is not taken.
_RULES = 1


class Found(msgspec.Struct, frozen=True):
    """What was found of a draft, and what of it is asked anew each time.

    `name` is the version that would be made, `files` its images as 'class/name'; `bytes_needed` and `bytes_new` what they
    take. `looked` holds the paths that were asked for, `told` names what they said.
    """

    results: tuple[CheckResult, ...]
    name: str
    files: tuple[str, ...]
    bytes_needed: int
    bytes_new: int
    looked: tuple[str, ...] = ()
    told: str = ""

    @property
    def holds(self) -> bool:
        """True where every file that was looked for says the same of itself."""
        return looks.again(self.looked) == self.told


class _Kept(msgspec.Struct):
    key: str
    found: Found


def key(workspace: Workspace, task: Task, index: FrameIndex) -> str | None:
    """Return what names all but the pictures' files that a check of the draft looks at; None where nothing may be kept.

    The file list has to be scanned.
    """
    draft = warm.key(workspace, task, index)
    if draft is None:
        return None
    try:
        stamps = [warm.stamp(workspace.labels_path(other)) for other in workspace.tasks.values()]
        config = sorted(Git(workspace.root).config().items())
    except (warm.Moving, OSError, PrintModelsError):
        return None
    away = [str(index.unreachable(name)) for name in workspace.sources]  # why, as it is said
    facts = (_RULES, draft, stamps, config, away, time.tzname)
    return hashlib.sha256(repr(facts).encode("utf-8", "backslashreplace")).hexdigest()


def recall(workspace: Workspace, task: Task, named: str | None) -> Found | None:
    """Return what was found when `key` said `named`; whether its pictures' files are the same is still to be asked."""
    if named is None:
        return None
    try:
        kept = msgspec.msgpack.decode(zlib.decompress(_file(workspace, task).read_bytes()), type=_Kept)
    except (OSError, zlib.error, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return kept.found if kept.key == named else None


def keep(workspace: Workspace, task: Task, named: str, found: Found) -> None:
    """Keep what was found for the next time; where it can't be written, it is found again then."""
    if workspace.read_only is not None:
        return
    with suppress(OSError, PrintModelsError, UnicodeEncodeError):
        data = zlib.compress(msgspec.msgpack.encode(_Kept(named, found)), 1)
        workspace.cache.mkdir(exist_ok=True)
        atomic_write(_file(workspace, task), data)


def _file(workspace: Workspace, task: Task) -> Path:
    return workspace.cache / f"check-{task.name}.bin"
