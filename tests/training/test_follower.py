"""A follower whose connection is lost at the worst moments. No ssh, no torch."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from core.errors import Lacking
from core.process import run
from core.training import elsewhere, follower
from core.training.elsewhere import Place
from core.training.events import EventWriter

END = b'{"event":"finished","seq":1}\n'


def test_an_end_is_read_again_where_the_connection_was_lost_when_it_was_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Exception | dict[str, str]] = [Lacking("not reached.", ""), {"state": "finished"}]

    def standing(place: Place) -> dict[str, str]:
        answer = said.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(elsewhere, "fetch", lambda place, name, offset=0: END[offset:])
    monkeypatch.setattr(elsewhere, "standing", standing)
    writer = EventWriter(tmp_path)
    one = follower.Follower(tmp_path, Place("bench", "/there", "r"), writer, threading.Event())
    with pytest.raises(Lacking):
        one._look()
    found = one._look()
    assert found is not None
    assert found["event"] == "finished"
    writer.close()


def test_a_wish_to_end_that_cannot_be_passed_on_is_not_tried_without_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "POLL_S", 0.2)
    wish, writer = threading.Event(), EventWriter(tmp_path)
    wish.set()
    one = follower.Follower(tmp_path, Place("bench", "/there", "r"), writer, wish)
    begun = time.monotonic()
    one._rest(5.0)
    assert time.monotonic() - begun >= 0.15
    writer.close()


def test_a_file_that_is_not_there_is_said_whatever_language_is_spoken_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain shell stands for ssh; its `tail` answers in its own words."""
    words = tmp_path / "bin"
    words.mkdir()
    (words / "tail").write_text('#!/bin/sh\necho "Datei nicht gefunden" >&2\nexit 1\n')
    (words / "tail").chmod(0o755)
    monkeypatch.setenv("PATH", f"{words}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(
        elsewhere, "ask", lambda host, script, timeout: run(["sh", "-c", script], cwd=tmp_path, check=False)
    )
    with pytest.raises(Lacking, match=r"best\.pt of r is not on bench"):
        elsewhere.bring(Place("bench", str(tmp_path), "r"), "best.pt", tmp_path / "best.pt")
    assert not (tmp_path / "best.pt").exists()
