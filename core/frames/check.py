"""A picture file's bytes: read once and safely, checked without decoding.

What always holds: no link is followed below the source, nothing but a regular file of at most 64 MB is read, nothing
blocks, and what is not one whole JPEG or PNG is an error with its reason. Pillow is not needed here. Called through
frames/decode.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from core.errors import Damaged
from core.frames.folders import retrying
from core.human import size as human_size
from core.text import safe

T = TypeVar("T")

#: A camera writes on within this time, or has done.
AT_REST_S = 2.0
MAX_BYTES = 64_000_000
_MAX_HEADER = 8 << 20
_MP = 1_000_000
# A baseline JPEG is decoded at down to 1/8 in bands; progressive ones and PNG need all their pixels in memory.
_MAX_BANDED, _MAX_WHOLE = 160 * _MP, 40 * _MP
# Beyond this size no picture of a camera packs this many pixels into a byte.
_BOMB_PIXELS, _BOMB_RATIO = 20 * _MP, 400
_POINTER = b"version https://git-lfs.github.com/spec/"


class Unreadable(Damaged):
    """A file that can't be shown as a picture: `what` says why.

    Exit code 5 where something is `missing`, 4 where it will be readable in a moment (`passing`), else 3.
    """

    def __init__(
        self, what: str, remedy: str, *, missing: bool = False, passing: bool = False, detail: str = ""
    ) -> None:
        super().__init__(what, remedy, detail=detail)
        self.missing, self.passing = missing, passing
        if missing or passing:
            self.exit_code = 5 if missing else 4


class ImageFacts(Struct, frozen=True):
    """What a whole picture's header says: pixels as stored, 'JPEG' or 'PNG'."""

    width: int
    height: int
    format: str
    progressive: bool = False


class FileBytes(Struct, frozen=True):
    """A file's bytes with what the system said of it while they were read."""

    data: bytes
    mtime_ns: int

    @property
    def oid(self) -> str:
        """The identity of the bytes: 'sha256:<hex>'."""
        import hashlib

        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"


# --- bytes ------------------------------------------------------------------------------------------------------


def read_image(path: Path, *, root: Path | None = None) -> bytes:
    """Return a picture file's bytes, read once. Raises Unreadable.

    No link is followed below `root`, by default the folder of the file's folder: a source, or a version.
    """
    return read_file(path, root=root).data


def read_file(path: Path, *, root: Path | None = None) -> FileBytes:
    """Like `read_image`, with the modification time of what was read."""
    return _with_file(path, root, _read_open)


def read_settled(path: Path, *, root: Path | None = None) -> FileBytes:
    """Like `read_file`, for a label: the file has to be at rest and one whole picture. Raises Unreadable."""
    file = read_file(path, root=root)
    if not at_rest(file.mtime_ns):
        raise being_written(safe(path.name, limit=80))
    inspect(file.data)
    return file


def glance(path: Path, *, root: Path | None = None) -> tuple[int, int]:
    """Return size and mtime of a file whose first and last bytes are a picture's; others are read whole.

    For labels given to a whole day at once. Raises Unreadable as `read_settled` does.
    """
    seen = _with_file(path, root, _look_at_ends)
    if seen is not None:
        return seen
    file = read_settled(path, root=root)
    return len(file.data), file.mtime_ns


def _look_at_ends(fd: int, name: str) -> tuple[int, int] | None:
    """Return size and mtime where both ends are as they should be, None where they ask for a closer look."""
    found = os.fstat(fd)
    if not stat.S_ISREG(found.st_mode) or found.st_size < 64 or not at_rest(found.st_mtime_ns):
        return None
    first, last = os.pread(fd, 8, 0), os.pread(fd, 32, found.st_size - 32)
    jpeg = first.startswith(b"\xff\xd8\xff") and last.rstrip(b"\0").endswith(b"\xff\xd9")
    png = first == b"\x89PNG\r\n\x1a\n" and last[-8:-4] == b"IEND"
    return (found.st_size, found.st_mtime_ns) if jpeg or png else None


def _with_file(path: Path, root: Path | None, do: Callable[[int, str], T]) -> T:
    root = path.parent.parent if root is None else root
    try:
        parts = path.relative_to(root).parts
    except ValueError:
        root, parts = path.parent, (path.name,)
    try:
        return retrying(lambda: _open_below(root, parts, do))
    except OSError as error:
        raise _not_opened(path, error) from error


