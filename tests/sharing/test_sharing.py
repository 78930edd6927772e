"""`share` and `import OUT.zip`: a friend without the camera gets frames and labels, and gives labels back."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from core.commands.shell import _guarded, program
from core.errors import Lacking
from core.labels.sync import open_store
from core.sharing import taking
from core.workspace import Workspace
from tests.conftest import CAMERA, Answer, Cli, Place, connected

TASK = "offline-detection"
ACTIVE, OFFLINE, BARE = slice(0, 5), slice(5, 7), slice(7, 10)
PRIVATE, UNSURE = 2, 3


def in_process(root: Path, who: str, *words: str | Path) -> Answer:
    """Run a command as `cli` does, without starting a process for each: these tests are many commands long."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["-C", str(root), *map(str, words)]
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("PRINT_MODELS_WHO", who)
        run = partial(program.main, argv, prog_name="print-models", standalone_mode=False, obj=[])
        code = _guarded(run, debug=False)
    return Answer(code, out.getvalue(), err.getvalue())


@dataclass
class Friends:
    """Ana with a camera and labels, Bo with a workspace of his own and no camera; `folder` is between them."""

    ana: Path
    bo: Path
    folder: Path
    keys: list[str]

    def call(self, who: str, *words: str | Path, code: int = 0) -> Answer:
        answer = in_process(self.ana if who == "Ana" else self.bo, who, *words)
        assert answer.code == code, f"{answer.code}: {answer.out}{answer.err}"
        return answer

    def bos(self, number: int) -> str:
        """What a frame of Ana's is called at Bo's."""
        return self.keys[number].replace(CAMERA, "contributed-Ana")


@pytest.fixture(scope="session")
def labelled_place(bare_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Ten frames: five active, two offline, three without a label; one is private, one unsure."""
    place = connected(bare_workspace, tmp_path_factory.mktemp("ana"), 10)
    ws = Workspace.open(place.root)
    task = ws.task(TASK)
    sizes = {}
    for key in place.keys:
        data = ws.frame_path(key).read_bytes()
        sizes[key] = (len(data), None, f"sha256:{hashlib.sha256(data).hexdigest()}")
    with open_store(ws) as store:
        store.set(task, place.keys[ACTIVE], "active", how="stretch", who="Ana", sizes=sizes)
        store.set(task, place.keys[OFFLINE], "offline", who="Cleo", sizes=sizes)
        store.set("failed-print-detection", [place.keys[1]], "good", how="verdict", who="Ana", sizes=sizes)
        store.mark(place.keys[PRIVATE], who="Ana", mark="excluded", reason="private")
        store.mark(place.keys[UNSURE], who="Ana", mark="unsure", note="steam?")
    return place


@pytest.fixture
def friends(labelled_place: Place, bare_workspace: Path, tmp_path: Path) -> Friends:
    shutil.copytree(labelled_place.root, tmp_path / "ana", symlinks=True)
    shutil.copytree(bare_workspace, tmp_path / "bo", symlinks=True)
    return Friends(tmp_path / "ana", tmp_path / "bo", tmp_path, labelled_place.keys)


def content(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as archive:
        found: dict[str, Any] = json.loads(archive.read("print-models-share.json"))
        return found


def labels(root: Path, name: str = "labels.json") -> dict[str, str]:
    found: dict[str, str] = json.loads((root / "data" / name).read_text())
    return found


def whole(root: Path) -> dict[str, bytes]:
    """Every file of a workspace that a person would miss, links not followed."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not {".git", ".print-models"} & set(path.relative_to(root).parts)
    }


