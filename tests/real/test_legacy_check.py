"""What is odd in a real predecessor's repository, named one by one; verify and diff read it from its pointers."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Cli, git
from tests.workspaces.conftest import listing


def test_check_names_what_is_odd_in_it(real_legacy: Path, cli: Cli) -> None:
    before = listing(real_legacy)
    answer = cli(real_legacy, "check", "--json")
    assert answer.code == 1
    found = {(row["about"], row["id"]): row for row in answer.json["results"] if row["level"] != "pass"}
    spelled = found["offline-detection draft", "spelling"]
    assert "18 integer labels" in spelled["text"]
    assert len(spelled["frames"]) == 18
    assert found["failed-print-detection draft", "contradicts"]["frames"] == [
        "printer-timelapses/20251107/20251107T010901.jpg"
    ]
    lone = found["failed-print-detection draft", "lone"]
    assert "6 lone frames failed between two good" in lone["text"]
    assert "60 active where there are 79" in found["offline-detection v1", "card"]["text"]
    ignored = found["repository", "ignored"]
    assert (ignored["level"], "*.jpg" in ignored["text"]) == ("block", True)
    model = found["models", "checkpoint"]
    assert model["frames"] == ["models/printer_offline_detector.pth"]
    assert "3.0 times" in model["text"]
    assert [key for key, row in found.items() if row["level"] == "block"] == [("repository", "ignored")]
    assert listing(real_legacy) == before
    assert git(real_legacy, "status", "--porcelain", "--ignored") == ""


def test_its_version_is_verified_from_its_pointers(real_legacy: Path, cli: Cli) -> None:
    before = listing(real_legacy)
    answer = cli(real_legacy, "verify")
    assert answer.code == 0
    assert "169 images are here as Git LFS pointers only" in answer.out
    assert "169 pointers name the right one" in answer.out
    diff = cli(real_legacy, "diff").out
    assert "169 unchanged" in diff
    assert "169 frames labelled without a record of the bytes" in diff
    assert "in a commit, no tag" in cli(real_legacy, "versions").out
    assert listing(real_legacy) == before
