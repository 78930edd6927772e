"""What this host has for the job and what it lacks, each with its remedy: the facts that `doctor` prints.

What always holds: nothing is changed but a scratch database that is made and removed again; torch and textual are not
imported; a fact that can't be had is said, and the others are told all the same. Called by commands/doctor.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from core import merge_driver, personal
from core.commands.finding import Finding, Level
from core.commands.host_terminal import graphics, terminal
from core.errors import Lacking, PrintModelsError
from core.human import count, plural, size
from core.pretrained import on_this_machine
from core.process import run
from core.setup import IDENTITY_REMEDY, LFS_REMEDY
from core.text import safe
from core.training.launching import keeper
from core.version import __version__
from core.workspace import Workspace

_INSTALL = "Install it again: make setup   (or pip install --upgrade print-models)"
#: Below these versions known holes are open: a decoder's overflow, code in a file of weights, links on a checkout.
_PILLOW, _TORCH, _LFS = (13, 0), (2, 10), (3, 7, 1)
_LITTLE_ROOM, _NO_ROOM = 2_000_000_000, 50_000_000
_FEW_INODES = 1000
_NETWORKED = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs"}
_ARCHITECTURE = "resnet18"


def look(folder: Path, workspace: Workspace | None) -> Iterator[Finding]:
    """Look at the host as seen from `folder`, and at the workspace there, if there is one."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        _program,
        lambda: _git(folder),
        lambda: _identity(folder),
        _settings,
        lambda: terminal(folder),
        lambda: graphics(folder),
        _pictures,
        _training,
        lambda: _disk(folder if workspace is None else workspace.root),
    ]
    if workspace is not None:
        here = workspace
        checks += [lambda: _repository(here), lambda: _storing(here), lambda: _cameras(here)]
    for check in checks:
        try:
            yield from check()
        except PrintModelsError as error:
            yield Finding("workspace", "block", error.what, error.remedy)


def _program() -> Iterator[Finding]:
    at = f"{platform.system()} {platform.machine()}"
    yield Finding("print-models", "pass", f"{__version__} on Python {platform.python_version()}, {at}", "")


def _git(folder: Path) -> Iterator[Finding]:
    try:
        found = run(["git", "--version"], cwd=folder).text.strip().removeprefix("git version ")
    except PrintModelsError as error:
        yield Finding("git", "block", error.what, error.remedy)
        return
    yield Finding("git", "pass", safe(found, limit=60))
    done = run(["git", "lfs", "version"], cwd=folder, check=False)
    told = re.search(r"git-lfs/([0-9]+(?:\.[0-9]+)*)", done.text)
    if done.code or told is None:
        yield Finding("git-lfs", "block", "It is not installed; images and models need it.", LFS_REMEDY)
    elif _numbers(told[1]) < _LFS:
        yield Finding(
            "git-lfs",
            "warn",
            f"{told[1]} does the job; before 3.7.1 a checkout may write through a link that a stranger committed, "
            "unless your distribution has mended that.",
            "Update it where you check out what others wrote.",
        )
    else:
        yield Finding("git-lfs", "pass", told[1])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"[0-9]+", version.split("+")[0])[:3])


def _identity(folder: Path) -> Iterator[Finding]:
    told = {}
    for key, variable in (("user.name", "GIT_AUTHOR_NAME"), ("user.email", "GIT_AUTHOR_EMAIL")):
        try:
            said = run(["git", "config", key], cwd=folder, check=False).text.strip()
        except PrintModelsError:
            return  # without git there is one finding about it already
        told[key] = os.environ.get(variable) or said
    if missing := [key for key, value in told.items() if not value]:
        yield Finding(
            "identity", "block", f"git does not know who commits: {' and '.join(missing)}.", IDENTITY_REMEDY
        )
    else:
        yield Finding("identity", "pass", safe(f"{told['user.name']} <{told['user.email']}>", limit=120))
    try:
        name, where = personal.who(folder)
        yield Finding("who", "pass", f"{name} labels ({where})")
    except PrintModelsError as error:
        yield Finding("who", "block", error.what, error.remedy)


def _settings() -> Iterator[Finding]:
    file = personal.path()
    if file is None:
        yield Finding("settings", "warn", "There is no home folder, so there are no personal settings.", "")
    elif not file.exists():
        yield Finding("settings", "pass", f"no personal ones; they would lie in {safe(file)}")
    else:
        own = personal.read()
        said = [
            f"{key} {value}"
            for key in ("who", "theme", "graphics", "suggestions")
            if (value := getattr(own, key))
        ]
        said += [f"{len(own.keys)} keys"] if own.keys else []
        yield Finding("settings", "pass", f"{safe(file)}: {', '.join(said) or 'nothing set'}")


def _pictures() -> Iterator[Finding]:
    yield _package("Pillow", _PILLOW, "block", "its decoder has known holes before 13.0", _INSTALL)


def _training() -> Iterator[Finding]:
    remedy = "To train here: make setup TRAIN=1   (set up by pipx: pipx install --force '.[train]')"
    for name in ("torch", "torchvision"):
        holes = "files of weights can run code before 2.10" if name == "torch" else ""
        yield _package(name, _TORCH if name == "torch" else (0,), "warn", holes, remedy)
    without = "To ask models and compare frames without torch: pip install '.[onnx]'"
    yield _package("onnxruntime", (0,), "warn", "", without)
    found = on_this_machine(_ARCHITECTURE)
    if found:
        yield Finding("weights", "pass", f"ImageNet weights of {_ARCHITECTURE}: {safe(found)}")
    else:
        yield Finding(
            "weights",
            "warn",
            f"The ImageNet weights of {_ARCHITECTURE} are not on this disk; the first training downloads them.",
            "Off-line give a file: print-models train --weights FILE",
        )
    if warning := keeper().warning:
        what, _, remedy = warning.partition(". ")
        yield Finding("logout", "warn", f"Trainings: {what[0].lower()}{what[1:]}.", remedy)


