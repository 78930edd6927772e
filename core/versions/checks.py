"""Is a version what it says it is? Bytes against hashes, files against each other, objects in git's LFS store.

Each check is one result: pass, warn or block, with a sentence, a remedy and the files it is about. Reads only, and
works in a clone that has pointers: then the pointers and the store's objects are compared.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from core.durable import hash_file
from core.errors import Damaged, Lacking, PrintModelsError, Refused
from core.human import plural
from core.progress import CancelToken, Progress, Report, silent
from core.storage.lfs import ObjectStore, Pointer, parse_pointer, store_of
from core.tasks import Task
from core.text import safe
from core.versions import card, manifest
from core.versions.manifest import Item, Version, read_version
from core.workspace import Workspace

_POINTER_LIMIT = 1024
_TEXTS = (manifest.CARD, manifest.INFO, manifest.LABELS, manifest.METADATA)
_FACTS = "dataset_info.json: "
_FETCH = "Get its images: print-models fetch {} (git lfs pull: those of all versions)"
_RESTORE = "Get the version as it was released: git checkout -- its folder, then git lfs pull."


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: `level` is pass, warn or block; `frames` are the file names it is about.

    `code` is the exit code of a block: 3 for other bytes or a file that can't be parsed, 5 for what is missing, else 1.
    """

    id: str
    level: str
    text: str
    remedy: str = ""
    frames: tuple[str, ...] = ()
    code: int = Refused.exit_code

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "level": self.level,
            "text": self.text,
            "remedy": self.remedy,
            "frames": list(self.frames),
        }


@dataclass(frozen=True, slots=True)
class _Found:
    """An image as it lies here: whole with its oid and size, a pointer to them, or not there."""

    item: Item
    oid: str | None
    size: int | None
    pointer: bool


def verify(
    workspace: Workspace, task: Task, name: str, report: Report = silent, cancel: CancelToken | None = None
) -> list[CheckResult]:
    """Compare a version's files with its manifest; every image is read. Raises Lacking where there is no version."""
    try:
        version = read_version(workspace, task, name)
    except Damaged as error:
        return [CheckResult("manifest", "block", error.what, error.remedy, code=error.exit_code)]
    found = _look(version, name, report, cancel or CancelToken())
    results = [
        *_manifest(version),
        _files(version),
        *_bytes(version, found),
        _labels(version),
        _card(version),
        *_objects(workspace, version, found),
    ]
    return [result for result in results if result is not None]


def exit_code(results: Iterable[CheckResult]) -> int:
    """Return the code of the gravest block: 3 before 5 before 1; 0 where nothing blocks."""
    found = {result.code for result in results if result.level == "block"}
    return next(
        (code for code in (Damaged.exit_code, Lacking.exit_code) if code in found), min(found, default=0)
    )


def _result(
    id_: str,
    good: str,
    faults: dict[str, str],
    remedy: str,
    level: str = "block",
    code: int = Refused.exit_code,
) -> CheckResult:
    """Return a pass saying `good`, or one result naming the first faults, by file."""
    if not faults:
        return CheckResult(id_, "pass", good)
    shown = "; ".join(f"{safe(name, limit=100)} {why}" for name, why in list(faults.items())[:3])
    more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
    return CheckResult(id_, level, f"{shown}{more}.", remedy, tuple(faults), code)


def _look(version: Version, name: str, report: Report, cancel: CancelToken) -> list[_Found]:
    def one(item: Item) -> _Found:
        cancel.check()
        path = version.path / item.file_name
        try:
            if not path.is_file() or path.is_symlink() or path.parent.is_symlink():
                return _Found(item, None, None, False)
            if path.stat().st_size <= _POINTER_LIMIT and (pointer := parse_pointer(path.read_bytes())):
                return _Found(item, pointer.oid, pointer.size, True)
            hashed = hash_file(path)
        except OSError:
            return _Found(item, None, None, False)
        return _Found(item, hashed.oid, hashed.size, False)

    found = []
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for number, result in enumerate(pool.map(one, version.items), 1):
            found.append(result)
            report(Progress(f"reading {name}", number, len(version.items)))
    return found


def _manifest(version: Version) -> Iterable[CheckResult]:
    """The facts of dataset_info.json, computed again from the images' lines."""
    if version.legacy:
        if version.problems:
            text = "; ".join(version.problems[:3]) + (" …" if len(version.problems) > 3 else "")
            yield CheckResult("manifest", "warn", text, "It was made by an older tool; make a new version.")
        else:
            yield CheckResult("manifest", "pass", "An older tool's version; its files fit together.")
        return
    info, items = version.info, version.items
    counted = Counter(item.label for item in items)
    wrong = {}
    tests: list[tuple[str, Callable[[], bool]]] = [
        ("digest", lambda: manifest.digest(items) == info.digest),
        ("total_images", lambda: info.total_images == len(items)),
        ("total_bytes", lambda: info.total_bytes == version.total_bytes),
        ("classes", lambda: {k: n for k, n in info.classes.items() if n} == dict(counted)),
        ("recordings", lambda: info.recordings == len({item.recording for item in items})),
        ("splits", lambda: _split_counts(info.splits) == Counter((i.split, i.label) for i in items)),
    ]
    for key, fits in tests:
        if not fits():
            wrong[f"{_FACTS}{key}"] = "does not fit metadata.jsonl"
    # The digest is a recorded hash; the other facts only count.
    code = Damaged.exit_code if f"{_FACTS}digest" in wrong else Refused.exit_code
    good = f"dataset_info.json fits {plural(len(items), 'image')}."
    yield _result("manifest", good, wrong, _RESTORE, code=code)


