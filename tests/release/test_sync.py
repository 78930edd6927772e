"""Two machines that label meet in a remote: text only, per frame, and never a file that is no JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CAMERA, Answer, Cli, Place, git
from tests.release.test_midway import git_that
from tests.release.test_push import objects


@dataclass
class Pair:
    """Ana's workspace and Bo's fresh clone of the same remote, which sees the same camera."""

    ana: Path
    bo: Path
    origin: Path
    keys: list[str]
    cli: Cli

    def label(self, who: str, class_: str, *keys: str) -> None:
        answer = self.cli(self.folder(who), "label", "--who", who, "--as", class_, *keys)
        assert answer.code == 0, answer.err

    def sync(self, who: str, *words: str, code: int = 0) -> Answer:
        answer = self.cli(self.folder(who), "sync", *words)
        assert answer.code == code, f"{answer.code}: {answer.out}{answer.err}"
        return answer

    def folder(self, who: str) -> Path:
        return {"ana": self.ana, "bo": self.bo}[who]


@pytest.fixture
def pair(workspace: Callable[..., Place], cli: Cli, tmp_path: Path) -> Pair:
    """Four frames labelled by Ana and synced; Bo's clone has no merge driver and no filters: nobody ran init there."""
    place = workspace(frames=16)
    origin, bo = tmp_path / "origin.git", tmp_path / "bo"
    git(tmp_path, "init", "-q", "--bare", str(origin))
    git(place.root, "remote", "add", "origin", str(origin))
    made = Pair(place.root, bo, origin, place.keys, cli)
    made.label("ana", "active", *place.keys[:4])
    made.sync("ana")
    git(tmp_path, "clone", "-q", str(origin), str(bo))
    (bo / CAMERA).symlink_to(os.path.realpath(place.root / CAMERA))
    return made


def labels(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / "data" / "labels.json").read_text())
    return found


def assert_clean(root: Path) -> None:
    assert git(root, "status", "--porcelain") == ""


def test_what_both_labelled_is_on_both_afterwards(pair: Pair):
    """Bo's clone has no merge driver: it is given for this merge. Who gave a label comes along."""
    keys = pair.keys
    pair.label("ana", "offline", keys[8])
    assert pair.sync("ana", "--json").json["went"] == 1
    pair.label("bo", "active", keys[4], keys[10])
    told = pair.sync("bo", "--json").json
    assert (told["came"], told["went"], told["pushed"], told["conflicts"]) == (1, 2, True, [])
    assert pair.sync("ana").out.startswith("in step with origin: 2 labels came, 0 went")
    everything = {**dict.fromkeys(keys[:5], "active"), keys[8]: "offline", keys[10]: "active"}
    assert labels(pair.ana) == labels(pair.bo) == everything
    rows = pair.cli(pair.ana, "history", keys[10], "--json").json["history"]
    assert [(row["who"], row["after"]) for row in rows] == [("bo", "active")]
    for root in (pair.ana, pair.bo):
        assert_clean(root)
    assert "nothing new" in pair.sync("bo").out
    assert "nothing new" in pair.sync("ana").out


def test_undo_after_a_sync_never_takes_what_others_gave(pair: Pair):
    """With and without a merge of one's own; the next sync would take it off for everybody."""
    pair.label("bo", "offline", *pair.keys[8:12])
    pair.sync("bo")
    pair.sync("ana")
    answer = pair.cli(pair.ana, "undo", "--who", "ana")
    assert "active × 4" in answer.out
    answer = pair.cli(pair.ana, "undo", "--who", "ana")
    assert answer.code != 0
    assert "git log -- data/labels.json" in answer.err
    pair.label("bo", "offline", pair.keys[12])
    pair.sync("bo")
    pair.label("ana", "active", pair.keys[5])
    pair.sync("ana")
    assert pair.cli(pair.ana, "undo", "--who", "ana").code == 0
    assert pair.cli(pair.ana, "undo", "--who", "ana").code != 0
    pair.sync("ana")
    pair.sync("bo")
    assert labels(pair.bo) == labels(pair.ana) == dict.fromkeys(pair.keys[8:13], "offline")


def test_syncing_to_and_fro_ends(pair: Pair):
    """What one took from the other is no news to the other: at rest no sync makes a commit."""
    pair.label("ana", "offline", pair.keys[8])
    for _ in range(2):
        pair.sync("ana")
        pair.sync("bo")
    heads = {git(root, "rev-parse", "HEAD") for root in (pair.ana, pair.bo)}
    assert len(heads) == 1
    for who in ("ana", "bo", "ana"):
        pair.sync(who)
    assert {git(root, "rev-parse", "HEAD") for root in (pair.ana, pair.bo)} == heads


