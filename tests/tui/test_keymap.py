"""The one table of keys: nothing has two meanings on a screen, everything in it is built."""

from __future__ import annotations

from collections import Counter

import pytest

from core.settings import Settings, tasks_of
from tui import keymap
from tui.screens.confirm import ConfirmScreen
from tui.screens.help import HelpScreen, help_text
from tui.screens.label import LabelScreen
from tui.screens.log import LogScreen
from tui.screens.release import ReleaseScreen
from tui.screens.start import StartScreen
from tui.screens.storage import StorageScreen
from tui.screens.training import TrainingScreen
from tui.screens.versions import VersionsScreen

SCREENS = {
    screen.PLACE: screen
    for screen in (
        LabelScreen, VersionsScreen, StorageScreen, TrainingScreen, ReleaseScreen, StartScreen, HelpScreen,
        ConfirmScreen, LogScreen,
    )
}  # fmt: skip


@pytest.mark.parametrize("place", SCREENS)
def test_no_key_has_two_meanings_on_one_screen(place):
    keys = Counter(key for action in keymap.actions_of(place) for key in action.keys)
    assert [key for key, times in keys.items() if times > 1] == []


@pytest.mark.parametrize("place", SCREENS)
def test_every_action_is_built_and_bound(place):
    for action in keymap.actions_of(place):
        assert hasattr(SCREENS[place], f"action_{action.id}"), action.id
    assert set(keymap.bindings_of(place)) <= set(SCREENS[place].BINDINGS)


def test_class_keys_collide_only_with_letters_that_give_way():
    taken = {key for a in keymap.actions_of(keymap.LABEL) for key in a.keys} - keymap.yielding_keys(
        keymap.LABEL
    )
    for task in tasks_of(Settings()).values():
        assert not taken & set(task.keys)
        assert not taken & {str(digit) for digit in range(len(task.classes))}


def test_nothing_destroys_on_one_screen_what_only_moves_on_another():
    """Keys that stop or publish do so behind a question, or are upper-case."""
    for action in keymap.ACTIONS:
        if action.id in ("confirm", "over", "stop_release", "stop_training", "release"):
            assert all(key.isupper() for key in action.keys)


def test_no_key_needs_more_than_a_plain_terminal_sends():
    for action in keymap.ACTIONS:
        for key in action.keys:
            assert not key.startswith(("alt+", "shift+")), key
            assert not (key.startswith("ctrl+") and key[5:].isdigit()), key
        assert action.keys != ("escape",), "Esc is never the only way out"


@pytest.mark.parametrize("place", SCREENS)
def test_the_footer_has_at_most_eight_keys(place):
    assert len(keymap.footer_of(place)) <= 8


def test_the_help_holds_every_action_of_its_screen():
    task = next(iter(tasks_of(Settings()).values()))
    for place in keymap.PLACES:
        text = help_text(place, task).plain
        for action in keymap.actions_of(place):
            assert action.help in text
