"""Releasing versions of 150 and 600 images (5 000 with `BENCH_LARGE=1`), a first one and a second of mostly the same images.

Against the limit (one read, hash, write), against copying and `git add` with git-lfs, and against copying and
`dvc add`, which is installed into a throw-away environment where that can be done.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.frames import few_frames
from benchmarks.measure import Row, Sample, Topic, exponent, new_workspace, program, run, spaced, timed

SIZES = (150, 600, *((5000,) if os.environ.get("BENCH_LARGE") else ()))
FOLDER = Path("datasets", "offline-detection")
_HAND, _DVC = "copy + `git add` + `git commit`", "copy + `dvc add` + `git commit`"
#: Planning and releasing as the app does it: in a program that runs already. Says how long it took.
_RUNNING = """
import sys, time
from pathlib import Path
from core import release
from core.workspace import Workspace
workspace = Workspace.open(Path.cwd())
begin = time.perf_counter()
release.run(release.plan(workspace, workspace.task(None)))
print(time.perf_counter() - begin)
"""


def labelled(folder: Path, camera: Path, keys: list[str], *, share: bool = False) -> Path:
    """Make a workspace in which those frames are labelled, half and half, and the labels committed."""
    root = new_workspace(folder, camera)
    half = len(keys) // 2
    for class_, some in (("offline", keys[:half]), ("active", keys[half:])):
        run(program("label", "--as", class_, *some), root)
    if share:
        settings = root / "print-models.toml"
        settings.write_text(
            settings.read_text().replace("\n[storage]\n", '\n[storage]\nshare = "hardlink"\n')
        )
        run(["git", "commit", "-q", "-m", "share", "--", "print-models.toml"], root)
    run(program("save"), root)
    os.sync()
    return root


def limit(root: Path, keys: list[str]) -> None:
    """Read each image once, hash it, write it, and make it durable: what no export can do without."""
    target = root / "limit"
    target.mkdir()
    for key in keys:
        data = (root / key).read_bytes()
        hashlib.sha256(data).hexdigest()
        (target / os.path.basename(key)).write_bytes(data)
    os.sync()


def copied(root: Path, keys: list[str], name: str) -> Path:
    """Copy the images into a version's folder; the first of them changes its class from one version to the next."""
    half = len(keys) // 2
    moved = name != "v1"
    for class_, some in (("offline", keys[moved:half]), ("active", [*keys[:moved], *keys[half:]])):
        folder = root / FOLDER / name / class_
        folder.mkdir(parents=True)
        for key in some:
            shutil.copy2(root / key, folder)
    return FOLDER / name


def by_hand(root: Path, keys: list[str], name: str) -> None:
    """Copy, `git add`, `git commit`, as one does without this program."""
    folder = copied(root, keys, name)
    run(["git", "add", folder], root)
    run(["git", "commit", "-q", "-m", name], root)
    os.sync()


def by_git_alone(root: Path) -> None:
    """Have git do what no release can do without: four files of text, a commit, a tag, all of it durable."""
    folder, git = root / "alone", ["git", "-c", "core.fsync=all"]
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.txt").write_text(f"{number}\n" * 5000)
    run([*git, "add", folder], root)
    run([*git, "commit", "-q", "-m", "alone", "--", folder], root)
    run([*git, "tag", "-a", "-m", "alone", "alone"], root)


def by_dvc(dvc: Path, root: Path, keys: list[str], name: str) -> None:
    """Copy, `dvc add` the folder, commit what DVC wrote into git."""
    folder = copied(root, keys, name)
    run([dvc, "add", "-q", folder], root)
    run(["git", "add", f"{folder}.dvc", FOLDER / ".gitignore"], root)
    run(["git", "commit", "-q", "-m", name], root)
    os.sync()


def installed_dvc(folder: Path) -> Path | None:
    """Install DVC into an environment of its own; None where there is no uv or no way to a package index."""
    uv = Path(sys.executable).with_name("uv")
    env = folder / "dvc"
    steps: tuple[list[str | Path], ...] = (
        [uv, "venv", "-q", env],
        [uv, "pip", "install", "-q", "--python", env / "bin/python", "dvc"],
    )
    for words in steps:
        try:
            if subprocess.run(words, capture_output=True, timeout=300, cwd=folder).returncode:
                return None
        except (OSError, subprocess.TimeoutExpired):
            return None
    return env / "bin/dvc"


def disk(root: Path) -> float:
    """Return how many MB a folder takes, each file once however many names it has."""
    seen = {}
    for path in root.rglob("*"):
        if not path.is_symlink() and "limit" not in path.parts:
            found = path.stat()
            seen[found.st_ino] = found.st_blocks * 512
    return sum(seen.values()) / 1e6


def in_a_running_program(root: Path) -> float:
    return float(run([sys.executable, "-c", _RUNNING], root).stdout)


