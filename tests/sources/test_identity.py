"""A source is known by the bytes of its labelled frames; where they are gone there is one question."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from core.errors import Damaged
from core.frames.identity import witnesses
from core.frames.index import FrameIndex
from core.labels.sync import open_store
from core.workspace import Workspace
from tests.conftest import CAMERA, Answer, Cli, Place, git
from tests.sources.conftest import camera

FRAME = f"{CAMERA}/20251107/20251107T080000.jpg"


def point(place: Place, folder: Path) -> None:
    (place.root / CAMERA).unlink()
    (place.root / CAMERA).symlink_to(folder)


def labels(place: Place) -> dict[str, str]:
    found: dict[str, str] = json.loads((place.root / "data" / "labels.json").read_text())
    return found


def names_the_answers(done: Answer) -> bool:
    return done.code == 3 and all(word in done.err for word in ("--emptied", "--new", "--wrong"))


def test_f_050_link_led_to_another_camera(place: Place, cli: Cli, tmp_path: Path) -> None:
    """identity by the bytes of labelled frames; no match: one question (same camera emptied / new camera / wrong
    folder); nothing hidden or re-applied before the answer
    """
    other = camera(tmp_path / "other", 12, seed=3)  # the same names, other pictures
    before = labels(place)
    point(place, other)
    status = cli(place.root, "status")
    assert status.code == 0
    assert "--emptied" in status.out
    assert "next: say what" in status.out
    for words in (
        ("label", "--as", "active", FRAME),
        ("label", "--as", "offline", "--day", "20251107"),
        ("label", "--as", "offline", "--filter", "day:20251107"),
    ):
        assert names_the_answers(cli(place.root, *words)), words
    shown = cli(place.root, "frames", "--json").json
    assert (shown["total"], [row["label"] for row in shown["frames"]]) == (
        12,
        ["active"] * 6 + ["offline"] * 6,
    )
    assert labels(place) == before
    exported = cli(
        place.root, "export"
    )  # copies of the labelled pictures may have been kept: then it is those
    assert exported.code == 0 or names_the_answers(exported)
    for image in place.root.glob("datasets/*/v1/*/*.jpg"):
        assert image.read_bytes() == (place.camera / "20251107" / image.name).read_bytes()
    done = cli(place.root, "source", "answer", CAMERA, "--new", "bed")
    assert done.code == 0, done.err
    assert (place.root / CAMERA).resolve() == place.camera
    assert (place.root / "bed").resolve() == other
    assert git(place.root, "status", "--porcelain", "--", "bed") == ""
    shown = cli(place.root, "frames", "--json").json
    assert shown["total"] == 24
    assert {row["label"] for row in shown["frames"] if row["frame"].startswith("bed/")} == {None}
    assert len(labels(place)) == 12


def test_a_new_camera_where_the_old_one_is_gone_retires_the_old(
    place: Place, cli: Cli, tmp_path: Path
) -> None:
    other = camera(tmp_path / "other", 12, seed=3, start="20251207T080000")
    point(place, other)
    shutil.rmtree(place.camera)
    assert names_the_answers(cli(place.root, "label", "--as", "active", "--day", "20251107"))
    assert cli(place.root, "source", "answer", CAMERA, "--new", "bed").code == 0
    rows = {row["name"]: row for row in cli(place.root, "source", "list", "--json").json["sources"]}
    assert rows[CAMERA]["state"] == "retired"
    assert rows[CAMERA]["labels"]["offline-detection"] == 12
    assert (rows["bed"]["state"], rows["bed"]["frames"]) == ("ok", 12)


def test_the_wrong_folder_leads_back(place: Place, cli: Cli, tmp_path: Path) -> None:
    point(place, camera(tmp_path / "other", 12, seed=3))
    assert "IN QUESTION" in cli(place.root, "source", "list").out
    assert cli(place.root, "source", "answer", CAMERA, "--wrong").code == 0
    assert (place.root / CAMERA).resolve() == place.camera
    assert cli(place.root, "label", "--as", "active", FRAME).code == 0
    assert cli(place.root, "source", "answer", CAMERA, "--wrong").code == 1


def test_f_050_card_formatted_anew(place: Place, cli: Cli) -> None:
    """identity by the bytes of labelled frames; no match: one question (same camera emptied / new camera / wrong
    folder); nothing hidden or re-applied before the answer
    """
    before = labels(place)
    assert cli(place.root, "export").code == 0
    shutil.rmtree(place.camera / "20251107")
    camera(place.camera, 6, seed=5, start="20251207T080000")
    asked = cli(place.root, "label", "--as", "active", "--day", "20251207")
    assert names_the_answers(asked), asked.err
    shown = cli(place.root, "frames", "--json").json
    assert ([row["frame"] for row in shown["frames"]], labels(place)) == (sorted(before), before)
    assert cli(place.root, "source", "answer", CAMERA).code == 2
    assert cli(place.root, "source", "answer", CAMERA, "--emptied").code == 0
    assert cli(place.root, "label", "--as", "active", "--day", "20251207").code == 0
    assert len(labels(place)) == 18


def test_a_camera_mounted_elsewhere_asks_nothing_and_is_looked_at_once(
    place: Place, cli: Cli, tmp_path: Path
) -> None:
    shutil.copytree(place.camera, tmp_path / "mounted")
    point(place, tmp_path / "mounted")
    assert cli(place.root, "label", "--as", "active", FRAME).code == 0
    kept = place.root / ".print-models" / "sources.json"
    known = kept.stat().st_mtime_ns
    target = json.loads(kept.read_text())["sources"][CAMERA]["place"]["target"]
    assert target == os.fspath(tmp_path / "mounted")
    assert cli(place.root, "status").code == 0
    assert kept.stat().st_mtime_ns == known


def test_a_clone_knows_the_camera_by_what_versions_hold(place: Place, cli: Cli, tmp_path: Path) -> None:
    assert cli(place.root, "export").code == 0
    shutil.rmtree(place.root / ".print-models")
    point(place, camera(tmp_path / "other", 12, seed=3))
    assert names_the_answers(cli(place.root, "label", "--as", "active", FRAME))
    point(place, place.camera)
    assert cli(place.root, "label", "--as", "active", FRAME).code == 0


def test_a_camera_that_is_away_is_away_and_no_question(place: Place, cli: Cli, tmp_path: Path) -> None:
    point(place, tmp_path / "nowhere")
    done = cli(place.root, "label", "--as", "active", FRAME)
    assert (done.code, "not reachable" in done.err) == (5, True), done.err
    (tmp_path / "nowhere").mkdir()
    done = cli(place.root, "label", "--as", "active", FRAME)
    assert (done.code, "its folder is empty" in done.err) == (5, True), done.err


def test_the_app_says_the_question_and_gives_no_label_meanwhile(place: Place, tmp_path: Path) -> None:
    point(place, camera(tmp_path / "other", 12, seed=3))
    workspace = Workspace.open(place.root)
    with open_store(workspace) as store:
        with FrameIndex(workspace) as index:
            assert index.scan().removed == 0
        with pytest.raises(Damaged, match="none with the bytes that were labelled"):
            store.set("offline-detection", [FRAME], "offline", who="ana")
        with pytest.raises(Damaged, match="none with the bytes that were labelled"):
            workspace.frame_path(FRAME)
        label = store.get("offline-detection", FRAME)
    assert label is not None
    assert label.class_ == "active"
    with FrameIndex(workspace) as index:
        assert FRAME in index
        assert index.scan().removed == 0


def test_labels_of_a_file_wait_for_the_answer_too(place: Place, cli: Cli, tmp_path: Path) -> None:
    point(place, camera(tmp_path / "other", 12, seed=3))
    before = labels(place)
    file = tmp_path / "from-bo.json"
    file.write_text(json.dumps(dict.fromkeys(before, "active")))
    assert names_the_answers(cli(place.root, "import", "--replace", file))
    assert labels(place) == before


def test_the_tenth_version_tells_more_than_the_ninth(tmp_path: Path) -> None:
    (tmp_path / "print-models.toml").write_text("")
    for number in (1, 9, 10):
        folder = tmp_path / "datasets" / "offline-detection" / f"v{number}"
        folder.mkdir(parents=True)
        row = {"source": FRAME, "oid": f"sha256:{number}", "size": number}
        (folder / "metadata.jsonl").write_text(json.dumps(row) + "\n")
    assert [witness.size for witness in witnesses(Workspace.open(tmp_path), CAMERA)] == [10]
