"""The one table of keys: nothing has two meanings on a screen, everything in it is built."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from core.errors import WrongUsage
from core.settings import Settings, tasks_of
from tui import keymap, own_keys, reference
from tui.screens.calendar import CalendarScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.guide import GuideScreen
from tui.screens.help import HelpScreen, help_text
from tui.screens.history import HistoryScreen
from tui.screens.label import LabelScreen
from tui.screens.log import LogScreen
from tui.screens.pick import PickScreen
from tui.screens.release import ReleaseScreen
from tui.screens.sheet import SheetScreen
from tui.screens.start import StartScreen
from tui.screens.storage import StorageScreen
from tui.screens.training import TrainingScreen
from tui.screens.versions import VersionsScreen

SCREENS = {
    screen.PLACE: screen
    for screen in (
        LabelScreen, VersionsScreen, StorageScreen, TrainingScreen, ReleaseScreen, StartScreen, HelpScreen,
        ConfirmScreen, LogScreen, PickScreen, HistoryScreen,
        GuideScreen, CalendarScreen, SheetScreen,
    )
}  # fmt: skip


@pytest.mark.parametrize("place", SCREENS)
def test_no_key_has_two_meanings_on_one_screen(place):
    keys = Counter(key for action in keymap.actions_of(place) for key in action.keys)
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("place", SCREENS)
def test_every_action_is_built_and_bound(place):
    for action in keymap.actions_of(place):
        assert SCREENS[place].does(action.id), action.id
    assert set(keymap.bindings_of(place)) <= set(SCREENS[place].BINDINGS)


def test_every_action_has_a_name_of_its_own():
    assert len({action.id for action in keymap.ACTIONS}) == len(keymap.ACTIONS)


def test_class_keys_collide_only_with_letters_that_give_way():
    taken = {key for a in keymap.actions_of(keymap.LABEL) for key in a.keys} - keymap.yielding_keys(
        keymap.LABEL
    )
    for task in tasks_of(Settings()).values():
        assert not taken & set(task.keys)
        assert not taken & {str(digit) for digit in range(len(task.classes))}


def test_no_key_takes_away_on_one_screen_what_it_only_moves_on_another():
    assert [(taking.id, moving.id, key) for taking, moving, key in own_keys.clashes(keymap.ACTIONS)] == []
    for action in keymap.ACTIONS:
        if action.takes and action.id != "clear":
            assert all(key.isupper() for key in action.keys), "what can't be undone is an upper-case key"


def test_no_key_needs_more_than_a_plain_terminal_sends():
    for action in keymap.ACTIONS:
        sent = [key for key in action.keys if not key.startswith(("alt+", "shift+"))]
        assert sent or not action.keys, action.id
        # A plain terminal sends space for it: the first key does the same everywhere.
        assert set(action.keys) - set(sent) <= {"shift+space"}, action.id
        for key in sent:
            assert not (key.startswith("ctrl+") and key[5:].isdigit()), key
        assert action.keys != ("escape",), "Esc is never the only way out"


@pytest.mark.parametrize("place", SCREENS)
def test_the_footer_has_at_most_eight_keys(place):
    assert len(keymap.footer_of(place)) <= 8


def test_the_help_holds_every_action_of_its_screen():
    task = next(iter(tasks_of(Settings()).values()))
    for place in keymap.PLACES:
        for width in (34, 74, 150):
            text = help_text(place, task, width).plain
            assert max(len(line) for line in text.split("\n")) <= width
            joined = " ".join(text.split())
            for action in keymap.actions_of(place):
                assert action.help in joined


def test_the_help_on_label_says_how_a_stretch_is_labelled():
    task = next(iter(tasks_of(Settings()).values()))
    command = "print-models label --as CLASS --day D --from HH:MM --to HH:MM"
    for width in (34, 74, 150):
        said = " ".join(help_text(keymap.LABEL, task, width).plain.split())
        assert f"within a second: {command}" in said
        assert command not in help_text(keymap.STORAGE, task, width).plain
    assert f"  {command}\n" in help_text(keymap.LABEL, task, 74).plain, "on one line, to be copied"


def test_the_page_of_keys_is_the_one_of_this_table():
    page = Path(__file__).resolve().parents[2] / "docs" / "keys.md"
    assert page.read_text(encoding="utf-8") == reference.reference(), "make docs writes it anew"


# --- a person's own keys ------------------------------------------------------------------------------------------


def _keys(table, name):
    return next(action.keys for action in table if action.id == name)


def test_a_displaced_action_loses_that_key_and_no_other():
    table = own_keys.remapped({"undo": "h", "frames": ["m", "F2"], "git_log": []})
    assert _keys(table, "undo") == ("h",)
    assert _keys(table, "previous") == ("left",), "h went to undo, the arrow stays"
    assert _keys(table, "frames") == ("m", "f2")
    assert _keys(table, "git_log") == ()
    for place in SCREENS:
        keys = Counter(key for action in table if place in action.screens for key in action.keys)
        assert max(keys.values()) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"udno": "z"}, "keys.udno: there is no such action"),
        ({"undo": "?"}, "“?” always means “help”"),
        ({"undo": "V"}, "“V” always means “versions”"),
        ({"confirm": "y"}, "keeps its keys"),
        ({"undo": "alt+u"}, "plain terminal in tmux can't send"),
        ({"undo": "ctrl+1"}, "plain terminal in tmux can't send"),
        ({"undo": "ctrl+c"}, "another key for a terminal"),
        ({"undo": "1"}, "digits stand for the classes"),
        ({"undo": "banana"}, "is no key"),
        ({"undo": "z", "clear": "z"}, "both want z on the label screen"),
        ({"reload": "x"}, ""),
        ({"stop_training": "j"}, "takes something away"),
        ({"line_on": "K"}, "takes something away"),
    ],
)
def test_keys_that_would_be_a_trap_are_refused_by_name(given, says):
    if not says:
        own_keys.remapped(given)
        return
    with pytest.raises(WrongUsage) as refused:
        own_keys.remapped(given)
    assert says in refused.value.what
    assert next(iter(given)) in refused.value.what
    assert "docs/keys.md" in refused.value.remedy


def test_a_class_may_take_a_letter_and_the_help_says_where_the_action_went():
    text = dict(
        (words, keys) for rows in keymap.help_of(["label"], taken={"l", "j"}).values() for keys, words in rows
    )
    assert text["the next frame"] == "→"
    assert text["ten frames on"] == "↓"
