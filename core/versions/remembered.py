"""What was found out of a version's rows, remembered: a version never changes, and a hundred thousand rows take seconds.

What always holds: an answer counts for exactly the files, settings, measurements and program it was found with; what is kept
in `.print-models/cache` may be thrown away, and a repository that is only read is not written to. Called by gates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from core.durable import atomic_write
from core.errors import PrintModelsError
from core.version import __version__
from core.versions import manifest
from core.versions.checks import CheckResult
from core.versions.manifest import Version
from core.workspace import Workspace

_FILE = "checks.json"
#: Counted up where a check of rows changes, so that an answer of before is not taken.
_RULES = 1


class _Known(msgspec.Struct):
    """What was found for `key`, for each version by 'task/name'."""

    key: str
    results: list[CheckResult]


def once(
    workspace: Workspace, version: Version, find: Callable[[], Iterable[CheckResult]]
) -> list[CheckResult]:
    """Return what `find` finds of a version's rows; what was found for the same files, settings and frames is taken."""
    if not version.digest:  # the bytes of an image are not known: nothing says that they are the same
        return list(find())
    path, name, key = workspace.cache / _FILE, f"{version.task.name}/{version.name}", _key(workspace, version)
    try:
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, _Known])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        known = {}
    if name in known and known[name].key == key:
        return known[name].results
    found = list(find())
    if workspace.read_only is None and workspace.private.is_dir():
        try:
            workspace.cache.mkdir(exist_ok=True)
            atomic_write(path, msgspec.json.encode({**known, name: _Known(key, found)}))
        except (
            OSError,
            PrintModelsError,
            UnicodeEncodeError,
        ):  # a full disk, an odd name: found again next time
            pass
    return found


def _key(workspace: Workspace, version: Version) -> str:
    index = workspace.index_db
    files = [version.path / name for name in (manifest.METADATA, manifest.INFO, manifest.LABELS)]
    files += [index, index.with_name(f"{index.name}-wal")]
    facts = (_RULES, __version__, version.digest, version.task, workspace.settings.split)
    return repr((*facts, *(_stamp(path) for path in files)))


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
