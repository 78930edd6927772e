"""What a tool of the Label screen may ask of it: the state, the bridge, words, a label given, the keys for a while.

What always holds: labels are given by `give` alone, one step at a time: it refuses, with a word, where the frame is not
on the screen, where a step is still being saved and where the workspace is only read. Made by the Label screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from textual.content import Content
from textual.widgets import Static

from tui.drawing import WARN
from tui.looks import BEFORE
from tui.widgets.ask_line import AskLine

if TYPE_CHECKING:
    from tui.app import PrintModelsApp
    from tui.bridge import Bridge
    from tui.pictures import Pictures
    from tui.screens.label import LabelScreen
    from tui.screens.label_panes import Panes
    from tui.state import State
    from tui.tools.tool import Tool
    from tui.widgets.frame_view import FrameView


T = TypeVar("T", bound="Tool")


class Desk:
    """The Label screen as its tools see it."""

    def __init__(self, screen: LabelScreen, panes: Panes, pictures: Pictures) -> None:
        self._screen, self.panes, self.pictures = screen, panes, pictures
        self.mode: Tool | None = None
        #: The frames of the step that is being saved.
        self.saving: tuple[str, ...] = ()
        self._then: Callable[[], object] | None = None
        self._anyway: Callable[[], object] | None = None
        #: Task and frame for which it was given.
        self._given_at: tuple[str, str] | None = None
        #: Task and camera for which the tool that has the keys was given them.
        self._mode_of = ("", "")
        #: A move is to be drawn behind the keys that wait.
        self._soon = False
        #: What was done last, in a line.
        self.just = Content("")

    @property
    def pm(self) -> PrintModelsApp:
        return self._screen.pm

    @property
    def screen(self) -> LabelScreen:
        """The screen itself, for who opens another one over it."""
        return self._screen

    @property
    def state(self) -> State:
        return self._screen.state

    @property
    def bridge(self) -> Bridge:
        return self._screen.bridge

    @property
    def view(self) -> FrameView:
        """The frame's own pane."""
        return self.panes.view

    def tool(self, kind: type[T]) -> T:
        """Return another tool of the screen."""
        found = self._screen.tools[kind]
        assert isinstance(found, kind)
        return found

    # --- words --------------------------------------------------------------------------------------------------

    def notice(self, what: str, remedy: str = "", style: str = WARN) -> Content:
        """Say something over the picture's foot until the next key; return what is said, for `still_said`."""
        said = Content.assemble((what, f"bold {style}"), f" {remedy}" if remedy else "")
        self.view.notify_line(said)
        return said

    def unsay(self, said: Content | None) -> None:
        """Take a notice off, if it stands there still."""
        if said is not None and self.still_said(said):
            self.view.notify_line(None)

    def still_said(self, said: Content) -> bool:
        """True where a notice stands there still: no key was pressed, and nothing else was said."""
        line = self.view.query_one("#notice", Static)
        return bool(line.display) and line.content is said

    def tell(self, text: Content) -> None:
        """Say what was done last; it stays until something else is done."""
        self.just = text
        self._screen.show_facts()

    def redraw(self) -> None:
        """Draw what belongs to the cursor, and ask for its picture."""
        self._screen.show_frame()

    def _draw(self) -> None:
        self._soon = False
        if self._screen.is_attached:
            self.redraw()

    def moved(self, moved: bool, else_say: str) -> None:
        """Draw after a move, once the keys that wait already have moved as well; where there was none say why."""
        if moved:
            if not self._soon:
                self._soon = True
                self.pm.call_later(self._draw)
        elif self.state.frame is not None:
            self.notice(else_say)

    def ask(
        self,
        text: str,
        done: Callable[[str], bool],
        *,
        hint: str = "",
        changed: Callable[[str], None] | None = None,
        complete: Callable[[str, int], list[str]] | None = None,
    ) -> None:
        """Open the line for words with `text` in it; `done` takes what was written and says whether it will do.

        `changed` is called with the words whenever they change, as long as the line is open; `complete` is asked what
        the word at a column can become.
        """
        self._screen.query_one(AskLine).open(text, done, hint=hint, changed=changed, complete=complete)

    def point(self, column: int) -> None:
        """Put the cursor of the line for words on a column, from 0."""
        self._screen.query_one(AskLine).cursor_position = column

    # --- who has the keys ---------------------------------------------------------------------------------------

    def begin(self, tool: Tool) -> None:
        """Let a tool have the keys; whoever had them leaves."""
        if self.mode is not tool:
            self.end() if tool.takes_marks else self.give_way()
            self.mode, self._mode_of = tool, (self.state.task.name, self.state.source)
        self._screen.show_mode()

    def end(self) -> None:
        """Nobody has the keys any more."""
        before, self.mode = self.mode, None
        if before is not None:
            before.left()
            self._screen.show_mode()

    def give_way(self) -> None:
        """As `end`, for something else: what is lost by that is said."""
        before = self.mode
        self.end()
        if before is not None and before.lost:
            self.notice(before.lost)

    def leave(self, tool: Tool) -> None:
        """A tool gives the keys back, where it has them still."""
        if self.mode is tool:
            self.end()

    def check(self) -> None:
        """Nobody keeps the keys where another task or another camera is looked at than when they were taken."""
        if self.mode is not None and self._mode_of != (self.state.task.name, self.state.source):
            self.end()

    def show_mode(self) -> None:
        """Draw the line and the footer of the tool that has the keys."""
        self._screen.show_mode()

    # --- labelling ----------------------------------------------------------------------------------------------

    def refused(self, so: str) -> bool:
        """True where the workspace is only read; then it is said why, and nothing is counted as typed."""
        why = self.state.workspace.read_only
        if why is not None:
            self.notice(f"{so} {why.what}", why.remedy)
        return why is not None

    def on_screen(self, so: str = "Not labelled:", *, unread: bool = False) -> bool:
        """True where the frame under the cursor has been drawn and can be judged; else it is said why not.

        `unread` allows a frame that can't be shown: its label may be taken off.
        """
        state, view = self.state, self.view
        if state.frame is None:
            self.notice("There is no frame to label.")
        elif self.refused(so):
            pass
        elif self.saving:
            self.notice("Not yet:", "the step before is still being saved.")
        elif view.look.lens == BEFORE:
            self.notice(so, "the frame before is on the screen; c shows this one.")
        elif view.drawn == state.frame.key and view.own != view.drawn:
            self.notice(so, "only what changed was shown; d shows the frame itself.")
        elif view.drawn != state.frame.key:
            self.notice("Not shown yet:", "the picture is still loading; nothing was labelled.")
        elif not view.readable and not unread:
            self.notice(so, "this frame can't be shown, so it can't be labelled.")
        else:
            return True
        return False

    def give(
        self,
        frames: Sequence[str],
        class_: str | None,
        how: str = "hand",
        *,
        then: Callable[[], object] | None = None,
        anyway: Callable[[], object] | None = None,
    ) -> bool:
        """Give frames a class as one step, or take their label off; False where it was refused, with a word.

        Once the disk has it `anyway` is done, and then `then`, unless the person has gone somewhere else meanwhile.
        """
        if not frames or not self.on_screen(unread=class_ is None):
            return False
        self._await(frames, then, anyway)
        seen = {key: found for key in frames if (found := self.pictures.bytes_of(key))}
        self.bridge.label(self.state.task, self.saving, class_, seen, how)
        self._screen.show_facts()
        return True

    def give_each(
        self,
        labels: Mapping[str, str],
        how: str,
        what: str,
        *,
        unread: bool = False,
        anyway: Callable[[], object] | None = None,
    ) -> bool:
        """Give each frame its own class, all as one step that `what` names; else as `give`.

        `unread` where what is given does not come from looking at the frame under the cursor.
        """
        if not labels or not self.on_screen(unread=unread):
            return False
        self._await(labels, None, anyway)
        self.bridge.label_each(self.state.task, labels, how, what)
        self._screen.show_facts()
        return True

    def advance(self) -> None:
        """Go where a person goes after a label."""
        self._screen.advance()

    def saved(self, frames: frozenset[str]) -> None:
        """A step is on the disk; if it is the one given here, go on with what was to follow it."""
        if self.saving and frames.issuperset(self.saving):
            then, anyway, given_at = self._then, self._anyway, self._given_at
            self.not_saved()
            if anyway is not None:
                anyway()
            if then is not None and given_at == self._place():
                then()

    def not_saved(self) -> None:
        """The step was not written; nothing follows it."""
        self.saving, self._then, self._anyway = (), None, None

    def _await(
        self,
        frames: Iterable[str],
        then: Callable[[], object] | None,
        anyway: Callable[[], object] | None,
    ) -> None:
        self.saving, self._then, self._anyway = tuple(frames), then, anyway
        self._given_at = self._place()

    def _place(self) -> tuple[str, str]:
        frame = self.state.frame
        return self.state.task.name, frame.key if frame else ""
