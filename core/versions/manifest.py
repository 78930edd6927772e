"""A dataset version as data: its images, its facts, its identity; reading and writing them.

What always holds: `metadata.jsonl` and `dataset_info.json` are the only truth of a version; the digest is computed
from the first alone and is the same on every machine; what is written here can be read by every later version of
this tool. Versions of older tools, without `metadata.jsonl`, are read by `legacy`. Called by everything that touches
a version: export, diff, card, checks, storage, training, the Versions screen.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from core.errors import Damaged, Lacking
from core.settings import is_class
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace

FORMAT = 2
INFO, METADATA, LABELS, CARD = "dataset_info.json", "metadata.jsonl", "labels.json", "README.md"
WITHDRAWN = "withdrawn.json"
TRAIN, VALIDATION, EMBARGO = "train", "validation", "embargo"
#: What the labels as they are would be as a version, which nobody exported.
DRAFT = "draft"

_NAME = re.compile(r"v([1-9][0-9]{0,5})")


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One image of a version. `oid` is 'sha256:<hex>', `size` in bytes; None where an older version does not say.

    `source` is the frame's key, `captured_at` local time from its name, `labelled_at` local time with offset,
    `split` one of train, validation, embargo.
    """

    file_name: str
    label: str
    source: str
    captured_at: str | None = None
    oid: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    recording: str | None = None
    split: str | None = None
    labelled_by: str | None = None
    labelled_how: str | None = None
    labelled_at: str | None = None

    @property
    def base_name(self) -> str:
        return self.file_name.rsplit("/", 1)[-1]


class Excluded(msgspec.Struct, frozen=True):
    """A labelled frame that is not in the version, by name, with the reason."""

    frame: str
    reason: str


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """How the version was drawn from the labels: exported + left_out + excluded by name = labelled."""

    rule: str
    labelled: int
    left_out: int = 0
    per_stretch: int | None = None


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """What a person said of a change to the version before: the hunk's id, what changed, how many frames, the text."""

    hunk: str
    change: str = ""
    frames: int = 0
    text: str


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """What `dataset_info.json` says; older versions have the first seven keys only."""

    version: str
    description: str = ""
    created: str = ""
    total_images: int = 0
    classes: dict[str, int] = {}
    dataset_type: str = ""
    source_labels: str = ""
    format: int = 1
    name: str = ""
    parent: str | None = None
    digest: str = ""
    total_bytes: int | None = None
    splits: dict[str, dict[str, int]] = {}
    recordings: int | None = None
    split_rule: dict[str, Any] = {}
    least_distance_minutes: float | None = None
    baselines: dict[str, Any] = {}
    validation_baselines: dict[str, Any] = {}
    excluded: list[Excluded] = []
    selection: Selection | None = None
    limits: list[str] = []
    comments: list[Comment] = []
    tool: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it was read: `name` 'v3', its items sorted by file name, its facts.

    `legacy` is True for one without metadata.jsonl; its digest is '' where an image's bytes are unknown. `problems`
    says in one sentence each what does not fit together.
    """

    task: Task
    name: str
    path: Path
    info: Info
    items: tuple[Item, ...]
    digest: str
    legacy: bool = False
    problems: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        return number_of(self.name) or 0

    @property
    def classes(self) -> dict[str, int]:
        """Images per class, counted, in the order of the task."""
        counts = dict.fromkeys(self.task.classes, 0)
        for item in self.items:
            counts[item.label] = counts.get(item.label, 0) + 1
        return counts

    @property
    def total_bytes(self) -> int:
        return sum(item.size or 0 for item in self.items)


def number_of(name: str) -> int | None:
    """Return 3 for 'v3', None for what is no version's name."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def digest(items: Iterable[Item]) -> str:
    """Return the identity of a version's content, the same on every machine.

    sha256 over the lines `class NUL base name NUL hex oid NUL split LF`, sorted as bytes; the split is empty for
    versions without one. '' where an image's oid is unknown.
    """
    lines = []
    for item in items:
        if item.oid is None:
            return ""
        parts = (item.label, item.base_name, item.oid.removeprefix("sha256:"), item.split or "")
        lines.append("\0".join(parts).encode() + b"\n")
    return f"sha256:{hashlib.sha256(b''.join(sorted(lines))).hexdigest()}"


def encode_metadata(items: Iterable[Item]) -> bytes:
    """Return metadata.jsonl: one compact object a line, sorted keys, sorted by file name."""
    encoder = msgspec.json.Encoder(order="sorted")
    return encoder.encode_lines(sorted(items, key=lambda item: item.file_name))


def decode_metadata(data: bytes, where: str) -> tuple[Item, ...]:
    """Read metadata.jsonl; every line is one image `class/name` of its own. Raises Damaged naming `where` and line."""
    lines = [line for line in data.split(b"\n") if line.strip()]
    try:
        items = msgspec.json.Decoder(list[Item]).decode(b"[" + b",".join(lines) + b"]")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _unreadable(data, where, error) from error
    if len(items) != len(lines):
        raise _damaged(where, "holds more than one object on a line")
    files: set[str] = set()
    sources: set[str] = set()
    classes: set[str] = set()
    for place, item in enumerate(items):
        fault = _fault(item, classes)
        if fault is None and item.file_name in files:
            fault = f"{safe(item.file_name, limit=120)} is there twice"
        if fault is None and item.source in sources:
            fault = f"{safe(item.source, limit=120)} is there twice"
        if fault is not None:
            raise _damaged(f"{where}, line {_line_numbers(data)[place]}", fault)
        files.add(item.file_name)
        sources.add(item.source)
    return tuple(items)