def test_a_frame_both_labelled_differently_waits_for_a_person(pair: Pair):
    """Both values in the file, queued, exit 1, nothing sent; decided and synced again it is the same everywhere."""
    frame = pair.keys[6]
    pair.label("ana", "active", frame, pair.keys[5])
    pair.sync("ana")
    pair.label("bo", "offline", frame, pair.keys[7])
    before = git(pair.origin, "rev-parse", "main")
    answer = pair.sync("bo", "--json", code=1)
    assert answer.json["conflicts"] == [frame]
    assert answer.json["pushed"] is False
    assert "1 frame was labelled differently" in answer.err
    assert labels(pair.bo)[frame] == {"ours": "offline", "theirs": "active"}
    assert labels(pair.bo)[pair.keys[5]] == "active"
    assert git(pair.origin, "rev-parse", "main") == before
    listed = pair.cli(pair.bo, "frames", "--filter", "conflict", "--json").json
    assert [row["frame"] for row in listed["frames"]] == [frame]
    assert pair.sync("bo", code=1).err.count("labelled differently") == 1
    command = answer.err.partition("print-models label ")[2].partition(";")[0].replace("CLASS", "offline")
    assert pair.cli(pair.bo, "label", "--who", "bo", *command.split()).code == 0
    pair.sync("bo")
    pair.sync("ana")
    assert labels(pair.ana) == labels(pair.bo)
    assert labels(pair.ana)[frame] == "offline"
    assert_clean(pair.bo)


def test_marks_meet_as_well(pair: Pair):
    for who, key in (("ana", pair.keys[8]), ("bo", pair.keys[9])):
        assert pair.cli(pair.folder(who), "mark", "--who", who, key, "--unsure").code == 0
    for who in ("ana", "bo", "ana"):
        pair.sync(who)
    for root in (pair.ana, pair.bo):
        assert set(json.loads((root / "data" / "marks.json").read_text())) == {pair.keys[8], pair.keys[9]}


def test_a_repository_without_the_rules_merges_per_frame_even_so(pair: Pair):
    """No line in .gitattributes names the driver: both sides change neighbouring lines, which git alone can't merge."""
    rules = pair.ana / ".gitattributes"
    lines = rules.read_text().splitlines(keepends=True)
    rules.write_text("".join(line for line in lines if "print-models" not in line and "union" not in line))
    git(pair.ana, "commit", "-q", "-am", "no rules")
    pair.sync("ana")
    pair.sync("bo")
    pair.label("ana", "active", pair.keys[4])
    pair.label("bo", "offline", pair.keys[5])
    pair.sync("ana")
    pair.sync("bo")
    assert labels(pair.bo)[pair.keys[4]] == "active"
    assert labels(pair.bo)[pair.keys[5]] == "offline"


def test_no_image_is_sent_and_no_pointer_without_its_image(pair: Pair):
    """A branch with a release that is not pushed stays here; release --push sends it, and the labels with it."""
    pair.label("ana", "offline", *pair.keys[8:12])
    assert pair.cli(pair.ana, "release").code == 0
    pair.label("ana", "active", pair.keys[12])
    before = git(pair.origin, "rev-parse", "main")
    answer = pair.sync("ana", "--json", code=6)
    assert answer.json["pushed"] is False
    assert "print-models release --task offline-detection --push" in answer.err
    assert git(pair.origin, "rev-parse", "main") == before
    assert list(objects(pair.origin)) == []
    assert git(pair.origin, "tag") == ""
    assert_clean(pair.ana)
    assert pair.cli(pair.ana, "release", "--push").code == 0
    pair.sync("ana")
    before = len(list(objects(pair.origin)))
    pair.label("ana", "active", pair.keys[13])
    pair.sync("ana")
    assert len(list(objects(pair.origin))) == before


def test_a_model_that_was_not_sent_is_named_with_what_sends_it(pair: Pair):
    weights = pair.ana / "models" / "versions" / "offline-detector-v1.pth"
    weights.parent.mkdir(parents=True, exist_ok=True)
    weights.write_bytes(b"weights" * 100)
    git(pair.ana, "add", str(weights))
    git(pair.ana, "commit", "-q", "-m", "A model")
    pair.label("ana", "active", pair.keys[12])
    answer = pair.sync("ana", code=6)
    assert "print-models promote offline-detector-v1 --push" in answer.err
    assert "release" not in answer.err.splitlines()[-1]


