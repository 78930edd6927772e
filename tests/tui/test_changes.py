"""What changes from frame to frame, as the app's lanes answer it: read, measured in the background, paused, as heat."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from core.workspace import Workspace
from tests.conftest import CAMERA, Place
from tests.frames.moving import Look, film, story
from tui.bridge import Bridge
from tui.changes import ChangesRead, HeatReady, Measured, Measuring

T = TypeVar("T")
STILL, PRINTING = Look(), Look(head=0, part=True)


class Desk:
    """A bridge whose messages are waited for by their kind."""

    def __init__(self, place: Place) -> None:
        self._said: queue.Queue[Any] = queue.Queue()
        self.bridge = Bridge(Workspace.open(place.root), self._said.put)
        self.bridge.index().scan()

    def next(self, kind: type[T]) -> T:
        """Wait for the next message of a kind; others before it are passed over."""
        while True:
            said = self._said.get(timeout=60)
            if isinstance(said, kind):
                return said

    def none_of(self, kind: type[object]) -> bool:
        """Whether no message of a kind waits."""
        return not any(isinstance(said, kind) for said in list(self._said.queue))


@pytest.fixture
def filmed(workspace: Callable[..., Place]) -> Place:
    made: Place = workspace(frames=0)
    keys = film(made.camera, story((15, STILL), (25, PRINTING), (15, Look(part=True))))
    return Place(made.root, made.camera, keys)


@pytest.fixture
def desk(filmed: Place) -> Iterator[Desk]:
    made = Desk(filmed)
    yield made
    made.bridge.close()


def test_a_day_is_measured_and_then_read_with_its_change_points(desk: Desk, filmed: Place) -> None:
    desk.bridge.changes(CAMERA, "20251107")
    before = desk.next(ChangesRead)
    assert (dict(before.changes), before.points) == ({}, ())
    desk.bridge.measure(filmed.keys[0])
    said = desk.next(Measuring)
    assert (said.done, said.total, said.day) == (16, 55, "20251107")
    assert desk.next(Measured) == Measured(55, 0)
    for day in ("20251107", ""):
        desk.bridge.changes(CAMERA, day)
        found = desk.next(ChangesRead)
        assert found.points == (filmed.keys[15], filmed.keys[40])
        assert set(found.changes) == set(filmed.keys)
        assert found.threshold > 0


def test_where_nothing_is_missing_nothing_is_said(desk: Desk, filmed: Place) -> None:
    desk.bridge.measure(filmed.keys[0])
    desk.next(Measured)
    desk.bridge.measure(filmed.keys[0])
    desk.bridge.changes(CAMERA)
    desk.next(ChangesRead)
    while not desk.bridge.idle:
        desk.bridge.changes(CAMERA)
        desk.next(ChangesRead)
    assert desk.none_of(Measured)
    assert desk.none_of(Measuring)


def test_measuring_pauses_and_goes_on(desk: Desk, filmed: Place) -> None:
    desk.bridge.pause_measuring(True)
    desk.bridge.measure(filmed.keys[0])
    desk.bridge.changes(CAMERA)
    assert not desk.next(ChangesRead).changes
    desk.bridge.pause_measuring(False)
    assert desk.next(Measured).frames == 55


def test_a_picture_goes_first(desk: Desk, filmed: Place) -> None:
    decoded = threading.Event()
    desk.bridge._pictures.ask("picture", decoded.wait)  # a picture that takes its time
    desk.bridge.measure(filmed.keys[0])
    for _ in range(3):
        desk.bridge.changes(CAMERA)
        assert not desk.next(ChangesRead).changes
    decoded.set()
    assert desk.next(Measured).frames == 55


def test_heat_is_a_picture_of_its_frame(desk: Desk, filmed: Place) -> None:
    desk.bridge.heat(filmed.keys[20], filmed.keys[19], (64, 36))
    found = desk.next(HeatReady)
    assert found.picture is not None
    assert (found.picture.columns, found.picture.rows) == (64, 36)
    assert found.picture.pixels[..., 0].max() > 150
    desk.bridge.heat(filmed.keys[5], filmed.keys[4], (64, 36))
    still = desk.next(HeatReady).picture
    assert still is not None
    assert still.pixels.max() < 120
    desk.bridge.heat(filmed.keys[5], f"{CAMERA}/20251107/20251107T010101.jpg", (64, 36))
    gone = desk.next(HeatReady)
    assert gone.picture is None
    assert gone.why


def test_leaving_ends_it_at_once_and_keeps_what_was_done(filmed: Place) -> None:
    first = Desk(filmed)
    first.bridge.measure(filmed.keys[0])
    first.next(Measuring)
    first.bridge.close()
    second = Desk(filmed)
    second.bridge.changes(CAMERA)
    second.next(ChangesRead)
    second.bridge.measure(filmed.keys[0])
    second.bridge.changes(CAMERA)
    while len(second.next(ChangesRead).changes) < 55:
        second.bridge.changes(CAMERA)
    second.bridge.close()
