"""Embeddings of frames: computed once per content, kept, found again by frame, and never trusted where damaged."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from core.assist import room as cache_room
from core.assist.embeddings import Embeddings, Filled
from core.assist.engines import choose
from core.assist.thumbs import Thumbnails
from core.errors import Cancelled
from core.progress import CancelToken, Progress
from tests.assist.rooms import Room, jpeg


def open_(room: Room) -> Embeddings:
    return Embeddings(room.ws, choose(room.ws))


def test_every_frame_is_read_once_and_found_again_later(room: Room) -> None:
    keys = room.fill(9)
    with open_(room) as embeddings:
        assert embeddings.fill(keys) == Filled(asked=9, known=9, computed=9, unreadable=0)
        first, known = embeddings.of(keys)
        assert known.all()
    with open_(room.again()) as embeddings:
        assert embeddings.fill(keys).computed == 0
        again, known = embeddings.of([*keys, "printer-timelapses/20251107/never.jpg"])
        assert known.tolist() == [True] * 9 + [False]
        assert (again[:9] == first).all()
        assert not again[9].any()


def test_frames_of_a_kind_lie_nearer_to_each_other_than_to_others(room: Room) -> None:
    keys = room.fill(10)
    with open_(room) as embeddings:
        embeddings.fill(keys)
        vectors, _ = embeddings.of(keys)
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    lit = np.arange(10) % 2 == 0
    assert apart[np.ix_(lit, lit)].max() < apart[np.ix_(lit, ~lit)].min()


def test_the_same_picture_under_two_names_is_computed_once(room: Room) -> None:
    keys = [room.put(0, jpeg(1)), room.put(5, jpeg(1))]
    with open_(room) as embeddings:
        assert embeddings.fill(keys).computed == 1
        assert (embeddings.rows(keys) == 0).all()


def test_another_picture_under_the_same_name_is_computed_anew(room: Room) -> None:
    key = room.put(0, jpeg(1))
    with open_(room) as embeddings:
        embeddings.fill([key])
        before, _ = embeddings.of([key])
        room.put(0, jpeg(1, lit=False))
        os.utime(room.ws.frame_path(key), (2_000_000, 2_000_000))
        assert embeddings.fill([key]).computed == 1
        after, _ = embeddings.of([key])
    assert (before != after).any()


def test_a_frame_that_can_not_be_read_is_counted_and_not_guessed(room: Room) -> None:
    keys = [*room.fill(3), room.put(3, b"no picture"), "printer-timelapses/20251107/20251107T235900.jpg"]
    with open_(room) as embeddings:
        for computed in (3, 0):
            found = embeddings.fill(keys)
            assert (found.known, found.computed, found.unreadable, found.away) == (3, computed, 1, 1)
        assert embeddings.of(keys)[1].tolist() == [True, True, True, False, False]


def test_another_part_of_the_picture_is_another_embedding(room: Room) -> None:
    [key] = [room.put(0, jpeg(1))]
    with open_(room) as embeddings:
        embeddings.fill([key])
        whole, _ = embeddings.of([key])
    (room.ws.root / "print-models.toml").write_text(
        "[sources.printer-timelapses]\nregion = [0.0, 0.0, 0.5, 0.5]\n"
    )
    with open_(room.again()) as embeddings:
        assert embeddings.fill([key]).computed == 1
        part, _ = embeddings.of([key])
    assert (whole != part).any()


def test_who_stops_keeps_what_is_done(room: Room) -> None:
    keys, token = room.fill(80), CancelToken()

    def stop(progress: Progress) -> None:
        token.cancel()

    with open_(room) as embeddings:
        with pytest.raises(Cancelled):
            embeddings.fill(keys, stop, token)
        kept = int(embeddings.of(keys)[1].sum())
        assert 0 < kept < 80
        assert embeddings.fill(keys).computed == 80 - kept


@pytest.mark.parametrize("spoil", ["rows.db", "vectors", "both ends", "gone"])
def test_what_is_damaged_is_computed_anew(room: Room, spoil: str) -> None:
    keys = room.fill(4)
    with open_(room) as embeddings:
        embeddings.fill(keys)
        good, _ = embeddings.of(keys)
        folder = embeddings.folder
    if spoil == "rows.db":
        (folder / "rows.db").write_bytes(b"x" * 5000)
    elif spoil == "vectors":
        os.truncate(folder / "vectors", 7)
    elif spoil == "both ends":
        with open(folder / "vectors", "ab") as file:
            file.write(b"half a row")
    else:
        (folder / "rows.db").unlink()
    with open_(room) as embeddings:
        assert embeddings.of(keys)[0].shape == good.shape
        embeddings.fill(keys)
        assert (embeddings.of(keys)[0] == good).all()
        room.put(9, jpeg(9))
        assert embeddings.fill([*keys, room.put(9, jpeg(9))]).computed == 1
        assert (embeddings.of(keys)[0] == good).all()


def test_who_reads_sees_what_another_process_computed(room: Room) -> None:
    keys = room.fill(4)
    with open_(room) as reader, open_(room.again()) as writer:
        assert not reader.of(keys)[1].any()
        writer.fill(keys[:2])
        assert reader.of(keys)[1].tolist() == [True, True, False, False]
        writer.fill(keys)
        assert reader.of(keys)[1].all()


class Other(Thumbnails):
    """Another engine's folder."""

    key = "other-1"


def test_the_engine_that_was_not_used_for_the_longest_makes_room(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = room.fill(6)
    with Embeddings(room.ws, Other()) as old:
        old.fill(keys)
        gone: Path = old.folder
    os.utime(gone / "used", (1, 1))
    monkeypatch.setattr(cache_room, "budget", lambda workspace: 30_000)
    with open_(room) as embeddings:
        assert embeddings.fill(keys).known == 6
    assert not gone.exists()


def test_where_there_is_no_room_it_says_how_many_are_left(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = room.fill(3)
    monkeypatch.setattr(cache_room, "budget", lambda workspace: 0)
    with open_(room) as embeddings:
        found = embeddings.fill(keys)
    assert (found.known, found.left) == (0, 3)
