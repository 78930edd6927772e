"""`check`: what is odd, with what to do, over drafts, versions, repository and models; looking changes nothing."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import Answer, Cli, Place
from tests.release.conftest import label
from tests.workspaces.conftest import Old, listing, pointer

OFFLINE, FAILED = "offline-detection", "failed-print-detection"


def results(answer: Answer, about: str) -> dict[str, dict[str, Any]]:
    """Return what `check --json` says about one thing, by id."""
    return {row["id"]: row for row in answer.json["results"] if row["about"] == about}


def test_an_old_repository_is_told_what_is_odd_in_it(old: Callable[[], Old], cli: Cli) -> None:
    place = old()
    root, keys = place.root, place.keys
    failed = {keys[0]: "good", keys[1]: "failed", keys[2]: "good", keys[3]: "good", keys[4]: "good"}
    (root / "data/failed_print_labels.json").write_text(json.dumps(failed))
    (root / "models/printer_offline_detector.pth").write_bytes(
        pointer(b"").replace(b"size 0", b"size 134264241")
    )
    (root / f"datasets/{OFFLINE}/v1/README.md").write_text(
        "# v1\n\n**Total Images:** 8\n3 active, 4 offline\n"
    )
    before = listing(root)
    answer = cli(root, "check", "--json")
    assert answer.code == 1, answer.err
    assert listing(root) == before
    assert not answer.json["ok"]
    assert all(
        set(row) == {"about", "id", "level", "text", "remedy", "frames"} for row in answer.json["results"]
    )

    draft = results(answer, f"{OFFLINE} draft")
    assert "draft" not in draft
    assert draft["camera"]["level"] == "warn"  # the camera is away: that is this host's, not the labels'
    assert "2 integer labels" in draft["spelling"]["text"]
    assert draft["spelling"]["frames"] == [keys[2], keys[5]]
    other = results(answer, f"{FAILED} draft")
    assert other["contradicts"]["frames"] == [keys[3], keys[4]]
    assert (
        "offline in data/labels.json and good in data/failed_print_labels.json"
        in other["contradicts"]["text"]
    )
    assert other["lone"]["frames"] == [keys[1]]
    assert "1 lone frame failed between two good" in other["lone"]["text"]
    version = results(answer, f"{OFFLINE} v1")
    assert version["card"]["level"] == "warn"
    assert "3 active where there are 4" in version["card"]["text"]
    assert version["recordings"]["level"] == "warn"
    ignored = results(answer, "repository")["ignored"]
    assert ignored["level"] == "block"
    assert ".gitignore:2: *.jpg" in ignored["text"]
    assert f"datasets/{OFFLINE}/v2/active/20000101T000000.jpg" in ignored["frames"]
    model = results(answer, "models")["checkpoint"]
    assert model["frames"] == ["models/printer_offline_detector.pth"]
    assert "3.0 times" in model["text"]


def test_each_finding_is_printed_with_what_to_do(old: Callable[[], Old], cli: Cli) -> None:
    answer = cli(old().root, "check")
    assert answer.code == 1
    assert "BLOCK ignored" in answer.out
    assert "print-models init takes datasets/ out of the rule" in answer.out
    assert answer.out.rstrip().splitlines()[-1].startswith("1 blocking,")


def test_nothing_blocks_where_nothing_is_wrong(workspace: Callable[..., Place], cli: Cli) -> None:
    place = workspace(frames=12)
    label(place.root, place.keys[:6], "offline")
    label(place.root, place.keys[6:], "active")
    answer = cli(place.root, "check", "--json")
    assert answer.code == 0, answer.out
    assert answer.json["ok"]
    draft = results(answer, f"{OFFLINE} draft")
    assert [name for name, row in draft.items() if row["level"] != "pass"] == ["recordings"]
    assert cli(place.root, "release").code == 0
    assert cli(place.root, "check").code == 0
    one = cli(place.root, "check", "v1", "--json")
    assert one.code == 0
    assert {row["about"] for row in one.json["results"]} == {f"{OFFLINE} v1"}
    assert cli(place.root, "check", "v9").code == 5


def test_a_damaged_version_blocks_and_hides_no_other(workspace: Callable[..., Place], cli: Cli) -> None:
    place = workspace(frames=12)
    label(place.root, place.keys[:6], "offline")
    label(place.root, place.keys[6:], "active")
    assert cli(place.root, "export").code == 0
    damaged = place.root / f"datasets/{OFFLINE}/v2"
    shutil.copytree(place.root / f"datasets/{OFFLINE}/v1", damaged)
    (damaged / "metadata.jsonl").write_text("{}\n")
    answer = cli(place.root, "check", "--json")
    assert answer.code == 1
    assert results(answer, f"{OFFLINE} v2")["version"]["level"] == "block"
    assert results(answer, f"{OFFLINE} v1")["version"]["level"] == "pass"
    card = place.root / f"datasets/{OFFLINE}/v1/README.md"
    card.write_text(card.read_text().replace("**Total Images:** 12", "**Total Images:** 13"))
    assert results(cli(place.root, "check", "v1", "--json"), f"{OFFLINE} v1")["card"]["level"] == "block"


def test_the_inside_of_a_checkpoint_is_read_without_opening_it(
    workspace: Callable[..., Place], cli: Cli
) -> None:
    """A file that is here is known by its table of contents, of which nothing is executed."""
    root: Path = workspace(frames=2).root
    with zipfile.ZipFile(root / "models/printer_offline_detector.pth", "w") as file:
        file.writestr("x/data.pkl", b"\x80\x02X\x14\x00\x00\x00optimizer_state_dictq\x00.")
        file.writestr("x/data/0", bytes(90_000_000))
    model = results(cli(root, "check", "--json"), "models")["checkpoint"]
    assert model["level"] == "warn"
    assert "the optimizer's state is inside" in model["text"]


def test_too_few_frames_of_a_class_and_uneven_ones(workspace: Callable[..., Place], cli: Cli) -> None:
    place = workspace(frames=40)
    label(place.root, place.keys[:39], "offline")
    label(place.root, place.keys[39:], "active")
    draft = results(cli(place.root, "check", "--json"), f"{OFFLINE} draft")
    assert "39 to 1" in draft["balance"]["text"]
    assert "active" in draft["balance"]["remedy"]
    assert "none of it is in validation" in draft["recordings"]["text"]
