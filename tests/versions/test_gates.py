"""[checks] at work, and the split as it is shown: a warning that was made a block stops a release, by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.versions import gates, quality, splits
from core.versions.quality import Row
from tests.conftest import Cli, Place
from tests.release.conftest import label
from tests.versions.conftest import House

TASK = "offline-detection"


def set_check(root: Path, line: str) -> None:
    path = root / "print-models.toml"
    path.write_text(f"{path.read_text()}\n[checks]\n{line}\n")


def test_a_warning_made_a_block_refuses_a_release_and_names_itself(
    workspace: Callable[..., Place], cli: Cli
) -> None:
    place = workspace(frames=12)
    label(place.root, [*place.keys[:3], *place.keys[4:8]], "offline")
    label(place.root, [place.keys[3], *place.keys[8:]], "active")
    assert cli(place.root, "check", "draft").code == 0
    set_check(place.root, 'lone = "block"')
    answer = cli(place.root, "check", "draft", "--json")
    assert answer.code == 1
    blocked = [row for row in answer.json["results"] if row["level"] == "block"]
    assert [(row["id"], row["frames"]) for row in blocked] == [("lone", [place.keys[3]])]
    assert 'checks.lone = "block"' in blocked[0]["remedy"]
    refused = cli(place.root, "release")
    assert refused.code == 1
    assert "blocked by lone" in refused.err
    assert not (place.root / f"datasets/{TASK}/v1").exists()


def test_a_frame_that_changed_is_named_before_any_export(house: Callable[..., House]) -> None:
    made = house(12, every=1200)
    made.label(made.keys[:6], "offline", bind=True)
    made.label(made.keys[6:], "active", bind=True)
    made.frame(made.keys[2]).write_bytes(b"another picture")
    found = {one.id: one for one in gates.of_draft(made.ws, made.store, made.index, made.task)}
    assert (found["changed"].level, found["changed"].frames) == ("block", (made.keys[2],))
    assert "labelled: " in found["changed"].text


def test_the_split_of_a_draft_says_what_was_inherited_and_what_is_new(exported: House) -> None:
    v1 = splits.view(exported.ws, exported.task, "v1")
    assert {placed.why for placed in v1.recordings} == {"assigned"}
    assert sum(sum(one.images.values()) for one in v1.classes) == 24
    draft = splits.view(exported.ws, exported.task, "draft", store=exported.store, index=exported.index)
    assert draft.parent == "v1"
    assert {placed.reason for placed in draft.recordings} == {"inherited from v1"}
    assert [(p.id, p.side) for p in draft.recordings] == [(p.id, p.side) for p in v1.recordings]
    assert draft.limits == v1.limits


def test_what_was_found_of_a_version_counts_for_exactly_these_files(exported: House) -> None:
    found = gates.of_version(exported.ws, exported.task, "v1")
    kept = exported.ws.cache / "checks.json"
    assert kept.is_file()
    assert gates.of_version(exported.ws, exported.task, "v1") == found
    kept.write_text("[" * 1000)
    assert gates.of_version(exported.ws, exported.task, "v1") == found
    rows = exported.ws.version_dir(exported.task, "v1") / "metadata.jsonl"
    rows.chmod(0o644)
    rows.write_text(rows.read_text().replace('"split":"train"', '"split":"validation"', 1))
    after = {one.id: one.level for one in gates.of_version(exported.ws, exported.task, "v1")}
    assert (after["version"], after["leak"]) == ("block", "block"), "a recording is on both sides"


def _rows(word: str, *, minutes: list[int] | None = None) -> list[Row]:
    """One row a minute, or at those minutes: 'o' is offline, 'a' active."""
    begin, names = datetime(2025, 11, 7, 8), {"o": "offline", "a": "active"}
    at = [begin + timedelta(minutes=minute) for minute in minutes or range(len(word))]
    return [Row(f"cam/20251107/{t:%Y%m%dT%H%M%S}.jpg", names[c], t) for c, t in zip(word, at, strict=True)]


@pytest.mark.parametrize(
    ("word", "minutes", "lone"),
    [
        ("aaoaa", None, [2]),
        ("oaaaa", None, [0]),
        ("aaaao", None, [4]),
        ("oaaao", None, [0, 4]),
        ("oaa", None, []),  # two are no stretch
        ("ooaaa", None, []),
        ("oaaoo", None, []),
        ("aaaoaaa", [0, 1, 2, 60, 61, 62, 63], [3]),  # the first behind a gap
        ("aaaoaaa", [0, 1, 2, 3, 60, 61, 62], [3]),  # the last before one
        ("aaoaa", [0, 1, 60, 120, 121], []),  # alone, and far from all
    ],
)
def test_a_lone_label_is_found_inside_and_at_both_ends(
    word: str, minutes: list[int] | None, lone: list[int]
) -> None:
    rows = _rows(word, minutes=minutes)
    assert quality.lone(rows[::-1], 15).frames == tuple(rows[at].frame for at in lone)
