"""`share`: frames, labels, who gave them and when, marks, in one file that appears whole or not at all.

What always holds: a private frame never leaves, by its name or by its bytes; the same content makes the same bytes;
pictures are stored as they are; a label goes only with the picture that it was given for, and what can't go is named.
Nothing but such a file is overwritten. Called by commands/sharing.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.durable import explain, fsync_dir, hash_file
from core.errors import PrintModelsError, Refused
from core.frames.check import Unreadable, at_rest, being_written, inspect
from core.frames.names import captured_at, stem
from core.handing_out import check_place
from core.labels import journal
from core.labels.model import Label, Mark
from core.labels.store import LabelStore
from core.progress import CancelToken, Progress, Report, silent
from core.sharing.manifest import (
    NAME,
    Share,
    SharedFrame,
    SharedLabel,
    SharedLines,
    SharedMark,
    SharedTask,
    encode,
    picture_name,
)
from core.text import safe
from core.versions.held import items
from core.versions.images import Changed, Images, Missing
from core.versions.manifest import Item
from core.versions.selection import Chosen
from core.workspace import Workspace

#: The same moment in every file, so that the same content makes the same bytes.
_THEN = (1980, 1, 1, 0, 0, 0)


@dataclass(slots=True)
class Shared:
    """What went into a file: frames, labels, marks, pictures and their bytes; what did not, and why, by frame.

    `private` frames are counted and not named.
    """

    frames: int = 0
    labels: int = 0
    marks: int = 0
    pictures: int = 0
    picture_bytes: int = 0
    private: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    _written: set[str] = field(default_factory=set)


def allowed(workspace: Workspace, path: Path) -> None:
    """Raise Refused where no shared file may be written: among frames, versions, or over something else."""
    check_place(workspace, path, _ours, "a file that share made")


def _ours(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return NAME in archive.namelist()
    # NotImplementedError is what zipfile raises of an archive packed in a way it can't read.
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return False


def write(
    workspace: Workspace,
    store: LabelStore,
    frames: Sequence[str],
    path: Path,
    *,
    who: str,
    pictures: bool = True,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Shared:
    """Write the file of these frames, by their keys; without `pictures` it brings labels of pictures that are there.

    Raises Refused (nothing to share, no place for it), Lacking (room, permission), Cancelled; then there is no file,
    or the one that was there.
    """
    allowed(workspace, path)
    temporary = ""
    try:
        fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(fd, "wb") as file:
            packer = _Packer(workspace, store, pictures)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                shared, share = packer.pack(archive, sorted(frames), who, report, cancel)
                if not shared.frames:
                    raise Refused(
                        "There is nothing to share: " + _nothing(shared), "See: print-models frames"
                    )
                archive.writestr(_entry(NAME), encode(share))
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        allowed(workspace, path)
        os.rename(temporary, path)
        temporary = ""
        fsync_dir(path.parent)
        return shared
    except OSError as error:
        raise explain(error, f"writing {safe(path.name)}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _nothing(shared: Shared) -> str:
    if shared.left_out:
        frame, why = next(iter(shared.left_out.items()))
        return f"{safe(frame)}: {why}."
    return "these frames are private." if shared.private else "no frame is meant."


def _entry(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _THEN)
    info.create_system, info.external_attr = 3, 0o100644 << 16
    return info


class _Packer:
    """Looks up what is said of frames once, and writes one picture after the other."""

    def __init__(self, workspace: Workspace, store: LabelStore, pictures: bool) -> None:
        self.workspace, self._with_pictures = workspace, pictures
        self._images = Images(workspace)
        self._held = items(workspace)
        self._labels = {name: store.labels(task) for name, task in workspace.tasks.items()}
        self._marks = store.all_marks()
        private = store.private()
        self._private = frozenset(private)
        self._private_oids = {oid for oids in private.values() for oid in oids}
        self._private_oids |= {oid for frame in private if (oid := self._hashed(frame))}

    def _hashed(self, frame: str) -> str | None:
        """Return the hash of a private frame's file: its bytes may lie there by another name too."""
        try:
            return hash_file(self.workspace.frame_path(frame)).oid
        except (OSError, PrintModelsError):
            return None

    def pack(
        self,
        archive: zipfile.ZipFile,
        frames: Sequence[str],
        who: str,
        report: Report,
        cancel: CancelToken | None,
    ) -> tuple[Shared, Share]:
        shared, entries = Shared(), []
        for done, key in enumerate(frames):
            if cancel is not None:
                cancel.check()
            report(Progress("sharing", done, len(frames), stem(key)))
            if key in self._private:
                shared.private += 1
                continue
            try:
                entry = self._frame(archive, shared, key)
            except Missing:
                shared.left_out[key] = "its picture was found nowhere"
            except Changed:
                shared.left_out[key] = "the picture that was labelled is gone, another has its name"
            except PrintModelsError as error:
                shared.left_out[key] = error.what.rstrip(".")
            else:
                if entry is not None:
                    entries.append(entry)
        shared.frames = len(entries)
        tasks = {
            name: SharedTask(task.classes)
            for name, task in self.workspace.tasks.items()
            if any(name in entry.labels for entry in entries)
        }
        kept = {entry.frame for entry in entries}
        history = lines_of(self.workspace.history_dir, kept, tasks)
        return shared, Share(who, tasks, entries, history)

    def _frame(self, archive: zipfile.ZipFile, shared: Shared, key: str) -> SharedFrame | None:
        """Write a frame's picture and return what is said of it; None for bytes that are private by another name."""
        moment = captured_at(key)
        if moment is None:
            raise Unreadable("its name tells no moment", "")
        labels = {name: found[key] for name, found in self._labels.items() if key in found}
        item = self._held.get(key)
        found = self._images.find(_chosen(key, labels.values(), item), item)
        if found.oid in self._private_oids:
            shared.private += 1
            return None
        if found.camera and not at_rest(found.mtime_ns):
            raise being_written("it")
        name = picture_name(found.oid, inspect(found.data).format)
        if self._with_pictures and name not in shared._written:
            archive.writestr(_entry(name), found.data)
            shared._written.add(name)
            shared.pictures += 1
            shared.picture_bytes += len(found.data)
        fitting = {task: label for task, label in labels.items() if label.sha256 in (None, found.oid)}
        if fitting.keys() != labels.keys():
            shared.left_out[key] = "a label was given for another picture of that name"
        mark = self._marks.get(key)
        shared.labels += len(fitting)
        shared.marks += mark is not None
        return SharedFrame(
            key,
            moment.isoformat(timespec="seconds"),
            found.oid,
            len(found.data),
            name if self._with_pictures else None,
            {task: _label(label) for task, label in fitting.items()},
            _mark(mark) if mark is not None else None,
        )


