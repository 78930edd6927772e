"""docs/WALKTHROUGH.md, the note's set-up and phases, walked from its first command to its last."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import git
from tests.terminals import HERE
from tests.walk.page import Command, Walker, fits, form, parts, walk

PAGE = HERE / "docs" / "WALKTHROUGH.md"


def walked(tmp_path: Path, *, torch: bool) -> Walker:
    walker = Walker.at(tmp_path)
    for part, printed in walk(PAGE, walker, torch=torch):
        if isinstance(part, Command) and (torch or "torch" not in part.block):
            shown, real = "\n".join(part.expected), "\n".join(printed)
            assert fits(part.expected, printed), f"$ {part.text}\nthe page:\n{shown}\nreally:\n{real}"
    return walker


def test_every_command_of_the_page_prints_what_the_page_shows(tmp_path: Path) -> None:
    walker = walked(tmp_path, torch=False)
    assert walker.folder == tmp_path / "clone"
    assert git(walker.folder, "status", "--porcelain") == ""
    assert git(walker.folder, "lfs", "fsck").strip() == "Git LFS fsck OK"


@pytest.mark.slow
def test_with_torch_so_do_the_trainings(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    walker = walked(tmp_path, torch=True)
    names = sorted(path.name for path in (walker.folder / "models" / "versions").glob("*.pth"))
    assert names == ["offline-detector-v1.pth", "offline-detector-v2.pth"]


def test_the_page_names_every_step_of_the_note() -> None:
    heads = [part for part in parts(PAGE.read_text("utf-8")) if isinstance(part, str) and part[:3] == "## "]
    for step in (*(f"Setup {number}" for number in range(1, 6)), "Phase 1", "Phases 2 and 3", "Phase 4"):
        assert any(step in head for head in heads), step


def test_a_line_that_differs_is_seen_and_what_differs_by_machine_is_not() -> None:
    assert form("committed 6 files of its own as 2bb5c1ce") == form(
        "committed 6 files of its own as 0d1dd5f3"
    )
    assert fits(["a 3.8 MB", "…", "z"], ["a 27 kB", "b", "c", "z"])
    assert fits(["…"], [])
    assert not fits(["150 images, 3.8 MB"], ["151 images, 3.8 MB"])
    assert not fits(["a"], ["a", "b"])
