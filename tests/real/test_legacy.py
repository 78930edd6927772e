"""The repository of a real predecessor opens as it is, its numbers checked with git and git-lfs alone."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Cli, git
from tests.workspaces.conftest import listing

FRAME = "printer-timelapses/20251107/20251107T005601.jpg"


def _pointers(root: Path) -> dict[str, int]:
    """Return oid → size of every pointer that git-lfs lists, read with plain git."""
    found = {}
    for line in git(root, "lfs", "ls-files", "--all", "--long").splitlines():
        oid, _, path = line.split(" ", 2)
        size = git(root, "cat-file", "-p", f"HEAD:{path}").rsplit("size ", 1)[1]
        found[oid] = int(size)
    return found


def test_status_counts_every_label_integers_too(real_legacy: Path, cli: Cli) -> None:
    told = cli(real_legacy, "status", "--json").json
    offline, failed = told["tasks"]["offline-detection"], told["tasks"]["failed-print-detection"]
    assert (offline["labelled"], offline["classes"]) == (169, {"offline": 90, "active": 79})
    assert (failed["labelled"], failed["classes"]) == (196, {"good": 175, "failed": 21})
    assert (offline["latest"], failed["latest"]) == ("v1", None)
    assert offline["draft"]["base"] == "v1"
    notices = " ".join(told["notices"])
    assert "18 labels in the older spelling" in notices
    assert "/srv/thingino/ing-wyze-vdb2-62c0/timelapses" in notices
    assert "print-models init" in told["next"]


def test_storage_is_what_git_lfs_says_to_the_byte(real_legacy: Path, cli: Cli) -> None:
    told, pointers = cli(real_legacy, "storage", "--json").json, _pointers(real_legacy)
    assert len(pointers) == 171
    assert (told["objects"], told["bytes"]) == (len(pointers), sum(pointers.values()))
    version, models = told["by"]["offline-detection"]["v1"], told["by"]["models"]
    assert (version["files"], models["files"]) == (169, 2)
    assert version["bytes"] + models["bytes"] == told["bytes"]
    assert told["local"]["missing"] == 171


def test_its_version_is_its_draft(real_legacy: Path, cli: Cli) -> None:
    told = cli(real_legacy, "diff", "--json").json
    assert (told["unchanged"], told["added"], told["removed"], told["relabelled"]) == (169, 0, 0, 0)
    assert told["bytes"]["new"] == 0


def test_frames_are_those_of_its_label_files(real_legacy: Path, cli: Cli) -> None:
    labels = json.loads((real_legacy / "data" / "labels.json").read_text())
    told = cli(real_legacy, "frames", "--limit", "1000", "--json").json
    assert {row["frame"] for row in told["frames"]} == set(labels)
    assert "imported" in cli(real_legacy, "history", FRAME).out


def test_looking_at_it_touches_nothing(real_legacy: Path, cli: Cli) -> None:
    before = listing(real_legacy)
    for words in (("status",), ("storage",), ("frames",), ("models",), ("versions",), ("history", FRAME)):
        assert cli(real_legacy, *words).code == 0
    refused = cli(real_legacy, "label", "--as", "offline", FRAME)
    assert refused.code == 1
    assert "print-models init" in refused.err
    assert listing(real_legacy) == before
    assert git(real_legacy, "status", "--porcelain", "--ignored") == ""
