from __future__ import annotations

import io
import os
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.frames.decode import Unreadable, brightness, inspect, load, read_file, read_image
from tests.frames.conftest import Camera


def picture(width: int = 64, height: int = 36, mode: str = "RGB", kind: str = "JPEG", **words: Any) -> bytes:
    """A picture whose left half is dark and right half bright, with a bright top left corner."""
    image = Image.new("RGB", (width, height), (20, 20, 20))
    image.paste((220, 220, 220), (width // 2, 0, width, height))
    image.paste((250, 30, 30), (0, 0, max(1, width // 8), max(1, height // 8)))
    out = io.BytesIO()
    image.convert(mode).save(out, kind, **words)
    return out.getvalue()


JPEG = picture(quality=85)


def test_a_picture_is_decoded_small_and_keeps_its_facts(camera: Camera) -> None:
    data = picture(640, 360)
    path = camera.put("20251107T080000.jpg", data)
    found = load(path, (64, 64))
    assert found.pixels.shape == (36, 64, 3)
    assert found.pixels.dtype == "uint8"
    assert (found.width, found.height, found.size, found.format, found.note) == (
        640,
        360,
        len(data),
        "JPEG",
        "",
    )
    import hashlib

    assert found.oid == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert found.pixels[20, 10].mean() < 60 < found.pixels[20, 50].mean()


def test_a_small_picture_is_not_made_larger(camera: Camera) -> None:
    path = camera.put("20251107T080000.jpg", JPEG)
    assert load(path, (1000, 1000)).pixels.shape == (36, 64, 3)
    assert load(path).pixels.shape == (36, 64, 3)


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_picture_is_shown_right_side_up(camera: Camera, turn: int) -> None:
    """F-038: EXIF orientations 1 to 8."""
    upright = Image.new("RGB", (80, 48), (20, 20, 20))
    upright.paste((250, 30, 30), (0, 0, 16, 16))
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that the orientation takes back
    stored = upright.transpose(Image.Transpose(undo[turn])) if turn > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = turn
    out = io.BytesIO()
    stored.save(out, "JPEG", quality=95, exif=exif)
    for box in (None, (40, 40)):
        found = load(camera.put("20251107T080000.jpg", out.getvalue()), box)
        assert (found.width, found.height) == (80, 48)
        assert found.pixels[1, 1, 0] > 180
        assert found.pixels[-2, -2, 0] < 60


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("CMYK", "JPEG"),
        ("L", "JPEG"),
        ("L", "PNG"),
        ("P", "PNG"),
        ("RGBA", "PNG"),
        ("LA", "PNG"),
        ("1", "PNG"),
    ],
)
def test_every_kind_of_pixels_is_shown(camera: Camera, mode: str, kind: str) -> None:
    """F-038: CMYK, grey, palette, alpha."""
    found = load(camera.put("20251107T080000.jpg", picture(mode=mode, kind=kind)), (32, 32))
    assert found.pixels.shape == (18, 32, 3)
    assert found.pixels[10, 4].mean() < 80 < 150 < found.pixels[10, 28].mean()


def test_sixteen_bit_greys_are_scaled_not_clipped(camera: Camera) -> None:
    out = io.BytesIO()
    Image.new("I;16", (8, 8), 0x4000).save(out, "PNG")
    assert load(camera.put("20251107T080000.png", out.getvalue())).pixels[4, 4].tolist() == [64, 64, 64]
    assert round(brightness(out.getvalue())) == 64


def test_a_png_under_a_jpg_name_is_shown_and_noted(camera: Camera) -> None:
    """F-036: by content: PNG ok and noted, others refused."""
    found = load(camera.put("20251107T080000.jpg", picture(kind="PNG")))
    assert (found.format, found.note) == ("PNG", "a PNG picture by its content")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"GIF89a" + b"x" * 50, "a GIF"),
        (b"II*\0" + b"x" * 50, "a TIFF"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\0" * 5000, "zeros"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "Git LFS pointer"),
        (b"\xff\xd8\xff", "cut off"),
        (b"\x89PNG\r\n\x1a\n", "cut off"),
    ],
)
def test_what_is_no_picture_says_what_it_is(camera: Camera, data: bytes, word: str) -> None:
    """F-033, F-036, F-037: zero bytes, other formats, an LFS pointer."""
    path = camera.put("20251107T080000.jpg", data)
    with pytest.raises(Unreadable, match=word) as caught:
        load(path, (10, 10))
    assert caught.value.exit_code == (5 if "pointer" in word else 3)
    assert caught.value.remedy


@pytest.mark.parametrize("kind", ["baseline", "progressive", "PNG"])
def test_a_picture_cut_at_any_byte_is_refused(kind: str) -> None:
    """F-034: truncated JPEG (every cut)."""
    data = picture(48, 32, kind="PNG" if kind == "PNG" else "JPEG", progressive=kind == "progressive")
    assert inspect(data).width == 48
    for end in range(
        len(data) - (4 if kind == "PNG" else 0)
    ):  # a PNG's last four bytes are a checksum of nothing
        with pytest.raises(Unreadable):
            inspect(data[:end])


def test_a_tail_of_zeros_at_full_size_is_refused() -> None:
    """F-035: zero-filled tail, full size, which the decoder alone misses."""
    exif = Image.Exif()
    exif[0x010E] = "with a \xff\xd9 in its header"
    data = picture(320, 200, quality=90, exif=exif)
    for end in range(4, len(data) - 1, 7):
        with pytest.raises(Unreadable):
            inspect(data[:end] + b"\0" * (len(data) - end))


def test_an_end_marker_in_a_thumbnail_does_not_stand_for_the_pictures_own() -> None:
    marker = b"\xff\xe1" + struct.pack(">H", 2 + len(JPEG)) + JPEG  # a whole picture inside a header segment
    data = JPEG[:2] + marker + JPEG[2:]
    assert inspect(data).width == 64
    with pytest.raises(Unreadable, match="cut off"):
        inspect(data[:-2])


def bomb(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 4096)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(JPEG)
    at = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, at + 5, height, width)
    return bytes(data)


