"""One price for one draft: status, storage and the release say the same, and it is what git does not hold yet."""

from __future__ import annotations

from pathlib import Path

from core.storage.known import known_objects
from core.storage.ledger import ledger
from core.workspace import Workspace
from tests.conftest import Cli, Place, git
from tests.release.conftest import label

TASK = "offline-detection"


def prices(root: Path, cli: Cli) -> set[int]:
    """Return what each of them says that the draft adds."""
    status = cli(root, "status", "--json").json["tasks"][TASK]["draft"]["bytes"]
    storage = cli(root, "storage", "--task", TASK, "--json").json["price"]["new_bytes"]
    dry = cli(root, "release", "--dry-run", "--json")
    return {status, storage, *([dry.json["price"]["new_bytes"]] if dry.code == 0 else [])}


def test_the_price_is_the_same_everywhere_before_and_after_each_step(labelled: Place, cli: Cli):
    root = labelled.root
    size = {key: (labelled.camera / key.split("/", 1)[1]).stat().st_size for key in labelled.keys}
    twelve = sum(size[key] for key in labelled.keys[:12])
    assert prices(root, cli) == {twelve}
    assert cli(root, "export").code == 0
    assert prices(root, cli) == {twelve}  # a folder is no commit: its images still go into Git LFS
    assert cli(root, "release").code == 0
    assert prices(root, cli) == {0}
    label(root, labelled.keys[12:13], "active")
    assert prices(root, cli) == {size[labelled.keys[12]]}


def test_what_any_commit_holds_costs_nothing_again(labelled: Place, cli: Cli):
    """A frame that left the dataset and comes back is in git already, though the newest version lacks it."""
    root = labelled.root
    assert cli(root, "release").code == 0
    assert cli(root, "unlabel", labelled.keys[0]).code == 0
    assert cli(root, "release").code == 0
    assert cli(root, "label", "--as", "active", labelled.keys[0]).code == 0
    assert prices(root, cli) == {0}
    found = cli(root, "diff", "--json").json["bytes"]
    assert found["stored"] == found["new"] > 0
    assert "of it in git already" in cli(root, "diff").out


def test_a_shallow_clone_counts_what_came_when_it_was_deepened(
    labelled: Place, remote: Path, cli: Cli, tmp_path: Path
):
    root = labelled.root
    assert cli(root, "release", "--push").code == 0
    gone = next((root / "datasets/offline-detection/v1/active").iterdir())
    git(root, "rm", "-q", str(gone))
    git(root, "commit", "-q", "-m", "Somebody removed an image")
    git(root, "push", "-q", "origin", "main")
    git(tmp_path, "clone", "-q", "--depth", "1", "--no-tags", f"file://{remote}", "clone")
    clone = Workspace.open(tmp_path / "clone")
    assert (len(known_objects(clone)), len(ledger(clone).oids)) == (11, 11)
    git(clone.root, "fetch", "-q", "--unshallow", "--no-tags")
    assert (len(known_objects(clone)), len(ledger(clone).oids)) == (12, 12)


def test_known_objects_follow_every_change_of_the_refs(labelled: Place, cli: Cli):
    """They are kept beside the refs they were true for; a copy that is damaged or of other refs does no harm."""
    root = labelled.root
    workspace = Workspace.open(root)
    before = git(root, "rev-parse", "HEAD").strip()
    assert known_objects(workspace) == {}
    assert cli(root, "release").code == 0
    assert dict(known_objects(workspace)) == dict(ledger(workspace).oids) != {}
    label(root, labelled.keys[12:13], "active")
    assert cli(root, "release").code == 0
    assert len(known_objects(workspace)) == 13
    (workspace.cache / "known-objects.json").write_bytes(b'{"tips": [')
    assert len(known_objects(Workspace.open(root))) == 13
    git(root, "tag", "-d", f"{TASK}/v1", f"{TASK}/v2")
    git(root, "reset", "-q", "--soft", before)
    assert known_objects(workspace) == {} == dict(ledger(workspace).oids)
