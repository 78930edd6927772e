"""`sequences`: what it finds, what it writes, what it keeps when it is stopped."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from core.frames.change import Changes
from core.workspace import Workspace
from tests.conftest import CAMERA, Cli, Place
from tests.frames.moving import Look, film, story

STILL, PRINTING, DONE = Look(), Look(head=0, part=True), Look(part=True)
LINE = re.compile(r"Seq +\d+ \(len= *\d+\) \| [^ ].*")


@pytest.fixture
def place(workspace: Callable[..., Place]) -> Place:
    """A workspace whose camera saw two prints, one of them over midnight."""
    made: Place = workspace(frames=0)
    evening = film(made.camera, story((15, STILL), (25, PRINTING), (15, DONE)), start="20251107T180000")
    night = film(made.camera, story((10, STILL), (44, PRINTING), (10, DONE)), start="20251107T233000")
    return Place(made.root, made.camera, [*evening, *night])


def test_it_names_each_sequence_and_writes_the_file_of_old(place: Place, cli: Cli) -> None:
    answer = cli(place.root, "sequences")
    assert answer.code == 0, answer.err
    assert "Seq   0      25 frames  2025-11-07 18:15 to 18:39" in answer.out
    assert "Seq   1      44 frames  2025-11-07 23:40 to 2025-11-08 00:23" in answer.out
    assert "2 sequences: 69 of 119 frames" in answer.out
    text = (place.root / "data" / "active_candidates.txt").read_text()
    lines = text.splitlines()
    assert [line[:1] for line in lines[:3]] == ["#", "#", ""]
    assert all(LINE.fullmatch(line) for line in lines[3:])
    assert lines[3] == f"Seq   0 (len=  25) | {CAMERA}/20251107/20251107T181500.jpg"
    assert lines[6] == f"Seq   1 (len=  44) | {CAMERA}/20251107/20251107T234000.jpg"
    assert [line.split("|")[1].strip() for line in lines[3:6]] == [
        f"{CAMERA}/20251107/20251107T{moment}00.jpg" for moment in ("1815", "1827", "1839")
    ]


def test_what_was_measured_is_not_measured_again(place: Place, cli: Cli) -> None:
    first = cli(place.root, "sequences", "--json").json
    again = cli(place.root, "sequences", "--json").json
    assert (first["measured"], again["measured"]) == (119, 0)
    assert first["sequences"] == again["sequences"]
    assert first["waiting"] == 0
    (one, other) = first["sequences"]
    assert (one["frames"], other["frames"]) == (25, 44)
    assert other["from"] == "2025-11-07T23:40:00"
    assert first["thresholds"][CAMERA] > 0


def test_frames_that_cannot_be_read_are_counted_and_named(place: Place, cli: Cli) -> None:
    for moment in ("1801", "1820"):
        path = place.camera / "20251107" / f"20251107T{moment}00.jpg"
        path.write_bytes(path.read_bytes()[:900])
        os.utime(path, (1_600_000_000, 1_600_000_000))
    answer = cli(place.root, "sequences")
    assert answer.code == 0
    assert "2 frames can't be read:" in answer.out
    assert f"{CAMERA}/20251107/20251107T182000.jpg  The picture is cut off" in answer.out
    found = cli(place.root, "sequences", "--json").json
    assert [one["frame"][-19:] for one in found["unreadable"]] == [
        "20251107T180100.jpg",
        "20251107T182000.jpg",
    ]
    assert [one["frames"] for one in found["sequences"]] == [25, 44], (
        "one frame in the middle ends no sequence"
    )


def test_a_camera_in_front_of_which_nothing_moves_has_no_sequence(
    workspace: Callable[..., Place], cli: Cli
) -> None:
    made = workspace(frames=0)
    film(made.camera, story((60, STILL)))
    answer = cli(made.root, "sequences")
    assert answer.code == 0
    assert answer.out.startswith("0 sequences: 0 of 60 frames")
    assert len((made.root / "data" / "active_candidates.txt").read_text().strip().splitlines()) == 2


def test_a_camera_that_is_away_leaves_the_file_as_it_is(place: Place, cli: Cli) -> None:
    cli(place.root, "sequences")
    path = place.root / "data" / "active_candidates.txt"
    before = path.read_bytes()
    place.camera.rename(place.camera.with_name("gone"))
    answer = cli(place.root, "sequences")
    assert answer.code == 0, "what is known of it is still told"
    assert "is not reachable" in answer.err
    assert path.read_bytes() == before
    for name in (place.root / ".print-models").glob("index.db*"):
        name.unlink()
    answer = cli(place.root, "sequences")
    assert answer.code == 5
    assert path.read_bytes() == before


def test_wrong_words_are_wrong_usage(place: Place, cli: Cli) -> None:
    assert cli(place.root, "sequences", "--least", "1").code == 2
    assert cli(place.root, "sequences", "--source", "nobody").code == 2
    assert not (place.root / "data" / "active_candidates.txt").exists()


def test_ctrl_c_keeps_what_was_measured(workspace: Callable[..., Place], cli: Cli) -> None:
    made = workspace(frames=0)
    film(made.camera, story((1200, Look(noise=0.5))))
    child = subprocess.Popen(
        [sys.executable, "-m", "core", "-C", str(made.root), "sequences"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with Changes(Workspace.open(made.root)) as changes:
        while child.poll() is None and not changes.all():
            threading.Event().wait(0.02)  # the first frames are kept while the others are still measured
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
        kept = len(changes.all())
    assert child.returncode == 130
    assert "goes on from there" in err
    assert not (made.root / "data" / "active_candidates.txt").exists()
    assert 0 < kept < 1200
    assert cli(made.root, "sequences", "--json").json["measured"] == 1200 - kept


def test_of_what_the_camera_has_deleted_nothing_is_said(place: Place, cli: Cli) -> None:
    broken = place.camera / "20251107" / "20251107T120000.jpg"
    broken.write_bytes(b"no picture" * 99)
    os.utime(broken, (1_700_000_000, 1_700_000_000))
    first = cli(place.root, "sequences", "--json").json
    assert [one["frame"].rpartition("/")[2] for one in first["unreadable"]] == [broken.name]
    shutil.rmtree(broken.parent)
    whole = next((place.camera / "20251108").iterdir())
    (whole.parent / "20251108T120000.jpg").write_bytes(whole.read_bytes()[:200])  # being written just now
    answer = cli(place.root, "sequences", "--json").json
    assert answer["frames"] == 35
    assert (answer["waiting"], answer["unreadable"]) == (1, [])
