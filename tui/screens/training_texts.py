"""What the Training screen says, as lines: the list, the first words, results. Pure."""

from __future__ import annotations

from textual.content import Content

from core.human import plural
from tui.drawing import BAD, BOLD, DIM, GOOD, WARN
from tui.messages import RunRow, RunSeen
from tui.widgets.curves import blocks
from tui.writing import beside, wrapped

STATES = {
    "running": ("▶", WARN), "starting": ("▶", WARN), "stopping": ("■", WARN), "finished": ("✓", GOOD),
    "stopped": ("■", DIM), "failed": ("✗", BAD), "killed": ("✗", BAD), "interrupted": ("✗", BAD),
}  # fmt: skip


def over(state: str) -> bool:
    """True where a training has ended."""
    return state not in ("starting", "running", "stopping")


def none_yet(rows: tuple[RunRow, ...] | None) -> Content:
    """What stands where no training is."""
    if rows is None:
        return Content.styled("looking …", DIM)
    return Content.assemble(
        ("There is no training yet. ", BOLD), "N shows what one would do, enter starts it."
    )


def runs_text(rows: tuple[RunRow, ...], chosen: str, width: int) -> Content:
    """The list, newest first, two lines each: when and of what; its state and how far or how good."""
    lines = []
    for row in rows:
        glyph, style = STATES.get(row.state, ("?", DIM))
        here = row.id == chosen
        head = Content.assemble(
            ("▸" if here else " ", "bold $accent"), (glyph, style), " ", (row.when, BOLD if here else "")
        )
        lines.append(beside(head, Content.styled(row.dataset, DIM), width))
        words = Content.assemble("   ", (row.state, style), (f" {row.task}", DIM))
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
    if seen.words and seen.log:
        lines.append(Content(""))
    return Content("\n").join([*lines, *(Content.styled(line, DIM) for line in seen.log[-40:])])


def results_text(seen: RunSeen, width: int, chosen: int) -> tuple[Content, int]:
    """The results as a table, then every frame it got wrong; and the line of the chosen one, 0 where none is."""
    if not seen.results:
        return Content.styled(
            "Nothing is measured yet: results come with the end of a training.  (d: back)", DIM
        ), 0
    lines = [Content.styled("on frames it never learned from (d: back)", DIM)]
    lines += [Content(line).truncate(width, ellipsis=True) for line in seen.results]
    if not seen.wrong:
        return Content("\n").join(lines), 0
    words = f"{plural(len(seen.wrong), 'frame')} it got wrong  (enter: in Label)"
    lines += [Content(""), Content.styled(words, DIM).truncate(width, ellipsis=True)]
    first = len(lines)
    for number, (_, name, label, answer, sure) in enumerate(seen.wrong):
        tail = Content.styled(f"{label}, said {answer} {sure} %", WARN)
        here = ("▸", "bold $accent") if number == chosen else " "
        lines.append(Content.assemble(here, beside(Content(name), tail, min(width, 76) - 1)))
    return Content("\n").join(lines), first + chosen if chosen else 0
