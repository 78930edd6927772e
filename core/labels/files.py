"""Label files: read liberally, written strictly.

Reading takes class names in any case, the integers of older files in class order (also as strings), keys with or
without a leading `./`. All else is reported with key and line and kept as it is. Writing gives class names only, sorted,
two-space indent, atomic; entries that wait for a decision are written back as they were. A file that can't be parsed
is an error, never "no labels". Called by labels/sync, and by versions/ for the files of versions and of `--labels`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.durable import atomic_write, open_regular
from core.errors import Damaged, Lacking, Refused
from core.frames.names import why_unusable
from core.human import size as human_size
from core.labels.model import LabelProblem
from core.tasks import Task
from core.text import safe

__all__ = ["LabelFile", "LabelProblem", "encode", "parse", "read", "write"]

#: About 1.2 million labels; what is larger is neither read nor written, so that no file is written that can't be read.
MAX_BYTES = 80 << 20
_KEY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:')
_MARKER = re.compile(rb"^(<{7}|>{7}|={7}|\|{7})(?: |\r?$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LabelFile:
    """What a label file says: frame → class, the entries that can't be taken, how many values were converted.

    `converted` counts integers and other spellings that became class names.
    """

    labels: dict[str, str]
    problems: tuple[LabelProblem, ...]
    converted: int


def read(path: Path, task: Task) -> LabelFile:
    """Read a label file of a task. Raises Lacking (not there), Damaged (not parsable: why and where)."""
    return parse(read_bytes(path), task, os.fspath(path))


def read_bytes(path: Path) -> bytes:
    """Return a label file's bytes. Raises Lacking, or Damaged where it is larger than any label file, or no file."""
    name = safe(path.name)
    try:
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise Damaged(
                    f"{name} is larger than {MAX_BYTES >> 20} MB, which no label file is.", "Look into it."
                )
            return file.read()
    except FileNotFoundError as error:
        raise Lacking(f"There is no label file {safe(path)}.", "Check the path.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Lacking(f"{name} can't be read: {reason}.", "Check who owns it: ls -l") from error


def parse(data: bytes, task: Task, name: str) -> LabelFile:
    """Read the bytes of a label file, `name` in messages: the path that git knows it by. Raises Damaged with the reason and the line."""
    return collect(data, name, lambda value: class_of(value, task), lambda value: _why(value, task))


def collect(
    data: bytes, name: str, value_of: Callable[[Any], str | None], why_not: Callable[[Any], str]
) -> LabelFile:
    """Read a file of entries by frame: those that mean a value, and those that wait, with their lines.

    `value_of` returns what an entry means, None for nothing, `why_not` why. Raises Damaged.
    """
    text = _text(data, name)
    pairs = _pairs(text, name)
    labels: dict[str, str] = {}
    problems: list[tuple[str, int, str, Any]] = []
    seen: dict[str, int] = {}
    good: dict[str, list[tuple[str, int, Any, str]]] = {}
    spoilt: dict[str, str] = {}
    converted = 0
    for written, value in pairs:
        nth = seen.get(written, 0)
        seen[written] = nth + 1
        key = written[2:] if written.startswith("./") else written
        why = why_unusable(key)
        meant = value_of(value)
        if why or meant is None:
            problems.append((written, nth, f"the key {why}" if why else why_not(value), value))
            spoilt.setdefault(key, "appears twice, once in a way that is not taken")
            continue
        if labels.setdefault(key, meant) != meant:
            spoilt[key] = f"appears twice, as {_shown(labels[key])} and as {_shown(meant)}"
        good.setdefault(key, []).append((written, nth, value, meant))
        converted += meant != value
    # Of a key with any entry that can't be taken all entries wait, so that none goes with the others unseen.
    for key in spoilt.keys() & good.keys():
        del labels[key]
        for written, nth, value, meant in good[key]:
            problems.append((written, nth, spoilt[key], value))
            converted -= meant != value
    return LabelFile(
        labels, tuple(sorted(_located(text, problems), key=lambda p: (p.line, p.key))), converted
    )


def _shown(meant: str) -> str:
    return safe(meant, limit=60)


def pairs_of(data: bytes, name: str) -> list[tuple[str, Any]]:
    """Return the entries of a JSON object's bytes in order, duplicates included. Raises Damaged."""
    return _pairs(_text(data, name), name)


def _text(data: bytes, name: str) -> str:
    name = safe(name)
    if len(data) > MAX_BYTES:
        raise Damaged(f"{name} is larger than {MAX_BYTES >> 20} MB, which no label file is.", "Look into it.")
    if not data.strip(b"\0 \t\r\n"):
        raise Damaged(
            f"{name} is {'empty' if not data.strip() else 'nothing but zeros'}; that is not taken for “no labels”.",
            f"Get it back: git checkout -- {name}   (or delete it: it is then written anew from labels.db)",
        )
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        kind = "a byte order mark" if data.startswith(b"\xef\xbb\xbf") else "UTF-16"
        raise Damaged(
            f"{name} is not plain UTF-8: it has {kind}.", "Save it as UTF-8 without a byte order mark."
        )
    if markers := [data.count(b"\n", 0, found.start()) + 1 for found in _MARKER.finditer(data)]:
        lines = ", ".join(map(str, markers[:6])) + (" …" if len(markers) > 6 else "")
        raise Damaged(
            f"{name} has git conflict markers in lines {lines}.", "Resolve the conflict, then try again."
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Damaged(f"{name} is no valid UTF-8 in line {line}.", "Save it as UTF-8.") from error


def _pairs(text: str, name: str) -> list[tuple[str, Any]]:
    """Return the entries of the outermost object, duplicates included; of inner objects plain dicts."""
    name = safe(name)
    outermost: list[list[tuple[str, Any]]] = []

    def hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # Called for inner objects first: what is left at the end is the outermost.
        outermost[:] = [pairs]
        return dict(pairs)

    def constant(word: str) -> Any:
        raise ValueError(f"it holds {word}, which is no JSON")

    try:
        whole = json.loads(text, object_pairs_hook=hook, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise Damaged(
            f"{name} is no valid JSON: line {error.lineno}, column {error.colno}: {error.msg.lower()}.",
            f"Mend that line, or get the file back: git checkout -- {name}",
        ) from error
    except RecursionError as error:
        raise Damaged(
            f"{name} is nested too deep for a label file.", f"Get it back: git checkout -- {name}"
        ) from error
    except ValueError as error:  # a constant, or a number of thousands of digits
        raise Damaged(f"{name}: {safe(str(error), limit=120)}.", "Mend that value.") from error
    if not isinstance(whole, dict):
        kind = "a list" if isinstance(whole, list) else "a single value"
        raise Damaged(
            f"{name} holds {kind} where frames and classes belong.", f"Get it back: git checkout -- {name}"
        )
    return outermost[0]


def class_of(value: Any, task: Task) -> str | None:
    """Return the class a value of a label file means, None where it means none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        word = value.strip()
        if word.lower() in task.classes:
            return word.lower()
        if not re.fullmatch(r"[0-9]{1,2}", word):
            return None
        value = int(word)
    if isinstance(value, int) and 0 <= value < len(task.classes):
        return task.classes[value]
    return None


def is_conflict(value: Any) -> bool:
    """True for an entry on which two sides differ: {"ours": …, "theirs": …}, null where a side has none."""
    return isinstance(value, dict) and set(value) == {"ours", "theirs"}


def why_conflict(value: dict[str, Any]) -> str:
    """Return what is said of a conflict; the words “conflict:” tell it from what is damaged."""
    ours, theirs = (safe(_word(value[side]), limit=60) for side in ("ours", "theirs"))
    return f"conflict: ours {ours}, theirs {theirs}"


def _word(value: Any) -> str:
    """Return a side of a conflict in a few words: a class, or what a mark says."""
    if isinstance(value, dict):
        return (
            " ".join(str(value[name]) for name in ("mark", "reason", "note") if value.get(name)) or "a mark"
        )
    return "nothing" if value is None else str(value)


def _why(value: Any, task: Task) -> str:
    if is_conflict(value):
        return why_conflict(value)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return f"no class of {task.name}: {safe(json.dumps(value), limit=60)}"
    kind = {bool: "true or false", type(None): "null", list: "a list", dict: "an object"}[type(value)]
    return f"{kind} where a class belongs"


def _located(text: str, problems: list[tuple[str, int, str, Any]]) -> Iterable[LabelProblem]:
    """Yield the problems with their lines; the search is only made where there are some."""
    if not problems:
        return
    wanted = {written for written, *_ in problems}
    lines: dict[str, list[int]] = {}
    line = at = 0
    for found in _KEY.finditer(text):
        line += text.count("\n", at, found.start())
        at = found.start()
        try:
            key = json.loads(f'"{found[1]}"')
        except ValueError:
            continue
        if key in wanted:
            lines.setdefault(key, []).append(line + 1)
    for written, nth, what, value in problems:
        known = lines.get(written, [])
        yield LabelProblem(
            written, known[nth] if nth < len(known) else 0, what, json.dumps(value, sort_keys=True)
        )


# --- writing ----------------------------------------------------------------------------------------------------


def encode(labels: Mapping[str, str], kept: Iterable[tuple[str, str]] = ()) -> bytes:
    """Return a label file's bytes: sorted, two-space indent, a newline at the end.

    `kept` are (key, JSON) entries that wait for a decision; they stay in the file beside the labels.
    """
    lines = [(key, json.dumps(class_)) for key, class_ in labels.items()]
    lines += [(key, value) for key, value in kept]
    if not lines:
        return b"{}\n"
    body = ",\n".join(f"  {quoted(key)}: {value}" for key, value in sorted(lines))
    return f"{{\n{body}\n}}\n".encode()


def checked_size(data: bytes, name: str) -> bytes:
    """Return the bytes of a label file. Raises Refused where they are more than is ever read."""
    if len(data) > MAX_BYTES:
        raise Refused(
            f"{safe(name)} would have {human_size(len(data))}, and at most {human_size(MAX_BYTES)} are read: it is left "
            "as it is.",
            "Every label is safe in labels.db; take labels off frames that no version needs: unlabel --filter EXPR",
        )
    return data


def usable(key: str) -> bool:
    """True for a key that a label file may hold."""
    return why_unusable(key) is None


def quoted(key: str) -> str:
    """Return a key as JSON text; escaped only where it is no valid text."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return json.dumps(key)
    return json.dumps(key, ensure_ascii=False)


def write(path: Path, labels: Mapping[str, str], kept: Iterable[tuple[str, str]] = ()) -> None:
    """Write a label file, atomically. Raises Lacking (room, permission); the old file is then as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, encode(labels, kept))
