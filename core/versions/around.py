"""What is odd around drafts and versions: git's rules for exact paths, the journals, the model files.

What always holds: nothing is written, and no picture is read. Called by gates and `check`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.human import plural, size
from core.labels.journal import spoilt_lines
from core.storage.git import Git
from core.storage.lfs import POINTER_LIMIT, parse_pointer
from core.text import safe
from core.versions import manifest
from core.versions.checks import CheckResult
from core.versions.numbering import next_number
from core.workspace import Workspace

#: Bytes of the weights alone, and per class, of the networks whose files are judged by their size.
_WEIGHTS = {"resnet18": (44_744_448, 2_052), "mobilenet_v2": (9_031_936, 5_124)}
_TOO_LARGE = 1.5
TEXTS = (manifest.CARD, manifest.INFO, manifest.LABELS, manifest.METADATA)


def of_repository(workspace: Workspace) -> list[CheckResult]:
    """Ask git, for the exact paths of the next versions, whether it would take them, and through Git LFS."""
    git = Git(workspace.root)
    if not git.is_repository():
        return [
            CheckResult(
                "repository", "warn", "There is no git repository here.", "Make it one: print-models init"
            )
        ]
    folders = [
        (task, f"datasets/{task.name}/v{next_number(workspace, task)}") for task in workspace.tasks.values()
    ]
    images = [
        f"{folder}/{name}/20000101T000000{end}"
        for task, folder in folders
        for name in task.classes
        for end in (".jpg", ".jpeg", ".png", ".JPG")
    ]
    texts = sorted({f"{path.rsplit('/', 2)[0]}/{text}" for path in images for text in TEXTS})
    hidden = git.check_ignore([*images, *texts, *(task.labels_file for task in workspace.tasks.values())])
    bare = [path for path, value in git.check_attr("filter", images).items() if value != "lfs"]
    return [_ignored(hidden), _filtered(bare)]


def of_paths(workspace: Workspace, images: Sequence[str], texts: Sequence[str]) -> list[CheckResult]:
    """Name what git would leave out or take raw of exactly these paths, and what `of_repository` does not tell already.

    Of paths relative to the workspace; what git holds already is in no danger. Nothing where nothing is wrong.
    """
    git = Git(workspace.root)
    if not git.is_repository() or not images:
        return []
    probes = {f"{folder}/20000101T000000.jpg" for folder in {path.rpartition("/")[0] for path in images}}
    found = git.check_ignore([*images, *texts, *probes])
    told = {rule for path, rule in found.items() if path in probes}
    held = git.ls_files(images[0].rsplit("/", 2)[0]) if found else {}
    hidden = {
        path: rule
        for path, rule in found.items()
        if rule not in told and path not in probes and path not in held
    }
    filters = git.check_attr("filter", [*images, *probes])
    bare = [path for path in images if filters.get(path) != "lfs" and path not in held]
    if any(filters.get(path) != "lfs" for path in probes):
        bare = []
    return [one for one in (_ignored(hidden), _filtered(bare, exact=True)) if one.level != "pass"]


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


def _filtered(bare: Sequence[str], *, exact: bool = False) -> CheckResult:
    if not bare:
        return CheckResult("attributes", "pass", "Every image of a version goes through Git LFS.")
    what = plural(len(bare), "image") if exact else plural(len(bare), "kind") + " of image"
    usual = exact or any(path.endswith(".jpg") for path in bare)
    return CheckResult(
        "attributes",
        "block" if usual else "warn",
        f".gitattributes does not send {what} through Git LFS, for example {safe(bare[0], limit=120)}.",
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
