"""Making a folder a workspace: `init`.

What always holds: nothing of the user's is overwritten; doing it again changes nothing; what is missing on the host
(git-lfs, an identity, the camera) is found before anything is written; the commit holds exactly our own files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from core import merge_driver
from core.durable import atomic_write, explain
from core.errors import Lacking, Refused
from core.process import ProcessFailed, run
from core.settings import FILE_NAME, read
from core.setup_files import ATTRIBUTES, IGNORED, PROBES, READMES, UNIGNORED, settings_text
from core.text import address, safe
from core.workspace import DEFAULT_SOURCE, Workspace

LFS_REMEDY = "Install it: sudo apt-get install git-lfs   (macOS: brew install git-lfs)"
IDENTITY_REMEDY = (
    'Say who you are: git config --global user.name "Ana" && git config --global user.email ana@example.org'
)


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `init` did: the steps that changed something, notices, and the commit ('' where none was needed)."""

    workspace: Workspace
    done: tuple[str, ...]
    notices: tuple[str, ...]
    commit: str


def init(
    folder: Path, *, source: Path | None = None, name_pattern: str = "", commit: bool = True
) -> Initialised:
    """Make `folder` a workspace whose camera is `source`; `name_pattern` is written into new settings.

    Raises Lacking (git, git-lfs, identity, camera), Refused (a folder inside another repository or in the camera's, settings of a newer
    print-models, another camera already linked, an ignore rule that can't be lifted from here).
    """
    folder = folder.absolute()
    if newer := read(folder / FILE_NAME).newer:
        raise newer
    _require_programs(folder)
    target = _require_source(source)
    _require_apart(folder, target)
    _require_own_root(folder)
    _require_checked_out(folder)
    if commit:
        _require_identity(folder)
    done: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / ".git").exists():
            run(["git", "init", "--quiet"], cwd=folder)
            done.append("made a git repository")
        _link(folder, target, done)
        names = _link_names(folder)
        written = _write_files(folder, names, done, name_pattern)
    except OSError as error:
        raise explain(error, "making the workspace") from error
    _install_lfs(folder, done)
    if merge_driver.install(folder):
        done.append("set up git's merge of label files (this repository only)")
    workspace = Workspace.open(folder)
    workspace.ensure_private()
    written += _lift_ignore_rules(workspace, done)
    oid = _commit(folder, written, done) if commit else ""
    return Initialised(workspace, tuple(done), tuple(notices(workspace)), oid)


def notices(workspace: Workspace) -> list[str]:
    """Say what a person should know about where this workspace lives."""
    said = []
    if own := own_source(workspace.root):
        said.append(own)
    for source in workspace.sources.values():
        if source.path.is_symlink() and not source.path.exists():
            said.append(
                f"The camera {safe(source.name)} points to {safe(os.readlink(source.path))}, which is not there now."
            )
    return said


def own_source(root: Path) -> str:
    """Return a warning where the workspace is print-models' own source with a remote, else ''."""
    try:
        project = (root / "pyproject.toml").read_text("utf-8", "replace")
    except OSError:
        return ""
    if 'name = "print-models"' not in project or not (root / "core" / "setup.py").is_file():
        return ""
    url = run(["git", "config", "remote.origin.url"], cwd=root, check=False).text.strip()
    if not url:
        return ""
    return (
        f"This folder is the program's own source and origin is {address(url)}: release here only into a fork "
        "of your own, or make a workspace elsewhere with print-models init DIR."
    )


def _require_programs(folder: Path) -> None:
    near = _nearest(folder)
    run(["git", "--version"], cwd=near)
    if run(["git", "lfs", "version"], cwd=near, check=False).code:
        raise Lacking("git-lfs is not installed; images and models would go into git itself.", LFS_REMEDY)


def _nearest(folder: Path) -> Path:
    """Return the folder itself, or the nearest above it that exists."""
    return next(parent for parent in (folder, *folder.parents) if parent.is_dir())


