"""label, unlabel, history, undo, frames as a person runs them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CAMERA, Cli, Place

Make = Callable[..., Place]


def labels(place: Place, name: str = "labels.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place.root / "data" / name).read_text())
    return found


def test_a_frame_is_labelled_and_the_file_says_so(workspace: Make, cli: Cli) -> None:
    place = workspace(4)
    said = cli(place.root, "label", "--as", "Active", place.keys[1])
    assert (said.code, said.out) == (0, "offline-detection: active × 1 · Fri 7 Nov 2025 08:01\n")
    assert labels(place) == {place.keys[1]: "active"}
    history = cli(place.root, "history", place.keys[1], "--json").json
    assert history["format"] == 1
    assert [(h["who"], h["how"], h["before"], h["after"]) for h in history["history"]] == [
        ("Ana", "hand", None, "active")
    ]
    assert "no label → active" in cli(place.root, "history", place.keys[1]).out


def test_frames_that_had_the_class_already_are_told(workspace: Make, cli: Cli) -> None:
    place = workspace(11, start="20251107T080000")
    cli(place.root, "label", "--as", "active", *place.keys[2:8])
    said = cli(place.root, "label", "--as", "active", "--day", "7 Nov 2025")
    assert said.out.startswith(
        "offline-detection: active × 5 · Fri 7 Nov 2025 08:00–08:10; 6 were active already"
    )
    other = cli(place.root, "label", "--as", "offline", "--day", "7 Nov 2025", "--from", "08:03")
    assert "already" not in other.out
    said = cli(place.root, "label", "--as", "offline", "--day", "7 Nov 2025", "--from", "08:02")
    assert said.out.endswith("offline × 1 · Fri 7 Nov 2025 08:02; 8 were offline already\n")


def test_a_stretch_may_go_from_one_day_to_another(workspace: Make, cli: Cli) -> None:
    place = workspace(9, start="20251107T235600")
    words = ("label", "--as", "active", "--day", "7 Nov 2025..2025-11-08", "--from", "23:58", "--to", "00:02")
    said = cli(place.root, *words, "--json")
    assert said.json["day"] == "20251107..20251108"
    assert list(labels(place)) == place.keys[2:7]
    assert "2025-11-07 to 2025-11-08" in cli(place.root, "label", "--as", "offline", *words[3:5]).out
    assert set(labels(place)) == set(place.keys)
    cli(place.root, "unlabel", "--day", "20251107..20251110")
    assert labels(place) == {}
    back = cli(place.root, "label", "--as", "active", "--day", "20251108..20251107")
    assert (back.code, "ends before it begins" in back.err) == (2, True)


def test_who_labels_may_be_said(workspace: Make, cli: Cli) -> None:
    place = workspace(2)
    cli(place.root, "label", "--as", "active", "--who", "ben", place.keys[0])
    cli(place.root, "label", "--as", "active", place.keys[1], env={"PRINT_MODELS_WHO": "cyd"})
    who = [cli(place.root, "history", key, "--json").json["history"][0]["who"] for key in place.keys]
    assert who == ["ben", "cyd"]
    nobody = cli(place.root, "label", "--as", "active", place.keys[0], env={"GIT_CONFIG_GLOBAL": "/dev/null"})
    assert nobody.code == 5
    assert "who" in nobody.err


def test_a_stretch_over_midnight_is_one_step(workspace: Make, cli: Cli) -> None:
    place = workspace(30, start="20251107T233000", every=120)
    said = cli(
        place.root,
        "label",
        "--as",
        "active",
        "--day",
        "7 Nov 2025",
        "--from",
        "23:50",
        "--to",
        "00:10",
        "--json",
    ).json
    assert (said["changed"], said["step"]) == (11, 1)
    assert said["frames"][0].endswith("20251107T235000.jpg")
    assert said["frames"][-1].endswith("20251108T001000.jpg")
    both_days = "active × 11 · Fri 7 Nov 2025 23:50–Sat 8 Nov 00:10\n"
    assert cli(place.root, "undo", "--dry-run").out == f"would take back: {both_days}"
    assert len(labels(place)) == 11
    assert cli(place.root, "undo").code == 0
    assert labels(place) == {}


def test_that_a_stretch_goes_over_midnight_is_said(workspace: Make, cli: Cli) -> None:
    place = workspace(30, start="20251107T233000", every=120)
    words = ("label", "--as", "active", "--day", "20251107", "--from", "23:50", "--to", "00:10")
    assert (
        "00:10 comes before 23:50, so that of the next day is meant: up to 2025-11-08 00:10"
        in cli(place.root, *words).err
    )


def test_times_that_are_exchanged_label_no_whole_day(workspace: Make, cli: Cli) -> None:
    place = workspace(40, start="20251107T143000", every=3600)
    words = ("label", "--as", "active", "--day", "20251107", "--from", "16:00", "--to", "15:00")
    refused = cli(place.root, *words)
    assert refused.code == 2
    assert "15:00 comes before 16:00: over midnight that would be 23 h" in refused.err
    assert cli(place.root, "frames", "--filter", "label", "--json").json["total"] == 0
    assert "--day 20251107..20251108 --from 16:00 --to 15:00" in refused.err
    meant = cli(place.root, *words[:4], "20251107..20251108", *words[5:], "--json").json
    assert (meant["changed"], meant["frames"][-1][-10:]) == (23, "143000.jpg")


def test_a_filter_chooses_frames(workspace: Make, cli: Cli) -> None:
    place = workspace(10)
    cli(place.root, "label", "--as", "active", "--filter", "08:02-08:04")
    rest = cli(place.root, "label", "--as", "offline", "--filter", "!label day:20251107", "--json").json
    assert rest["changed"] == 7
    shown = cli(place.root, "frames", "--filter", "label:active how:stretch by:ana", "--json").json
    assert [row["frame"] for row in shown["frames"]] == place.keys[2:5]
    assert shown["total"] == 3
    row = shown["frames"][0]
    assert (row["captured_at"], row["label"], row["recording"]) == (
        "2025-11-07T08:02:00",
        "active",
        f"{CAMERA}/20251107T080000",
    )
    assert cli(place.root, "frames", "--limit", "2").out.splitlines()[-1] == "… 8 more (--limit 10 shows all)"
    assert cli(place.root, "unlabel", "--filter", "label:active").code == 0
    assert len(labels(place)) == 7


def test_each_task_has_its_own_file(workspace: Make, cli: Cli) -> None:
    place = workspace(2)
    cli(place.root, "label", "--task", "failed-print-detection", "--as", "failed", place.keys[0])
    assert labels(place, "failed_print_labels.json") == {place.keys[0]: "failed"}
    assert cli(place.root, "undo").code == 0
    assert labels(place, "failed_print_labels.json") == {}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--as", "actve", "KEY"], 2, "no class “actve”"),
        (["--as", "good", "KEY"], 2, "no class “good”"),
        (["--as", "active"], 2, "Say which frames"),
        (["--as", "active", "KEY", "--day", "today"], 2, "one of them"),
        (["--as", "active", "--from", "08:00", "KEY"], 2, "belong to a --day"),
        (["--as", "active", "--day", "32 Nov"], 2, "is no day"),
        (["--as", "active", "--day", "20251107", "--from", "8h"], 2, "no time of day"),
        (["--as", "active", "--filter", "speed:9"], 2, "no term “speed:9”"),
        (["KEY"], 2, "--as"),
        (["--as", "active", "--day", "20200101"], 5, "No frame matches"),
        (["--as", "active", f"{CAMERA}/20251107/20251107T235959.jpg"], 5, "gone"),
        (["--as", "active", "../../etc/passwd"], 1, "not a usable frame key"),
        (["--as", "active", "20251107T080000"], 1, f"beginning with the camera: {CAMERA}/…"),
        (["--as", "active", "elsewhere/20251107/20251107T080000.jpg"], 1, "no source"),
        (["--as", "active", "KEY", "--task", "speed"], 2, "no task"),
    ],
)
def test_bad_words_get_a_sentence_and_change_nothing(
    workspace: Make, cli: Cli, words: list[str], code: int, said: str
) -> None:
    place = workspace(2)
    answer = cli(place.root, "label", *[place.keys[0] if word == "KEY" else word for word in words])
    assert answer.code == code
    assert said in answer.err
    assert answer.out == ""
    assert "Traceback" not in answer.err
    assert not (place.root / "data" / "labels.json").exists() or labels(place) == {}


def test_what_is_no_picture_is_not_labelled(workspace: Make, cli: Cli) -> None:
    place = workspace(6)
    day = place.camera / "20251107"
    whole = (day / "20251107T080000.jpg").read_bytes()
    bad = {
        "20251107T080000.jpg": (b"", 3, "empty"),
        "20251107T080100.jpg": (whole[:-30], 3, "cut off"),
        "20251107T080200.jpg": (whole[:-300] + b"\0" * 300, 3, "zeros"),
        "20251107T080300.jpg": (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            5,
            "git lfs pull",
        ),
    }
    for name, (data, code, words) in bad.items():
        (day / name).write_bytes(data)
        os.utime(day / name, (1, 1))
        said = cli(place.root, "label", "--as", "active", f"{CAMERA}/20251107/{name}")
        assert (said.code, words in said.err) == (code, True), said.err
    painted = cli(place.root, "label", "--as", "active", "--day", "20251107", "--json")
    assert painted.json["changed"] == 2
    assert [row["frame"] for row in painted.json["left_out"]] == place.keys[:4]
    for _, _, words in list(bad.values())[:3]:
        assert words in painted.err


def test_a_camera_that_is_away_is_said(workspace: Make, cli: Cli) -> None:
    """F-026: "camera not reachable", code 5 for what needs it; reading goes on."""
    place = workspace(3)
    cli(place.root, "label", "--as", "active", place.keys[0])
    (place.root / CAMERA).unlink()
    (place.root / CAMERA).symlink_to("/nowhere/at/all")
    for words in (
        ["label", "--as", "active", place.keys[1]],
        ["label", "--as", "active", "--day", "20251107"],
    ):
        said = cli(place.root, *words)
        assert said.code == 5
        assert "not reachable" in said.err
    shown = cli(place.root, "frames", "--filter", "label")
    assert shown.code == 0
    assert place.keys[0] in shown.out
    assert cli(place.root, "unlabel", place.keys[0]).code == 0


def test_labels_of_frames_the_camera_deleted_are_listed_and_can_be_taken_off(
    workspace: Make, cli: Cli
) -> None:
    place = workspace(3)
    cli(place.root, "label", "--as", "active", "--day", "20251107")
    (place.camera / "20251107" / "20251107T080000.jpg").unlink()
    assert cli(place.root, "frames", "--json").json["total"] == 3
    assert cli(place.root, "unlabel", "--day", "20251107", "--json").json["changed"] == 3
    assert cli(place.root, "unlabel", place.keys[0]).code == 5
    assert cli(place.root, "undo").code == 0
    assert len(labels(place)) == 3


def test_a_path_from_where_one_stands_names_a_frame(workspace: Make, cli: Cli) -> None:
    place = workspace(2)
    assert cli(place.root / "data", "label", "--as", "active", f"../{place.keys[0]}").code == 0
    assert cli(place.root, "label", "--as", "active", f"./{place.keys[1]}").code == 0
    assert set(labels(place)) == set(place.keys)


def test_a_broken_label_file_is_left_and_the_label_is_saved(workspace: Make, cli: Cli) -> None:
    """F-014: named error with line numbers, code 3; the label is in labels.db and comes into the file later."""
    place = workspace(3)
    cli(place.root, "label", "--as", "active", place.keys[0])
    path = place.root / "data" / "labels.json"
    good = path.read_bytes()
    broken = b"{\n<<<<<<< HEAD\n=======\n>>>>>>> x\n}\n"
    path.write_bytes(broken)
    said = cli(place.root, "label", "--as", "offline", place.keys[1])
    assert said.code == 3
    assert "lines 2, 3, 4" in said.err
    assert "The label IS saved, in .print-models/labels.db" in said.err
    assert path.read_bytes() == broken
    path.write_bytes(good)
    assert cli(place.root, "label", "--as", "offline", place.keys[2]).code == 0
    assert len(labels(place)) == 3


def test_an_outside_change_that_takes_many_labels_off_needs_a_word(workspace: Make, cli: Cli) -> None:
    place = workspace(15)
    cli(place.root, "label", "--as", "active", "--day", "20251107")
    (place.root / "data" / "labels.json").write_text(json.dumps({place.keys[0]: "active"}))
    said = cli(place.root, "label", "--as", "offline", place.keys[0])
    assert said.code == 1
    assert "−14" in said.err
    assert cli(place.root, "undo").code == 1
    assert cli(place.root, "frames", "--filter", "label:active", "--json").json["total"] == 15
    assert cli(place.root, "label", "--as", "offline", place.keys[1], "--accept-outside").code == 0
    assert labels(place) == {place.keys[0]: "active", place.keys[1]: "offline"}


def test_a_broken_label_file_is_said_once_with_the_way_to_get_it_back(workspace: Make, cli: Cli) -> None:
    place = workspace(2)
    cli(place.root, "label", "--as", "active", place.keys[0])
    (place.root / "data" / "labels.json").write_text("[]")
    told = cli(place.root, "status").out
    assert told.count("holds a list") == 1
    assert told.count("mv data/labels.json data/labels.json.broken") == 1


def test_a_day_said_without_its_year_is_the_latest_that_has_frames_and_is_named(
    workspace: Make, cli: Cli
) -> None:
    place = workspace(3, start="20241108T080000")
    said = cli(place.root, "label", "--as", "active", "--day", "8 Nov")
    assert said.code == 0, said.err
    assert said.out == "offline-detection: active × 3 · Fri 8 Nov 2024 08:00–08:02\n"
    answer = cli(place.root, "label", "--as", "active", "--day", "8 November", "--json")
    assert answer.json["day"] == "20241108"
    other = cli(place.root, "label", "--as", "active", "--day", "9 Nov 2024")
    assert other.code == 5
    assert "2024-11-09" in other.err


def test_undo_needs_no_name_where_one_person_labels(workspace: Make, cli: Cli) -> None:
    place = workspace(2)
    nobody = {"GIT_CONFIG_GLOBAL": "/dev/null"}
    cli(place.root, "label", "--as", "active", "--who", "ana", place.keys[0])
    assert cli(place.root, "label", "--as", "active", place.keys[1], env=nobody).code == 5
    taken = cli(place.root, "undo", env=nobody)
    assert taken.code == 0, taken.err
    assert labels(place) == {}
    cli(place.root, "label", "--as", "active", "--who", "ana", place.keys[0])
    cli(place.root, "label", "--as", "active", "--who", "bo", place.keys[1])
    assert "Nobody is named" in cli(place.root, "undo", env=nobody).err
    assert len(labels(place)) == 2


def test_a_conflict_is_decided_by_label_and_by_unlabel(workspace: Make, cli: Cli) -> None:
    place = workspace(3)
    conflict = {"ours": None, "theirs": "offline"}
    (place.root / "data" / "labels.json").write_text(json.dumps(dict.fromkeys(place.keys[:2], conflict)))
    told = cli(place.root, "status").out
    assert "2 entries waiting for a decision" in told
    assert "line 1" in told
    assert cli(place.root, "label", "--as", "active", place.keys[0]).code == 0
    assert labels(place) == {place.keys[0]: "active", place.keys[1]: conflict}
    assert cli(place.root, "unlabel", place.keys[1]).code == 0
    assert labels(place) == {place.keys[0]: "active"}


def test_frames_that_a_version_holds_are_labelled_without_the_camera(workspace: Make, cli: Cli) -> None:
    place = workspace(6)
    cli(place.root, "label", "--as", "offline", *place.keys[:3])
    cli(place.root, "label", "--as", "active", *place.keys[3:])
    assert cli(place.root, "release").code == 0
    (place.root / CAMERA).unlink()
    fixed = cli(place.root, "label", "--as", "active", place.keys[0])
    assert fixed.code == 0, fixed.err
    stretch = cli(place.root, "label", "--as", "offline", "--day", "20251107", "--from", "08:04")
    assert stretch.code == 0, stretch.err
    assert "6 frames that versions hold" in stretch.err
    assert [labels(place)[key] for key in place.keys] == [
        "active",
        *["offline"] * 2,
        "active",
        *["offline"] * 2,
    ]
    again = cli(place.root, "release", "-m", "corrected")
    assert again.code == 0, again.err
    elsewhere = f"{CAMERA}/20251107/20251107T090000.jpg"
    assert cli(place.root, "label", "--as", "active", elsewhere).code == 5


def test_git_is_asked_once_for_all_frames_that_versions_hold(
    workspace: Make, cli: Cli, tmp_path: Path
) -> None:
    place = workspace(6)
    cli(place.root, "label", "--as", "offline", *place.keys[:3])
    cli(place.root, "label", "--as", "active", *place.keys[3:])
    assert cli(place.root, "release").code == 0
    for image in (place.root / "datasets").rglob("*.jpg"):
        image.unlink()
    (place.root / CAMERA).unlink()
    script, log = tmp_path / "bin" / "git", tmp_path / "asked"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {shutil.which("git")} "$@"\n')
    script.chmod(0o755)
    done = cli(
        place.root,
        "label",
        "--as",
        "active",
        *place.keys,
        env={"PATH": f"{script.parent}:{os.environ['PATH']}"},
    )
    assert done.code == 0, done.err
    assert log.read_text().count("--git-common-dir") < len(place.keys)


def test_files_that_are_no_frames_are_listed_by_name(workspace: Make, cli: Cli) -> None:
    place = workspace(2)
    day = place.camera / "20251107"
    (day / "notes\x1b[31m.txt").write_text("x")
    (day / "latest.jpg").symlink_to(day / "20251107T080000.jpg")
    (place.camera / "backup").mkdir()
    (place.camera / "snapshot.jpg").write_bytes(b"x")
    said = cli(place.root, "frames", "--problems")
    assert said.code == 0
    assert f"{CAMERA}/20251107/latest.jpg  a symbolic link" in said.out
    assert f"{CAMERA}/backup  a folder that is no day" in said.out
    assert f"{CAMERA}/snapshot.jpg  a picture outside a day folder" in said.out
    assert "\x1b" not in said.out
    answer = cli(place.root, "frames", "--problems", "--json", "--limit", "1").json
    assert (answer["total"], len(answer["problems"])) == (4, 1)
    assert "frames --problems" in cli(place.root, "frames").err
    told = " ".join(cli(place.root, "status").out.split())
    assert "4 of what lies with the frames are no frames" in told
    for path in (day / "notes\x1b[31m.txt", day / "latest.jpg", place.camera / "snapshot.jpg"):
        path.unlink()
    (place.camera / "backup").rmdir()
    assert "Everything" in cli(place.root, "frames", "--problems").out


def test_nothing_to_take_back_is_said(workspace: Make, cli: Cli) -> None:
    place = workspace(1)
    said = cli(place.root, "undo")
    assert said.code == 1
    assert "no labelling step" in said.err
    assert cli(place.root, "history", place.keys[0]).out.endswith("no label was ever given\n")
    never = f"{CAMERA}/20240101/20240101T000000.jpg"
    assert cli(place.root, "history", never).out.endswith("no such frame is known: see print-models frames\n")


def test_labelling_needs_no_torch_numpy_or_textual(workspace: Make, cli: Cli) -> None:
    place = workspace(2)
    for words in (
        ["label", "--as", "active", place.keys[0]],
        ["history", place.keys[0]],
        ["undo"],
        ["frames"],
    ):
        said = cli(place.root, *words, env={"PYTHONPROFILEIMPORTTIME": "1"})
        assert said.code == 0
        for name in ("torch", "textual", "numpy", "PIL", "git"):
            assert not any(line.rpartition("|")[2].strip() == name for line in said.err.splitlines()), (
                words,
                name,
            )
