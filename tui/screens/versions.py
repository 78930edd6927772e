"""The Versions screen: every version of a task with the draft, how the draft differs, and the way to a release."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from core.human import count, plural, signed_size, size
from core.tasks import Task
from tui import keymap
from tui.drawing import BAD, BOLD, COLOURS, DIM, GLYPHS, GOOD, WARN
from tui.messages import Failed, Labelled, LabelsChanged, LabelsRead, Released, VersionRow, VersionsSeen
from tui.screens.base import Place
from tui.screens.release import ReleaseScreen

_MARKS = {"tagged": ("✓", GOOD), "not tagged": ("○", WARN), "withdrawn": ("✗", DIM), "damaged": ("!", BAD)}
_KINDS = (
    *(("added", "+", GOOD), ("removed", "−", BAD), ("relabelled", "~", WARN)),
    *(("replaced", "≠", WARN), ("moved", "→", DIM), ("unknown", "?", DIM)),
)


class VersionsScreen(Place):
    """What there is, what would change, what it costs."""

    PLACE = keymap.VERSIONS
    SCROLLS = "#detail"
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.VERSIONS)

    def __init__(self) -> None:
        super().__init__()
        self._seen: VersionsSeen | None = None
        self._problem: Failed | None = None
        self._frames = False

    def compose_body(self) -> ComposeResult:
        with Container(id="two"):
            with VerticalScroll(id="list", can_focus=False):
                yield Static(id="versions", markup=False)
            with VerticalScroll(id="detail", can_focus=False):
                yield Static(id="diff", markup=False)

    def show_state(self) -> None:
        super().show_state()
        self.bridge.versions(self.state.task)
        self._draw()

    def receive(self, result: object) -> None:
        match result:
            case VersionsSeen() if result.task == self.state.task.name:
                self._seen, self._problem = result, None
                self._draw()
            case Failed(job="versions"):
                self._problem = result
                self._draw()
            case Labelled() | LabelsChanged() | LabelsRead() | Released():
                self.bridge.versions(self.state.task)

    def _draw(self) -> None:
        task, seen = self.state.task, self._seen
        box, detail = self.query_one("#list"), self.query_one("#detail")
        box.border_title = Content(f"{task.name}")
        if self._problem is not None:
            self.query_one("#diff", Static).update(
                Content.assemble((self._problem.what, BAD), "\n\n", self._problem.remedy)
            )
            return
        if seen is None or seen.task != task.name:
            detail.border_title = Content("…")
            self.query_one("#versions", Static).update(Content.styled("looking …", DIM))
            self.query_one("#diff", Static).update("")
            return
        self.query_one("#versions", Static).update(list_of(seen, task))
        detail.border_title = Content(f"{seen.base or 'nothing'} → draft")
        self.query_one("#diff", Static).update(diff_of(seen, task, frames=self._frames))

    def action_release(self) -> None:
        self.app.push_screen(ReleaseScreen(self.state.task))

    def action_next_task(self) -> None:
        self.pm.next_task()
        self.show_state()

    def action_frames(self) -> None:
        self._frames = not self._frames
        self._draw()
        self.query_one("#detail", VerticalScroll).scroll_home(animate=False)


def list_of(seen: VersionsSeen, task: Task) -> Content:
    """The draft first, then the versions, newest first."""
    lines = [
        Content.assemble(
            ("● draft", BOLD), f"  {plural(seen.draft, 'image')}  ", (signed_size(seen.new_bytes), BOLD)
        )
    ]
    if not seen.rows:
        lines += [Content(""), Content.styled("There is no version yet.", DIM)]
        lines.append(Content.styled("Label frames of at least two classes, then R.", DIM))
    for row in reversed(seen.rows):
        lines += _version(row)
    return Content("\n").join(lines)


def _version(row: VersionRow) -> list[Content]:
    glyph, style = _MARKS.get(row.state, ("·", DIM))
    gone = "strike dim" if row.state == "withdrawn" else BOLD
    lines = [
        Content.assemble((glyph, style), " ", (row.name, gone), f"  {row.created}  ", (row.state, style)),
        Content.styled(f"  {plural(row.images, 'image')}  {size(row.bytes)}", DIM),
        Content.styled(f"  {row.classes}", DIM),
    ]
    return [*lines, *([Content.styled(f"  {row.note}", WARN)] if row.note else [])]


def diff_of(seen: VersionsSeen, task: Task, *, frames: bool) -> Content:
    """Three sentences and a verdict; then hunks, or every frame."""
    lines = [Content.assemble(("what changes  ", DIM), *_changes(seen))]
    lines.append(
        Content.assemble(("what it costs ", DIM), (signed_size(seen.new_bytes), BOLD), " in Git LFS")
    )
    lines.append(Content.assemble(("is it ready   ", DIM), *_ready(seen, task)))
    lines.append(Content(""))
    wide = max(len(name) for name in task.classes)
    for name, before, after in seen.classes:
        code = task.code(name)
        lines.append(
            Content.assemble(
                (f"{GLYPHS[code]} {name:{wide}}", COLOURS[code]),
                f"  {count(before):>6} → {count(after):<6}",
                (f" {after - before:+d}".replace("-", "−") if after != before else "", DIM),
            )
        )
    lines.append(Content(""))
    rows, what = (seen.frames, "frames") if frames else (seen.hunks, "stretches")
    if rows:
        lines.append(
            Content.styled(f"{what} that change ({'f: stretches' if frames else 'f: every frame'})", DIM)
        )
    lines += [Content.assemble((f"{where}  ", ""), (change, DIM)) for where, change in rows]
    return Content("\n").join(lines)


def _changes(seen: VersionsSeen) -> list[tuple[str, str]]:
    parts = [
        (f"{sign}{count(seen.counts[kind])} {kind}  ", style)
        for kind, sign, style in _KINDS
        if seen.counts[kind]
    ]
    return parts or [("nothing", DIM)]


def _ready(seen: VersionsSeen, task: Task) -> list[tuple[str, str]]:
    empty = [name for name, _, after in seen.classes if not after]
    if not seen.differs and seen.base:
        return [(f"the draft equals {seen.base}: there is nothing to release", DIM)]
    if len(task.classes) - len(empty) < 2:
        return [("no: ", BAD), (f"a version needs two classes; label frames of {', '.join(empty)}", "")]
    return [("yes, ", GOOD), ("R shows the steps and the price first", "")]
