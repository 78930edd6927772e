"""A person's own keys: `[keys]` of the personal settings put over the table of actions, or refused with a reason.

What always holds: the table that comes out keeps the rules of the built-in one. An action whose key was given to
another one loses that key, keeps its other keys, and stays in the palette. Called once, when the app starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from core.errors import WrongUsage
from core.text import safe
from tui.actions import ACTIONS, LABEL, Action
from tui.keymap import key_named, shown

_REMEDY = "Correct [keys] in your settings (print-models doctor shows where they are); docs/keys.md lists all actions."
#: What a terminal sends for these is another key, or ends or suspends a program.
_LOST_CTRL = frozenset("chijmqz")
_NAMED = frozenset(
    [
        "up",
        "down",
        "left",
        "right",
        "pageup",
        "pagedown",
        "home",
        "end",
        "insert",
        "delete",
        "tab",
        "enter",
        "space",
    ]
    + [f"f{number}" for number in range(2, 13)]
)


def remapped(given: Mapping[str, str | Sequence[str]]) -> tuple[Action, ...]:
    """Return the table with these keys: action id → a key or several, none for the palette alone. Raises WrongUsage."""
    known = {action.id: action for action in ACTIONS}
    wanted: dict[str, tuple[str, ...]] = {}
    for name, words in given.items():
        if name not in known:
            raise WrongUsage(f"keys.{safe(name, limit=40)}: there is no such action.", _REMEDY)
        if known[name].fixed:
            raise WrongUsage(f"keys.{name}: this action keeps its keys on every screen.", _REMEDY)
        listed = [words] if isinstance(words, str) else list(words)
        wanted[name] = tuple(dict.fromkeys(_key(name, word, known[name]) for word in listed))
    _alone(wanted, known)
    table = tuple(_with(action, wanted, known) for action in ACTIONS)
    _nothing_taken_by_a_move(table, wanted)
    return table


def _key(name: str, word: str, action: Action) -> str:
    """Return the key a word names, if every terminal sends it and nobody else needs it."""
    key = key_named(word)
    why = _unusable(key, action)
    if why:
        raise WrongUsage(f"keys.{name}: “{safe(word, limit=30)}” {why}.", _REMEDY)
    return key


def _unusable(key: str, action: Action) -> str:
    fixed = {k: a for a in ACTIONS if a.fixed for k in a.keys}
    if key in fixed:
        return f"always means “{fixed[key].word}”"
    if key.startswith(("alt+", "shift+", "super+", "meta+")) or (
        key.startswith("ctrl+") and key[5:].isdigit()
    ):
        return "is a key that a plain terminal in tmux can't send"
    if key.startswith("ctrl+"):
        letter = key[5:]
        if len(letter) != 1 or not letter.isascii() or not letter.isalpha():
            return "is no key of a terminal"
        return "is another key for a terminal, or ends programs" if letter in _LOST_CTRL else ""
    if len(key) == 1 and key.isdigit() and LABEL in action.screens:
        return "labels: digits stand for the classes"
    if key in _NAMED or (len(key) == 1 and key.isascii() and key.isalnum()) or shown(key) != key:
        return ""
    return "is no key of a terminal"


def _shared(one: Action, other: Action) -> str:
    """Return a screen on which both actions work, '' where there is none."""
    return next((screen for screen in one.screens if screen in other.screens), "")


def _alone(wanted: Mapping[str, Sequence[str]], known: Mapping[str, Action]) -> None:
    """Raise where one key was given to two actions of one screen."""
    owners: dict[str, list[str]] = {}
    for name, keys in wanted.items():
        for key in keys:
            for other in owners.setdefault(key, []):
                screen = _shared(known[name], known[other])
                if screen:
                    raise WrongUsage(
                        f"keys.{name} and keys.{other}: both want {shown(key)} on the {screen} screen.",
                        _REMEDY,
                    )
            owners[key].append(name)


def _with(action: Action, wanted: Mapping[str, tuple[str, ...]], known: Mapping[str, Action]) -> Action:
    """Return an action with its own new keys, or without those that another one got."""
    if action.id in wanted:
        return replace(action, keys=wanted[action.id])
    gone = {key for name, keys in wanted.items() if _shared(action, known[name]) for key in keys}
    return replace(action, keys=tuple(key for key in action.keys if key not in gone))


def _nothing_taken_by_a_move(table: Sequence[Action], wanted: Mapping[str, object]) -> None:
    """Raise where a key takes something away on one screen and moves on another: a habit would cost something."""
    for taking, moving, key in clashes(table):
        if taking.id in wanted or moving.id in wanted:
            name = taking.id if taking.id in wanted else moving.id
            raise WrongUsage(
                f"keys.{name}: {shown(key)} would mean “{taking.word}” on the {taking.screens[0]} screen, where it "
                f"takes something away, and “{moving.word}” on the {moving.screens[0]} screen.",
                _REMEDY,
            )


def clashes(table: Sequence[Action]) -> Iterator[tuple[Action, Action, str]]:
    """Yield (action that takes something away, action that moves, key) for every key they share, on any screens."""
    for taking in (action for action in table if action.takes):
        for moving in (action for action in table if action.moves):
            yield from ((taking, moving, key) for key in taking.keys if key in moving.keys)
