"""A review of the draft: what is held back stays out of the next version, comments become its changelog."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cli, Place, git

TASK = "offline-detection"
FIRST, SECOND = "printer-timelapses/20251107T080000/0810", "printer-timelapses/20251107T080000/0802"


@pytest.fixture
def reviewed(workspace: Callable[..., Place], cli: Cli) -> Place:
    """v1 is released; then frame 2 was relabelled and frames 10 and 11 were added."""
    place = workspace(12)
    cli(place.root, "label", "--as", "offline", *place.keys[:5])
    cli(place.root, "label", "--as", "active", *place.keys[5:10])
    assert cli(place.root, "release", "--task", TASK).code == 0
    cli(place.root, "label", "--as", "active", place.keys[2])
    cli(place.root, "label", "--as", "offline", *place.keys[10:])
    return place


def hunks(cli: Cli, root: Path) -> dict[str, dict[str, object]]:
    return {hunk["id"]: hunk for hunk in cli(root, "review", "--json").json["hunks"]}


def labels_of(root: Path, version: str) -> dict[str, str]:
    return json.loads((root / f"datasets/{TASK}/{version}/labels.json").read_text("utf-8"))


def test_what_is_held_back_stays_as_it_was_and_is_listed_by_name(reviewed: Place, cli: Cli) -> None:
    root, keys = reviewed.root, reviewed.keys
    assert set(hunks(cli, root)) == {FIRST, SECOND}
    said = cli(root, "review", "--hold", SECOND, "--who", "bo")
    assert "1 change held back" in said.out
    assert cli(root, "release", "--task", TASK).code == 0
    v1, v2 = labels_of(root, "v1"), labels_of(root, "v2")
    assert v2 == {**v1, keys[10]: "offline", keys[11]: "offline"}
    info = json.loads((root / f"datasets/{TASK}/v2/dataset_info.json").read_text("utf-8"))
    assert {"frame": keys[2], "reason": "held"} in info["excluded"]
    assert git(root, "status", "--porcelain") == ""


def test_status_counts_the_draft_without_what_is_held_and_no_stretch_as_a_frame(
    reviewed: Place, cli: Cli
) -> None:
    root = reviewed.root
    before = cli(root, "status", "--json").json
    cli(root, "review", "--hold", SECOND, "--hold", FIRST)
    found = cli(root, "status", "--json").json
    draft = found["tasks"][TASK]["draft"]
    assert (draft["images"], draft["added"], draft["relabelled"], draft["held"]) == (10, 0, 0, 3)
    assert (draft["bytes"], draft["excluded"]) == (0, 0)
    assert found["today"]["frames"] == before["today"]["frames"], "a stretch is no frame"
    assert found["today"]["decisions"] > before["today"]["decisions"]
    assert "3 held back" in cli(root, "status").out


def test_diff_status_and_storage_say_what_goes_in_and_name_what_is_held(reviewed: Place, cli: Cli) -> None:
    root, keys = reviewed.root, reviewed.keys
    cli(root, "review", "--hold", FIRST)
    one = sum((root / key).stat().st_size for key in keys[10:])
    told = cli(root, "diff", "--json").json
    assert (told["added"], told["relabelled"], told["bytes"]["new"]) == (0, 1, 0)
    assert told["classes"]["target"] == {"offline": 4, "active": 6}
    assert {hunk["id"]: (hunk["held"], hunk["bytes"]) for hunk in told["hunks"]} == {
        FIRST: (True, one),
        SECOND: (False, 0),
    }
    assert sum(sum(side.values()) for side in told["splits"]["target"].values()) == 10
    assert "1 relabelled, in 1 hunk;" in told["summary"]
    assert "1 hunk held back" in told["summary"]
    assert "warns: All offline and all active frames come from 1 day." in told["summary"]
    said = cli(root, "diff")
    assert said.out.splitlines()[0].endswith("v1 → draft   +0 −0 ~1")
    assert cli(root, "review").out.splitlines()[0].endswith("+0 −0 ~1   1 change held back")
    priced = cli(root, "storage", "--json")
    assert priced.json["price"]["new_bytes"] == 0
    assert f"1 hunk held back: {FIRST}" in priced.err
    assert cli(root, "status", "--json").json["tasks"][TASK]["draft"]["bytes"] == 0
    cli(root, "review", "--let", FIRST)
    assert cli(root, "storage", "--json").json["price"]["new_bytes"] == one


def test_what_is_held_stays_held_until_it_is_let_go(reviewed: Place, cli: Cli) -> None:
    root, keys = reviewed.root, reviewed.keys
    cli(root, "review", "--hold", SECOND, "--hold", FIRST)
    refused = cli(root, "release", "--task", TASK)
    assert refused.code == 1
    assert "is held back: there is nothing to release" in refused.err
    assert "review --let" in refused.err
    cli(root, "review", "--let", FIRST)
    assert cli(root, "release", "--task", TASK).code == 0
    assert list(hunks(cli, root)) == [SECOND]
    assert hunks(cli, root)[SECOND]["held"] is True
    cli(root, "review", "--let", SECOND)
    assert cli(root, "release", "--task", TASK).code == 0
    assert labels_of(root, "v3")[keys[2]] == "active"


def test_a_version_with_something_held_back_can_be_pushed_later(
    reviewed: Place, cli: Cli, tmp_path: Path
) -> None:
    root = reviewed.root
    git(tmp_path, "init", "-q", "--bare", "origin.git")
    git(root, "remote", "add", "origin", (tmp_path / "origin.git").as_uri())
    cli(root, "review", "--hold", SECOND)
    assert cli(root, "release", "--task", TASK).code == 0
    pushed = cli(root, "release", "--task", TASK, "--push", "--json")
    assert pushed.code == 0, pushed.err
    assert (pushed.json["version"], pushed.json["pushed"]) == ("v2", "origin")


def test_a_comment_becomes_a_line_of_card_and_commit_and_is_not_said_again(reviewed: Place, cli: Cli) -> None:
    root = reviewed.root
    cli(root, "review", "--comment", FIRST, "a hand | in the *picture*")
    assert "# a hand | in the *picture*" in cli(root, "diff").out
    cli(root, "release", "--task", TASK)
    card = (root / f"datasets/{TASK}/v2/README.md").read_text("utf-8")
    assert r"- a hand \| in the \*picture\* (added offline, 2 images)" in card
    assert "- a hand | in the *picture* (added offline)" in git(root, "log", "-1", "--format=%B")
    cli(root, "label", "--as", "active", reviewed.keys[10])
    assert [hunk["comment"] for hunk in hunks(cli, root).values()] == [""]


def test_a_comment_on_the_first_version_is_on_its_card_too(workspace: Callable[..., Place], cli: Cli) -> None:
    place = workspace(12)
    cli(place.root, "label", "--as", "offline", *place.keys[:6])
    cli(place.root, "label", "--as", "active", *place.keys[6:])
    cli(place.root, "review", "--comment", next(iter(hunks(cli, place.root))), "the lamp was off")
    assert cli(place.root, "release", "--task", TASK).code == 0
    card = (place.root / f"datasets/{TASK}/v1/README.md").read_text("utf-8")
    assert "This is the first version.\n\n- the lamp was off (added " in card
    assert cli(place.root, "verify", "v1", "--task", TASK).code == 0


def test_a_review_is_taken_back_by_undo_and_an_empty_comment_takes_it_off(reviewed: Place, cli: Cli) -> None:
    root = reviewed.root
    cli(root, "review", "--hold", SECOND)
    cli(root, "review", "--comment", SECOND, "look again")
    assert "comment" in cli(root, "undo").out
    assert (hunks(cli, root)[SECOND]["held"], hunks(cli, root)[SECOND]["comment"]) == (True, "")
    cli(root, "review", "--comment", SECOND, "look again", "--let", SECOND)
    cli(root, "review", "--comment", SECOND, "")
    assert json.loads((root / "data" / "marks.json").read_text("utf-8")) == {}


def test_frames_whose_bytes_no_label_names_cost_what_their_files_do(
    workspace: Callable[..., Place], cli: Cli, tmp_path: Path
) -> None:
    place = workspace(4)
    labels = {key: ("active", "offline")[number % 2] for number, key in enumerate(place.keys)}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    assert cli(place.root, "import", tmp_path / "labels.json").code == 0
    stored = sum(path.stat().st_size for path in place.camera.rglob("*.jpg"))
    assert cli(place.root, "diff", "--json").json["bytes"]["new"] == stored
    assert sum(hunk["bytes"] for hunk in cli(place.root, "review", "--json").json["hunks"]) == stored


def test_marks_of_frames_and_other_tasks_are_left_alone(reviewed: Place, cli: Cli) -> None:
    root, keys = reviewed.root, reviewed.keys
    cli(root, "mark", keys[0], "--note", "first layer")
    cli(root, "review", "--hold", SECOND)
    cli(root, "mark", keys[0], "--clear")
    held = json.loads((root / "data" / "marks.json").read_text("utf-8"))
    assert list(held) == [SECOND]
    assert held[SECOND]["hunks"][TASK]["held"] is True
    assert cli(root, "frames", "--filter", "mark", "--json").json["total"] == 0
    assert cli(root, "review", "--task", "failed-print-detection", "--json").json["held"] == 0


def test_a_held_change_that_is_no_more_is_told(reviewed: Place, cli: Cli) -> None:
    root = reviewed.root
    cli(root, "review", "--hold", SECOND)
    cli(root, "label", "--as", "offline", reviewed.keys[2])
    assert cli(root, "review", "--json").json["stale"] == [SECOND]
    assert "no such change is left" in cli(root, "release", "--task", TASK).err
    wrong = cli(root, "review", "--hold", "nothing/0000")
    assert wrong.code == 2
    assert "no change" in wrong.err
