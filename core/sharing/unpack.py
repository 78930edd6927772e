"""A shared file is opened: looked at whole, as something that a stranger sent, before anything of it is believed.

What always holds: nothing is unpacked by the names that stand in it; a file that holds anything but one list of
contents and the pictures that this list names, each stored as it is, once, with the size and the hash told of it, is
refused before anything is written. What is read is never more than what the file itself is long. Called by
sharing/arriving and sharing/taking.
"""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.durable import explain, open_regular
from core.errors import Damaged, Lacking, PrintModelsError
from core.frames.check import Unreadable, inspect
from core.progress import CancelToken, Progress, Report, silent
from core.sharing.manifest import MOST_BYTES, NAME, PICTURE, Share, decode
from core.text import safe

_ENCRYPTED = 0x1
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")


class Archive:
    """A shared file that was found in order but for its pictures' bytes; `picture` reads one and compares it."""

    def __init__(self, zipped: zipfile.ZipFile, share: Share) -> None:
        self.share = share
        self._zipped = zipped
        self._sizes = {frame.picture: frame.size for frame in share.frames if frame.picture}

    @property
    def pictures(self) -> tuple[str, ...]:
        """The names of the pictures that it holds, in order."""
        return tuple(sorted(self._sizes))

    @property
    def total(self) -> int:
        """The size of all its pictures in bytes."""
        return sum(self._sizes.values())

    def picture(self, name: str) -> bytes:
        """Return a picture's bytes, compared with their hash and found to be one whole picture. Raises Damaged."""
        data = _read(self._zipped, name, self._sizes[name])
        named = PICTURE.fullmatch(name)
        if named is None or hashlib.sha256(data).hexdigest() != named[1]:
            raise _refused("the bytes of a picture are not those that its hash tells")
        try:
            inspect(data)
        except Unreadable as error:
            raise _refused(f"{safe(name)} is no whole picture ({error.what.rstrip('.')})") from error
        return data

    def prove(self, report: Report = silent, cancel: CancelToken | None = None) -> None:
        """Read every picture once and compare it. Raises Damaged, Cancelled."""
        for done, name in enumerate(self.pictures):
            if cancel is not None:
                cancel.check()
            report(Progress("reading what was shared", done, len(self._sizes)))
            self.picture(name)


def is_archive(path: Path) -> bool:
    """True for what is meant as a shared file: by its name, or by its first bytes."""
    if path.suffix.lower() == ".zip":
        return True
    try:
        with open_regular(path) as file:
            return file.read(4) in _MAGIC
    except (OSError, PrintModelsError):
        return False


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Open a shared file. Raises Lacking (not there), Damaged (not one that can be taken), Refused (a newer tool's)."""
    try:
        file = open_regular(path)
    except FileNotFoundError as error:
        raise Lacking(f"There is no file {safe(path)}.", "Check the path.") from error
    except OSError as error:
        raise explain(error, f"reading {safe(path.name)}") from error
    with file:
        try:
            with zipfile.ZipFile(file) as zipped:
                yield Archive(zipped, _checked(zipped))
        # NotImplementedError is what zipfile raises of an archive packed in a way it can't read.
        except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError) as error:
            raise _refused(f"{safe(path.name)} is no zip file, or is cut short") from error


def _checked(zipped: zipfile.ZipFile) -> Share:
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in zipped.infolist():
        name = safe(info.filename, limit=120)
        if info.filename in entries:
            raise _refused(f"it holds {name} twice")
        if info.filename != NAME and PICTURE.fullmatch(info.filename) is None:
            raise _refused(f"it holds {name}, which is no picture by its hash")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _refused(f"{name} in it is a link or a special file")
        stored = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
        if not stored or info.flag_bits & _ENCRYPTED:
            raise _refused(f"{name} in it is compressed or encrypted; pictures are stored as they are")
        entries[info.filename] = info
    if NAME not in entries:
        raise _refused("it has no list of contents")
    if entries[NAME].file_size > MOST_BYTES:
        raise _refused("its list of contents is too long")
    share = decode(_read(zipped, NAME, entries.pop(NAME).file_size))
    told = {frame.picture: frame.size for frame in share.frames if frame.picture}
    if told != {name: info.file_size for name, info in entries.items()}:
        raise _refused("its pictures are not those of its list of contents")
    return share


def _read(zipped: zipfile.ZipFile, name: str, size: int) -> bytes:
    try:
        with zipped.open(name) as entry:
            data = entry.read(size + 1)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
        raise _refused(f"{safe(name)} in it is damaged or cut short") from error
    if len(data) != size:
        raise _refused(f"{safe(name)} in it has another size than is told")
    return data


def _refused(why: str) -> PrintModelsError:
    return Damaged(
        f"This is no file that can be taken: {why}. Nothing was changed.",
        "Ask for it again: print-models share OUT.zip",
    )
