"""The Label screen: one frame as a picture, its facts, its day, and a key per class.

What always holds: a class key labels the frame whose picture is on the screen, or is refused with a word; a label is
shown as given only after the store has it on the disk. Moves collapse: pictures in between are not decoded. What its
keys do is in `tui/tools`: the screen draws, hands keys to the tool that has them, and results to all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.timer import Timer

from tui import keymap
from tui.bars import place_near
from tui.changes import HeatReady
from tui.drawing import class_keys
from tui.label_messages import MarksRead, PredictionsRead, Undoes
from tui.looks import HEAT, Look
from tui.messages import (
    DraftPriced,
    Failed,
    FramesFound,
    Labelled,
    LabelsChanged,
    LabelsRead,
    NotLabelled,
    PictureFailed,
    PictureReady,
    RecordingsFound,
)
from tui.pictures import Pictures
from tui.screens import label_panes
from tui.screens.base import Place
from tui.screens.label_texts import greeting, nothing_there
from tui.sorting import Placed, QueueRead
from tui.tools.bisecting import Bisecting
from tui.tools.choosing import Choosing
from tui.tools.consulting import Consulting
from tui.tools.desk import Desk
from tui.tools.edging import Edging
from tui.tools.giving import Giving
from tui.tools.judging import Judging
from tui.tools.looking import Looking
from tui.tools.marking import Marking
from tui.tools.moving import Moving
from tui.tools.playing import Playing
from tui.tools.pointing import Pointing
from tui.tools.queueing import Queueing
from tui.tools.stretching import Stretching
from tui.tools.suggesting import Suggesting
from tui.tools.tool import Tool
from tui.tools.watching import Watching
from tui.tools.zooming import Zooming
from tui.widgets.ask_line import AskLine
from tui.widgets.filmstrip import BOX
from tui.widgets.frame_view import FrameView
from tui.widgets.pointed import Pointed

#: A page of small pictures is many bytes: who goes on past it, as a held key does, does not wait for them.
_STRIP_S, _STRIP_FAR_S = 0.05, 0.2
_PICTURES_OFF = "Pictures are off (--graphics none)."


class LabelScreen(Place):
    """Look at a frame, give it a class, go on."""

    PLACE = keymap.LABEL
    BINDINGS: ClassVar[list[BindingType]] = keymap.bindings_of(keymap.LABEL)
    #: What its keys do, in the order in which they are asked what follows a label.
    TOOLS: ClassVar[tuple[type[Tool], ...]] = (
        Queueing,
        Choosing,
        Consulting,
        Marking,
        Giving,
        Stretching,
        Judging,
        Bisecting,
        Edging,
        Suggesting,
        Pointing,
        Moving,
        Watching,
        Looking,
        Zooming,
        Playing,
    )

    def __init__(self) -> None:
        super().__init__()
        self._pictures = Pictures()
        self._panes = label_panes.Panes(self, self._pictures)
        self.desk = Desk(self, self._panes, self._pictures)
        self.tools = {kind: kind(self.desk) for kind in self.TOOLS}
        self._panes.watching, self._panes.looking = self.desk.tool(Watching), self._looking
        self._greeted = False
        self._strip_rest: Timer | None = None

    def compose_body(self) -> ComposeResult:
        yield from label_panes.compose(self.pm.graphics)

    # --- drawing ------------------------------------------------------------------------------------------------

    def show_state(self) -> None:
        self.desk.check()
        super().show_state()
        self._panes.forget()
        self.show_frame()

    def keys(self) -> list[tuple[str, str | Content]]:
        mode = self.desk.mode
        return (mode.keys() if mode else None) or label_panes.keys_of(self.state)

    @property
    def in_mode(self) -> bool:
        return self.desk.mode is not None

    def show_mode(self) -> None:
        """Draw the line and the footer of the tool that has the keys."""
        mode = self.desk.mode
        self._panes.view.mode_line(mode.line() if mode else None)
        super().show_state()

    def show_frame(self) -> None:
        """Draw what belongs to the cursor; ask for the picture unless it is at hand or there already."""
        self.desk.check()
        state, view = self.state, self._panes.view
        frame = state.frame
        if self.desk.mode is not None:
            view.mode_line(self.desk.mode.line())
        self.show_facts()
        self._panes.around(state)
        self._strip_soon()
        if frame is None:
            view.want("")
            view.show_hint(nothing_there(state))
            return
        key, look, before = self._looking.target(frame)
        box = view.box_of(key)
        if view.wanted == (key, box) and view.look == look:
            return
        view.want(key, box, look)
        ready = self._pictures.get(key, box, look.region) if look.lens != HEAT else None
        if ready is not None:
            self._draw(ready)
        elif look.lens == HEAT:
            self.bridge.heat(key, before, box, look.region)
        else:
            self.bridge.picture(key, box, look.region)

    def show_bars(self) -> None:
        """Draw the bars of the day."""
        self._panes.day(self.state)

    def show_strip(self) -> None:
        """Draw the filmstrip, and ask for the small pictures that are not there yet."""
        lacking = self._panes.strip(self.state)
        if self.pm.pictures and lacking and self._panes.view.drawn:
            self.bridge.strip(lacking, BOX)

    def _strip_soon(self) -> None:
        """A step on the page moves a mark at once; another page is drawn after a moment's rest, not on the way."""
        if self._strip_rest is not None:
            self._strip_rest.stop()
        if self._panes.same_page(self.state):
            self.show_strip()
        elif self._panes.with_strip:
            link = self.pm.link
            rest = _STRIP_FAR_S if link is not None and link.slow else _STRIP_S
            self._strip_rest = self.set_timer(rest, self.show_strip)

    def show_facts(self) -> None:
        """Draw what is said of the frame, and what was done last."""
        frame = self.state.frame
        saving = frame is not None and frame.key in self.desk.saving
        self._panes.words(self.state, self.desk.just, saving=saving)

    def resized(self) -> None:
        self.show_state()

    # --- results ------------------------------------------------------------------------------------------------

    def receive(self, result: object) -> None:
        for tool in self.tools.values():
            tool.receive(result)
        self._panes.receive(result)
        match result:
            case PictureReady() | PictureFailed():
                self._picture_came(result)
            case HeatReady():
                self._heat_came(result)
            case NotLabelled() | Failed(job="label") | Undoes():
                self.show_facts()
            case DraftPriced():
                self.show_frame()
                self._greet()
            case PredictionsRead() | Placed():
                super().show_state()
                self.show_frame()
            case (
                Labelled()
                | FramesFound()
                | LabelsRead()
                | LabelsChanged()
                | RecordingsFound()
                | MarksRead()
                | QueueRead()
            ):
                self.show_frame()

    def _greet(self) -> None:
        """Say once, when it is known, what came meanwhile and what is next; a key takes it away."""
        if not self._greeted and self.state.frames and not self.state.scanning:
            self._greeted = True
            self._panes.view.next_line(greeting(self.state))

    def _picture_came(self, result: PictureReady | PictureFailed) -> None:
        self._pictures.put(result)
        if result.box == BOX:
            self._panes.strip(self.state)
            return
        view = self._panes.view
        if view.look.region != result.region or view.look.lens == HEAT:
            return
        if view.wanted == (result.key, result.box) and view.drawn != result.key:
            self._draw(result)
        elif isinstance(result, PictureReady):
            view.prepare(result.picture, result.box)

    def _heat_came(self, result: HeatReady) -> None:
        view = self._panes.view
        if view.wanted == (result.key, result.box) and view.look == Look(HEAT, result.region):
            if result.picture is not None and self.pm.pictures:
                view.show_picture(result.key, result.picture)
            else:
                view.show_reason(result.key, result.why or _PICTURES_OFF)

    def _draw(self, result: PictureReady | PictureFailed) -> None:
        view = self._panes.view
        if not self.pm.pictures:
            view.show_reason(result.key, _PICTURES_OFF, "To label, start without that.")
        elif isinstance(result, PictureReady):
            view.show_picture(result.key, result.picture)
        else:
            self._pictures.forget(result.key)
            # A camera that is away explains every missing frame; “gone” would blame the camera for deleting it.
            away = {} if result.held else self.state.unreachable
            what, remedy = away.get(self.state.source, (result.what, result.remedy))
            again = partial(self.bridge.picture, region=result.region) if result.passing else None
            view.show_reason(result.key, what, remedy, again=again)

    def on_frame_view_drawn(self, event: FrameView.Drawn) -> None:
        self.bridge.picture_there()
        self.show_facts()
        for tool in self.tools.values():
            tool.drawn()
        state, box = self.state, self._panes.view.box
        ahead = (
            state.cursor + state.direction,
            state.cursor + 2 * state.direction,
            state.cursor - state.direction,
        )
        keys = [state.frames[at].key for at in ahead if 0 <= at < len(state.frames)]
        region = self._panes.view.look.region
        lacking = [key for key in keys if self._pictures.get(key, box, region) is None]
        self.bridge.prefetch(lacking, box, region)
        self._strip_soon()

    # --- keys ---------------------------------------------------------------------------------------------------

    @classmethod
    def does(cls, action: str) -> bool:
        return super().does(action) or any(tool.does(action) for tool in cls.TOOLS)

    def doing(self, action: str) -> Callable[[], object] | None:
        found = (tool.doing(action) for tool in self.tools.values())
        return next((call for call in found if call), None) or super().doing(action)

    def advance(self) -> None:
        """Go where a person goes after a label."""
        any(tool.advance() for tool in self.tools.values())

    def on_key(self, event: events.Key) -> None:
        """The tool that has the keys comes first, then class keys, then the keymap: a letter that only moves gives way."""
        if self.query_one(AskLine).display:
            return
        self._greeted = True
        self.state.touched()
        self._panes.view.notify_line(None)
        self._panes.view.next_line(None)
        mode = self.desk.mode
        class_ = class_keys(self.state.task).get(event.key)
        if class_ is not None:
            # A key that moves goes the long way by the app. Behind it in the same queue, a class key typed after it
            # never labels the frame that was left.
            event.stop()
            self.app.call_later(self._class_key, class_)
        elif mode is not None and mode.on_key(event.key):
            event.stop()
        elif mode is not None and event.key == "escape":
            event.stop()
            self.desk.end()
        else:
            self._caps_lock(event)

    def _class_key(self, class_: str) -> None:
        mode = self.desk.mode
        if mode is None or not mode.on_class(class_):
            self.desk.tool(Giving).give(class_)

    @property
    def _looking(self) -> Looking:
        return self.desk.tool(Looking)

    def _caps_lock(self, event: events.Key) -> None:
        """An upper-case class key labels nothing; where it would switch screens instead, that is said."""
        lower = event.key.lower()
        if event.key == lower or len(lower) != 1:
            return
        bound = {key for action in keymap.actions_of(self.PLACE) for key in action.keys}
        meant = class_keys(self.state.task).get(lower)
        if meant is not None and (event.key not in bound or event.key == "L"):
            event.stop()
            self.desk.notice("CapsLock?", f"{lower} labels {meant}; an upper-case letter labels nothing.")

    def on_pointed(self, event: Pointed) -> None:
        """Go where the mouse pointed, as a key that moves does."""
        if self.query_one(AskLine).display:
            return
        self.state.touched()
        place = event.place
        if event.moment is not None:
            place = place_near(self.state.frames, event.moment)
        if place is not None and self.state.go(place):
            self.show_frame()

    def on_ask_line_left(self) -> None:
        self.show_frame()
