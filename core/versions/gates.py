"""The quality gates: everything worth knowing before a version is made or trained on, over drafts, versions, repository.

What always holds: nothing is written, and no picture is read; one thing that can't be read is a result, and the others
are looked at all the same. What only this host lacks (a camera) warns; what a rule forbids blocks. Called by `check`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Lacking, PrintModelsError
from core.frames.names import captured_at
from core.human import plural, size
from core.labels.journal import spoilt_lines
from core.storage.git import Git
from core.storage.lfs import POINTER_LIMIT, parse_pointer
from core.tasks import Task
from core.text import safe
from core.versions import claims, manifest, quality
from core.versions.checks import CheckResult
from core.versions.manifest import Version, read_version
from core.versions.numbering import next_number
from core.versions.quality import Row, named
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore

#: Bytes of the weights alone, and per class, of the networks whose files are judged by their size.
_WEIGHTS = {"resnet18": (44_744_448, 2_052), "mobilenet_v2": (9_031_936, 5_124)}
_TOO_LARGE = 1.5


def of_draft(workspace: Workspace, store: LabelStore, index: FrameIndex, task: Task) -> list[CheckResult]:
    """Look at a task's labels and at the version that would be exported from them."""
    from core.versions.plan import plan

    try:
        planned = plan(workspace, store, index, task, again=True)
    except PrintModelsError as error:
        return [_of_error("draft", error)]
    found = [_of_error("draft", error, planned.missing) for error in planned.blocks]
    labels = store.classes(task)
    if not labels:
        return [CheckResult("draft", "pass", f"{task.name} has no labels yet.")]
    if not found:
        found = [CheckResult("draft", "pass", f"{plural(len(planned.chosen), 'image')} could be exported.")]
    found += _spelled(workspace.labels_path(task), task, task.labels_file)
    for name in dict.fromkeys(other for _, other, _ in task.contradicts):
        pairs = {(own, class_) for own, other, class_ in task.contradicts if other == name}
        files = (task.labels_file, workspace.tasks[name].labels_file)
        found.append(quality.contradicts(labels, store.classes(name), pairs, files))
    known = {chosen.frame: chosen.oid for chosen in planned.chosen}
    rows = [Row(frame, label, captured_at(frame), known.get(frame)) for frame, label in labels.items()]
    return [
        *found,
        quality.lone(rows, workspace.settings.split.gap_minutes),
        quality.same_bytes(rows),
        quality.balance(planned.draft.classes),
        quality.recordings(planned.split.limits),
    ]


def of_version(workspace: Workspace, task: Task, name: str) -> list[CheckResult]:
    """Look at a version's facts, card and labels; `verify` reads its images. Raises Lacking where there is none."""
    try:
        version = read_version(workspace, task, name)
    except Lacking:
        raise
    except PrintModelsError as error:
        return [_of_error("version", error)]
    found = []
    if version.problems:
        more = f" and {len(version.problems) - 3} more" if len(version.problems) > 3 else ""
        text = " ".join(version.problems[:3]) + more
        found.append(CheckResult("version", "warn", text, "An older tool made it; make a new version."))
    elif not version.legacy and manifest.digest(version.items) != version.digest:
        text = "metadata.jsonl does not fit the digest in dataset_info.json."
        found.append(
            CheckResult("version", "block", text, "Get it as it was released: git checkout -- its folder")
        )
    else:
        found.append(
            CheckResult("version", "pass", f"{plural(len(version.items), 'image')} with their labels.")
        )
    if version.legacy:
        found += _spelled(version.path / manifest.LABELS, task, f"{name}/{manifest.LABELS}")
    return [*found, claims.of_version(version), *_of_rows(workspace, version)]


def _of_rows(workspace: Workspace, version: Version) -> Iterable[CheckResult]:
    rows = [Row(item.source, item.label, _moment(item.captured_at), item.oid) for item in version.items]
    yield quality.lone(rows, workspace.settings.split.gap_minutes)
    yield quality.same_bytes(rows)
    yield quality.balance(version.classes)
    if version.legacy:
        yield CheckResult(
            "recordings",
            "warn",
            "It has no splits, so results of it can't be compared.",
            "Make a new version.",
        )
    else:
        yield quality.recordings(version.info.limits)


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _of_error(id_: str, error: PrintModelsError, frames: tuple[str, ...] = ()) -> CheckResult:
    level = "warn" if isinstance(error, Lacking) else "block"
    return CheckResult(id_, level, error.what, error.remedy, frames)


def _spelled(path: Path, task: Task, name: str) -> Iterator[CheckResult]:
    """Name labels that are integers or spelled otherwise than their class."""
    try:
        found: Any = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return  # there is no file, or what reads it says what is wrong with it
    entries = found.items() if isinstance(found, dict) else ()
    odd = {key: value for key, value in entries if value not in task.classes and not isinstance(value, dict)}
    if not odd:
        yield CheckResult("spelling", "pass", f"Every label in {safe(name)} is a class by its name.")
        return
    numbers = sum(isinstance(value, int) for value in odd.values())
    what = (
        plural(len(odd), "integer label")
        if numbers == len(odd)
        else plural(len(odd), "label") + " in another spelling"
    )
    order = ", ".join(f"{code} = {class_}" for code, class_ in enumerate(task.classes))
    yield CheckResult(
        "spelling",
        "warn",
        f"{safe(name)} has {what}: {named(sorted(odd))}. They are read as classes ({order}).",
        "Nothing to do: labels are written by name from the next step on.",
        tuple(sorted(odd)),
    )


