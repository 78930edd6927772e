"""The checklist of a release shows the commands that git was given, and none that it was not."""

from __future__ import annotations

from core.release import Step
from tui.screens.release_texts import DONE, THERE, steps_text

SEND = Step("push-objects", "send the objects", ("git lfs push --object-id origin …",), irreversible=True)
GIVEN = "git lfs push --object-id origin 0123abcd"


def shown(state: str, *given: str) -> str:
    return steps_text((SEND,), {SEND.id: state}, {SEND.id: given}, 76).plain


def test_a_step_that_waits_shows_what_git_will_be_given():
    assert SEND.commands[0] in shown("")


def test_a_step_that_is_done_shows_what_git_was_given():
    text = shown(DONE, GIVEN)
    assert GIVEN in text
    assert SEND.commands[0] not in text


def test_a_step_that_had_nothing_to_do_shows_no_command():
    assert "git lfs" not in shown(DONE)
    assert "git lfs" not in shown(THERE)
