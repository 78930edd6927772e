"""A version read back: this tool's, an older tool's, a broken one; and the identity of its content."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Damaged, Lacking
from core.versions import manifest
from core.versions.checks import exit_code, verify
from core.versions.diff import diff
from core.versions.manifest import Info, Item, digest, latest, list_versions, read_version
from core.versions.plan import version_snapshot
from core.versions.snapshots import snapshot_of
from core.workspace import Workspace
from tests.versions.conftest import House


def test_the_digest_is_pinned() -> None:
    """The identity of a version's content may never change."""
    items = [
        Item(
            file_name="active/b.jpg",
            label="active",
            source="c/b.jpg",
            oid="sha256:" + "1" * 64,
            split="train",
        ),
        Item(file_name="active/a.jpg", label="active", source="c/a.jpg", oid="sha256:" + "2" * 64),
    ]
    lines = b"active\0a.jpg\0" + b"2" * 64 + b"\0\nactive\0b.jpg\0" + b"1" * 64 + b"\0train\n"
    assert digest(items) == f"sha256:{hashlib.sha256(lines).hexdigest()}" == digest(items[::-1])
    assert digest([*items, Item(file_name="x/y", label="x", source="y")]) == ""


def test_what_is_written_is_what_is_read() -> None:
    items = (Item(file_name="a/ü\u2028.jpg", label="a", source="c/ü\u2028.jpg", size=3, recording="c/x"),)
    assert manifest.decode_metadata(manifest.encode_metadata(items), "m") == items
    info = Info(
        version="1.0", limits=["x"], least_distance_minutes=9.0, excluded=[manifest.Excluded("f", "unsure")]
    )
    raw = manifest.encode_info(info)
    assert manifest.decode_info(raw, "i") == info
    assert b'"least_distance_minutes": 9,' in raw
    assert raw.endswith(b"\n}\n")


def test_broken_files_are_named(exported: House) -> None:
    folder = exported.ws.version_dir(exported.task, "v1")
    with pytest.raises(Lacking, match="no version v4"):
        read_version(exported.ws, exported.task, "v4")
    (folder / "metadata.jsonl").write_text('{"file_name": 3}\n')
    with pytest.raises(Damaged, match=r"metadata\.jsonl"):
        read_version(exported.ws, exported.task, "v1")
    results = verify(exported.ws, exported.task, "v1")
    assert [r.level for r in results] == ["block"]
    (folder / "metadata.jsonl").unlink()
    (folder / "labels.json").write_text("{")
    with pytest.raises(Damaged, match=r"labels\.json"):
        read_version(exported.ws, exported.task, "v1")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"file_name": "../../../etc/hostname"}, "is no image of a version"),
        ({"file_name": "/etc/hostname"}, "is no image of a version"),
        ({"file_name": "active/../x.jpg"}, "is no image of a version"),
        ({"file_name": "active/.."}, "is no image of a version"),
        ({"file_name": "active/"}, "is no image of a version"),
        ({"file_name": "active/x\0.jpg"}, "is no image of a version"),
        ({"file_name": "../x.jpg"}, "is no image of a version"),
        ({"file_name": "x.jpg"}, "is no image of a version"),
        ({"label": "\x1b[31mactive", "file_name": "\x1b[31mactive/x.jpg"}, "is no class"),
        ({"label": "..", "file_name": "../x.jpg"}, "is no class"),
        ({"label": "active"}, "lies in offline/"),
        ({"file_name": "offline/first.jpg"}, "is there twice"),
        ({"source": "c/first.jpg"}, "is there twice"),
    ],
)
def test_a_line_that_names_no_image_of_its_own_is_damage(changes: dict[str, str], says: str) -> None:
    """Nothing outside the version is ever opened, nothing counts twice; the line is named, its text made safe."""
    first = {"file_name": "offline/first.jpg", "label": "offline", "source": "c/first.jpg"}
    second = {"file_name": "offline/second.jpg", "label": "offline", "source": "c/second.jpg"} | changes
    raw = "".join(json.dumps(row) + "\n" for row in (first, second)).encode()
    with pytest.raises(Damaged, match=r"m, line 2: ") as stop:
        manifest.decode_metadata(raw, "m")
    assert says in stop.value.what
    assert "\x1b" not in str(stop.value)
    assert "\0" not in str(stop.value)


