"""What every screen has: its keys from the keymap, the header, the footer, and how results reach it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from tui import keymap
from tui.drawing import class_keys
from tui.keymap import footer_of
from tui.screens.keyed import Keyed
from tui.sparing import Sparing
from tui.widgets.header import Header
from tui.widgets.key_line import KeyLine

if TYPE_CHECKING:
    from tui.app import PrintModelsApp
    from tui.bridge import Bridge
    from tui.state import State


class Place(Keyed, Screen[None]):
    """One of the screens a person switches between."""

    PLACE: ClassVar[str] = ""
    #: What the keys for reading on scroll.
    SCROLLS: ClassVar[str] = ""
    #: The jobs whose failure the screen draws itself: no second word about them is needed.
    SAYS: ClassVar[frozenset[str]] = frozenset()
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = Sparing()
        #: Results that came before all parts of the screen were there; None from then on.
        self._early: list[object] | None = []

    @property
    def pm(self) -> PrintModelsApp:
        """The app, by its own type."""
        from tui.app import PrintModelsApp

        assert isinstance(self.app, PrintModelsApp)
        return self.app

    @property
    def state(self) -> State:
        return self.pm.state

    @property
    def bridge(self) -> Bridge:
        return self.pm.bridge

    def compose(self) -> ComposeResult:
        yield Header()
        yield from self.compose_body()
        yield KeyLine()

    def compose_body(self) -> ComposeResult:
        """Yield what lies between header and footer."""
        yield Widget()

    def call_after_refresh(self, callback: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
        """Call once this is drawn; who left the screen by then left nothing that could be drawn on."""

        def call() -> Any:
            return callback(*args, **kwargs) if self.display else None

        return super().call_after_refresh(call)

    def on_resize(self, event: events.Resize) -> None:
        """Set the classes that the style sheet lays the screen out by."""
        width, height = event.size
        self.set_class(width >= 110 and height >= 30, "-roomy")
        self.set_class(height >= 38, "-tall")
        self.set_class(width < 60, "-phone")
        self.set_class(height < 20, "-low")
        self.call_after_refresh(self._laid_out)

    def _laid_out(self) -> None:
        self.resized()
        early, self._early = self._early or [], None
        for result in early:
            self.receive(result)

    def arrived(self, result: object) -> None:
        """Take a result, or keep it until there is something to draw it on."""
        if self._early is None:
            self.receive(result)
        else:
            self._early.append(result)

    def resized(self) -> None:
        """Draw for the new size."""
        self.show_header()

    def on_screen_resume(self) -> None:
        self.show_state()

    def receive(self, result: object) -> None:
        """Take a result that arrived while this screen is on top."""

    def show_state(self) -> None:
        """Draw what the app knows now."""
        self.show_header()
        self.query_one(KeyLine).show(self.keys(), every=self.in_mode)

    def show_header(self) -> None:
        """Draw the header anew, where there is one: a result may arrive before this screen has its parts."""
        for header in self.query(Header):
            header.show(self.state)

    @property
    def in_mode(self) -> bool:
        """True while a tool has the keys, so that the footer names them all."""
        return False

    def keys(self) -> list[tuple[str, str | Content]]:
        """The footer's keys."""
        return list(footer_of(self.PLACE))

    def on_key(self, event: events.Key) -> None:
        """A class key away from Label does nothing; that is said, lest a person thinks a frame was labelled."""
        if self.PLACE not in keymap.PLACES or self.PLACE == keymap.LABEL:
            return
        bound = {key for action in keymap.actions_of(self.PLACE) for key in action.keys}
        if event.key in class_keys(self.state.task) and event.key not in bound:
            self.say("Labels are given on the Label screen: L.")

    # --- the actions that work on every screen ------------------------------------------------------------------

    def action_go_label(self) -> None:
        self.pm.go("label")

    def action_go_versions(self) -> None:
        self.pm.go("versions")

    def action_go_storage(self) -> None:
        self.pm.go("storage")

    def action_go_training(self) -> None:
        self.pm.go("training")

    def action_help(self) -> None:
        self.pm.show_help(self.PLACE)

    def action_palette(self) -> None:
        self.app.action_command_palette()

    def action_git_log(self) -> None:
        self.pm.show_git_log()

    def action_suspend(self) -> None:
        self.app.action_suspend_process()

    def action_theme_dark(self) -> None:
        self.pm.wear("dark")

    def action_theme_light(self) -> None:
        self.pm.wear("light")

    def action_theme_contrast(self) -> None:
        self.pm.wear("contrast")

    async def action_quit(self) -> None:
        await self.app.action_quit()

    # --- reading what is longer than the screen -----------------------------------------------------------------

    def _scroll(self, go: Callable[[Widget], None]) -> None:
        for widget in self.query(self.SCROLLS) if self.SCROLLS else ():
            go(widget)

    def action_line_on(self) -> None:
        self._scroll(lambda widget: widget.scroll_down(animate=False))

    def action_line_back(self) -> None:
        self._scroll(lambda widget: widget.scroll_up(animate=False))

    def action_page_on(self) -> None:
        self._scroll(lambda widget: widget.scroll_page_down(animate=False))

    def action_page_back(self) -> None:
        self._scroll(lambda widget: widget.scroll_page_up(animate=False))

    def action_top(self) -> None:
        self._scroll(lambda widget: widget.scroll_home(animate=False))

    def action_bottom(self) -> None:
        self._scroll(lambda widget: widget.scroll_end(animate=False))

    def say(self, text: str | Content, *, bad: bool = False) -> None:
        """Tell the person something in passing."""
        title = "" if not bad else "Not done"
        words = text.plain if isinstance(text, Content) else text
        self.pm.tell([words], title=title, severity="error" if bad else "information")
