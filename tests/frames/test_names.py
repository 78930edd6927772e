from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Damaged, WrongUsage
from core.frames.names import (
    captured_at,
    check_key,
    check_keys,
    day_of,
    is_day,
    parse_clock,
    parse_day,
    source_of,
    span,
    stem,
    why_unusable,
)

KEY = "printer-timelapses/20251107/20251107T005601.jpg"
TODAY = date(2025, 11, 12)


def test_a_name_tells_when_the_frame_was_taken() -> None:
    assert captured_at(KEY) == datetime(2025, 11, 7, 0, 56, 1)
    assert captured_at("x/20251107/20251107T005601_1.JPG") == datetime(2025, 11, 7, 0, 56, 1)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "IMG_1.jpg",
        "20251399T000000.jpg",
        "20251107T250000.jpg",
        "20251107T0056011.jpg",
        "٢٠٢٥١١٠٧T005601.jpg",
    ],
)
def test_a_name_without_a_moment_tells_none(name: str) -> None:
    assert captured_at(f"cam/20251107/{name}") is None


def test_a_key_tells_its_source_day_and_stem() -> None:
    assert (source_of(KEY), day_of(KEY), stem(KEY)) == ("printer-timelapses", "20251107", "20251107T005601")
    assert source_of("contributed/ana/20251107/20251107T005601.jpg") == "contributed/ana"
    assert day_of("cam/20251107T235959.jpg") == "20251107"
    assert source_of("cam/20251107T235959.jpg") == "cam"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20251111", "20251111"),
        ("2025-11-11", "20251111"),
        ("11 Nov", "20251111"),
        ("13 Nov", "20241113"),
        ("11. november 2023", "20231111"),
        ("29 Feb", "20240229"),
        ("today", "20251112"),
        ("Yesterday", "20251111"),
        ("-2", "20251110"),
        ("-0", "20251112"),
    ],
)
def test_a_day_may_be_written_the_ways_people_write_it(text: str, day: str) -> None:
    assert parse_day(text, TODAY) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20251131",
        "2025-13-01",
        "32 Nov",
        "Nov",
        "tomorrow",
        "-x",
        "2025-1111",
        "11 zz",
        "25 Octo",
        "11 Novem 2023",
        "1 Jul 12",
        "3 janua",
    ],
)
def test_what_is_no_day_is_refused_by_name(text: str) -> None:
    with pytest.raises(WrongUsage):
        parse_day(text, TODAY)


@given(st.text(max_size=20))
def test_any_text_is_a_day_or_refused(text: str) -> None:
    try:
        assert is_day(parse_day(text, TODAY))
    except WrongUsage:
        pass


def test_a_range_may_cross_midnight() -> None:
    assert span("20251111", "22:00", "02:00")[1].date() == date(2025, 11, 12)
    first, last = span("20251111", "08:54", "09:25")
    assert (first, last.time().minute, last.time().second) == (datetime(2025, 11, 11, 8, 54), 25, 59)
    assert span("20251111", None, None) == (
        datetime(2025, 11, 11),
        datetime.combine(date(2025, 11, 11), time.max),
    )
    assert parse_clock("24:00") == time.max


@pytest.mark.parametrize("text", ["", "8", "25:00", "08:60", "24:01", "ab:cd", "08:54:61"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage):
        parse_clock(text)


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../../x", "a/../b", "a//b", "a/./b", "a\0b/c", "alone", "cam/20251107/\udc80.jpg"],
)
def test_a_key_that_leaves_its_folder_is_refused_and_shown_escaped(key: str) -> None:
    with pytest.raises(Damaged) as caught:
        check_key(key)
    with pytest.raises(Damaged):
        check_keys([KEY, key, KEY])
    assert caught.value.exit_code == 3
    assert "\0" not in str(caught.value)
    assert "\udc80" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["-x.jpg", " a.jpg", "a\nb.jpg", "[/x].jpg", "ä.jpg", "a\x1b[31m.jpg", "x" * 251 + ".jpg"]
)
def test_odd_names_are_usable(name: str) -> None:
    assert why_unusable(f"cam/20251107/{name}") is None
    odd = f"cam/20251107/{name}"
    assert check_keys([KEY, odd]) == (KEY, odd)


def test_no_key_hides_behind_the_end_of_a_line() -> None:
    with pytest.raises(Damaged):
        check_keys([KEY, f"{KEY}\n", f"{KEY}\n../../{KEY}"])
