"""How far a version is, as `versions` and `status` say it: exported, tagged here, on a remote; what waits."""

from __future__ import annotations

import json
from pathlib import Path

from core.commands.next_step import next_step
from core.workspace import Workspace
from tests.conftest import Cli, Place, git
from tests.release.conftest import label


def state(root: Path, cli: Cli) -> list[str]:
    rows = cli(root, "versions", "--task", "offline-detection", "--json").json["versions"]
    return [row["state"] for row in rows["offline-detection"]]


def test_versions_say_how_far_each_is(labelled: Place, remote: Path, cli: Cli):
    root = labelled.root
    exported = cli(root, "export")
    assert exported.code == 0
    assert "print-models release --task offline-detection" in exported.out
    assert state(root, cli) == ["exported only"]
    assert "exported only" in cli(root, "versions").out
    assert "next: release offline-detection v1, which is exported only" in cli(root, "status").out
    assert cli(root, "release").code == 0
    assert state(root, cli) == ["tagged here"]
    assert cli(root, "release", "--push").code == 0
    assert state(root, cli) == ["released on origin"]
    label(root, labelled.keys[12:13], "active")
    assert cli(root, "release").code == 0
    assert state(root, cli) == ["released on origin", "tagged here"]
    assert "1 commit and 1 tag not pushed" in cli(root, "status").out
    assert cli(root, "status", "--json").json["git"]["waiting_tags"] == ["offline-detection/v2"]


def test_a_clone_knows_what_its_origin_has(labelled: Place, remote: Path, cli: Cli, tmp_path: Path):
    assert cli(labelled.root, "release", "--push").code == 0
    git(tmp_path, "clone", "-q", str(remote), "clone")
    assert state(tmp_path / "clone", cli) == ["released on origin"]


def test_a_branch_pushed_by_hand_does_not_take_its_tag_along(labelled: Place, remote: Path, cli: Cli):
    root = labelled.root
    assert cli(root, "release").code == 0
    git(root, "push", "-q", "origin", "main")
    assert state(root, cli) == ["tagged here"]
    assert "1 tag not pushed" in cli(root, "status").out
    waits = {"waiting_tags": ["offline-detection/v1"]}
    said = next_step(Workspace.open(root), (), waits, (), 12, {}, None)
    assert said == "send 1 tag that no remote has: print-models release --task offline-detection --push"


def test_a_release_of_someone_else_is_where_it_came_from(
    labelled: Place, remote: Path, cli: Cli, tmp_path: Path
):
    root, other = labelled.root, tmp_path / "other"
    assert cli(root, "release", "--push").code == 0
    git(tmp_path, "clone", "-q", str(remote), "other")
    git(other, "commit", "-q", "--allow-empty", "-m", "theirs")
    git(other, "tag", "-a", "-m", "theirs", "offline-detection/v2")
    git(other, "push", "-q", "origin", "main", "offline-detection/v2")
    git(root, "pull", "-q", "--tags", "origin", "main")
    assert cli(root, "status", "--json").json["git"]["waiting_tags"] == []
    assert "not pushed" not in cli(root, "status").out


def test_tags_of_releases_that_were_never_pushed_go_with_the_next_push(
    labelled: Place, remote: Path, cli: Cli
):
    """Branch and all tags in one push; before it every object of every tag is proven there."""
    root = labelled.root
    assert cli(root, "release").code == 0
    git(
        root, "-c", "core.hooksPath=/dev/null", "push", "-q", "origin", "main"
    )  # the branch, without an object
    label(root, labelled.keys[:1], "active")
    label(root, labelled.keys[12:13], "active")
    assert cli(root, "release").code == 0
    label(root, labelled.keys[13:14], "active")
    answer = cli(root, "release", "--push", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["tag"] == "offline-detection/v3"
    assert answer.json["also"] == ["offline-detection/v1", "offline-detection/v2"]
    there = git(root, "ls-remote", "origin", "refs/tags/*")
    assert all(f"refs/tags/offline-detection/v{n}\n" in there for n in (1, 2, 3))
    git(root.parent, "clone", "-q", str(remote), "other")
    assert cli(root.parent / "other", "verify").code == 0


def test_with_nothing_new_a_push_sends_what_waits_and_says_which(labelled: Place, remote: Path, cli: Cli):
    root = labelled.root
    assert cli(root, "release", "--push").code == 0
    card = root / "datasets/offline-detection/v1/README.md"
    card.write_text(card.read_text() + "\nA model was trained on it.\n")
    git(root, "commit", "-q", "-a", "-m", "A note of ours")
    dry = cli(root, "release", "--push", "--dry-run")
    assert "waiting" in dry.out
    answer = cli(root, "release", "--push")
    assert answer.code == 0, answer.err
    assert "A note of ours" in answer.out
    assert git(root, "rev-parse", "offline-detection/v1^{commit}").strip() in answer.out
    assert (
        git(root, "ls-remote", "origin", "refs/heads/main").split()[0]
        == git(root, "rev-parse", "HEAD").strip()
    )
    again = cli(root, "release", "--push")
    assert again.code == 1
    assert "nothing to release" in again.err


def test_an_object_missing_here_keeps_every_waiting_tag_here(labelled: Place, remote: Path, cli: Cli):
    root = labelled.root
    assert cli(root, "release").code == 0
    git(root, "-c", "core.hooksPath=/dev/null", "push", "-q", "origin", "main")
    gone = json.loads((root / "datasets/offline-detection/v1/metadata.jsonl").read_text().splitlines()[0])
    assert gone["label"] == "active"
    label(root, labelled.keys[12:13], "active")
    assert cli(root, "unlabel", gone["source"]).code == 0
    assert cli(root, "release").code == 0
    oid = gone["oid"].removeprefix("sha256:")
    (root / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid).unlink()
    answer = cli(root, "release", "--push")
    assert answer.code == 6
    assert oid[:12] in answer.err
    assert git(root, "ls-remote", "origin", "refs/tags/*") == ""
