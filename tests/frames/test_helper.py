"""Decoding in a helper process: the same answers, and what befalls the helper befalls nobody else."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Cancelled
from core.frames import decode
from core.frames.check import Unreadable
from core.frames.helper import Helpers, Limits
from core.progress import CancelToken
from tests.frames import bad_worker
from tests.frames.conftest import Camera
from tests.frames.test_decode import JPEG, picture

SHORT = Limits(cpu_s=1, read_s=1.0, decode_s=15.0, patience_s=0.1)


def commented(word: bytes) -> bytes:
    """The usual picture with a comment in it."""
    return JPEG[:2] + b"\xff\xfe" + (len(word) + 2).to_bytes(2, "big") + word + JPEG[2:]


@pytest.fixture
def helpers() -> Iterator[Helpers]:
    made = Helpers(most=1)
    yield made
    made.close()


@pytest.fixture
def bad() -> Iterator[Helpers]:
    made = Helpers(most=1, limits=SHORT)
    made.command = bad_worker.COMMAND
    yield made
    made.close()


def test_a_helper_says_what_decoding_here_says(camera: Camera, helpers: Helpers) -> None:
    for name, data in (
        ("20251107T080000.jpg", picture(640, 360)),
        ("20251107T080100.jpg", picture(kind="PNG")),
        ("20251107T080200é [x]\n.jpg", JPEG),
    ):
        path = camera.put(name, data)
        assert helpers.load(path, (32, 32)) == decode.load(path, (32, 32))
    assert helpers.brightness(JPEG) == decode.brightness(JPEG)


@pytest.mark.parametrize(
    "data", [b"", b"<html>", JPEG[:-40], b"version https://git-lfs.github.com/spec/v1\n"]
)
def test_a_helper_refuses_what_decoding_here_refuses(camera: Camera, helpers: Helpers, data: bytes) -> None:
    path = camera.put("20251107T080000.jpg", data)
    with pytest.raises(Unreadable) as here:
        decode.load(path)
    with pytest.raises(Unreadable) as there:
        helpers.load(path)
    assert (there.value.what, there.value.remedy, there.value.exit_code) == (
        here.value.what,
        here.value.remedy,
        here.value.exit_code,
    )


def test_a_frame_that_was_just_written_waits(camera: Camera, helpers: Helpers) -> None:
    path = camera.put("20251107T080000.jpg", JPEG, fresh=True)
    with pytest.raises(Unreadable, match="being written") as refused:
        helpers.load(path, settled=True)
    assert refused.value.passing
    assert refused.value.exit_code == 4
    assert helpers.load(path).width == 64, "what is no frame of a camera need not wait"
    os.utime(path, (1, 1))
    assert helpers.load(path, settled=True).width == 64


@pytest.mark.parametrize(("word", "said"), [(b"CRASH", "SIGSEGV"), (b"LOOP", "did not come to an end")])
def test_what_ends_a_helper_is_an_unreadable_picture(
    camera: Camera, bad: Helpers, word: bytes, said: str
) -> None:
    whole = camera.put("20251107T080000.jpg", JPEG)
    harmful = camera.put("20251107T080100.jpg", commented(word))
    assert bad.load(whole).width == 64
    with pytest.raises(Unreadable, match=said):
        bad.load(harmful)
    begin = time.monotonic()
    with pytest.raises(Unreadable, match=said):
        bad.load(harmful)
    assert time.monotonic() - begin < 0.5, "a picture that did it once is not tried again at once"
    assert bad.load(whole).width == 64
    assert bad.brightness(JPEG) > 0


def test_memory_is_limited(camera: Camera, bad: Helpers) -> None:
    path = camera.put("20251107T080100.jpg", commented(b"EAT"))
    with pytest.raises(Unreadable):
        bad.load(path)
    assert bad.load(camera.put("20251107T080000.jpg", JPEG)).width == 64


def test_a_disk_that_does_not_answer_is_given_up(camera: Camera, bad: Helpers) -> None:
    path = camera.put("20251107T080000_hang.jpg", JPEG)
    with pytest.raises(Unreadable, match="has not answered for 1 second") as refused:
        bad.load(path)
    assert refused.value.exit_code == 5
    assert bad.load(camera.put("20251107T080000.jpg", JPEG)).width == 64


def test_who_no_longer_wants_a_picture_waits_for_no_disk(camera: Camera) -> None:
    slow = Helpers(most=1, limits=Limits(patience_s=0.1))
    slow.command = bad_worker.COMMAND
    path = camera.put("20251107T080000_hang.jpg", JPEG)
    token = CancelToken()
    threading.Timer(0.3, token.cancel).start()
    with pytest.raises(Cancelled):
        slow.load(path, cancel=token)
    assert slow.load(camera.put("20251107T080100.jpg", JPEG)).width == 64
    slow.close()


def test_where_no_process_can_be_had_pictures_are_decoded_here(camera: Camera, tmp_path: Path) -> None:
    for command in ([str(tmp_path / "not there")], ["/bin/false"]):
        lonely = Helpers(most=1)
        lonely.command = command
        lonely.start()
        assert lonely.load(camera.put("20251107T080000.jpg", JPEG)).width == 64
        assert lonely.brightness(JPEG) > 0


def test_several_threads_share_the_helpers(camera: Camera) -> None:
    many = Helpers(most=2)
    path = camera.put("20251107T080000.jpg", JPEG)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(many.load(path).width)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [64] * 8
    many.close()


def test_where_no_helper_starts_nobody_waits_for_one(camera: Camera, helpers: Helpers) -> None:
    helpers.command = ["/bin/false"]
    path = camera.put("20251107T080000.jpg", JPEG)
    shown: list[decode.Picture] = []
    callers = [
        threading.Thread(target=lambda: shown.append(helpers.load(path, (32, 32))), daemon=True)
        for _ in range(6)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=10)
    assert len(shown) == len(callers)
