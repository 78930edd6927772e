"""`suggest` and `similar` on the command line: what is said, and how a wrong use is answered."""

from __future__ import annotations

from tests.assist.models import put_model
from tests.assist.rooms import Room
from tests.conftest import Cli

TASK = "offline-detection"


def label(room: Room, cli: Cli, keys: list[str], class_: str) -> None:
    cli(room.ws.root, "label", "--task", TASK, "--as", class_, *keys, "--who", "ana")


def test_it_says_what_is_missing_until_something_can_be_suggested(room: Room, cli: Cli) -> None:
    keys = room.fill(40)
    told = cli(room.ws.root, "suggest").out
    assert "Nothing is suggested yet: label some frames of each class." in told
    assert "Label next:" in told
    label(room, cli, keys[:24:2], "active")
    assert "label some frames of offline" in cli(room.ws.root, "suggest").out
    label(room, cli, keys[1:24:2], "offline")
    told = cli(room.ws.root, "suggest").out
    assert "24 labels →" in told
    assert "All labels are of one recording: nothing tells how right this is." in told
    assert "From other recordings" not in told
    assert "Sure enough" not in told


def refused(cli: Cli, room: Room, *words: str) -> tuple[int, str]:
    told = cli(room.ws.root, *words)
    return told.code, told.err


def test_a_model_that_is_none_or_not_here_is_said(room: Room, cli: Cli) -> None:
    room.fill(2)
    code, said = refused(cli, room, "suggest", "--model", "nope")
    assert (code, "There is no model" in said) == (2, True)
    code, said = refused(cli, room, "suggest", "--model", "nope", "--watch")
    assert (code, "Leave --model out" in said) == (2, True)
    path = put_model(room.ws, room.ws.task(TASK), "offline-detector-v1")
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n")
    code, said = refused(cli, room, "suggest", "--model", "offline-detector-v1")
    assert (code, "fetch offline-detector-v1" in said) == (5, True)


def test_what_looks_like_a_frame_that_is_none_is_said(room: Room, cli: Cli) -> None:
    keys = room.fill(4)
    bad = room.put(9, b"no picture")
    code, said = refused(cli, room, "similar", "printer-timelapses/x.jpg")
    assert (code, "is no frame that counts here" in said) == (2, True)
    code, said = refused(cli, room, "similar", bad)
    assert (code, "can't be looked at" in said) == (5, True)
    assert cli(room.ws.root, "similar", keys[0]).out.startswith(keys[2])
