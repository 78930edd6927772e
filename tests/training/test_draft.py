"""Training on labels as they are: what a version would be, without one; and with a split of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.errors import Damaged, Lacking, Refused, WrongUsage
from core.frames.index import FrameIndex
from core.labels.store import LabelStore
from core.training import dataset, planning
from core.training.pictures import Pictures
from core.training.sides import sides
from core.versions import kept
from core.versions.drafted import drafted
from core.versions.export import export, plan
from core.versions.manifest import Version
from core.workspace import Workspace
from tests.conftest import Cli, Place, connected, git
from tests.training.finished import finished
from tests.training.small import TASK, make_version, make_workspace, needs_torch, small

QUICK = ("--arch", "squeezenet1_1", "--weights", "random", "--epochs", "1", "--folds", "0", "--mode", "head")


@pytest.fixture(scope="module")
def labelled(bare_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A workspace with a camera of forty frames, twenty-five minutes apart so that each is a recording, all labelled."""
    place = connected(bare_workspace, tmp_path_factory.mktemp("labelled"), 40, every=1500)
    workspace = Workspace.open(place.root)
    with LabelStore(workspace) as store:
        task = workspace.task(TASK)
        for number, key in enumerate(place.keys):
            store.set(task, [key], task.classes[number % 2], how="hand", who="ana")
    return place


@pytest.fixture
def root(labelled: Place, tmp_path: Path) -> Path:
    return Path(shutil.copytree(labelled.root, tmp_path / "ws", symlinks=True))


def _draft(root: Path, **words: object) -> Version:
    workspace = Workspace.open(root)
    with LabelStore(workspace) as store, FrameIndex(workspace) as index:
        index.scan()
        return drafted(workspace, plan(workspace, store, index, workspace.task(TASK), again=True, **words))  # type: ignore[arg-type]


def test_a_draft_has_the_digest_the_sides_and_the_names_that_an_export_gives(root: Path) -> None:
    draft = _draft(root)
    assert not (root / "datasets" / TASK).exists()
    workspace = Workspace.open(root)
    with LabelStore(workspace) as store, FrameIndex(workspace) as index:
        made = export(workspace, plan(workspace, store, index, workspace.task(TASK)))
        other = "active" if draft.items[0].label == "offline" else "offline"
        store.set(workspace.task(TASK), [draft.items[0].source], other, how="hand", who="ana")
    assert draft.digest == made.digest
    assert [(i.file_name, i.split, i.oid, i.width) for i in draft.items] == [
        (i.file_name, i.split, i.oid, i.width) for i in made.items
    ]
    assert _draft(root).digest != draft.digest


def test_every_picture_is_the_labelled_one_also_where_the_camera_has_another_by_now(root: Path) -> None:
    draft = _draft(root)
    workspace = Workspace.open(root)
    pictures, row = Pictures(workspace, draft), sides(draft).train[0]
    assert pictures.open(row).oid == row.oid
    camera = workspace.frame_path(row.source)
    data, away = camera.read_bytes(), camera.with_name("away")
    # The camera of the test is shared by all of them: it is put back as it was.
    camera.rename(away)
    try:
        with pytest.raises(Lacking, match="found nowhere"):
            pictures.open(row)
        assert "found nowhere, first" in str(pictures.missing((row,)))
        camera.write_bytes(data + b" ")
        with pytest.raises(Lacking, match="found nowhere"):
            pictures.open(row)
        copy = kept.path_of(workspace, row.oid or "")
        copy.parent.mkdir(parents=True)
        copy.write_bytes(data)
        again = Pictures(workspace, draft)
        assert again.open(row).data == data
        assert again.missing((row,)) is None
    finally:
        away.replace(camera)


def test_a_training_keeps_the_draft_it_began_on_and_finds_it_as_a_version_once_it_is_one(root: Path) -> None:
    draft = _draft(root)
    workspace = Workspace.open(root)
    what = planning.plan(workspace, draft=draft, mode="head")
    assert (what.dataset.version, what.dataset.digest) == ("draft", draft.digest)
    with pytest.raises(Lacking, match="is not here"):
        dataset.version_of(workspace, what)
    folder = workspace.ensure_private() / "a-run"
    folder.mkdir()
    dataset.keep_draft(folder, draft)
    kept = dataset.version_of(workspace, what, folder)
    assert (kept.name, kept.digest, kept.items) == ("draft", draft.digest, draft.items)
    with LabelStore(workspace) as store, FrameIndex(workspace) as index:
        export(workspace, plan(workspace, store, index, workspace.task(TASK)))
    assert dataset.version_of(workspace, what).name == "v1"
    (folder / "draft" / "metadata.jsonl").write_text("{}\n")
    with pytest.raises(Damaged, match="The draft of a-run"):
        dataset.version_of(workspace, what, folder)


