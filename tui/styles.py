"""The stylesheet of the app, read once.

What always holds: a part that was read with the colours worn is not read again; other colours have all of it read again.
Textual's own is read whole at every change of the theme, also at the first one that is worn, for the first screen, and
with every new kind of widget behind either: four times before the first picture. Made by the app.
"""

from __future__ import annotations

from textual.css.stylesheet import Stylesheet


class Styles(Stylesheet):
    """A stylesheet that keeps what it has read for as long as its variables stay."""

    def set_variables(self, variables: dict[str, str]) -> None:
        """Take other values for the variables; the same ones again change nothing."""
        if variables != self._variables:
            super().set_variables(variables)

    def reparse(self) -> None:
        """Read what was not read with these variables, here and in no copy: a copy's reading would be lost."""
        self.parse()
