"""Faults 30 to 44 on the command line: what is no whole picture of the camera's own is said, and never labelled."""

from __future__ import annotations

import io
import json
import os
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import CAMERA, Answer, Cli, Place, run_program
from tests.faults.harness import PROGRAM, need_strace
from tests.faults.pictures import DAY, POINTER, chunk, claiming, export_of, picture, png_bomb, put, segment
from tests.memory import measured

Make = Callable[..., Place]
_MB = 1 << 20


def labels(place: Place) -> dict[str, str]:
    """What the label file holds."""
    path = place.root / "data" / "labels.json"
    return json.loads(path.read_text()) if path.exists() else {}


def refused(cli: Cli, place: Place, frame: str, words: str, code: int = 3, *, before: bool = False) -> None:
    """Label a frame by name: refused in a sentence, nothing written; `before` where it had a label already."""
    answer = cli(place.root, "label", "--as", "active", frame)
    assert (answer.code, words in answer.err) == (code, True), answer.err
    assert "Traceback" not in answer.err
    assert (frame in labels(place)) is before


def left_out(cli: Cli, place: Place, *, day: str = DAY) -> dict[str, str]:
    """Label a whole day; return what was left out, and why."""
    answer = cli(place.root, "label", "--as", "active", "--day", day, "--json")
    assert answer.code == 0, answer.err
    assert not set(labels(place)) & {row["frame"] for row in answer.json["left_out"]}
    return {row["frame"]: row["reason"] for row in answer.json["left_out"]}


@pytest.mark.parametrize("how", ["dangling", "missing", "not mounted"])
def test_f_026_a_camera_that_is_away(workspace: Make, cli: Cli, how: str) -> None:
    """ "camera not reachable"; labels not marked missing"""
    place = workspace(4)
    assert cli(place.root, "label", "--as", "active", *place.keys[:2]).code == 0
    assert cli(place.root, "label", "--as", "offline", place.keys[2]).code == 0
    before = labels(place)
    link = place.root / CAMERA
    link.unlink()
    if how == "dangling":
        link.symlink_to("/nowhere/at/all")
    elif how == "not mounted":
        link.mkdir()
    away = cli(place.root, "label", "--as", "active", place.keys[3])
    assert away.code == 5
    assert f"The camera {CAMERA} is not reachable" in away.err
    listed = cli(place.root, "frames", "--filter", "label", "--json")
    assert listed.code == 0, "what only reads goes on"
    assert {row["frame"]: row["label"] for row in listed.json["frames"]} == before
    status = cli(place.root, "status")
    assert status.code == 0
    assert "not reachable" in status.out + status.err
    assert labels(place) == before
    if how == "not mounted":
        link.rmdir()
    link.unlink(missing_ok=True)
    link.symlink_to(place.camera)
    assert cli(place.root, "label", "--as", "active", place.keys[3]).code == 0


def with_failing(place: Place, path: Path, fault: str, *words: str) -> Answer:
    """Run a command in which reading that file or folder fails: 'ESTALE:when=1'."""
    need_strace()
    calls = "read,pread64,getdents64"
    rule = ["-P", os.path.realpath(path), "-e", f"trace={calls}", "-e", f"inject={calls}:error={fault}"]
    return run_program(["strace", "-qq", "-o", os.devnull, *rule, *PROGRAM, *words], cwd=place.root)


def test_f_027_a_stale_handle(workspace: Make) -> None:
    """one retry, then message; app lives"""
    place = workspace(3)
    path = place.camera / DAY / "20251107T080100.jpg"
    once = with_failing(place, path, "ESTALE:when=1", "label", "--as", "active", place.keys[1])
    assert once.code == 0, once.err
    stays = with_failing(place, path, "ESTALE:when=1+", "label", "--as", "offline", place.keys[1])
    assert stays.code == 5
    assert "can't be read: stale file handle" in stays.err
    assert labels(place) == {place.keys[1]: "active"}
    for when, listed in (("when=1", True), ("when=1+", False)):
        answer = with_failing(place, path.parent, f"ESTALE:{when}", "frames", "--json")
        assert answer.code == 0
        assert ("can't be read" not in answer.err) is listed
        assert [row["frame"] for row in answer.json["frames"]] == place.keys, (
            "a stale folder keeps its frames"
        )


