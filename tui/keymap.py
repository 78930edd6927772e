"""The one table of actions: bindings, footer, help and palette are all made from it.

What always holds (tests/tui/test_keymap.py): no key has two meanings on one screen, and every action that is here is
built. Class keys belong to a task, not to this table; on the Label screen they win over a letter that only moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from textual.binding import Binding, BindingType

LABEL, VERSIONS, STORAGE, TRAINING = "label", "versions", "storage", "training"
RELEASE, START, HELP, CONFIRM, LOG = "release", "start", "help", "confirm", "log"
#: The screens a person switches between with an upper-case letter.
PLACES = (LABEL, VERSIONS, STORAGE, TRAINING)
#: The screens that lie over one of those and are left again.
OVERLAYS = (RELEASE, START, HELP, LOG)

EVERYDAY, REVIEW, EXPERT = "Everyday", "Review", "Expert"


@dataclass(frozen=True, slots=True)
class Action:
    """Something a person can do: its keys, a word for the footer, a sentence for the help, and where it works.

    `footer` orders the footer (0: not in it). `yields` marks keys that give way to a class key of the task.
    """

    id: str
    keys: tuple[str, ...]
    word: str
    help: str
    screens: tuple[str, ...]
    group: str = EVERYDAY
    footer: int = 0
    yields: bool = False


ACTIONS: tuple[Action, ...] = (
    # Moving through the frames.
    Action("next", ("right", "l"), "next", "the next frame", (LABEL,), yields=True),
    Action("previous", ("left", "h"), "back", "the frame before", (LABEL,), yields=True),
    Action("ten_on", ("down", "j"), "ten on", "ten frames on", (LABEL,), yields=True),
    Action("ten_back", ("up", "k"), "ten back", "ten frames back", (LABEL,), yields=True),
    Action(
        "recording_next",
        ("pagedown", "right_square_bracket"),
        "next recording",
        "the next recording",
        (LABEL,),
    ),
    Action(
        "recording_previous",
        ("pageup", "left_square_bracket"),
        "recording back",
        "the start of this recording, then the one before",
        (LABEL,),
    ),
    Action("first", ("home",), "first", "the first frame", (LABEL,)),
    Action("last", ("end",), "last", "the last frame", (LABEL,)),
    # Labelling.
    Action("unlabelled", ("n",), "next unlabelled", "the next frame without a label", (LABEL,), footer=3),
    Action("undo", ("u",), "undo", "take your last labelling step back", (LABEL,), footer=2),
    Action("clear", ("x",), "clear", "take the label off this frame", (LABEL,), footer=4),
    Action("task", ("tab",), "task", "switch to the next task", (LABEL,), footer=5),
    Action("source", ("C",), "camera", "switch to the next camera", (LABEL,), REVIEW),
    # Versions and releasing.
    Action(
        "release",
        ("R",),
        "release",
        "open the release of the draft: checks, price, steps",
        (VERSIONS,),
        REVIEW,
        1,
    ),
    Action("next_task", ("tab",), "task", "the versions of the next task", (VERSIONS,), REVIEW, 2),
    Action(
        "frames",
        ("f",),
        "frames",
        "switch between the counts and the list of changed frames",
        (VERSIONS,),
        REVIEW,
        3,
    ),
    Action("push", ("p",), "push or not", "choose whether the release is pushed", (RELEASE,), REVIEW, 2),
    Action("confirm", ("Y",), "do it", "confirm what is asked", (RELEASE, CONFIRM), REVIEW, 1),
    Action(
        "over",
        ("O",),
        "push over the plan",
        "push although it goes over the plan's limit",
        (RELEASE,),
        REVIEW,
        2,
    ),
    Action("stop_release", ("K",), "stop", "stop the release at the next step", (RELEASE,), REVIEW, 3),
    Action("decline", ("n", "escape", "q"), "no", "leave it as it is", (CONFIRM,), REVIEW, 2),
    # Storage.
    Action("reload", ("r",), "measure again", "measure the storage again", (STORAGE,), REVIEW, 1),
    # Training.
    Action(
        "train",
        ("N", "enter"),
        "new training",
        "show what a training would do, then start it",
        (TRAINING,),
        REVIEW,
        1,
    ),
    Action("run_down", ("down", "j"), "next", "the training below", (TRAINING,), REVIEW),
    Action("run_up", ("up", "k"), "back", "the training above", (TRAINING,), REVIEW),
    Action(
        "stop_training",
        ("K",),
        "stop",
        "stop the training that runs; its best is kept",
        (TRAINING,),
        REVIEW,
        2,
    ),
    Action("begin", ("enter",), "start", "start the training with these defaults", (START,), REVIEW, 1),
    Action("other_task", ("tab",), "task", "the defaults for the next task", (START,), REVIEW, 2),
    # Everywhere.
    Action("go_label", ("L",), "label", "the Label screen", PLACES, footer=20),
    Action("go_versions", ("V",), "versions", "the Versions screen", PLACES, footer=21),
    Action("go_storage", ("S",), "storage", "the Storage screen", PLACES, footer=22),
    Action("go_training", ("T",), "training", "the Training screen", PLACES, footer=23),
    Action("help", ("question_mark", "f1"), "help", "this help", (*PLACES, RELEASE, START, LOG), footer=10),
    Action("palette", ("ctrl+p", "colon"), "palette", "find any action by its name", PLACES, EXPERT),
    Action("git_log", ("at",), "git log", "the git commands that were run here", PLACES, EXPERT),
    Action("close", ("escape", "q"), "close", "go back", OVERLAYS, footer=9),
    Action("quit", ("q", "ctrl+q"), "quit", "leave; labels are saved, trainings go on", PLACES, footer=30),
)

_SHOWN = {
    "right": "→", "left": "←", "up": "↑", "down": "↓", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home",
    "end": "End", "tab": "tab", "question_mark": "?", "colon": ":", "at": "@", "left_square_bracket": "[",
    "right_square_bracket": "]", "escape": "esc", "f1": "F1",
}  # fmt: skip


def shown(key: str) -> str:
    """Return a key as it is printed: 'question_mark' → '?'."""
    return _SHOWN.get(key, key)


def actions_of(screen: str) -> Iterator[Action]:
    """Yield the actions that work on a screen, in the table's order."""
    return (action for action in ACTIONS if screen in action.screens)


