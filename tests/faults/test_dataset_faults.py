"""Faults 59, 60, 62 to 65, 69, 86, 87: what names, texts and other people's repositories may do to a version."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.labels.sync import open_store
from core.workspace import Workspace
from tests.conftest import Answer, Cli, Place, git

TASK = "offline-detection"
V1 = f"datasets/{TASK}/v1"
Copies = Callable[[], Place]


@pytest.fixture(scope="module")
def exported_once(template: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The labelled workspace with v1 exported, once."""
    from core.frames.index import FrameIndex
    from core.versions.export import export, plan

    root = tmp_path_factory.mktemp("exported") / "ws"
    shutil.copytree(template.root, root, symlinks=True)
    workspace = Workspace.open(root)
    with open_store(workspace) as store, FrameIndex(workspace) as index:
        index.scan()
        export(workspace, plan(workspace, store, index, workspace.task(TASK)))
    return Place(root, template.camera, template.keys)


@pytest.fixture
def exported(exported_once: Place, tmp_path: Path) -> Place:
    root = tmp_path / "exported"
    shutil.copytree(exported_once.root, root, symlinks=True)
    return Place(root, exported_once.camera, exported_once.keys)


def blocks(answer: Answer) -> dict[str, list[str]]:
    """What blocks in an answer of check, by id, with its frames."""
    return {row["id"]: row["frames"] for row in answer.json["results"] if row["level"] == "block"}


@pytest.mark.parametrize("key", ["../../x.jpg", "/etc/x.jpg", "printer-timelapses//x.jpg", "a\0\x1b[2Jx.jpg"])
def test_f_059_a_key_that_leaves_the_workspace(copies: Copies, cli: Cli, key: str) -> None:
    """refused, key shown escaped"""
    place = copies()
    path = place.root / "data/labels.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: "active"}))
    answer = cli(place.root, "export")
    assert answer.code == 3, answer.err
    assert "labels.json, line" in answer.err
    assert not {"\0", "\x1b"} & set(answer.out + answer.err)
    assert not (place.root / V1).exists()
    found = cli(place.root, "check", "draft", "--json")
    assert found.code == 1
    assert blocks(found) == {"unknown-labels": [key]}
    assert json.loads(path.read_text())[key] == "active", "nothing is dropped"


@pytest.mark.parametrize("name", ["../../x", "\x1b[31m", ".", "con", "x" * 300])
def test_f_060_a_class_name_that_is_no_folder(copies: Copies, cli: Cli, name: str) -> None:
    """refused at label time and at export"""
    place = copies()
    answer = cli(place.root, "label", "--as", name, place.keys[0])
    assert answer.code == 2, answer.err
    settings = place.root / "print-models.toml"
    settings.write_text(settings.read_text() + f"\n[tasks.bed]\nclasses = [{json.dumps(name)}, 'empty']\n")
    answer = cli(place.root, "export")
    assert answer.code == 2, answer.err
    assert "tasks.bed.classes" in answer.err
    assert "\x1b" not in answer.err
    assert not (place.root / V1).exists()


def test_f_062_a_description_of_newlines_and_markup(copies: Copies, cli: Cli) -> None:
    """escaped in README; JSON exact"""
    place = copies()
    text = "a | b\n# Not a heading\n<script>x</script> **Total Images:** 99 [x](y)"
    assert cli(place.root, "export", "--description", text).code == 0
    info = json.loads((place.root / V1 / "dataset_info.json").read_text())
    assert info["description"] == text
    card = (place.root / V1 / "README.md").read_text().split("\n")
    assert "# Not a heading" not in card
    assert not [line for line in card if "<script>" in line.replace("\\<", "")]
    assert "**Total Images:** 12" in card
    assert cli(place.root, "check", "v1").code == 0


def test_f_063_a_card_that_counts_otherwise_than_the_files(exported: Place, cli: Cli) -> None:
    """recomputed; equality asserted"""
    path = exported.root / V1 / "README.md"
    good = path.read_text()
    for was, now in (
        ("**Total Images:** 12", "**Total Images:** 13"),
        ("- Active: 6 (50%)", "- Active: 7 (50%)"),
    ):
        assert was in good
        path.write_text(good.replace(was, now))
        found = cli(exported.root, "check", "v1", "--json")
        assert found.code == 1
        assert list(blocks(found)) == ["card"]
    path.write_text(good + "\nMy own words.\n")
    assert cli(exported.root, "check", "v1").code == 0, "Notes are the user's own"


