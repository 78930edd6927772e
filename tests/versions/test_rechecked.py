"""What `check` remembers of a draft is what it would find now, whatever was done in between, to pictures too."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.versions import gates, rechecked
from core.versions import plan as planning
from core.versions.kept import keep
from tests.versions.conftest import House
from tests.versions.test_warm import rest


def age(made: House) -> None:
    rest(made.ws.private, made.ws.dataset_root(made.task), made.ws.data)


def told(made: House) -> list[dict[str, Any]]:
    """Return what a check finds, without how much room others leave on the disk just now."""
    made.index.scan()
    found = gates.of_draft(made.ws, made.store, made.index, made.task)
    return [{**one.as_json(), "text": one.text.partition(", of ")[0]} for one in found]


def memory(made: House) -> Path:
    return made.ws.cache / f"check-{made.task.name}.bin"


def fresh(made: House) -> list[dict[str, Any]]:
    memory(made).unlink(missing_ok=True)
    return told(made)


@pytest.fixture
def settled(house: Callable[..., House]) -> House:
    """A workspace whose labels are bound to pictures that were written a while ago, checked once."""
    made = house(16, every=600)
    rest(made.camera)
    made.index.scan()
    made.label(made.keys[:9], "offline", bind=True)
    made.label(made.keys[9:], "active", bind=True)
    for _ in range(2):  # the first check makes the tables that it looks into
        age(made)
        told(made)
    assert memory(made).exists()
    return made


def test_asked_again_no_draft_is_made(settled: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first = told(settled)

    def not_again(*_: object, **__: object) -> None:
        raise AssertionError("it was made again")

    monkeypatch.setattr(planning, "draft", not_again)
    assert told(settled) == first
    settled.label(settled.keys[:1], "active", bind=True)
    with pytest.raises(AssertionError, match="made again"):
        told(settled)


def test_a_picture_written_over_in_its_place_is_found(settled: House) -> None:
    path = settled.frame(settled.keys[3])
    before = path.parent.stat()
    with path.open("r+b") as file:
        file.write(b"other")
    assert path.parent.stat().st_mtime_ns == before.st_mtime_ns, "the folder tells nothing"
    found = {one["id"]: one for one in told(settled)}
    assert (found["changed"]["level"], found["changed"]["frames"]) == ("block", [settled.keys[3]])


def test_why_a_camera_is_away_is_said_as_it_is(settled: House) -> None:
    shutil.rmtree(settled.camera)
    settled.camera.mkdir()
    for _ in range(2):
        age(settled)
        first = {one["id"]: one["text"] for one in told(settled)}
    settled.camera.rmdir()
    second = {one["id"]: one["text"] for one in told(settled)}
    assert "is empty" in first["camera"]
    assert "points nowhere" in second["camera"]


def test_a_rule_of_git_is_asked_each_time(settled: House) -> None:
    first = told(settled)
    name = Path(settled.keys[4]).name
    with (settled.ws.root / ".gitignore").open("a") as file:
        file.write(f"\n/datasets/*/v1/*/{name}\n")
    found = {one["id"]: one for one in told(settled)}
    assert "ignored" not in {one["id"] for one in first}
    assert found["ignored"]["level"] == "block"


def test_what_may_still_be_written_is_not_kept(settled: House) -> None:
    path = settled.frame(settled.keys[0])
    at = time.time()
    os.utime(path, (at, at))
    age(settled)
    memory(settled).unlink()
    told(settled)
    assert not memory(settled).exists()


def _steps(made: House, pick: random.Random) -> list[Callable[[], object]]:
    """What happens to labels, and to pictures wherever they lie."""
    some = pick.sample(made.keys, 3)
    places = [path for path in made.ws.kept.rglob("*") if path.is_file()] if made.ws.kept.is_dir() else []

    def write_over() -> None:
        with made.frame(some[0]).open("ab") as file:
            file.write(b"more")

    return [
        lambda: made.label(some, "active"),
        lambda: made.store.mark(some[0], who="ana", mark="excluded", reason="blurred"),
        lambda: made.store.undo("ana"),
        lambda: made.frame(some[2]).unlink(missing_ok=True),
        lambda: keep(made.ws, made.store, made.task, some),
        lambda: pick.choice(places).unlink() if places else None,
        lambda: shutil.rmtree(made.frame(some[0]).parent, ignore_errors=True),
        write_over,
    ]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_it_is_what_would_be_found_now(settled: House, seed: int) -> None:
    pick = random.Random(seed)
    keep(settled.ws, settled.store, settled.task, settled.keys[:5])
    for turn in range(7):
        age(settled)
        told(settled)
        step = pick.choice(_steps(settled, pick))
        try:
            step()
        except OSError:  # a picture that is gone by now
            continue
        if pick.random() < 0.5:
            age(settled)
            rest(settled.camera)
        remembered = told(settled)
        assert remembered == fresh(settled), f"turn {turn}"


@pytest.mark.parametrize("spoil", [b"", b"no memory", None])
def test_a_damaged_memory_is_no_memory(settled: House, spoil: bytes | None) -> None:
    wanted, path = told(settled), memory(settled)
    held = path.read_bytes()
    path.write_bytes(held[:-9] if spoil is None else spoil)
    age(settled)
    assert told(settled) == wanted
    named = rechecked.key(settled.ws, settled.task, settled.index)
    assert rechecked.recall(settled.ws, settled.task, named) is not None