def of_repository(workspace: Workspace) -> list[CheckResult]:
    """Ask git, for the exact paths of the next versions, whether it would take them, and through Git LFS."""
    git = Git(workspace.root)
    if not git.is_repository():
        return [
            CheckResult(
                "repository", "warn", "There is no git repository here.", "Make it one: print-models init"
            )
        ]
    images = [
        f"datasets/{task.name}/v{next_number(workspace, task)}/{name}/20000101T000000{end}"
        for task in workspace.tasks.values()
        for name in task.classes
        for end in (".jpg", ".jpeg", ".png", ".JPG")
    ]
    texts = sorted({f"{path.rsplit('/', 2)[0]}/{text}" for path in images for text in _TEXTS})
    hidden = git.check_ignore([*images, *texts, *(task.labels_file for task in workspace.tasks.values())])
    bare = [path for path, value in git.check_attr("filter", images).items() if value != "lfs"]
    return [_ignored(hidden), _filtered(bare)]


def of_history(workspace: Workspace) -> list[CheckResult]:
    """Look for lines of the journals that tell of no labelling step: who gave what is lost with them."""
    found = spoilt_lines(workspace.history_dir)
    if not found:
        return []
    return [
        CheckResult(
            "history",
            "warn",
            f"data/history/{safe(name)}, {_lines(lines)}: no labelling step, so it is left out.",
            f"Mend or remove it; as it was before: git log -p -- data/history/{safe(name)}",
        )
        for name, lines in found.items()
    ]


def _lines(numbers: list[int]) -> str:
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"line{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers[:5]))}{more}"


_TEXTS = (manifest.CARD, manifest.INFO, manifest.LABELS, manifest.METADATA)


def _ignored(hidden: Mapping[str, str]) -> CheckResult:
    if not hidden:
        return CheckResult("ignored", "pass", "No ignore rule hides what a version holds.")
    rules = sorted(set(hidden.values()))
    first = next(path for path, rule in hidden.items() if rule == rules[0])
    others = (
        f" ({plural(len(rules) - 1, 'other rule')} hide{'s' * (len(rules) == 2)} more)"
        if len(rules) > 1
        else ""
    )
    return CheckResult(
        "ignored",
        "block",
        f"The ignore rule {safe(rules[0], limit=120)} hides {safe(first, limit=120)}{others}: git leaves such files out "
        "of a commit without a word.",
        "print-models init takes datasets/ out of the rule.",
        tuple(hidden),
    )


def _filtered(bare: list[str]) -> CheckResult:
    if not bare:
        return CheckResult("attributes", "pass", "Every image of a version goes through Git LFS.")
    usual = any(path.endswith(".jpg") for path in bare)
    return CheckResult(
        "attributes",
        "block" if usual else "warn",
        f".gitattributes does not send {plural(len(bare), 'kind')} of image through Git LFS, for example "
        f"{safe(bare[0], limit=120)}.",
        "Let print-models init add the rules.",
        tuple(bare),
    )


def of_models(workspace: Workspace) -> list[CheckResult]:
    """Judge every model file by its size: one with the optimizer's state inside is about three times too large."""
    files = sorted({*workspace.models.glob("*.pth"), *workspace.model_versions.glob("*.pth")})
    return [result for path in files if (result := _model(workspace, path)) is not None]


def _model(workspace: Workspace, path: Path) -> CheckResult | None:
    name = path.relative_to(workspace.root).as_posix()
    try:
        told = path.stat().st_size
        pointer = parse_pointer(path.read_bytes()) if told <= POINTER_LIMIT else None
    except OSError:
        return None
    network, classes = _record(path)
    if network not in _WEIGHTS:
        return None
    base, each = _WEIGHTS[network]
    held, needed = pointer.size if pointer else told, base + each * classes
    inside = pointer is None and _holds_optimizer(path)
    if held < _TOO_LARGE * needed and not inside:
        return CheckResult(
            "checkpoint", "pass", f"{safe(name)} is as large as its weights, {size(held)}.", "", (name,)
        )
    what = f"{safe(name)} takes {size(held)}"
    if held >= _TOO_LARGE * needed:
        what += f", {held / needed:.1f} times what the weights of {network} take ({size(needed)})"
    return CheckResult(
        "checkpoint",
        "warn",
        f"{what}: the optimizer's state {'is' if inside else 'is likely'} inside.",
        "Every clone pays for it; a model promoted here holds the weights alone.",
        (name,),
    )


def _record(path: Path) -> tuple[str, int]:
    """Return architecture and number of classes as a model's record tells; older models were ResNet18 of two."""
    try:
        facts = json.loads(path.with_suffix(".json").read_bytes())
        return str(facts["architecture"]), len(facts["classes"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "resnet18", 2


def _holds_optimizer(path: Path) -> bool:
    """True where a checkpoint's table of contents names an optimizer; nothing of it is executed."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as file:
            tables = [entry for entry in file.infolist() if entry.filename.endswith("/data.pkl")]
            return any(entry.file_size < 32 << 20 and b"optimizer" in file.read(entry) for entry in tables)
    # The last two are zipfile's words for a compression it does not know and for an entry that is locked.
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return False