def _chosen(key: str, labels: Iterable[Label], item: Item | None) -> Chosen:
    """Return the picture that is meant: the one labelled last of those whose bytes are known."""
    known = sorted(labels, key=lambda label: (label.sha256 is not None, label.size is not None, label.seq))
    if not known:
        return Chosen(key, "", "", "", "", "", item.oid if item else None, item.size if item else None)
    last = known[-1]
    return Chosen(key, "", "", "", "", "", last.sha256, last.size, last.mtime_ns)


def _label(label: Label) -> SharedLabel:
    return SharedLabel(label.class_, label.who[:200], label.how, label.at, label.before)


def _mark(mark: Mark) -> SharedMark:
    return SharedMark(
        mark.mark, mark.reason[:10_000], mark.note[:10_000], mark.example, mark.by[:200], mark.at, mark.task
    )


def lines_of(folder: Path, frames: Collection[str], tasks: Mapping[str, object]) -> list[SharedLines]:
    """Return what the journals tell of frames, of these tasks alone, journal by journal."""
    found = []
    for path in sorted(folder.glob("*.jsonl")) if folder.is_dir() else ():
        lines: list[dict[str, Any]] = []
        for entry in journal.entries(path):
            if entry.get("task") not in tasks:
                continue
            changes = [
                {**change, "frames": meant}
                for change in entry.get("changes") or ()
                if (meant := [frame for frame in change["frames"] if frame in frames])
            ]
            if changes:
                lines.append({**entry, "changes": changes})
        if lines:
            found.append(SharedLines(path.stem[:200], lines))
    return found
