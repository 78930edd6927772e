"""What the Versions screen says, as lines: the list, three sentences and a verdict, what changes, every frame.

What always holds: no line is wider than the width given; a kind of change is a sign, a colour and a word. Pure.
"""

from __future__ import annotations

from textual.content import Content

from core.human import count, plural, signed_size, size
from core.tasks import Task
from tui.drawing import BAD, BOLD, COLOURS, DIM, GLYPHS, GOOD, WARN
from tui.messages import DraftPriced
from tui.version_messages import PairSeen, Verdict, VersionChecked, VersionFacts, VersionRow
from tui.writing import beside, hung, wrapped

DRAFT = "draft"
_KINDS = (
    *(("added", "+", GOOD), ("removed", "−", BAD), ("relabelled", "~", WARN)),
    *(("replaced", "≠", WARN), ("moved", "→", DIM), ("unknown", "?", DIM)),
)
_LEVELS = {
    "pass": ("✓", GOOD),
    "warn": ("!", WARN),
    "block": ("✗", BAD),
    "same": ("=", DIM),
    "unknown": ("·", DIM),
}
_BAR = 16
#: A row wider than this is no longer read as one.
_ROW = 76
#: From this width on every version is listed with all that is known of it, else only the chosen one.
_WIDE = 38


def mark_of(row: VersionRow) -> tuple[str, str]:
    """Return a version's glyph and colour: released, tagged, neither, withdrawn, damaged."""
    if row.state.startswith("released"):
        return "✓", GOOD
    if row.state.startswith("tagged"):
        return "◇", GOOD
    return {"withdrawn": ("✗", DIM), "damaged": ("!", BAD)}.get(row.state.partition(",")[0], ("○", WARN))


def list_of(
    rows: tuple[VersionRow, ...],
    draft: DraftPriced | None,
    facts: VersionFacts | None,
    chosen: str,
    width: int,
) -> tuple[Content, int]:
    """The draft first, then the versions, newest first; and the line the chosen one begins at."""
    tail = Content.styled(signed_size(draft.new_bytes), BOLD) if draft else Content("")
    words = plural(draft.images, "image") if draft else "…"
    lines, at = [beside(_name("● ", BOLD, DRAFT, chosen, f"  {words}"), tail, width)], 0
    if not rows:
        lines.append(Content(""))
        lines += wrapped("There is no version yet. Label frames of at least two classes, then R.", width, DIM)
    for row in reversed(rows):
        if row.name == chosen:
            at = len(lines)
        lines += _version(row, facts, chosen, width)
    return Content("\n").join(lines), at


def _name(glyph: str, style: str, name: str, chosen: str, after: str, gone: bool = False) -> Content:
    here = ("▸", "bold $accent") if name == chosen else (" ", "")
    return Content.assemble(here, (glyph, style), (name, "strike" if gone else BOLD), after)


def _version(row: VersionRow, facts: VersionFacts | None, chosen: str, width: int) -> list[Content]:
    glyph, style = mark_of(row)
    gone = row.state == "withdrawn"
    first = _name(f"{glyph} ", style, row.name, chosen, f"  {row.created}", gone)
    lines = [first.truncate(width, ellipsis=True)]
    said = [(row.state, style)]
    if row.state != "damaged":
        said += [(f"{plural(row.images, 'image')}, {size(row.bytes)}", DIM), (row.classes, DIM)]
    if row.name == chosen or width >= _WIDE:
        own = facts.own.get(row.name) if facts else None
        said += [(f"{size(own)} that no other has", DIM)] if own is not None else []
        said += [(facts.models[row.name], "")] if facts and row.name in facts.models else []
    if row.note:
        said.append((row.note, WARN))
    return lines + [
        Content.styled(f"   {text}", look).truncate(width, ellipsis=True) for text, look in said if text
    ]


def overview_of(pair: PairSeen, checked: VersionChecked | None, task: Task, width: int) -> Content:
    """Three sentences and a verdict, the classes before and after, then the stretches."""
    lines = sentences(pair, checked, width)
    lines.append(Content(""))
    lines += _classes(pair, task, width)
    lines += _tables(pair, width)
    if checked is not None:
        lines.append(Content(""))
        for level, what, remedy in checked.checks:
            glyph, style = _LEVELS.get(level, ("?", DIM))
            text = f"{what} {remedy}" if level != "pass" and remedy else what
            lines += hung(level, text, width, mark=(glyph, style))
    if pair.hunks:
        lines += [Content(""), Content.styled("stretches that change  (f: every frame)", DIM)]
        lines += [_stretch(hunk, width) for hunk in pair.hunks]
    return Content("\n").join(lines)