@needs_torch
def test_the_draft_is_trained_on_and_its_model_waits_for_the_release(root: Path, cli: Cli) -> None:
    """From the command to the end: nothing is exported, and it says what stands between it and a model version."""
    done = cli(
        root, "train", "--labels", "data/labels.json", "--task", TASK, *QUICK, "--foreground", "--json"
    )
    assert done.code == 0, done.err
    run = done.json["id"]
    assert (done.json["state"], done.json["dataset"]) == ("finished", "draft")
    assert not (root / "datasets" / TASK).exists()
    judged = cli(root, "evaluate", run, "--json")
    assert judged.code == 0, judged.err
    assert judged.json["version"] == "draft"
    refused = cli(root, "promote", run)
    assert refused.code == 1
    assert f"no version of {TASK} holds" in refused.err
    assert f"print-models release --task {TASK}" in refused.err
    assert cli(root, "release", "--task", TASK).code == 0
    promoted = cli(root, "promote", run, "--because", "a test", "--json")
    assert promoted.code == 0, promoted.err
    assert promoted.json["dataset"]["version"] == "v1"
    assert promoted.json["learned_as"] == "draft"
    assert git(root, "status", "--short") == ""


@needs_torch
@pytest.mark.slow
def test_a_model_of_a_draft_that_was_released_is_made_again_byte_by_byte(root: Path, cli: Cli) -> None:
    done = cli(
        root, "train", "--labels", "data/labels.json", "--task", TASK, *QUICK, "--foreground", "--json"
    )
    assert cli(root, "release", "--task", TASK).code == 0
    assert cli(root, "promote", done.json["id"], "--because", "a test").code == 0
    again = cli(root, "reproduce", "offline-detector-v1")
    assert again.code == 0, again.out
    assert again.out.startswith("identical")


@needs_torch
@pytest.mark.parametrize(("value", "code"), [("paused", 1), (7, 1), ([1], 3)])
def test_a_label_that_is_none_is_refused_by_name_and_integers_of_older_files_are_taken(
    root: Path, cli: Cli, value: object, code: int
) -> None:
    keys = [item.source for item in _draft(root).items]
    file = root / "older.json"
    file.write_text(json.dumps({**{key: n % 2 for n, key in enumerate(keys)}, keys[0]: value}))
    refused = cli(root, "train", "--labels", "older.json", "--task", TASK, *QUICK)
    assert refused.code == code, refused.err
    assert keys[0] in refused.err
    assert not Path(root / ".print-models" / "runs").exists()


def test_what_makes_no_sense_beside_labels_is_refused_by_name(root: Path, cli: Cli) -> None:
    labels = ("train", "--labels", "data/labels.json")
    both = cli(root, *labels, "--dataset-dir", f"datasets/{TASK}/v1")
    assert (both.code, "name two datasets" in both.err) == (2, True)
    away = cli(root, *labels, "--on", "bench")
    assert (away.code, "print-models release --push" in away.err) == (2, True)
    assert "another" not in cli(root, "runs", "--json").out


# --- a split of its own ----------------------------------------------------------------------------------------


def test_a_split_of_its_own_keeps_recordings_whole_and_has_a_digest_of_its_own(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws")
    version = make_version(workspace, recordings=20, each=2)
    ours = dataset.anew(workspace, version, 0.4, 0)
    both = sides(ours)
    assert not {row.recording for row in both.train} & {row.recording for row in both.validation}
    assert len(both.validation) == 16
    assert ours.digest not in ("", version.digest)
    assert dataset.anew(workspace, version, 0.4, 0).digest == ours.digest
    assert dataset.anew(workspace, version, 0.4, 1).digest != ours.digest
    assert "Its own split (--val-split 0.4, seed 0): 16 of 40 images are asked" in both.notes[0]
    what = planning.plan(workspace, val_split=0.4)
    assert what.config["val_split"] == 0.4
    assert dataset.version_of(workspace, what).digest == what.dataset.digest == ours.digest
    assert "val_split" not in planning.plan(workspace).config
    assert sides(dataset.version_of(workspace, small(version))).notes == ()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.6, 1.0, -1.0, float("nan")])
def test_a_share_that_makes_no_sense_is_refused(tmp_path: Path, share: float) -> None:
    workspace = make_workspace(tmp_path / "ws")
    make_version(workspace)
    with pytest.raises(WrongUsage, match=r"--val-split .* can't be.*between 0.05 and 0.5"):
        planning.plan(workspace, val_split=share)


def test_a_class_of_one_recording_can_not_be_on_both_sides(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "ws")
    make_version(workspace, recordings=3)
    with pytest.raises(Refused, match=r"all active of offline-detection v1 comes from 1 recording"):
        planning.plan(workspace, val_split=0.3)


def test_a_training_with_a_split_of_its_own_is_no_model_version(
    bare_copy: Path, cli: Cli, tmp_path: Path
) -> None:
    workspace = Workspace.open(bare_copy)
    version = make_version(workspace, recordings=20, each=2)
    git(bare_copy, "add", "datasets")
    git(bare_copy, "commit", "-q", "-m", "v1")
    what = planning.plan(workspace, val_split=0.4)
    run = finished(workspace, dataset.version_of(workspace, what), 1, val_split=0.4)
    assert version.digest != run.spec.dataset.digest
    refused = cli(bare_copy, "promote", run.id)
    assert refused.code == 1
    assert "a split of its own (--val-split 0.4)" in refused.err
    judged = cli(bare_copy, "evaluate", run.id, "--json")
    assert judged.code == 0, judged.err
    assert any("--val-split 0.4" in note for note in judged.json["notes"])
    assert sum(found["images"] for found in judged.json["results"]["classes"].values()) == 16
