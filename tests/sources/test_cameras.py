"""`source list | add | move | retire`: several cameras in one workspace, through the real command line."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import PrintModelsError, WrongUsage
from core.frames import cameras
from core.workspace import Workspace
from tests.conftest import CAMERA, Cli, Place, git
from tests.sources.conftest import camera


def sources(cli: Cli, root: Path) -> dict[str, dict[str, object]]:
    done = cli(root, "source", "list", "--json")
    assert done.code == 0, done.err
    return {row["name"]: row for row in done.json["sources"]}


def test_a_second_camera_is_linked_set_and_ignored_and_kept_apart(
    place: Place, cli: Cli, tmp_path: Path
) -> None:
    second = camera(tmp_path / "second", 5, seed=2)
    done = cli(place.root, "source", "add", "bed", second, "--printer", "Voron")
    assert done.code == 0, done.err
    assert "not committed yet" in done.out
    assert (place.root / "bed").resolve() == second
    assert git(place.root, "status", "--porcelain", "--", "bed") == ""
    assert '[sources.bed]\npath = "bed"\nprinter = "Voron"' in (place.root / "print-models.toml").read_text()
    found = sources(cli, place.root)
    assert {name: row["frames"] for name, row in found.items()} == {CAMERA: 12, "bed": 5}
    # The same base name in both: a label of one is not a label of the other.
    only = cli(place.root, "frames", "--json", "--filter", "!label").json["frames"]
    assert [row["frame"].split("/")[0] for row in only] == ["bed"] * 5
    assert cli(place.root, "label", "--as", "active", "bed/20251107/20251107T080000.jpg").code == 0
    found = sources(cli, place.root)
    assert found["bed"]["labels"] == {"offline-detection": 1, "failed-print-detection": 0}
    recordings = {row["recording"] for row in cli(place.root, "frames", "--json").json["frames"]}
    assert {name.split("/")[0] for name in recordings} == {CAMERA, "bed"}


def test_both_cameras_frames_of_one_name_are_in_a_version(place: Place, cli: Cli, tmp_path: Path) -> None:
    cli(place.root, "source", "add", "bed", camera(tmp_path / "second", 5, seed=2))
    assert cli(place.root, "label", "--as", "active", "bed/20251107/20251107T080000.jpg").code == 0
    assert cli(place.root, "label", "--as", "active", f"{CAMERA}/20251107/20251107T080000.jpg").code == 0
    assert cli(place.root, "export").code == 0
    version = place.root / "datasets" / "offline-detection" / "v1"
    rows = [json.loads(line) for line in (version / "metadata.jsonl").read_text().splitlines()]
    names = {row["source"]: row["file_name"] for row in rows if row["source"].endswith("T080000.jpg")}
    assert len(names) == len(set(names.values())) == 2
    assert "Source: bed" in (version / "README.md").read_text()


def test_what_can_be_no_camera_changes_nothing(workspace: Callable[..., Place], tmp_path: Path) -> None:
    place = workspace(1)
    camera(tmp_path / "new", 1, seed=2)
    before = (place.root / "print-models.toml").read_bytes()
    for name, folder, code, said in (
        ("data", "new", 2, "can't be the name"),
        ("../up", "new", 2, "can't be the name"),
        ("docs", "new", 2, "can't be the name"),
        ("bed", "nowhere", 5, "no folder that exists"),
        ("bed", "ws-camera", 1, "there twice"),
        ("bed", "ws-camera/20251107", 1, "there twice"),
        ("bed", ".", 1, "holds this workspace"),
        (CAMERA, "new", 1, "exists already"),
        (CAMERA.upper(), "new", 1, "exists already"),
    ):
        with pytest.raises(PrintModelsError, match=said) as caught:
            cameras.add(Workspace.open(place.root), name, tmp_path / folder)
        assert caught.value.exit_code == code
    with pytest.raises(WrongUsage, match="name_pattern"):
        cameras.add(Workspace.open(place.root), "bed", tmp_path / "new", names="%H")
    assert (place.root / "print-models.toml").read_bytes() == before
    assert not (place.root / "bed").is_symlink()


def test_a_moved_camera_is_known_by_its_frames(place: Place, cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(place.camera, tmp_path / "mounted")
    other = camera(tmp_path / "other", 12, seed=3)
    done = cli(place.root, "source", "move", CAMERA, other)
    assert done.code == 3
    assert "none with the bytes that were labelled" in done.err
    assert "--emptied" in done.err
    assert "source add" in done.err
    assert "wrong folder" in done.err
    assert (place.root / CAMERA).resolve() == place.camera
    done = cli(place.root, "source", "move", CAMERA, tmp_path / "mounted")
    assert (done.code, "as it was labelled" in done.out) == (0, True), done.err
    assert (place.root / CAMERA).resolve() == tmp_path / "mounted"
    assert cli(place.root, "source", "move", CAMERA, other, "--emptied").code == 0


def test_a_retired_camera_is_hidden_and_keeps_its_labels(place: Place, cli: Cli, tmp_path: Path) -> None:
    assert cli(place.root, "source", "retire", CAMERA).code == 1
    cli(place.root, "source", "add", "bed", camera(tmp_path / "second", 5, seed=2))
    assert cli(place.root, "source", "retire", CAMERA).code == 0
    shown = cli(place.root, "frames", "--json").json
    assert {row["frame"].split("/")[0] for row in shown["frames"]} == {"bed"}
    assert shown["total"] == 5
    task = cli(place.root, "status", "--json").json["tasks"]["offline-detection"]
    assert (task["labelled"], task["draft"]["images"]) == (12, 12)
    assert cli(place.root, "export").code == 0
    (place.root / CAMERA).unlink()
    assert "not reachable" not in cli(place.root, "status").out
    assert cli(place.root, "source", "retire", CAMERA, "--undo").code == 0
    assert cli(place.root, "frames", "--json").json["total"] == 17
    assert cli(place.root, "source", "retire", CAMERA, "--undo").code == 1


def test_the_settings_keep_every_line_of_their_own(place: Place, cli: Cli, tmp_path: Path) -> None:
    settings = place.root / "print-models.toml"
    settings.write_text('format = 1\nlicense = "CC0"   # ours\n')
    assert cli(place.root, "source", "add", "bed", camera(tmp_path / "second", 5, seed=2)).code == 0
    text = settings.read_text()
    assert text.startswith('format = 1\nlicense = "CC0"   # ours\n')
    assert set(sources(cli, place.root)) == {CAMERA, "bed"}
    settings.write_text('format = 1\n[sources]\nbed = {path = "bed"}\n')
    done = cli(place.root, "source", "add", "third", camera(tmp_path / "third", 2, seed=4))
    assert done.code in (0, 1)
    if done.code == 1:
        assert "Write it yourself" in done.err
        assert "third" not in settings.read_text()


def test_what_to_write_into_the_settings_by_hand_is_toml(place: Place, cli: Cli) -> None:
    settings = place.root / "print-models.toml"
    (place.root / "other").mkdir()
    settings.write_text(
        f'format = 1\n[sources]\n{CAMERA} = {{path = "{CAMERA}"}}\nbed = {{path = "other"}}\n'
    )
    said = cli(place.root, "source", "retire", "bed").err
    assert 'with path = "other", retired = true;' in said


def test_a_clone_links_each_camera_that_the_settings_name(place: Place, cli: Cli, tmp_path: Path) -> None:
    bed = camera(tmp_path / "second", 5, seed=2, names="frame{n}.jpg")
    assert cli(place.root, "source", "add", "bed", bed).code == 0
    git(place.root, "add", "-A")
    git(place.root, "commit", "-q", "-m", "Cameras")
    git(tmp_path, "clone", "-q", str(place.root), "clone")
    clone = tmp_path / "clone"
    assert "source move bed PATH" in cli(clone, "status").out
    for name, folder in ((CAMERA, place.camera), ("bed", bed)):
        done = cli(clone, "source", "add", name, folder)
        assert (done.code, "not committed" in done.out) == (0, False), done.err
    assert {name: row["frames"] for name, row in sources(cli, clone).items()} == {CAMERA: 12, "bed": 5}
    assert git(clone, "status", "--porcelain") == ""


def test_a_stretch_of_a_day_says_whose_frames_it_means_where_there_are_two_cameras(
    place: Place, cli: Cli, tmp_path: Path
) -> None:
    stretch = ["label", "--as", "active", "--day", "20251107", "--from", "08:03"]
    assert "cameras" not in cli(place.root, *stretch).err
    cli(place.root, "source", "add", "bed", camera(tmp_path / "second", 5, seed=2))
    done = cli(place.root, *stretch)
    assert done.code == 0
    assert f"2 cameras (bed 2, {CAMERA} 9)" in done.err
    alone = cli(place.root, "label", "--as", "offline", "--filter", "source:bed day:20251107 08:03-08:04")
    assert (alone.code, "cameras" in alone.err, "× 2" in alone.out) == (0, False, True)


def test_of_two_cameras_one_is_away_and_no_frame_of_it_is_called_gone(
    place: Place, cli: Cli, tmp_path: Path
) -> None:
    bed = camera(tmp_path / "second", 5, seed=2)
    cli(place.root, "source", "add", "bed", bed)
    assert cli(place.root, "frames").code == 0
    bed.rename(tmp_path / "taken away")
    done = cli(place.root, "label", "--as", "offline", "--day", "20251107", "--to", "08:04", "--json")
    assert (done.code, done.json["changed"]) == (0, 5), done.err
    assert done.err.count("left out") == 1
    assert "left out: 5 frames of bed, a camera that can't be reached" in done.err
    assert "gone" not in done.err
    assert {row["reason"] for row in done.json["left_out"]} == {"its camera can't be reached"}
    only = cli(place.root, "label", "--as", "active", "--filter", "source:bed")
    assert only.code == 5
    assert "its camera can't be reached" in only.err
