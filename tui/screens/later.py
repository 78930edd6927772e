"""Screens that are imported when a person first goes there: the first picture does not wait for their parts."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from textual.screen import Screen


def later(module: str, name: str) -> Callable[[], Screen[Any]]:
    """Return what makes that screen of `tui.screens`."""

    def make() -> Screen[Any]:
        screen: Screen[Any] = getattr(import_module(f"tui.screens.{module}"), name)()
        return screen

    return make
