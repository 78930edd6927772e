"""A workspace: every path in it is a property here, and the way to find one.

What always holds: a frame key handed to `frame_path` leads to a path below one of the sources, or is refused. In a
workspace that is only read (`read_only` says why) nothing is written: what has to lie somewhere meanwhile lies in a
folder of its own outside, gone when the process ends.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from core.durable import atomic_write, owner
from core.errors import Lacking, PrintModelsError, Refused, WrongUsage
from core.personal import who
from core.settings import FILE_NAME, Settings, read, tasks_of
from core.settings_tables import SourceSettings
from core.tasks import Task
from core.text import safe

DEFAULT_SOURCE = "printer-timelapses"
PRIVATE = ".print-models"
_VERSION = re.compile(r"v[1-9][0-9]{0,5}")


class Source(Struct, frozen=True):
    """A camera folder in the workspace: `name` is the first part of its frames' keys, `path` where it lies."""

    name: str
    path: Path
    settings: SourceSettings


class Workspace:
    """A git repository with `data/`, `datasets/`, `models/` and sources. Cheap to make; reads settings at once."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings
        self.tasks: dict[str, Task] = tasks_of(settings)
        #: Why nothing may be changed here, None where it may.
        self.read_only: PrintModelsError | None = None
        #: Sources that lead elsewhere than they did, until someone says what that means (core.frames.identity).
        self.questions: dict[str, PrintModelsError] = {}

    @classmethod
    def open(cls, root: Path) -> Workspace:
        """Open the workspace whose root is known. Raises Damaged, WrongUsage where its settings are broken."""
        return cls(root.resolve(), read(root / FILE_NAME))

    @classmethod
    def find(cls, start: Path) -> Workspace:
        """Open the nearest workspace at or above `start`; one that must not be changed yet says so in `read_only`.

        That is a parent with print-models.toml, else a git root with datasets/ or data/labels.json. Raises Lacking.
        """
        found = cls.open(_root_of(start.resolve()))
        found.read_only = _why_only_read(found)
        return found

    # Folders and files, in the order of docs/formats.md.
    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def datasets(self) -> Path:
        return self.root / "datasets"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def model_versions(self) -> Path:
        return self.models / "versions"

    @property
    def marks_file(self) -> Path:
        return self.data / "marks.json"

    @property
    def history_dir(self) -> Path:
        return self.data / "history"

    @cached_property
    def private(self) -> Path:
        """Where databases, locks and logs lie; of a workspace that is only read, a copy outside of it."""
        own = self.root / PRIVATE
        return _stand_in(own) if self.read_only else own

    @property
    def labels_db(self) -> Path:
        return self.private / "labels.db"

    @property
    def index_db(self) -> Path:
        return self.private / "index.db"

    @property
    def runs(self) -> Path:
        return self.root / PRIVATE / "runs"

    @property
    def kept(self) -> Path:
        return self.root / PRIVATE / "kept"

    @property
    def cache(self) -> Path:
        return self.private / "cache"

    @property
    def git_log(self) -> Path:
        return self.private / "git.log"

    def labels_path(self, task: Task) -> Path:
        return self.root / task.labels_file

    def dataset_root(self, task: Task) -> Path:
        return self.datasets / task.name

    def version_dir(self, task: Task, version: str) -> Path:
        """Return the folder of a version. Raises WrongUsage for what is no version name."""
        if not _VERSION.fullmatch(version):
            raise WrongUsage(
                f"“{safe(version, limit=60)}” is no version.", "Versions are called v1, v2, v3 …"
            )
        return self.dataset_root(task) / version

    def ensure_private(self) -> Path:
        """Make `.print-models/`, which git ignores by its own .gitignore; return it.

        What changes a workspace begins here. Raises Lacking, or why the workspace is only read.
        """
        if self.read_only is not None:
            raise self.read_only
        try:
            self.private.mkdir(exist_ok=True)
            ignore = self.private / ".gitignore"
            if not ignore.exists():
                atomic_write(ignore, b"*\n")
        except OSError as error:
            from core.durable import explain

            raise explain(error, "making .print-models") from error
        return self.private

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The camera folders by name: those in the settings, else `printer-timelapses`."""
        named = self.settings.sources or {DEFAULT_SOURCE: SourceSettings()}
        return {name: Source(name, self.root / (given.path or name), given) for name, given in named.items()}

    def task(self, name: str | None) -> Task:
        """Return the task of that name; without one the default. Raises WrongUsage."""
        if name is None:
            default = self.settings.default_task or next(iter(self.tasks))
            return self.task(default)
        if name not in self.tasks:
            raise WrongUsage(
                f"There is no task “{safe(name, limit=60)}”.", f"Use one of: {', '.join(self.tasks)}."
            )
        return self.tasks[name]

    @property
    def idle_task(self) -> Task | None:
        """The task whose idle class says when the printer does nothing."""
        return next((task for task in self.tasks.values() if task.idle), None)

    @cached_property
    def active_sources(self) -> dict[str, Source]:
        """The sources that are not retired: those that lists and queues show."""
        return {name: source for name, source in self.sources.items() if not source.settings.retired}

    def sources_changed(self) -> None:
        """Let the sources be those that `settings` names now."""
        for name in ("sources", "active_sources"):
            self.__dict__.pop(name, None)

    def source_for(self, key: str) -> Source:
        """Return the source a frame key belongs to. Raises Refused for a key that leaves the workspace's sources."""
        parts = key.split("/")
        if not key or "\0" in key or os.path.isabs(key) or any(part in ("", ".", "..") for part in parts):
            raise Refused(
                f"“{safe(key, limit=120)}” is not a usable frame key.",
                f"Write it as print-models frames lists it, beginning with the camera: {self._cameras}.",
            )
        source = self.sources.get(parts[0])
        if source is None or len(parts) < 2:
            raise Refused(
                f"“{safe(key, limit=120)}” belongs to no source of this workspace.",
                f"Write it as print-models frames lists it, beginning with the camera: {self._cameras}.",
            )
        return source

    @property
    def _cameras(self) -> str:
        """The beginnings that frame keys have: 'printer-timelapses/… or bench/…'."""
        return " or ".join(f"{safe(name)}/…" for name in self.sources)

    def frame_path(self, key: str) -> Path:
        """Return where a frame lies. Raises what `source_for` raises, and the open question about its source."""
        source = self.source_for(key)
        if source.name in self.questions:
            raise self.questions[source.name]
        return source.path.joinpath(*key.split("/")[1:])

    def who(self, explicit: str | None = None) -> str:
        """Return who labels: `explicit`, else what the environment, the personal settings or git say. Raises Lacking."""
        return who(self.root, explicit)[0]


