"""`fetch`: exactly the bytes of one version or model, priced first, hashed when they came."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core import release
from core.errors import Damaged
from core.releasing import fetching
from core.versions.manifest import read_version
from core.workspace import Workspace
from tests.conftest import Answer, Cli, Place, git, run_program
from tests.lfs_server import LfsServer, lfs_server
from tests.release.test_release import TAG
from tests.training.finished import finished

FOLDER = "datasets/offline-detection/v1"


@pytest.fixture
def released(fresh: Place) -> Place:
    """A version on origin, and a model beside it."""
    root = fresh.root
    (root / "models/printer_offline_detector.pth").write_bytes(b"weights" * 300)
    git(root, "add", "models/printer_offline_detector.pth")
    git(root, "commit", "-q", "-m", "A model")
    workspace = Workspace.open(root)
    release.run(release.plan(workspace, workspace.task(None), push=True))
    return fresh


def pointers_only(place: Place, folder: Path) -> Path:
    """Clone origin without any object of Git LFS."""
    address = git(place.root, "remote", "get-url", "origin").strip()
    done: Answer = run_program(
        ["git", "clone", "-q", address, "clone"], cwd=folder, env={"GIT_LFS_SKIP_SMUDGE": "1"}
    )
    assert done.code == 0, done.err
    root = folder / "clone"
    git(root, "lfs", "install", "--local", "--skip-smudge")
    return root


def objects(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".git/lfs/objects").rglob("*") if path.is_file())


def test_a_version_comes_whole_and_nothing_else(released: Place, tmp_path: Path, cli: Cli):
    root = pointers_only(released, tmp_path)
    before = cli(root, "fetch", "v1", "--dry-run", "--json").json
    assert (before["files"], before["objects"], before["dry_run"]) == (12, 12, True)
    assert before["download_bytes"] > 0
    assert objects(root) == []
    answer = cli(root, "fetch", "v1")
    assert answer.code == 0, answer.err
    assert "to download" in answer.err
    assert len(objects(root)) == 12, "the model stays where it is"
    assert cli(root, "verify", "v1").code == 0
    assert git(root, "status", "--porcelain", "--", FOLDER, "models") == ""
    again = cli(root, "fetch", "v1", "--json").json
    assert (again["objects"], again["download_bytes"], again["remote"]) == (0, 0, None)


def test_a_model_comes_by_its_path(released: Place, tmp_path: Path, cli: Cli):
    root = pointers_only(released, tmp_path)
    answer = cli(root, "fetch", "models/printer_offline_detector.pth")
    assert answer.code == 0, answer.err
    assert (root / "models/printer_offline_detector.pth").read_bytes() == b"weights" * 300
    assert len(objects(root)) == 1


def test_a_model_comes_by_its_name_with_what_was_made_of_it(released: Place, tmp_path: Path, cli: Cli):
    workspace = Workspace.open(released.root)
    run = finished(workspace, read_version(workspace, workspace.task(None), "v1"), 1)
    assert cli(released.root, "promote", run.id).code == 0
    (released.root / "models/versions/offline-detector-v1.onnx").write_bytes(b"network" * 300)
    git(released.root, "add", "models/versions")
    git(released.root, "commit", "-q", "-m", "as ONNX")
    git(released.root, "lfs", "push", "origin", "main")
    git(released.root, "push", "-q", "--no-verify", "origin", "main")
    root = pointers_only(released, tmp_path)
    priced = cli(root, "fetch", "offline-detector-v1", "--dry-run", "--json").json
    assert (priced["files"], priced["objects"]) == (2, 2)
    answer = cli(root, "fetch", "offline-detector-v1")
    assert answer.code == 0, answer.err
    assert (root / "models/versions/offline-detector-v1.onnx").read_bytes() == b"network" * 300
    assert (root / "models/versions/offline-detector-v1.pth").read_bytes() == run.best.read_bytes()
    assert len(objects(root)) == 2
    assert git(root, "status", "--porcelain", "--", "models") == ""


def test_what_is_neither_is_wrong_usage(released: Place, cli: Cli):
    assert cli(released.root, "fetch", "v9").code == 2
    assert cli(released.root, "fetch", "nothing-v1.0").code == 2


def test_a_remote_that_lacks_it_says_so_and_nothing_is_changed(released: Place, tmp_path: Path, cli: Cli):
    root = pointers_only(released, tmp_path)
    with lfs_server() as server:
        git(root, "config", "remote.origin.lfsurl", server.url)
        answer = cli(root, "fetch", "v1")
        assert answer.code == 5
        assert "12 objects of offline-detection v1 are not on origin" in answer.err
        server.login = "Basic YW5hOnNlY3JldA=="
        answer = cli(root, "fetch", "v1")
        assert answer.code == 5
        assert "asks for a login that git has not stored" in answer.err
        assert git(root, "status", "--porcelain") == ""


def served(place: Place, server: LfsServer) -> None:
    for path in (place.root / ".git/lfs/objects").rglob("*"):
        if path.is_file():
            server.objects[path.name] = path.read_bytes()


def test_bytes_that_are_not_those_of_their_name_are_not_taken(released: Place, tmp_path: Path):
    root = pointers_only(released, tmp_path)
    with lfs_server() as server:
        served(released, server)
        git(root, "config", "remote.origin.lfsurl", server.url)
        info = (root / FOLDER / "metadata.jsonl").read_text().splitlines()
        oid = json.loads(info[0])["oid"].removeprefix("sha256:")
        server.lie.add(oid)
        workspace = Workspace.open(root)
        found = fetching.plan(workspace, workspace.task(None), "v1")
        with pytest.raises(Exception, match=r"could not be fetched|other bytes"):
            fetching.run(workspace, found)
        assert oid not in objects(root)
        server.lie.clear()
        fetching.run(workspace, fetching.plan(workspace, workspace.task(None), "v1"))
        assert len(objects(root)) == 12


def test_an_object_here_that_went_bad_is_named(released: Place):
    workspace = Workspace.open(released.root)
    found = fetching.plan(workspace, workspace.task(None), "v1")
    bad = workspace.root / ".git/lfs/objects" / _shard(sorted(found.files.values())[0].oid)
    data = bad.read_bytes()
    bad.unlink()
    bad.write_bytes(bytes(len(data)))
    with pytest.raises(Damaged, match="has other bytes"):
        fetching.run(workspace, found)
    assert TAG in git(released.root, "tag")


def _shard(oid: str) -> str:
    name = oid.removeprefix("sha256:")
    return f"{name[:2]}/{name[2:4]}/{name}"


def test_a_clone_without_filters_gets_the_pictures_and_no_change_of_gits(
    released: Place, tmp_path: Path, cli: Cli
):
    root = pointers_only(released, tmp_path)
    git(root, "lfs", "uninstall", "--local")
    pictures = sorted((root / FOLDER).glob("*/*.jpg"))
    before = [path.read_bytes() for path in pictures]
    answer = cli(root, "fetch", "v1")
    assert answer.code == 0, answer.err
    assert "12 files of the work tree stay pointers" in answer.out
    assert "print-models init, then print-models fetch v1" in answer.out
    assert len(objects(root)) == 12
    assert [path.read_bytes() for path in pictures] == before
    assert git(root, "status", "--porcelain", "--", FOLDER) == ""
    assert cli(root, "init").code == 0
    again = cli(root, "fetch", "v1", "--json").json
    assert (again["objects"], again["pointers"]) == (0, 0)
    assert all(path.read_bytes().startswith(b"\xff\xd8") for path in pictures)
    assert git(root, "status", "--porcelain", "--", FOLDER) == ""
