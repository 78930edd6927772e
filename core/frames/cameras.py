"""Adding, moving and retiring a source.

What always holds: a camera's folder is only linked to, never written; a link appears or changes by one rename, after
the settings and the ignore rule name it; labels and versions of a source stay whatever happens to it. A folder that
is not the camera whose frames were labelled is never taken without a word about it (core.frames.identity).
Called by commands/sources, and by frames/answers.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.durable import atomic_write, explain, lock
from core.errors import Damaged, Lacking, PrintModelsError, Refused, WrongUsage
from core.frames import identity, patterns
from core.frames.index import FrameIndex
from core.process import run
from core.settings import FILE_NAME, read
from core.settings_tables import SourceSettings
from core.setup import add_lines
from core.setup_files import with_source
from core.text import safe
from core.workspace import Source, Workspace

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
#: Folders of a workspace that no camera can be.
_TAKEN = frozenset(
    {"data", "datasets", "models", "core", "tui", "tests", "docs", "benchmarks", "contributed"}
)


@dataclass(frozen=True, slots=True)
class Changed:
    """What was done, one sentence each, and the files of the workspace that changed and are not committed."""

    source: str
    done: tuple[str, ...]
    files: tuple[str, ...]


def find(workspace: Workspace, name: str) -> Source:
    """Return a source by its name. Raises WrongUsage."""
    if name not in workspace.sources:
        raise WrongUsage(
            f"There is no source “{safe(name, limit=60)}”.",
            f"The sources are: {safe(', '.join(workspace.sources))}.",
        )
    return workspace.sources[name]


def add(
    workspace: Workspace, name: str, folder: Path, *, names: str | None = None, printer: str = ""
) -> Changed:
    """Make the camera folder a source: its link, its entry in the settings, its ignore rule.

    `names` is the name pattern of its frames; without one it is the preset that fits what lies there.

    A source that the settings name already, as in a fresh clone, only gets its link. Raises WrongUsage (a name that
    can't be one), Refused (taken; the same folder twice), Lacking (no such folder), and the question of its identity
    where labels of that name belong to other frames.
    """
    with changing(workspace):
        check_name(workspace, name)
        folder = _folder(folder)
        _check_apart(workspace, name, folder)
        known = workspace.settings.sources.get(name)
        if known is None:
            check_free(workspace, name)
        link = workspace.root / ((known.path if known else "") or name)
        if link.is_symlink() or link.exists():
            raise Refused(
                f"{safe(name)} exists already in this workspace.",
                f"Another name, or: print-models source move {safe(name)} PATH",
            )
        _require_same(workspace, name, folder)
        chosen = patterns.guess(patterns.sample(folder)) if names is None and known is None else names or ""
        patterns.pattern(chosen, name)
        given = {"path": name if known is None else None, "name_pattern": chosen, "printer": printer}
        values: dict[str, str | bool | None] = {key: value for key, value in given.items() if value}
        inside = link.relative_to(workspace.root).as_posix() if link.is_relative_to(workspace.root) else None
        files = settle(workspace, name, values, inside)
        point(link, str(folder))
        identity.settle(workspace, Source(name, link, SourceSettings()))
        form = f' (name_pattern = "{safe(chosen)}")' if chosen else ""
        return Changed(name, (f"linked {safe(name)} → {safe(folder)}{form}",), files)


def move(workspace: Workspace, name: str, folder: Path, *, emptied: bool = False) -> Changed:
    """Point a source at another folder, after its labelled frames were found there.

    `emptied` takes a folder that holds none of them: the same camera, its old frames gone. Raises Damaged with the
    question where none is found, Refused where the source is no link or the folder belongs to another source.
    """
    with changing(workspace):
        source = find(workspace, name)
        folder = _folder(folder)
        _check_apart(workspace, name, folder)
        if source.path.exists() and not source.path.is_symlink():
            raise Refused(
                f"{safe(name)} is a folder of the workspace itself, no link that could be moved.",
                f"Move the folder aside yourself, then: print-models source move {safe(name)} PATH",
            )
        found = identity.compare(workspace, name, folder)
        if found.same is False and not emptied:
            raise _not_there(name, folder, found)
        point(source.path, str(folder))
        if found.same is False:
            with FrameIndex(workspace) as index:
                index.forget(name)
        identity.settle(workspace, source)
        words = {
            True: f"it holds {safe(found.fits or '')} as it was labelled",
            False: "taken as the same camera, its old frames gone",
            None: "no labelled frame's bytes are known, so nothing could be compared",
        }
        return Changed(name, (f"{safe(name)} → {safe(folder)}: {words[found.same]}",), ())


def retire(workspace: Workspace, name: str, *, back: bool = False) -> Changed:
    """Hide a source from lists and queues, or with `back` show it again; its labels and versions stay.

    Raises Refused for the last one, and where nothing would change.
    """
    with changing(workspace):
        source = find(workspace, name)
        if source.settings.retired is not back:
            state = "not retired" if back else "retired already"
            raise Refused(f"{safe(name)} is {state}.", "See: print-models source list")
        if not back and len(workspace.active_sources) == 1:
            raise Refused(
                f"{safe(name)} is the only source that is not retired.",
                "Add the one that takes its place first: print-models source add NAME PATH",
            )
        path = source.settings.path or name
        files = settle(workspace, name, {"path": path, "retired": None if back else True}, None)
        done = (
            "shown again" if back else "retired: hidden from lists and queues; its labels and versions stay"
        )
        return Changed(name, (f"{safe(name)} is {done}",), files)


def _not_there(name: str, folder: Path, found: identity.Verdict) -> PrintModelsError:
    looked = (
        f"{found.there} there by name, none with the bytes that were labelled"
        if found.there
        else "none is there"
    )
    return Damaged(
        f"{safe(folder)} does not hold the frames that were labelled as {safe(name)}: of {found.known}, {looked}.",
        f"Say what it is: print-models source move {safe(name)} PATH --emptied (the same camera, its old frames gone) "
        f"· print-models source add NAME PATH (a new camera or place; old labels stay with {safe(name)}) · another "
        "PATH (the wrong folder). Nothing was changed.",
    )


# --- checks and files -------------------------------------------------------------------------------------------


@contextmanager
def changing(workspace: Workspace) -> Iterator[None]:
    if workspace.read_only is not None:
        raise workspace.read_only
    try:
        with lock(workspace.ensure_private() / "sources.lock", what="the list of sources", timeout=5):
            yield
    except OSError as error:
        raise explain(error, "changing a source") from error


def check_name(workspace: Workspace, name: str) -> None:
    if not _NAME.fullmatch(name) or name.lower() in _TAKEN or name.endswith("."):
        raise WrongUsage(
            f"“{safe(name, limit=60)}” can't be the name of a source.",
            "Use at most 60 letters, digits, - _ and . , and no folder's name of a workspace.",
        )


def check_free(workspace: Workspace, name: str) -> None:
    taken = {other.lower() for other in workspace.sources}
    if name.lower() in taken or (workspace.root / name).is_symlink() or (workspace.root / name).exists():
        raise Refused(f"{safe(name)} exists already in this workspace.", "Choose another name.")
    if run(["git", "ls-files", "--", name], cwd=workspace.root, check=False).out:
        raise Refused(f"git has files under {safe(name)}/ here.", "Choose another name.")


def _folder(folder: Path) -> Path:
    folder = Path(os.path.abspath(folder.expanduser()))
    if not folder.is_dir():
        what = "is a link whose end is missing" if folder.is_symlink() else "is no folder that exists"
        raise Lacking(f"{safe(folder)} {what}.", "Mount the camera's storage, or correct the path.")
    return folder


def _check_apart(workspace: Workspace, name: str, folder: Path) -> None:
    """A frame has one key: no folder is two sources, none lies in another, none holds the workspace."""
    real = folder.resolve()
    if workspace.root.is_relative_to(real):
        raise Refused(f"{safe(folder)} holds this workspace.", "Name the camera's own folder.")
    for other in workspace.sources.values():
        if other.name == name or not other.path.exists():
            continue
        there = other.path.resolve()
        if real.is_relative_to(there) or there.is_relative_to(real):
            inside = "is" if real == there else "lies in" if real.is_relative_to(there) else "holds"
            raise Refused(
                f"{safe(folder)} {inside} the folder of {safe(other.name)}: its frames would be there twice.",
                "Name a folder that no other source has.",
            )


def _require_same(workspace: Workspace, name: str, folder: Path) -> None:
    found = identity.compare(workspace, name, folder)
    if found.same is False:
        raise _not_there(name, folder, found)


def settle(
    workspace: Workspace, name: str, values: dict[str, str | bool | None], ignored: str | None
) -> tuple[str, ...]:
    """Write a source's entry into the settings, and its ignore rule; return the files that changed.

    Raises Refused where the file is laid out so that the entry can't be written into it: nothing is changed then.
    """
    path = workspace.root / FILE_NAME
    before = path.read_text("utf-8")
    after = before
    for other in (
        () if workspace.settings.sources else workspace.sources
    ):  # the first entry ends what held without one
        after = with_source(after, other, {"path": other})
    after = with_source(after, name, values)
    _require_written(path, after, name, values)
    changed = []
    if after != before:
        atomic_write(path, after.encode("utf-8"))
        changed.append(FILE_NAME)
    if ignored and add_lines(workspace.root / ".gitignore", (f"/{ignored}",)):
        changed.append(".gitignore")
    workspace.settings = read(path)
    return tuple(changed)


def _require_written(path: Path, text: str, name: str, values: dict[str, str | bool | None]) -> None:
    import json
    import tomllib

    try:
        table = tomllib.loads(text)["sources"][name]
        written = all(table.get(key) == value for key, value in values.items() if value is not None)
        msgspec.convert(table, SourceSettings)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError, msgspec.ValidationError):
        written = False
    if not written:
        given = {key: json.dumps(value) for key, value in values.items() if value is not None}
        wanted = ", ".join(f"{key} = {value}" for key, value in given.items())
        raise Refused(
            f"{path.name} is laid out so that [sources.{safe(name)}] can't be written into it.",
            f"Write it yourself: [sources.{safe(name)}] with {safe(wanted)}; nothing was changed.",
        )


def point(link: Path, target: str) -> None:
    """Make a link, or let one lead elsewhere, by one rename."""
    fresh = link.with_name(f".{link.name}.new")
    fresh.unlink(missing_ok=True)
    os.symlink(target, fresh)
    os.replace(fresh, link)
