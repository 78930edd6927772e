"""Waiting for a key in a terminal, outside of the app. Called by the demo's stories."""

from __future__ import annotations

import os
import sys
import termios
import tty

import click


def wait_for_key(prompt: str) -> None:
    """Print a prompt and return once a key is pressed; without a terminal, or at its end, at once.

    What was typed before the prompt is no answer to it, and what is typed from then on is none the less one: so the
    terminal's line mode is left, and its old input dropped, before the prompt is printed. Raises KeyboardInterrupt.
    """
    if not sys.stdin.isatty():
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal, termios.TCSAFLUSH)
        click.echo(prompt)
        os.read(terminal, 64)  # an arrow key is several bytes
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