def sentences(pair: PairSeen, checked: VersionChecked | None, width: int) -> list[Content]:
    """What changes, what it costs, is it sound, and the verdict."""
    lines = hung("what changes", _changes(pair), width, style=BOLD)
    now = f"in Git LFS, for {plural(pair.images, 'image')}"
    lines += hung("what it costs", f"{signed_size(pair.new_bytes)} {now}", width, style=BOLD)
    found = checked.verdict if checked else pair.verdict
    lines += hung("is it sound", found.what, width, mark=_LEVELS.get(found.level, ("?", DIM)))
    verdict, mark = _verdict(pair, found)
    return lines + hung("verdict", verdict, width, style=BOLD, mark=mark)


def _changes(pair: PairSeen) -> str:
    parts = [f"{sign}{count(pair.counts[kind])} {kind}" for kind, sign, _ in _KINDS if pair.counts[kind]]
    if not parts:
        return "nothing"
    return f"{', '.join(parts)}, in {plural(len(pair.hunks), 'stretch', 'stretches')}"


def _verdict(pair: PairSeen, found: Verdict) -> tuple[str, tuple[str, str]]:
    mark = _LEVELS.get(found.level, ("?", DIM))
    if pair.target != DRAFT:
        done = {
            "pass": "it is what it says it is", "warn": found.remedy or "read what it warns of",
            "block": found.remedy, "unknown": "enter reads it again; c shows its card",
        }  # fmt: skip
        return done.get(found.level, ""), mark
    if found.level == "block":
        return f"not yet. {found.remedy}", mark
    if found.level == "same":
        return found.remedy or "nothing to release", mark
    return f"ready: R shows the steps and the price of {pair.name}", _LEVELS["pass"]


def _classes(pair: PairSeen, task: Task, width: int) -> list[Content]:
    """A bar per class, its count before and after."""
    wide = max(len(name) for name in task.classes)
    most = max((max(before, after) for _, before, after in pair.classes), default=0) or 1
    room = min(_BAR, max(0, width - wide - 30))
    lines = []
    for name, before, after in pair.classes:
        code = task.code(name)
        bar = "█" * round(room * after / most)
        change = f"{after - before:+d}".replace("-", "−") if after != before else ""
        lines.append(
            Content.assemble(
                (f"{GLYPHS[code]} {name:{wide}}", COLOURS[code]),
                f"  {count(before):>6} → {count(after):<6} ",
                (f"{bar:{room}}", COLOURS[code]),
                (f" {change}", DIM),
            ).truncate(width, ellipsis=True)
        )
    return lines


def _tables(pair: PairSeen, width: int) -> list[Content]:
    """Which label became which, and what each side of the split holds."""
    lines = [Content("")] if pair.mixed or pair.sides else []
    for before, after, frames in pair.mixed:
        lines.append(Content(f"{before} → {after}  {plural(frames, 'frame')}").truncate(width, ellipsis=True))
    for side, images, recordings in pair.sides:
        text = f"{side:<11} {plural(images, 'image'):>12} in {plural(recordings, 'recording')}"
        lines.append(Content.styled(text, DIM).truncate(width, ellipsis=True))
    return lines


def _stretch(hunk: tuple[str, int, str, int], width: int) -> Content:
    where, frames, change, new = hunk
    width = min(width, _ROW)
    what = f"{count(frames)} × {change}"
    cost = f"  {signed_size(new)}" if new else ""
    if len(where) + len(what) + len(cost) + 1 > width:
        cost = ""
    return beside(Content(where), Content.styled(what + cost, DIM), width)


def frames_of(pair: PairSeen, width: int) -> Content:
    """Every frame that changes, a row each: its name where there is room, else its time."""
    if not pair.frames:
        return Content.styled("No frame changes.  (f: back)", DIM)
    width = min(width, _ROW)
    widest = max(len(words) for _, _, words in pair.frames)
    named = width >= widest + 2 + max(len(name) for name, _, _ in pair.frames)
    lines = [Content.styled(f"{plural(len(pair.frames) + pair.more, 'frame')} that change  (f: back)", DIM)]
    lines += [
        beside(Content(name if named else at), Content.styled(words, DIM), width)
        for name, at, words in pair.frames
    ]
    if pair.more:
        lines.append(Content.styled(f"and {count(pair.more)} more", WARN))
    return Content("\n").join(lines)
