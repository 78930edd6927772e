"""Faults 13 to 15, 17, 21, 22 and 24: label files that others, editors, git and crashes have been at."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.labels.files import encode
from core.labels.store import LabelStore
from core.labels.sync import flush, open_store
from core.workspace import Workspace
from tests.conftest import Cli, Place, run_program
from tests.faults import labeller
from tests.faults.conftest import ACTIVE, label, label_file, labels_of
from tests.faults.harness import PROGRAM, below, inject, record
from tests.labels.conftest import Desk, key, keys
from tests.memory import measured

TASK = labeller.TASK
Copies = Callable[[], Place]


def held(root: Path) -> dict[str, str]:
    """What the store holds, asked here: no process is started."""
    with LabelStore(Workspace.open(root)) as store:
        return store.classes(TASK)


def put(place: Place, data: bytes | str) -> Path:
    path = place.root / "data" / "labels.json"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


EMPTIED = {
    "empty": lambda whole: b"",
    "zeros": lambda whole: b"\0" * len(whole),
    "cut": lambda whole: whole[: len(whole) // 2],
    "cut and filled": lambda whole: whole[:300] + b"\0" * (len(whole) - 300),
}


@pytest.mark.parametrize("how", EMPTIED)
def test_f_013_a_label_file_that_a_power_cut_emptied(copies: Copies, cli: Cli, how: str) -> None:
    """never treated as "no labels"; recover from labels.db, else refuse"""
    place = copies()
    before = label_file(place.root)
    spoilt = EMPTIED[how]((place.root / "data" / "labels.json").read_bytes())
    put(place, spoilt)
    told = cli(place.root, "status")
    assert told.code == 0
    assert "labels are in labels.db, safe" in told.out
    assert held(place.root) == before
    assert cli(place.root, "label", "--as", "active", place.keys[0]).code == 0
    assert label_file(place.root) == before | {place.keys[0]: "active"}
    # Without labels.db there is nothing to recover from but the history.
    for entry in (place.root / "data" / "history").glob("*"):
        entry.unlink()
    run_program(["rm", "-r", place.root / ".print-models"], cwd=place.root)
    path = put(place, spoilt)
    refused = cli(place.root, "export")
    assert refused.code == 3, refused.err
    assert path.read_bytes() == spoilt


@pytest.mark.parametrize("data", ["[]", "null", '"active"', '{"a": ', '{"x/y.jpg": "active"}}', "[" * 50])
def test_f_013_a_label_file_that_is_no_object(copies: Copies, cli: Cli, data: str) -> None:
    """never treated as "no labels"; recover from labels.db, else refuse"""
    place = copies()
    before = held(place.root)
    path = put(place, data)
    refused = cli(place.root, "export")
    assert refused.code == 3
    assert "data/labels.json" in refused.err
    assert path.read_text() == data
    assert held(place.root) == before


def test_f_014_git_conflict_markers(copies: Copies, cli: Cli) -> None:
    """named error, line numbers"""
    place = copies()
    lines = (place.root / "data" / "labels.json").read_text().splitlines()
    lines[3:3] = ["<<<<<<< HEAD", f'  "{place.keys[0]}": "active",', "=======", ">>>>>>> other"]
    path = put(place, "\n".join(lines) + "\n")
    said = cli(place.root, "label", "--as", "active", place.keys[5])
    assert said.code == 3
    assert "git conflict markers in lines 4, 6, 7" in said.err
    assert "The label IS saved" in said.err
    assert "<<<<<<<" in path.read_text()
    assert cli(place.root, "export").code == 3


def test_f_015_duplicate_keys_with_different_labels(copies: Copies, cli: Cli) -> None:
    """listed as conflict"""
    place = copies()
    first, second = place.keys[:2]
    text = f'{{\n "{first}": "active",\n "./{first}": "offline",\n "{second}": "offline",\n "{second}": "offline"\n}}\n'
    path = put(place, text)
    refused = cli(place.root, "export", "--accept-outside")
    assert refused.code == 3
    assert "line 2" in refused.err
    assert "appears twice, as active and as offline" in refused.err
    assert "1 more like it" in refused.err
    assert path.read_text().count(first) == 2, "both stay until someone decides"
    assert cli(place.root, "label", "--as", "active", first, "--accept-outside").code == 0
    assert path.read_text().count(first) == 1


HUGE = {
    "100 MB": lambda: b'{"c/a.jpg": "active"' + b" " * (100 << 20) + b"}",
    "depth": lambda: b'{"c/a.jpg": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "NaN": lambda: b'{"c/a.jpg": NaN}',
    "BOM": lambda: b"\xef\xbb\xbf{}",
    "UTF-16": lambda: '{"c/a.jpg": "active"}'.encode("utf-16"),
    "UTF-16 without BOM": lambda: '{"c/a.jpg": "active"}'.encode("utf-16-le"),
    "a number of digits": lambda: b'{"c/a.jpg": ' + b"9" * 10_000 + b"}",
    "no UTF-8": lambda: b'{"c/a.jpg": "\xff"}',
}
MEMORY = 300 << 20


@pytest.mark.parametrize("how", HUGE)
def test_f_017_a_file_made_to_choke_on(copies: Copies, how: str) -> None:
    """clean refusal, ≤ 300 MB"""
    place = copies()
    before = held(place.root)
    path = put(place, HUGE[how]())
    size = path.stat().st_size
    words = [*PROGRAM, "-C", str(place.root), "export"]
    done, peak = measured(words, cwd=place.root.parent, note=place.root.parent / "peak")
    said = done.stderr
    assert done.returncode == 3, said
    assert "labels.json" in said
    assert "Traceback" not in said
    assert len(said) < 2000
    assert peak < MEMORY
    assert path.stat().st_size == size
    assert held(place.root) == before


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["here", "other"]),
            st.integers(0, 3),
            st.sampled_from(["active", "offline", None]),
        ),
        max_size=12,
    )
)
def test_f_021_the_same_frame_labelled_differently(
    steps: list[tuple[str, int, str | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """one store: the later wins, both in the history; clones: conflict form of FORMATS, queued; listed pairs of tasks: a warning and a queue"""
    root = tmp_path_factory.mktemp("ws")
    (root / "print-models.toml").write_text("")
    ws = Workspace.open(root)
    task = ws.task(TASK)
    base = {key(n): "active" for n in range(2)}
    with open_store(ws) as store, open_store(ws) as second:
        store.set(TASK, base, "active", who="ana")
        assert flush(ws, store, task).problem is None
        theirs = dict(base)
        for side, n, class_ in steps:
            if side == "here":
                for who, one in (("ana", store), ("bo", second)):
                    one.set(TASK, [key(n)], class_, who=who)
            else:
                theirs.pop(key(n), None)
                if class_:
                    theirs[key(n)] = class_
        ours = store.classes(TASK)
        ws.labels_path(task).write_bytes(encode(theirs))
        assert flush(ws, store, task).problem is None
        file = json.loads(ws.labels_path(task).read_text())
        for frame in keys(4):
            then, here, there = base.get(frame), ours.get(frame), theirs.get(frame)
            if here != then and there not in (then, here):
                assert file[frame] == {"ours": here, "theirs": there}
                assert frame in [entry.key for entry in store.problems(TASK)]
            else:
                assert file.get(frame) == (here if here != then else there)
                assert store.classes(TASK).get(frame) == file.get(frame)
            assert [e.seq for e in store.history(frame)] == sorted(e.seq for e in store.history(frame))


def test_f_021_a_conflict_of_two_clones_blocks_an_export(copies: Copies, cli: Cli) -> None:
    """one store: the later wins, both in the history; clones: conflict form of FORMATS, queued; listed pairs of tasks: a warning and a queue"""
    place = copies()
    assert cli(place.root, "label", "--as", "active", "--who", "ana", place.keys[0]).code == 0
    assert cli(place.root, "label", "--as", "offline", "--who", "bo", place.keys[0]).code == 0
    told = cli(place.root, "history", place.keys[0], "--json").json["history"]
    assert [(row["who"], row["after"]) for row in told][-2:] == [("ana", "active"), ("bo", "offline")]
    file = label_file(place.root)
    put(place, json.dumps(file | {place.keys[1]: {"ours": "active", "theirs": "offline"}}))
    refused = cli(place.root, "export")
    assert refused.code == 1
    assert "conflict: ours active, theirs offline" in refused.err
    queue = cli(place.root, "frames", "--filter", "conflict", "--json").json
    assert [row["frame"] for row in queue["frames"]] == [place.keys[1]]


def test_f_021_labels_of_two_tasks_that_contradict(copies: Copies, cli: Cli) -> None:
    """one store: the later wins, both in the history; clones: conflict form of FORMATS, queued; listed pairs of tasks: a warning and a queue"""
    place = copies()
    offline = place.keys[0]
    assert labels_of(place.root)[offline] == "offline"
    task = ["--task", "failed-print-detection"]
    assert cli(place.root, "label", *task, "--as", "good", offline).code == 0
    found = [
        row for row in cli(place.root, "check", *task, "--json").json["results"] if row["id"] == "contradicts"
    ]
    assert [row["level"] for row in found] == ["warn"]
    assert offline in str(found[0]["frames"])
    for name in ("failed-print-detection", "offline-detection"):
        queue = cli(place.root, "frames", "--queue", "contradictions", "--task", name, "--json").json
        assert [row["frame"] for row in queue["frames"]] == [offline]
    # A print that stopped on its failure is no contradiction.
    assert cli(place.root, "label", *task, "--as", "failed", offline).code == 0
    queue = cli(place.root, "frames", "--queue", "contradictions", *task, "--json").json
    checked = cli(place.root, "check", *task, "--json").json["results"]
    assert queue["total"] == 0
    assert [row["level"] for row in checked if row["id"] == "contradicts"] == ["pass"]


EDITS = {
    "an editor's rename": lambda path, data: (
        path.with_name("x").write_bytes(data),
        path.with_name("x").rename(path),
    ),
    "in place": lambda path, data: path.write_bytes(data),
}


@pytest.mark.parametrize("how", EDITS)
def test_f_022_an_edit_while_the_program_runs(desk: Desk, how: str) -> None:
    """detected by inode/mtime/sha before snapshot; merge or stop"""
    store = desk.open()
    store.set(TASK, keys(3), "active", who="ana")
    desk.flush(store)
    found = os.stat(desk.file)
    store.set(TASK, [key(3)], "active", who="ana")
    edited = desk.file.read_bytes().replace(b'00100.jpg": "active"', b'00100.jpg": "offline"')
    EDITS[how](desk.file, edited)
    os.utime(desk.file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert desk.flush(store).outside == 1
    assert desk.read() == {key(0): "active", key(1): "offline", key(2): "active", key(3): "active"}


def test_f_022_an_edit_between_two_commands(copies: Copies, cli: Cli) -> None:
    """detected by inode/mtime/sha before snapshot; merge or stop"""
    place = copies()
    file = label_file(place.root)
    put(place, json.dumps(file | {place.keys[0]: "active"}))
    assert cli(place.root, "label", "--as", "offline", place.keys[11]).code == 0
    assert label_file(place.root) == file | {place.keys[0]: "active", place.keys[11]: "offline"}
    put(place, "{}")
    waits = cli(place.root, "label", "--as", "active", place.keys[1])
    assert waits.code == 1
    assert re.search(r"−12 \+0 ~0 labels", waits.err)
    assert labels_of(place.root)[place.keys[1]] == "offline", "nothing was labelled before the word"
    assert cli(place.root, "label", "--as", "active", place.keys[1], "--accept-outside").code == 0
    assert label_file(place.root) == {place.keys[1]: "active"}


def test_f_024_leftover_temporary_files(copies: Copies) -> None:
    """swept under lock"""
    place = copies()
    _, calls = record(label(place.root, "offline", *ACTIVE), cwd=place.root)
    rename = below(calls, place.root / "data", names="rename,renameat,renameat2")[0]
    place = copies()
    killed = inject(label(place.root, "offline", *ACTIVE), rename, "signal=KILL", cwd=place.root)
    assert killed.code != 0
    assert len(list((place.root / "data").glob(".*.tmp"))) == 1, "the kill left one"
    (place.root / "data" / ".somebody-elses.tmp").touch()
    assert run_program(label(place.root, "offline", *ACTIVE), cwd=place.root).code == 0
    assert [path.name for path in (place.root / "data").glob(".*.tmp")] == [".somebody-elses.tmp"]
    assert label_file(place.root) == dict.fromkeys(place.keys, "offline")
