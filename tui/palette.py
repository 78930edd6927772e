"""The palette: the actions of the screen it was called from, then those of the other screens, each with its screen.

What always holds: what belongs to another screen is not done from here; choosing it leads to its screen, and the key is
said there. Called by the app.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

from tui import keymap
from tui.drawing import class_keys

if TYPE_CHECKING:
    from tui.app import PrintModelsApp


def commands(app: PrintModelsApp, screen: Screen[object]) -> Iterator[SystemCommand]:
    """Yield what the palette lists on a screen; of the other screens what does more than move is found by its name."""
    here = getattr(screen, "PLACE", "")
    doing = getattr(screen, "doing", None)
    for action in keymap.actions_of(here):
        call = doing(action.id) if doing else None
        if call is not None and action.id != "palette":
            keys = _keys(action, _taken(app, here))
            yield SystemCommand(action.word, f"{action.help}  ({keys})" if keys else action.help, call)
    for place in keymap.PLACES if here in keymap.PLACES else ():
        for action in keymap.actions_of(place):
            keys = _keys(action, _taken(app, place))
            if here not in action.screens and keys and not action.moves:
                name, way = (
                    f"{action.word} (on {place.title()})",
                    f"{place[0].upper()}, then {keys}: {action.help}",
                )
                call = partial(_lead, app, place, f"{action.word}: {keys}")
                yield SystemCommand(name, way, call, discover=action.id == "release")


def _lead(app: PrintModelsApp, place: str, words: str) -> None:
    app.go(place)
    app.tell([words])


def _keys(action: keymap.Action, taken: Collection[str]) -> str:
    return " ".join(keymap.shown(key) for key in keymap.keys_of(action, taken))


def _taken(app: PrintModelsApp, place: str) -> Collection[str]:
    """The keys that mean a class on a screen."""
    return class_keys(app.state.task) if place == keymap.LABEL else ()
