"""What is made from the table of actions: bindings, footer, help, the names of keys.

What always holds: all of them come from one table. A person's own keys (`tui.own_keys`) put another table of the same
actions in its place, once, before the first screen. Class keys belong to a task, not to the table; on the Label screen
they win over any letter but the few that no class may have.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from textual.binding import Binding, BindingType

from tui.actions import (
    ACTIONS,
    CALENDAR,
    CONFIRM,
    EVERYDAY,
    EVIDENCE,
    EXPERT,
    GUIDE,
    HELP,
    HISTORY,
    LABEL,
    LOG,
    OVERLAYS,
    PICK,
    PLACES,
    RELEASE,
    REVIEW,
    SHEET,
    START,
    STORAGE,
    TRAINING,
    VERSIONS,
    Action,
)

__all__ = [
    "ACTIONS", "CALENDAR", "CONFIRM", "EVIDENCE", "GUIDE", "HELP", "HISTORY", "LABEL", "LOG", "OVERLAYS", "PICK", "PLACES", "RELEASE", "SHEET", "START", "STORAGE", "TRAINING",
    "VERSIONS", "Action",
]  # fmt: skip

#: Letters that no class of a task takes, whatever the task is.
KEPT = frozenset("vbunxr")

_SHOWN = {
    "right": "→", "left": "←", "up": "↑", "down": "↓", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home",
    "end": "End", "escape": "esc", "delete": "Del", "insert": "Ins",
    "question_mark": "?", "colon": ":", "at": "@", "left_square_bracket": "[", "right_square_bracket": "]",
    "exclamation_mark": "!", "quotation_mark": '"', "number_sign": "#", "dollar_sign": "$", "percent_sign": "%",
    "ampersand": "&", "apostrophe": "'", "left_parenthesis": "(", "right_parenthesis": ")", "asterisk": "*",
    "plus": "+", "comma": ",", "minus": "-", "full_stop": ".", "slash": "/", "semicolon": ";",
    "less_than_sign": "<", "equals_sign": "=", "greater_than_sign": ">", "backslash": "\\", "underscore": "_",
    "left_curly_bracket": "{", "vertical_line": "|", "right_curly_bracket": "}", "tilde": "~",
    **{f"f{number}": f"F{number}" for number in range(1, 13)},
}  # fmt: skip
_BY_SHOWN = {word: key for key, word in _SHOWN.items()}

_in_use: tuple[Action, ...] = ACTIONS


def use(actions: tuple[Action, ...]) -> None:
    """Put another table of the same actions in the place of the built-in one; the app does this once, at its start."""
    global _in_use
    _in_use = actions


def shown(key: str) -> str:
    """Return a key as it is printed: 'question_mark' → '?'."""
    return _SHOWN.get(key, key)


def key_named(word: str) -> str:
    """Return the key that a printed word means: '?' → 'question_mark', 'PgUp' → 'pageup', 'ctrl+d' as it is."""
    return _BY_SHOWN.get(word) or (word if len(word) == 1 else word.lower())


def actions_of(screen: str) -> Iterator[Action]:
    """Yield the actions that work on a screen, in the table's order."""
    return (action for action in _in_use if screen in action.screens)


def bindings_of(screen: str) -> list[BindingType]:
    """Return a screen's bindings as the built-in table has them; the id of each is `<screen>.<action>`."""
    return [
        Binding(_bound(action), f"do('{action.id}')", action.word, show=False, id=f"{screen}.{action.id}")
        for action in ACTIONS
        if screen in action.screens
    ]


def changes() -> dict[str, str]:
    """Return binding id → keys of every action that does not have its built-in keys, as Textual takes them."""
    built_in = {action.id: action.keys for action in ACTIONS}
    return {
        f"{screen}.{action.id}": _bound(action)
        for action in _in_use
        if action.keys != built_in[action.id]
        for screen in action.screens
    }


def _bound(action: Action) -> str:
    """The keys as a binding takes them; an action without keys has a name there that no terminal sends."""
    return ",".join(action.keys) or f"palette_{action.id}"


def keys_of(action: Action, taken: Collection[str] = ()) -> tuple[str, ...]:
    """Return the keys that reach an action where a task's classes have `taken` some of its letters."""
    return tuple(key for key in action.keys if key not in taken or key in KEPT)


def footer_of(
    screen: str, *, most: int = 8, taken: Collection[str] = (), without: Collection[str] = ()
) -> list[tuple[str, str]]:
    """Return (key, word) of at most `most` actions for a screen's footer, the most wanted first.

    `without` are the actions that can do nothing just now.
    """
    out = {f"go_{screen}", *without}
    ranked = sorted(
        (a for a in actions_of(screen) if a.footer and keys_of(a, taken) and a.id not in out),
        key=lambda action: action.footer,
    )
    return [(shown(keys_of(action, taken)[0]), action.word) for action in ranked[:most]]


def help_of(screens: Iterable[str], taken: Collection[str] = ()) -> dict[str, list[tuple[str, str]]]:
    """Return group → (keys, sentence) of what works on these screens, each action once, in the table's order.

    What no key reaches is said to be in the palette.
    """
    groups: dict[str, list[tuple[str, str]]] = {EVERYDAY: [], REVIEW: [], EXPERT: []}
    wanted = set(screens)
    for action in _in_use:
        if wanted & set(action.screens):
            keys = " ".join(shown(key) for key in keys_of(action, taken))
            groups[action.group].append((keys or f": {action.word}", action.help))
    return {group: rows for group, rows in groups.items() if rows}


def yielding_keys(screen: str) -> frozenset[str]:
    """Return the letters that give way to a class key on a screen."""
    return frozenset(
        key
        for a in actions_of(screen)
        for key in a.keys
        if len(key) == 1 and key.islower() and key not in KEPT
    )
