"""`migrate` on the demo's older repository: what is found, what is done about it, and that nothing else is."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.conftest import Cli, git, run_program
from tests.terminals import HERE, Tmux

#: What all of these look at is made once: they stay with one worker.
pytestmark = pytest.mark.xdist_group("migrate")

OFFLINE, FAILED = "offline-detection", "failed-print-detection"
MENDED = ("setup", "tracked", f"{OFFLINE}/spelling", f"{OFFLINE}/version", f"{FAILED}/version")
MODELS = (f"model/{OFFLINE}", f"model/{FAILED}")
DECIDED = (f"{OFFLINE}/lone", f"{FAILED}/contradicts", f"{FAILED}/lone", f"{OFFLINE}/v1/card")
CODES = {OFFLINE: ("offline", "active"), FAILED: ("good", "failed")}


@dataclass(frozen=True, slots=True)
class Old:
    """The older repository: as it was found, with what `migrate` proposed, and after all but the models was done."""

    root: Path
    before: dict[str, Any]
    proposed: dict[str, Any]
    untouched: bool
    done: list[dict[str, str]]


def labels(root: Path, name: str, task: str) -> dict[str, str]:
    held = json.loads((root / "data" / name).read_text("utf-8"))
    return {frame: CODES[task][value] if isinstance(value, int) else value for frame, value in held.items()}


def bare(folder: Path) -> Path:
    words = ["demo", "old", "--scenario", "legacy", "--bare", "--size", "96x54"]
    done = run_program([sys.executable, "-m", "core", *words], cwd=folder)
    assert done.code == 0, done.out + done.err
    assert done.out.rstrip().endswith("migrate"), "what comes first with an older repository"
    return folder / "old"


def migrate(root: Path, *words: str) -> Any:
    done = run_program([sys.executable, "-m", "core", "migrate", *words, "--json"], cwd=root)
    assert done.code == 0, done.out + done.err
    answer = json.loads(done.out)
    schema = json.loads((HERE / "docs" / "json" / "migrate.json").read_text("utf-8"))
    assert [found.message for found in Draft202012Validator(schema).iter_errors(answer)] == []
    return answer


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Old:
    root = bare(tmp_path_factory.mktemp("older"))
    before = {
        "head": git(root, "rev-parse", "HEAD"),
        OFFLINE: labels(root, "labels.json", OFFLINE),
        FAILED: labels(root, "failed_print_labels.json", FAILED),
        "v1": git(root, "rev-parse", f"HEAD:datasets/{OFFLINE}/v1"),
    }
    proposed = migrate(root)
    same = git(root, "rev-parse", "HEAD") == before["head"] and git(root, "status", "--porcelain") == ""
    done = migrate(root, *(word for id_ in MENDED for word in ("--apply", id_)))["done"]
    return Old(root, before, proposed, same, done)


def test_it_finds_every_trap_and_says_which_only_a_person_can_decide(old: Old) -> None:
    found = {one["id"]: one for one in old.proposed["findings"]}
    assert [id_ for id_, one in found.items() if one["applies"]] == [*MENDED, *MODELS]
    assert [id_ for id_, one in found.items() if not one["applies"]] == list(DECIDED)
    assert "*.jpg hides" in found["setup"]["text"]
    assert found["tracked"]["paths"] == ["printer-timelapses"]
    assert "18 labels" in found[f"{OFFLINE}/spelling"]["text"]
    assert found[f"{FAILED}/contradicts"]["paths"] == ["printer-timelapses/20251107/20251107T010901.jpg"]
    assert "60 active where there are 79" in found[f"{OFFLINE}/v1/card"]["text"]
    assert "the optimizer's state is inside" in found[f"model/{OFFLINE}"]["text"]


def test_looking_changes_nothing(old: Old) -> None:
    assert old.untouched


def test_what_is_accepted_is_done_one_commit_each_and_the_tree_is_clean(old: Old) -> None:
    assert [one["id"] for one in old.done] == list(MENDED)
    commits = git(old.root, "rev-list", "--reverse", f"{old.before['head'].strip()}..HEAD").split()
    assert [one["commit"] for one in old.done] == commits
    assert git(old.root, "status", "--porcelain") == ""
    assert (old.root / "printer-timelapses").is_symlink()


def test_no_label_changed_and_the_older_version_is_as_it_was(old: Old) -> None:
    held = json.loads((old.root / "data" / "labels.json").read_text("utf-8"))
    assert held == old.before[OFFLINE], "by name, and the same"
    assert labels(old.root, "failed_print_labels.json", FAILED) == old.before[FAILED]
    assert git(old.root, "rev-parse", f"HEAD:datasets/{OFFLINE}/v1") == old.before["v1"]


def test_both_tasks_have_an_honest_version_that_is_tagged_and_whole(old: Old, cli: Cli) -> None:
    assert git(old.root, "tag").split() == [f"{FAILED}/v1", f"{OFFLINE}/v2"]
    for task, name, number in ((OFFLINE, "v2", 169), (FAILED, "v1", 196)):
        facts = json.loads((old.root / f"datasets/{task}/{name}/dataset_info.json").read_text("utf-8"))
        assert facts["total_images"] == number
        assert set(facts["splits"]) >= {"train", "validation"}
        assert cli(old.root, "verify", name, "--task", task).code == 0
    assert git(old.root, "lfs", "fsck").strip() == "Git LFS fsck OK"


def test_again_only_the_models_and_what_a_person_decides_are_left(old: Old, cli: Cli) -> None:
    left = {one["id"] for one in migrate(old.root)["findings"]}
    assert left == {*MODELS, *DECIDED}
    assert "for you to decide" in cli(old.root, "migrate", "--apply", DECIDED[0]).err
    assert cli(old.root, "migrate", "--apply", "nonsense").code == 2


@pytest.mark.slow
def test_the_models_become_versions_that_claim_no_more_than_is_known(old: Old, cli: Cli) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    large = (old.root / "models" / "printer_offline_detector.pth").stat().st_size
    done = migrate(old.root, "--apply", MODELS[0], "--apply", MODELS[1])["done"]
    assert [one["id"] for one in done] == list(MODELS)
    record = json.loads((old.root / "models/versions/offline-detector-v1.json").read_text("utf-8"))
    assert record["dataset"] == {
        "task": OFFLINE, "version": "v1", "digest": None, "claim": "claimed, not proven"
    }  # fmt: skip
    assert record["claims"]["val_acc"] == 96.67
    assert (old.root / "models" / "printer_offline_detector.pth").stat().st_size < large / 2
    assert git(old.root, "status", "--porcelain") == ""
    assert cli(old.root, "models").out.count("claimed, not proven") == 2
    refused = cli(old.root, "reproduce", "offline-detector-v1")
    assert refused.code == 1
    assert "no record of how it was trained" in refused.err


def test_before_it_is_a_workspace_nothing_else_is_done(tmp_path: Path, cli: Cli) -> None:
    root = bare(tmp_path)
    said = cli(root, "migrate", "--apply", f"{OFFLINE}/spelling")
    assert said.code == 1
    assert "--apply setup" in said.err
    assert git(root, "status", "--porcelain") == ""


def test_on_a_terminal_each_step_is_asked_for(tmp_path: Path, tmux: Tmux) -> None:
    root = bare(tmp_path)
    command = f"{sys.executable} -m core migrate; echo ended with $?; exec cat"
    tmux.shell(100, 40, f"cd {root}; {command}", PYTHONPATH=str(HERE), COLUMNS="100")
    tmux.see("setup: do it? [y/N]", seconds=60)
    tmux.keys("y", "Enter")
    tmux.see("done  setup", "tracked: do it? [y/N]", seconds=60)
    tmux.keys("Enter")
    for asked in MENDED[2:] + MODELS:
        tmux.see(f"{asked}: do it? [y/N]", seconds=60)
        tmux.keys("Enter")
    tmux.see("ended with 0", seconds=60)
    assert git(root, "ls-files", "printer-timelapses").strip(), "what was not accepted is as it was"
    assert len(git(root, "rev-list", "HEAD").split()) == 4
