"""The file of suggestions: what is believed of it, what is said where it can't be, and its runs told frame by frame."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.frames.index import Frame
from core.frames.names import source_of
from core.labels.predictions import Guess
from core.labels.queues import members
from core.labels.suggested import Expanded, Run, newer, read_suggestions
from tests.labels.worlds import IDLE, frame, world

FRAMES = [frame(number) for number in range(12)]
OTHERS = [frame(number, "other") for number in range(5)]
KEYS = [one.key for one in FRAMES]


def said(**given: Any) -> dict[str, Any]:
    """A whole file as `suggest` writes it, with some of it otherwise."""
    run = {
        "first": KEYS[0],
        "last": KEYS[3],
        "frames": 4,
        "label": "Offline",
        "confidence": 0.87,
        "why": "as 23:40",
    }
    doubt = {
        "frame": KEYS[5],
        "label": "active",
        "suggested": "offline",
        "confidence": 0.9,
        "evidence": [KEYS[1]],
    }
    whole = {
        "format": 1, "task": "offline-detection", "engine": "thumbnails", "engine_text": "small pictures",
        "labels_seq": 7, "labelled": 42, "made_at": "2025-11-20T10:00:00+00:00", "share_right": 0.98, "runs": [run],
        "next": [{"frame": KEYS[7], "why": "nothing like it is labelled"}], "doubts": [doubt],
        "curve": [{"recordings": 2, "balanced": 0.8, "low": 0.7, "high": 0.9}], "enough": True, "hint": "record a night",
    }  # fmt: skip
    return {**whole, **given}


def read(path: Path, data: Any) -> Any:
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return read_suggestions(path, IDLE)


def test_all_that_the_file_says_is_there(tmp_path: Path) -> None:
    found, odd = read(tmp_path / "a.json", said())
    assert odd == ""
    assert (found.engine, found.labelled, found.share_right, found.enough) == (
        "small pictures",
        42,
        0.98,
        True,
    )
    assert found.runs == (Run(KEYS[0], KEYS[3], Guess("offline", 0.87), "as 23:40", frames=4),)
    assert found.asked == {KEYS[7]: "nothing like it is labelled"}
    assert found.doubts[KEYS[5]].suggested == "offline"
    assert found.doubts[KEYS[5]].evidence == (KEYS[1],)
    assert found.curve[0].high == 0.9
    assert found.hint == "record a night"
    assert read_suggestions(tmp_path / "none.json", IDLE) == (None, "")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"format": 1, "runs": [', "can't be read"),
        (b"[" * 100_000, "can't be read"),
        (b"\xff\xfe\x00", "can't be read"),
        (b"[]", "form that is not known"),
        (said(format=2), "form that is not known"),
        (said(task="failed-print-detection"), "another task"),
    ],
)
def test_a_file_that_cant_be_used_is_one_sentence(tmp_path: Path, data: Any, words: str) -> None:
    found, odd = read(tmp_path / "a.json", data)
    assert found is None
    assert words in odd
    assert "a.json" in odd


def test_a_file_that_is_too_large_or_no_file_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with open(path, "wb") as file:
        os.truncate(file.fileno(), 65_000_000)  # a hole: it takes no room
    found, odd = read_suggestions(path, IDLE)
    assert found is None
    assert "larger than" in odd
    path.unlink()
    os.mkfifo(path)
    found, odd = read_suggestions(path, IDLE)
    assert found is None
    assert "can't be read" in odd


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from(sorted(said())), value=ANYTHING, inner=st.booleans())
def test_whatever_stands_in_its_entries_nothing_breaks(
    tmp_path_factory: Any, name: str, value: Any, inner: bool
) -> None:
    whole = said()
    if inner and isinstance(whole[name], list):
        part = dict(whole[name][0])
        part[next(iter(part))] = value
        value = [part, value, whole[name][0]]
    found, odd = read(tmp_path_factory.getbasetemp() / "any.json", {**whole, name: value})
    assert isinstance(odd, str)
    if found is not None:
        Expanded(found.runs, {"cam": FRAMES}).get(KEYS[0])


def test_entries_that_cant_be_used_are_counted_and_the_others_stay(tmp_path: Path) -> None:
    good = said()["runs"][0]
    rows = [
        good,
        {**good, "label": "no class of ours"},
        {**good, "last": OTHERS[0].key},
        7,
        {**good, "first": None},
    ]
    found, odd = read(tmp_path / "a.json", said(runs=rows))
    assert len(found.runs) == 1
    assert odd == "a.json: 4 entries left out."


@given(
    cuts=st.lists(st.tuples(st.integers(0, 13), st.integers(0, 13), st.booleans()), max_size=6),
    gone=st.sets(st.integers(0, 11), max_size=6),
)
def test_runs_tell_of_every_frame_that_is_there_and_of_no_other(cuts: list[Any], gone: set[int]) -> None:
    every = [frame(number) for number in range(14)]
    there = [one for at, one in enumerate(every) if at not in gone]
    runs = [
        Run(every[a].key, every[b].key, Guess("offline" if off else "active", 0.5), frames=b - a + 1)
        for a, b, off in cuts
    ]
    found = Expanded(runs, {"cam": there, "other": OTHERS})
    plain: dict[str, Guess] = {}
    taken: list[tuple[int, int]] = []
    for run in sorted(
        runs,
        key=lambda run: (
            [one.key >= run.first for one in there].count(False),
            sum(one.key <= run.last for one in there),
        ),
    ):
        inside = [at for at, one in enumerate(there) if run.first <= one.key <= run.last]
        if inside and all(inside[0] >= end for _, end in taken):
            taken.append((inside[0], inside[-1] + 1))
            plain.update({there[at].key: run.guess for at in inside})
    assert dict(found.items()) == dict(found) == dict(zip(found, found.values(), strict=True)) == plain
    places, guesses = found.places_in(there) or ([], [])
    assert [there[at].key for at in places] == list(plain)
    assert guesses == list(plain.values())
    assert not plain or found.places_in(list(there)) is None
    assert len(found) == len(plain)
    assert {one.key: found.get(one.key) for one in every} == {one.key: plain.get(one.key) for one in every}
    assert found.get("other/nothing.jpg") is None
    assert found.get("no key") is None


def test_filters_and_queues_take_them_as_predictions() -> None:
    runs = [
        Run(KEYS[0], KEYS[3], Guess("offline", 0.95)),
        Run(KEYS[4], KEYS[5], Guess("active", 0.6)),
        Run(KEYS[6], KEYS[11], Guess("offline", 0.99)),
    ]
    by_source: dict[str, list[Frame]] = {}
    for one in [*FRAMES, *OTHERS]:
        by_source.setdefault(source_of(one.key), []).append(one)
    facts = world([*FRAMES, *OTHERS], labels=["oo", "gg"])
    facts.guesses[IDLE.name] = Expanded(runs, by_source)  # type: ignore[index]
    assert members("flips", facts) == (KEYS[4],)
    assert members("uncertain", facts) == (KEYS[4],)


def test_the_newer_of_suggestions_and_predictions_is_used(desk: Any) -> None:
    ws, task = desk.ws, desk.task
    assert not newer(ws, task)
    folder = ws.ensure_private() / "assist"
    folder.mkdir()
    path = folder / "offline-detection.json"
    path.write_text("{}")
    assert newer(ws, task)
    other = ws.root / task.predictions
    other.parent.mkdir(exist_ok=True)
    other.write_text("{}")
    os.utime(path, ns=(5, 5))
    assert not newer(ws, task)
    os.utime(other, ns=(4, 4))
    assert newer(ws, task)