def _fault(item: Item, classes: set[str]) -> str | None:
    """Say why a line is no image of a version: its name is opened below the version's folder, so it may not leave it.

    `classes` holds the labels seen to be classes already, since asking a hundred thousand times costs.
    """
    if item.label not in classes:
        if not is_class(item.label):
            return f"“{safe(item.label, limit=60)}” is no class"
        classes.add(item.label)
    folder, slash, base = item.file_name.partition("/")
    if not slash or base in ("", ".", "..") or "/" in base or "\0" in base or folder in ("", ".", ".."):
        return f"“{safe(item.file_name, limit=120)}” is no image of a version, class/name"
    if folder != item.label:
        return f"{safe(item.file_name, limit=120)} is labelled {item.label} but lies in {folder}/"
    return None


def _damaged(where: str, what: str) -> Damaged:
    return Damaged(
        f"{safe(where)}: {what}.",
        f"Get the file as it was released: git checkout -- {safe(where).partition(', line ')[0]}",
    )


def _unreadable(data: bytes, where: str, error: Exception) -> Damaged:
    """Return the error of the first line that can't be read."""
    decoder, lines = msgspec.json.Decoder(Item), data.split(b"\n")
    for number in _line_numbers(data):
        try:
            decoder.decode(lines[number - 1])
        except (msgspec.MsgspecError, UnicodeDecodeError) as found:
            return _damaged(f"{where}, line {number}", safe(str(found)))
    return _damaged(where, safe(str(error)))


def _line_numbers(data: bytes) -> list[int]:
    """Return the numbers, from 1, of the lines that hold something."""
    return [number for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]


def encode_json(value: Any) -> bytes:
    """Return JSON as every file of a version has it: UTF-8, two spaces, sorted keys, newline at the end."""
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def encode_info(info: Info) -> bytes:
    """Return dataset_info.json."""
    facts = msgspec.to_builtins(info)
    distance = facts["least_distance_minutes"]
    if distance is not None and distance == int(distance):
        facts["least_distance_minutes"] = int(distance)
    return encode_json(facts)


def decode_info(data: bytes, where: str) -> Info:
    """Read dataset_info.json of this or an older tool. Raises Damaged naming `where`."""
    try:
        return msgspec.json.decode(data, type=Info)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(
            f"{safe(where)} can't be read: {safe(str(error))}.",
            f"Get the file as it was released: git checkout -- {safe(where)}",
        ) from error


def encode_labels(items: Iterable[Item]) -> bytes:
    """Return labels.json of a version: exactly its frames, key → class name."""
    return encode_json({item.source: item.label for item in items})


def list_versions(workspace: Workspace, task: Task) -> list[str]:
    """Return the names of the versions in the work tree, v1 first."""
    return _names(workspace.dataset_root(task))


def _names(root: Path) -> list[str]:
    try:
        found = [entry for entry in root.iterdir() if number_of(entry.name) and entry.is_dir()]
    except FileNotFoundError:
        return []
    whole = [e.name for e in found if any((e / f).is_file() for f in (METADATA, INFO, LABELS))]
    return sorted(whole, key=lambda name: number_of(name) or 0)


def withdrawn(workspace: Workspace, task: Task) -> Mapping[str, Any]:
    """Return the withdrawn versions with their reasons, from `withdrawn.json`. Raises Damaged."""
    path = workspace.dataset_root(task) / WITHDRAWN
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{safe(path.name)} of {task.name} is no JSON.", "Mend it or check it out.") from error
    return found if isinstance(found, dict) else {}


def current_names(workspace: Workspace, task: Task) -> list[str]:
    """Return the versions that count: all but the withdrawn, v1 first."""
    gone = withdrawn(workspace, task)
    return [name for name in list_versions(workspace, task) if name not in gone]


def latest(workspace: Workspace, task: Task) -> Version | None:
    """Return the newest version of a task that is not withdrawn."""
    names = current_names(workspace, task)
    return read_version(workspace, task, names[-1]) if names else None


_read: dict[Path, tuple[tuple[object, ...], Version]] = {}


def read_version(workspace: Workspace, task: Task, name: str) -> Version:
    """Read a version from the work tree; one read twice without a change in between is read once.

    Raises Lacking where it does not exist, Damaged where its files can't be parsed.
    """
    path = workspace.version_dir(task, name)
    if not path.is_dir():
        known = ", ".join(list_versions(workspace, task)) or "none yet"
        raise Lacking(f"{task.name} has no version {safe(name)}.", f"There are: {known}.")
    seen = (task, *(_stamp(path / file) for file in (METADATA, INFO, LABELS)))
    known_version = _read.get(path)
    if known_version is None or known_version[0] != seen:
        from core.storage.hashes import recall, remember
        from core.versions.trees import FolderTree, read_tree

        recall(workspace)
        known_version = (seen, read_tree(FolderTree(path), task, name, path))
        if known_version[1].legacy:  # its images are part of what was read, and have no stamp here
            remember(workspace)
            return known_version[1]
        if len(_read) >= 64:
            _read.clear()
        _read[path] = known_version
    return known_version[1]


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
