"""A tool of the Label screen: the actions it does, and what it does while it has the keys.

What always holds: an action `x` of the keymap is the method `do_x` of exactly one tool; one tool at most has the keys
(is the *mode*), and it says so in a line over the picture for as long as it has them; `esc` and its own key end it.
A tool draws nothing: it changes the state, asks the bridge through the desk, and lets the screen draw.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.content import Content

if TYPE_CHECKING:
    from tui.bridge import Bridge
    from tui.state import State
    from tui.tools.desk import Desk


class Tool:
    """Subclasses add `do_<action>` methods, and override what they need of the rest."""

    #: While it has the keys, what is said of frames is said of all that are marked, and ends that.
    marks_many = True
    #: What is said when something else ends it before a person did; '' where that goes without saying.
    lost = ""
    #: It goes on with what the tool before it marked.
    takes_marks = False

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @property
    def state(self) -> State:
        return self.desk.state

    @property
    def bridge(self) -> Bridge:
        return self.desk.bridge

    @classmethod
    def does(cls, action: str) -> bool:
        """True where the tool has this action of the keymap."""
        return hasattr(cls, f"do_{action}")

    def doing(self, action: str) -> Callable[[], None] | None:
        """Return what does an action, None where another tool has it."""
        found: Callable[[], None] | None = getattr(self, f"do_{action}", None)
        return found

    # --- while it has the keys ----------------------------------------------------------------------------------

    def on_class(self, class_: str) -> bool:
        """Take a class key; False leaves it to the screen, which labels the frame."""
        return False

    def on_key(self, key: str) -> bool:
        """Take any other key before the keymap sees it; False leaves it to the keymap."""
        return False

    def line(self) -> Content | None:
        """What the line over the picture says while the tool has the keys."""
        return None

    def keys(self) -> list[tuple[str, str | Content]] | None:
        """The footer while the tool has the keys; None leaves the usual one."""
        return None

    def left(self) -> None:
        """The tool has the keys no longer: esc, another tool, another task or another camera."""

    # --- whether or not it has them -----------------------------------------------------------------------------

    def receive(self, result: object) -> None:
        """Take a result that arrived, after the state has it and before the screen draws."""

    def drawn(self) -> None:
        """The frame under the cursor, or why it can't be shown, is on the screen."""

    def advance(self) -> bool:
        """Go where a person goes after a label; True where this tool went. The first that does wins."""
        return False
