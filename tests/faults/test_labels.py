"""Faults 1 to 7 and 16: what a person was told is saved is there, and what is not saved is said."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Cli, Place, run_program
from tests.faults import labeller, powercut
from tests.faults.conftest import ACTIVE, label, label_file, labels_of
from tests.faults.harness import (
    PROGRAM,
    below,
    inject,
    kill_after,
    limited,
    moments,
    on_small_disk,
    record,
    spread,
)

LABELLER = (sys.executable, "-m", "tests.faults.labeller")
ROOT = Path(__file__).resolve().parents[2]
Copies = Callable[[], Place]


def store_of(root: Path) -> dict[str, str]:
    """The labels in a workspace's store, opened here."""
    from core.labels.store import LabelStore
    from core.workspace import Workspace

    with LabelStore(Workspace.open(root)) as store:
        return store.classes(labeller.TASK)


def new_root(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "print-models.toml").write_text("")
    return folder


def assert_as_acknowledged(found: dict[str, str], steps: list[labeller.Step], saved: int, where: str) -> None:
    """The labels are those of the acknowledged steps, or with the one more that was under way."""
    possible = [labeller.after(steps[:saved]), labeller.after(steps[: saved + 1])]
    assert found in possible, f"{where}: {saved} steps were acknowledged"


def kill_at_random(folder: Path, kills: int, seed: int) -> None:
    acknowledged = 0
    for number, wait in enumerate(moments(kills, 0.12, seed=seed)):
        root = new_root(folder / str(number))
        words = [*LABELLER, root, "2000", str(number)]
        said = kill_after(words, wait, cwd=ROOT, wait_for=b"ready\n")
        saved = len(re.findall(rb"^saved \d+$", said, re.MULTILINE))
        assert_as_acknowledged(store_of(root), labeller.plan(2000, number), saved, f"kill {number}")
        acknowledged += saved
        shutil.rmtree(root)
    assert acknowledged > kills, "the kills fell while nothing was done yet"