def _split_counts(splits: dict[str, dict[str, int]]) -> Counter[tuple[str | None, str]]:
    found: Counter[tuple[str | None, str]] = Counter()
    for side, classes in splits.items():
        for name, n in classes.items():
            if n:
                found[side, name] = n
    return found


def _files(version: Version) -> CheckResult:
    """Nothing but the version's own texts, class folders and images lies in it."""
    known = {item.file_name for item in version.items}
    folders = {name.split("/", 1)[0] for name in known} | set(version.task.classes)
    extra = {}
    for entry in sorted(version.path.iterdir()):
        if entry.name in _TEXTS and not entry.is_dir():
            continue
        if entry.name not in folders or entry.is_symlink() or not entry.is_dir():
            extra[entry.name] = "does not belong to this version"
            continue
        for image in sorted(entry.iterdir()):
            name = f"{entry.name}/{image.name}"
            if name not in known:
                extra[name] = "is no image of this version"
    return _result(
        "files", "It holds its texts and images and nothing else.", extra, "Move these files away."
    )


def _bytes(version: Version, found: list[_Found]) -> Iterable[CheckResult]:
    wrong = {
        f.item.file_name: f"has {f.oid[7:19]}…, not {(f.item.oid or '')[7:19]}…"
        for f in found
        if f.oid is not None and f.item.oid is not None and f.oid != f.item.oid
    }
    whole = sum(f.oid is not None and not f.pointer for f in found)
    pointers = sum(f.pointer for f in found)
    read = f"{plural(whole, 'image')} {'matches its' if whole == 1 else 'match their'} sha256"
    named = f"{plural(pointers, 'pointer')} {'names' if pointers == 1 else 'name'} the right one"
    good = ", ".join(text for text, number in ((read, whole), (named, pointers)) if number)
    good = f"{good or 'No image is here to compare'}."
    yield _result("bytes", good, wrong, _RESTORE, code=Damaged.exit_code)
    gone = {f.item.file_name: "is missing" for f in found if f.oid is None}
    if gone:
        yield _result("missing", "", gone, _RESTORE, code=Lacking.exit_code)
    if pointers:
        text = (
            f"{plural(pointers, 'image')} {'is' if pointers == 1 else 'are'} here as Git LFS pointers only."
        )
        yield CheckResult("pointers", "warn", text, _FETCH.format(version.name))


def _labels(version: Version) -> CheckResult | None:
    if version.legacy:
        return None
    try:
        raw = (version.path / manifest.LABELS).read_bytes()
    except OSError:
        return CheckResult("labels", "block", "labels.json is missing.", _RESTORE)
    same = raw == manifest.encode_labels(version.items)
    return CheckResult(
        "labels",
        "pass" if same else "block",
        "labels.json holds exactly its frames." if same else "labels.json does not fit metadata.jsonl.",
        "" if same else _RESTORE,
    )


def _card(version: Version) -> CheckResult:
    try:
        raw = (version.path / manifest.CARD).read_bytes()
    except OSError:
        return CheckResult("card", "warn", "README.md is missing.", _RESTORE)
    wrong = card.disagreement(version, raw)
    if wrong is None:
        return CheckResult("card", "pass", "README.md says what the files hold.")
    # A card of an older tool is what it is; one of ours that disagrees was edited outside its Notes.
    return CheckResult(
        "card", "warn" if version.legacy else "block", wrong, "" if version.legacy else _RESTORE
    )


def _objects(workspace: Workspace, version: Version, found: list[_Found]) -> Iterable[CheckResult]:
    """Are the objects that git would push in its LFS store, with their bytes? Only asked once git knows them."""
    store = _store(workspace)
    if store is None:
        return
    missing, wrong = {}, {}
    asked = 0
    for f in found:
        if f.item.oid is None or f.item.size is None:
            continue
        pointer = Pointer(f.item.oid, f.item.size)
        if not store.path(pointer.oid).exists():
            missing[f.item.file_name] = "has no object in the LFS store here"
            continue
        asked += 1
        fault = store.fault(pointer)
        if fault is not None:
            wrong[f.item.file_name] = f"has an object in the LFS store that {fault}"
    if missing and not asked and not any(f.pointer for f in found):
        yield CheckResult("objects", "pass", "Not in git yet: its objects come with the release.")
        return
    if not asked:
        return  # a clone with pointers only, which `pointers` says
    yield _result(
        "objects",
        f"{plural(asked, 'object')} in git's LFS store match.",
        wrong,
        "git lfs fetch, or restore it.",
        code=Damaged.exit_code,
    )
    if missing:
        yield _result("objects-missing", "", missing, _FETCH.format(version.name), "warn")


def _store(workspace: Workspace) -> ObjectStore | None:
    try:
        return store_of(workspace.root)
    except PrintModelsError:
        return None
