"""What an older repository holds that should not stay so, and what could be done about each: looking, nothing more.

What always holds: nothing is written; a finding that only a person can decide says where to decide it. The order of the
findings is the order in which they are mended: each stands on the ones before. Called by `migrate`.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from core.errors import Lacking, PrintModelsError
from core.human import plural
from core.labels import files
from core.migrating import mending
from core.migrating.mending import Mend
from core.settings import FILE_NAME
from core.setup_files import IGNORED
from core.storage.git import Git
from core.tasks import Task
from core.text import safe
from core.training import registry
from core.versions import around, gates
from core.versions.checks import CheckResult
from core.versions.manifest import list_versions, read_version
from core.workspace import Workspace

_NAMED = 3
#: The finding that all others stand on.
SETUP = "setup"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found: `id` names it for `--apply`, `paths` are frames or files, `proposal` what would be done.

    `mend` does that; None where only a person can decide, and the proposal says where.
    """

    id: str
    text: str
    proposal: str
    paths: tuple[str, ...] = ()
    mend: Mend | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "text": self.text,
            "proposal": self.proposal,
            "paths": list(self.paths),
            "applies": self.mend is not None,
        }


def look(workspace: Workspace) -> list[Finding]:
    """Return all that was found, in the order in which it is mended. Raises Lacking outside of a git repository."""
    git = Git(workspace.root)
    if not git.is_repository():
        raise Lacking(f"{safe(workspace.root)} is no git repository.", "Make it one: print-models init")
    found = [*_setup(workspace), *_tracked(workspace, git)]
    for task in workspace.tasks.values():
        found += _labels(workspace, task)
    found += _doubts(workspace)
    for task in workspace.tasks.values():
        found += _versions(workspace, task)
    found += _models(workspace)
    return found


def _setup(workspace: Workspace) -> Iterator[Finding]:
    odd = [result for result in around.of_repository(workspace) if result.level != "pass"]
    fresh = not (workspace.root / FILE_NAME).exists()
    if not odd and not fresh:
        return
    texts = [result.text for result in odd]
    if fresh:
        texts.insert(0, f"It has no {FILE_NAME}: it is no workspace yet, and is only read.")
    yield Finding(
        SETUP,
        " ".join(texts),
        "Do what print-models init does: settings, rules for Git LFS in both cases of the letters, label files merged "
        "frame by frame, and datasets/ taken out of the ignore rules; nothing of yours is overwritten.",
        mend=mending.set_up,
    )


def _tracked(workspace: Workspace, git: Git) -> Iterator[Finding]:
    """Find files that are made anew by every run, or lead to this machine's camera, and stand in git all the same."""
    links = {source.path.relative_to(workspace.root).as_posix() for source in workspace.sources.values()}
    known = [
        entry for folder in ("data", "demo-truth.json", ".print-models") for entry in git.ls_files(folder)
    ]
    passing = [path for path in known if any(fnmatch.fnmatch(path, rule) for rule in IGNORED)]
    own = [path for path in known if path.startswith(".print-models/")]
    cameras = [path for path in sorted(links) if path in git.ls_files(path)]
    paths = tuple(dict.fromkeys([*passing, *own, *cameras]))
    if not paths:
        return
    what = [f"{_named(cameras)} leads to a camera of one machine"] if cameras else []
    anew = [*passing, *own]
    if anew:
        what.append(f"{_named(anew)} {'is' if len(anew) == 1 else 'are'} written anew all the time")
    yield Finding(
        "tracked",
        f"In git, and should not be: {'; '.join(what)}.",
        "Take it out of git; the files stay where they are.",
        paths,
        mending.untrack(paths),
    )


