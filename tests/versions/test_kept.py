"""Kept copies: a label keeps its picture after the camera deleted the file, until a release holds it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from core.labels.sync import flush
from core.storage.lfs import Pointer, store_of
from core.storage.proven import Proven
from core.versions import kept
from core.versions.kept import Kept, only_on_camera
from core.versions.manifest import read_version
from core.versions.selection import draft
from tests.conftest import Cli, Place
from tests.versions.conftest import House


def copies(root: Path) -> list[Path]:
    return [path for path in (root / ".print-models/kept").rglob("*") if path.is_file()]


def keep(house: House, frames: list[str], **words: object) -> Kept:
    return kept.keep(house.ws, house.store, house.task, frames, **words)


def exposed(house: House) -> list[str]:
    found = draft(house.ws, house.store, house.index, house.task)
    return only_on_camera(house.ws, found, house.index)


def test_a_picture_is_kept_bound_and_found_when_the_camera_has_deleted_it(
    house: Callable[..., House],
) -> None:
    made = house(6)
    made.label(made.keys[:3], "offline", bind=True)
    made.label(made.keys[3:], "active")
    assert exposed(made) == made.keys
    assert keep(made, made.keys) == Kept(6)
    assert exposed(made) == []
    assert all(label.sha256 for label in made.store.labels(made.task).values())
    was = {key: made.frame(key).read_bytes() for key in made.keys}
    for key in made.keys:
        made.frame(key).unlink()
    version = made.export()
    for item in version.items:
        assert (version.path / item.file_name).read_bytes() == was[item.source]


def test_a_private_picture_is_not_copied_and_its_copy_goes(house: Callable[..., House], cli: Cli) -> None:
    made = house(4)
    made.label(made.keys, "offline")
    made.store.mark(made.keys[0], who="ana", mark="excluded", reason="private", task="failed-print-detection")
    assert keep(made, made.keys) == Kept(3)
    assert len(copies(made.ws.root)) == 3
    assert made.store.get(made.task, made.keys[0]).sha256 is None, "its bytes are not even read"
    answer = cli(made.ws.root, "mark", made.keys[1], "--exclude", "Private")
    assert answer.code == 0, answer.err
    label = made.store.get(made.task, made.keys[1])
    assert not kept.path_of(made.ws, label.sha256).exists()
    assert len(copies(made.ws.root)) == 2


def test_a_private_picture_whose_label_was_taken_off_before_has_no_copy_either(
    house: Callable[..., House], cli: Cli
) -> None:
    made = house(4)
    made.label(made.keys, "offline")
    assert keep(made, made.keys) == Kept(4)
    made.store.set(made.task, [made.keys[1]], None, who="ana")
    assert cli(made.ws.root, "mark", made.keys[1], "--exclude", "private").code == 0
    assert len(copies(made.ws.root)) == 3


def test_what_was_changed_since_it_was_labelled_is_not_kept(house: Callable[..., House]) -> None:
    made = house(4)
    made.label(made.keys, "offline", bind=True)
    made.frame(made.keys[0]).write_bytes(made.frame(made.keys[1]).read_bytes() + b"x")
    made.frame(made.keys[2]).unlink()
    assert keep(made, made.keys) == Kept(2)
    assert made.store.get(made.task, made.keys[0]).sha256 is None


def test_a_full_limit_ends_the_copying_and_drops_nothing(house: Callable[..., House], cli: Cli) -> None:
    made = house(6)
    made.label(made.keys, "offline")
    size = made.frame(made.keys[0]).stat().st_size
    settings = made.ws.root / "print-models.toml"
    settings.write_text(settings.read_text().replace("# max = 2.0 ", f"max = {2.5 * size / 1e9:.9f} "))
    made.ws = type(made.ws).open(made.ws.root)
    assert keep(made, made.keys) == Kept(2, full=True)
    assert len(copies(made.ws.root)) == 2
    assert keep(made, made.keys) == Kept(0, full=True)
    assert len(exposed(made)) == 4
    assert "have reached their limit" in cli(made.ws.root, "status").out


def test_a_copy_with_other_bytes_is_never_taken(house: Callable[..., House]) -> None:
    made = house(4)
    made.label(made.keys[:2], "offline")
    made.label(made.keys[2:], "active")
    keep(made, made.keys)
    label = made.store.get(made.task, made.keys[0])
    assert label is not None
    assert label.sha256 is not None
    path = kept.path_of(made.ws, label.sha256)
    path.write_bytes(bytes(path.stat().st_size))
    version = made.export()  # the camera still has it
    assert {item.oid for item in version.items} >= {label.sha256}


def test_a_copy_that_a_power_cut_tore_is_made_again(house: Callable[..., House]) -> None:
    made = house(4)
    made.label(made.keys[:2], "offline")
    made.label(made.keys[2:], "active")
    assert keep(made, made.keys) == Kept(4)
    torn, whole = copies(made.ws.root)[0], copies(made.ws.root)[0].read_bytes()
    torn.write_bytes(b"")
    assert len(exposed(made)) == 1
    assert keep(made, made.keys) == Kept(1)
    assert torn.read_bytes() == whole
    assert exposed(made) == []


def test_copies_end_with_the_release_that_holds_them(workspace: Callable[..., Place], cli: Cli) -> None:
    place = workspace(frames=8)
    root = place.root
    for class_, keys, number in (("offline", place.keys[:4], 4), ("active", place.keys[4:], 8)):
        for _ in keys:  # on a busy machine a command copies some and leaves the rest to the next one
            assert cli(root, "label", "--as", class_, *keys).code == 0
            if len(copies(root)) == number:
                break
    assert len(copies(root)) == 8
    assert cli(root, "export").code == 0
    assert len(copies(root)) == 8  # a folder that is in no commit can be removed again
    assert cli(root, "release").code == 0
    assert copies(root) == []
    assert cli(root, "label", "--as", "active", place.keys[0]).code == 0
    assert copies(root) == []  # a new label on a picture that git holds


def test_of_a_painted_stretch_only_what_the_draft_takes_is_kept(
    workspace: Callable[..., Place], cli: Cli
) -> None:
    place = workspace(frames=40)
    words = ("label", "--as", "offline", "--day", "20251107", "--from", "08:00", "--to", "08:39")
    for _ in range(12):  # on a busy machine a command copies some and leaves the rest to the next one
        assert cli(place.root, *words).code == 0
        if len(copies(place.root)) >= 12:
            break
    assert len(copies(place.root)) == 12
    assert "only on the camera" not in cli(place.root, "status").out


def test_a_kept_copy_becomes_git_s_object_as_it_is_and_stays_proven(
    house: Callable[..., House], cli: Cli
) -> None:
    made = house(6, every=600)
    made.label(made.keys[:3], "offline", bind=True)
    made.label(made.keys[3:], "active", bind=True)
    assert keep(made, made.keys[:4]) == Kept(4)
    flush(made.ws, made.store, made.task)
    were = {path.name: path.stat().st_ino for path in copies(made.ws.root)}
    made.store.close()
    assert cli(made.ws.root, "release").code == 0
    store = store_of(made.ws.root)
    assert {name: store.path(name).stat().st_ino for name in were} == were
    assert copies(made.ws.root) == []
    proven = Proven(made.ws, store)
    for item in read_version(made.ws, made.task, "v1").items:
        pointer = Pointer(item.oid or "", item.size or 0)
        assert store.fault(pointer) is None
        assert proven.holds(pointer), "the copy's name is gone, and that is no change of its bytes"
        at = store.path(pointer.oid).stat()
        assert at.st_nlink == 1
        assert at.st_mode == (made.ws.version_dir(made.task, "v1") / item.file_name).stat().st_mode


def test_a_kept_copy_that_was_written_to_is_no_object(house: Callable[..., House], cli: Cli) -> None:
    made = house(4, every=600)
    made.label(made.keys[:2], "offline", bind=True)
    made.label(made.keys[2:], "active", bind=True)
    assert keep(made, made.keys) == Kept(4)
    flush(made.ws, made.store, made.task)
    spoilt = copies(made.ws.root)[0]
    at = spoilt.stat()
    spoilt.write_bytes(bytes(at.st_size))
    os.utime(spoilt, ns=(at.st_mtime_ns, at.st_mtime_ns))
    made.store.close()
    assert cli(made.ws.root, "release").code == 0
    for item in read_version(made.ws, made.task, "v1").items:
        assert store_of(made.ws.root).fault(Pointer(item.oid or "", item.size or 0)) is None
