"""A repository of an earlier tool opens as it is: reading it changes nothing, changing it needs `init` first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.commands.table import COMMANDS
from tests.conftest import Cli, git
from tests.workspaces.conftest import Old, listing, settle

READING = [
    ("status",),
    ("status", "--json"),
    ("status", "--line"),
    ("frames",),
    ("storage",),
    ("versions",),
    ("diff",),
    ("verify", "v1", "--task", "offline-detection"),
    ("models",),
    ("lineage", "v1"),
    ("runs",),
    ("doctor",),
    ("check",),
    ("stats",),
    ("source", "list"),
]


def test_status_tells_what_is_there_and_what_is_not(cli: Cli, old: Callable[[], Old]) -> None:
    root = old().root
    told = cli(root, "status", "--json")
    assert told.code == 0, told.err
    task = told.json["tasks"]["offline-detection"]
    assert (task["labelled"], task["classes"]) == (8, {"offline": 4, "active": 4})
    assert (task["latest"], task["model"]) == ("v1", "models/printer_offline_detector.pth")
    assert "init" in told.json["next"]
    said = " ".join(told.json["notices"])
    assert "no print-models.toml" in said
    assert "2 labels in the older spelling" in said
    assert "/srv/gone/timelapses" in said


def test_storage_counts_its_pointers_to_the_byte(cli: Cli, old: Callable[[], Old]) -> None:
    made = old()
    told = cli(made.root, "storage", "--json").json
    assert told["by"]["offline-detection"]["v1"] == {
        "files": 8,
        "bytes": sum(made.sizes["v1"]),
        "exclusive": sum(made.sizes["v1"]),
    }
    assert (told["objects"], told["bytes"]) == (9, sum(made.sizes["v1"]) + sum(made.sizes["models"]))
    assert told["local"]["missing"] == 9


def test_a_model_in_use_without_a_record_is_named(cli: Cli, old: Callable[[], Old]) -> None:
    root = old().root
    said = cli(root, "models").out
    assert "models/printer_offline_detector.pth" in said
    assert "5 kB (pointer)  offline-detection: of unknown origin" in said
    assert "No model yet" not in said
    told = cli(root, "models", "--json").json
    assert told["models"] == []
    found = [(one["file"], one["task"], one["size"]) for one in told["without_record"]]
    assert found == [("models/printer_offline_detector.pth", "offline-detection", 5_000)]


def test_a_version_whose_images_an_ignore_rule_kept_out_of_git_is_in_no_commit(
    cli: Cli, old: Callable[[], Old]
) -> None:
    root = old().root
    assert (
        cli(root, "versions", "--json").json["versions"]["offline-detection"][0]["state"]
        == "in a commit, no tag"
    )
    git(root, "rm", "-q", "--cached", "-r", "datasets/offline-detection/v1")
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "As git add took it")
    assert git(root, "ls-files", "datasets") != ""
    assert (
        cli(root, "versions", "--json").json["versions"]["offline-detection"][0]["state"] == "exported only"
    )


def test_its_draft_is_its_version(cli: Cli, old: Callable[[], Old]) -> None:
    told = cli(old().root, "diff", "--json").json
    assert (told["unchanged"], told["added"], told["removed"], told["relabelled"]) == (8, 0, 0, 0)


def test_frames_and_history_know_its_labels(cli: Cli, old: Callable[[], Old]) -> None:
    made = old()
    frames = cli(made.root, "frames", "--json").json
    assert [row["frame"] for row in frames["frames"]] == list(made.keys)
    history = cli(made.root, "history", made.keys[2])
    assert "active" in history.out
    assert "imported" in history.out


def test_reading_changes_nothing_not_even_gits_own_files(
    cli: Cli, old: Callable[[], Old], tmp_path: Path
) -> None:
    made = old()
    spare = tmp_path / "spare"
    spare.mkdir()
    before = listing(made.root)
    for words in [*READING, ("history", made.keys[0])]:
        done = cli(made.root, *words, env={"TMPDIR": str(spare)})
        # What `check` finds in it is found as 1.
        assert done.code in ((0, 1) if words == ("check",) else (0,)), f"{words}: {done.err}"
        assert "unforeseen" not in done.err
    assert listing(made.root) == before
    assert git(made.root, "status", "--porcelain", "--ignored") == ""
    assert list(spare.iterdir()) == [], "what lay outside meanwhile is gone"


@pytest.mark.parametrize("name", [name for name, entry in COMMANDS.items() if entry.writes])
def test_what_would_change_it_asks_for_init_first(cli: Cli, old: Callable[[], Old], name: str) -> None:
    made = old()
    before = listing(made.root)
    words = {
        "label": ("--as", "active", made.keys[0]),
        "unlabel": (made.keys[0],),
        "mark": ("--unsure", made.keys[0]),
        "import": ("data/labels.json",),
        "release": ("--task", "offline-detection"),
        "promote": ("RUN",),
        "adopt": ("models/printer_offline_detector.pth",),
        "reproduce": ("offline-detector-v1",),
        "withdraw": ("v1", "--reason", "labels of another day"),
        "rollback": ("v1",),
        "fetch": ("v1",),
    }.get(name, ())
    done = cli(made.root, name, *words)
    assert (done.code, done.out) == (1, "")
    assert "no print-models.toml yet, so it is only read" in done.err
    assert "print-models init" in done.err
    assert listing(made.root) == before


def test_after_init_it_is_a_workspace_like_any_other(cli: Cli, old: Callable[[], Old]) -> None:
    made = old()
    done = cli(made.root, "init")
    assert done.code == 0, done.err
    assert git(made.root, "status", "--porcelain") == ""
    told = cli(made.root, "status", "--json").json
    assert told["tasks"]["offline-detection"]["labelled"] == 8
    assert "only read" not in " ".join(told["notices"])
    assert cli(made.root, "unlabel", made.keys[0]).code == 0
    assert cli(made.root, "status", "--json").json["tasks"]["offline-detection"]["labelled"] == 7


def test_without_its_settings_a_workspace_keeps_what_was_not_saved_yet(
    cli: Cli, old: Callable[[], Old]
) -> None:
    """A branch from before `init` is checked out: the labels in labels.db are still there, and can go on."""
    made = old()
    cli(made.root, "init")
    cli(made.root, "unlabel", made.keys[0])
    (made.root / "print-models.toml").unlink()
    told = cli(made.root, "status", "--json").json
    assert told["tasks"]["offline-detection"]["labelled"] == 7


def test_settings_of_a_newer_tool_are_only_read(cli: Cli, old: Callable[[], Old]) -> None:
    made = old()
    cli(made.root, "init")
    cli(made.root, "unlabel", made.keys[0])
    (made.root / "print-models.toml").write_text('format = 99\nnew_key = "x"\n')
    settle(made.root)
    before = listing(made.root)
    told = cli(made.root, "status", "--json")
    assert told.code == 0, told.err
    assert told.json["tasks"]["offline-detection"]["labelled"] == 7
    assert "newer print-models" in " ".join(told.json["notices"])
    for words in (("label", "--as", "active", made.keys[0]), ("init",)):
        refused = cli(made.root, *words)
        assert refused.code == 1
        assert "newer print-models" in refused.err
        assert "Update print-models" in refused.err
    assert listing(made.root) == before


def test_what_the_app_would_change_is_refused_below_the_commands_too(old: Callable[[], Old]) -> None:
    from core import release
    from core.errors import Refused
    from core.labels.sync import open_store
    from core.workspace import Workspace

    made = old()
    before = listing(made.root)
    workspace = Workspace.find(made.root)
    with pytest.raises(Refused, match="print-models init"):
        release.save(workspace)
    # Releases, trainings and promotions begin by making the private folder.
    with pytest.raises(Refused, match="print-models init"):
        workspace.ensure_private()
    with open_store(workspace) as store, pytest.raises(Refused, match="print-models init"):
        store.set("offline-detection", [made.keys[0]], "offline", who="ana")
    assert listing(made.root) == before


def test_storage_names_a_version_whose_images_no_commit_holds(cli: Cli, old: Callable[[], Old]) -> None:
    """The old trap: an ignore rule for pictures keeps a version's images out of every commit, in silence."""
    made = old()
    assert "in a commit" not in cli(made.root, "storage").err
    git(made.root, "rm", "-r", "-q", "--cached", "datasets")
    git(made.root, "commit", "-q", "--amend", "-m", "As it was")
    git(made.root, "reflog", "expire", "--expire=now", "--all")
    told = cli(made.root, "storage")
    assert "offline-detection v1 lies here, but none of its images is in a commit" in told.err
    assert "1 object" in told.out
