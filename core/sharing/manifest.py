"""What a shared file says of itself: its frames with the hashes of their pictures, labels, marks, lines of history.

What always holds: the bytes are the same for the same content; what is read came from somebody else, so every part is
checked here for its kind, its length and its sense, and nothing of it is believed before. Called by sharing/pack and
sharing/unpack.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec

from core.errors import Damaged, PrintModelsError, Refused
from core.frames.check import MAX_BYTES
from core.frames.names import why_unusable
from core.labels.journal import is_step
from core.labels.marks import MARKS
from core.text import safe
from core.version import __version__

FORMAT = 1
KIND = "print-models share"
#: The file's name in the archive; pictures are called by their hashes.
NAME = "print-models-share.json"
PICTURE = re.compile(r"pictures/([0-9a-f]{64})\.(?:jpg|png)")
#: A manifest of a million frames is smaller.
MOST_BYTES = 1_000_000_000

_OID = re.compile(r"sha256:[0-9a-f]{64}")
_Word = Annotated[str, msgspec.Meta(max_length=200)]
_Text = Annotated[str, msgspec.Meta(max_length=10_000)]
_Key = Annotated[str, msgspec.Meta(max_length=4096)]


class SharedTask(msgspec.Struct, frozen=True):
    """A task as it was where the file was made: its classes in their order."""

    classes: tuple[_Word, ...]


class SharedLabel(msgspec.Struct, frozen=True, rename={"class_": "class"}):
    """A label: who gave it, how, when (UTC), and the class it replaced."""

    class_: _Word
    by: _Word
    how: _Word
    at: _Word
    before: _Word | None = None


class SharedMark(msgspec.Struct, frozen=True):
    """What is said of a frame beside its classes; as in data/marks.json."""

    mark: _Word | None = None
    reason: _Text = ""
    note: _Text = ""
    example: _Word | None = None
    by: _Word = ""
    at: _Word = ""
    task: _Word | None = None


class SharedFrame(msgspec.Struct, frozen=True):
    """A frame: its key where it comes from, its moment, the identity of its picture, what is said of it.

    `picture` is the picture's name in the file, None where the file brings labels alone.
    """

    frame: _Key
    captured_at: _Word
    sha256: _Word
    size: Annotated[int, msgspec.Meta(gt=0, le=MAX_BYTES)]
    picture: _Word | None = None
    labels: dict[str, SharedLabel] = {}
    mark: SharedMark | None = None

    @property
    def moment(self) -> datetime:
        """When it was taken, to the second: local time without an offset, as cameras write it."""
        return datetime.fromisoformat(self.captured_at).replace(microsecond=0)


class SharedLines(msgspec.Struct, frozen=True):
    """Labelling steps as one machine's journal tells them, of the shared frames alone."""

    journal: _Word
    lines: list[dict[str, Any]]


class Share(msgspec.Struct, frozen=True):
    """A shared file's whole content but the pictures; frames in order of their keys."""

    who: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    tasks: dict[_Word, SharedTask]
    frames: list[SharedFrame]
    history: list[SharedLines] = []
    kind: str = KIND
    format: int = FORMAT
    tool: _Word = f"print-models {__version__}"


def encode(share: Share) -> bytes:
    """Return the manifest's bytes: sorted, a frame at a time on lines of its own."""
    compact = msgspec.json.encode(share, order="deterministic")
    return msgspec.json.format(compact, indent=1) + b"\n"


def picture_name(oid: str, form: str) -> str:
    """Return what a picture is called in the file; `form` is 'JPEG' or 'PNG'."""
    return f"pictures/{oid.removeprefix('sha256:')}.{'png' if form == 'PNG' else 'jpg'}"


def decode(data: bytes) -> Share:
    """Return what a manifest says. Raises Damaged where it says what can't be, Refused where it is a newer tool's."""
    try:
        loose = msgspec.json.decode(data)
        if not isinstance(loose, dict) or loose.get("kind") != KIND:
            raise _wrong("its list of contents is none of print-models")
        if isinstance(loose.get("format"), int) and loose["format"] > FORMAT:
            raise Refused(
                f"A newer print-models made this file (format {loose['format']}).",
                "Update print-models to take it.",
            )
        share = msgspec.convert(loose, Share)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _wrong(safe(str(error), limit=200)) from error
    seen: set[str] = set()
    sizes: dict[str, int] = {}
    for frame in share.frames:
        _check(frame, share)
        if frame.frame in seen:
            raise _wrong(f"{safe(frame.frame, limit=120)} is in it twice")
        if sizes.setdefault(frame.sha256, frame.size) != frame.size:
            raise _wrong(f"two sizes are told of the picture of {safe(frame.frame, limit=120)}")
        seen.add(frame.frame)
    for part in share.history:
        if not all(is_step(line) for line in part.lines):
            raise _wrong("a line of its history is no labelling step")
    return share


def _check(frame: SharedFrame, share: Share) -> None:
    name = safe(frame.frame, limit=120)
    if why := why_unusable(frame.frame):
        raise _wrong(f"the key “{name}” {why}")
    if not _OID.fullmatch(frame.sha256):
        raise _wrong(f"the hash of {name} is none")
    if frame.picture is not None:
        named = PICTURE.fullmatch(frame.picture)
        if named is None or named[1] != frame.sha256.removeprefix("sha256:"):
            raise _wrong(f"the picture of {name} is not called by its hash")
    try:
        moment = datetime.fromisoformat(frame.captured_at)
    except ValueError as error:
        raise _wrong(f"the moment of {name} is none") from error
    if moment.tzinfo is not None or moment.year < 1000:
        raise _wrong(f"the moment of {name} is no camera's")
    for task, label in frame.labels.items():
        if task not in share.tasks or label.class_ not in share.tasks[task].classes:
            raise _wrong(f"the label of {name} is of a task or class that it does not describe")
    if frame.mark is not None and frame.mark.mark not in (None, *MARKS):
        raise _wrong(f"the mark of {name} is none")


def _wrong(why: str) -> PrintModelsError:
    return Damaged(
        f"This is no file that can be taken: {why}. Nothing was changed.",
        "Ask for it again: print-models share OUT.zip",
    )
