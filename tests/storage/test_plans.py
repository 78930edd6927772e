"""What a draft costs, against the plan of a host."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import WrongUsage
from core.storage.ledger import Ledger
from core.storage.plans import PRESETS, describe, guess, plan_named, price
from tests.conftest import Cli, git


def stored(number: int, **more: object) -> Ledger:
    return Ledger(oids={"sha256:" + "0" * 64: number} if number else {}, clone_bytes=number, **more)


def test_the_first_version_of_the_user_s_note():
    """45 MB + 59 MB of images and a 45 MB model, about 150 MB, are 15 % of 1 GB; six clones a month."""
    tag = price(stored(0), 45_000_000 + 59_000_000 + 45_000_000, PRESETS["github-free-legacy"])
    assert tag.after == 149_000_000
    assert tag.share == pytest.approx(0.149)
    assert tag.clones_per_month == 6
    assert not tag.over


def test_storage_and_bandwidth_are_apart():
    tag = price(stored(9 * 2**30), 2 * 2**30, PRESETS["github-free"])
    assert tag.over
    assert tag.clones_per_month == 0
    assert any("over the plan" in line for line in describe(tag, PRESETS["github-free"]))


def test_no_limit_gives_no_share_and_no_plan_gives_bytes_only():
    own = price(stored(10), 5, PRESETS["self-hosted"])
    assert (own.plan, own.share, own.clones_per_month, own.over) == ("self-hosted", None, None, False)
    bare = price(stored(10), 5, None)
    assert (bare.plan, bare.after, bare.clone_bytes) == (None, 15, 15)


def test_the_month_in_which_it_is_full():
    tag = price(stored(2 * 2**30, growth=2.0 * 2**30), 0, PRESETS["github-free"])
    assert tag.full_in_months == 4.0
    assert price(stored(1), 0, PRESETS["github-free"]).full_in_months is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@github.com:ana/prints.git", "github-free"),
        ("https://github.com/ana/prints", "github-free"),
        ("https://gitlab.com/ana/prints.git", "gitlab-free"),
        ("git@hf.co:ana/prints", "huggingface"),
        ("file:///mnt/disk/prints.git", "self-hosted"),
        ("https://notgithub.com/x.git", "self-hosted"),
    ],
)
def test_the_remote_s_host_tells_the_plan(url: str, name: str):
    plan = guess({"backup": "/mnt/x.git", "origin": url})
    assert plan is not None
    assert plan.name == name


def test_without_a_remote_there_is_no_plan():
    assert guess({}) is None


def test_an_unknown_plan_is_named():
    with pytest.raises(WrongUsage, match="github-free"):
        plan_named("github-gratis")


def test_the_same_image_twice_in_a_draft_costs_once():
    found = stored(10)
    images = [("sha256:" + "0" * 64, 10), ("sha256:" + "1" * 64, 7), ("sha256:" + "1" * 64, 7), (None, 3)]
    assert found.new_bytes(iter(images)) == 10


def test_the_command_in_a_folder_without_git(tmp_path: Path, cli: Cli):
    (tmp_path / "print-models.toml").write_text("format = 1\n")
    answer = cli(tmp_path, "storage", "--json")
    assert answer.code == 0, answer.err
    assert (answer.json["objects"], answer.json["price"]["after"]) == (0, 0)
    assert "print-models init" in answer.err


def test_the_command_s_words(repository: Path, cli: Cli):
    git(repository, "remote", "add", "origin", "git@github.com:ana/prints.git")
    answer = cli(repository, "storage")
    assert answer.code == 0, answer.err
    assert "GitHub Free" in answer.out
    assert cli(repository, "storage", "--plan", "nonsense").code == 2