def _require_source(source: Path | None) -> Path | None:
    if source is None:
        return None
    target = Path(os.path.abspath(source.expanduser()))
    if not target.is_dir():
        what = "is a link whose end is missing" if target.is_symlink() else "is no folder that exists"
        raise Lacking(
            f"The camera folder {safe(target)} {what}.",
            "Mount the camera's storage, or correct the path after --source.",
        )
    return target


def _require_apart(folder: Path, camera: Path | None) -> None:
    """A camera's folder is only ever read: no workspace is made of it or in it."""
    if camera is not None and folder.resolve().is_relative_to(camera.resolve()):
        where = "is" if folder.resolve() == camera.resolve() else "lies in"
        raise Refused(
            f"{safe(folder)} {where} the camera's folder, which is only read.",
            "Make the workspace somewhere else: print-models init ~/my-prints --source CAMERA",
        )


def _require_own_root(folder: Path) -> None:
    """A workspace is the root of its repository; one that lies, ignored, in another repository is its own."""
    if (folder / ".git").exists():
        return
    near = _nearest(folder)
    found = run(["git", "rev-parse", "--show-toplevel"], cwd=near, check=False)
    if found.code:
        return
    ignored = run(["git", "check-ignore", "-q", "--no-index", f"{folder}/"], cwd=near, check=False)
    if ignored.code:
        raise Refused(
            f"{safe(folder)} lies inside the git repository {safe(found.text.strip())}.",
            "Choose a folder outside of it, make its root the workspace, or have it ignored there.",
        )


def _require_checked_out(folder: Path) -> None:
    """A clone of which nothing is checked out has a history already: a workspace made beside it could never be pushed."""
    if (
        not (folder / ".git").exists()
        or not run(["git", "rev-parse", "--verify", "--quiet", "HEAD"], cwd=folder, check=False).code
    ):
        return
    words = ["git", "for-each-ref", "--format=%(refname:short)", "refs/remotes"]
    found = [name for name in run(words, cwd=folder, check=False).text.splitlines() if "/" in name]
    branches = [name for name in found if not name.endswith("/HEAD")]
    if branches:
        remote, _, branch = branches[0].partition("/")
        raise Refused(
            f"Nothing of {safe(remote)} is checked out here, though it has {safe(', '.join(branches[:3]), limit=120)}: "
            "the branch that it names as its own is not there.",
            f"Go to the one that is: git switch {safe(branch)}; then again.",
        )


def _require_identity(folder: Path) -> None:
    near = _nearest(folder)
    for key in ("user.name", "user.email"):
        variable = {"user.name": "GIT_AUTHOR_NAME", "user.email": "GIT_AUTHOR_EMAIL"}[key]
        if not run(["git", "config", key], cwd=near, check=False).text.strip() and not os.environ.get(
            variable
        ):
            raise Lacking(f"git does not know who you are ({key} is not set).", IDENTITY_REMEDY)


def _link(folder: Path, target: Path | None, done: list[str]) -> None:
    if target is None:
        return
    link = folder / DEFAULT_SOURCE
    if link.is_symlink() or link.exists():
        if link.exists() and link.samefile(target):
            return
        was = f"points to {safe(os.readlink(link))}" if link.is_symlink() else "is a folder"
        raise Refused(
            f"{DEFAULT_SOURCE} exists already and {was}; another camera's frames would take the names of its own.",
            f"The same camera elsewhere: print-models source move {DEFAULT_SOURCE} {safe(target)}   (another one: "
            f"print-models source add NAME {safe(target)})",
        )
    link.symlink_to(target)
    done.append(f"linked the camera: {DEFAULT_SOURCE} → {safe(target)}")


def _link_names(folder: Path) -> dict[str, str]:
    if (folder / FILE_NAME).exists():
        return {
            name: source.path.relative_to(folder.resolve()).as_posix()
            for name, source in Workspace.open(folder).sources.items()
        }
    return {DEFAULT_SOURCE: DEFAULT_SOURCE}


