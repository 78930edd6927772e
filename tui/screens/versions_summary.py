"""The tables of the Versions screen, as lines: classes before and after, labels before against after, sides, stretches.

What always holds: no line is wider than the width given; a class is a sign, a colour and a word. Pure.
"""

from __future__ import annotations

from textual.content import Content

from core.human import count, plural, signed_size
from core.tasks import Task
from tui.drawing import BOLD, COLOURS, DIM, GLYPHS, WARN
from tui.screens.versions_texts import LEVELS, Sound, sentences
from tui.version_messages import LinesSeen, PairSeen
from tui.writing import beside, hung, wrapped

_BAR = 28
#: A row wider than this is no longer read as one.
_ROW = 76
_STRETCHES = 12
_NOT = "not in"
#: Labels of the matrix are cut to this where there are many classes.
_LABEL = 14


def overview_of(pair: PairSeen, sound: Sound, task: Task, width: int) -> Content:
    """Three sentences and a verdict, the classes before and after, which label became which, the sides, the stretches."""
    lines = sentences(pair, sound, width)
    lines.append(Content(""))
    lines += _classes(pair, task, width)
    if pair.base:
        lines += [Content(""), *matrix_of(pair, task, width)]
    lines += _sides(pair, width)
    if pair.hunks:
        lines += [Content(""), Content.styled("stretches that change  (d: each with pictures)", DIM)]
        lines += [_stretch(pair, number, width) for number in range(min(len(pair.hunks), _STRETCHES))]
        if len(pair.hunks) > _STRETCHES:
            lines.append(Content.styled(f"and {count(len(pair.hunks) - _STRETCHES)} more", DIM))
    return Content("\n").join(lines)


def _classes(pair: PairSeen, task: Task, width: int) -> list[Content]:
    """A bar per class, its count before and after: what stays is full, what comes is half, what goes is light."""
    wide = max(len(name) for name in task.classes)
    most = max((max(before, after) for _, before, after in pair.classes), default=0) or 1
    room = min(_BAR, max(0, width - wide - 30))
    lines = []
    for name, before, after in pair.classes:
        code = task.code(name)
        stays, ends = (round(room * number / most) for number in (min(before, after), max(before, after)))
        ends = max(ends, stays + (after != before and stays < room))
        change = f"{after - before:+d}".replace("-", "−") if after != before else ""
        other = ("▒" * (ends - stays), COLOURS[code]) if after > before else ("░" * (ends - stays), DIM)
        lines.append(
            Content.assemble(
                (f"{GLYPHS[code]} {name:{wide}}", COLOURS[code]),
                f"  {count(before):>6} → {count(after):<6} ",
                ("█" * stays, COLOURS[code]), other, " " * (room - ends), (f" {change}", DIM),
            ).truncate(width, ellipsis=True)
        )  # fmt: skip
    return lines


def cells_of(pair: PairSeen, task: Task) -> tuple[list[str], list[str]]:
    """Return the rows (label before) and columns (label after) of the matrix; '' for not in that side, where that is."""
    olds = list(task.classes) + sorted({a for a, _ in pair.matrix if a and a not in task.classes})
    news = list(task.classes) + sorted({b for _, b in pair.matrix if b and b not in task.classes})
    if any(not a for a, _ in pair.matrix):
        olds.append("")
    if any(not b for _, b in pair.matrix):
        news.append("")
    return olds, news


def matrix_of(pair: PairSeen, task: Task, width: int, at: tuple[int, int] | None = None) -> list[Content]:
    """Which label became which: a row per label in the base, a column per label in the target; `at` is the cursor's cell."""
    olds, news = cells_of(pair, task)
    base, target = pair.base or "nothing", pair.target
    wide = max(len(_head(label, base)) for label in olds)
    columns = [max(7, min(_LABEL, len(_head(label, target))) + 2) for label in news]
    title = f"labels in {base} ↓ and in {target} →" + ("" if at else "  (m: their frames)")
    head = Content.assemble(
        " " * (wide + 2),
        *[(f"{_head(n, target)[:_LABEL]:>{w}}", DIM) for n, w in zip(news, columns, strict=True)],
    )
    lines = [Content.styled(title, DIM), head]
    for y, old in enumerate(olds):
        row = [Content.styled(f"  {_head(old, base):<{wide}}", DIM)]
        for x, new in enumerate(news):
            number = pair.matrix.get((old, new), 0)
            text = count(number) if number else "·"
            look = DIM if not number or old == new else BOLD if old and new else ""
            if old and new and old != new and number:
                look = f"bold {WARN}"
            here = at == (y, x)
            cell = f"{'▸' if here else ''}{text}"
            row.append(Content.assemble((f"{cell:>{columns[x]}}", "bold $accent" if here else look)))
        lines.append(Content("").join(row))
    return [line.truncate(width, ellipsis=True) for line in lines]


