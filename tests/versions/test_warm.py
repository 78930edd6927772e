"""What is remembered of a draft is what would be found now, whatever was done in between."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest

from core.commands import overview
from core.errors import PrintModelsError
from core.versions import plan as planning
from core.versions import warm
from core.versions.kept import keep
from tests.conftest import Cli, Place
from tests.versions.conftest import House


def rest(*folders: Path) -> None:
    """Make everything look as if it had been at rest for a while, as it is when a person asks again."""
    at = time.time() - 60
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            if path.exists() and not path.is_symlink():
                os.utime(path, (at, at))


def age(made: House) -> None:
    rest(made.ws.private, made.ws.dataset_root(made.task))


def told(made: House) -> dict[str, object]:
    made.index.scan()
    found, base = overview._draft(made.ws, made.store, made.index, made.task)
    return {**asdict(found), "latest": base}


def fresh(made: House) -> dict[str, object]:
    (made.ws.cache / "drafts.json").unlink(missing_ok=True)
    return told(made)


def test_asked_again_the_draft_is_not_made_again(
    house: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = house(8)
    made.label(made.keys, "offline", bind=True)
    rest(made.camera)
    made.index.scan()
    age(made)
    first = told(made)

    def not_again(*_: object, **__: object) -> None:
        raise AssertionError("it was made again")

    monkeypatch.setattr(planning, "draft", not_again)
    assert told(made) == first
    made.label(made.keys[:1], "active", bind=True)
    with pytest.raises(AssertionError, match="made again"):
        told(made)


def test_what_was_written_a_moment_ago_is_not_kept(house: Callable[..., House]) -> None:
    made = house(4)
    made.label(made.keys, "offline", bind=True)
    at = time.time()
    os.utime(made.ws.labels_db, (at, at))
    told(made)
    assert not (made.ws.cache / "drafts.json").exists()


def test_sizes_that_only_the_camera_tells_are_asked_each_time(house: Callable[..., House]) -> None:
    made = house(4)
    made.label(made.keys, "offline")
    age(made)
    before = told(made)
    with made.frame(made.keys[0]).open("ab") as file:  # the folder's own times stay as they are
        file.write(bytes(1000))
    age(made)
    assert told(made)["bytes"] == before["bytes"] + 1000


def _steps(made: House, pick: random.Random) -> list[Callable[[], object]]:
    """What people and programs do to what a draft is made of."""
    some = pick.sample(made.keys, 3)

    withdrawn = made.ws.dataset_root(made.task) / "withdrawn.json"
    withdrawn.parent.mkdir(parents=True, exist_ok=True)
    return [
        lambda: made.label(some, "active", bind=True),
        lambda: made.label(some, "offline", "stretch", bind=True),
        lambda: made.store.set(made.task, some[:1], None, who="ana"),
        lambda: made.store.mark(some[0], who="ana", mark="excluded", reason="blurred"),
        lambda: made.store.mark(some[1], who="ana", mark="excluded", reason="private"),
        lambda: made.store.undo("ana"),
        lambda: made.frame(some[2]).unlink(missing_ok=True),
        lambda: made.export(),
        lambda: withdrawn.write_text(json.dumps({"v1": {"reason": "wrong"}})),
        lambda: withdrawn.unlink(missing_ok=True),
        lambda: keep(made.ws, made.store, made.task, some),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_done_it_is_what_would_be_found_now(house: Callable[..., House], seed: int) -> None:
    made, pick = house(14), random.Random(seed)
    made.label(made.keys[:6], "offline", bind=True)
    made.label(made.keys[6:9], "active", "stretch", bind=True)
    told(made)
    for turn in range(9):
        age(made)
        assert told(made) == told(made)
        step = pick.choice(_steps(made, pick))
        with suppress(PrintModelsError):  # what can't be done just then, as an export of nothing new
            step()
        if pick.random() < 0.5:
            age(made)
        remembered = told(made)
        assert remembered == fresh(made), f"turn {turn}"


@pytest.mark.parametrize(
    "spoil", [b"", b"{}", b"[1]", b'{"status of offline-detection": 3}', b"\xff\xfe", None]
)
def test_a_damaged_memory_is_no_memory(house: Callable[..., House], spoil: bytes | None) -> None:
    made = house(4)
    made.label(made.keys, "offline", bind=True)
    rest(made.camera)
    made.index.scan()
    age(made)
    wanted = told(made)
    path = made.ws.cache / "drafts.json"
    held = json.loads(path.read_bytes())
    if spoil is None:  # the right key, and an answer of another form
        held["status of offline-detection"]["answer"] = {"base": 5}
        spoil = json.dumps(held).encode()
    path.write_bytes(spoil)
    assert told(made) == wanted
    assert json.loads(path.read_bytes()).keys() == held.keys()


def test_it_stays_small(house: Callable[..., House]) -> None:
    made = house(4)
    for number in range(40):
        warm.once(made.ws, f"answer {number}", lambda: "same", lambda: ({"some": "x" * 1000}, True), dict)
    warm.once(made.ws, "long", lambda: "same", lambda: ({"some": "x" * 1_000_000}, True), dict)
    path = made.ws.cache / "drafts.json"
    assert len(json.loads(path.read_bytes())) <= 16
    assert path.stat().st_size < 64_000


def test_diff_says_the_same_from_memory(workspace: Callable[..., Place], cli: Cli) -> None:
    place = workspace(frames=6)
    assert cli(place.root, "label", "--as", "offline", *place.keys[:4]).code == 0
    assert cli(place.root, "label", "--as", "active", *place.keys[4:]).code == 0
    assert cli(place.root, "export").code == 0
    assert cli(place.root, "label", "--as", "active", place.keys[0]).code == 0
    rest(place.camera)
    assert cli(place.root, "diff").code == 0, "the file list is brought up to date"
    rest(place.root / ".print-models", place.root / "datasets")
    for words in (("diff", "--json", "--exit-code"), ("diff", "v1", "draft", "--frames")):
        first, again = cli(place.root, *words), cli(place.root, *words)
        assert (place.root / ".print-models/cache/drafts.json").exists()
        assert (first.code, first.out, first.err) == (again.code, again.out, again.err)
        (place.root / ".print-models/cache/drafts.json").unlink(missing_ok=True)
        assert cli(place.root, *words).out == first.out
