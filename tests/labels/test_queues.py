"""The queues: what each holds in small worlds, held against a plain reading of them; their order, counts and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Cancelled, WrongUsage
from core.frames.index import Frame
from core.frames.signatures import Change, groups
from core.labels.facts import Facts
from core.labels.queues import find, kinds, members, offered
from core.progress import CancelToken
from core.settings import Settings, tasks_of
from core.settings_tables import TaskSettings
from tests.labels.worlds import FAILED, IDLE, TASKS, frame, label, mark, world, worlds

ANY = st.one_of(worlds(IDLE), worlds(FAILED))


def counts(facts: Facts, key: str) -> bool:
    """Whether a frame counts for the task, read plainly."""
    if facts.task.when is None or key in facts.labelled:
        return True
    other, wanted = facts.task.when
    if key in facts.labels.get(other, {}):
        return facts.labels[other][key].class_ == wanted
    return key in facts.guesses.get(other, {}) and facts.guesses[other][key].class_ == wanted


def aside(facts: Facts, key: str) -> bool:
    given_mark = facts.marks.get(key)
    if given_mark is None or given_mark.mark is None:
        return False
    since = key in facts.labelled and facts.labelled[key].at > given_mark.at
    return not (given_mark.mark == "skipped" and since)


def work(facts: Facts, key: str) -> bool:
    return counts(facts, key) and not aside(facts, key)


def recordings(facts: Facts) -> list[list[Frame]]:
    found: list[list[Frame]] = []
    for one in facts.frames:
        if not found or found[-1][-1].source != one.source or one.key in facts.starts:
            found.append([])
        found[-1].append(one)
    return found


def stretches(
    facts: Facts, values: dict[str, str], keep: Callable[[str], bool] = lambda key: True
) -> list[list[str]]:
    """Neighbours in one recording with one value; what has none parts them."""
    found: list[list[str]] = []
    for recording in recordings(facts):
        before = None
        for one in recording:
            value = values.get(one.key) if keep(one.key) else None
            if value is not None and value == before:
                found[-1].append(one.key)
            elif value is not None:
                found.append([one.key])
            before = value
    return found


def short(facts: Facts, values: dict[str, str]) -> list[list[str]]:
    found = []
    for recording in recordings(facts):
        keys = [one.key for one in recording]
        for first in range(1, len(keys)):
            for last in range(first, min(first + 3, len(keys) - 1)):
                inside = {values.get(key) for key in keys[first : last + 1]}
                around = (values.get(keys[first - 1]), values.get(keys[last + 1]))
                if len(inside) == 1 and None not in inside and around[0] == around[1] not in (None, *inside):
                    found.append(keys[first : last + 1])
    return found


@given(ANY)
def test_all_and_unlabelled(facts: Facts) -> None:
    keys = [one.key for one in facts.frames]
    assert list(members("all", facts)) == [key for key in keys if counts(facts, key)]
    bare = [key for key in keys if key not in facts.labelled and work(facts, key)]
    assert list(members("unlabelled", facts)) == bare


@given(ANY)
def test_one_class_marks_and_conflicts(facts: Facts) -> None:
    keys = [one.key for one in facts.frames]
    for name in facts.task.classes:
        meant = [key for key in keys if key in facts.labelled and facts.labelled[key].class_ == name]
        assert list(members(f"class:{name}", facts)) == list(members(name, facts)) == meant
    for word in ("unsure", "excluded", "skipped"):
        so = [key for key in keys if key in facts.marks and facts.marks[key].mark == word]
        assert list(members(word, facts)) == [key for key in so if word != "skipped" or aside(facts, key)]
    assert list(members("conflicts", facts)) == [key for key in keys if key in facts.waiting]


@given(ANY)
def test_contradictions_between_tasks_are_seen_from_both(facts: Facts) -> None:
    idle, failed = facts.labels[IDLE.name], facts.labels[FAILED.name]
    both = [
        one.key
        for one in facts.frames
        if one.key in idle
        and one.key in failed
        and (idle[one.key].class_, failed[one.key].class_) == ("offline", "good")
    ]
    assert list(members("contradictions", facts)) == [key for key in both if work(facts, key)]


@given(ANY)
def test_disagreements_come_a_stretch_at_a_time_that_with_the_surest_prediction_first(facts: Facts) -> None:
    pairs = {
        key: f"{given.class_}, not {facts.guessed[key].class_}"
        for key, given in facts.labelled.items()
        if key in facts.guessed and facts.guessed[key].class_ != given.class_
    }
    rows = [
        (-max(facts.guessed[key].confidence or 0 for key in keys), keys) for keys in stretches(facts, pairs)
    ]
    place = {one.key: at for at, one in enumerate(facts.frames)}
    rows.sort(key=lambda row: (row[0], place[row[1][0]]))
    assert list(members("disagreements", facts)) == [
        key for _, keys in rows for key in keys if work(facts, key)
    ]


@given(ANY)
def test_flips_are_short_stretches_inside_another_class(facts: Facts) -> None:
    found = [keys[0] for keys in short(facts, {key: given.class_ for key, given in facts.labelled.items()})]
    for keys in short(facts, {key: guess.class_ for key, guess in facts.guessed.items()}):
        found += [key for key in keys if key not in facts.labelled][:1]
    assert list(members("flips", facts)) == [key for key in dict.fromkeys(found) if work(facts, key)]


@given(ANY)
def test_a_lone_label_is_contradicted_by_those_near_it(facts: Facts) -> None:
    """Counted frame by frame: what is near before it and after it, in one source, with no gap of a recording between."""
    known = [one for one in facts.frames if one.key in facts.labelled]
    classes = [facts.labelled[one.key].class_ for one in known]

    def near(at: int, step: int) -> list[str]:
        found = []
        while 0 <= at + step < len(known):
            one, other = known[at], known[at + step]
            if one.source != other.source or abs(other.captured_at - one.captured_at) > timedelta(minutes=15):
                break
            at += step
            found.append(classes[at])
        return found

    found = []
    for at, one in enumerate(known):
        before, after = near(at, -1), near(at, 1)
        witnesses = [before[0], after[0]] if before and after else (before or after)[:3]
        enough = bool(before and after) or len(witnesses) == 3
        if enough and len(set(witnesses)) == 1 and witnesses[0] != classes[at]:
            found.append(one.key)
    assert list(members("lone", facts)) == [key for key in found if work(facts, key)]


@given(ANY)
def test_change_points_are_where_a_value_is_another_one(facts: Facts) -> None:
    pictures = {facts.frames[place].key for place in facts.changed}
    found = []
    for before, one in zip(facts.frames, facts.frames[1:], strict=False):
        labels = [facts.labelled[f.key].class_ if f.key in facts.labelled else None for f in (before, one)]
        guesses = [facts.guessed[f.key].class_ if f.key in facts.guessed else None for f in (before, one)]
        other = labels[0] != labels[1] or guesses[0] != guesses[1]
        if one.key in pictures or (before.source == one.source and other):
            found.append(one.key)
    assert list(members("points", facts)) == [key for key in found if work(facts, key)]


@given(ANY)
def test_uncertain_is_one_frame_of_each_stretch_of_a_prediction(facts: Facts) -> None:
    rows = []
    place = {one.key: at for at, one in enumerate(facts.frames)}
    for keys in stretches(
        facts, {key: guess.class_ for key, guess in facts.guessed.items()}, lambda key: counts(facts, key)
    ):
        shares = [
            (1.0 if (share := facts.guessed[key].confidence) is None else share, place[key], key)
            for key in keys
        ]
        sure, at, key = min(shares)
        if sure < 0.9 and key not in facts.labelled and work(facts, key):
            rows.append((sure, at, key))
    assert list(members("uncertain", facts)) == [key for *_, key in sorted(rows)]


@given(ANY)
def test_a_print_waits_for_its_verdict_until_one_of_its_frames_has_a_label_or_is_unsure(facts: Facts) -> None:
    found = []
    for recording in recordings(facts) if facts.starts else []:
        keys = [one.key for one in recording]
        said = [
            key
            for key in keys
            if key in facts.labelled or (key in facts.marks and facts.marks[key].mark == "unsure")
        ]
        found += [] if said else [key for key in keys if work(facts, key)][:1]
    assert list(members("prints", facts)) == found


@given(ANY)
def test_of_near_duplicates_one_is_shown_until_all_are_labelled_alike(facts: Facts) -> None:
    shown = members("duplicates", facts)
    alike: list[list[str]] = []
    for recording in recordings(facts):
        seen = [facts.changes.get(one.key) for one in recording]
        alike += [[one.key for one in recording[first : last + 1]] for first, last in groups(seen, 3.0)]
    open_ones = []
    for keys in alike:
        classes = Counter(facts.labelled[key].class_ for key in keys if key in facts.labelled)
        bare = [key for key in keys if key not in facts.labelled and work(facts, key)]
        assert len(set(keys).intersection(shown)) <= 1
        if len(classes) > 1:
            rare = [
                key
                for key in keys
                if key in facts.labelled and classes[facts.labelled[key].class_] == min(classes.values())
            ]
            if set(keys).intersection(shown):
                assert set(rare).intersection(shown)
        elif bare:
            open_ones.append(bare[0])
            assert bare[0] in shown
    assert set(open_ones) <= set(shown)


@given(ANY)
def test_around_here_is_the_hour_before_and_after_nearest_first(facts: Facts) -> None:
    here = next((one for one in facts.frames if one.key == facts.at), None)
    near = [
        (abs(one.captured_at - here.captured_at), one.key)
        for one in facts.frames
        if here is not None
        and one.source == here.source
        and abs(one.captured_at - here.captured_at) <= timedelta(minutes=60)
        and one.key not in facts.labelled
        and work(facts, one.key)
    ]
    assert list(members("around", facts)) == [key for _, key in sorted(near)]


def test_random_takes_of_every_day_in_turns_and_shrinks_as_it_is_labelled() -> None:
    frames = [frame(n, minutes=20) for n in range(72 * 12)]
    facts = world(frames)
    drawn = members("random", facts)
    days = Counter(key.split("/")[1] for key in drawn)
    assert len(drawn) == 300
    assert len(set(drawn)) == 300
    assert len({key.split("/")[1] for key in drawn[:12]}) == 12, "the first ones are of different days"
    assert max(days.values()) - min(n for day, n in days.items() if day != "20251110") <= 1
    some = {key: label(key, "active") for key in drawn[:40]}
    left = members("random", replace(facts, labels={IDLE.name: some}))
    assert left == drawn[40:], "what is left is the rest of the same sample"
    assert members("random", replace(facts, seed=1)) != drawn


def test_a_longer_group_of_near_duplicates_comes_first_and_two_labels_before_all() -> None:
    frames = [frame(n) for n in range(12)]
    looks = [0, 0, 2**64 - 1, 2**64 - 1, 2**64 - 1, 255 << 20, 255 << 20, *[2**40 - 1] * 5]
    changes = {one.key: Change(0.0, 100.0, look) for one, look in zip(frames, looks, strict=True)}
    facts = world(frames, labels=["oo...oa....."], changes=changes)
    assert [key[-8:-6] for key in members("duplicates", facts)] == ["46", "47", "42"]


def test_a_skipped_frame_is_in_no_queue_of_work_until_a_label_takes_it_back() -> None:
    frames = [frame(n) for n in range(3)]
    key = frames[1].key
    facts = world(frames, labels=["o.."], marks={key: mark(key, "skipped")})
    assert members("unlabelled", facts) == (frames[2].key,)
    assert members("skipped", facts) == (key,)
    later = label(key, "active", at="2025-11-20T10:00:05.000+00:00")
    facts = world(frames, marks={key: mark(key, "skipped")})
    facts.labels[IDLE.name][key] = later
    assert members("skipped", facts) == ()
    assert members("active", facts) == (key,)


@given(ANY)
def test_what_is_offered_holds_something_and_counts_it(facts: Facts) -> None:
    shown = offered(facts)
    assert [(one.id, one.count) for one in shown] == [
        (kind.id, len(found)) for kind in kinds(facts.task) if (found := kind.members(facts))
    ]
    for one in shown:
        keys = members(one.id, facts)
        assert len(set(keys)) == len(keys)
        assert set(keys) <= {frame.key for frame in facts.frames}
        assert members(one.id, facts) == keys
        assert one.why
        assert one.empty.endswith(".")


def test_the_suggested_queue_is_what_is_in_the_way_then_what_a_key_or_two_finish() -> None:
    frames = [frame(n) for n in range(6)]
    facts = world(frames, guesses=[("ooaaoo", [0.99, 0.5, 0.99, 0.99, 0.99, 0.99])])
    assert offered(facts)[0].id == "uncertain"
    assert offered(replace(facts, starts=frozenset({frames[0].key})))[0].id == "prints"
    waiting = replace(facts, waiting=frozenset({frames[2].key}))
    assert (offered(waiting)[0].id, offered(waiting)[0].why) == (
        "conflicts",
        "nothing is exported until then",
    )
    done = replace(facts, labels=world(frames, labels=["ooooaa"]).labels, guesses={})
    assert [one.suggested for one in offered(done)] == [False] * len(offered(done))
    assert [one.suggested for one in offered(facts)][:2] == [True, False]
    assert offered(Facts(IDLE)) == []


def test_an_unknown_queue_is_refused_with_those_there_are() -> None:
    with pytest.raises(WrongUsage) as refused:
        find("nonsense", IDLE)
    assert "conflicts" in refused.value.remedy
    assert "class:active" in refused.value.remedy
    assert find(" Active", IDLE).id == find("class:active", IDLE).id == "class:active"


def test_counting_can_be_stopped() -> None:
    stop = CancelToken()
    facts = Facts(IDLE, [frame(n) for n in range(20_000)], tasks=TASKS, cancel=stop)
    stop.cancel()
    with pytest.raises(Cancelled):
        offered(facts)


def test_a_task_of_ones_own_says_what_contradicts_it() -> None:
    own = TaskSettings(classes=("on", "off"), contradicts={"on": ("offline-detection:offline",)})
    tasks = tasks_of(Settings(tasks={"lamp": own}))
    assert tasks["lamp"].contradicts == (("on", "offline-detection", "offline"),)
    one = frame(0)
    labels = {
        "lamp": {one.key: label(one.key, "on", tasks["lamp"])},
        IDLE.name: {one.key: label(one.key, "offline")},
    }
    for name in ("lamp", IDLE.name):
        assert members("contradictions", Facts(tasks[name], [one], labels, tasks=tasks)) == (one.key,)
    for wrong in (
        {"dim": ("offline-detection:offline",)},
        {"on": ("nothing:offline",)},
        {"on": ("offline",)},
    ):
        with pytest.raises(WrongUsage, match="contradicts"):
            tasks_of(Settings(tasks={"lamp": TaskSettings(classes=("on", "off"), contradicts=wrong)}))
    renamed = TaskSettings(classes=("fine", "broken"))
    others = tasks_of(Settings(tasks={FAILED.name: renamed}))[FAILED.name]
    assert (others.contradicts, others.alarm) == ((), None)
    assert FAILED.contradicts == (("good", IDLE.name, "offline"),)
