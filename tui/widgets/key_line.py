"""The footer: at most eight keys that work here, now, from the keymap; class keys first."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui.widgets.line import Line

_KEPT = ("?", "q")


class KeyLine(Line):
    """One line of keys and words; what does not fit is left out from the end, `?` and `q` stay, first without words."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._keys: Sequence[tuple[str, Content]] = ()

    def show(self, keys: Sequence[tuple[str, str | Content]]) -> None:
        """Show these (key, word) pairs."""
        self._keys = [(key, Content(word) if isinstance(word, str) else word) for key, word in keys]
        self.redraw()

    def words(self) -> Content:
        width = self.content_size.width
        keys = [key for key, _ in self._keys]
        pairs = [Content.assemble((f" {key} ", "bold $accent"), word, " ") for key, word in self._keys]
        if sum(pair.cell_length for pair in pairs) > width:
            for at, key in enumerate(keys):
                if key in _KEPT:
                    pairs[at] = Content.styled(f" {key} ", "bold $accent")
        while len(pairs) > 1 and sum(pair.cell_length for pair in pairs) > width:
            at = max((at for at, key in enumerate(keys) if key not in _KEPT), default=len(keys) - 1)
            del pairs[at], keys[at]
        return Content("").join(pairs).truncate(width)
