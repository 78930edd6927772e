"""The whole main job on real photographs, through the real command line, checked with plain git, git-lfs and sha256sum."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Answer, Cli, git, run_program
from tests.real.layout import RealCamera, Recording

TASK = "failed-print-detection"
HELD = 2  # good recordings that stay unlabelled until the second version


@dataclass(frozen=True, slots=True)
class Job:
    """What the walk left behind: the workspace, the bare remote, what each command answered."""

    root: Path
    remote: Path
    camera: RealCamera
    answers: dict[str, Any]


def _ok(answer: Answer) -> Answer:
    assert answer.code == 0, f"exit {answer.code}\n{answer.out}\n{answer.err}"
    return answer


def _label(call: Callable[..., Answer], recording: Recording, class_: str) -> None:
    first, last = recording.span
    _ok(call("label", "--task", TASK, "--as", class_, "--day", recording.day, "--from", first, "--to", last))


@pytest.fixture(scope="module")
def job(real_camera: RealCamera, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Walk it once: init, label by ranges, export, release, correct, diff, release again, storage."""
    place = tmp_path_factory.mktemp("job")
    root, remote = place / "ws", place / "remote.git"
    root.mkdir()
    git(place, "init", "-q", "--bare", str(remote))
    answers: dict[str, Any] = {}

    def call(*words: str | Path) -> Answer:
        return run_program([sys.executable, "-m", "core", *words], cwd=root)

    _ok(call("init", "--source", real_camera.folder))
    git(root, "remote", "add", "origin", remote.as_uri())
    known = [r for r in real_camera.recordings if r.class_ is not None]
    good = [r for r in known if r.class_ == "good"]
    failed = [r for r in known if r.class_ == "failed"]
    for day in sorted({recording.day for recording in known}):
        _ok(call("label", "--task", "offline-detection", "--as", "active", "--day", day))
    answers["one class"] = call("export", "--task", "offline-detection")
    for recording in [*good[:-HELD], *failed[:-1]]:
        _label(call, recording, recording.class_ or "")
    _label(call, failed[-1], "good")  # the mistake that the second version corrects
    answers["status"] = _ok(call("status", "--json")).json
    answers["export 1"] = _ok(call("export", "--task", TASK, "--json")).json
    answers["release 1"] = _ok(
        call("release", "--task", TASK, "-m", "First version", "--push", "--json")
    ).json
    _label(call, failed[-1], "failed")
    for recording in good[-HELD:]:
        _label(call, recording, "good")
    answers["diff"] = _ok(call("diff", "--task", TASK, "--json")).json
    answers["price"] = _ok(call("storage", "--task", TASK, "--json")).json
    answers["release 2"] = _ok(call("release", "--task", TASK, "-m", "Corrected", "--push", "--json")).json
    answers["storage"] = _ok(call("storage", "--json")).json
    answers["nothing new"] = call("release", "--task", TASK)
    return Job(root, remote, real_camera, answers)