@pytest.mark.parametrize("data", [bomb(20_000, 20_000), bomb(10_000, 10_001), jpeg_claiming(12_000, 9_000)])
def test_a_decompression_bomb_is_refused_at_once(camera: Camera, data: bytes) -> None:
    """F-039: decompression bomb: refused within a second, no memory taken."""
    begun = time.perf_counter()
    with pytest.raises(Unreadable, match="megapixels"):
        load(camera.put("20251107T080000.jpg", data), (10, 10))
    assert time.perf_counter() - begun < 10


def test_a_large_real_jpeg_is_previewed(camera: Camera) -> None:
    """F-040: a real JPEG of many megapixels is shown from a scaled decoding."""
    noise = Image.effect_noise((6000, 4000), 60).convert("RGB")
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=60)
    found = load(camera.put("20251107T080000.jpg", out.getvalue()), (300, 200))
    assert (found.width, found.height, found.pixels.shape) == (6000, 4000, (200, 300, 3))


def test_a_header_of_megabytes_is_refused() -> None:
    """F-042: EXIF, comments of megabytes are capped."""
    comment = b"\xff\xfe" + struct.pack(">H", 0xFFFF) + b"x" * 0xFFFD
    with pytest.raises(Unreadable, match="header"):
        inspect(JPEG[:2] + comment * 200 + JPEG[2:])


def test_senseless_exif_does_not_hide_a_whole_picture(camera: Camera) -> None:
    exif = b"\xff\xe1" + struct.pack(">H", 40) + b"Exif\0\0" + b"II*\0\xff\xff\xff\x7f" + b"\xff" * 24
    assert load(camera.put("20251107T080000.jpg", JPEG[:2] + exif + JPEG[2:]), (10, 10)).width == 64


# --- the file itself --------------------------------------------------------------------------------------------


def test_nothing_but_a_regular_file_is_read_and_nothing_blocks(camera: Camera) -> None:
    """F-043, F-044: FIFO, link, folder: refused, never waited for."""
    day = camera.put("20251107T080000.jpg", JPEG).parent
    os.mkfifo(day / "fifo.jpg")
    (day / "link.jpg").symlink_to("/etc/passwd")
    (day / "near.jpg").symlink_to("20251107T080000.jpg")
    (day / "folder.jpg").mkdir()
    (camera.folder / "20251108").symlink_to(day)
    for path in (day / "fifo.jpg", day / "link.jpg", day / "near.jpg", day / "folder.jpg"):
        with pytest.raises(Unreadable) as caught:
            read_image(path)
        assert caught.value.exit_code == 3
    with pytest.raises(Unreadable, match="symbolic link"):
        read_image(camera.folder / "20251108" / "20251107T080000.jpg")
    assert read_image(camera.ws.frame_path(camera.key("20251107T080000.jpg"))) == JPEG


def test_a_frame_that_vanished_is_gone(camera: Camera) -> None:
    """F-030: "gone", exit code 5."""
    with pytest.raises(Unreadable, match="gone") as caught:
        load(camera.folder / "20251107" / "20251107T080000.jpg")
    assert caught.value.exit_code == 5


def test_a_file_of_over_64_megabytes_is_not_read(camera: Camera) -> None:
    path = camera.put("20251107T080000.jpg")
    with path.open("r+b") as file:
        file.truncate(65 << 20)
    with pytest.raises(Unreadable, match="64 MB"):
        read_image(path)


def test_half_a_frame_just_written_is_being_written(camera: Camera) -> None:
    """F-032: camera still writing: "being written", and an old half file is cut off."""
    path = camera.put("20251107T080000.jpg", JPEG[:-40], fresh=True)
    with pytest.raises(Unreadable, match="being written"):
        load(path)
    os.utime(path, (1, 1))
    with pytest.raises(Unreadable, match="cut off"):
        load(path)


def test_bytes_and_time_belong_together(camera: Camera) -> None:
    path = camera.put("20251107T080000.jpg", JPEG)
    found = read_file(path)
    assert (found.data, found.mtime_ns) == (JPEG, path.stat().st_mtime_ns)


def test_brightness_is_the_mean_grey() -> None:
    assert abs(brightness(picture(400, 240)) - 120) < 8
    assert brightness(picture(400, 240, mode="L")) == pytest.approx(brightness(picture(400, 240)), abs=2)


def test_real_photographs_are_whole(real_frames: Path) -> None:
    found = sorted(real_frames.rglob("*.jpg"))
    for path in found:
        facts = inspect(path.read_bytes())
        assert facts.width > 0
    for path in found[::60]:
        assert load(path, (160, 90), root=real_frames).pixels.size


@given(st.integers(0, len(JPEG) - 1), st.binary(min_size=1, max_size=4), st.booleans())
@settings(max_examples=300, deadline=None)
def test_damaged_bytes_are_a_picture_or_an_error_never_a_crash(at: int, wrong: bytes, insert: bool) -> None:
    data = JPEG[:at] + wrong + JPEG[at + (0 if insert else len(wrong)) :]
    try:
        inspect(data)
        brightness(data)
    except Unreadable:
        pass


@given(
    st.binary(max_size=200), st.sampled_from([b"", JPEG[:2], JPEG[:200], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"])
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused_or_read(tail: bytes, head: bytes) -> None:
    try:
        inspect(head + tail)
    except Unreadable:
        pass