def test_f_064_an_exported_file_that_was_edited_later(exported: Place, cli: Cli) -> None:
    """`verify` reports path+sha"""
    image = next((exported.root / V1).glob("*/*.jpg"))
    data = bytearray(image.read_bytes())
    data[len(data) // 2] ^= 1
    image.write_bytes(bytes(data))
    answer = cli(exported.root, "verify", "v1")
    assert answer.code == 3
    assert f"{image.parent.name}/{image.name} has " in answer.out
    assert "…, not " in answer.out


def test_f_065_no_labels_or_one_class_only(
    bare_workspace: Path, copies: Copies, cli: Cli, tmp_path: Path
) -> None:
    """refuse with reason"""
    shutil.copytree(bare_workspace, tmp_path / "empty", symlinks=True)
    answer = cli(tmp_path / "empty", "export")
    assert answer.code == 1
    assert "has no labels yet" in answer.err
    place = copies()
    assert cli(place.root, "unlabel", *place.keys[6:]).code == 0
    answer = cli(place.root, "export")
    assert answer.code == 1
    assert "holds only offline" in answer.err
    found = cli(place.root, "check", "draft", "--json")
    assert list(blocks(found)) == ["classes"]
    assert not (place.root / V1).exists()


def test_f_069_an_ending_in_upper_case(copies: Copies, cli: Cli, tmp_path: Path) -> None:
    """patterns match both cases; the frame keeps its name; gate"""
    place = copies()
    camera = tmp_path / "camera"
    shutil.copytree(place.camera, camera)
    (place.root / "printer-timelapses").unlink()
    (place.root / "printer-timelapses").symlink_to(camera)
    small = camera / place.keys[0].split("/", 1)[1]
    big = small.with_name("20251107T090000.JPG")
    big.write_bytes(small.read_bytes() + b"\xff\xd9")
    os.utime(big, (1_762_502_400, 1_762_502_400))
    key = f"printer-timelapses/{big.parent.name}/{big.name}"
    assert cli(place.root, "label", "--as", "offline", key).code == 0
    rules = place.root / ".gitattributes"
    good = rules.read_text()
    rules.write_text(good.replace("[jJ][pP][gG]", "jpg"))
    found = cli(place.root, "check", "draft", "--json")
    assert found.code == 1
    assert blocks(found) == {"attributes": [f"{V1}/offline/{big.name}"]}
    refused = cli(place.root, "release")
    assert refused.code == 1
    assert big.name in refused.err
    rules.write_text(good)
    done = cli(place.root, "release")
    assert done.code == 0, done.err
    staged = git(place.root, "show", f"HEAD:{V1}/offline/{big.name}")
    assert staged.startswith("version https://git-lfs"), "a pointer, under the frame's own name"


def test_f_086_a_remote_on_the_same_disk(copies: Copies, cli: Cli, tmp_path: Path) -> None:
    """works, warns "not a backup" (hard links)"""
    place = copies()
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(place.root, "remote", "add", "origin", f"file://{tmp_path / 'remote.git'}")
    answer = cli(place.root, "release", "--push")
    assert answer.code == 0, answer.err
    assert "it is no backup" in answer.out + answer.err


def test_f_087_a_repository_of_somebody_else(exported: Place, cli: Cli, tmp_path: Path) -> None:
    """honours safe.directory; `-c core.fsmonitor=false`"""
    spy = tmp_path / "ran"
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {spy}\n")
    monitor.chmod(0o755)
    git(exported.root, "config", "core.fsmonitor", str(monitor))
    for words in (["status"], ["check"], ["release", "--dry-run"], ["release"]):
        cli(exported.root, *words)
    assert not spy.exists(), "no program of the repository's own settings was run"
    answer = cli(exported.root, "release", env={"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    assert answer.code == 5, answer.err
    assert "safe.directory" in answer.err