def _labels(workspace: Workspace, task: Task) -> Iterator[Finding]:
    try:
        held = files.read(workspace.labels_path(task), task)
    except Lacking:
        return
    except PrintModelsError as error:
        yield Finding(f"{task.name}/file", error.what, error.remedy)
        return
    if held.problems:
        some = tuple(problem.key for problem in held.problems)
        entries = "an entry" if len(some) == 1 else f"{len(some)} entries"
        lines = ", ".join(f"line {problem.line}: {problem.what}" for problem in held.problems[:_NAMED])
        yield Finding(
            f"{task.name}/unknown",
            f"{safe(task.labels_file)} holds {entries} that can't be taken ({lines}).",
            "Decide each: label the frame, or take the entry out of the file.",
            some,
        )
    if held.converted:
        order = ", ".join(f"{number} = {name}" for number, name in enumerate(task.classes))
        yield Finding(
            f"{task.name}/spelling",
            f"{safe(task.labels_file)} has {plural(held.converted, 'label')} in an older spelling, numbers or other letters.",
            f"Write every label by the name of its class ({order}); no label changes.",
            mend=mending.spell(task.name),
        )


def _doubts(workspace: Workspace) -> Iterator[Finding]:
    """Find labels that contradict each other or stand alone: which one is right, only the picture tells."""
    where = {
        "contradicts": "Look at each: print-models, then ; and the queue of contradictions.",
        "lone": "Look at each, and leave it where it is right: print-models, then ; and the queue of lone labels.",
        "same-bytes": "Look at each: print-models, then ; and the queue of duplicates.",
    }
    for task in workspace.tasks.values():
        for result in _of_draft(workspace, task):
            if result.id in where and result.level != "pass":
                yield Finding(f"{task.name}/{result.id}", result.text, where[result.id], result.frames)


def _of_draft(workspace: Workspace, task: Task) -> list[CheckResult]:
    from core.frames.index import FrameIndex
    from core.labels.sync import open_store

    try:
        with open_store(workspace) as store, FrameIndex(workspace) as index:
            index.scan()
            return gates.of_draft(workspace, store, index, task)
    except PrintModelsError as error:
        return [CheckResult("draft", "block", error.what, error.remedy)]


def _versions(workspace: Workspace, task: Task) -> Iterator[Finding]:
    names = list_versions(workspace, task)
    try:
        held = files.read(workspace.labels_path(task), task).labels
    except PrintModelsError:
        held = {}
    legacy = []
    for name in names:
        version = read_version(workspace, task, name)
        if not version.legacy:
            continue
        legacy.append(name)
        for result in gates.of_version(workspace, task, name):
            if result.id == "card" and result.level != "pass":
                yield Finding(
                    f"{task.name}/{name}/card",
                    f"{task.name} {name}: {result.text}",
                    "It stays as it was made; the next version's card is computed from its files.",
                )
    if held and (not names or legacy == names):
        before = f"{names[-1]} has no splits and no hashes" if names else "it has no version yet"
        yield Finding(
            f"{task.name}/version",
            f"{task.name}: {plural(len(held), 'label')}, and {before}: no result of it can be compared or reproduced.",
            "Release the first honest version: split by recording, every byte hashed, proven in git, a card from the "
            "files. Not pushed.",
            mend=mending.release(task.name),
        )


def _models(workspace: Workspace) -> Iterator[Finding]:
    odd = {result.frames[0]: result for result in around.of_models(workspace) if result.level != "pass"}
    for record in registry.without_record(workspace, registry.models(workspace)):
        file = workspace.root / record.file
        large = f" {odd[record.file].text}" if record.file in odd else ""
        text = f"{safe(record.file)} has no record: nobody knows what it learned from.{large}"
        if record.here != "file":
            yield Finding(
                f"model/{record.task}",
                text,
                f"Get its bytes first: git lfs pull --include '{safe(record.file)}'",
                (record.file,),
            )
            continue
        yield Finding(
            f"model/{record.task}",
            text,
            "Keep its weights alone as a model version of the task's first dataset version, claimed, not proven, and in "
            "use; the larger file stays in the history. Needs torch.",
            (record.file,),
            mending.adopt(record.task, file),
        )


def _named(paths: Iterable[str]) -> str:
    known = list(paths)
    more = f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
    return ", ".join(safe(path, limit=80) for path in known[:_NAMED]) + more