def _root_of(start: Path) -> Path:
    if not start.is_dir():
        raise Lacking(f"The folder {safe(start)} does not exist.", "Check the path after -C.")
    parents = [start, *start.parents]
    for folder in parents:
        if (folder / FILE_NAME).is_file():
            return folder
    for folder in parents:
        if (folder / ".git").exists():
            if (folder / "datasets").is_dir() or (folder / "data" / "labels.json").is_file():
                return folder
            break
    raise Lacking(
        f"There is no workspace at {safe(start)} or above it.",
        "Make one with: print-models init --source /path/to/camera   (or look at one: print-models demo)",
    )


def _why_only_read(workspace: Workspace) -> PrintModelsError | None:
    """Return why a workspace that was found may only be read, None where it may be changed."""
    root, private = workspace.root, workspace.root / PRIVATE
    if workspace.settings.newer:
        return workspace.settings.newer
    if not (root / FILE_NAME).is_file() and not (private / "labels.db").exists():
        return Refused(
            f"This repository has no {FILE_NAME} yet, so it is only read.",
            "Make it a workspace first: print-models init   (it adds files, and overwrites none)",
        )
    if not os.access(private if private.exists() else root, os.W_OK):
        return _cannot_write(private if private.exists() else root)
    return None


def _cannot_write(folder: Path) -> PrintModelsError:
    if os.statvfs(folder).f_flag & os.ST_RDONLY:
        return Lacking(
            f"The file system of {safe(folder)} is read-only, so the workspace is only read.",
            "Look why (dmesg; a worn SD card does that), then make it writable: mount -o remount,rw",
        )
    return Lacking(
        f"{safe(folder)} belongs to {owner(folder)} and can't be written, so the workspace is only read.",
        f"Make it yours and writable: sudo chown -R $USER {safe(folder)}; chmod u+rwX {safe(folder)}",
    )


def _stand_in(own: Path) -> Path:
    """Make a folder outside the workspace, gone with the process, with a copy of the label store of `own`."""
    import atexit
    import shutil
    import tempfile

    home = os.environ.get("HOME")
    candidates = [os.environ.get("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm", home and f"{home}/.cache"]
    for candidate in filter(None, candidates):
        try:
            folder = Path(tempfile.mkdtemp(prefix="print-models-", dir=candidate))
            break
        except OSError:
            continue
    else:
        raise Lacking(
            "There is no folder for temporary files, and this workspace is only read.",
            "Name one that can be written: TMPDIR=/some/folder print-models …",
        )
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in ("labels.db", "labels.db-wal"):
        if (own / name).is_file():
            shutil.copyfile(own / name, folder / name)
    return folder
