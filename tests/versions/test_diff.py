"""The difference: every frame in one kind, matched by key and then by bytes, in hunks a person can review."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Damaged, Lacking
from core.versions.diff import KINDS, Labelled, Snapshot, diff
from core.versions.snapshots import snapshot_of
from tests.versions.conftest import House

CLASSES = ("offline", "active")


def frame(minute: int) -> str:
    return f"cam/20251107/20251107T{minute // 60:02}{minute % 60:02}00.jpg"


def snap(name: str, *entries: Labelled) -> Snapshot:
    return Snapshot(name, {e.source: e for e in entries}, CLASSES)


def entry(minute: int, label: str = "offline", oid: str | None = "", recording: str = "cam/r") -> Labelled:
    return Labelled(frame(minute), label, f"sha256:{minute}" if oid == "" else oid, 100, recording)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    minutes = draw(st.sets(st.integers(0, 30)))
    oids = st.sampled_from([None, *(f"sha256:{i}" for i in range(12))])
    return snap("s", *(entry(m, draw(st.sampled_from(CLASSES)), draw(oids)) for m in minutes))


@settings(max_examples=200, deadline=None)
@given(snapshots(), snapshots())
def test_every_frame_of_both_is_counted_once(base: Snapshot, target: Snapshot) -> None:
    found = diff(base, target)
    n = found.counts
    shared = n["relabelled"] + n["replaced"] + n["unknown"] + n["unchanged"]
    assert len(base.entries) == n["removed"] + n["moved"] + shared
    assert len(target.entries) == n["added"] + n["moved"] + shared
    changed = sum(n[kind] for kind in KINDS if kind not in ("unchanged", "unknown"))
    assert sum(len(hunk.frames) for hunk in found.hunks) == changed
    assert len({hunk.id for hunk in found.hunks}) == len(found.hunks)
    assert found.differs == bool(changed)
    matched = sum(sum(row.values()) for row in found.confusion.values())
    assert matched == shared + n["moved"]
    assert sum(found.bytes.values()) <= 100 * len(target.entries)


@given(snapshots(), snapshots())
def test_the_changes_carried_out_on_the_base_give_the_target(base: Snapshot, target: Snapshot) -> None:
    """Labels and, where they are known on both sides, bytes; each change is in exactly one hunk."""
    found = diff(base, target)
    made = dict(base.entries)
    for change in found.changes:
        if change.before:
            made.pop(change.before.source, None)
    made |= {change.after.source: change.after for change in found.changes if change.after}
    said = {frame: (entry.label, entry.oid) for frame, entry in made.items()}
    assert said == {frame: (entry.label, entry.oid) for frame, entry in target.entries.items()}
    changed = sorted(change.entry.source for change in found.changes if change.kind != "unknown")
    assert sorted(frame for hunk in found.hunks for frame in hunk.frames) == changed
    assert len({hunk.id for hunk in found.hunks}) == len(found.hunks)


@given(snapshots())
def test_nothing_differs_from_itself(base: Snapshot) -> None:
    assert not diff(base, base).differs
    assert not diff(base, base).hunks


def test_the_kinds_and_the_object_others_rely_on() -> None:
    base = snap("v1", entry(0), entry(1), entry(2), entry(3), entry(4, oid=None), entry(9))
    target = snap(
        "draft",
        *(
            entry(0),
            entry(1, "active"),
            entry(2, oid="sha256:new"),
            entry(4, oid=None),
            entry(20, oid="sha256:9"),
        ),
        *(entry(30), entry(31)),
    )
    found = diff(base, target)
    shown = found.as_json(frames=True)
    assert {kind: shown[kind] for kind in KINDS} == {
        **{
            "added": 2,
            "removed": 1,
            "relabelled": 1,
            "replaced": 1,
            "moved": 1,
            "unknown": 1,
            "unchanged": 1,
        },
    }
    assert list(shown) == [
        *("base", "target", "added", "removed", "relabelled", "replaced", "moved", "unknown", "unchanged"),
        *("classes", "confusion", "bytes", "hunks", "frames"),
    ]
    assert shown["classes"] == {"base": {"offline": 6, "active": 0}, "target": {"offline": 6, "active": 1}}
    assert shown["confusion"] == {"offline": {"active": 1, "offline": 4}}
    assert shown["bytes"] == {"new": 300, "reused": 400}
    assert shown["frames"]["relabelled"] == [{"frame": frame(1), "from": "offline", "to": "active"}]
    assert shown["frames"]["moved"] == [
        {"frame": frame(20), "from": "offline", "to": "offline", "moved_from": frame(9)}
    ]
    last = shown["hunks"][-1]
    assert list(last) == ["id", "recording", "from", "to", "frames", "change", "bytes", "held", "comment"]
    assert (last["id"], last["frames"], last["change"]) == ("cam/r/0030", 2, "added offline")
    assert (last["from"], last["to"]) == ("2025-11-07T00:30:00", "2025-11-07T00:31:00")
    assert found.summary() == "+2 −1 ~2 →1 ?1"


def test_a_hunk_ends_where_an_unchanged_frame_lies_and_two_of_a_minute_differ_in_name() -> None:
    base = snap(
        "a", entry(1), Labelled("cam/20251107/20251107T000030.jpg", "offline", "sha256:z", 1, "cam/r")
    )
    target = snap(
        "b",
        *base.entries.values(),
        *(
            Labelled(f"cam/20251107/20251107T0000{s:02}.jpg", "active", f"sha256:s{s}", 1, "cam/r")
            for s in (10, 50)
        ),
    )
    assert [h.id for h in diff(base, target).hunks] == ["cam/r/0000", "cam/r/0000.2"]


def test_held_and_comments_are_shown_on_their_hunk() -> None:
    found = diff(
        snap("a"), snap("b", entry(3)), held=frozenset({"cam/r/0003"}), comments={"cam/r/0003": "why"}
    )
    assert (found.hunks[0].held, found.hunks[0].comment) == (True, "why")


def test_versions_commits_paths_and_the_draft(exported: House) -> None:
    root = exported.ws.root
    subprocess.run(["git", "add", "datasets"], cwd=root, check=True, capture_output=True)
    subprocess.run(["git", "commit", "-qm", "v1"], cwd=root, check=True, capture_output=True)
    v1 = snapshot_of(exported.ws, "v1", exported.task)
    for word in ("HEAD:v1", ":v1", "datasets/offline-detection/v1"):
        other = snapshot_of(exported.ws, word, exported.task)
        assert not diff(v1, other).differs
        assert dict(other.entries) == dict(v1.entries)
    exported.label([exported.keys[0]], "active")
    draft = snapshot_of(exported.ws, "draft", exported.task, store=exported.store, index=exported.index)
    assert diff(v1, draft).summary() == "+0 −0 ~1"
    assert diff(v1, draft).hunks[0].change == "offline → active"
    file = exported.ws.root / "mine.json"
    file.write_text(f'{{"{exported.keys[0]}": 1}}')
    assert diff(v1, snapshot_of(exported.ws, "mine.json", exported.task)).counts["removed"] == 23
    for word in ("v7", "nonsense", "nobranch:v1", "HEAD:v9"):
        with pytest.raises(Lacking):
            snapshot_of(exported.ws, word, exported.task)


def test_a_draft_frame_that_was_overwritten_shows_as_unknown_bytes(house: Callable[..., House]) -> None:
    made = house(12)
    made.label(made.keys[:6], "offline", bind=True)
    made.label(made.keys[6:], "active", bind=True)
    made.export()
    made.store.set(made.task, [made.keys[0]], None, who="ana")
    made.store.set(made.task, [made.keys[0]], "offline", who="ana", sizes={made.keys[0]: (5, 5, None)})
    found = diff(
        snapshot_of(made.ws, "v1", made.task),
        snapshot_of(made.ws, "draft", made.task, store=made.store, index=made.index),
    )
    assert found.summary() == "+0 −0 ~0 ?1"


def test_the_commands_agree_with_the_core(exported: House, cli: Callable[..., Any]) -> None:
    root = exported.ws.root
    exported.store.close()
    same = cli(root, "diff", "v1", "v1", "--exit-code", "--json")
    assert same.code == 0
    assert same.json["unchanged"] == 24
    cli(root, "label", "--as", "active", exported.keys[0])
    found = cli(root, "diff", "--exit-code", "--json", "--frames")
    assert found.code == 1
    assert found.json["format"] == 1
    assert found.json["relabelled"] == 1
    assert cli(root, "diff", "nope").code == 5
    note = ("--labels", "data/labels.json", "--output", "datasets/offline-detection/v2", "--version", "2.0")
    done = cli(root, "export", *note, "--description", "Second", "--json")
    assert done.code == 0, done.err
    assert list(done.json) == [
        "format",
        "version",
        "path",
        "digest",
        "images",
        "bytes",
        "commit",
        "tag",
        "pushed",
    ]
    again = cli(root, "export", *note)
    assert again.code == 1
    assert cli(root, "export", "--version", "3", "--output", "datasets/offline-detection/v2").code == 2
    listed = cli(root, "versions", "--json").json["versions"]["offline-detection"]
    assert [row["version"] for row in listed] == ["v1", "v2"]
    assert cli(root, "verify", "--json").json["ok"] is True
    picture = next((Path(root) / "datasets/offline-detection/v2/active").iterdir())
    picture.write_bytes(picture.read_bytes()[:-1] + b"\0")
    broken = cli(root, "verify", "v2", "--json")
    assert broken.code == 3
    assert [r["frames"] for r in broken.json["results"] if r["level"] == "block"] == [
        [f"active/{picture.name}"]
    ]


@pytest.mark.parametrize("name", ["metadata.jsonl", "active", "dataset_info.json"])
def test_a_commit_that_lacks_an_object_is_named_as_damage(exported: House, name: str) -> None:
    """A copy of a repository that lost an object: said with git's own remedy, never a traceback."""
    root = exported.ws.root
    for words in (["add", "datasets"], ["commit", "-qm", "v1"]):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
    listing = subprocess.run(
        ["git", "ls-tree", "-r", "HEAD", f"datasets/{exported.task.name}/v1/{name}"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    blob = listing.split()[2]
    lost = root / ".git" / "objects" / blob[:2] / blob[2:]
    lost.unlink()
    with pytest.raises(Damaged, match=f"lacks the object {blob[:12]}"):
        snapshot_of(exported.ws, "HEAD:v1", exported.task)