def test_a_line_that_can_not_be_read_is_named() -> None:
    good = b'{"file_name":"a/x.jpg","label":"a","source":"c/x.jpg"}\n'
    with pytest.raises(Damaged, match=r"m, line 3: "):
        manifest.decode_metadata(good + b"\n" + b'{"file_name": 3}\n', "m")


def test_a_hostile_manifest_opens_nothing_outside(exported: House, tmp_path: Path) -> None:
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"secret")
    path = exported.ws.version_dir(exported.task, "v1") / "metadata.jsonl"
    rows = path.read_text().splitlines()
    row = json.loads(rows[3]) | {"file_name": os.path.relpath(outside, path.parent)}
    path.write_text("\n".join([*rows[:3], json.dumps(row), *rows[4:]]) + "\n")
    (result,) = verify(exported.ws, exported.task, "v1")
    assert result.level == "block"
    assert "line 4" in result.text
    assert hashlib.sha256(b"secret").hexdigest()[:12] not in result.text


def test_a_hundred_thousand_lines_are_checked_in_seconds() -> None:
    rows = [
        Item(file_name=f"active/{n}.jpg", label="active", source=f"c/{n}.jpg", oid="sha256:" + "1" * 64)
        for n in range(100_000)
    ]
    raw = manifest.encode_metadata(rows)
    began = time.perf_counter()
    assert len(manifest.decode_metadata(raw, "m")) == 100_000
    assert time.perf_counter() - began < 5.0


def test_versions_count_as_numbers_and_a_withdrawn_one_is_never_latest(exported: House) -> None:
    root = exported.ws.dataset_root(exported.task)
    for name in ("v2", "v10"):
        shutil.copytree(root / "v1", root / name)
    (root / "v3").mkdir()
    (root / "v03").mkdir()
    assert list_versions(exported.ws, exported.task) == ["v1", "v2", "v10"]
    (root / "withdrawn.json").write_text(json.dumps({"v10": {"reason": "wrong"}}))
    found = latest(exported.ws, exported.task)
    assert found is not None
    assert found.name == "v2"


def test_verify_finds_every_kind_of_damage(exported: House) -> None:
    v1 = read_version(exported.ws, exported.task, "v1")
    assert exit_code(verify(exported.ws, exported.task, "v1")) == 0
    first, second = v1.items[0].file_name, v1.items[1].file_name
    (v1.path / first).write_bytes((v1.path / first).read_bytes() + b"x")
    (v1.path / second).unlink()
    (v1.path / "active" / "stranger.jpg").write_bytes(b"?")
    card = v1.path / "README.md"
    card.write_text(card.read_text().replace("**Total Images:** 24", "**Total Images:** 25"))
    (v1.path / "labels.json").write_text("{}\n")
    found = {r.id: r for r in verify(exported.ws, exported.task, "v1") if r.level == "block"}
    assert found["bytes"].frames == (first,)
    assert found["missing"].frames == (second,)
    assert found["files"].frames == ("active/stranger.jpg",)
    assert "Total Images" in found["card"].text
    assert "labels" in found


def test_verify_knows_the_versions_own_folder_too(exported: House, tmp_path: Path) -> None:
    """A stray file beside the four texts, a folder of no class, a class folder that is a link elsewhere."""
    v1 = read_version(exported.ws, exported.task, "v1")
    (v1.path / "stray.txt").write_text("?")
    (v1.path / "empty").mkdir()
    (found,) = [r for r in verify(exported.ws, exported.task, "v1") if r.id == "files"]
    assert (found.level, found.frames, found.code) == ("block", ("empty", "stray.txt"), 1)
    (v1.path / "stray.txt").unlink()
    (v1.path / "empty").rmdir()
    (v1.path / "active").rename(tmp_path / "elsewhere")
    (v1.path / "active").symlink_to(tmp_path / "elsewhere")
    results = {r.id: r for r in verify(exported.ws, exported.task, "v1")}
    assert results["files"].frames == ("active",)
    assert len(results["missing"].frames) == 12


