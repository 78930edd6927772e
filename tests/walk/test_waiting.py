"""The prompt that waits for a key, on a real pseudo-terminal."""

from __future__ import annotations

import os
import pty
import select
import sys
import termios

import click
import pytest

from core.commands.waiting import wait_for_key


@pytest.fixture
def terminal(monkeypatch):
    """A pseudo-terminal as standard input: the side a person types on."""
    master, slave = pty.openpty()
    with os.fdopen(slave) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield master
    os.close(master)


def test_a_key_pressed_the_moment_the_prompt_is_there_counts(terminal, monkeypatch):
    monkeypatch.setattr(click, "echo", lambda text: os.write(terminal, b"\x1b[C"))
    before = termios.tcgetattr(terminal)
    wait_for_key("press a key")
    assert termios.tcgetattr(terminal) == before


def test_what_was_typed_before_the_prompt_is_no_answer(terminal, monkeypatch):
    os.write(terminal, b"early\n")
    assert select.select([sys.stdin], [], [], 20)[0]
    prompts = []

    def show(text):
        prompts.append(text)
        assert not select.select([sys.stdin], [], [], 0)[0], "the early key is gone"
        os.write(terminal, b"x")

    monkeypatch.setattr(click, "echo", show)
    wait_for_key("press a key")
    assert prompts == ["press a key"]


def test_without_a_terminal_nobody_is_waited_for(tmp_path, monkeypatch, capsys):
    with open(tmp_path / "empty", "w+") as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        wait_for_key("press a key")
    assert capsys.readouterr().out == ""