def test_f_028_a_bad_block_under_one_file(workspace: Make) -> None:
    """that image flagged, next works"""
    place = workspace(3)
    path = place.camera / DAY / "20251107T080100.jpg"
    painted = with_failing(place, path, "EIO:when=1+", "label", "--as", "active", "--day", DAY, "--json")
    assert painted.code == 0
    assert [row["frame"] for row in painted.json["left_out"]] == [place.keys[1]]
    assert "input/output error" in painted.json["left_out"][0]["reason"]
    assert set(labels(place)) == {place.keys[0], place.keys[2]}
    named = with_failing(place, path, "EIO:when=1+", "label", "--as", "active", place.keys[1])
    assert (named.code, "input/output error" in named.err) == (5, True)


def test_f_030_a_frame_that_vanishes(workspace: Make, cli: Cli) -> None:
    """ "gone", moves on; label not written"""
    place = workspace(3)
    assert cli(place.root, "frames").code == 0
    (place.camera / DAY / "20251107T080100.jpg").unlink()
    refused(cli, place, place.keys[1], "gone", 5)
    day = place.camera / DAY
    os.utime(day, ns=(0, 1))  # as from a share whose times are cached: the list still has it
    cli(place.root, "frames")
    (day / "20251107T080200.jpg").unlink()
    os.utime(day, ns=(0, 1))
    assert left_out(cli, place) == {place.keys[2]: "is gone"}
    assert list(labels(place)) == [place.keys[0]]


def test_f_031_a_link_swapped_in(workspace: Make, cli: Cli, tmp_path: Path) -> None:
    """bytes hashed = bytes shown = bytes exported"""
    place = workspace(4)
    for number, class_ in enumerate(("active", "active", "offline", "offline")):
        assert cli(place.root, "label", "--as", class_, place.keys[number]).code == 0
    other = tmp_path / "other.jpg"
    other.write_bytes(picture(80, 45))
    swapped = place.camera / DAY / "20251107T080100.jpg"
    whole = swapped.read_bytes()
    swapped.unlink()
    swapped.symlink_to(other)
    refused(cli, place, f"{CAMERA}/{DAY}/20251107T080100.jpg", "symbolic link", before=True)
    ended = cli(place.root, "export")
    if ended.code:  # no copy of the labelled bytes was kept: nothing is exported before they are back
        assert "20251107T080100" in ended.err
        assert not (place.root / "datasets" / "offline-detection" / "v1").exists()
        swapped.unlink()
        swapped.write_bytes(whole)
        os.utime(swapped, (1, 1))
        assert cli(place.root, "export").code == 0
    assert export_of(place)[place.keys[1]].read_bytes() == whole


@contextmanager
def still_written(paths: list[Path]) -> Iterator[None]:
    """A camera that goes on writing these files, however long the machine takes to look at them."""
    over = threading.Event()

    def write() -> None:
        while not over.wait(0.3):
            for path in paths:
                os.utime(path)

    camera = threading.Thread(target=write)
    camera.start()
    try:
        yield
    finally:
        over.set()
        camera.join()


def test_f_032_a_camera_still_writing(workspace: Make, cli: Cli) -> None:
    """ "being written", label disabled until stable"""
    place = workspace(2)
    growing = put(place, "20251107T090000.jpg", picture()[:-100], fresh=True)
    whole = put(place, "20251107T090100.jpg", picture(), fresh=True)
    paths = [place.camera / Path(frame).relative_to(CAMERA) for frame in (growing, whole)]
    with still_written(paths):
        for frame in (growing, whole):
            refused(cli, place, frame, "being written", 4)
        assert left_out(cli, place) == {growing: "is being written", whole: "is being written"}
    for frame, path in zip((growing, whole), paths, strict=True):
        path.write_bytes(picture())
        os.utime(path, (1, 1))
        assert cli(place.root, "label", "--as", "active", frame).code == 0


