"""The reference of all keys as Markdown, from the table of actions.

`python -m tui.reference` prints docs/keys.md; a test compares the two.
"""

from __future__ import annotations

import sys

from tui import keymap
from tui.actions import ACTIONS

_SCREENS = (
    (keymap.LABEL, "Label (`L`)"), (keymap.VERSIONS, "Versions (`V`)"), (keymap.RELEASE, "Release"),
    (keymap.SHEET, "The pictures of a first push"),
    (keymap.STORAGE, "Storage (`S`)"), (keymap.TRAINING, "Training (`T`)"), (keymap.START, "A new training"),
    (keymap.HELP, "Help"), (keymap.LOG, "The log of git commands"), (keymap.CONFIRM, "A question"),
    (keymap.PICK, "One of several"),
    (keymap.HISTORY, "The history of a frame"), (keymap.GUIDE, "The classes"), (keymap.CALENDAR, "A month of days"),
    (keymap.EVIDENCE, "Why a label is doubted"),
)  # fmt: skip

_HEAD = """# Keys

Every action of the terminal app. All of them are in the command palette too (`ctrl+p` or `:`), under the word in the
last column but one; `?` shows those of the screen you are on. On the Label screen the keys of a task's classes come
first: `0` to `9` in class order, and the letter each class has in the settings. A class may take any lower-case letter
but `v b u n x r`; the action that had it stays in the palette.

## Your own keys

In your own settings, `~/.config/print-models/config.toml`, by the name in the last column:

```toml
[keys]
undo = "ctrl+u"              # one key
frames = ["f", "F2"]         # or several
git_log = []                 # or none: it stays in the palette
```

A key that you give to one action is taken from the other actions of the same screen. Refused, with a reason: a key that
two of your lines want on one screen; one that takes something away on one screen and only moves on another; one that a
plain terminal in tmux can't send (alt, shift+arrow, ctrl+digit); and the keys that mean the same everywhere: `Y`, `?`,
`:`, `q`, `esc` and the letters of the screens.
"""


def reference() -> str:
    """Return the whole page."""
    parts = [_HEAD]
    everywhere = [action for action in ACTIONS if set(keymap.PLACES) <= set(action.screens)]
    parts.append(_table("On every screen", everywhere))
    for place, title in _SCREENS:
        parts.append(_table(title, [a for a in ACTIONS if place in a.screens and a not in everywhere]))
    return "\n".join(part for part in parts if part)


def _table(title: str, actions: list[keymap.Action]) -> str:
    if not actions:
        return ""
    rows = [f"## {title}\n", "| keys | does | in the palette | name |", "| --- | --- | --- | --- |"]
    for action in actions:
        keys = " ".join(f"`{keymap.shown(key)}`" for key in action.keys).replace("|", "\\|")
        rows.append(f"| {keys or 'palette'} | {action.help} | {action.word} | `{action.id}` |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
