"""The footer: at most eight keys that work here, now, from the keymap; class keys first.

Where it is too narrow `?` and `q` lose their words first. Then what is named last is left out; but while a tool has the
keys every key of it counts, and loses its word before any is left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui.widgets.line import Line

_KEPT = ("?", "q")


class KeyLine(Line):
    """One line of keys and words."""

    def __init__(self) -> None:
        super().__init__(id="keys")
        self._keys: Sequence[tuple[str, Content]] = ()
        self._all = False

    def show(self, keys: Sequence[tuple[str, str | Content]], *, every: bool = False) -> None:
        """Show these (key, word) pairs; with `every` words are left out before a key is."""
        self._all = every
        self._keys = [(key, Content(word) if isinstance(word, str) else word) for key, word in keys]
        self.redraw()

    def words(self) -> Content:
        width = self.content_size.width
        keys = [key for key, _ in self._keys]
        pairs = [Content.assemble((f" {key} ", "bold $accent"), word, " ") for key, word in self._keys]
        if sum(pair.cell_length for pair in pairs) > width:
            for at, key in enumerate(keys):
                if key in _KEPT:
                    pairs[at] = _bare(key)
        for at in range(len(pairs) - 1, 0, -1) if self._all else ():
            if sum(pair.cell_length for pair in pairs) > width:
                pairs[at] = _bare(keys[at])
        while len(pairs) > 1 and sum(pair.cell_length for pair in pairs) > width:
            at = max((at for at, key in enumerate(keys) if key not in _KEPT), default=len(keys) - 1)
            del pairs[at], keys[at]
        return Content("").join(pairs).truncate(width)


def _bare(key: str) -> Content:
    return Content.styled(f" {key} ", "bold $accent")