def test_a_friend_without_a_camera_labels_and_the_labels_come_back_to_the_own_frames(
    friends: Friends,
) -> None:
    said = friends.call("Ana", "share", "../a.zip", "--filter", "day:20251107").out
    assert "9 frames, 7 labels, 1 mark, 9 pictures" in said
    assert "1 private frame left out" in said
    seen = friends.call("Bo", "import", "../a.zip", "--dry-run").out
    assert "9 new" in seen
    assert "contributed/Ana/" in seen
    assert "6 new by Ana, Cleo" in seen
    assert not (friends.bo / "contributed").exists(), "only shown"
    friends.call("Bo", "import", "../a.zip")
    assert labels(friends.bo)[friends.bos(0)] == "active"
    assert friends.bos(PRIVATE) not in labels(friends.bo)
    for number in (0, 9):
        there = friends.bo / "contributed/Ana" / friends.keys[number].split("/", 1)[1]
        assert there.read_bytes() == (friends.ana / friends.keys[number]).read_bytes()
    listed = friends.call("Bo", "frames", "--json").json
    assert listed["total"] == 9, "they are frames like a camera's"
    friends.call("Bo", "label", "--as", "offline", *map(friends.bos, (7, 8)))

    assert "no pictures" in friends.call("Bo", "share", "../b.zip", "--no-pictures").out
    back = friends.call("Ana", "import", "../b.zip", "--json").json
    assert [one["frame"] for one in back["new"]] == friends.keys[7:9]
    assert (back["same"], back["pictures"]["new"], back["changed"]) == (7, [], 2)
    assert not (friends.ana / "contributed").exists(), "no second copy"
    told = friends.call("Ana", "history", friends.keys[7], "--json").json["history"]
    assert ("Bo", "hand") in {(entry["who"], entry["how"]) for entry in told}
    friends.call("Ana", "undo")
    assert friends.keys[7] not in labels(friends.ana), "one step takes it back"


def test_labels_come_with_who_gave_them_how_and_when_also_into_a_version_and_a_new_database(
    friends: Friends, cli: Cli
) -> None:
    friends.call("Ana", "share", "../a.zip")
    friends.call("Bo", "import", "../a.zip")

    def given() -> list[tuple[str, str, str]]:
        with open_store(Workspace.open(friends.bo)) as store:
            return [(one.who, one.how, one.at) for one in store.labels(TASK).values()]

    with open_store(Workspace.open(friends.ana)) as store:
        theirs = store.labels(TASK)
    expected = [(theirs[key].who, theirs[key].how, theirs[key].at) for key in friends.keys[:7]]
    del expected[PRIVATE]
    assert given() == expected
    for path in (friends.bo / ".print-models").glob("labels.db*"):
        path.unlink()
    assert given() == expected, "what stands in data/ tells as much"
    assert cli(friends.bo, "export").code == 0
    rows = (friends.bo / "datasets" / TASK / "v1" / "metadata.jsonl").read_text().splitlines()
    assert {json.loads(row)["labelled_by"] for row in rows} == {"Ana", "Cleo"}
    assert len(rows) == 5, "neither the private one nor the unsure one"


def test_a_share_is_the_same_bytes_again_and_holds_no_private_picture(friends: Friends) -> None:
    copy = friends.ana / CAMERA / "20251107" / "20251107T235900.jpg"
    private = friends.ana / friends.keys[PRIVATE]
    shutil.copy2(private, copy)
    try:
        friends.call("Ana", "share", "../one.zip", "--filter", "day:20251107")
        friends.call("Ana", "share", "../two.zip", "--filter", "day:20251107")
    finally:
        copy.unlink()
    data = (friends.folder / "one.zip").read_bytes()
    assert data == (friends.folder / "two.zip").read_bytes()
    assert private.read_bytes() not in data, "nor by another name"
    assert friends.keys[PRIVATE] not in json.dumps(content(friends.folder / "one.zip"))
    assert (friends.ana / friends.keys[0]).read_bytes() in data, "pictures are stored as they are"


def test_what_contradicts_waits_for_a_word_and_is_taken_or_kept(friends: Friends) -> None:
    friends.call("Ana", "share", "../a.zip")
    friends.call("Bo", "import", "../a.zip")
    friends.call("Bo", "label", "--as", "offline", friends.bos(0))
    friends.call("Bo", "share", "../b.zip")
    before = whole(friends.ana)
    refused = friends.call("Ana", "import", "../b.zip", code=1)
    assert f"{friends.keys[0]}: active here, offline in the file" in refused.out
    friends.call("Ana", "import", "../b.zip", "--keep")
    assert whole(friends.ana) == before
    friends.call("Ana", "import", "../b.zip", "--replace")
    assert labels(friends.ana)[friends.keys[0]] == "offline"
    assert friends.call("Ana", "import", "../b.zip").out.endswith("No label or mark was new.\n")