class Turns:
    """Times of everything for one number of images, measured in turns, each time in fresh workspaces."""

    def __init__(self, folder: Path, number: int, dvc: Path | None) -> None:
        self.folder, self.number, self.dvc = folder / str(number), number, dvc
        self.camera = self.folder / "camera"
        self.keys = few_frames(self.camera, number)
        self.times: dict[str, list[float]] = defaultdict(list)
        self.disk: dict[str, float] = {}
        for _ in range(1 if number > 1000 else 3):
            for act in (self._limit, self._export, self._hand, self._copies, self._links, self._dvc):
                act()
        self.found = {name: Sample.of(some) for name, some in self.times.items()}

    def _workspace(self, *, share: bool = False) -> Path:
        return labelled(self.folder / "workspace", self.camera, self.keys, share=share)

    def _done(self, root: Path, name: str = "") -> None:
        if name:
            self.disk[name] = disk(root)
        shutil.rmtree(root)

    def _time(self, name: str, call: Callable[[], object]) -> None:
        self.times[name].append(timed(call))

    def _limit(self) -> None:
        root = self._workspace()
        self._time("limit", lambda: limit(root, self.keys))
        self._done(root)

    def _export(self) -> None:
        root = self._workspace()
        self._time("export", lambda: run(program("export"), root))
        self._done(root)

    def _hand(self) -> None:
        root = self._workspace()
        self._time("hand", lambda: by_hand(root, self.keys, "v1"))
        self._time("hand second", lambda: by_hand(root, self.keys, "v2"))
        self._time("read", lambda: [path.read_bytes() for path in (root / FOLDER).rglob("*.jpg")])
        self._done(root, "by hand")

    def _ours(self, name: str, *, share: bool) -> None:
        root = self._workspace(share=share)
        self._time(name, lambda: run(program("release"), root))
        self._time(f"{name} status", lambda: run(["git", "status", "--porcelain"], root))
        for turn, class_ in (("second", "active"), ("running", "offline")):
            run(program("label", "--as", class_, self.keys[0]), root)
            run(program("save"), root)
            if turn == "second":
                self._time(f"{name} second", lambda: run(program("release"), root))
                self.disk[name] = disk(root)
            else:
                self.times[f"{name} running"].append(in_a_running_program(root))
        self._time(f"{name} status", lambda: run(["git", "status", "--porcelain"], root))
        self._time("alone", lambda: by_git_alone(root))
        self._done(root)

    def _copies(self) -> None:
        self._ours("copies", share=False)

    def _links(self) -> None:
        self._ours("links", share=True)

    def _dvc(self) -> None:
        if self.dvc is None:
            return
        dvc, root = self.dvc, self._workspace()
        run([dvc, "init", "-q"], root)
        run([dvc, "config", "core.analytics", "false"], root)
        run(["git", "commit", "-q", "-m", "dvc"], root)
        self._time("dvc", lambda: by_dvc(dvc, root, self.keys, "v1"))
        self._time("dvc second", lambda: by_dvc(dvc, root, self.keys, "v2"))
        self._done(root, "dvc")

    def rows(self) -> Iterator[Row]:
        """The table's lines for this number of images."""
        of, found = f"{spaced(self.number)} images", self.found
        yield Row(f"{of}: `export`", found["export"], "read, hash, write, sync", found["limit"], "≤ 1.7x")
        for name, said in (("copies", "copies"), ("links", "hard links")):
            yield Row(f"{of}: `release`, {said}", found[name], _HAND, found["hand"], "≤ 0.4x")
            yield Row(
                f"second version, {said}", found[f"{name} second"], _HAND, found["hand second"], "≤ 1/15"
            )
            yield Row(
                f"another, {said}, in a running program",
                found[f"{name} running"],
                _HAND,
                found["hand second"],
                "≤ 1/15",
            )
            yield Row(
                f"another, {said}, in a running program",
                found[f"{name} running"],
                "git alone: four texts, commit, tag",
                found["alone"],
            )
            if "dvc" in found:
                yield Row(f"`release`, {said}", found[name], _DVC, found["dvc"], "≤ 1/2")
                yield Row(
                    f"second version, {said}", found[f"{name} second"], _DVC, found["dvc second"], "≤ 1/20"
                )
            yield Row(
                f"`git status` afterwards, {said}",
                found[f"{name} status"],
                "reading all images",
                found["read"],
            )

    def floor(self) -> str:
        """How much of the second version by hand git takes alone: no release can come below that."""
        share = self.found["alone"].median / self.found["hand second"].median
        return (
            f"Four files of text, a commit with git-lfs' hooks and a tag, durable, by git alone: {share:.2f}x of the "
            f"second version of {spaced(self.number)} images by hand; no release takes less."
        )

    def room(self) -> str:
        """How much of the disk two versions take, beside those of others."""
        hand = self.disk["by hand"]
        parts = [f"{name} {mb:.0f} MB ({mb / hand:.2f}x)" for name, mb in self.disk.items()]
        return f"Disk after two versions of {spaced(self.number)} images, git's and their own: {', '.join(parts)}."


def measure(folder: Path) -> Topic:
    """Measure every size in turns."""
    dvc = installed_dvc(folder)
    turns = [Turns(folder, number, dvc) for number in SIZES]
    growth = [
        f"`{name}` ~ images^{exponent([t.number for t in turns], [t.found[name] for t in turns]):.2f}"
        for name in ("export", "copies", "links second")
    ]
    notes = [
        "1920x1080 JPEGs of about 290 kB, each time in fresh workspaces; program start included, but in a running program.",
        "“Copies” is what this file system has: with reflinks files share their blocks like hard links, without their risk.",
        "A second version with hard links reads no image: it trusts size, times and inode of what was read back before.",
        *(turn.floor() for turn in turns),
        *(turn.room() for turn in turns),
        f"Growth: {', '.join(growth)}.",
    ]
    if dvc is None:
        notes.append("DVC could not be installed here, so it was not measured.")
    return Topic("Versions: export, commit, tag", tuple(row for t in turns for row in t.rows()), tuple(notes))
