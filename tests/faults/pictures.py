"""Camera files as they should not be: cut, zeroed, disguised, swollen. Who uses it: the tests of rows 26 to 48."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

from tests.conftest import CAMERA, Place

DAY = "20251107"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 282131\n"


def picture(width: int = 64, height: int = 36, mode: str = "RGB", kind: str = "JPEG", **words: Any) -> bytes:
    """A small picture: dark on the left, bright on the right, red in the upper left corner."""
    from PIL import Image

    image = Image.new("RGB", (width, height), (20, 20, 20))
    image.paste((220, 220, 220), (width // 2, 0, width, height))
    image.paste((250, 30, 30), (0, 0, max(1, width // 8), max(1, height // 8)))
    out = io.BytesIO()
    image.convert(mode).save(out, kind, **words)
    return out.getvalue()


def put(place: Place, name: str, data: bytes, *, day: str = DAY, fresh: bool = False) -> str:
    """Write a file into the camera's day folder, long ago unless told otherwise; return its key."""
    path = place.camera / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if not fresh:
        os.utime(path, (1762470000, 1762470000))
    return f"{CAMERA}/{day}/{name}"


def segment(marker: int, content: bytes) -> bytes:
    """A JPEG's header segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def chunk(kind: bytes, content: bytes) -> bytes:
    """A PNG's chunk."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_bomb(side: int) -> bytes:
    """A PNG of side x side black pixels in a few kilobytes."""
    row = b"\0" * (side // 8 + 1)
    squeezed = zlib.compressobj(9)
    data = b"".join(squeezed.compress(row) for _ in range(side)) + squeezed.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def claiming(width: int, height: int) -> bytes:
    """A small JPEG whose header claims another size."""
    data = bytearray(picture())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def export_of(place: Place) -> dict[str, Path]:
    """Return the images of v1 by the frame they are of."""
    import json

    version = place.root / "datasets" / "offline-detection" / "v1"
    lines = (version / "metadata.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    return {row["source"]: version / row["file_name"] for row in rows}


def key(path: Path) -> str:
    """Return the key of a file in the camera's day folder."""
    return f"{CAMERA}/{path.parent.name}/{path.name}"