def test_verify_reads_pointers_and_git_lfs_objects(exported: House) -> None:
    root = exported.ws.root
    subprocess.run(["git", "add", "datasets"], cwd=root, check=True, capture_output=True)
    v1 = read_version(exported.ws, exported.task, "v1")
    item = v1.items[0]
    (v1.path / item.file_name).write_text(
        f"version https://git-lfs.github.com/spec/v1\noid {item.oid}\nsize {item.size}\n"
    )
    results = {r.id: r for r in verify(exported.ws, exported.task, "v1")}
    assert exit_code(results.values()) == 0
    assert results["pointers"].level == "warn"
    assert results["bytes"].text == "23 images match their sha256, 1 pointer names the right one."
    assert results["objects"].text.startswith("24 objects")
    name = (item.oid or "")[7:]
    stored = root / ".git" / "lfs" / "objects" / name[:2] / name[2:4] / name
    stored.chmod(0o644)
    stored.write_bytes(b"?" * (item.size or 0))
    results = {r.id: r for r in verify(exported.ws, exported.task, "v1")}
    assert results["objects"].level == "block"


def test_an_older_tools_version_is_read_as_it_is(house: Callable[..., House]) -> None:
    """Integers, strings, an image without a label, a label without an image, a label in the other folder."""
    made = house(6)
    folder = made.ws.version_dir(made.task, "v1")
    for class_, keys in (("active", made.keys[:2]), ("offline", made.keys[2:5])):
        (folder / class_).mkdir(parents=True)
        for key in keys:
            shutil.copyfile(made.frame(key), folder / class_ / key.rsplit("/", 1)[1])
    labels = {
        made.keys[0]: 1,
        made.keys[1]: "Active",
        made.keys[2]: 0,
        made.keys[3]: "active",
        made.keys[5]: "offline",
    }
    (folder / "labels.json").write_text(json.dumps(labels))
    (folder / "dataset_info.json").write_text(json.dumps({"version": "1.0", "total_images": 5, "extra": [1]}))
    version = read_version(made.ws, made.task, "v1")
    assert version.legacy
    assert version.classes == {"offline": 2, "active": 3}
    assert version.digest == ""
    text = " ".join(version.problems)
    assert f"{made.keys[3]} is labelled active but lies in offline/" in text
    assert f"{made.keys[5]} has a label but no image" in text
    assert f"offline/{made.keys[4].rsplit('/', 1)[1]} has no label" in text


def test_the_real_predecessors_version_is_read_and_compared(legacy: Path, tmp_path: Path) -> None:
    root = tmp_path / "old"
    shutil.copytree(legacy, root, symlinks=True)
    for words in (["init", "-q"], ["add", "-Af"], ["commit", "-qm", "old"]):
        subprocess.run(
            ["git", "-c", "filter.lfs.clean=cat", *words], cwd=root, check=True, capture_output=True
        )
    ws = Workspace.open(root)
    task = ws.task("offline-detection")
    version = read_version(ws, task, "v1")
    assert version.legacy
    assert not version.problems
    assert version.classes == {"offline": 90, "active": 79}
    assert len(version.items) == 169
    assert version.total_bytes == 51_572_207
    assert version.digest.startswith("sha256:")
    committed = snapshot_of(ws, "HEAD:v1", task)
    assert dict(committed.entries) == dict(version_snapshot(version).entries)
    assert not diff(version_snapshot(version), committed).differs
    assert exit_code(verify(ws, task, "v1")) == 0


def test_reading_a_hundred_thousand_lines_twice_costs_once(exported: House) -> None:
    """A version is parsed once and read again only when its files change."""
    first = read_version(exported.ws, exported.task, "v1")
    assert read_version(exported.ws, exported.task, "v1") is first
    path = first.path / "dataset_info.json"
    path.write_bytes(path.read_bytes().replace(b"First", b"Other"))
    assert read_version(exported.ws, exported.task, "v1").info.description == "Other"
