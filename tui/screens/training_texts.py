"""What the Training screen says, as lines: the list, the first words, results. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual.content import Content

from core.frames.names import captured_at
from core.human import plural
from core.training.view import LIVE
from tui.drawing import BAD, BOLD, DIM, GOOD, WARN
from tui.messages import RunRow, RunSeen
from tui.widgets.curves import blocks
from tui.writing import beside, wrapped

STATES = {
    "running": ("▶", WARN), "starting": ("▶", WARN), "paused": ("‖", WARN), "stopping": ("■", WARN), "finished": ("✓", GOOD),
    "stopped": ("■", DIM), "failed": ("✗", BAD), "killed": ("✗", BAD), "interrupted": ("✗", BAD),
}  # fmt: skip


#: Columns from which on the results are a table.
_WIDE = 66


def over(state: str) -> bool:
    """True where a training has ended."""
    return state not in LIVE


def none_yet(rows: tuple[RunRow, ...] | None) -> Content:
    """What stands where no training is."""
    if rows is None:
        return Content.styled("looking …", DIM)
    return Content.assemble(
        ("There is no training yet. ", BOLD), "N shows what one would do, enter starts it."
    )


def runs_text(rows: tuple[RunRow, ...], chosen: str, width: int, numbered: Sequence[str] = ()) -> Content:
    """The list, newest first, two lines each: when and of what; its state. Those whose curves lie beside are numbered."""
    lines = []
    for row in rows:
        glyph, style = STATES.get(row.state, ("?", DIM))
        here = row.id == chosen
        head = Content.assemble(
            ("▸" if here else str(numbered.index(row.id) + 1) if row.id in numbered else " ", "bold $accent"),
            (glyph, style),
            " ",
            (row.when, BOLD if here else ""),
        )
        lines.append(beside(head, Content.styled(row.dataset, DIM), width))
        # Its glyph says as well that a training is finished; the task is said by nothing else.
        said = f"{row.state} {row.task}"
        fits = len(said) + 3 <= width or row.state != "finished"
        words = Content.assemble(
            "   ", (row.state if fits else "", style), (said[len(row.state) :] if fits else row.task, DIM)
        )
        lines.append(words.truncate(max(1, width), ellipsis=True))
    return Content("\n").join(lines)


def head_text(seen: RunSeen, width: int, *, charts: tuple[str, ...]) -> Content:
    """The first words, state and progress; the curves that have no chart as blocks."""
    glyph, style = STATES.get(seen.state, ("?", DIM))
    lines = wrapped(f"{glyph} {seen.state}  {seen.headline}", width)
    end = 2 + len(seen.state)
    lines[0] = Content.assemble((lines[0].plain[:end], f"bold {style}"), lines[0].plain[end:])
    if not over(seen.state):
        after = "  ".join(text for text in (f"{100 * (seen.share or 0):.0f} %", seen.eta, seen.speed) if text)
        cells = max(8, min(40, width - len(after) - 2))
        done = round((seen.share or 0) * cells)
        bar = Content.assemble(("█" * done, WARN), ("░" * (cells - done), DIM), f"  {after}")
        lines.append(bar.truncate(width, ellipsis=True))
        if seen.figures:
            lines.append(Content.styled(seen.figures, DIM).truncate(width, ellipsis=True))
    if seen.alerts and not over(seen.state):
        lines += [Content.styled(line.plain, WARN) for line in wrapped(f"! {seen.alerts[-1]}", width)[:2]]
    for name, curve, unit in (("loss", seen.loss, ""), ("accuracy", seen.accuracy, " %")):
        points = curve.get("validation") or curve.get("train") or ()
        if points and name not in charts:
            last = f" {points[-1][1]:.3g}{unit}"
            room = max(4, width - 10 - len(last))
            lines.append(Content.assemble((f"{name:9}", DIM), blocks(points, room), last))
    return Content("\n").join(lines)


def words_and_log(seen: RunSeen, width: int) -> Content:
    """The rest of the words, then the end of the log."""
    lines = [line for word in seen.words for line in wrapped(word, width)]
    told = seen.alerts if over(seen.state) else seen.alerts[:-1]  # the last stands above
    lines += [line for text in told for line in wrapped(f"! {text}", width, WARN)]
    if seen.log:
        lines += [*([Content("")] if lines else []), Content.styled("What it printed:", DIM)]
    return Content("\n").join([*lines, *(Content.styled(f"  {line}", DIM) for line in seen.log[-40:])])


def results_text(seen: RunSeen, width: int, chosen: int) -> tuple[Content, int]:
    """The results as a table, then every frame it got wrong; and the line of the chosen one, 0 where none is."""
    if not seen.results:
        return Content.styled(
            "Nothing is measured yet: results come with the end of a training.  (d: back)", DIM
        ), 0
    lines = []
    for line in seen.results if width >= _WIDE else seen.narrow:
        lines += _row_or_words(line, width)
    if not seen.wrong:
        return Content("\n").join(lines), 0
    words = f"{plural(len(seen.wrong), 'frame')} it got wrong  (enter: in Label)"
    lines += [Content(""), Content.styled(words, DIM).truncate(width, ellipsis=True)]
    first = len(lines)
    width = min(width, 76) - 1
    widest = max(len(name) + len(label) + len(answer) for _, name, label, answer, _ in seen.wrong)
    named = widest + len(", said  100 %") + 1 <= width
    for number, (key, name, label, answer, sure) in enumerate(seen.wrong):
        said = f"{label}, said {answer} {sure} %" if named else f"said {answer} {sure} %"
        row = beside(Content(name if named else _moment(key, name)), Content.styled(said, WARN), width)
        here = ("▸", "bold $accent") if number == chosen else " "
        lines.append(Content.assemble(here, row))
    return Content("\n").join(lines), first + chosen if chosen else 0


def _row_or_words(line: str, width: int) -> list[Content]:
    """Return a line of the results: what stands in columns is cut at the width, a sentence goes on below."""
    words = line.strip()
    if not words or "  " in words or len(line) <= width:
        return [Content(line).truncate(width, ellipsis=True)]
    indent = len(line) - len(line.lstrip())
    found = textwrap.wrap(words, max(8, width - indent - 2), break_on_hyphens=False)
    return [Content(" " * (indent + 2 * bool(number)) + part) for number, part in enumerate(found)]


def _moment(key: str, name: str) -> str:
    """Return when a frame was taken, which is shorter than its name; the name where that is not known."""
    at = captured_at(key)
    return f"{at.day} {at:%b %H:%M:%S}" if at else name
