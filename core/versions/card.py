"""The dataset card, README.md of a version: every number in it is computed from the version's files.

What always holds: *Notes* is the user's own and survives regeneration byte for byte; text that people wrote appears
as text, whatever it holds; the front matter is valid YAML. Export writes the first card, `rebuild` a later one (a
promoted model gives it results); `disagreement` finds one that does not fit its version.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.durable import atomic_write
from core.frames.names import source_of
from core.human import count, plural, size
from core.text import safe
from core.versions import manifest
from core.versions.card_text import Result, markdown, performance
from core.versions.diff import Diff, diff
from core.versions.manifest import Item, Version
from core.versions.plan import version_snapshot
from core.workspace import Workspace

_NOTES = re.compile(rb"^## Notes[ \t]*\r?\n", re.MULTILINE)
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (10**6, "100K<n<1M"))
_LICENSE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_HOW = {
    "hand": "by hand",
    "stretch": "by stretch",
    "bisect": "by bisection",
    "verdict": "by a verdict on a whole print",
    "suggestion": "by accepted suggestion",
    "imported": "imported",
    "outside": "changed in the label file",
}


def render(
    version: Version,
    *,
    parent: Version | None = None,
    results: Sequence[Result] = (),
    notes: bytes = b"\n",
    license_: str = "",
    withdrawn: Any = None,
) -> bytes:
    """Return the card of a version.

    `results` are plain records of models trained on it, each with some of: model, accuracy, low, high, balanced,
    recall (per class), baselines (rule → {balanced, accuracy}), date, file, note. `notes` is what stands below Notes,
    `withdrawn` the reason, who and when of a version that is.
    """
    sections = [
        _front_matter(version, license_),
        _head(version),
        *([_withdrawn(withdrawn)] if withdrawn else []),
        performance(version, results),
        _collection(version),
        _splits(version),
        _limits(version, parent),
        _storage(version),
        _changes(version, parent),
    ]
    text = "\n".join("\n".join(section) + "\n" for section in sections)
    return text.encode("utf-8", "backslashreplace") + b"\n## Notes\n" + notes


def notes_of(card: bytes) -> bytes:
    """Return what stands below the heading Notes, byte for byte; a line end where there is none."""
    found = _NOTES.search(card)
    return card[found.end() :] if found else b"\n"


def rebuild(workspace: Workspace, version: Version, results: Sequence[Result] = ()) -> bool:
    """Write the card of a version anew, its notes kept; True where it changed. Raises Lacking."""
    path = version.path / manifest.CARD
    before = path.read_bytes() if path.is_file() else b""
    parent_name = version.info.parent
    parent = None
    if parent_name and workspace.version_dir(version.task, parent_name).is_dir():
        parent = manifest.read_version(workspace, version.task, parent_name)
    after = render(
        version,
        parent=parent,
        results=results,
        notes=notes_of(before),
        license_=workspace.settings.license,
        withdrawn=manifest.withdrawn(workspace, version.task).get(version.name),
    )
    if after != before:
        atomic_write(path, after)
    return after != before


def disagreement(version: Version, card: bytes) -> str | None:
    """Return in a sentence what a card says that its version does not hold, None where its counts are right."""
    for line in _head(version):
        if (
            line
            and not line.startswith(">")
            and line.encode() not in card.replace(b"\r\n", b"\n").split(b"\n")
        ):
            return f"README.md does not say “{line}”, as the files do."
    return None


def _front_matter(version: Version, license_: str) -> list[str]:
    total = len(version.items)
    category = next((name for limit, name in _SIZES if total < limit), "1M<n<10M")
    lines = ["---", f"pretty_name: {json.dumps(f'{version.task.title} Dataset {version.name}')}"]
    lines += _license(license_)
    lines += ["task_categories:", "- image-classification", "size_categories:", f"- {category}"]
    lines += ["classes:", *(f"  {json.dumps(name)}: {n}" for name, n in sorted(version.classes.items()))]
    sides = Counter(item.split for item in version.items if item.split)
    if sides:
        lines += ["splits:", *(f"  {json.dumps(side)}: {n}" for side, n in sorted(sides.items()))]
    return [*lines, "---"]


def _license(words: str) -> list[str]:
    """Return a license as the Hugging Face hub names it: its id in lower case, else `other` with the name beside."""
    if not words:
        return []
    if _LICENSE_ID.fullmatch(words):
        return [f"license: {json.dumps(words.lower())}"]
    return ["license: other", f"license_name: {json.dumps(words)}"]


def _head(version: Version) -> list[str]:
    total, classes = len(version.items), version.classes
    lines = [f"# {version.task.title} Dataset {version.name}", ""]
    if version.info.description:
        lines += [f"> {markdown(version.info.description)}", ""]
    lines += [f"**Created:** {safe(version.info.created[:10])}", f"**Total Images:** {total}", "**Classes:**"]
    lines += [f"- {name.capitalize()}: {n} ({_percent(n, total)})" for name, n in sorted(classes.items())]
    lines += ["", f"Ratio: {_ratio(classes)}."]
    return lines


def _withdrawn(said: Any) -> list[str]:
    """Say that a version is withdrawn, in one paragraph; the file may have been written by hand."""
    facts = said if isinstance(said, Mapping) else {"reason": said}
    reason, who, when = (markdown(str(facts.get(key, ""))) for key in ("reason", "who", "when"))
    by = f" by {who}" if who else ""
    return [
        f"> **Withdrawn**{f' on {when[:10]}' if when else ''}{by}: {reason}",
        ">",
        "> Nothing takes it by itself.",
    ]


def _percent(part: int, whole: int) -> str:
    if not whole:
        return "0%"
    share = 100 * part / whole
    return "<1%" if 0 < share < 1 else ">99%" if 99 < share < 100 else f"{round(share)}%"


def _ratio(classes: Mapping[str, int]) -> str:
    """Return '1.5:1 (offline : active)', the largest class against the smallest."""
    order = sorted(classes, key=lambda name: (-classes[name], name))
    largest, smallest = order[0], order[-1]
    if not classes[smallest]:
        return f"there is no image of {smallest}"
    return f"{classes[largest] / classes[smallest]:.1f}:1 ({largest} : {smallest})"


def _collection(version: Version) -> list[str]:
    lines = ["## Data Collection", ""]
    by_source: dict[str, list[str]] = defaultdict(list)
    for item in version.items:
        by_source[source_of(item.source)].append((item.captured_at or "")[:10])
    for source, days in sorted(by_source.items()):
        dated = sorted(day for day in days if day)
        when = ""
        if dated:
            when = f" from {dated[0]} to {dated[-1]}" if dated[0] != dated[-1] else f" of {dated[0]}"
        lines.append(f"- Source: {markdown(source)}{when} ({plural(len(days), 'image')})")
    lines.append(f"- Labeling: {_labelling(version.items)}")
    lines.append(f"- Candidates: {_candidates(version)}")
    excluded = Counter(found.reason for found in version.info.excluded)
    if excluded:
        reasons = ", ".join(f"{markdown(reason)} {n}" for reason, n in sorted(excluded.items()))
        lines.append(
            f"- Excluded by name: {len(version.info.excluded)} ({reasons}); listed in dataset_info.json"
        )
    return lines


def _labelling(items: Sequence[Item]) -> str:
    ways = Counter(item.labelled_how or "imported" for item in items)
    people = sorted({item.labelled_by for item in items if item.labelled_by})
    words = ", ".join(f"{n} {_HOW.get(how, markdown(how))}" for how, n in sorted(ways.items()))
    return f"{words}; by {', '.join(markdown(name) for name in people)}" if people else words


def _candidates(version: Version) -> str:
    found = version.info.selection
    if found is None:
        return "not recorded"
    if found.rule == "file":
        return "every frame of the label file"
    if found.rule == "all":
        return f"every label ({plural(found.labelled, 'label')})"
    return (
        f"of {plural(found.labelled, 'label')}, those given one by one, corrections, and of every painted stretch both "
        f"sides of each change and at most {found.per_stretch} spread evenly; {count(found.left_out)} left out by this rule"
    )


def _splits(version: Version) -> list[str]:
    table: dict[str, Counter[str]] = defaultdict(Counter)
    recordings: dict[str, set[str]] = defaultdict(set)
    for item in version.items:
        if item.split:
            table[item.split][item.label] += 1
            recordings[item.split].add(item.recording or "")
    lines = ["## Splits", ""]
    if not table:
        return [*lines, "This version has no splits."]
    names = sorted(version.classes)
    lines += [
        f"| split | {' | '.join(names)} | recordings |",
        f"| --- |{' --- |' * (len(names) + 1)}",
    ]
    for side in (manifest.TRAIN, manifest.VALIDATION, manifest.EMBARGO):
        if side in table:
            cells = " | ".join(str(table[side][name]) for name in names)
            lines.append(f"| {side} | {cells} | {len(recordings[side])} |")
    rule = version.info.split_rule
    least = version.info.least_distance_minutes
    apart = (
        f" The nearest train and validation images are {least:g} minutes apart." if least is not None else ""
    )
    lines += [
        "",
        f"A recording is never cut by the split (rule {safe(str(rule.get('rule', '?')))}).{apart}"
        + (
            " `embargo` images lie too near to validation; neither side uses them."
            * (manifest.EMBARGO in table)
        ),
        "ImageFolder and load_dataset ignore the split; in this folder these lines honour it:",
        "",
        "```python",
        "import json",
        'rows = [json.loads(line) for line in open("metadata.jsonl", encoding="utf-8")]',
        'train = [row["file_name"] for row in rows if row["split"] == "train"]',
        "```",
    ]
    return lines


def _limits(version: Version, parent: Version | None) -> list[str]:
    found = [markdown(limit) for limit in (*version.info.limits, *version.problems, *_warnings(version))]
    unlisted = version.info.split_rule.get("frames_without_list")
    if unlisted:
        gap = version.info.split_rule.get("gap_minutes_without_list")
        found.append(
            f"{plural(unlisted, 'image')} came without a file list of the camera: there a gap of {gap} minutes between "
            "labelled frames ends a recording."
        )
    if not any(item.split == manifest.VALIDATION for item in version.items):
        found.append("Nothing is in validation, so no result can be measured on this version.")
    if parent is not None and parent.legacy:
        found.append(f"{parent.name} had no splits, so results of {parent.name} are not comparable.")
    return [
        "## Known limits",
        "",
        *(f"- {text}" for text in found or ["None found by the rules of this tool."]),
    ]


def _warnings(version: Version) -> Iterable[str]:
    """Yield what the checks warn of that a version's own files tell: uneven classes, a rule that needs no picture."""
    from core.versions import quality

    told = [quality.balance(version.classes)]
    held: dict[str, set[str]] = {name: set() for name in version.classes}
    for item in version.items:
        held.setdefault(item.label, set()).add(item.recording or "")
    if all(len(recordings) > 1 for recordings in held.values()):
        total, recordings = len(version.items), len(set().union(*held.values()))
        for rule in ("time_of_day", "brightness"):
            if score := version.info.baselines.get(rule):
                seen = int(score.get("images", total))
                told.append(quality.tells(rule, float(score["balanced"]), len(held), recordings, seen, total))
    return (one.text for one in told if one.level == "warn")


