"""The commands of versions as a terminal sees them: safe text, exit codes, one meaning of every word."""

from __future__ import annotations

import json
import os
import pty
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from core.commands import checking, listing, versions
from core.versions.checks import CheckResult
from core.versions.diff import diff
from core.versions.manifest import Item, read_version
from core.versions.plan import version_snapshot
from core.versions.saying import sentence
from tests.conftest import Cli
from tests.versions.conftest import House

_NASTY = "\x1b]0;owned\x07"


def on_a_terminal(root: Path, *words: str) -> bytes:
    """Run a command on a pty, where nothing is stripped, and return every byte it wrote there."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.execv(sys.executable, [sys.executable, "-m", "core", "-C", str(root), *words])
    written = bytearray()
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(terminal)
    os.waitpid(child, 0)
    return bytes(written)


@pytest.fixture
def hostile(exported: House) -> House:
    """v1 whose text files, and an older tool's v2 whose labels, try to talk to the terminal."""
    root = exported.ws.dataset_root(exported.task)
    info = json.loads((root / "v1" / "dataset_info.json").read_text())
    info |= {"created": _NASTY, "description": _NASTY, "limits": [_NASTY], "splits": {_NASTY: {_NASTY: 1}}}
    info["classes"] = {_NASTY: 1}
    (root / "v1" / "dataset_info.json").write_text(json.dumps(info))
    (root / "v2" / f"active{_NASTY}").mkdir(parents=True)
    (root / "v2" / f"active{_NASTY}" / f"{_NASTY}.jpg").write_bytes(b"?")
    (root / "v2" / "labels.json").write_text(json.dumps({f"c/{_NASTY}.jpg": "active", "x": _NASTY}))
    (root / "v1" / "offline" / f"{_NASTY}.jpg").write_bytes(b"?")
    (root / "v1" / f"{_NASTY}.txt").write_bytes(b"?")
    return exported


@pytest.mark.parametrize(
    "words",
    [("versions",), ("verify",), ("diff", "v1", "v2", "--frames"), ("diff", "v1", f"x{_NASTY}"), ("export",)],
)
def test_nothing_in_a_version_talks_to_the_terminal(hostile: House, words: tuple[str, ...]) -> None:
    written = on_a_terminal(hostile.ws.root, *words)
    assert b"Unforeseen" not in written
    assert b"]0;owned\x07" not in written
    assert b"\x07" not in written
    assert b"v1" in written or b"v3" in written or words == ("export",)


def test_every_line_is_made_safe_whatever_it_is_given(exported: House) -> None:
    """Reading refuses such names already; what prints them trusts nobody."""
    item = Item(file_name=f"{_NASTY}/x.jpg", label=_NASTY, source=f"{_NASTY}/x.jpg", recording=_NASTY)
    v1 = read_version(exported.ws, exported.task, "v1")
    info = msgspec.structs.replace(
        v1.info, limits=[_NASTY], splits={_NASTY: {_NASTY: 1}}, created=_NASTY, name=_NASTY
    )
    bad = replace(v1, name=_NASTY, info=info, items=(item,), digest=_NASTY, problems=(_NASTY,))
    found = diff(version_snapshot(v1), version_snapshot(bad))
    row = {**listing._version_row(bad, {_NASTY: {"reason": _NASTY}}), "state": "exported only"}
    shown = [
        versions._made_text(bad),
        listing._version_line(row),
        versions._diff_text(found, exported.task, sentence(found, (_NASTY,)), frames=True),
        checking._check_line(CheckResult(_NASTY, "block", _NASTY, _NASTY)),
    ]
    for text in shown:
        assert all(line.isprintable() for line in text.split("\n")), text