def _package(name: str, least: tuple[int, ...], level: Level, holes: str, remedy: str) -> Finding:
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name.lower(), level, f"{name} is not installed.", remedy)
    if _numbers(found) < least:
        return Finding(name.lower(), "warn", f"{safe(found)}: {holes}.", remedy)
    return Finding(name.lower(), "pass", safe(found))


def _disk(folder: Path) -> Iterator[Finding]:
    found = os.statvfs(folder)
    free, inodes = found.f_bavail * found.f_frsize, found.f_favail
    kind = file_system(folder)
    text = f"{size(free)} free" + (f", {count(inodes)} inodes free" if found.f_files else "")
    text += f", {kind}" if kind else ""
    remedy = "Free some space: old checkpoints (print-models runs), git lfs prune, the cache."
    if found.f_files and inodes < _FEW_INODES:
        yield Finding(
            "disk", "block" if inodes < 20 else "warn", text, "Remove files, large or small (df -i)."
        )
    elif free < _LITTLE_ROOM:
        yield Finding("disk", "block" if free < _NO_ROOM else "warn", text, remedy)
    else:
        yield Finding("disk", "pass", text)


def file_system(folder: Path) -> str:
    """Return the kind of file system a folder lies on ('ext4'), '' where this system does not tell."""
    try:
        rows = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    at, best, kind = os.path.realpath(folder) + "/", "", ""
    for row in rows:
        mount = row.split(" ")[1].replace("\\040", " ").rstrip("/") + "/"
        if at.startswith(mount) and len(mount) >= len(best):
            best, kind = mount, row.split(" ")[2]
    return safe(kind, limit=40)


def _repository(workspace: Workspace) -> Iterator[Finding]:
    from core.storage.git import Git
    from core.storage.lfs import filters_right

    git = Git(workspace.root)
    if workspace.read_only is not None:
        level: Level = "block" if isinstance(workspace.read_only, Lacking) else "warn"
        yield Finding("workspace", level, workspace.read_only.what, workspace.read_only.remedy)
    else:
        yield Finding("workspace", "pass", safe(workspace.root))
    if not git.is_repository():
        yield Finding(
            "repository", "block", "There is no git repository here.", "Make one: print-models init"
        )
        return
    config = git.config()
    if filters_right(config):
        yield Finding("filters", "pass", "git hands images and models to git-lfs")
    else:
        yield Finding(
            "filters",
            "warn" if workspace.read_only else "block",
            "The Git LFS filters are not set up in this clone: git would commit images as they are.",
            "Set them up: print-models init   (or git lfs install --local)",
        )
    yield _hook(workspace, git.git_path("hooks"))
    if workspace.read_only is None:
        wrong = merge_driver.missing(workspace.root)
        yield Finding(
            "merge",
            "warn" if wrong else "pass",
            wrong or "label files merge per frame",
            "Set it up: print-models init",
        )


def _hook(workspace: Workspace, folder: Path) -> Finding:
    try:
        there = "git lfs" in (folder / "pre-push").read_text("utf-8", "replace")
    except OSError:
        there = False
    if there:
        return Finding("hooks", "pass", "git push uploads images too")
    return Finding(
        "hooks",
        "warn",
        f"{safe(folder.relative_to(workspace.root) if folder.is_relative_to(workspace.root) else folder)} has no "
        "pre-push hook of git-lfs: a plain git push leaves images behind. release and its --push upload by themselves.",
        "Install the hook: git lfs update",
    )


def _storing(workspace: Workspace) -> Iterator[Finding]:
    if workspace.read_only is not None:
        return
    import sqlite3
    import tempfile

    try:
        with tempfile.TemporaryDirectory(prefix="doctor-", dir=workspace.ensure_private()) as folder:
            db = sqlite3.connect(Path(folder, "try.db"), isolation_level=None)
            try:
                mode = db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
                db.execute("CREATE TABLE try (x)")
            finally:
                db.close()
    except (OSError, sqlite3.Error) as error:
        yield Finding(
            "labels", "block", f"No label could be saved: {safe(str(error))}.", "Look at df -h and ls -ld."
        )
        return
    kind = file_system(workspace.root)
    if mode.lower() != "wal" or kind in _NETWORKED:
        yield Finding(
            "labels",
            "warn",
            f"Labels can be saved, but {kind or 'this file system'} has no shared memory: one session at a time.",
            "Keep the workspace on a disk of this machine if you can.",
        )
    else:
        yield Finding("labels", "pass", "saved durably; several sessions may label at once")


def _cameras(workspace: Workspace) -> Iterator[Finding]:
    from core.frames.folders import list_source

    for name, source in workspace.sources.items():
        try:
            days = list_source(source).days
        except PrintModelsError as error:
            where = f" (→ {safe(os.readlink(source.path), limit=200)})" if source.path.is_symlink() else ""
            yield Finding("camera", "warn", f"{error.what.removesuffix('.')}{where}.", error.remedy)
            continue
        newest = f", the newest {max(days)}" if days else ""
        yield Finding("camera", "pass", f"{safe(name)}: {plural(len(days), 'day')}{newest}")