def _write_files(folder: Path, sources: dict[str, str], done: list[str], name_pattern: str) -> list[str]:
    written = []
    texts = {FILE_NAME: settings_text(sources, name_pattern), **READMES}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            atomic_write(path, text.encode())
            said = f' (name_pattern = "{name_pattern}")' if name == FILE_NAME and name_pattern else ""
            done.append(f"wrote {name}{said}")
        written.append(name)
    (folder / "models" / "versions").mkdir(exist_ok=True)
    ignored = (*IGNORED, *(f"/{path}" for path in sources.values()))
    for name, lines in ((".gitattributes", ATTRIBUTES), (".gitignore", ignored)):
        if add_lines(folder / name, lines):
            done.append(f"added rules to {name}")
        written.append(name)
    return written


def add_lines(path: Path, lines: tuple[str, ...]) -> bool:
    """Append the lines a file lacks under a heading; return whether there were any."""
    old = path.read_bytes() if path.exists() else b""
    present = {line.strip() for line in old.decode("utf-8", "surrogateescape").splitlines()}
    missing = [line for line in lines if line not in present]
    if not missing:
        return False
    gap = b"" if not old else b"\n" if old.endswith(b"\n") else b"\n\n"
    atomic_write(path, old + gap + ("# print-models\n" + "\n".join(missing) + "\n").encode())
    return True


def _install_lfs(folder: Path, done: list[str]) -> None:
    if run(["git", "config", "--local", "filter.lfs.process"], cwd=folder, check=False).text.strip():
        return
    try:
        run(["git", "lfs", "install", "--local"], cwd=folder)
    except ProcessFailed as error:
        raise Refused(
            "git-lfs could not set up its hooks here: a hook of the same name exists.",
            "Run “git lfs update --manual” and merge its lines into your hooks, then init again.",
            detail=error.detail,
        ) from error
    done.append("installed the Git LFS filters (this repository only)")


def probes(workspace: Workspace) -> list[str]:
    """Return one path for every kind of file that a release of any task would commit."""
    paths: dict[str, None] = {}
    for task in workspace.tasks.values():
        for probe in PROBES:
            for class_ in task.classes:
                named = probe.format(
                    task=task.name,
                    class_=class_,
                    labels_file=task.labels_file,
                    detector=task.detector,
                    model=task.current_model,
                )
                paths[named] = None
    return list(paths)


def hidden_paths(workspace: Workspace) -> list[tuple[str, str]]:
    """Return (path, rule) for each probe that an ignore rule hides; `rule` as 'file:line:pattern'."""
    out = run(
        ["git", "check-ignore", "--no-index", "-v", "--stdin"],
        cwd=workspace.root,
        stdin="\n".join(probes(workspace)).encode(),
        check=False,
    ).text
    found = []
    for line in out.splitlines():
        rule, _, path = line.partition("\t")
        if not rule.split(":", 2)[-1].startswith("!"):
            found.append((path, rule))
    return found


def _lift_ignore_rules(workspace: Workspace, done: list[str]) -> list[str]:
    hidden = hidden_paths(workspace)
    if not hidden:
        return []
    rule = hidden[0][1]
    add_lines(workspace.root / ".gitignore", UNIGNORED)
    left = hidden_paths(workspace)
    if left:
        raise Refused(
            f"The ignore rule {safe(left[0][1])} hides {safe(left[0][0])}, so a release would commit nothing.",
            "Remove that rule, then init again.",
        )
    done.append(f"lifted an ignore rule that hid what a release commits ({safe(rule)})")
    return [".gitignore"]


def _commit(folder: Path, paths: list[str], done: list[str]) -> str:
    unique = list(dict.fromkeys(paths))
    run(["git", "add", "--force", "--", *unique], cwd=folder)
    if not run(["git", "diff", "--cached", "--quiet", "--", *unique], cwd=folder, check=False).code:
        return ""
    run(
        ["git", "commit", "--quiet", "-m", "Make this folder a print-models workspace", "--", *unique],
        cwd=folder,
    )
    oid = run(["git", "rev-parse", "HEAD"], cwd=folder).text.strip()
    done.append(f"committed {len(unique)} files of its own as {oid[:8]}")
    return oid