def _head(label: str, side: str) -> str:
    return label or f"{_NOT} {side}"


def matrix_view(pair: PairSeen, task: Task, width: int, at: tuple[int, int]) -> Content:
    """The matrix alone, with a cursor, and what the cell at it means."""
    olds, news = cells_of(pair, task)
    old, new = olds[at[0]], news[at[1]]
    number = pair.matrix.get((old, new), 0)
    if old == new:
        words = f"{plural(number, 'frame')} stayed {old}"
    else:
        words = f"{plural(number, 'frame')}: {_head(old, pair.base or 'nothing')} → {_head(new, pair.target)}"
    how = "enter shows them in Label, m goes back" if number else "arrows choose another cell, m goes back"
    lines = [
        *matrix_of(pair, task, width, at),
        Content(""),
        Content.styled(words, BOLD),
        *wrapped(how, width, DIM),
    ]
    return Content("\n").join(lines)


def _sides(pair: PairSeen, width: int) -> list[Content]:
    """What each side of the split held and holds."""
    before = {side: (images, recordings) for side, images, recordings in pair.base_sides}
    lines = [Content("")] if pair.sides else []
    for side, images, recordings in pair.sides:
        known = before.get(side) if pair.base else None
        if known in (None, (images, recordings)):
            same = ", as before" if known else ""
            text = f"{plural(images, 'image')} in {plural(recordings, 'recording')}{same}"
        else:
            assert known is not None
            grown = "" if known[0] == images else f"{count(known[0])} → "
            more = "" if known[1] == recordings else f"{count(known[1])} → "
            text = f"{grown}{plural(images, 'image')} in {more}{plural(recordings, 'recording')}"
        lines.append(Content.styled(f"{side:<11} {text}", DIM).truncate(width, ellipsis=True))
    return lines


def _stretch(pair: PairSeen, number: int, width: int) -> Content:
    hunk = pair.hunks[number]
    width = min(width, _ROW)
    what = f"{count(len(hunk.frames))} × {hunk.change}"
    cost = f"  {signed_size(hunk.bytes)}" if hunk.bytes else ""
    mark = "⊘ held back " if hunk.held else "# " if hunk.comment else ""
    if len(mark) + len(hunk.brief) + len(what) + len(cost) + 1 > width:
        cost = ""
    head = Content.assemble((mark, WARN), (hunk.brief, "strike" if hunk.held else ""))
    return beside(head, Content.styled(what + cost, DIM), width)


def price_line(pair: PairSeen, width: int) -> Content:
    """What changes and what it costs as hunks are held back now, over the hunks; where it is narrow on two lines."""
    n = pair.counts
    kinds = f"+{count(n['added'])} −{count(n['removed'])} ~{count(n['relabelled'] + n['replaced'])}"
    taken = plural(len(pair.hunks) - pair.held, "hunk")
    held = f", {count(pair.held)} held back" if pair.held else ""
    price = f"{plural(pair.images, 'image')} · {signed_size(pair.new_bytes)} in Git LFS"
    first = Content.assemble((kinds, BOLD), f"  {taken}", (held, WARN))
    if first.cell_length + len(price) + 3 <= width:
        return Content.assemble(first, f" · {price}")
    return Content("\n").join(line.truncate(width, ellipsis=True) for line in (first, Content(price)))


def lines_of(seen: LinesSeen, head: str, width: int) -> Content:
    """Words that were looked up, hung beside their heads."""
    lines = [Content.styled(head, DIM).truncate(width, ellipsis=True), Content("")]
    for name, text, level in seen.lines:
        lines += hung(name, text, width, mark=LEVELS.get(level))
    return Content("\n").join(lines)
