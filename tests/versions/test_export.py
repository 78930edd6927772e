"""Export: what was labelled is what is written, whole and verified, or nothing is."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled, Damaged, Lacking, PrintModelsError, Refused, WrongUsage
from core.progress import CancelToken, Progress
from core.versions.export import export, sweep
from core.versions.manifest import digest, latest, read_version
from core.versions.numbering import words_of
from tests.versions.conftest import House


def sha(path: Path) -> str:
    return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def leftovers(house: House) -> list[str]:
    root = house.ws.dataset_root(house.task)
    return sorted(entry.name for entry in root.iterdir()) if root.is_dir() else []


def test_a_version_holds_exactly_what_the_formats_say(exported: House) -> None:
    folder = exported.ws.version_dir(exported.task, "v1")
    assert sorted(p.name for p in folder.iterdir()) == [
        *("README.md", "active", "dataset_info.json", "labels.json", "metadata.jsonl", "offline"),
    ]
    raw = (folder / "metadata.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in raw.splitlines()]
    assert raw == "".join(
        json.dumps(row, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" for row in rows
    )
    assert [row["file_name"] for row in rows] == sorted(row["file_name"] for row in rows)
    keys = "captured_at file_name height label labelled_at labelled_by labelled_how oid recording size source split width"
    assert all(" ".join(sorted(row)) == keys for row in rows)
    for row in rows:
        assert sha(folder / row["file_name"]) == row["oid"] == sha(exported.frame(row["source"]))
        assert (row["width"], row["height"], row["size"]) == (
            64,
            36,
            (folder / row["file_name"]).stat().st_size,
        )
        assert row["file_name"] == f"{row['label']}/{row['source'].rsplit('/', 1)[1]}"
    labels = json.loads((folder / "labels.json").read_text())
    assert labels == {row["source"]: row["label"] for row in rows}
    lines = sorted(
        b"\0".join(
            part.encode() for part in (r["label"], r["file_name"].split("/")[1], r["oid"][7:], r["split"])
        )
        + b"\n"
        for r in rows
    )
    info = json.loads((folder / "dataset_info.json").read_text())
    assert info["digest"] == f"sha256:{hashlib.sha256(b''.join(lines)).hexdigest()}"
    assert info["version"] == "1.0"
    assert info["name"] == "v1"
    assert info["parent"] is None
    assert info["format"] == 2
    assert info["total_images"] == 24
    assert info["total_bytes"] == sum(row["size"] for row in rows)
    assert info["classes"] == {"active": 12, "offline": 12}
    assert info["recordings"] == len({row["recording"] for row in rows})
    assert info["split_rule"]["rule"] == 1
    assert set(info["baselines"]) == {"majority", "nearest_in_time", "brightness", "time_of_day"}
    assert info["selection"] == {"labelled": 24, "left_out": 0, "per_stretch": 12, "rule": "spread"}


def test_the_camera_is_only_read_and_times_are_kept(exported: House) -> None:
    key = exported.keys[0]
    copy = exported.ws.version_dir(exported.task, "v1") / "offline" / key.rsplit("/", 1)[1]
    assert copy.stat().st_mtime_ns == exported.frame(key).stat().st_mtime_ns
    assert copy.stat().st_ino != exported.frame(key).stat().st_ino


def test_the_next_version_inherits_sides_names_and_parent(exported: House) -> None:
    v1 = read_version(exported.ws, exported.task, "v1")
    exported.label([exported.keys[0]], "active")
    v2 = exported.export()
    assert (v2.name, v2.info.version, v2.info.parent) == ("v2", "2.0", "v1")
    before = {item.source: item for item in v1.items}
    for item in v2.items:
        assert item.recording == before[item.source].recording
        assert {item.split, before[item.source].split} != {"train", "validation"}
        assert item.base_name == before[item.source].base_name
    assert v2.digest != v1.digest
    assert v1 == read_version(exported.ws, exported.task, "v1")


def test_no_labels_and_one_class_are_refused_with_the_reason(house: Callable[..., House]) -> None:
    made = house(6)
    with pytest.raises(Refused, match="no labels yet"):
        made.export()
    made.label(made.keys, "offline")
    with pytest.raises(Refused, match="only offline"):
        made.export()
    assert leftovers(made) == []


def test_a_frame_overwritten_after_labelling_stops(house: Callable[..., House]) -> None:
    made = house(8)
    made.label(made.keys[:4], "offline", bind=True)
    made.label(made.keys[4:], "active", bind=True)
    shutil.copyfile(made.frame(made.keys[1]), made.frame(made.keys[0]))
    with pytest.raises(Refused, match="changed since it was labelled") as stop:
        made.export()
    assert "labelled:" in str(stop.value)
    assert "now:" in str(stop.value)
    assert leftovers(made) == []
    found = made.frame(made.keys[0]).stat()
    made.store.set(
        made.task,
        made.keys[:1],
        "active",
        who="ana",
        sizes={made.keys[0]: (found.st_size, found.st_mtime_ns, None)},
    )
    with pytest.raises(Refused, match="same picture"):
        made.export()


def test_the_sha_at_label_time_decides_even_at_the_same_size_and_time(house: Callable[..., House]) -> None:
    made = house(8)
    made.label(made.keys[4:], "active", bind=True)
    key = made.keys[0]
    found = made.frame(key).stat()
    sizes = {
        k: (made.frame(k).stat().st_size, made.frame(k).stat().st_mtime_ns, sha(made.frame(k)))
        for k in made.keys[:4]
    }
    made.store.set(made.task, made.keys[:4], "offline", who="ana", sizes=sizes)
    data = bytearray(made.frame(key).read_bytes())
    data[-20] ^= 1
    made.frame(key).write_bytes(data)
    os.utime(made.frame(key), ns=(found.st_mtime_ns, found.st_mtime_ns))
    with pytest.raises(Refused, match="changed since"):
        made.export()


def test_missing_frames_stop_until_they_are_left_out_by_name(house: Callable[..., House]) -> None:
    made = house(10)
    made.label(made.keys[:5], "offline")
    made.label(made.keys[5:], "active")
    made.frame(made.keys[2]).unlink()
    with pytest.raises(Refused, match="nowhere") as stop:
        made.export()
    assert made.keys[2] in stop.value.what
    version = made.export(allow_missing=True)
    assert [(e.frame, e.reason) for e in version.info.excluded] == [(made.keys[2], "missing")]
    assert len(version.items) == 9


def test_a_camera_that_is_away_is_not_a_missing_frame(house: Callable[..., House]) -> None:
    made = house(6)
    made.label(made.keys[:3], "offline")
    made.label(made.keys[3:], "active")
    made.camera.rename(made.camera.with_name("unplugged"))
    for allowed in (False, True):
        with pytest.raises(Lacking):
            made.export(allow_missing=allowed)


def test_pruned_frames_come_from_the_earlier_version(exported: House) -> None:
    for key in exported.keys[:20]:
        exported.frame(key).unlink()
    exported.index.scan()
    exported.label([exported.keys[23]], "offline")
    v2 = exported.export()
    assert len(v2.items) == 24
    assert all(sha(v2.path / item.file_name) == item.oid for item in v2.items)


def test_pruned_frames_come_from_the_lfs_store_of_a_clone_with_pointers(exported: House) -> None:
    import subprocess

    root, v1 = exported.ws.root, exported.ws.version_dir(exported.task, "v1")
    subprocess.run(["git", "add", "datasets"], cwd=root, check=True, capture_output=True)
    subprocess.run(["git", "commit", "-qm", "v1"], cwd=root, check=True, capture_output=True)
    for item in read_version(exported.ws, exported.task, "v1").items:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid {item.oid}\nsize {item.size}\n"
        (v1 / item.file_name).write_text(pointer)
        exported.frame(item.source).unlink()
    exported.index.scan()
    exported.label([exported.keys[23]], "offline")
    v2 = exported.export()
    assert all(sha(v2.path / item.file_name) == item.oid for item in v2.items)


def test_an_unreadable_frame_is_named_and_nothing_is_written(house: Callable[..., House]) -> None:
    made = house(8)
    made.label(made.keys[:4], "offline")
    made.label(made.keys[4:], "active")
    path = made.frame(made.keys[5])
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(Refused) as stop:
        made.export()
    assert made.keys[5] in stop.value.what
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 5\n")
    with pytest.raises(Lacking, match="pointer"):
        made.export()
    assert leftovers(made) == []


def test_labels_waiting_for_a_decision_block(house: Callable[..., House]) -> None:
    made = house(6)
    made.label(made.keys[:3], "offline")
    made.label(made.keys[3:], "active")
    file = made.ws.root / "other.json"
    file.write_text(
        json.dumps({made.keys[0]: "active", made.keys[1]: {"ours": "active", "theirs": "offline"}})
    )
    with pytest.raises(Refused, match="conflict"):
        made.plan(labels=file, who="ana")
    file.write_text(json.dumps({made.keys[0]: "active", made.keys[1]: "perhaps"}))
    with pytest.raises(Refused, match='no class of offline-detection: "perhaps"'):
        made.plan(labels=file, who="ana")
    # What can't be read as a label at all is damage, and is named first.
    file.write_text(json.dumps({made.keys[0]: "perhaps", made.keys[1]: [1]}))
    with pytest.raises(Damaged, match="a list where a class belongs"):
        made.plan(labels=file, who="ana")


def test_a_broken_label_file_stops_the_command_and_says_where(
    exported: House, cli: Callable[..., Any]
) -> None:
    root = exported.ws.root
    exported.store.close()
    assert cli(root, "label", "--as", "active", exported.keys[0]).code == 0
    (root / "data" / "labels.json").write_text("{\n  nonsense\n")
    for words in (("export",), ("export", "--labels", "data/labels.json")):
        stopped = cli(root, *words)
        assert stopped.code == 3
        assert "labels.json" in stopped.err
        assert "Traceback" not in stopped.err
    assert leftovers(exported) == ["v1"]


def test_a_label_file_alone_is_taken_whole_and_the_store_is_not_asked(house: Callable[..., House]) -> None:
    made = house(60)
    made.label(made.keys, "offline", "stretch")
    file = made.ws.root / "data" / "mine.json"
    file.write_text(json.dumps({key: i % 2 for i, key in enumerate(made.keys[:20])}))
    version = made.export(labels=file, who="bo")
    assert len(version.items) == 20
    assert {(i.labelled_how, i.labelled_by) for i in version.items} == {("imported", "bo")}
    assert version.info.source_labels == "data/mine.json"
    assert made.store.counts(made.task)["offline"] == 60


def test_same_names_of_two_days_and_twins_are_all_kept(house: Callable[..., House]) -> None:
    made = house(4)
    day = made.camera / "20251107"
    other = made.camera / "20251108"
    other.mkdir()
    source = sorted(day.iterdir())[0]
    twin = other / source.name
    data = bytearray(source.read_bytes())
    data[-20] ^= 1
    twin.write_bytes(data)
    upper = day / sorted(day.iterdir())[1].name.replace(".jpg", ".JPG")
    data[-21] ^= 1
    upper.write_bytes(data)
    made.index.scan()
    key, shouted = f"printer-timelapses/20251108/{source.name}", f"printer-timelapses/20251107/{upper.name}"
    made.label([*made.keys[:3], key, shouted], "offline")
    made.label(made.keys[3:], "active")
    version = made.export()
    names = {item.source: item.base_name for item in version.items}
    assert names[key] == f"printer-timelapses-20251108-{source.name}"
    first, second = sorted([shouted, made.keys[1]])
    assert names[first] == first.rsplit("/", 1)[1]
    assert names[second] == f"printer-timelapses-20251107-{second.rsplit('/', 1)[1]}"
    assert len({name.casefold() for name in names.values()}) == 6
    assert all(sha(version.path / i.file_name) == sha(made.frame(i.source)) for i in version.items)


def test_a_number_once_used_is_never_used_again(exported: House) -> None:
    with pytest.raises(Refused, match="exists already"):
        exported.plan(number=1)
    root = exported.ws.root
    subprocess.run(["git", "tag", "offline-detection/v6"], cwd=root, check=True)
    assert exported.plan().name == "v7"
    with pytest.raises(Refused):
        exported.plan(number=6)


def test_two_exports_at_once_give_one_version(exported: House) -> None:
    plans = [exported.plan(), exported.plan()]
    outcomes: list[object] = []

    def run(number: int) -> None:
        try:
            outcomes.append(export(exported.ws, plans[number]).name)
        except PrintModelsError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("v2") == 1
    assert sum(isinstance(o, Refused) for o in outcomes) == 1
    assert leftovers(exported) == ["v1", "v2"]


def test_cancel_leaves_nothing(exported: House) -> None:
    token = CancelToken()

    def stop(progress: Progress) -> None:
        if progress.done > 3:
            token.cancel()

    with pytest.raises(Cancelled):
        export(exported.ws, exported.plan(), stop, token)
    assert leftovers(exported) == ["v1"]


def test_too_little_room_is_said_before_anything_is_written(
    exported: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.statvfs

    def small(path: object) -> os.statvfs_result:
        values = list(real(path))
        values[3] = values[4] = 1
        return os.statvfs_result(values)

    monkeypatch.setattr(os, "statvfs", small)
    with pytest.raises(Lacking, match="need"):
        exported.export()
    assert leftovers(exported) == ["v1"]


def test_f_061_a_link_in_place_of_the_datasets_is_refused(
    house: Callable[..., House], tmp_path: Path
) -> None:
    """dir_fd-relative ops, refuse"""
    made = house(6)
    made.label(made.keys[:3], "offline")
    made.label(made.keys[3:], "active")
    (tmp_path / "elsewhere").mkdir()
    made.ws.dataset_root(made.task).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="symbolic link"):
        made.export()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_held_back_hunks_stay_as_the_parent_has_them(exported: House) -> None:
    from core.versions.diff import diff
    from core.versions.plan import draft_snapshot, version_snapshot

    exported.label([exported.keys[0]], "active")
    exported.label([exported.keys[23]], "offline")
    planned = exported.plan()
    v1 = latest(exported.ws, exported.task)
    assert v1 is not None
    hunks = diff(version_snapshot(v1), draft_snapshot(planned.draft, planned.places)).hunks
    assert [hunk.change for hunk in hunks] == ["offline → active", "active → offline"]
    v2 = exported.export(hold_back=[hunks[0].id])
    labels = {item.source: item.label for item in v2.items}
    assert (labels[exported.keys[0]], labels[exported.keys[23]]) == ("offline", "offline")
    assert [(e.frame, e.reason) for e in v2.info.excluded] == [(exported.keys[0], "held")]
    with pytest.raises(WrongUsage, match="no hunk"):
        exported.plan(hold_back=["nothing/0000"])


def test_words_of_the_note_mean_what_they_say(exported: House) -> None:
    ws, root = exported.ws, exported.ws.root
    words = words_of(
        ws,
        labels=Path("data/labels.json"),
        output=Path("datasets/offline-detection/v2"),
        version="2.0",
        folder=root,
    )
    assert (words.task.name, words.number, words.labels, words.own_labels) == (
        "offline-detection",
        2,
        None,
        True,
    )
    assert (
        words_of(ws, labels=Path("data/failed_print_labels.json"), folder=root).task.name
        == "failed-print-detection"
    )
    assert words_of(ws, folder=root).number is None
    for wrong in (
        {"output": Path("datasets/offline-detection/v2"), "version": "3"},
        {"output": Path("datasets/offline-detection/v2"), "task": "failed-print-detection"},
        {"labels": Path("data/failed_print_labels.json"), "task": "offline-detection"},
        {"output": Path("elsewhere/v1")},
        {"version": "1.5"},
    ):
        with pytest.raises(WrongUsage):
            words_of(ws, folder=root, **wrong)


KILLED = """
import os, signal, sys
from core.frames.index import FrameIndex
from core.labels.store import LabelStore
from core.versions.export import export, plan
from core.workspace import Workspace
from pathlib import Path
from typing import Any
ws = Workspace.open(Path(sys.argv[1]))
step, at = sys.argv[2], int(sys.argv[3])
def report(p):
    if p.step == step and p.done >= at:
        os.kill(os.getpid(), signal.SIGKILL)
