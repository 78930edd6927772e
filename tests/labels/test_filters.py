"""The filter line: what it keeps, held against a plain reading of each frame, what it refuses, what it offers to complete."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Cancelled, WrongUsage
from core.frames.index import Frame
from core.frames.signatures import Change
from core.labels.facts import UNDATED, Facts
from core.labels.filters import TERMS, complete, parse
from core.labels.predictions import Guess
from core.labels.terms import ALONE, WORDS
from core.progress import CancelToken
from tests.labels.worlds import FAILED, IDLE, TASKS, frame, label, mark, world, worlds

TODAY = date(2025, 11, 12)


def kept(text: str, facts: Facts) -> list[str]:
    return [one.key[-13:-4] for one in parse(text, facts.task, TODAY).keep(facts)]


#: Each term with what it says of one frame, as a person would read it off the facts.
PLAIN: dict[str, Callable[[Facts, Frame], bool]] = {
    "label": lambda w, f: f.key in w.labelled,
    "label:active": lambda w, f: f.key in w.labelled and w.labelled[f.key].class_ == "active",
    "pred": lambda w, f: f.key in w.guessed,
    "pred:offline": lambda w, f: f.key in w.guessed and w.guessed[f.key].class_ == "offline",
    "conf<.9": lambda w, f: f.key in w.guessed and (w.guessed[f.key].confidence or 1) < 0.9,
    "conf>=90%": lambda w, f: f.key in w.guessed and (w.guessed[f.key].confidence or 0) >= 0.9,
    "by:ana": lambda w, f: f.key in w.labelled,
    "how:stretch": lambda w, f: False,
    "mark": lambda w, f: f.key in w.marks,
    "mark:unsure": lambda w, f: f.key in w.marks and w.marks[f.key].mark == "unsure",
    "mark:skipped": lambda w, f: f.key in w.marks and w.marks[f.key].mark == "skipped",
    "mark:note": lambda w, f: f.key in w.marks,
    "conflict": lambda w, f: f.key in w.waiting,
    "motion>3": lambda w, f: f.key in w.changes and w.changes[f.key].motion > 3,
    "bright<20": lambda w, f: f.key in w.changes and w.changes[f.key].brightness < 20,
    "source:cam": lambda w, f: f.source == "cam",
    "day:20251111": lambda w, f: f.captured_at.date() == date(2025, 11, 11),
    "day:20251111..": lambda w, f: f.captured_at.date() >= date(2025, 11, 11),
    "day:..yesterday": lambda w, f: f.captured_at.date() <= date(2025, 11, 11),
    "23:50-00:10": lambda w, f: f"{f.captured_at:%H:%M}" >= "23:50" or f"{f.captured_at:%H:%M}" <= "00:10",
    "00:00-00:03": lambda w, f: f"{f.captured_at:%H:%M}" <= "00:03",
}  # fmt: skip


@given(worlds(), st.lists(st.tuples(st.sampled_from(sorted(PLAIN)), st.booleans()), max_size=4))
def test_a_line_keeps_what_every_term_says_of_a_frame(facts: Facts, terms: list[tuple[str, bool]]) -> None:
    line = " ".join(f"{'!' * negated}{term}" for term, negated in terms)
    meant = [
        one for one in facts.frames if all(PLAIN[term](facts, one) != negated for term, negated in terms)
    ]
    found = parse(line, facts.task, TODAY)
    assert found.keep(facts) == meant
    assert [one for one in facts.frames if found.passes(one, facts)] == meant


@given(worlds(), st.integers(1, 5))
def test_a_recording_is_known_by_its_number(facts: Facts, number: int) -> None:
    meant, count = [], 0
    for before, one in zip([None, *facts.frames], facts.frames, strict=False):
        if before is None or before.source != one.source:
            count = 0
        count += before is None or before.source != one.source or one.key in facts.starts
        if count == number:
            meant.append(one)
    assert parse(f"recording:{number}", facts.task, TODAY).keep(facts) == meant


def test_days_are_written_as_everywhere() -> None:
    facts = world([frame(n) for n in (0, 30)])
    for day in ("20251111", "2025-11-11", "yesterday", "-1", '"11 Nov"', "'11 November 2025'"):
        assert kept(f"day:{day}", facts) == ["11T001000"], day
    assert kept("day:2025-11-10..yesterday", facts) == ["10T234000", "11T001000"]


def test_a_day_without_a_year_is_the_latest_one_that_has_frames() -> None:
    facts = world([frame(0)])
    assert len(parse('day:"10 Nov"', IDLE, date(2027, 3, 1)).keep(facts)) == 1


def test_what_has_no_moment_is_on_the_day_of_its_folder_and_at_no_time() -> None:
    odd = Frame("cam/20251111/last.jpg", "cam", UNDATED)
    facts = world([odd, frame(30)])
    assert kept("day:20251111", facts) == ["1111/last", "11T001000"]
    assert kept("day:20251110", facts) == []
    assert kept("23:00-01:00", facts) == ["11T001000"]


def test_a_name_with_a_space_stands_in_quotes() -> None:
    facts = world([frame(0), frame(1)])
    facts.labels[IDLE.name][frame(0).key] = label(frame(0).key, "active", who="Ana Maria")
    assert kept('by:"ana maria" label', facts) == ["10T234000"]


def test_a_picture_that_changed_is_one_by_what_is_usual_for_its_camera() -> None:
    frames = [frame(n) for n in range(20)]
    moving = {one.key: Change(9.0 if 8 <= n < 14 else 0.0, 100, 0) for n, one in enumerate(frames)}
    assert kept("change", world(frames, changes=moving, thresholds={"cam": 3.0}))[0] == "10T234800"
    assert kept("change", world(frames, changes=moving, thresholds={"cam": 10.0})) == []


@pytest.mark.parametrize(
    ("line", "column", "known"),
    [
        ("label:activ", 1, "Known there: offline, active."),
        ("day:-1 label:activ", 8, "Known there: offline, active."),
        ("  !!how:magic", 5, "hand, stretch, bisect"),
        ("label speed:9", 7, "Terms are: label:CLASS"),
        ("conf<2", 1, "0 to 1"),
        ("conf:.9", 1, "Write it like conf<.9."),
        ("conf", 1, "Write it like conf<.9."),
        ("motion>x", 1, "Write it like >3"),
        ("label day:", 7, "Write it like day:DAY."),
        ("label day:32Nov", 7, "11 Nov, today, yesterday or -2"),
        ("day:..", 1, "20251110..20251112"),
        ("mark:odd", 1, "unsure, excluded, skipped, note, example"),
        ("label 25:00-26:00", 7, "08:54"),
        ("recording:0", 1, "from 1"),
        ("source:nowhere", 1, "Known there: cam."),
        ('label by:"ana', 7, "Write \" at its end."),
    ],
)  # fmt: skip
def test_what_cant_be_read_is_named_with_its_column_and_what_is_known_there(
    line: str, column: int, known: str
) -> None:
    with pytest.raises(WrongUsage) as refused:
        parse(line, IDLE, TODAY, ["cam"])
    assert f"column {column}:" in refused.value.what
    assert known in refused.value.remedy


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(line: str) -> None:
    try:
        parse(line, IDLE, TODAY, ["cam"])
        said = ""
    except WrongUsage as refused:
        said = f"{refused.what}|{refused.remedy}"
    assert re.fullmatch(r"|Filter, column [0-9]+: .+\|.+", said)


def test_completion_knows_words_classes_people_marks_cameras_and_the_days_there_are() -> None:
    facts = world([frame(0), frame(30)], labels=["oa"])
    facts.labels[IDLE.name][frame(0).key] = label(frame(0).key, "active", who="Ana Maria")

    def offered(line: str) -> list[str]:
        return complete(line, len(line), facts)

    assert offered("la") == ["label:", "label"]
    assert offered("!co") == ["!conf<", "!conflict"]
    assert offered("label:") == ["label:offline", "label:active"]
    assert offered("label:A") == ["label:active"]
    assert offered("day:-1 pred:off") == ["pred:offline"]
    assert offered("by:") == ["by:Ana", 'by:"Ana Maria"']
    assert offered('by:"ana m') == ['by:"Ana Maria"']
    assert offered("day:") == ["day:20251111", "day:20251110"]
    assert offered("source:c") == ["source:cam"]
    assert offered("mark:s") == ["mark:skipped"]
    assert offered("nothing:") == []
    assert complete("label:a day:", 7, facts) == ["label:active"]
    assert "label:" in offered("")
    assert "conflict" in offered("label ")


@given(worlds(), st.sampled_from(["", "!", "la", "day:", "by:", "mark:", "conf", "source:", "label:"]))
def test_what_is_offered_can_be_read(facts: Facts, line: str) -> None:
    for word in complete(line, len(line), facts):
        if word[-1] not in ":<>":
            parse(word, facts.task, TODAY)


def test_a_task_with_its_own_classes_completes_them() -> None:
    assert complete("label:", 6, world([frame(0)], task=FAILED)) == ["label:good", "label:failed"]


def test_a_filter_can_be_stopped() -> None:
    stop = CancelToken()
    facts = Facts(IDLE, [frame(n) for n in range(20_000)], tasks=TASKS, cancel=stop)
    assert len(parse("!label", IDLE, TODAY).keep(facts)) == 20_000
    stop.cancel()
    with pytest.raises(Cancelled):
        parse("!label", IDLE, TODAY).keep(facts)


def test_the_list_of_terms_names_each() -> None:
    assert [word for word in (*WORDS, *ALONE, "HH:MM-HH:MM") if word not in TERMS] == []


def test_a_guess_without_a_share_is_neither_sure_nor_unsure() -> None:
    one = frame(0)
    facts = Facts(IDLE, [one], {}, {IDLE.name: {one.key: Guess("active", None)}}, {one.key: mark(one.key)})
    assert kept("pred conf<=1", facts) == []
    assert kept("pred !conf<=1", facts) == ["10T234000"]


@pytest.mark.parametrize("frames", [0, 40])
def test_labels_of_frames_that_are_not_shown_are_passed_over(frames: int) -> None:
    """The camera deleted their pictures, or nothing was listed yet."""
    shown = [frame(n) for n in range(2, 2 + frames)]
    gone, here = [frame(0), frame(1)], shown[:3]
    labels = {IDLE.name: {one.key: label(one.key, "active", IDLE) for one in (*gone, *here)}}
    found = Facts(IDLE, shown, labels, tasks=TASKS)
    assert found.classes.places == list(range(len(here)))
    assert found.placed([one.key for one in gone]) == []