def test_a_release_of_the_other_comes_as_pointers(pair: Pair):
    """Labels come on a slow line without the images; what came is said, and the tree is clean."""
    pair.label("ana", "offline", *pair.keys[8:12])
    assert pair.cli(pair.ana, "release", "--push").code == 0
    assert pair.cli(pair.bo, "init").code == 0
    pair.label("bo", "active", pair.keys[14])
    answer = pair.sync("bo")
    assert "Came too: offline-detection/v1" in answer.err
    image = next((pair.bo / "datasets/offline-detection/v1").rglob("*.jpg"))
    assert image.read_bytes().startswith(b"version https://git-lfs")
    assert not (pair.bo / ".git" / "lfs" / "objects").exists() or not list(objects(pair.bo / ".git"))
    assert git(pair.bo, "status", "--porcelain", "--", "datasets", "data") == ""


def test_offline_the_labels_are_saved_and_wait(pair: Pair):
    pair.label("bo", "active", pair.keys[4], pair.keys[5])
    away = pair.origin.with_name("unplugged")
    pair.origin.rename(away)
    answer = pair.sync("bo", "--json", code=6)
    assert "2 labels are saved here and wait" in answer.err
    assert answer.json["pushed"] is False
    assert git(pair.bo, "status", "--porcelain", "--", "data") == ""
    assert labels(pair.bo)[pair.keys[4]] == "active"
    away.rename(pair.origin)
    assert pair.sync("bo", "--json").json["went"] == 2


def test_a_file_of_ones_own_that_the_other_changed_too(pair: Pair):
    """Not committed: named, with what to do; the labels are saved, nothing is merged."""
    (pair.ana / "README.txt").write_text("one\n")
    git(pair.ana, "add", "README.txt")
    git(pair.ana, "commit", "-q", "-m", "a text")
    pair.sync("ana")
    (pair.bo / "README.txt").write_text("mine\n")
    pair.label("bo", "active", pair.keys[4])
    answer = pair.sync("bo", code=1)
    assert "README.txt" in answer.err
    assert (pair.bo / "README.txt").read_text() == "mine\n"
    assert not (pair.bo / ".git" / "MERGE_HEAD").exists()
    git(pair.bo, "add", "README.txt")
    git(pair.bo, "commit", "-q", "-m", "mine")
    answer = pair.sync("bo", code=1)
    assert "sync merges labels only" in answer.err
    assert "git pull --rebase=false origin main" in answer.err
    assert not (pair.bo / ".git" / "MERGE_HEAD").exists()
    assert (pair.bo / "README.txt").read_text() == "mine\n"
    assert labels(pair.bo)[pair.keys[4]] == "active"


def test_ones_own_other_changes_stay_as_they_are(pair: Pair):
    """A dirty tree elsewhere, untracked or changed, is in nobody's way and in no commit."""
    (pair.bo / "notes.txt").write_text("mine")
    with (pair.bo / "print-models.toml").open("a") as file:
        file.write("# mine\n")
    pair.label("ana", "active", pair.keys[4])
    pair.sync("ana")
    pair.label("bo", "active", pair.keys[5])
    pair.sync("bo")
    assert (pair.bo / "print-models.toml").read_text().endswith("# mine\n")
    changed = git(pair.origin, "diff", "--name-only", "main~3", "main").split()
    assert all(name.startswith("data/") for name in changed)


def test_a_broken_file_on_the_other_side_is_not_merged(pair: Pair):
    path = pair.bo / "data" / "labels.json"
    path.write_text(path.read_text().replace(":", ";", 1))
    git(pair.bo, "commit", "-q", "-am", "broken")
    git(pair.bo, "push", "-q", "origin", "main")
    pair.label("ana", "active", pair.keys[4])
    answer = pair.sync("ana", code=3)
    assert "on origin: data/labels.json is no valid JSON" in answer.err
    assert labels(pair.ana)[pair.keys[4]] == "active"


def test_many_labels_gone_on_the_other_side_wait_for_a_word(pair: Pair):
    pair.label("ana", "active", *pair.keys[4:])
    pair.sync("ana")
    pair.sync("bo")
    assert pair.cli(pair.bo, "unlabel", "--who", "bo", *pair.keys[4:]).code == 0
    pair.sync("bo")
    answer = pair.sync("ana", code=1)
    assert "−12" in answer.err
    assert "--accept-outside" in answer.err
    pair.sync("ana", "--accept-outside")
    assert len(labels(pair.ana)) == 4
    assert_clean(pair.ana)


