"""What the first push to a remote makes readable: a page of it, and the question that an interruption does not skip."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Cli, Place, git
from tests.lfs_server import lfs_server


def test_what_a_first_push_shows_is_a_page_with_every_picture(fresh: Place, cli: Cli, tmp_path: Path):
    words = ("release", "--push", "--dry-run", "--sheet")
    page = tmp_path / "pictures.html"
    done = cli(fresh.root, *words, page)
    assert done.code == 0, done.err
    assert "12 pictures" in done.err
    found = page.read_text("utf-8")
    assert found.count("data:image/jpeg;base64,") == 12
    assert "12 pictures of 1 day would become readable there." in found
    assert [found.count(f">{day}<") for day in ("2025-11-07", "2025-11-08")] == [2, 0], "a row for each class"
    assert "http" not in found.replace("http-equiv", "")
    assert cli(fresh.root, *words, page).code == 0, "its own page is written anew"
    other = tmp_path / "mine.html"
    other.write_text("mine")
    assert cli(fresh.root, *words, other).code == 1
    assert other.read_text() == "mine"
    assert cli(fresh.root, *words, tmp_path / "pictures.zip").code == 2
    assert cli(fresh.root, "release", "--sheet", page).code == 2


def test_an_interrupted_first_push_asks_unless_it_was_answered(fresh: Place, cli: Cli):
    """The remote was away when the release was planned, so nobody could be told what it would show."""
    root, bare = fresh.root, fresh.root.parent / "remote.git"
    with lfs_server() as server:
        git(root, "config", "remote.origin.lfsurl", server.url)
        bare.rename(bare.with_name("away"))
        assert cli(root, "release", "--push").code == 6
        bare.with_name("away").rename(bare)
        asked = cli(root, "release", "--resume")
        assert asked.code == 1
        assert "offline-detection v1  2025-11-07  active 6 · offline 6" in asked.err
        assert "--sheet pictures.html" in asked.err
        assert "--yes" in asked.err
        assert server.objects == {}
        server.put, server.stuck = [403], True
        assert cli(root, "release", "--resume", "--yes").code == 6
        assert server.objects == {}
        server.put, server.stuck = [], False
        assert cli(root, "release", "--resume").code == 0, "it was answered"
        assert len(server.objects) == 12