def test_verify_ends_with_the_code_of_the_gravest_fault(exported: House, cli: Cli) -> None:
    """A card that disagrees is 1, an image that is gone 5, other bytes or a file that can't be parsed 3."""
    root = exported.ws.root
    v1 = read_version(exported.ws, exported.task, "v1")
    first, second = (v1.path / item.file_name for item in v1.items[:2])
    assert cli(root, "verify").code == 0
    card = v1.path / "README.md"
    card.write_text(card.read_text().replace("**Total Images:** 24", "**Total Images:** 25"))
    assert cli(root, "verify").code == 1
    second.unlink()
    assert cli(root, "verify").code == 5
    first.write_bytes(first.read_bytes() + b"x")
    answer = cli(root, "verify", "--json")
    assert answer.code == 3
    assert {"id", "level", "text", "remedy", "frames", "task", "version"} == set(answer.json["results"][0])
    shutil.rmtree(v1.path)
    v1.path.mkdir()
    (v1.path / "labels.json").write_text("{")
    assert cli(root, "verify", "v1").code == 3


def test_verify_takes_a_changed_manifest_for_changed_bytes(exported: House, cli: Cli) -> None:
    path = exported.ws.version_dir(exported.task, "v1") / "metadata.jsonl"
    path.write_text(path.read_text().replace('"split":"train"', '"split":"embargo"', 1))
    assert cli(exported.ws.root, "verify").code == 3


def test_export_says_null_for_what_was_not_pushed_as_release_does(exported: House, cli: Cli) -> None:
    answer = cli(exported.ws.root, "export", "--version", "2", "--json")
    assert answer.code == 0, answer.err
    assert [answer.json[key] for key in ("version", "commit", "tag", "pushed")] == ["v2", None, None, None]


def test_a_refused_export_sweeps_what_a_dead_one_left(exported: House, cli: Cli) -> None:
    """Killed between the rename and its own sweeping: the version is there, and its stage lies beside it."""
    left = exported.ws.dataset_root(exported.task) / ".v1.4194302.1.tmp"
    (left / "v1").mkdir(parents=True)
    assert cli(exported.ws.root, "export").code == 1
    assert not left.exists()
    left.mkdir()
    assert cli(exported.ws.root, "release").code == 0
    assert not left.exists()


def test_export_takes_labels_gone_outside_only_when_that_is_said(
    house: Callable[..., House], cli: Cli
) -> None:
    made = house(24, every=600)
    root, path = made.ws.root, made.ws.labels_path(made.task)
    for class_, frames in (("offline", made.keys[:12]), ("active", made.keys[12:])):
        assert cli(root, "label", "--as", class_, *frames).code == 0
    left = {
        key: "offline" if key in made.keys[:2] else "active" for key in (*made.keys[:2], *made.keys[12:15])
    }
    path.write_text(json.dumps(left))
    answer = cli(root, "export", "--json")
    assert answer.code == 1
    assert "--accept-outside" in answer.err
    answer = cli(root, "export", "--accept-outside", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["images"] == 5


def test_a_damaged_version_is_listed_with_what_is_wrong_and_hides_no_other(exported: House, cli: Cli) -> None:
    root = exported.ws.dataset_root(exported.task)
    (root / "v2").mkdir()
    (root / "v2" / "labels.json").write_text("{")
    (root / "v3").mkdir()
    (root / "v3" / "metadata.jsonl").write_text("{}\n")
    (root / "withdrawn.json").write_text("[")
    answer = cli(exported.ws.root, "versions")
    assert answer.code == 0, answer.err
    assert "withdrawn.json" in answer.err
    (root / "withdrawn.json").unlink()
    lines = answer.out.splitlines()
    assert "24 images" in next(line for line in lines if "v1" in line)
    assert "can't be read" in next(line for line in lines if line.startswith("  v2"))
    assert "git checkout -- datasets/offline-detection/v2/labels.json" in answer.out
    assert "git checkout -- datasets/offline-detection/v3" in answer.out
    rows = cli(exported.ws.root, "versions", "--json").json["versions"]["offline-detection"]
    assert [(row["version"], row["images"], bool(row["problems"])) for row in rows] == [
        ("v1", 24, False),
        ("v2", None, True),
        ("v3", None, True),
    ]
    assert cli(exported.ws.root, "verify", "v2").code == 3