def test_somebody_who_pushes_in_between_is_met_once_more(pair: Pair, tmp_path: Path):
    """Between the look at the remote and the push Bo is quicker: what he sent is merged, and all of it goes."""
    pair.label("bo", "offline", pair.keys[9])
    assert pair.cli(pair.bo, "save").code == 0
    quick = f"test -e {tmp_path}/once || {{ touch {tmp_path}/once; $real -C {pair.bo} push -q origin main; }}"
    env = git_that(tmp_path / "bin", "push", quick)
    pair.label("ana", "active", pair.keys[4])
    answer = pair.cli(pair.ana, "sync", "--json", env=env)
    assert answer.code == 0, answer.err
    assert (answer.json["came"], answer.json["went"], answer.json["pushed"]) == (1, 1, True)
    pair.sync("bo")
    assert labels(pair.ana) == labels(pair.bo)
    assert labels(pair.ana)[pair.keys[9]] == "offline"


@pytest.mark.parametrize("command", ["save", "sync"])
def test_a_hook_that_refuses_the_commit_is_told_with_what_to_do(pair: Pair, command: str):
    hook = pair.bo / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'error: not on a Friday' >&2\nexit 1\n")
    hook.chmod(0o755)
    pair.label("bo", "active", pair.keys[4])
    answer = pair.cli(pair.bo, command)
    assert answer.code == 1
    assert "not on a Friday" in answer.err
    assert "every label is safe" in answer.err
    assert "run it again" in answer.err
    hook.unlink()
    assert pair.cli(pair.bo, command).code == 0


def test_states_that_it_does_not_touch(pair: Pair, tmp_path: Path):
    git(pair.bo, "checkout", "-q", "--detach")
    assert "head is detached" in pair.sync("bo", code=1).err
    git(pair.bo, "checkout", "-q", "main")
    assert "no remote “nonsense”" in pair.sync("bo", "--remote", "nonsense", code=5).err
    git(pair.bo, "remote", "remove", "origin")
    assert "git remote add origin" in pair.sync("bo", code=5).err


def test_a_merge_that_someone_began_is_left_alone(pair: Pair):
    for branch, text in (("other", "a"), ("main", "b")):
        git(pair.bo, "checkout", "-q", "-B", branch, "HEAD" if branch == "other" else "HEAD~1")
        (pair.bo / "x.txt").write_text(text)
        git(pair.bo, "add", "x.txt")
        git(pair.bo, "commit", "-q", "-m", text)
    assert pair.cli(pair.bo, "status").code == 0
    git(pair.bo, "merge", "-q", "-s", "ours", "--no-commit", "other")
    answer = pair.sync("bo", code=1)
    assert "git merge --abort" in answer.err
    assert (pair.bo / ".git" / "MERGE_HEAD").exists()


def test_without_an_upstream_the_remote_branch_of_the_same_name_is_meant(pair: Pair):
    git(pair.bo, "branch", "--unset-upstream")
    pair.label("ana", "active", pair.keys[4])
    pair.sync("ana")
    pair.label("bo", "active", pair.keys[5])
    assert pair.sync("bo", "--json").json["came"] == 1
    git(pair.bo, "switch", "-q", "-c", "night")
    pair.label("bo", "active", pair.keys[6])
    assert pair.sync("bo", "--json").json["branch"] == "night"
    assert "refs/heads/night" in git(pair.bo, "ls-remote", "origin")


def test_status_says_how_labels_get_to_the_remote(pair: Pair):
    pair.label("bo", "active", pair.keys[4])
    assert "1 only on this machine (print-models sync)" in pair.cli(pair.bo, "status").out


def test_a_picture_that_the_other_one_says_is_private_has_no_copy_here_either(pair: Pair):
    frame = pair.keys[6]
    pair.label("bo", "offline", frame)
    copies = pair.bo / ".print-models" / "kept"
    assert len(list(copies.glob("*/*"))) == 1
    assert pair.cli(pair.ana, "mark", frame, "--exclude", "private").code == 0
    pair.sync("ana")
    pair.sync("bo")
    assert not list(copies.glob("*/*"))
    assert pair.cli(pair.bo, "frames", "--filter", "mark:excluded", "--json").json["total"] == 1


def test_what_is_no_label_and_goes_or_comes_is_said_too(pair: Pair):
    """A withdrawal is news: “nothing new” would be a lie to who sends it and to who gets it."""
    pair.label("ana", "offline", *pair.keys[8:12])
    assert pair.cli(pair.ana, "release", "--push").code == 0
    pair.sync("bo")
    assert pair.cli(pair.ana, "withdraw", "v1", "--reason", "another printer").code == 0
    assert pair.sync("ana").out == "in step with origin: 0 commits came, 1 went; no label is another\n"
    assert pair.sync("bo").out == "in step with origin: 1 commit came, 0 went; no label is another\n"
    assert pair.sync("bo").out == "in step with origin: nothing new\n"
