"""The typed verbs say what plain git says, and take every path literally."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.process import ProcessFailed
from core.storage.git import Git
from core.storage.lfs import encode_pointer, parse_pointer, remote_folder, store_of
from tests.conftest import git


@given(st.binary(max_size=2000))
def test_no_bytes_break_the_reader_of_pointers(data: bytes):
    found = parse_pointer(data)
    assert found is None or encode_pointer(found)


@given(st.binary(max_size=300))
def test_nor_do_bytes_after_the_right_first_line(tail: bytes):
    parse_pointer(b"version https://git-lfs.github.com/spec/v1\n" + tail)


def test_a_pointer_is_what_git_lfs_writes(repository: Path):
    path = repository / "x.bin"
    path.write_bytes(b"some bytes")
    written = git(repository, "lfs", "pointer", "--file=x.bin").encode()
    found = parse_pointer(written)
    assert found is not None
    assert encode_pointer(found) == written
    assert found.size == 10
    assert parse_pointer(written + b"x" * 1024) is None


def test_an_object_s_place_follows_the_settings(repository: Path, tmp_path: Path):
    oid = "sha256:" + "ab" * 32
    assert store_of(repository).path(oid) == repository / ".git/lfs/objects/ab/ab" / ("ab" * 32)
    git(repository, "worktree", "add", "-q", str(tmp_path / "second"))
    assert store_of(tmp_path / "second").path(oid) == repository / ".git/lfs/objects/ab/ab" / ("ab" * 32)
    git(repository, "config", "lfs.storage", str(tmp_path / "store"))
    assert store_of(repository).path(oid) == tmp_path / "store/objects/ab/ab" / ("ab" * 32)


@pytest.mark.parametrize(
    ("url", "folder"),
    [
        ("file:///a/b%20c.git", "/a/b c.git"),
        ("/a/b.git", "/a/b.git"),
        ("../b.git", "/srv/b.git"),
        ("git@host:b.git", None),
        ("host:b.git", None),
        ("https://host/b.git", None),
        ("ssh://host/b.git", None),
    ],
)
def test_which_remotes_are_folders(url: str, folder: str | None):
    assert remote_folder(url, Path("/srv/tree")) == (Path(folder) if folder else None)


def test_state_of_a_repository(repository: Path):
    state = Git(repository).state()
    assert (state.branch, state.operation, state.dirty, state.identity, state.lfs) == (
        "main",
        None,
        0,
        True,
        True,
    )
    assert state.head == git(repository, "rev-parse", "HEAD").strip()
    (repository / "print-models.toml").write_text("format = 1\n\n")
    (repository / "new.txt").write_text("x")
    (repository / ".git" / "MERGE_HEAD").write_text("x")
    git(repository, "config", "remote.origin.url", "file:///x.git")
    state = Git(repository).state()
    assert (state.dirty, state.untracked, state.operation) == (1, 1, "merge")
    assert state.remotes == {"origin": "file:///x.git"}


def test_a_commit_of_exact_paths_among_names_that_look_like_patterns(repository: Path):
    """`*` is a file's name here, and only that file is committed."""
    names = ["*", "a.txt", "[a].txt", ":(glob)x", "sp ace", "ünïcode", "new\nline", "-n"]
    for name in names:
        (repository / name).write_text(name)
    repo = Git(repository)
    git(repository, "add", "--", "a.txt")
    repo.add(["*", "-n", ":(glob)x"])
    commit = repo.commit(["*", "-n", ":(glob)x"], "three")
    assert sorted(repo.changed_between("HEAD~1", commit)) == sorted(["*", "-n", ":(glob)x"])
    assert repo.differs_from_head().keys() == {"a.txt"}
    assert not list((repository / ".git").glob("index.print-models*"))


def test_git_s_own_words_come_with_the_error(repository: Path):
    with pytest.raises(ProcessFailed, match="git tag failed"):
        Git(repository).tag("no such..name", "x", "HEAD")


def test_ignore_and_attributes_of_exact_paths(repository: Path):
    (repository / ".gitignore").write_text("*.jpg\n!keep.jpg\n")
    repo = Git(repository)
    assert repo.check_ignore(["datasets/t/v1/a/x.jpg", "keep.jpg", "x.txt"]) == {
        "datasets/t/v1/a/x.jpg": ".gitignore:1: *.jpg"
    }
    found = repo.check_attr("filter", ["datasets/t/v1/a/x.jpg", "x.jpg"])
    assert found == {"datasets/t/v1/a/x.jpg": "lfs", "x.jpg": "unspecified"}


def test_names_asked_through_one_process_are_those_that_are_there_now(repository: Path):
    asked = Git(repository)
    head = git(repository, "rev-parse", "HEAD").strip()
    with asked.talking():
        assert asked.rev_parse("HEAD^{commit}") == head
        assert asked.rev_parse("refs/tags/some^{commit}") is None
        git(repository, "tag", "-a", "-m", "some", "some")
        assert asked.rev_parse("refs/tags/some^{commit}") == head
        assert asked.rev_parse("refs/tags/some") == git(repository, "rev-parse", "some").strip() != head
        git(repository, "commit", "-q", "--allow-empty", "-m", "another")
        assert asked.head() == git(repository, "rev-parse", "HEAD").strip() != head
        assert asked.rev_parse("two\nlines") is None
    assert asked.head() == git(repository, "rev-parse", "HEAD").strip()


def test_a_configuration_that_was_just_told_is_told_anew_when_it_changes(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = Git(repository)
    assert "some.thing" not in asked.config()
    git(repository, "config", "some.thing", "here")
    assert asked.config()["some.thing"] == "here"
    own = tmp_path / "own"
    own.write_text("[some]\nother = everywhere\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(own))
    assert asked.config()["some.other"] == "everywhere"
    own.write_text("[some]\nother = nowhere at all\n")
    assert asked.config()["some.other"] == "nowhere at all"


@pytest.mark.parametrize("where", ["core.sshCommand", "GIT_SSH_COMMAND", "GIT_SSH"])
def test_the_ssh_that_a_person_named_is_the_one_that_is_used(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
):
    program = tmp_path / "my-ssh"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\nexit 255\n')
    program.chmod(0o755)
    monkeypatch.delenv("GIT_SSH_COMMAND", raising=False)
    if where == "core.sshCommand":
        git(repository, "config", where, str(program))
    else:
        monkeypatch.setenv(where, str(program))
    git(repository, "remote", "add", "origin", "ssh://ana@host/prints.git")
    with pytest.raises(ProcessFailed):
        Git(repository).ls_remote("origin")
    assert "ana@host" in (tmp_path / "asked").read_text()
