"""Atomic files, published folders, hashing copies and locks, on a real file system."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.durable import atomic_write, copy_hashing, hash_file, lock, publish_dir
from core.errors import Busy, Lacking, Refused


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    atomic_write(path, b"old")
    atomic_write(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["labels.json"]


def test_a_file_keeps_its_permissions_and_a_new_one_can_be_read_by_all(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    atomic_write(path, b"old")
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o660)
    atomic_write(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o660)


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_refused_and_stays_a_link(tmp_path: Path, there: bool) -> None:
    target, path = tmp_path / "elsewhere.json", tmp_path / "labels.json"
    if there:
        target.write_bytes(b"old")
    path.symlink_to(target)
    with pytest.raises(Refused, match=r"labels\.json is a link to .*elsewhere\.json"):
        atomic_write(path, b"new")
    assert path.is_symlink()
    assert not there or target.read_bytes() == b"old"
    assert {p.name for p in tmp_path.iterdir()} <= {"elsewhere.json", "labels.json"}


def test_a_folder_that_is_gone_is_a_sentence_and_not_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(Lacking, match="writing x"):
        atomic_write(tmp_path / "gone" / "x", b"")


def test_publishing_never_replaces_a_name_that_is_taken(tmp_path: Path) -> None:
    for name in ("stage", "v1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "f").write_text(name)
    with pytest.raises(Refused, match="v1 exists"):
        publish_dir(tmp_path / "stage", tmp_path / "v1")
    assert (tmp_path / "v1" / "f").read_text() == "v1"
    publish_dir(tmp_path / "stage", tmp_path / "v2")
    assert (tmp_path / "v2" / "f").read_text() == "stage"
    assert not (tmp_path / "stage").exists()


def test_a_copy_tells_the_hash_of_the_very_bytes_and_keeps_the_time(tmp_path: Path) -> None:
    source = tmp_path / "a.jpg"
    source.write_bytes(os.urandom(3_000_000))
    os.utime(source, (1_700_000_000, 1_700_000_000))
    hashed = copy_hashing(source, tmp_path / "b.jpg")
    assert hashed.oid == "sha256:" + hashlib.sha256(source.read_bytes()).hexdigest()
    assert hashed == hash_file(tmp_path / "b.jpg")
    assert (tmp_path / "b.jpg").stat().st_mtime == 1_700_000_000
    assert copy_hashing(io.BytesIO(b"xy"), tmp_path / "c").size == 2


def test_a_lock_is_busy_while_held_and_free_once_its_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.durable import lock\n"
        "with lock(Path(sys.argv[1]), what='the export'):\n print('held', flush=True)\n sys.stdin.read()\n"
    )
    path = tmp_path / "lock"
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    with pytest.raises(Busy, match="the export"), lock(path, what="the export"):
        pass
    child.kill()
    child.communicate()
    with lock(path, what="the export"):
        pass