@pytest.fixture(scope="module")
def clone(job: Job, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A colleague's fresh clone of the remote, with every LFS object pulled."""
    folder = tmp_path_factory.mktemp("clone") / "clone"
    git(folder.parent, "clone", "-q", job.remote.as_uri(), str(folder))
    git(folder, "lfs", "install", "--local")
    git(folder, "lfs", "pull")
    return folder


def _metadata(version: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (version / "metadata.jsonl").read_text("utf-8").splitlines()]


def test_a_draft_of_one_class_is_refused_with_a_reason(job: Job) -> None:
    answer: Answer = job.answers["one class"]
    assert answer.code == 1
    assert "active" in answer.err
    assert "offline" in answer.err
    assert not (job.root / "datasets" / "offline-detection" / "v1").exists()


def test_the_label_file_is_the_truth(job: Job) -> None:
    written = json.loads((job.root / "data" / "failed_print_labels.json").read_text("utf-8"))
    assert written == job.camera.truth
    assert job.answers["status"]["tasks"][TASK]["total"] >= len(written)


def test_export_and_release_name_the_same_version(job: Job) -> None:
    exported, released = job.answers["export 1"], job.answers["release 1"]
    assert (exported["version"], released["version"]) == ("v1", "v1")
    assert exported["digest"] == released["digest"]
    assert released["pushed"]
    assert released["tag"] == f"{TASK}/v1"
    assert git(job.root, "rev-parse", "--verify", f"{TASK}/v1^{{commit}}").strip() == released["commit"]


def test_the_diff_says_what_was_corrected_and_added(job: Job) -> None:
    diff = job.answers["diff"]
    first = {m["source"]: m["label"] for m in _metadata(job.root / f"datasets/{TASK}/v1")}
    second = {m["source"]: m["label"] for m in _metadata(job.root / f"datasets/{TASK}/v2")}
    common = first.keys() & second.keys()
    assert diff["base"] == "v1" or diff["base"]["name"] == "v1"
    assert _size(diff["added"]) == len(second.keys() - first.keys()) > 0
    assert _size(diff["removed"]) == len(first.keys() - second.keys()) == 0
    assert _size(diff["relabelled"]) == sum(first[k] != second[k] for k in common) > 0


def test_every_released_label_and_byte_is_right_in_a_fresh_clone(
    job: Job, clone: Path, real_frames: Path
) -> None:
    for name in ("v1", "v2"):
        version = clone / "datasets" / TASK / name
        images = _metadata(version)
        assert len(images) == job.answers[f"release {name[1]}"]["images"]
        summed = run_program(["sha256sum", "--", *(m["file_name"] for m in images)], cwd=version)
        assert summed.code == 0, summed.err
        sums = [line.split()[0] for line in summed.out.splitlines()]
        assert [f"sha256:{s}" for s in sums] == [m["oid"] for m in images]
        for image in images:
            photograph = real_frames / job.camera.origins[image["source"]]
            assert (version / image["file_name"]).read_bytes() == photograph.read_bytes()
    second = _metadata(clone / "datasets" / TASK / "v2")
    assert {m["source"]: m["label"] for m in second}.items() <= job.camera.truth.items()


def test_no_recording_is_on_both_sides_and_photographs_keep_their_side(clone: Path) -> None:
    sides: dict[str, set[str]] = {}
    splits = []
    for name in ("v1", "v2"):
        images = _metadata(clone / "datasets" / TASK / name)
        splits.append({m["source"]: m["split"] for m in images})
        for image in images:
            if image["split"] != "embargo":
                sides.setdefault(image["recording"], set()).add(image["split"])
    assert all(len(seen) == 1 for seen in sides.values())
    assert {s for seen in sides.values() for s in seen} == {"train", "validation"}
    first, second = splits
    assert all(second[key] == side for key, side in first.items() if key in second)


def test_the_first_version_is_untouched_by_the_second(clone: Path) -> None:
    folder = f"datasets/{TASK}/v1"
    assert git(clone, "rev-parse", f"{TASK}/v1:{folder}") == git(clone, "rev-parse", f"{TASK}/v2:{folder}")


def test_git_holds_pointers_and_git_lfs_agrees(job: Job, clone: Path) -> None:
    listed = git(clone, "lfs", "ls-files", "--long").splitlines()
    oids = {line.split()[0] for line in listed}
    images = [m for name in ("v1", "v2") for m in _metadata(clone / "datasets" / TASK / name)]
    assert {m["oid"].removeprefix("sha256:") for m in images} == oids
    blob = git(clone, "cat-file", "-p", f"HEAD:datasets/{TASK}/v1/{images[0]['file_name']}")
    assert blob.startswith("version https://git-lfs")
    git(clone, "lfs", "fsck", "--dry-run", "HEAD")
    storage = job.answers["storage"]
    sizes = {m["oid"]: m["size"] for m in images}
    assert (storage["objects"], storage["bytes"]) == (len(sizes), sum(sizes.values()))


def test_the_price_named_before_is_what_the_release_added(job: Job) -> None:
    before, after = job.answers["price"], job.answers["storage"]
    assert before["price"]["new_bytes"] == after["bytes"] - before["bytes"]


def test_releasing_again_has_nothing_to_release(job: Job) -> None:
    answer: Answer = job.answers["nothing new"]
    assert answer.code == 1
    assert not (job.root / "datasets" / TASK / "v3").exists()
    assert git(job.root, "tag").split() == [f"{TASK}/v1", f"{TASK}/v2"]


def test_the_work_tree_is_clean_and_the_remote_is_where_we_are(job: Job) -> None:
    lines = git(job.root, "status", "--porcelain").splitlines()
    assert [line for line in lines if "data/labels.json" not in line] == []
    for ref in ("refs/heads/main", f"refs/tags/{TASK}/v1", f"refs/tags/{TASK}/v2"):
        assert git(job.remote, "rev-parse", ref) == git(job.root, "rev-parse", ref)


def test_verify_is_content_here_and_in_the_clone_and_notices_a_changed_byte(
    job: Job, clone: Path, cli: Cli
) -> None:
    for root in (job.root, clone):
        for name in ("v1", "v2"):
            assert _ok(cli(root, "verify", name, "--task", TASK, "--json")).json["ok"] is True
    victim = clone / "datasets" / TASK / "v2" / _metadata(clone / "datasets" / TASK / "v2")[0]["file_name"]
    data = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    spoilt = cli(clone, "verify", "v2", "--task", TASK)
    victim.write_bytes(data)
    assert spoilt.code == 3
    assert victim.name in spoilt.out + spoilt.err


def test_a_clone_without_pictures_still_says_what_is_there(job: Job, cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "pointers"
    done = run_program(
        ["git", "clone", "-q", job.remote.as_uri(), folder], cwd=tmp_path, env={"GIT_LFS_SKIP_SMUDGE": "1"}
    )
    assert done.code == 0, done.err
    assert (folder / "datasets" / TASK / "v2" / "good").is_dir()
    here, there = job.answers["storage"], _ok(cli(folder, "storage", "--json")).json
    assert (there["objects"], there["bytes"]) == (here["objects"], here["bytes"])
    assert there["by"] == here["by"]
    ours, theirs = (
        _ok(cli(root, "diff", "v1", "v2", "--task", TASK, "--json")).json for root in (job.root, folder)
    )
    assert ours == theirs
    versions = _ok(cli(folder, "versions", "--json")).json
    assert [v["version"] for v in versions["versions"][TASK]] == ["v1", "v2"]
    assert _ok(cli(folder, "status")).out
    missing = _ok(cli(folder, "verify", "v1", "--task", TASK))
    assert "git lfs pull" in missing.out


def test_a_new_machine_knows_who_gave_every_label(job: Job, clone: Path, cli: Cli) -> None:
    _ok(cli(clone, "init", "--source", job.camera.folder, "--no-commit"))
    _ok(cli(clone, "export", "--task", TASK, "--all"))
    images = _metadata(clone / "datasets" / TASK / "v3")
    assert {m["source"]: m["label"] for m in images} == job.camera.truth
    assert {(m["labelled_by"], m["labelled_how"]) for m in images} == {("Ana", "stretch")}


@pytest.mark.slow
def test_a_model_trained_on_it_is_kept_and_made_again(job: Job, cli: Cli) -> None:
    pytest.importorskip("torchvision", reason="torch is not installed")
    words = ("--task", TASK, "--epochs", "1", "--batch-size", "16", "--foreground")
    _ok(cli(job.root, "train", *words))
    run = _ok(cli(job.root, "runs", "--json")).json["runs"][0]
    assert run["state"] == "finished"
    _ok(cli(job.root, "promote", run["id"]))
    (record,) = (job.root / "models" / "versions").glob("failed-detector-v2*.json")
    assert json.loads(record.read_text("utf-8"))["dataset"]["digest"] == job.answers["release 2"]["digest"]
    again = _ok(cli(job.root, "reproduce", record.stem, "--json")).json
    assert again["identical"] is True


def _size(value: Any) -> int:
    return value if isinstance(value, int) else len(value)