def _storage(version: Version) -> list[str]:
    total = version.total_bytes
    lines = ["## Storage", "", f"- Images: {count(len(version.items))}, {size(total)}, kept in Git LFS"]
    if version.digest:
        lines.append(f"- Digest: `{safe(version.digest)}`")
    return lines


def _changes(version: Version, parent: Version | None) -> list[str]:
    said = [
        f"- {markdown(one.text)} ({markdown(one.change)}, {plural(one.frames, 'image')})"
        for one in version.info.comments
    ]
    if parent is None:
        return ["## Changes", "", "This is the first version.", *(["", *said] if said else [])]
    found = diff(version_snapshot(parent), version_snapshot(version))
    return [f"## Changes since {parent.name}", "", *_change_lines(found), *said]


def _change_lines(found: Diff) -> Iterable[str]:
    counts = found.counts
    for kind in ("added", "removed", "relabelled", "replaced", "moved"):
        if counts[kind]:
            yield f"- {kind}: {counts[kind]}"
    if not found.differs:
        yield "- no image and no label differs"
    words = Counter(hunk.change for hunk in found.hunks)
    frames: Counter[str] = Counter()
    for hunk in found.hunks:
        frames[hunk.change] += len(hunk.frames)
    for change, n in sorted(words.items()):
        if "→" in change:
            yield f"- {markdown(change)}: {plural(frames[change], 'image')} in {plural(n, 'stretch', 'stretches')}"
    new = found.bytes["new"]
    yield f"- new bytes: {size(new)}"
