"""What all tests share: a home of their own, real workspaces in a temporary folder, the real command line.

What always holds: no test reads or writes the user's home, git configuration or settings; a workspace made here is a
real git repository with Git LFS, and a `cli` call is a real process.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.terminals import Tmux

if TYPE_CHECKING:
    from tests.spread import TogetherScheduling

CAMERA = "printer-timelapses"
# A busy machine takes its time to make examples; that says nothing of what is tested.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherScheduling | None:
    """Spread the tests over several processes as tests/spread.py says."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from tests.spread import TogetherScheduling

    return TogetherScheduling(config, log)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said: exit code, standard output and standard error as text."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on standard output."""
        return json.loads(self.out)


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the whole run a home, a git identity and no settings of whoever runs it."""
    home = tmp_path_factory.mktemp("home")
    git_config = home / "gitconfig"
    git_config.write_text(
        "[user]\n\tname = Ana\n\temail = ana@example.org\n[init]\n\tdefaultBranch = main\n[core]\n\tfsync = none\n"
    )
    patch = pytest.MonkeyPatch()
    # Whoever runs the tests behind a shell's & ignores Ctrl-C, and so would every program started here.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Hundreds of processes are started: compiled modules are kept, as on a machine of a person.
    patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    patch.setattr(sys, "dont_write_bytecode", False)
    for name in list(os.environ):
        if name.startswith("GIT_") or (name.startswith("PRINT_MODELS_") and name != "PRINT_MODELS_REAL"):
            patch.delenv(name)
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "COLORTERM", "TMUX", "EDITOR"):
        patch.delenv(name, raising=False)
    for name, value in {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "GIT_CONFIG_GLOBAL": str(git_config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "TZ": "Europe/Berlin",
    }.items():
        patch.setenv(name, value)
    yield home
    patch.undo()


def run_program(
    argv: list[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str | None] | None = None,
    stdin: str | None = None,
) -> Answer:
    """Run a program to its end; `env` adds variables, None takes one away."""
    environment = dict(os.environ)
    for name, value in (env or {}).items():
        if value is None:
            environment.pop(name, None)
        else:
            environment[name] = value
    done = subprocess.run(
        [os.fspath(word) for word in argv],
        cwd=cwd,
        env=environment,
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=240,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


Cli = Callable[..., Answer]


@pytest.fixture
def cli() -> Cli:
    """Run `print-models WORDS…` in a folder as a real process: `cli(folder, "status", "--json")`."""

    def call(
        folder: Path,
        *words: str | Path,
        env: Mapping[str, str | None] | None = None,
        stdin: str | None = None,
    ) -> Answer:
        return run_program([sys.executable, "-m", "core", *words], cwd=folder, env=env, stdin=stdin)

    return call


def git(folder: Path, *words: str) -> str:
    """Run plain git, as a person would to check what we say; return its output."""
    answer = run_program(["git", *words], cwd=folder)
    assert answer.code == 0, f"git {' '.join(words)}: {answer.err}"
    return answer.out


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar file of our own with all that is in it, its links to nowhere too."""
    with tarfile.open(archive) as opened:
        # An attribute and no argument: the first releases of Python 3.11 know no filter.
        opened.extraction_filter = lambda member, _: member
        opened.extractall(folder)


def write_frames(camera: Path, count: int, *, start: str = "20251107T080000", every: int = 60) -> list[str]:
    """Write small, different, valid JPEGs into day folders as a camera would; return their keys in time order."""
    from PIL import Image, ImageDraw

    begin = datetime.strptime(start, "%Y%m%dT%H%M%S")
    keys = []
    for number in range(count):
        moment = begin + timedelta(seconds=every * number)
        path = camera / f"{moment:%Y%m%d}" / f"{moment:%Y%m%dT%H%M%S}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = Image.new("RGB", (64, 36), (40 + number % 150, 60, 90))
        ImageDraw.Draw(picture).text((2, 2), f"{moment:%d%H%M%S}", fill=(250, 250, number % 256))
        picture.save(path, quality=80)
        old = moment.timestamp()
        os.utime(path, (old, old))
        keys.append(f"{CAMERA}/{path.parent.name}/{path.name}")
    return keys


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace for a test: its `root`, the camera's folder outside it, the keys of its frames in time order."""

    root: Path
    camera: Path
    keys: list[str]


@pytest.fixture(scope="session")
def bare_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace made once by `print-models init`, without a camera; every test works on a copy of it."""
    root = tmp_path_factory.mktemp("template") / "ws"
    root.mkdir()
    done = run_program([sys.executable, "-m", "core", "init"], cwd=root)
    assert done.code == 0, done.err
    return root


def connected(bare: Path, folder: Path, frames: int = 12, *, name: str = "ws", **when: Any) -> Place:
    """Copy a workspace to `folder`/`name` and give it a camera beside it with small pictures (see `write_frames`)."""
    root, camera = folder / name, folder / f"{name}-camera"
    shutil.copytree(bare, root, symlinks=True)
    camera.mkdir()
    (root / CAMERA).unlink(missing_ok=True)
    (root / CAMERA).symlink_to(camera)
    return Place(root, camera, write_frames(camera, frames, **when))


@pytest.fixture
def bare_copy(bare_workspace: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own without a camera, for a test that a command runs in."""
    return Path(shutil.copytree(bare_workspace, tmp_path / "ws", symlinks=True))


@pytest.fixture
def workspace(bare_workspace: Path, tmp_path: Path) -> Callable[..., Place]:
    """Make a workspace whose camera holds `frames` small pictures, a minute apart: `workspace(frames=20)`."""

    def make(frames: int = 12, *, name: str = "ws", start: str = "20251107T080000", every: int = 60) -> Place:
        return connected(bare_workspace, tmp_path, frames, name=name, start=start, every=every)

    return make


@pytest.fixture(scope="session")
def real_frames() -> Path:
    """The folder of real photographs, which is not part of the project; skips where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "real"
    folder = Path(os.environ.get("PRINT_MODELS_REAL", default)) / "frames"
    if not folder.is_dir():
        pytest.skip("no real photographs here (PRINT_MODELS_REAL, or ../shared/real)")
    return folder


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    """A tmux server of the test's own, ended with it."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    server = Tmux(tmp_path)
    yield server
    subprocess.run(["tmux", "-S", server.socket, "kill-server"], capture_output=True)
