"""What trainings keep by content: found again, never trusted when damaged, never larger than it may be."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from core.training.cache import Cache


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "training.db"


def test_what_is_put_is_found_by_its_kind_and_key_also_later(path: Path) -> None:
    with Cache(path) as cache:
        cache.put("pixels 32x64", {"a": b"one", "b": b"two"})
        cache.put("pixels 64x64", {"a": b"other"})
    with Cache(path) as cache:
        assert cache.get("pixels 32x64", ["a", "b", "c"]) == {"a": b"one", "b": b"two"}
        assert cache.get("pixels 64x64", ["a"]) == {"a": b"other"}
        assert cache.get("nothing", ["a"]) == {}


def test_more_keys_than_a_statement_takes_are_found(path: Path) -> None:
    many = {f"key {number}": bytes([number % 251]) * 8 for number in range(1500)}
    with Cache(path) as cache:
        cache.put("k", many)
        assert cache.get("k", list(many)) == many


@pytest.mark.parametrize("spoil", ["another's bytes", "a turned bit", "a text"])
def test_an_entry_that_is_not_as_it_was_written_is_not_given(path: Path, spoil: str) -> None:
    with Cache(path) as cache:
        cache.put("k", {"a": b"mine" * 9, "b": b"yours" * 9})
    said = {"another's bytes": b"yours" * 9, "a turned bit": b"minf" + b"mine" * 8, "a text": "mine" * 9}[
        spoil
    ]
    with sqlite3.connect(path) as other:
        other.execute("UPDATE entry SET data = ? WHERE key = 'a'", (said,))
        if spoil == "another's bytes":
            other.execute("UPDATE entry SET crc = (SELECT crc FROM entry WHERE key = 'b') WHERE key = 'a'")
    other.close()
    with Cache(path) as cache:
        assert cache.get("k", ["a", "b"]) == {"b": b"yours" * 9}
        cache.put("k", {"a": b"mine" * 9})
        assert cache.get("k", ["a"]) == {"a": b"mine" * 9}


@pytest.mark.parametrize("content", [b"no database at all" * 400, b"SQLite format 3\0" + bytes(5000), b""])
def test_a_damaged_file_makes_way_for_an_empty_one(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with Cache(path) as cache:
        assert cache.get("k", ["a"]) == {}
        cache.put("k", {"a": b"1"})
    with Cache(path) as cache:
        cache.put("k", {"a": b"1"})
        assert cache.get("k", ["a"]) == {"a": b"1"}


def test_damage_in_the_middle_of_it_is_only_slow(path: Path) -> None:
    items = {f"key {number}": bytes(5000) for number in range(50)}
    with Cache(path) as cache:
        cache.put("k", items)
    data = bytearray(path.read_bytes())
    for at in range(4096, len(data), 4096):
        data[at : at + 100] = b"\xff" * 100
    path.write_bytes(data)
    with Cache(path) as cache:
        assert cache.get("k", list(items)).items() <= items.items()
        cache.put("k", items)
        cache.put("k", items)
        assert cache.get("k", list(items)) == items


def test_what_was_not_asked_for_the_longest_goes_first(path: Path) -> None:
    with Cache(path, most=10_000) as cache:
        for kind in ("old", "newer"):
            cache.put(kind, {f"{number}": bytes(1000) for number in range(4)})
        assert cache.get("old", ["0"])  # asked for again: now "newer" is the one not asked for the longest
        cache.put("newest", {f"{number}": bytes(1000) for number in range(4)})
        assert cache.size <= 10_000
        assert len(cache.get("old", ["0", "1", "2", "3"])) == 4
        assert len(cache.get("newer", ["0", "1", "2", "3"])) < 4
        assert len(cache.get("newest", ["0", "1", "2", "3"])) == 4
        for number in range(30):
            cache.put("newest", {f"more {number}": bytes(1000)})
        assert cache.size <= 10_000
        assert cache.get("newest", ["more 29"])


def test_without_a_place_it_keeps_nothing_and_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (None, tmp_path / "file" / "training.db"):
        with Cache(place) as cache:
            cache.put("k", {"a": b"1"})
            assert cache.get("k", ["a"]) == {}
