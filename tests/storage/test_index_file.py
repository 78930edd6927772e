"""The index as git reads and writes it: what we add is what `git add` adds, what we can't keep we leave alone."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Busy
from core.storage import index_file
from core.storage.index_file import Foreign, Staged
from tests.conftest import git, run_program

NAMES = st.text(
    st.characters(exclude_characters="/\0\r", exclude_categories=["Cs"]), min_size=1, max_size=60
).filter(lambda name: len(name.encode()) < 200 and name.lower() not in (".", "..", ".git"))


def blob(root: Path, path: str) -> bytes:
    return bytes.fromhex(git(root, "hash-object", "-w", "--", path).strip())


def add(root: Path, *paths: str, width: str = "sha1") -> None:
    """Stage files as the module does it, under git's lock."""
    index = root / ".git/index"
    files = [Staged(os.fsencode(path), blob(root, path), os.lstat(root / path)) for path in paths]
    with index_file.locked(index) as lock:
        known = index_file.read(index, width)
        lock.put(index_file.with_files(known, files, root=root, touched={}))


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    root = tmp_path / "plain"
    root.mkdir()
    git(root, "init", "-q")
    return root


@given(names=st.sets(NAMES, min_size=1, max_size=5), later=NAMES)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_git_reads_what_is_written_as_its_own(plain: Path, names: set[str], later: str) -> None:
    (plain / ".git/index").unlink(missing_ok=True)
    folder = plain / "a"
    run_program(["rm", "-rf", folder], cwd=plain)
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(name.encode())
    git(plain, "add", "-A")
    (folder / later).write_bytes(b"later")
    add(plain, f"a/{later}")
    ours, status = git(plain, "ls-files", "-s", "-z"), git(plain, "status", "--porcelain", "-z", "-uno")
    (plain / ".git/index").unlink()
    git(plain, "add", "-A")
    assert ours == git(plain, "ls-files", "-s", "-z")
    assert set(status.split("\0")) - {""} == {f"A  a/{name}" for name in names | {later}}


def test_long_names_and_names_of_sha256(tmp_path: Path) -> None:
    root = tmp_path / "wide"
    root.mkdir()
    git(root, "init", "-q", "--object-format=sha256")
    deep = "/".join(["d" * 200] * 18) + "/x"  # longer than the length that an entry has room for
    os.makedirs(root / "e")
    (root / "e/first").write_text("1")
    git(root, "add", "-A")
    (root / "e/second").write_text("2")
    add(root, "e/second", width="sha256")
    assert git(root, "status", "--porcelain").splitlines() == ["A  e/first", "A  e/second"]
    rows = [(os.fsencode(deep), b"row")]
    assert index_file.Index(rows, b"", "sha256").blobs_of({os.fsencode(deep)}) == {os.fsencode(deep): b""}


@pytest.mark.parametrize("damage", ["cut", "flip", "nothing"])
def test_a_damaged_index_is_left_alone(plain: Path, damage: str) -> None:
    (plain / "x").write_text("x")
    git(plain, "add", "x")
    index = plain / ".git/index"
    data = index.read_bytes()
    index.write_bytes({"cut": data[:-9], "flip": data[:30] + b"\xff" + data[31:], "nothing": b""}[damage])
    with pytest.raises(Foreign):
        index_file.read(index)


def test_a_file_where_the_folder_should_be_is_git_s_to_judge(plain: Path) -> None:
    (plain / "a").write_text("a file")
    git(plain, "add", "a")
    (plain / "a").unlink()
    (plain / "a").mkdir()
    (plain / "a/b").write_text("b")
    with pytest.raises(Foreign):
        add(plain, "a/b")
    assert not (plain / ".git/index.lock").exists()
    assert git(plain, "ls-files") == "a\n"


def test_two_at_once(plain: Path) -> None:
    index = plain / ".git/index"
    (plain / "x").write_text("x")
    with index_file.locked(index):
        answer = run_program(["git", "add", "x"], cwd=plain)
        assert answer.code == 128
        assert "index.lock" in answer.err
    git(plain, "add", "x")
    (plain / ".git/index.lock").write_bytes(b"")
    with pytest.raises(Busy), index_file.locked(index):
        raise AssertionError("two had the lock")
    assert (plain / ".git/index.lock").exists()


def test_an_error_leaves_the_old_index_and_no_lock(plain: Path) -> None:
    (plain / "x").write_text("x")
    git(plain, "add", "x")
    before = (plain / ".git/index").read_bytes()
    with suppress(KeyboardInterrupt), index_file.locked(plain / ".git/index") as lock:
        lock.put(b"half")
        raise KeyboardInterrupt
    assert (plain / ".git/index").read_bytes() == before
    assert sorted(path.name for path in (plain / ".git").glob("index*")) == ["index"]
