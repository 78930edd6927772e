"""The panes of the Label screen: which there are, and what each shows of the state.

What always holds: a pane draws the lines that changed and no others; a pane that would be empty says why or is not
there. Used by the Label screen only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from core.frames.names import captured_at
from core.text import safe
from tui import bars, keymap
from tui.drawing import COLOURS, DIM, WARN, class_keys, in_order
from tui.messages import Labelled, LabelsChanged
from tui.screens.just_texts import just_lines
from tui.screens.label_texts import WIDE, facts_line, facts_lines, title_of
from tui.screens.queue_texts import name_of, queue_heads, queue_line
from tui.widgets.ask_line import AskLine
from tui.widgets.day_bar import Around, DayBar
from tui.widgets.edge import Edge
from tui.widgets.filmstrip import BOX, Filmstrip
from tui.widgets.frame_list import FrameList
from tui.widgets.frame_view import FrameView
from tui.widgets.line import Words

if TYPE_CHECKING:
    from textual.screen import Screen

    from core.frames.decode import Picture
    from core.frames.index import Frame
    from core.frames.signatures import Change
    from tui.pictures import Pictures
    from tui.state import State
    from tui.tools.looking import Looking
    from tui.tools.watching import Watching

_NAMED = "├┤"
#: Keys of the footer, and classes among them; the others are behind a key of their own.
_MOST_KEYS, _CLASSES = 8, 4
#: Rows of the bars where there is room, and labels up to which their cells are found one by one.
_MOST_ROWS, _ONE_BY_ONE = 5, 200
_NO_CHANGES: Mapping[str, Change] = {}


def compose(graphics: str) -> ComposeResult:
    """Yield the panes; `graphics` is how the frame is drawn."""
    with Horizontal(id="label-body"):
        with Vertical(id="left"):
            yield FrameView(graphics)
            yield Filmstrip()
            yield Edge("day-edge", _NAMED, "day")
            with Horizontal(id="foot"):
                yield DayBar()
                yield Words("just-line")
            yield Edge("left-end", "└┘")
        with Vertical(id="right"):
            yield Edge("facts-edge", "┌┐")
            yield Words("facts")
            yield Edge("queue-edge", _NAMED)
            yield Words("queue")
            yield Edge("list-edge", _NAMED, "frames")
            yield FrameList()
            yield Edge("just-edge", _NAMED, "just now")
            yield Words("just")
            yield Edge("right-end", "└┘")
    yield AskLine()


def keys_of(state: State) -> list[tuple[str, str | Content]]:
    """Return the footer: the first classes in their colours, then what is done most, eight keys at most.

    Where a model said something of the task, what accepts it comes before the other screens, which `?` names too.
    """
    task = state.task
    classes, taken = in_order(task), class_keys(task)
    letters = {class_: key for key, class_ in taken.items()}
    named: list[tuple[str, str | Content]] = [
        (letters[class_], Content.styled(class_, COLOURS[task.code(class_)])) for class_ in classes[:_CLASSES]
    ]
    found = {
        action.id: keymap.shown(keys[0])
        for action in keymap.actions_of(keymap.LABEL)
        if (keys := keymap.keys_of(action, taken))
    }
    places = " ".join(found[f"go_{place}"] for place in keymap.PLACES if place != keymap.LABEL)
    accepts = [("accept", "accept"), ("accept_stretch", "stretch")]
    if (suggested := state.suggestions) is not None and suggested.sure:
        accepts.append(("accept_sure", "sure"))
    usual = [("undo", "undo"), ("stretch", "stretch"), ("queue_next", "next")]
    guessed = bool(state.guesses.get(task.name))
    most = _MOST_KEYS - len(named) - (1 if guessed else 3)
    rest = [(found[id], word) for id, word in ([*accepts, *usual] if guessed else usual) if id in found]
    last = [(found["help"], "help")] if guessed else [
        (places, "screens"), (found["help"], "help"), (found["quit"], "quit"),
    ]  # fmt: skip
    all_ = [(f"… {found.get('guide', found['help'])}", "all")] if len(classes) > _CLASSES else []
    return [*named, *all_, *rest[:most], *last]


class Panes:
    """Draws the state into the panes of a screen."""

    def __init__(self, screen: Screen[None], pictures: Pictures) -> None:
        self._screen, self._pictures = screen, pictures
        self.watching: Watching | None = None
        self.looking: Looking | None = None
        #: The frames and the span shown, and the first and last place of the stretch found around the cursor.
        self._around: tuple[Sequence[Frame], bars.Span, int, int] | None = None

    @property
    def view(self) -> FrameView:
        """The frame's own pane."""
        return self._screen.query_one(FrameView)

    @property
    def roomy(self) -> bool:
        """True where the facts have a column of their own."""
        return self._screen.has_class("-roomy")

    @property
    def with_strip(self) -> bool:
        """True where there is room for a filmstrip."""
        return self.roomy and self._screen.has_class("-tall")

    def around(self, state: State) -> None:
        """Draw what changes with the cursor or a label but for the frame itself: the day, the list."""
        self.day(state)
        if self.roomy:
            heads, queue = queue_heads(state), self._screen.query_one("#queue", Words)
            queue.styles.height = len(heads)
            queue.show(Content("\n").join(heads))
            self._screen.query_one("#queue-edge", Edge).show(Content(f"queue: {name_of(state)}"))
            self._screen.query_one(FrameList).show(
                state.frames, state.cursor, state.task, state.class_of, state.mark_word
            )

    def day(self, state: State) -> None:
        """Draw the bars of the day; as many rows as there is room for."""
        if self._screen.has_class("-phone"):
            return
        frame = state.frame
        read = self.watching.here if self.watching else None
        span = bars.span_of(state.looks.bar, frame.captured_at, _recording(state)) if frame else None
        self._screen.query_one(DayBar).show(
            Around(
                state.by_source.get(state.source, state.frames),
                frame,
                span,
                state,
                read.changes if read else _NO_CHANGES,
                read.threshold if read else 1.0,
                stretch=self._stretch(state, span) if span else None,
                marked=_moments(state.marked),
                note=self.watching.note if self.watching and not self.with_strip else "",
            ),
            _MOST_ROWS if self.roomy else 2,
        )
        edge = self._screen.query_one("#day-edge", Edge)
        edge.display = self.with_strip
        if self.with_strip and span is not None:
            note = f" · {self.watching.note}" if self.watching and self.watching.note else ""
            edge.show(Content(f"{span.words}{note}"))

    def _stretch(self, state: State, span: bars.Span) -> tuple[datetime, datetime] | None:
        """The first and the last moment of the stretch under the cursor, within the recording and the span."""
        frames, at = state.frames, state.cursor
        known = self._around
        if not (known and known[0] is frames and known[1] == span and known[2] <= at <= known[3]):
            _, first, length = state.recording()
            last = first + length - 1 if length else len(frames) - 1
            least, most = bars.within(frames, span)
            first, last = max(first, least), min(last, most - 1)
            class_, class_of = state.class_of(frames[at].key), state.class_of
            begin = end = at
            while begin > first and class_of(frames[begin - 1].key) == class_:
                begin -= 1
            while end < last and class_of(frames[end + 1].key) == class_:
                end += 1
            self._around = known = (frames, span, begin, end)
        _, _, begin, end = known
        return frames[begin].captured_at, frames[end].captured_at

    def receive(self, result: object) -> None:
        """Labels changed: their cells of the bars are worked out anew."""
        match result:
            case Labelled():
                self.forget(list(result.labels))
            case LabelsChanged():
                self.forget([key for labels in result.labels.values() for key in labels])

    def forget(self, frames: Sequence[str] = ()) -> None:
        """Labels of these frames may have changed, or without any of whichever."""
        self._around = None
        moments = [captured_at(key) for key in frames] if len(frames) <= _ONE_BY_ONE else []
        self._screen.query_one(DayBar).forget([moment for moment in moments if moment])

    def same_page(self, state: State) -> bool:
        """True where the filmstrip, if there is one, shows the page of the cursor already."""
        strip = self._screen.query_one(Filmstrip)
        page = strip.page(state.cursor, len(state.frames))
        return self.with_strip and strip.shows(state.frames, page)

    def strip(self, state: State) -> list[str]:
        """Draw the filmstrip; return the frames whose small picture is not there yet."""
        if not self.with_strip:
            return []
        strip = self._screen.query_one(Filmstrip)

        def small(key: str) -> Picture | None:
            found = self._pictures.get(key, BOX)
            return found.picture if found else None

        page = strip.page(state.cursor, len(state.frames))
        changes = self.watching.is_point if self.watching else lambda key: False
        return strip.show(state.frames, page, state.cursor, state.task, state.class_of, small, changes)

    def words(self, state: State, just: Content, *, saving: bool) -> None:
        """Draw what is said of the frame, and what was done last."""
        frame, view = state.frame, self.view
        seen = self._pictures.facts(frame.key) if frame else None
        moved = self.watching.change(frame.key) if self.watching and frame else None
        loading = frame is not None and view.drawn != view.wanted[0]
        title = title_of(state, short=not self.roomy, narrow=self._screen.has_class("-phone"))
        instead = self.looking.words(view.look) if self.looking and frame else ""
        view.title(Content.assemble((f"{instead} · ", f"bold {WARN}"), title) if instead else title)
        if self.roomy:
            name = safe(frame.key.rsplit("/", 1)[1], limit=60) if frame else "no frame"
            self._screen.query_one("#facts-edge", Edge).show(Content(name))
            self._screen.query_one("#facts", Words).show(facts_lines(state, seen, moved, saving=saving))
            self._screen.query_one("#just", Words).show(just_lines(state, just, WIDE))
            below = "loading …" if loading else "filmstrip" if self.with_strip else ""
            view.subtitle(Content.styled(below, DIM if not loading else "$warning"), _NAMED)
        else:
            view.subtitle(
                facts_line(
                    state,
                    seen,
                    moved,
                    saving=saving,
                    loading=loading,
                    narrow=self._screen.has_class("-phone"),
                )
            )
            line = self._screen.query_one("#just-line", Words)
            width = max(10, line.content_size.width)
            first = just_lines(state, just, width).split("\n", allow_blank=True)[0]
            line.show(Content.assemble(first, "\n", queue_line(state, width)))


def _recording(state: State) -> tuple[datetime, datetime] | None:
    """The first and the last moment of the recording under the cursor, None where it is not known."""
    _, first, length = state.recording()
    if not length:
        return None
    return state.frames[first].captured_at, state.frames[first + length - 1].captured_at


def _moments(marked: tuple[Frame, Frame] | None) -> tuple[datetime, datetime] | None:
    return (marked[0].captured_at, marked[1].captured_at) if marked else None
