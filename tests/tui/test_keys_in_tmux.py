"""Every key of the table, pressed in a real tmux, arrives in the app as itself."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.terminals import HERE, Tmux
from tui import keymap

#: The words tmux has for keys that it does not call by their character.
_TMUX = {
    "right": "Right", "left": "Left", "up": "Up", "down": "Down", "pageup": "PPage", "pagedown": "NPage",
    "home": "Home", "end": "End", "escape": "Escape", "tab": "Tab", "enter": "Enter", "space": "Space",
    "backspace": "BSpace", "semicolon": "\\;",
    **{f"f{number}": f"F{number}" for number in range(1, 13)},
}  # fmt: skip

#: Writes the name of every key that the app hears to a file, a line each, through the driver the app has.
_LISTENER = """
import sys
from textual import events
from tui.careful import CarefulApp
from pathlib import Path

class Listener(CarefulApp):
    def on_mount(self):
        self.heard = open(sys.argv[1], "a", buffering=1)
        self.heard.write("ready\\n")
    async def on_event(self, event):
        if isinstance(event, events.Key) and not event._forwarded:
            self.heard.write(event.key + "\\n")
            return
        await super().on_event(event)

Listener(Path(sys.argv[2])).run()
"""


#: What a terminal with its own signs for every key sends where a plain one sends a space; tmux has no word for it.
_RAW = {"shift+space": "\x1b[32;2u"}


def _press(tmux: Tmux, key: str) -> None:
    if key in _RAW:
        tmux.run("send-keys", "-H", *(f"{byte:02x}" for byte in _RAW[key].encode()))
    else:
        tmux.keys(_sent(key))


def _sent(key: str) -> str:
    """Return what tmux calls a key."""
    if key.startswith("ctrl+"):
        return f"C-{key[5:]}"
    return _TMUX.get(key) or (key if len(key) == 1 else keymap.shown(key))


def _heard(file: Path) -> list[str]:
    return file.read_text().split("\n")[:-1] if file.exists() else []


def test_every_key_of_the_table_arrives_as_itself(tmp_path: Path, tmux: Tmux) -> None:
    keys = sorted({key for action in keymap.ACTIONS for key in action.keys})
    assert len(keys) >= 50
    keys += [chr(code) for code in range(ord("a"), ord("z") + 1)] + list("0123456789")
    program, heard = tmp_path / "listen.py", tmp_path / "heard"
    program.write_text(_LISTENER)
    folder = tmp_path / "private"
    folder.mkdir()
    tmux.shell(80, 24, f"{sys.executable} {program} {heard} {folder}; exec cat", PYTHONPATH=str(HERE))
    _until(tmux, heard, 1)
    for number, key in enumerate(keys):
        _press(tmux, key)
        # Escape is known for what it is only when nothing follows it: the next key waits until this one was heard.
        _until(tmux, heard, number + 2)
    assert _heard(heard)[1:] == keys


def _until(tmux: Tmux, file: Path, lines: int) -> None:
    """Wait until so many lines were heard; tmux's own clock is the pulse."""
    for _ in range(600):
        if len(_heard(file)) >= lines:
            return
        tmux.run("run-shell", "-d", "0.02", "")
    raise AssertionError(f"heard {_heard(file)[-3:]} and no more\n{tmux.text()}")
