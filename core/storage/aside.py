"""A copy of git's index beside it, for one commit of exactly some paths.

What always holds: the index itself is not touched, and the copy is gone afterwards; one that a dead process left is
removed by the next. Called by the committing of a release, and by its look at what the last commit says.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.storage.reading import Reader

#: The copy's name; the process id follows.
_COPY = "index.print-models."


@contextmanager
def index_with_only(git: Reader, paths: Iterable[str]) -> Iterator[dict[str, str]]:
    """Give the environment of a copy of the index in which all but `paths` is as HEAD has it.

    A commit made with it holds exactly those paths, while what others staged stays staged. The copy keeps the
    index's stat data, so that git does not read the images once more.
    """
    index = git.git_path("index")
    _sweep(index)
    handle, name = tempfile.mkstemp(prefix=f"{_COPY}{os.getpid()}.", dir=index.parent)
    os.close(handle)
    copy = Path(name)
    shutil.copyfile(index, copy)
    try:
        env, ours = {"GIT_INDEX_FILE": os.fspath(copy.resolve())}, set(paths)
        rows = [
            f"0 {'0' * len(new.blob if new else '')}\t{path}"
            if old is None
            else f"{old.mode} {old.blob}\t{path}"
            for path, (old, new) in git.differs_from_head().items()
            if path not in ours
        ]
        if rows:
            listing = "\0".join(rows).encode("utf-8", "surrogateescape") + b"\0"
            git.ask("update-index", "-z", "--index-info", stdin=listing, env=env)
        yield env
    finally:
        copy.unlink(missing_ok=True)
        copy.with_name(copy.name + ".lock").unlink(missing_ok=True)


def _sweep(index: Path) -> None:
    """Remove the copies that a process which is no more has left beside an index."""
    for left in index.parent.glob(f"{_COPY}*"):
        try:
            os.kill(int(left.name.removeprefix(_COPY).split(".")[0]), 0)
        except (ProcessLookupError, ValueError):
            left.unlink(missing_ok=True)
        except PermissionError:
            continue
