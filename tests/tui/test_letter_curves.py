"""Charts where dots would all be alike, and the end of what a training printed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.workspace import Workspace
from tests.tui.test_trainings import _run
from tui.screens.training_texts import words_and_log
from tui.trainings import run_seen
from tui.widgets.letter_curves import drawn

_POINTS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60).map(
    lambda values: tuple((float(at), value) for at, value in enumerate(values, 1))
)


def test_each_curve_has_its_letter_and_lies_where_its_values_are():
    chart = drawn(
        {"train": ((1.0, 0.0), (3.0, 100.0)), "validation": ((1.0, 100.0), (3.0, 0.0))}, (50.0,), 28, 11, (0, 100)
    )  # fmt: skip
    assert chart[0].startswith("  100 |v")
    assert chart[0].endswith("t")
    assert chart[8].startswith("    0 |t")
    assert chart[8].endswith("v")
    assert chart[4].startswith("   50 |----")
    assert chart[9] == "      +" + 21 * "-"
    assert chart[10].split() == ["1", "2"]


@given(
    st.dictionaries(st.sampled_from(["train", "validation", "1", "2"]), _POINTS),
    st.lists(st.floats(0, 100), max_size=3).map(tuple),
    st.integers(0, 90),
    st.integers(0, 30),
)
def test_whatever_the_curves_are_a_chart_fills_its_room_and_no_more(curves, levels, width, height):
    lines = drawn(curves, levels, width, height)
    assert not lines or [len(line) for line in lines] == [width] * height
    assert "".join(lines).isascii()


async def test_a_terminal_without_utf8_gets_curves_that_can_be_told_apart(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    _run(place.root, over=True)
    monkeypatch.setenv("LC_ALL", "C")
    async with opened(place.root, size=(160, 40)) as page:
        await page.press("T")
        await page.see("t train 80 %", "v valid. 90 %", "- time of day 60 %", "|v", "|t", "|-")


def test_of_what_a_training_printed_its_own_first_line_is_left_out_and_a_bar_is_its_last_state(workspace):
    place = workspace(frames=2)
    name = _run(place.root, over=True)
    log = place.root / ".print-models/runs" / name / "train.log"
    first = "[2025-11-12T20:00:00+01:00] process 7\n"
    log.write_text(first)
    seen = run_seen(Workspace.open(place.root), name)
    assert seen.log == ()
    assert "printed" not in words_and_log(seen, 80).plain
    log.write_text(
        f"{first} 0%|   |\r 50%|#  |\r100%|###|\n[2025-11-12T20:30:00+01:00] process 8\nstill here\n"
    )
    seen = run_seen(Workspace.open(place.root), name)
    assert seen.log == ("100%|###|", "went on at 2025-11-12 20:30:00", "still here")
    assert "What it printed:\n  100%" in words_and_log(seen, 80).plain
    log.write_bytes(b"old\n" * 100_000 + b"the end\n")
    assert run_seen(Workspace.open(place.root), name).log[-1] == "the end"
