"""A shared file that a stranger made: refused with exit code 3, and nothing changed."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Damaged, PrintModelsError
from core.sharing.unpack import opened
from tests.conftest import Cli
from tests.sharing.test_sharing import whole

MANIFEST = "print-models-share.json"
JPEG = b"\xff\xd8\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00?\x00\x01\xff\xd9"
HEX = hashlib.sha256(JPEG).hexdigest()
PICTURE = f"pictures/{HEX}.jpg"


def frame(**words: Any) -> dict[str, Any]:
    return {
        "frame": "printer-timelapses/20251107/20251107T080000.jpg",
        "captured_at": "2025-11-07T08:00:00",
        "sha256": f"sha256:{HEX}",
        "size": len(JPEG),
        "picture": PICTURE,
        "labels": {"offline-detection": {"class": "active", "by": "Eve", "how": "hand", "at": ""}},
        **words,
    }


def manifest(*frames: dict[str, Any], **words: Any) -> bytes:
    tasks = {"offline-detection": {"classes": ["offline", "active"]}}
    told = {"kind": "print-models share", "format": 1, "who": "Eve", "tasks": tasks, "frames": list(frames)}
    return json.dumps({**told, **words}).encode()


Entry = tuple[str | zipfile.ZipInfo, bytes]


def zipped(*entries: Entry, compress: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compress) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


GOOD = ((PICTURE, JPEG), (MANIFEST, manifest(frame())))


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate name"):
        return zipped((PICTURE, JPEG), *GOOD)


def lying_size() -> bytes:
    """The central directory tells of four gigabytes, stored, that are not there."""
    data = bytearray(zipped(*GOOD))
    at = data.index(b"PK\x01\x02")
    data[at + 20 : at + 28] = struct.pack("<II", 0xF0000000, 0xF0000000)
    return bytes(data)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a name that leaves the folder": lambda: zipped(*GOOD, ("../../evil.jpg", JPEG)),
    "an absolute name": lambda: zipped(*GOOD, ("/evil.jpg", JPEG)),
    "a name that nobody asked for": lambda: zipped(*GOOD, ("pictures/evil.sh", b"#!")),
    "a symlink": lambda: zipped((link(PICTURE), b"/etc/passwd"), GOOD[1]),
    "two entries of one name": twice,
    "a picture that nothing names": lambda: zipped(*GOOD, (f"pictures/{'0' * 64}.jpg", JPEG)),
    "a picture that is missing": lambda: zipped(GOOD[1]),
    "other bytes of the same size": lambda: zipped((PICTURE, JPEG[:-3] + b"\x02\xff\xd9"), GOOD[1]),
    "bytes that are no picture": lambda: _text_as_picture(),
    "a bomb": lambda: zipped((PICTURE, bytes(1 << 24)), GOOD[1], compress=zipfile.ZIP_DEFLATED),
    "a size that is not so": lying_size,
    "a size told larger": lambda: zipped(GOOD[0], (MANIFEST, manifest(frame(size=10**7)))),
    "no list of contents": lambda: zipped(GOOD[0]),
    "another program's list": lambda: zipped(GOOD[0], (MANIFEST, b'{"kind": "x"}')),
    "a list that is no JSON": lambda: zipped(GOOD[0], (MANIFEST, b"{")),
    "a list nested deep": lambda: zipped(GOOD[0], (MANIFEST, b"[" * 100_000)),
    "a key that leaves": lambda: zipped(GOOD[0], (MANIFEST, manifest(frame(frame="../../x.jpg")))),
    "an absolute key": lambda: zipped(GOOD[0], (MANIFEST, manifest(frame(frame="/etc/x.jpg")))),
    "a frame twice": lambda: zipped(GOOD[0], (MANIFEST, manifest(frame(), frame()))),
    "no moment": lambda: zipped(GOOD[0], (MANIFEST, manifest(frame(captured_at="../../..")))),
    "a moment of year 5": lambda: zipped(GOOD[0], (MANIFEST, manifest(frame(captured_at="0005-01-01")))),
    "a picture by another name": lambda: zipped(
        GOOD[0], (MANIFEST, manifest(frame(picture=f"pictures/{'0' * 64}.jpg")))
    ),
    "a class that it does not describe": lambda: zipped(
        GOOD[0],
        (MANIFEST, manifest(frame(labels={"t": {"class": "a", "by": "", "how": "", "at": ""}}))),
    ),
    "half a character": lambda: zipped(GOOD[0], (MANIFEST, manifest(frame(), who="\ud800"))),
    "history that is none": lambda: zipped(
        GOOD[0],
        (MANIFEST, manifest(frame(), history=[{"journal": "x", "lines": [{"seq": "a"}]}])),
    ),
    "cut short": lambda: zipped(*GOOD)[:-40],
    "cut in the middle": lambda: zipped(*GOOD)[: len(zipped(*GOOD)) // 2],
    "not a zip": lambda: b"PK\x03\x04" + b"x" * 500,
    "empty": lambda: b"",
}


def _text_as_picture() -> bytes:
    data = b"#!/bin/sh\n"
    digest = hashlib.sha256(data).hexdigest()
    told = frame(sha256=f"sha256:{digest}", size=len(data), picture=f"pictures/{digest}.jpg")
    return zipped((f"pictures/{digest}.jpg", data), (MANIFEST, manifest(told)))


def look(path: Path) -> None:
    with opened(path) as archive:
        archive.prove()


def test_the_file_that_the_others_are_made_of_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "good.zip"
    path.write_bytes(zipped(*GOOD))
    look(path)


@pytest.mark.parametrize("what", HOSTILE)
def test_what_no_share_makes_is_refused(what: str, tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    path.write_bytes(HOSTILE[what]())
    with pytest.raises(Damaged) as caught:
        look(path)
    assert "Nothing was changed" in caught.value.what


@pytest.mark.parametrize(
    "what", ["a name that leaves the folder", "other bytes of the same size", "not a zip", "a symlink"]
)
def test_a_refused_file_changes_nothing(what: str, bare_copy: Path, tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "evil.zip"
    path.write_bytes(HOSTILE[what]())
    before = whole(bare_copy)
    answer = cli(bare_copy, "import", path)
    assert answer.code == 3, answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""
    assert whole(bare_copy) == before


def test_a_newer_tools_file_is_said_to_be_one(bare_copy: Path, tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "newer.zip"
    path.write_bytes(zipped((MANIFEST, manifest(format=2, frames="other"))))
    answer = cli(bare_copy, "import", path)
    assert (answer.code, "Update print-models" in answer.err) == (1, True)


def test_words_of_a_stranger_do_not_reach_the_terminal(bare_copy: Path, tmp_path: Path, cli: Cli) -> None:
    path = tmp_path / "loud.zip"
    told = frame(frame="cam\x1b]52;c;x\x07/20251107/20251107T080000.jpg")
    path.write_bytes(zipped(GOOD[0], (MANIFEST, manifest(told, who="\x1b[31mEve\u202e"))))
    answer = cli(bare_copy, "import", path, "--dry-run")
    assert answer.code == 0, answer.err
    assert "\x1b" not in answer.out
    assert "\u202e" not in answer.out


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 1500), byte=st.integers(0, 255), cut=st.integers(0, 400))
def test_a_changed_byte_is_found_or_means_nothing(tmp_path: Path, at: int, byte: int, cut: int) -> None:
    """Whatever is changed: the file is refused in words, or every picture still is what its hash says."""
    data = bytearray(zipped(*GOOD))
    data[at % len(data)] = byte
    path = tmp_path / "changed.zip"
    path.write_bytes(bytes(data[: len(data) - cut % 3]))
    try:
        with opened(path) as archive:
            for name in archive.pictures:
                assert hashlib.sha256(archive.picture(name)).hexdigest() in name
    except PrintModelsError:
        pass
