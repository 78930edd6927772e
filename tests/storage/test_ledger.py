"""The ledger is right to the byte, against what git-lfs itself lists and what a bare remote holds."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from core.storage.ledger import Ledger, Row, ledger
from core.workspace import Workspace
from tests.conftest import Cli, git, unpack


def counted(root: Path) -> Ledger:
    return ledger(Workspace.open(root))


def by_git_lfs(root: Path) -> dict[str, int]:
    """Every object of the whole history as git-lfs tells it, by brute force over all commits."""
    found = {}
    for commit in git(root, "rev-list", "--all").split():
        for line in git(root, "ls-tree", "-r", commit).splitlines():
            text = git(root, "cat-file", "blob", line.split()[2]).split("\n")
            if text[0].startswith("version https://git-lfs"):
                found[text[1].removeprefix("oid ")] = int(text[2].removeprefix("size "))
    return found


def test_an_object_counts_once_however_often_it_is_used(repository: Path, version: Callable[..., None]):
    version("v1", {"a.jpg": b"a" * 100, "b.jpg": b"b" * 200})
    version("v2", {"a.jpg": b"a" * 100, "c.jpg": b"c" * 50})
    (repository / "models").mkdir()
    (repository / "models" / "m.pth").write_bytes(b"m" * 1000)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "a model")
    found = counted(repository)
    assert (found.objects, found.bytes) == (4, 1350)
    assert found.versions["offline-detection"] == {"v1": Row(2, 300, 200), "v2": Row(2, 150, 50)}
    assert found.models == Row(1, 1000, 1000)
    assert (found.local.objects, found.local.missing) == (4, 0)
    assert found.clone_bytes == 1350


def test_what_left_the_branch_is_still_stored(repository: Path, version: Callable[..., None]):
    version("v1", {"a.jpg": b"a" * 100})
    git(repository, "rm", "-r", "-q", "datasets")
    git(repository, "commit", "-q", "-m", "gone")
    found = counted(repository)
    assert (found.bytes, found.clone_bytes) == (100, 0)
    assert found.versions["offline-detection"]["v1"].bytes == 100


def test_two_versions_with_the_same_folder_are_both_counted(repository: Path, version: Callable[..., None]):
    """Git keeps equal folders as one; each version still has its files."""
    version("v1", {"a.jpg": b"a" * 100})
    version("v2", {"a.jpg": b"a" * 100})
    found = counted(repository)
    assert found.versions["offline-detection"] == {"v1": Row(1, 100, 0), "v2": Row(1, 100, 0)}
    assert found.bytes == 100


def test_equal_to_the_objects_on_a_bare_remote(
    repository: Path, version: Callable[..., None], tmp_path: Path
):
    chance = random.Random(7)
    pool = [bytes([n]) * chance.randint(1, 3000) for n in range(40)]
    for number in range(1, 6):
        version(f"v{number}", {f"{n}.jpg": pool[n] for n in chance.sample(range(40), 12)})
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    git(repository, "remote", "add", "origin", f"file://{tmp_path / 'bare.git'}")
    git(repository, "push", "-q", "origin", "HEAD", "--tags")
    there = [p for p in (tmp_path / "bare.git" / "lfs" / "objects").rglob("*") if p.is_file()]
    found = counted(repository)
    assert found.oids == by_git_lfs(repository)
    assert sorted(found.oids) == sorted(f"sha256:{path.name}" for path in there)
    assert found.bytes == sum(path.stat().st_size for path in there)


def test_a_clone_of_pointers_only_counts_the_same(
    repository: Path, version: Callable[..., None], tmp_path: Path
):
    version("v1", {"a.jpg": b"a" * 100, "b.jpg": b"b" * 200})
    os.environ["GIT_LFS_SKIP_SMUDGE"] = "1"
    try:
        git(tmp_path, "clone", "-q", f"file://{repository}", "clone")
    finally:
        del os.environ["GIT_LFS_SKIP_SMUDGE"]
    git(tmp_path / "clone", "config", "lfs.fetchexclude", "*")
    found = counted(tmp_path / "clone")
    assert (found.bytes, found.local.objects, found.local.missing_bytes) == (300, 0, 300)


def test_what_looks_like_a_pointer_and_is_none(repository: Path):
    (repository / "notes.txt").write_text(
        "version https://git-lfs.github.com/spec/v1\n" + "oid sha256:nonsense\nsize 1\n" * 3
    )
    (repository / "short.txt").write_text("x" * 120)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "texts")
    assert counted(repository).objects == 0


def test_growth_is_told_only_when_there_is_something_to_go_by(repository: Path, version: Callable[..., None]):
    version("v1", {"a.jpg": b"a" * 100}, when="2025-11-01T12:00:00+00:00")
    assert counted(repository).growth is None
    version("v2", {"b.jpg": b"b" * 3000}, when="2025-11-20T12:00:00+00:00")
    growth = counted(repository).growth
    assert growth is not None
    assert 0 < growth < 3000


def test_the_real_predecessor_to_the_byte(tmp_path: Path, cli: Cli):
    """Real pointers: 169 images and 2 models, 230 626 027 bytes, in a repository without a single pixel."""
    default = Path(__file__).resolve().parents[3] / "shared" / "real"
    archive = Path(os.environ.get("PRINT_MODELS_REAL", default)) / "legacy.tar.gz"
    if not archive.is_file():
        pytest.skip("the real predecessor's data is not here (PRINT_MODELS_REAL, or ../shared/real)")
    root = tmp_path / "legacy"
    unpack(archive, root)
    root = root if (root / "datasets").is_dir() else next(root.iterdir())
    git(root, "init", "-q")
    git(root, "lfs", "install", "--local")
    git(root, "add", "-f", "-A")
    git(root, "commit", "-q", "-m", "as it was")
    answer = cli(root, "storage", "--plan", "github-free-legacy", "--json")
    assert answer.code == 0, answer.err
    found = answer.json
    sizes = by_git_lfs(root)
    assert (found["objects"], found["bytes"]) == (len(sizes), sum(sizes.values())) == (171, 230_626_027)
    assert found["by"]["offline-detection"]["v1"] == {
        "files": 169,
        "bytes": 51_572_207,
        "exclusive": 51_572_207,
    }
    assert found["by"]["models"] == {"files": 2, "bytes": 179_053_820, "exclusive": 179_053_820}
    assert found["local"]["missing"] == 171
    assert found["price"]["plan"] == "github-free-legacy"


def test_what_was_counted_is_kept_until_a_ref_moves(
    repository: Path, version: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    from core.storage import ledger as module

    version("v1", {"a.jpg": b"a" * 100})
    (repository / ".print-models").mkdir()
    first, cache = counted(repository), repository / ".print-models" / "cache" / "ledger.json"
    assert cache.is_file()

    def counted_again(*_: object) -> None:
        raise AssertionError("it was counted again")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_counted", counted_again)
        assert counted(repository) == first
        # What lies here is looked at each time.
        next(path for path in (repository / ".git" / "lfs" / "objects").rglob("*") if path.is_file()).unlink()
        assert (counted(repository).local.missing, counted(repository).bytes) == (1, 100)
    version("v2", {"a.jpg": b"a" * 100, "b.jpg": b"b" * 50})
    assert counted(repository).bytes == 150
    git(repository, "tag", "-d", "offline-detection/v2")
    git(repository, "reset", "-q", "--hard", "HEAD~1")
    assert counted(repository).bytes == 100


@pytest.mark.parametrize("damage", [b"", b"{", b'{"refs": 3}', b"\xff\xfe"])
def test_a_damaged_answer_is_counted_again(repository: Path, version: Callable[..., None], damage: bytes):
    version("v1", {"a.jpg": b"a" * 100})
    (repository / ".print-models").mkdir()
    first = counted(repository)
    (repository / ".print-models" / "cache" / "ledger.json").write_bytes(damage)
    assert counted(repository) == first


def test_a_repository_that_was_only_looked_at_gets_no_cache(repository: Path, version: Callable[..., None]):
    version("v1", {"a.jpg": b"a" * 100})
    assert counted(repository).bytes == 100
    assert not (repository / ".print-models").exists()