def _open_below(root: Path, parts: tuple[str, ...], do: Callable[[int, str], T]) -> T:
    flags = os.O_RDONLY | os.O_CLOEXEC
    folder = os.open(root, flags | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            below = os.open(part, flags | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = below
        fd = os.open(parts[-1], flags | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        return do(fd, safe(parts[-1], limit=80))
    finally:
        os.close(fd)


def _read_open(fd: int, name: str) -> FileBytes:
    before = os.fstat(fd)
    if not stat.S_ISREG(before.st_mode):
        raise Unreadable(f"{name} is no regular file.", "It is left alone.")
    if before.st_size > MAX_BYTES:
        raise Unreadable(
            f"{name} is {human_size(before.st_size)}, more than the {human_size(MAX_BYTES)} read.",
            "It is left alone.",
        )
    step = min(
        before.st_size + 1, 1 << 22
    )  # a buffer of the file's own size: a larger one costs more than reading
    data = b"".join(iter(lambda: os.read(fd, step), b""))
    after = os.fstat(fd)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(
        data
    ) != after.st_size:
        raise being_written(name)
    return FileBytes(data, after.st_mtime_ns)


def at_rest(mtime_ns: int) -> bool:
    """True where a file changed so long ago that nobody is writing it any more."""
    return abs(time.time() - mtime_ns / 1e9) >= AT_REST_S


def being_written(name: str) -> Unreadable:
    """Return the error for a file that somebody is writing, or wrote a moment ago."""
    return Unreadable(f"{name} is being written.", "Look again in a few seconds.", passing=True)


def _not_opened(path: Path, error: OSError) -> Unreadable:
    name = safe(path.name, limit=80)
    if error.errno == errno.ENOENT:
        return Unreadable(f"{name} is gone.", "The camera has deleted or moved it.", missing=True)
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return Unreadable(
            f"{name} lies behind a symbolic link, which is not followed.", "Only the source may be one."
        )
    if error.errno == errno.ENXIO:
        return Unreadable(f"{name} is no regular file.", "It is left alone.")
    reason = (error.strerror or str(error)).lower()
    return Unreadable(
        f"{name} can't be read: {reason}.",
        "Check the camera's disk and its mount.",
        missing=error.errno != errno.EISDIR,
    )


# --- checking ---------------------------------------------------------------------------------------------------


def inspect(data: bytes) -> ImageFacts:
    """Check that the bytes are one whole JPEG or PNG of a sane size, without decoding it. Raises Unreadable.

    Finds what decoders miss: a cut end, a tail of zeros (a camera that lost power), more pixels than memory, a
    header of megabytes, a Git LFS pointer, another format behind the name.
    """
    if not data:
        raise Unreadable("The file is empty (0 bytes).", "The camera wrote nothing into it.")
    if data.startswith(b"\xff\xd8\xff"):
        facts = _inspect_jpeg(data)
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        facts = _inspect_png(data)
    elif data.startswith(_POINTER) and len(data) < 1024:
        raise Unreadable(
            "This is a Git LFS pointer, not the picture.", "Get the picture: git lfs pull", missing=True
        )
    else:
        raise Unreadable(f"This is {_kind(data)}, not a JPEG or PNG picture.", "It can't be used as a frame.")
    pixels = facts.width * facts.height
    limit = _MAX_BANDED if facts.format == "JPEG" and not facts.progressive else _MAX_WHOLE
    if not pixels:
        raise Unreadable("The picture has no pixels.", "It can't be used as a frame.")
    if pixels > limit or (pixels > _BOMB_PIXELS and pixels > _BOMB_RATIO * len(data)):
        raise Unreadable(
            f"The picture claims {pixels // _MP} megapixels in {human_size(len(data))}.",
            "That is more than is safe to decode; it can't be used as a frame.",
        )
    return facts


def _kind(data: bytes) -> str:
    known = {
        b"GIF8": "a GIF",
        b"II*\0": "a TIFF",
        b"MM\0*": "a TIFF",
        b"RIFF": "a WebP or AVI",
        b"BM": "a BMP",
        b"%PDF": "a PDF",
    }
    for magic, name in known.items():
        if data.startswith(magic):
            return name
    if not data.strip(b"\0"):
        return "nothing but zeros"
    return "a text or web page" if data[:64].lstrip()[:1] == b"<" else "something else"


def _inspect_jpeg(data: bytes) -> ImageFacts:
    width = height = 0
    progressive = False
    at = 2
    while True:
        while at < len(data) and data[at] == 0xFF:
            at += 1
        if at + 3 > len(data):
            raise _cut_off(data)
        marker = data[at]
        if data[at - 1] != 0xFF:
            raise Unreadable("The picture's header is damaged.", "It can't be used as a frame.")
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 1)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if at + 8 > len(data):
                raise _cut_off(data)
            height, width = struct.unpack_from(">HH", data, at + 4)
            progressive = marker in (0xC2, 0xC6, 0xCA, 0xCE)
        if marker == 0xD9 or length < 2:
            raise _cut_off(data)
        at += 1 + length
        if at > _MAX_HEADER:
            raise Unreadable(
                f"The picture has a header of over {human_size(_MAX_HEADER)}.", "It can't be used as a frame."
            )
        if marker == 0xDA:
            break
    if not width:
        raise Unreadable("The picture's header is damaged.", "It can't be used as a frame.")
    # Within the scan every 0xFF byte of the picture itself is followed by a zero: this can only be the end marker.
    if data.rfind(b"\xff\xd9", at) < 0:
        raise _cut_off(data)
    return ImageFacts(width, height, "JPEG", progressive)


def _inspect_png(data: bytes) -> ImageFacts:
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise _cut_off(data)
    width, height = struct.unpack_from(">II", data, 16)
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] == b"IEND":
            return ImageFacts(width, height, "PNG")
        at += 12 + length
    raise _cut_off(data)


def _cut_off(data: bytes) -> Unreadable:
    zeros = len(data) - len(data.rstrip(b"\0"))
    if zeros > 16:
        return Unreadable(
            f"The picture's last {human_size(zeros)} are zeros: the camera lost power while writing.",
            "It can't be used as a frame.",
        )
    return Unreadable("The picture is cut off: its end is missing.", "It can't be used as a frame.")