def bindings_of(screen: str) -> list[BindingType]:
    """Return a screen's bindings; the id of each is `<screen>.<action>`."""
    return [
        Binding(",".join(action.keys), action.id, action.word, show=False, id=f"{screen}.{action.id}")
        for action in actions_of(screen)
    ]


def footer_of(screen: str, *, most: int = 8) -> list[tuple[str, str]]:
    """Return (key, word) of at most `most` actions for a screen's footer, the most wanted first."""
    ranked = sorted(
        (a for a in actions_of(screen) if a.footer and a.id != f"go_{screen}"),
        key=lambda action: action.footer,
    )
    return [(shown(action.keys[0]), action.word) for action in ranked[:most]]


def help_of(screens: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """Return group → (keys, sentence) of what works on these screens, each action once, in the table's order."""
    groups: dict[str, list[tuple[str, str]]] = {EVERYDAY: [], REVIEW: [], EXPERT: []}
    wanted, seen = set(screens), set()
    for action in ACTIONS:
        if wanted & set(action.screens) and action.id not in seen:
            seen.add(action.id)
            keys = " ".join(shown(key) for key in action.keys)
            groups[action.group].append((keys, action.help))
    return {group: rows for group, rows in groups.items() if rows}


def yielding_keys(screen: str) -> frozenset[str]:
    """Return the letters that give way to a class key on a screen."""
    return frozenset(key for a in actions_of(screen) if a.yields for key in a.keys if len(key) == 1)
