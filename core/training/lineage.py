"""Where something came from and what became of it: models, versions, images, frames, labels and commits, both ways.

What always holds: only what a file says and a hash proves is told as such; a claim is told as a claim, what nobody
knows as unknown. Nothing is written, and a clone of pointers is enough. Called by `lineage`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import PrintModelsError, WrongUsage
from core.human import count, plural
from core.labels import files
from core.storage.git import Git
from core.tasks import Task
from core.text import safe
from core.training import answers, onnx_files, registry
from core.training.record import ModelRecord
from core.versions.manifest import Item, Version, list_versions, number_of, read_version
from core.workspace import Workspace

#: What a file of a model version may be called after its name.
_ENDINGS = (".pth", ".json", ".predictions.jsonl", ".int8.onnx", ".half.onnx", ".onnx")


@dataclass(frozen=True, slots=True)
class Link:
    """One thing that another came from, or that came from it: what it is, its name, how they belong together.

    `commit` holds it, `tag` names that commit; `identity` is its hash, `facts` are more of it as JSON takes them.
    """

    kind: str
    name: str
    how: str
    commit: str | None = None
    tag: str | None = None
    identity: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        names = ("kind", "name", "how", "commit", "tag", "identity")
        return {**{name: getattr(self, name) for name in names}, "facts": dict(self.facts)}


@dataclass(frozen=True, slots=True)
class Lineage:
    """A thing with what it came from (`up`) and what became of it (`down`)."""

    what: Link
    up: tuple[Link, ...]
    down: tuple[Link, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what.as_json(),
            "up": [link.as_json() for link in self.up],
            "down": [link.as_json() for link in self.down],
        }


def lineage(workspace: Workspace, name: str, task: str | None = None) -> Lineage:
    """Return the lineage of a model, a version ('v2', 'T/v2'), an image (a path, an oid) or a frame's key.

    Raises WrongUsage where nothing here has that name.
    """
    trace, name = _Trace(workspace), name.removeprefix("./")
    if (version := trace.version(name, task)) is not None:
        return trace.of_version(version)
    if (record := trace.model(name)) is not None:
        return trace.of_model(record)
    held = trace.images(name)
    labels = trace.labels_now(name)
    if held or labels:
        return trace.of_images(name, held, labels)
    raise WrongUsage(
        f"Nothing here is called “{safe(name, limit=120)}”, and no version holds a frame or image of that name.",
        "Name a model, a version (v2), a frame's key, an image's path below datasets/, or its sha256.",
    )


class _Trace:
    """What is looked up once for one answer."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.git = Git(workspace.root)
        self.records = registry.models(workspace)
        self._versions: dict[str, list[Version]] = {}

    def all_versions(self, task: Task) -> list[Version]:
        """Return every version of a task that can be read."""
        if task.name not in self._versions:
            found = []
            for name in list_versions(self.workspace, task):
                try:
                    found.append(read_version(self.workspace, task, name))
                except PrintModelsError:  # `check` says what is wrong with it
                    continue
            self._versions[task.name] = found
        return self._versions[task.name]

    def version(self, name: str, task: str | None) -> Version | None:
        words = name.removeprefix("datasets/").rstrip("/").split("/")
        if number_of(words[-1]) is None or len(words) > 2:
            return None
        if len(words) == 2 and words[0] not in self.workspace.tasks:
            return None
        return read_version(
            self.workspace, self.workspace.task(words[0] if len(words) == 2 else task), words[-1]
        )

    def model(self, name: str) -> ModelRecord | None:
        used = {task.current_model for task in self.workspace.tasks.values()}
        if name in used:  # the model in use is a copy of a version
            task = next(t for t in self.workspace.tasks.values() if t.current_model == name)
            return next((one for one in self.records if one.current and one.task == task.name), None)
        folder, _, stem = name.rpartition("/")
        for ending in _ENDINGS if folder in ("", "models/versions") else ():
            stem = stem.removesuffix(ending)
        return next((one for one in self.records if name and (one.name == stem or one.sha256 == name)), None)

    def images(self, name: str) -> list[tuple[Version, Item]]:
        """Return where a frame's key, an image's path or an oid occurs; of an image all with its bytes."""
        pairs = [(version, item) for task in self.workspace.tasks.values() for version in self.all_versions(task)
                 for item in version.items]  # fmt: skip
        by_path = [
            item
            for version, item in pairs
            if f"datasets/{version.task.name}/{version.name}/{item.file_name}" == name
        ]
        oid = by_path[0].oid if by_path else name if name.startswith("sha256:") else None
        if oid:
            return [pair for pair in pairs if pair[1].oid == oid]
        sources = {item.source for item in by_path} or {name}
        return [pair for pair in pairs if pair[1].source in sources]

    def labels_now(self, name: str) -> list[Link]:
        """Return the label a frame has in each task's file now; a file that can't be read has none to tell."""
        found = []
        for task in self.workspace.tasks.values():
            try:
                told = files.read(self.workspace.root / task.labels_file, task).labels.get(name)
            except (OSError, PrintModelsError):
                continue
            if told is not None:
                found.append(Link("label", task.name, f"{safe(told, limit=60)} now, in {task.labels_file}"))
        return found

    def commit_of(self, *paths: str) -> str | None:
        """Return the commit that brought a file or folder, None where none did."""
        words = (f":(top,literal){path}" for path in paths)
        return self.git.line("log", "--diff-filter=A", "-1", "--format=%H", "HEAD", "--", *words) or None

    def link_of(self, version: Version, how: str) -> Link:
        tag = f"{version.task.name}/{version.name}"
        at = self.git.rev_parse(f"refs/tags/{tag}^{{commit}}")
        folder = version.path.relative_to(self.workspace.root).as_posix()
        facts = {
            "images": len(version.items),
            "classes": dict(version.classes),
            "parent": version.info.parent,
        }
        return Link(
            "version",
            tag,
            how,
            at or self.commit_of(folder),
            tag if at else None,
            version.digest or None,
            facts,
        )

    def link_of_model(self, record: ModelRecord, how: str) -> Link:
        return Link(
            "model", record.name, how, self.commit_of(record.file), None, record.sha256 or None,
            {"file": record.file, "in_use": record.current, "worth": registry.describe(record)},
        )  # fmt: skip

    def of_model(self, record: ModelRecord) -> Lineage:
        return Lineage(
            self.link_of_model(record, "asked about"),
            tuple(self._model_up(record)),
            tuple(self._model_down(record)),
        )

    def _model_up(self, record: ModelRecord) -> Iterator[Link]:
        facts = record.facts
        if adopted := facts.get("adopted"):
            who, at = (safe(str(adopted.get(key, "")), limit=60) for key in ("by", "at"))
            yield Link(
                "file",
                safe(str(adopted.get("from", "")), limit=200),
                f"adopted by {who or 'somebody'}, {at[:10]}",
            )
        if run := facts.get("run"):
            told = {
                key: facts.get(key)
                for key in ("architecture", "epoch", "trained", "machine", "config", "tool")
            }
            start = str(facts.get("commit") or "") or None
            yield Link("training", safe(str(run), limit=80), "its best epoch", start, None, None, told)
        weights = facts.get("weights") or {}
        if weights:
            name = safe(str(weights.get("name") or weights.get("kind") or "unknown"), limit=80)
            yield Link("weights", name, "where it started", identity=str(weights.get("sha256") or "") or None)
        version = next((one for one in self._task_versions(record) if one.name == record.dataset), None)
        if version is None:
            yield Link("version", record.dataset or "unknown", "learned from, as far as anybody knows")
            return
        yield self.link_of(version, f"learned from{_doubt(record, version)}")
        yield from self._version_up(version)

    def _task_versions(self, record: ModelRecord) -> list[Version]:
        task = self.workspace.tasks.get(record.task)
        return self.all_versions(task) if task else []

    def _model_down(self, record: ModelRecord) -> Iterator[Link]:
        for one in onnx_files.told(record):
            file = safe(one.file, limit=200)
            yield Link(
                "file", file, f"made of it, {one.precision}", self.commit_of(one.file), None, one.sha256
            )
        path = answers.path_of(self.workspace, record.name)
        if path.is_file():
            file = path.relative_to(self.workspace.root).as_posix()
            yield Link("file", file, "what it said of each image", self.commit_of(file))
        if record.current:
            file = self.workspace.task(record.task).current_model
            last = self.git.line("log", "-1", "--format=%H", "HEAD", "--", file) or None
            yield Link("file", file, "in use as", last, None, record.sha256)
        for other in self.records:
            if (other.facts.get("promoted") or {}).get("against") == record.name:
                yield self.link_of_model(other, "weighed against it")
            if record.sha256 and (other.facts.get("weights") or {}).get("sha256") == record.sha256:
                yield self.link_of_model(other, "started from it")

    def of_version(self, version: Version) -> Lineage:
        down = [
            self.link_of(other, "built on it")
            for other in self.all_versions(version.task)
            if other.info.parent == version.name
        ]
        down += [
            self.link_of_model(record, f"learned from it{_doubt(record, version)}")
            for record in self.records
            if record.task == version.task.name and record.dataset == version.name
        ]
        return Lineage(self.link_of(version, "asked about"), tuple(self._version_up(version)), tuple(down))

    def _version_up(self, version: Version) -> Iterator[Link]:
        people: Counter[str] = Counter()
        ways: Counter[str] = Counter()
        for item in version.items:
            people[safe(item.labelled_by or "unknown", limit=60)] += 1
            ways[safe(item.labelled_how or "unknown", limit=60)] += 1
        said = ", ".join(f"{name} {count(n)}" for name, n in people.most_common())
        file = version.info.source_labels or version.task.labels_file
        facts = {"people": dict(people), "ways": dict(ways)}
        yield Link(
            "labels",
            safe(file, limit=200),
            f"given by: {said}",
            self.link_of(version, "").commit,
            facts=facts,
        )
        recordings = {item.recording for item in version.items if item.recording}
        days = sorted({item.captured_at[:10] for item in version.items if item.captured_at})
        when = f", {days[0]} to {days[-1]}" if days else ""
        yield Link(
            "frames", plural(len(version.items), "frame"), f"of {plural(len(recordings), 'recording')}{when}",
            facts={"frames": len(version.items), "recordings": len(recordings)},
        )  # fmt: skip
        parent = next(
            (one for one in self.all_versions(version.task) if one.name == version.info.parent), None
        )
        if parent is not None:
            yield self.link_of(parent, f"{version.name} was built on it")

    def of_images(self, name: str, held: list[tuple[Version, Item]], labels: list[Link]) -> Lineage:
        """Return what is known of a frame, or of an image with these bytes, and of what learned from it."""
        is_frame = all(item.source == name for _, item in held)
        oid = held[0][1].oid if held else None
        what = Link("frame" if is_frame else "image", safe(name, limit=300), "asked about", identity=oid)
        up = {link.name: link for link in labels}
        down: list[Link] = []
        for version, item in held:
            path = f"datasets/{version.task.name}/{version.name}/{item.file_name}"
            if not is_frame:
                up[item.source] = Link("frame", safe(item.source, limit=300), "came from", identity=item.oid)
            who = safe(item.labelled_by or "unknown", limit=60)
            how = f"{item.label}, by {who} ({safe(item.labelled_how or 'unknown', limit=60)})"
            up[f"{version.task.name} {how}"] = Link(
                "label", version.task.name, how, facts={"label": item.label, "at": item.labelled_at}
            )
            split = item.split or "no split"
            down.append(
                Link("image", path, f"{item.label}, {split}", self.link_of(version, "").commit, None, item.oid,
                     {"split": item.split, "recording": item.recording})
            )  # fmt: skip
            down += [
                self.link_of_model(record, _use(item, record, version))
                for record in self.records
                if record.task == version.task.name and record.dataset == version.name
            ]
        return Lineage(what, tuple(up.values()), tuple(down))


def _doubt(record: ModelRecord, version: Version) -> str:
    """Return what has to be added where a hash does not prove that a model learned from this very version."""
    if not record.digest:
        return ", as is claimed"
    return "" if record.digest == version.digest else ": a version of this name, but with another digest"


def _use(item: Item, record: ModelRecord, version: Version) -> str:
    """Return what a model did with an image of its version."""
    did = {"train": "learned from it", "validation": "was measured on it", "embargo": "left it out"}
    return f"{did.get(item.split or '', 'learned from that version')}, in {version.name}{_doubt(record, version)}"
