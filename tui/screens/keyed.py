"""How a screen finds what does an action of the keymap: one of its own methods, or a tool's."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable


class Keyed:
    """For screens whose bindings are made by `keymap.bindings_of`."""

    @classmethod
    def does(cls, action: str) -> bool:
        """True where the screen has this action of the keymap."""
        return hasattr(cls, f"action_{action}")

    def doing(self, action: str) -> Callable[[], object] | None:
        """Return what does an action of the keymap here, None where nothing does."""
        found: Callable[[], object] | None = getattr(self, f"action_{action}", None)
        return found

    async def action_do(self, action: str) -> None:
        """Do an action of the keymap: what every binding calls."""
        call = self.doing(action)
        done = call() if call is not None else None
        if isawaitable(done):
            await done
