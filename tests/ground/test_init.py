"""`init`, through the real command line and looked at with plain git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conftest import Cli, git


def camera_of(folder: Path) -> Path:
    camera = folder / "camera"
    camera.mkdir()
    return camera


def test_a_new_folder_becomes_a_workspace_with_one_commit_of_its_own_files(cli: Cli, tmp_path: Path) -> None:
    camera = camera_of(tmp_path)
    done = cli(tmp_path, "init", "ws", "--source", camera)
    ws = tmp_path / "ws"
    assert done.code == 0, done.err
    assert (ws / "printer-timelapses").resolve() == camera
    assert git(ws, "log", "--format=%an %s").strip() == "Ana Make this folder a print-models workspace"
    assert git(ws, "ls-files").split() == [
        ".gitattributes",
        ".gitignore",
        "data/README.md",
        "datasets/README.md",
        "models/README.md",
        "print-models.toml",
    ]
    assert git(ws, "status", "--porcelain") == ""
    assert git(ws, "config", "--local", "filter.lfs.required").strip() == "true"
    for name in ("data", "datasets", "models"):
        assert len((ws / name / "README.md").read_text().splitlines()) == 5


def test_again_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    camera = camera_of(tmp_path)
    cli(tmp_path, "init", "ws", "--source", camera)
    ws = tmp_path / "ws"
    before = git(ws, "rev-parse", "HEAD")
    again = cli(ws, "init", "--source", camera)
    assert again.code == 0
    assert "nothing had to change" in again.out
    assert (git(ws, "rev-parse", "HEAD"), git(ws, "status", "--porcelain")) == (before, "")


def test_images_are_lfs_in_both_cases_of_letters(cli: Cli, tmp_path: Path) -> None:
    cli(tmp_path, "init", "ws")
    paths = [f"datasets/t/v1/c/a.{ending}" for ending in ("jpg", "JPG", "jpeg", "PNG")]
    paths += [
        "models/x.PTH",
        "models/printer_offline_detector.pth",
        "models/versions/offline-detector-v1.pth",
    ]
    out = git(tmp_path / "ws", "check-attr", "filter", "--", *paths)
    assert [line.endswith(": lfs") for line in out.splitlines()] == [True] * len(paths)


def test_an_old_rule_that_hides_images_is_lifted_for_datasets_only(cli: Cli, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "ws")
    ws = tmp_path / "ws"
    (ws / ".gitignore").write_text("*.jpg\n*.png\n*.log\n")
    done = cli(ws, "init")
    assert done.code == 0, done.err
    assert "lifted an ignore rule" in done.out
    for path, hidden in (
        ("datasets/offline-detection/v1/active/a.jpg", False),
        ("datasets/offline-detection/v1/active/A.JPG", False),
        ("holiday.jpg", True),
        ("x.log", True),
    ):
        code = subprocess.run(["git", "check-ignore", "-q", path], cwd=ws, check=False).returncode
        assert (code == 0) is hidden, path
    assert (ws / ".gitignore").read_text().startswith("*.jpg\n*.png\n*.log\n")


def test_the_users_own_staged_files_stay_out_of_the_commit(cli: Cli, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "ws")
    (tmp_path / "ws" / "mine.txt").write_text("mine")
    git(tmp_path / "ws", "add", "mine.txt")
    assert cli(tmp_path / "ws", "init").code == 0
    assert git(tmp_path / "ws", "status", "--porcelain") == "A  mine.txt\n"


def test_what_is_missing_is_said_before_anything_is_written(cli: Cli, tmp_path: Path) -> None:
    gone = cli(tmp_path, "init", "a", "--source", tmp_path / "nowhere")
    assert gone.code == 5
    assert "nowhere" in gone.err
    (tmp_path / "dangling").symlink_to(tmp_path / "unplugged")
    dangling = cli(tmp_path, "init", "a", "--source", tmp_path / "dangling")
    assert dangling.code == 5
    assert "link whose end is missing" in dangling.err
    assert not (tmp_path / "a").exists()
    nobody = cli(tmp_path, "init", "b", env={"GIT_CONFIG_GLOBAL": "/dev/null"})
    assert nobody.code == 5
    assert "git config --global user.name" in nobody.err
    assert not (tmp_path / "b").exists()


def test_without_git_lfs_the_line_that_installs_it_is_printed(cli: Cli, tmp_path: Path) -> None:
    bare = tmp_path / "bin"
    bare.mkdir()
    for name in ("git", "sh"):
        (bare / name).symlink_to(f"/usr/bin/{name}")
    done = cli(tmp_path, "init", "ws", env={"PATH": str(bare)})
    assert done.code == 5
    assert "sudo apt-get install git-lfs" in done.err
    assert not (tmp_path / "ws").exists()


def test_a_second_camera_never_takes_the_place_of_the_first(cli: Cli, tmp_path: Path) -> None:
    first = camera_of(tmp_path)
    second = tmp_path / "second"
    second.mkdir()
    cli(tmp_path, "init", "ws", "--source", first)
    refused = cli(tmp_path, "init", "ws", "--source", second)
    assert refused.code == 1
    assert (tmp_path / "ws" / "printer-timelapses").resolve() == first


def test_a_folder_inside_another_repository_is_refused_unless_ignored_there(cli: Cli, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "outer")
    outer = tmp_path / "outer"
    refused = cli(outer, "init", "inner")
    assert refused.code == 1
    assert "inside the git repository" in refused.err
    (outer / ".gitignore").write_text("inner\n")
    assert cli(outer, "init", "inner").code == 0


def test_no_workspace_is_made_in_the_cameras_folder(cli: Cli, tmp_path: Path) -> None:
    camera = camera_of(tmp_path)
    for folder in ("camera", "camera/ws"):
        refused = cli(tmp_path, "init", folder, "--source", camera)
        assert refused.code == 1
        assert "the camera's folder, which is only read" in refused.err
    assert list(camera.iterdir()) == []


def test_elsewhere_commands_say_how_to_begin(cli: Cli, tmp_path: Path) -> None:
    lost = cli(tmp_path, "status")
    assert lost.code == 5
    assert "print-models init" in lost.err
    assert cli(tmp_path, "-C", "nowhere", "status").code == 5
    assert cli(tmp_path, "statsu").code == 2


def test_the_programs_own_source_as_a_workspace_is_pointed_out(cli: Cli, tmp_path: Path) -> None:
    ws = tmp_path / "ws"
    git(tmp_path, "init", "-q", "ws")
    (ws / "core").mkdir()
    (ws / "core" / "setup.py").write_text("")
    (ws / "pyproject.toml").write_text('[project]\nname = "print-models"\n')
    git(ws, "remote", "add", "origin", "https://example.org/print-models.git")
    done = cli(tmp_path, "-C", "ws", "init")
    assert done.code == 0
    assert "own source" in done.err


def test_this_repository_is_a_workspace_that_init_would_leave_as_it_is() -> None:
    from core.setup_files import ATTRIBUTES, IGNORED, READMES

    root = Path(__file__).resolve().parents[2]
    for name, lines in ((".gitattributes", ATTRIBUTES), (".gitignore", (*IGNORED, "/printer-timelapses"))):
        assert set(lines) <= set((root / name).read_text().splitlines())
    assert all((root / name).is_file() for name in READMES)


def test_a_clone_of_which_nothing_is_checked_out_gets_no_second_history(cli: Cli, tmp_path: Path) -> None:
    """The remote's own branch is one that nobody pushed: git clones it, and checks nothing out."""
    assert cli(tmp_path, "init", "here").code == 0
    git(tmp_path / "here", "branch", "-m", "main")
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=trunk", "remote.git")
    git(tmp_path / "here", "push", "-q", str(tmp_path / "remote.git"), "main")
    git(tmp_path, "clone", "-q", str(tmp_path / "remote.git"), "there")
    refused = cli(tmp_path / "there", "init")
    assert refused.code == 1
    assert "Nothing of origin is checked out here, though it has origin/main" in refused.err
    assert "git switch main" in refused.err
    assert [path.name for path in (tmp_path / "there").iterdir()] == [".git"]
    git(tmp_path / "there", "switch", "-q", "main")
    assert cli(tmp_path / "there", "init").code == 0