def test_f_033_an_empty_file(workspace: Make, cli: Cli) -> None:
    """flagged, not labelable, not exported"""
    place = workspace(3)
    empty = put(place, "20251107T090000.jpg", b"")
    refused(cli, place, empty, "empty (0 bytes)")
    assert "empty" in left_out(cli, place)[empty]
    cli(place.root, "label", "--as", "offline", place.keys[0])
    # A label that another tool gave it stops the export.
    (place.root / "data" / "labels.json").write_text(json.dumps({**labels(place), empty: "active"}))
    stopped = cli(place.root, "export")
    assert stopped.code == 1, stopped.out
    assert "empty (0 bytes)" in stopped.err
    assert not (place.root / "datasets" / "offline-detection" / "v1").exists()


def test_f_034_a_cut_jpeg(workspace: Make, cli: Cli) -> None:
    """flagged"""
    place = workspace(1)
    whole = picture(160, 90, quality=70)
    cuts = {
        put(place, f"20251107T09{n // 60:02}{n % 60:02}.jpg", whole[:at])
        for n, at in enumerate(range(1, len(whole), max(1, len(whole) // 120)))
    }
    found = left_out(cli, place)
    assert set(found) == cuts
    assert labels(place) == {place.keys[0]: "active"}
    assert sum("cut off" in reason for reason in found.values()) > len(cuts) * 0.9


def test_f_035_a_tail_of_zeros(workspace: Make, cli: Cli) -> None:
    """flagged (EOI/NUL rule) — Pillow alone misses 58/60"""
    place = workspace(1)
    whole = picture(160, 90, quality=70)
    zeroed = {
        put(place, f"20251107T09{n // 60:02}{n % 60:02}.jpg", whole[:at] + b"\0" * (len(whole) - at))
        for n, at in enumerate(range(0, len(whole) - 2, max(1, len(whole) // 120)))
    }
    found = left_out(cli, place)
    assert set(found) == zeroed
    assert sum("zeros" in reason for reason in found.values()) > 40, "all that is cut behind its header"


def test_f_036_a_wrong_ending(workspace: Make, cli: Cli) -> None:
    """by content: PNG ok & noted, others refused"""
    place = workspace(1)
    gif, tiff = picture(mode="P", kind="GIF"), picture(kind="TIFF")
    for n, (data, words) in enumerate(
        (
            (gif, "a GIF"),
            (tiff, "a TIFF"),
            (b"<!DOCTYPE html><html>", "web page"),
            (b"hello", "something else"),
        )
    ):
        frame = put(place, f"20251107T0900{n:02}.jpg", data)
        refused(cli, place, frame, words)
    assert len(left_out(cli, place)) == 4
    png = put(place, "20251107T091000.jpg", picture(kind="PNG"))
    assert cli(place.root, "label", "--as", "offline", png).code == 0
    assert cli(place.root, "export").code == 0
    assert export_of(place)[png].read_bytes().startswith(b"\x89PNG")


def test_f_037_a_pointer_for_a_picture(workspace: Make, cli: Cli) -> None:
    """ "this is a Git LFS pointer; run git lfs pull\""""
    place = workspace(1)
    frame = put(place, "20251107T090000.jpg", POINTER)
    refused(cli, place, frame, "This is a Git LFS pointer, not the picture.", 5)
    refused(cli, place, frame, "git lfs pull", 5)
    assert "LFS pointer" in left_out(cli, place)[frame]


def odd_pictures() -> dict[str, bytes]:
    """Every kind of picture that is no plain RGB JPEG, by the end of its name."""
    from PIL import Image

    made = {
        "cmyk.jpg": picture(mode="CMYK"),
        "grey.jpg": picture(mode="L"),
        "palette.png": picture(mode="P", kind="PNG"),
        "alpha.png": picture(mode="RGBA", kind="PNG"),
    }
    out = io.BytesIO()
    Image.new("I;16", (64, 36), 0x4000).save(out, "PNG")
    made["16bit.png"] = out.getvalue()
    frames = [Image.new("RGB", (64, 36), (level, 0, 0)) for level in (10, 200)]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    made["animated.png"] = out.getvalue()
    out = io.BytesIO()
    frames[0].save(out, "MPO", save_all=True, append_images=frames[1:])
    made["mpo.jpg"] = out.getvalue()
    for turn in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = turn
        made[f"turn{turn}.jpg"] = picture(exif=exif)
    return made


def test_f_038_odd_pictures(workspace: Make, cli: Cli) -> None:
    """shown right side up; bytes exported unchanged; converted only in the loader"""
    from core.frames.helper import helpers

    place = workspace(1)
    assert cli(place.root, "label", "--as", "offline", place.keys[0]).code == 0
    made = {
        put(place, f"20251107T0900{n:02}_{name}", data)
        for n, (name, data) in enumerate(odd_pictures().items())
    }
    assert not left_out(cli, place)
    assert cli(place.root, "label", "--as", "offline", place.keys[0]).code == 0
    assert cli(place.root, "export", "--all").code == 0
    exported = export_of(place)
    assert made <= set(exported)
    for frame in made:
        path = place.camera / Path(frame).relative_to(CAMERA)
        assert exported[frame].read_bytes() == path.read_bytes()
        shown = helpers().load(path, (32, 32))
        assert (shown.columns, shown.rows) in ((32, 18), (18, 32))
        if "turn" in frame or "cmyk" in frame:
            turned = frame[-5] in "5678"
            # The red corner of the stored picture lies where its orientation says.
            corner = {"1": (0, 0), "2": (0, -1), "3": (-1, -1), "4": (-1, 0), "5": (0, 0), "6": (0, -1)}
            corner |= {"7": (-1, -1), "8": (-1, 0), "k": (0, 0)}
            assert shown.pixels[corner[frame[-5]]][0] > 150
            assert turned == (shown.width < shown.height)


def test_f_039_a_bomb(workspace: Make, cli: Cli) -> None:
    """refused ≤ 1 s, RSS ≤ cap"""
    place = workspace(1)
    for n, data in enumerate(
        (png_bomb(20_000), png_bomb(10_400), claiming(20_000, 20_000), claiming(65_000, 2_000))
    ):
        frame = put(place, f"20251107T0900{n:02}.jpg", data)
        assert len(data) < 100_000
        begin = time.monotonic()
        refused(cli, place, frame, "megapixels")
        assert time.monotonic() - begin < 10
        words = [*PROGRAM, "-C", place.root, "label", "--as", "active", frame]
        done, peak = measured(words, cwd=place.root.parent, note=place.root.parent / "peak")
        assert (done.returncode, peak < 300 * _MB) == (3, True)


@pytest.mark.slow
def test_f_040_a_hundred_megapixels(workspace: Make, cli: Cli) -> None:
    """preview via draft ≤ 1 s"""
    from PIL import Image

    from core.frames.helper import Helpers

    place = workspace(1)
    out = io.BytesIO()
    Image.effect_noise((12_000, 8_400), 40).save(out, "JPEG", quality=60)
    frame = put(place, "20251107T090000.jpg", out.getvalue())
    helpers = Helpers(most=1)
    path = place.camera / Path(frame).relative_to(CAMERA)
    helpers.load(place.camera / DAY / "20251107T080000.jpg", (80, 45))
    begin = time.monotonic()
    found = helpers.load(path, (160, 90))
    assert time.monotonic() - begin < 10
    assert (found.width, found.height, found.rows) == (12_000, 8_400, 90)
    helpers.close()
    assert cli(place.root, "label", "--as", "active", frame).code == 0


def test_f_042_swollen_headers(workspace: Make, cli: Cli) -> None:
    """capped"""
    place = workspace(1)
    whole = picture()
    filler = {
        "exif": segment(0xE1, b"Exif\0\0" + b"x" * 60_000),
        "icc": segment(0xE2, b"ICC_PROFILE\0\1\1" + b"x" * 60_000),
        "comment": segment(0xFE, b"x" * 65_000),
    }
    for n, part in enumerate(filler.values()):
        frame = put(
            place, f"20251107T0900{n:02}.jpg", whole[:2] + part * (60 * 1_000_000 // len(part)) + whole[2:]
        )
        begin = time.monotonic()
        refused(cli, place, frame, "header of over 8")
        assert time.monotonic() - begin < 10
    looping = b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\x08"
    frame = put(place, "20251107T091000.jpg", whole[:2] + segment(0xE1, b"Exif\0\0" + looping) + whole[2:])
    assert cli(place.root, "label", "--as", "active", frame).code == 0, (
        "an EXIF that makes no sense is not followed"
    )
    png = picture(kind="PNG")
    icc = chunk(b"iCCP", b"x\0\0" + zlib.compress(b"\0" * 60 * _MB))
    frame = put(place, "20251107T092000.png", png[:33] + icc + png[33:])
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.frames.check import Unreadable\n"
        "from core.frames.helper import Helpers\nhelpers = Helpers(most=1)\n"
        "try:\n    helpers.load(Path(sys.argv[1]), (32, 32))\n"
        "except Unreadable as error:\n    print(error.what)\nhelpers.close()"
    )
    words = [sys.executable, "-c", code, place.camera / Path(frame).relative_to(CAMERA)]
    done, peak = measured(words, cwd=Path(__file__).parents[2], note=place.root.parent / "peak")
    assert "too large" in done.stdout, done.stderr
    assert peak < 300 * _MB


def test_f_043_what_is_no_file(workspace: Make, cli: Cli, tmp_path: Path) -> None:
    """ignored with a count; never blocks"""
    place = workspace(2)
    day = place.camera / DAY
    os.mkfifo(day / "20251107T090000.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        before = Path.cwd()
        os.chdir(day)  # a socket's path must be short
        try:
            listening.bind("20251107T090100.jpg")
        finally:
            os.chdir(before)
    (day / "20251107T090200.jpg").symlink_to("/dev/zero")
    (day / "20251107T090300.jpg").mkdir()
    listed = cli(place.root, "frames", "--json")
    assert listed.code == 0
    assert [row["frame"] for row in listed.json["frames"]] == place.keys
    for line in ("2 × neither a file nor a folder", "1 × a symbolic link", "1 × a folder"):
        assert line in listed.err
    assert not left_out(cli, place)
    for name, words in (
        ("00", "no regular file"),
        ("01", "regular file"),
        ("02", "symbolic link"),
        ("03", ""),
    ):
        answer = cli(place.root, "label", "--as", "active", f"{CAMERA}/{DAY}/20251107T09{name}00.jpg")
        assert answer.code in (1, 3, 5), answer.err
        assert words in answer.err


def test_f_044_links_out(workspace: Make, cli: Cli, tmp_path: Path) -> None:
    """refused, counted"""
    place = workspace(2)
    day = place.camera / DAY
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "20251108T080000.jpg").write_bytes(picture())
    (day / "20251107T090000.jpg").symlink_to("/etc/passwd")
    (day / "20251107T090100.jpg").symlink_to("20251107T090100.jpg")
    (place.camera / "20251108").symlink_to(tmp_path / "elsewhere")
    listed = cli(place.root, "frames", "--json")
    assert [row["frame"] for row in listed.json["frames"]] == place.keys
    assert "2 × a symbolic link" in listed.err
    assert "1 × a symbolic link" in listed.err
    for frame in (f"{DAY}/20251107T090000.jpg", f"{DAY}/20251107T090100.jpg", "20251108/20251108T080000.jpg"):
        refused(cli, place, f"{CAMERA}/{frame}", "symbolic link")
