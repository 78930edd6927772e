"""Faults 45 to 48: many frames, names with anything in them, names that are one on some file systems."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CAMERA, Cli, Place
from tests.faults.pictures import DAY, export_of, picture, put
from tests.memory import measured

Make = Callable[..., Place]

#: What a name may hold between the moment and the ending; the last is a name of 255 bytes.
ODD = (
    "a\nb",
    "a\tb",
    "\x1b]52;c;aGk=\x07\x1b[31m",
    "\u202eab\u2066",
    " -rf ",
    "[b]x[@click=app.quit]",
    "$(id) `id` \"'&|;<>*?",
    "\\\\x\\n",
    "\x7f\x9b",
    "ä€🖨",
    "x" * (255 - 19),
)


def same_tree(place: Place) -> dict[str, bytes]:
    """The images that git holds at HEAD by name, as pointers."""
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "-z", "--name-only", "HEAD", "datasets"],
        cwd=place.root,
        capture_output=True,
        check=True,
    )
    return {name.decode(): b"" for name in listed.stdout.split(b"\0") if name}


@pytest.mark.slow
def test_f_045_two_hundred_thousand_files_in_a_day(workspace: Make, cli: Cli) -> None:
    """first page ≤ 1 s, RSS cap"""
    place = workspace(1)
    day = place.camera / "20251106"
    day.mkdir()
    source = place.camera / DAY / "20251107T080000.jpg"
    part = day
    for number in range(200_000):
        if number % 20_000 == 0:  # a file can't have more names than some 65 000
            part = day / f"20251106T{number // 8640 % 24:02}0000_{number}.jpg"
            part.write_bytes(source.read_bytes())
        else:
            second = number % 86_400
            name = f"20251106T{second // 3600:02}{second // 60 % 60:02}{second % 60:02}_{number}.jpg"
            os.link(part, day / name)
    first_page(place, "20251106")


def test_f_045_five_thousand_days(workspace: Make, cli: Cli) -> None:
    """first page ≤ 1 s, RSS cap"""
    from datetime import date, timedelta

    place = workspace(1)
    source = place.camera / DAY / "20251107T080000.jpg"
    for number in range(5000):
        day = f"{date(2010, 1, 1) + timedelta(days=number):%Y%m%d}"
        (place.camera / day).mkdir()
        os.link(source, place.camera / day / f"{day}T080000.jpg")
    first_page(place, "20100101")


def first_page(place: Place, day: str) -> None:
    """Ask in a process of its own for the first page of a folder never listed before, then for all of it."""
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from core.frames.index import FrameIndex\nfrom core.workspace import Workspace\n"
        "index = FrameIndex(Workspace.open(Path(sys.argv[1])))\nbegin = time.monotonic()\n"
        "first = index.first(200)\ntook = time.monotonic() - begin\nassert len(first) == 200 or len(first) == 1\n"
        "assert first[0].key.split('/')[1] == sys.argv[2], first[0]\n"
        "found = index.scan()\nassert len(index.frames()) == found.frames\n"
        "print(took, found.frames)"
    )
    words = [sys.executable, "-c", code, place.root, day]
    done, peak = measured(words, cwd=Path(__file__).parents[2], note=place.root.parent / "peak")
    assert done.returncode == 0, done.stderr
    took, frames = done.stdout.split()
    assert int(frames) in (200_001, 5001)
    assert float(took) < 10
    assert peak < 300 * 1024 * 1024


def test_f_046_names_with_anything_in_them(workspace: Make, cli: Cli) -> None:
    """shown safely; label/export/git round-trip exact"""
    place = workspace(1)
    frames = [put(place, f"{DAY}T0900{n:02}{odd}.jpg", picture(64 + n, 36)) for n, odd in enumerate(ODD)]
    (place.camera / DAY / os.fsdecode(b"20251107T093000\xff.jpg")).write_bytes(picture())
    listed = cli(place.root, "frames", "--json")
    assert [row["frame"] for row in listed.json["frames"]] == [place.keys[0], *frames]
    assert "1 × a name that is no valid text" in listed.err
    shown = cli(place.root, "frames")
    for answer in (listed, shown):
        for text in (answer.out, answer.err):
            assert not [c for c in text if c != "\n" and (ord(c) < 32 or 126 < ord(c) < 160)]
            assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert len(shown.out.splitlines()) == len(frames) + 1, "a name is one line"
    for n, class_ in enumerate(("active", "offline")):
        given = cli(place.root, "label", "--as", class_, "--", *frames[n::2])
        assert given.code == 0, given.err
    written = json.loads((place.root / "data" / "labels.json").read_text(encoding="utf-8"))
    assert set(written) == set(frames)
    released = cli(place.root, "release")
    assert released.code in (0, 6), released.err
    exported = export_of(place)
    assert set(exported) == set(frames)
    in_git = set(same_tree(place))
    for frame, path in exported.items():
        assert path.name == frame.rsplit("/", 1)[1]
        assert path.read_bytes() == (place.root / frame).read_bytes()
        assert path.relative_to(place.root).as_posix() in in_git
    assert cli(place.root, "verify", "v1").code == 0
    assert cli(place.root, "label", "--as", "active", "--day", "20251107").code == 0


def test_f_047_twins_on_some_file_systems(workspace: Make, cli: Cli) -> None:
    """both kept, renamed so that they differ on every file system; export refuses a true collision"""
    place = workspace(2)
    accent = f"{DAY}T090000é.jpg"
    twins = [
        put(place, unicodedata.normalize("NFC", accent), picture(65, 36)),
        put(place, unicodedata.normalize("NFD", accent), picture(66, 36)),
        put(place, f"{DAY}T091000ab.jpg", picture(67, 36)),
        put(place, f"{DAY}T091000Ab.jpg", picture(68, 36)),
    ]
    assert cli(place.root, "label", "--as", "active", *twins).code == 0
    assert cli(place.root, "label", "--as", "offline", *place.keys).code == 0
    assert cli(place.root, "export").code == 0
    exported = export_of(place)
    names = [exported[frame].name for frame in twins]
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == 4
    assert all(exported[frame].read_bytes() == (place.root / frame).read_bytes() for frame in twins)
    third = put(place, f"{DAY}T091000AB.jpg", picture(69, 36))
    assert cli(place.root, "label", "--as", "active", third).code == 0
    refused = cli(place.root, "export")
    assert refused.code == 1, refused.out
    assert "would have one file name" in refused.err


def test_f_048_one_name_in_two_days(workspace: Make, cli: Cli) -> None:
    """both exported, the second renamed as FORMATS.md says"""
    place = workspace(2)
    again = put(place, "20251107T080000.jpg", picture(65, 36), day="20251108")
    assert cli(place.root, "label", "--as", "active", again).code == 0
    assert cli(place.root, "label", "--as", "offline", *place.keys).code == 0
    assert cli(place.root, "export").code == 0
    exported = export_of(place)
    assert exported[place.keys[0]].name == "20251107T080000.jpg"
    assert exported[again].name == f"{CAMERA}-20251108-20251107T080000.jpg"
    for frame in (place.keys[0], again):
        assert exported[frame].read_bytes() == (place.root / frame).read_bytes()
