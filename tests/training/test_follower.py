"""A follower whose connection is lost at the worst moments. No ssh, no torch."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from core.errors import Damaged, Lacking
from core.process import Completed, run
from core.training import elsewhere, events, follower
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


# --- its end --------------------------------------------------------------------------------------------------------

FILES = {"best.pt": b"best", "last.pt": b"last", "predictions.json": b"{}"}


def _named(**changed: bytes) -> dict[str, object]:
    files = {**FILES, **{name.replace("_", "."): data for name, data in changed.items()}}
    oids = {name: f"sha256:{hashlib.sha256(data).hexdigest()}" for name, data in files.items()}
    return {"event": "finished", "seq": 7, "files": oids, "exit_code": 0}


def _following(tmp_path: Path) -> tuple[follower.Follower, EventWriter]:
    writer = EventWriter(tmp_path)
    return follower.Follower(tmp_path, Place("bench", "/there", "r"), writer, threading.Event()), writer


def _bring(place: Place, name: str, target: Path) -> None:
    target.write_bytes(FILES[name])


def test_a_connection_lost_while_the_model_comes_back_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = [Lacking("bench can't be reached by ssh.", "Try it.")] * 3

    def bring(place: Place, name: str, target: Path) -> None:
        if name == "best.pt" and lost:
            raise lost.pop()
        _bring(place, name, target)

    monkeypatch.setattr(elsewhere, "bring", bring)
    monkeypatch.setattr(follower, "POLL_S", 0.01)
    monkeypatch.setattr(follower, "_LONGEST_S", 0.02)
    one, writer = _following(tmp_path)
    assert one._end(_named()) == 0
    writer.close()
    told = events.read(tmp_path / events.FILE).events
    assert [event["event"] for event in told if event["event"] != "heartbeat"] == ["alert", "finished"]
    assert (tmp_path / "best.pt").read_bytes() == b"best"


@pytest.mark.parametrize("name", FILES)
def test_whichever_file_is_not_the_one_that_was_announced_the_end_is_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(elsewhere, "bring", _bring)
    one, writer = _following(tmp_path)
    with pytest.raises(Damaged, match=f"{name} is not what bench announced: its bytes differ"):
        one._end(_named(**{name.replace(".", "_"): b"other"}))
    writer.close()
    assert not (tmp_path / name).exists()
    assert not [e for e in events.read(tmp_path / events.FILE).events if e["event"] == "finished"]


def test_a_model_that_is_not_there_is_no_end_but_a_stopped_one_may_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(place: Place, name: str, target: Path) -> None:
        raise elsewhere.Absent(f"{name} is not there.", "")

    monkeypatch.setattr(elsewhere, "bring", absent)
    one, writer = _following(tmp_path)
    with pytest.raises(Damaged, match=r"best\.pt is not what bench announced: it is not there"):
        one._end(_named())
    assert one._end({"event": "stopped", "seq": 8, "files": {}}) == 0
    writer.close()


def test_a_stop_that_was_refused_there_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes, asked = [1, 0], []

    def call(place: Place, *words: str) -> Completed:
        asked.append(words)
        return Completed(("ssh",), codes.pop(0), b"", "")

    monkeypatch.setattr(elsewhere, "call", call)
    one, writer = _following(tmp_path)
    one._stop()
    assert not one._told
    one._stop()
    assert one._told
    assert asked == [("stop", "r")] * 2
    writer.close()
    assert len(events.read(tmp_path / events.FILE).events) == 1


def test_an_answer_nobody_can_read_is_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "fetch", lambda place, name, offset=0: END[offset:])
    answers = [b"Traceback (most recent call last):", b"{}", b'{"runs": [{"id": "r", "state": "finished"}]}']
    monkeypatch.setattr(
        elsewhere, "call", lambda place, *words: Completed(("ssh",), 1, answers.pop(0), "it broke")
    )
    one, writer = _following(tmp_path)
    for _ in range(2):
        with pytest.raises(Lacking, match="does not say how its trainings stand: it broke"):
            one._look()
    assert one._look() is not None
    writer.close()


@pytest.mark.parametrize("folder", ["plain", "with a blank"])
def test_the_program_there_may_lie_in_a_folder_with_a_blank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    (tmp_path / folder).mkdir()
    tool = tmp_path / folder / "print-models"
    tool.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    tool.chmod(0o755)
    monkeypatch.setattr(
        elsewhere, "ask", lambda host, script, timeout: run(["sh", "-c", script], cwd=tmp_path, check=False)
    )
    done = elsewhere.call(Place("bench", str(tmp_path), "r", str(tool)), "stop", "a b")
    assert (done.code, done.text) == (0, "stop\na b\n")
