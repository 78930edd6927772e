"""How far a version is, as `versions` and `status` say it: exported, tagged here, on a remote; what waits."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Cli, Place, git
from tests.release.conftest import label


def state(root: Path, cli: Cli) -> list[str]:
    rows = cli(root, "versions", "--task", "offline-detection", "--json").json["versions"]
    return [row["state"] for row in rows["offline-detection"]]


def test_versions_say_how_far_each_is(labelled: Place, remote: Path, cli: Cli):
    root = labelled.root
    assert cli(root, "export").code == 0
    assert state(root, cli) == ["exported only"]
    assert "exported only" in cli(root, "versions").out
    assert cli(root, "release").code == 0
    assert state(root, cli) == ["tagged here"]
    assert cli(root, "release", "--push").code == 0
    assert state(root, cli) == ["released on origin"]
    label(root, labelled.keys[12:13], "active")
    assert cli(root, "release").code == 0
    assert state(root, cli) == ["released on origin", "tagged here"]


def test_a_clone_knows_what_its_origin_has(labelled: Place, remote: Path, cli: Cli, tmp_path: Path):
    assert cli(labelled.root, "release", "--push").code == 0
    git(tmp_path, "clone", "-q", str(remote), "clone")
    assert state(tmp_path / "clone", cli) == ["released on origin"]