@pytest.mark.parametrize(
    "kills", [25, pytest.param(400, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_f_001_killed_at_random(tmp_path: Path, kills: int) -> None:
    """acknowledged labels all there"""
    kill_at_random(tmp_path, kills, seed=kills)


def sweep_kills(copies: Copies, most: int) -> None:
    place = copies()
    answer, calls = record(label(place.root, "offline", *ACTIVE), cwd=place.root)
    assert answer.code == 0, answer.err
    points = below(calls, place.root)
    assert len(points) > 20
    for call in spread(points, most):
        place = copies()
        before = labels_of(place.root)
        done = inject(label(place.root, "offline", *ACTIVE), call, "signal=KILL", cwd=place.root)
        after = labels_of(place.root)
        wanted = dict.fromkeys(place.keys, "offline")
        assert after in (before, wanted), call
        assert done.code == 0 or done.out == "" or after == wanted, f"told as saved, but is not: {call}"
        assert set(label_file(place.root)) == set(before), call
        again = run_program(label(place.root, "offline", *ACTIVE), cwd=place.root)
        assert again.code == 0, f"{call}: {again.err}"
        assert labels_of(place.root) == label_file(place.root) == wanted, call


@pytest.mark.parametrize(
    "most", [6, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_f_001_label_killed_at_its_system_calls(copies: Copies, most: int) -> None:
    """acknowledged labels all there"""
    sweep_kills(copies, most)


def replay(quick: Path, tmp: Path, count: int, seed: int) -> int:
    root = new_root(tmp / f"recorded-{seed}")
    recording = powercut.record(
        [*LABELLER, root, str(count), str(seed)], cwd=ROOT, folders=[root / ".print-models"]
    )
    assert recording.code == 0, recording.err
    steps, laid_out = labeller.plan(count, seed), 0
    at = new_root(quick / f"state-{seed}")
    for state in powercut.states(recording):
        laid_out += 1
        powercut.lay_out(state, instead_of=root, at=at)
        saved = sum(ack.startswith(b"saved ") for ack in state.acks)
        assert_as_acknowledged(store_of(at), steps, saved, state.where)
    return laid_out


def test_f_002_power_cut_anywhere(quick_folder: Path, tmp_path: Path) -> None:
    """acknowledged labels all there"""
    assert replay(quick_folder, tmp_path, 14, 3) > 100


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [4, 5, 6])
def test_f_002_power_cut_anywhere_in_long_work(quick_folder: Path, tmp_path: Path, seed: int) -> None:
    """acknowledged labels all there"""
    assert replay(quick_folder, tmp_path, 70, seed) > 500


def test_f_002_the_replay_finds_an_acknowledgement_that_comes_too_early(
    quick_folder: Path, tmp_path: Path
) -> None:
    """acknowledged labels all there: the replay itself must fail where the disk was not asked to keep them"""
    root = new_root(tmp_path / "recorded")
    early = tmp_path / "early.py"
    early.write_text(
        "import sys\nfrom tests.faults import labeller\nfrom core.labels.database import Database\n"
        "connect = Database._connect\n"
        "def without_sync(self, path, mode):\n"
        "    db = connect(self, path, mode)\n    db.execute('PRAGMA synchronous=OFF')\n    return db\n"
        "Database._connect = without_sync\nlabeller.main(*sys.argv[1:])\n"
    )
    recording = powercut.record(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{early.read_text()}", root, "6", "3"],
        cwd=ROOT, folders=[root / ".print-models"],
    )  # fmt: skip
    assert recording.code == 0, recording.err
    at, lost = new_root(quick_folder / "state"), 0
    for state in powercut.states(recording):
        powercut.lay_out(state, instead_of=root, at=at)
        saved = sum(ack.startswith(b"saved ") for ack in state.acks)
        try:
            assert_as_acknowledged(store_of(at), labeller.plan(6, 3), saved, state.where)
        except Exception:
            lost += 1
    assert lost > 0


def test_f_003_power_cut_while_the_label_file_is_replaced(copies: Copies, quick_folder: Path) -> None:
    """old or new labels.json; labels.db has every label; reconciled on open"""
    from core.labels.sync import flush, open_store
    from core.workspace import Workspace

    place = copies()
    old = label_file(place.root)
    recording = powercut.record(
        label(place.root, "offline", *ACTIVE),
        cwd=place.root,
        folders=[place.root / ".print-models", place.root / "data"],
    )
    assert recording.code == 0, recording.err
    new = label_file(place.root)
    assert new != old
    at = quick_folder / "ws"
    at.mkdir(parents=True)
    shutil.copy(place.root / "print-models.toml", at)
    found = set()
    for state in powercut.states(recording):
        powercut.lay_out(state, instead_of=place.root, at=at)
        file = label_file(at)
        assert file in (old, new), state.where
        found.add(json.dumps(file))
        ws = Workspace.open(at)
        with open_store(ws, accept_outside=True) as store:
            classes = store.classes(labeller.TASK)
            assert classes in (old, new), state.where
            assert not state.acks or classes == new, state.where
            assert file != new or classes == new, f"{state.where}: the file is ahead of the store"
            flush(ws, store, ws.task(labeller.TASK))
        assert label_file(at) == classes, state.where
    assert len(found) == 2, "the replay reaches both sides of the rename"


def refused_or_saved(copies: Copies, faults: list[tuple[str, str]], most: int, words: str) -> None:
    """At each point: exit code 5, said and not saved, or saved; afterwards labelling works."""
    place = copies()
    _, calls = record(label(place.root, "offline", *ACTIVE), cwd=place.root)
    refused = 0
    for name, fault in faults:
        for call in spread(below(calls, place.root / ".print-models", names=name), most):
            place = copies()
            before = labels_of(place.root)
            done = inject(label(place.root, "offline", *ACTIVE), call, fault, cwd=place.root)
            after = labels_of(place.root)
            assert "Traceback" not in done.err
            if done.code == 0:
                assert after == dict.fromkeys(place.keys, "offline"), f"told as saved, but is not: {call}"
            else:
                assert done.code == 5, f"{call}: {done.err}"
                saved = after != before
                assert saved or re.search(words, done.err), f"{call}: {done.err}"
                refused += not saved
            assert run_program(label(place.root, "offline", *ACTIVE), cwd=place.root).code == 0
            assert set(labels_of(place.root).values()) == {"offline"}
    assert refused > 0, "no point hit the commit"


#: Where not even the log has room, the store is open for reading only.
FULL = r"disk full — label NOT saved|The disk is full — labels can be seen, but none can be saved"
REFUSED = f"{FULL}|label NOT saved"


def test_f_004_no_room_at_the_commit(copies: Copies) -> None:
    """ "disk full — label NOT saved"; retry works after space is freed"""
    refused_or_saved(copies, [("pwrite64", "error=ENOSPC")], 6, FULL)


SMALL = """
cp -a "$SOURCE/." .
rm -f printer-timelapses; ln -s "$CAMERA" printer-timelapses
dd if=/dev/zero of=filler bs=4096 2>/dev/null || true
code=0; $LABEL || code=$?; echo "full: $code"
$STATUS >/dev/null || echo "status failed"
rm filler
$LABEL; echo "freed: $?"
$FRAMES
"""


def test_f_004_a_disk_that_is_really_full(template: Place, tmp_path: Path) -> None:
    """ "disk full — label NOT saved"; retry works after space is freed"""
    env = {
        "SOURCE": str(template.root),
        "CAMERA": str(template.camera),
        "PYTHONPATH": str(ROOT),
        "LABEL": shlex.join(map(str, label(Path("."), "offline", *ACTIVE))),
        "STATUS": shlex.join([*PROGRAM, "status"]),
        "FRAMES": shlex.join([*PROGRAM, "frames", "--filter", "label:offline"]),
    }
    done = on_small_disk(SMALL, mount=tmp_path / "disk", size="3m", cwd=tmp_path, env=env)
    assert "full: 5" in done.out, done.out + done.err
    assert re.search(FULL, done.err), done.err
    assert "status failed" not in done.out, "what is there can be read on a full disk"
    assert "freed: 0" in done.out, done.out + done.err
    assert done.out.count("20251107T") == len(template.keys)


@pytest.mark.parametrize(
    "most", [5, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_f_005_no_room_for_the_label_file(copies: Copies, most: int) -> None:
    """labels stay safe in labels.db, old labels.json intact, warning until it is written"""
    place = copies()
    _, calls = record(label(place.root, "offline", *ACTIVE), cwd=place.root)
    found = below(calls, place.root / "data", names="write,fsync,rename,openat")
    points = spread([call for call in found if not call.failed], most)
    assert points
    warned = 0
    for call in points:
        place = copies()
        old = label_file(place.root)
        done = inject(label(place.root, "offline", *ACTIVE), call, "error=ENOSPC", cwd=place.root)
        assert done.code in (0, 5), f"{call}: {done.err}"
        assert "Traceback" not in done.err
        wanted = dict.fromkeys(place.keys, "offline")
        assert label_file(place.root) in (old, wanted), call
        if label_file(place.root) == old:
            assert done.code == 5, call
            assert "labels.json" in done.err, call
            warned += 1
        assert labels_of(place.root) == wanted, call
        assert run_program(label(place.root, "offline", *ACTIVE), cwd=place.root).code == 0
        assert label_file(place.root) == wanted, call
        assert not list((place.root / "data").glob(".*.tmp")), "nothing of the failed write is left"
    assert warned > 0


@pytest.mark.parametrize(
    "most", [5, pytest.param(10_000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]
)
def test_f_006_a_failed_fsync(copies: Copies, most: int) -> None:
    """no commit goes to that database any more: it is read into a new file, the old one is kept aside; else read-only"""
    place = copies()
    _, calls = record(label(place.root, "offline", *ACTIVE), cwd=place.root)
    points = spread(below(calls, place.root / ".print-models", names="fdatasync,fsync"), most)
    assert points
    aside = 0
    for call in points:
        place = copies()
        before = labels_of(place.root)
        database = place.root / ".print-models" / "labels.db"
        inode = database.stat().st_ino
        done = inject(label(place.root, "offline", *ACTIVE), call, "error=EIO", cwd=place.root)
        assert "Traceback" not in done.err
        after = labels_of(place.root)
        assert done.code in (0, 5), f"{call}: {done.err}"
        if done.code == 0:
            assert after == dict.fromkeys(place.keys, "offline"), call
        else:
            assert after in (before, dict.fromkeys(place.keys, "offline")), call
        if list(database.parent.glob("labels.db.failed-*")):
            aside += 1
            assert database.stat().st_ino != inode
    assert aside > 0, "no failed fsync led to a new database"


def test_f_007_over_the_quota_or_failing(copies: Copies) -> None:
    """the label is not saved and that is said; retry works afterwards"""
    refused_or_saved(copies, [("pwrite64", "error=EDQUOT"), ("pwrite64", "error=EIO")], 3, REFUSED)


def test_f_007_files_may_not_grow(copies: Copies) -> None:
    """the label is not saved and that is said; retry works afterwards"""
    place = copies()
    before = labels_of(place.root)
    done = limited(label(place.root, "offline", *ACTIVE), cwd=place.root, file_bytes=4096)
    assert done.code == 5, done.err
    assert re.search(REFUSED, done.err), done.err
    assert labels_of(place.root) == before
    assert run_program(label(place.root, "offline", *ACTIVE), cwd=place.root).code == 0
    assert set(labels_of(place.root).values()) == {"offline"}


MIXED = {
    0: 1,
    1: "active",
    2: True,
    3: None,
    4: "Active ",
    5: "0",
    6: 0,
    7: "OFFLINE",
    8: 2,
    9: [1],
    10: "maybe",
}
TAKEN = {0: "active", 1: "active", 4: "active", 5: "offline", 6: "offline", 7: "offline"}


def test_f_016_mixed_types_in_a_label_file(workspace: Callable[..., Place], cli: Cli) -> None:
    """normalised by table, reported; unknown quarantined"""
    place = workspace(frames=12)
    file = place.root / "data" / "labels.json"
    written = json.dumps({place.keys[number]: value for number, value in MIXED.items()})
    file.write_text(written)
    answer = cli(place.root, "frames", "--json")
    assert answer.code == 0, answer.err
    found = {row["frame"]: row["label"] for row in answer.json["frames"] if row["label"]}
    assert found == {place.keys[number]: class_ for number, class_ in TAKEN.items()}
    refused = cli(place.root, "export")
    assert refused.code == 3, refused.err
    assert not (place.root / "datasets" / "offline-detection" / "v1").exists()
    unknown = [place.keys[number] for number in MIXED if number not in TAKEN]
    said = " ".join((refused.err, cli(place.root, "status").out, cli(place.root, "status").err))
    assert str(len(unknown)) in said
    assert unknown[0] in said or unknown[0].split("/")[-1] in said
    for number in MIXED:
        if number not in TAKEN:
            assert json.loads(file.read_text())[place.keys[number]] == MIXED[number], (
                "stays until someone decides"
            )
    decide = cli(place.root, "label", "--as", "offline", *unknown)
    assert decide.code == 0, decide.err
    assert cli(place.root, "export").code == 0