with LabelStore(ws) as store, FrameIndex(ws) as index:
    index.scan()
    export(ws, plan(ws, store, index, ws.task(None)), report)
print("whole")
"""


@pytest.mark.parametrize(
    ("step", "at"), [("copying", 1), ("copying", 17), ("checking", 3), ("publishing", 0), ("", 0)]
)
def test_killed_in_the_middle_there_is_no_half_version(exported: House, step: str, at: int) -> None:
    exported.label([exported.keys[0]], "active")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(exported.ws.root), step, str(at)], capture_output=True, text=True
    )
    if step:
        assert done.returncode == -signal.SIGKILL
        assert "v2" not in leftovers(exported)
        git = subprocess.run(
            ["git", "status", "--porcelain", "-uall"], cwd=exported.ws.root, capture_output=True, text=True
        )
        assert ".tmp" not in git.stdout
        assert len(sweep(exported.ws)) == 1
        assert leftovers(exported) == ["v1"]
        assert exported.export().name == "v2"
    else:
        assert done.stdout == "whole\n"
    v2 = read_version(exported.ws, exported.task, "v2")
    assert digest(v2.items) == v2.digest
    assert all(sha(v2.path / item.file_name) == item.oid for item in v2.items)


def test_the_stage_of_a_living_process_is_left_alone(exported: House) -> None:
    from core.versions.stage import staged

    with staged(exported.ws.dataset_root(exported.task), "v9") as stage:
        assert sweep(exported.ws) == []
        assert stage.path.is_dir()
    assert leftovers(exported) == ["v1"]


def test_every_key_that_is_written_is_in_the_docs(house: Callable[..., House]) -> None:
    """Also those written only where frames are in no camera folder's list."""
    made = house(24, every=600)
    made.label(made.keys[:12], "offline", bind=True)
    made.label(made.keys[12:], "active", bind=True)
    made.export()
    made.frame(made.keys[0]).unlink()
    made.index.scan()
    folder = made.export().path
    info = json.loads((folder / "dataset_info.json").read_text())
    assert {"frames_without_list", "gap_minutes_without_list"} <= set(info["split_rule"])
    row = json.loads((folder / "metadata.jsonl").read_text().splitlines()[0])
    text = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
    written = {*info, *info["split_rule"], *info["selection"], *row}
    assert [key for key in sorted(written) if f"`{key}`" not in text] == []


def test_no_hunk_that_is_held_back_brings_a_private_picture_back(exported: House) -> None:
    from core.versions.diff import diff
    from core.versions.plan import draft_snapshot, version_snapshot

    hidden = exported.keys[3]
    exported.store.set(exported.task, [hidden], None, who="ana")
    exported.label(exported.keys[:1], "active")
    exported.store.mark(hidden, who="ana", mark="excluded", reason="private")
    planned, v1 = exported.plan(), latest(exported.ws, exported.task)
    assert v1 is not None
    hunks = diff(version_snapshot(v1), draft_snapshot(planned.draft, planned.places)).hunks
    gone = next(hunk for hunk in hunks if hidden in hunk.frames)
    version = exported.export(hold_back=[gone.id])
    assert hidden not in {item.source for item in version.items}