def test_a_second_import_brings_only_what_is_new_and_a_third_person_gets_the_first_ones_frames(
    friends: Friends, bare_workspace: Path
) -> None:
    friends.call("Ana", "share", "../a.zip")
    friends.call("Bo", "import", "../a.zip")
    again = friends.call("Bo", "import", "../a.zip", "--json").json
    assert (again["changed"], again["pictures"]["here"], again["pictures"]["new"]) == (0, 6, [])
    friends.call("Bo", "share", "../b.zip")
    third = friends.folder / "third"
    shutil.copytree(bare_workspace, third, symlinks=True)
    taken = in_process(third, "Dana", "import", "../b.zip")
    assert taken.code == 0, taken.err
    assert labels(third).keys() == labels(friends.bo).keys()


def test_another_picture_of_that_moment_gets_a_name_of_its_own(friends: Friends) -> None:
    friends.call("Ana", "share", "../a.zip")
    there = friends.bo / "contributed/Ana" / friends.keys[0].split("/", 1)[1]
    there.parent.mkdir(parents=True)
    there.write_bytes((friends.ana / friends.keys[9]).read_bytes())
    friends.call("Bo", "import", "../a.zip")
    assert there.read_bytes() == (friends.ana / friends.keys[9]).read_bytes()
    assert friends.bos(0).replace(".jpg", "_1.jpg") in labels(friends.bo)


def test_a_task_that_is_missing_here_is_said_and_can_be_left_out(friends: Friends) -> None:
    settings = friends.ana / "print-models.toml"
    settings.write_text(settings.read_text() + '\n[tasks.bed]\nclasses = ["empty", "full"]\n')
    friends.call("Ana", "label", "--task", "bed", "--as", "full", friends.keys[0])
    friends.call("Ana", "share", "../a.zip")
    refused = friends.call("Bo", "import", "../a.zip", code=3)
    assert "there is no task bed here" in refused.out
    assert '["empty", "full"]' in refused.out
    assert not (friends.bo / "contributed").exists()
    friends.call("Bo", "import", "../a.zip", "--skip")
    assert len(labels(friends.bo)) == 6


def test_what_can_not_go_is_named_and_nothing_else_is_overwritten(friends: Friends) -> None:
    (friends.ana / CAMERA).unlink()
    refused = friends.call("Ana", "share", "../a.zip", code=1)
    assert "its picture was found nowhere" in refused.err
    assert not list(friends.folder.glob("*.zip*")), "nothing is left of it"
    mine = friends.folder / "mine.zip"
    mine.write_bytes(b"a zip of mine")
    friends.call("Ana", "share", mine, code=1)
    assert mine.read_bytes() == b"a zip of mine"
    friends.call("Ana", "share", "../a.tar", code=2)
    friends.call("Ana", "share", "datasets/a.zip", code=1)


def test_a_label_of_another_picture_does_not_go(friends: Friends) -> None:
    camera = friends.folder / "camera"
    shutil.copytree(os.path.realpath(friends.ana / CAMERA), camera)
    (friends.ana / CAMERA).unlink()
    (friends.ana / CAMERA).symlink_to(camera)
    shutil.copyfile(friends.ana / friends.keys[9], friends.ana / friends.keys[0])
    said = friends.call("Ana", "share", "../a.zip").out
    assert f"{friends.keys[0]}: the picture that was labelled is gone, another has its name" in said
    assert friends.keys[0] not in {frame["frame"] for frame in content(friends.folder / "a.zip")["frames"]}


def test_where_the_labels_can_not_be_taken_no_picture_stays(
    friends: Friends, monkeypatch: pytest.MonkeyPatch
) -> None:
    friends.call("Ana", "share", "../a.zip")

    def full(*_: object, **__: object) -> None:
        raise Lacking("No room on the disk.", "Free some.")

    monkeypatch.setattr(taking, "receive", full)
    friends.call("Bo", "import", "../a.zip", code=5)
    left = [path for path in (friends.bo / "contributed").rglob("*") if not path.is_dir()]
    assert left == []
    monkeypatch.undo()
    friends.call("Bo", "import", "../a.zip")
    assert len(labels(friends.bo)) == 6, "the second time takes all of it"


def test_a_folder_of_ones_own_in_the_way_is_left_alone(friends: Friends) -> None:
    friends.call("Ana", "share", "../a.zip")
    elsewhere = friends.folder / "elsewhere"
    elsewhere.mkdir()
    (friends.bo / "contributed").symlink_to(elsewhere)
    before = whole(friends.bo)
    friends.call("Bo", "import", "../a.zip", code=1)
    assert (list(elsewhere.iterdir()), whole(friends.bo)) == ([], before)
