"""The draft: what the rule takes of painted stretches, what it always keeps, and that nothing is lost in counting."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.frames.framelist import Frame
from core.labels.model import Label, Mark
from core.versions.manifest import Info, Item, Version
from core.versions.selection import Draft, draft, spread
from core.workspace import Workspace
from tests.conftest import Cli
from tests.versions.conftest import House


def frames_of(found: Draft) -> list[str]:
    return [chosen.frame for chosen in found.chosen]


def drawn(house: House, **words: object) -> Draft:
    return draft(house.ws, house.store, house.index, house.task, **words)


@given(st.integers(1, 3000), st.integers(1, 40))
def test_a_fresh_stretch_gives_at_most_that_many_evenly_with_both_ends(count: int, most: int) -> None:
    places = spread([False] * count, most)
    assert places == sorted(set(places))
    assert places[0] == 0
    assert places[-1] == count - 1
    assert len(places) == (min(count, most) if most >= 2 else min(count, 2))
    steps = {b - a for a, b in pairwise(places)}
    assert not steps or most < 2 or max(steps) - min(steps) <= 1


@given(st.lists(st.booleans(), min_size=1, max_size=400), st.integers(2, 20))
def test_what_is_held_near_a_place_counts_and_asking_twice_adds_nothing(held: list[bool], most: int) -> None:
    places = spread(held, most)
    assert len(places) <= most
    now = [known or i in places for i, known in enumerate(held)]
    assert not {i for i in spread(now, most) if not now[i]}
    if len(held) > most:
        spacing = (len(held) - 1) / (most - 1)
        gaps = [b - a for a, b in pairwise([i for i, known in enumerate(now) if known])]
        assert max(gaps) <= 2 * spacing + 1


def test_a_painted_day_becomes_its_telling_frames(house: Callable[..., House]) -> None:
    made = house(400)
    made.label(made.keys[:250], "offline", "stretch")
    made.label(made.keys[250:], "active", "stretch")
    found = drawn(made)
    assert found.labelled == 400
    assert len(found.chosen) == 24
    assert {made.keys[i] for i in (0, 249, 250, 399)} <= set(frames_of(found))
    assert found.left_out_by_rule == 376
    assert found.classes == {"offline": 12, "active": 12}


def test_singles_corrections_and_imports_are_always_in(house: Callable[..., House]) -> None:
    made = house(200)
    made.label(made.keys[:150], "offline", "stretch")
    before = set(frames_of(drawn(made)))
    made.label([made.keys[77]], "active")
    made.label(made.keys[160:170], "active", "imported")
    made.label(made.keys[180:185], "offline", "hand")
    after = set(frames_of(drawn(made)))
    assert before <= after
    assert after - before == {made.keys[i] for i in (76, 77, 78, *range(160, 170), *range(180, 185))} - before


def test_a_correction_after_a_release_adds_itself_and_its_neighbours_only(
    house: Callable[..., House],
) -> None:
    made = house(300)
    made.label(made.keys[:200], "offline", "stretch", bind=True)
    made.label(made.keys[200:], "active", "stretch", bind=True)
    made.export()
    assert drawn(made).changes == (0, 0, 0)
    made.label([made.keys[101]], "active", bind=True)
    assert drawn(made).changes == (3, 0, 0)
    made.export()
    assert drawn(made).changes == (0, 0, 0)


def test_a_gap_without_labels_ends_a_stretch(house: Callable[..., House]) -> None:
    made = house(120)
    made.label([*made.keys[:50], *made.keys[70:]], "offline", "stretch")
    kept = set(frames_of(drawn(made)))
    assert {made.keys[i] for i in (0, 49, 70, 119)} <= kept
    assert len(kept) == 24


def test_marks_exclude_by_name_and_count(house: Callable[..., House]) -> None:
    made = house(30)
    made.label(made.keys[:15], "offline")
    made.label(made.keys[15:], "active", "stretch")
    made.store.mark(made.keys[3], who="ana", mark="unsure")
    made.store.mark(made.keys[20], who="ana", mark="excluded", reason="hand in the picture")
    found = drawn(made)
    assert {(e.frame, e.reason) for e in found.excluded} == {
        (made.keys[3], "unsure"),
        (made.keys[20], "hand in the picture"),
    }
    assert len(found.chosen) + found.left_out_by_rule + len(found.excluded) == found.labelled == 30
    assert len(drawn(made, everything=True).chosen) == 28


def test_what_is_private_is_exported_in_no_way(house: Callable[..., House]) -> None:
    made = house(12)
    made.label(made.keys[:6], "offline")
    made.label(made.keys[6:], "active")
    made.store.mark(made.keys[3], who="ana", mark="excluded", reason="Private")
    made.store.mark(made.keys[4], who="ana", mark="unsure")
    alone = drawn(made, labels=dict.fromkeys(made.keys[:6], "offline"))
    assert [(e.frame, e.reason) for e in alone.excluded] == [(made.keys[3], "private")]
    assert made.keys[3] not in frames_of(alone)
    assert made.keys[4] in frames_of(alone), "a label file taken alone is asked, not the store"
    assert alone.labelled == 6
    assert made.keys[3] not in frames_of(drawn(made, everything=True))


def test_what_one_side_of_a_conflict_calls_private_is_in_no_file_taken_alone(
    house: Callable[..., House], cli: Cli
) -> None:
    made = house(12)
    private = {"mark": "excluded", "reason": "private"}
    (made.ws.data / "marks.json").write_text(json.dumps({made.keys[3]: {"ours": None, "theirs": private}}))
    file = made.ws.root / "mine.json"
    classes = ("offline", "active")
    file.write_text(json.dumps({key: classes[place % 2] for place, key in enumerate(made.keys)}))
    answer = cli(made.ws.root, "export", "--labels", "mine.json")
    assert answer.code == 0, answer.err
    metadata = (made.ws.version_dir(made.task, "v1") / "metadata.jsonl").read_text()
    assert made.keys[3] not in metadata
    assert made.keys[4] in metadata


def test_a_private_picture_is_private_under_its_other_name_too(house: Callable[..., House]) -> None:
    made = house(6)
    made.frame(made.keys[4]).write_bytes(made.frame(made.keys[1]).read_bytes())
    for frame in made.keys:
        data = made.frame(frame).read_bytes()
        bound = (len(data), made.frame(frame).stat().st_mtime_ns, f"sha256:{sha256(data).hexdigest()}")
        made.store.set(made.task, [frame], "active", who="ana", sizes={frame: bound})
    made.store.mark(made.keys[1], who="ana", mark="excluded", reason="private")
    found = drawn(made, everything=True)
    assert [(e.frame, e.reason) for e in found.excluded] == [
        (made.keys[1], "private"),
        (made.keys[4], "private"),
    ]
    assert len(found.chosen) == 4


def test_what_is_private_for_another_task_is_private_here_and_what_is_skipped_stays_in(
    house: Callable[..., House],
) -> None:
    made = house(4)
    made.label(made.keys, "offline")
    made.store.mark(made.keys[0], who="ana", mark="excluded", reason="private", task="failed-print-detection")
    made.store.mark(made.keys[1], who="ana", mark="excluded", reason="cut", task="failed-print-detection")
    made.store.mark_many([made.keys[2]], who="ana", mark="skipped", task=made.task)
    found = drawn(made, everything=True)
    assert [(e.frame, e.reason) for e in found.excluded] == [(made.keys[0], "private")]
    assert frames_of(found) == made.keys[1:]
    alone = drawn(made, labels=dict.fromkeys(made.keys, "offline"))
    assert frames_of(alone) == made.keys[1:]


def test_the_selection_all_takes_everything(house: Callable[..., House]) -> None:
    made = house(60)
    (made.ws.root / "print-models.toml").write_text('[tasks.offline-detection]\nselection = "all"\n')
    made.ws = Workspace.open(made.ws.root)
    made.label(made.keys, "offline", "stretch")
    assert len(drawn(made).chosen) == 60


class _Store:
    def __init__(self, labels: dict[str, Label], marks: dict[str, Mark]) -> None:
        self._labels, self._marks = labels, marks

    def labels(self, task: object) -> dict[str, Label]:
        return self._labels

    def all_marks(self) -> dict[str, Mark]:
        return self._marks

    def private(self) -> dict[str, tuple[str, ...]]:
        return {frame: () for frame, mark in self._marks.items() if mark.private}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_label_is_chosen_left_out_or_excluded_exactly_once(data: st.DataObject) -> None:
    """Any labels, marks and parent: the three add up, the parent's frames stay, drawing again from it changes nothing."""
    count = data.draw(st.integers(1, 80))
    keys = [f"cam/20251107/20251107T{i // 60:02}{i % 60:02}00.jpg" for i in range(count)]
    hows = ("hand", "stretch", "suggestion", "imported", "bisect")
    labels = {}
    for key in keys:
        if data.draw(st.integers(0, 9)):
            class_ = data.draw(st.sampled_from(("offline", "active")))
            before = data.draw(st.sampled_from((None, None, None, "offline", "active")))
            seq = data.draw(st.integers(1, 5))
            labels[key] = Label(
                key, "t", class_, "ana", data.draw(st.sampled_from(hows)), "", seq, before, 10
            )
    marked = data.draw(st.sets(st.sampled_from(keys), max_size=5))
    marks = {
        key: Mark(key, data.draw(st.sampled_from(("unsure", "excluded", None))), "why") for key in marked
    }
    held = data.draw(st.sets(st.sampled_from(sorted(labels) or keys), max_size=9)) & set(labels)
    task = SimpleNamespace(name="t", classes=("offline", "active"), selection="spread", per_stretch=4)
    frames = [Frame(key, "cam", datetime.min) for key in keys]
    index = SimpleNamespace(listed=lambda source: frames, get=lambda key: None)

    def parent(frames: set[str]) -> Version:
        items = tuple(
            Item(file_name=f"x/{f[-10:]}", label="offline", source=f, size=10) for f in sorted(frames)
        )
        return Version(task, "v1", None, Info(version="1.0"), items, "")

    def once(frames: set[str]) -> Draft:
        import core.versions.selection as module

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "latest", lambda ws, t: parent(frames))
            patch.setattr(module, "known_objects", lambda ws: {})
            return draft(None, _Store(labels, marks), index, task)

    found = once(held)
    named = {e.frame for e in found.excluded}
    chosen = set(frames_of(found))
    assert len(chosen) + found.left_out_by_rule + len(named) == found.labelled == len(labels)
    assert not chosen & named
    assert held - named <= chosen
    always = {
        f for f, x in labels.items() if x.how in ("hand", "imported") or (x.before and x.before != x.class_)
    }
    assert always - named <= chosen
    assert set(frames_of(once(chosen))) == chosen
