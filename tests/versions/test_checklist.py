"""The table of checks: docs/checks.md shows it, [checks] changes what may be changed, no result has another id."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from core.checklist import BLOCK, CHECKS, WARN
from core.errors import Lacking, Refused, WrongUsage
from core.settings import read
from core.versions import gates
from core.versions.checks import CheckResult

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_shows_the_table() -> None:
    shown = re.findall(
        r"^\| `([a-z-]+)` \| (.+?) \| (.+?) \| (warn|block) \| (.+?) \|$",
        (ROOT / "docs/checks.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert shown == [
        (one.id, one.about, one.what, one.level, f"no: {one.why_fixed}" if one.why_fixed else "yes")
        for one in CHECKS.values()
    ]


def test_every_result_that_check_makes_is_in_the_table() -> None:
    made = set()
    for name in ("gates", "gating", "version_gates", "quality", "leaks", "intact", "around", "claims"):
        tree = ast.parse((ROOT / "core/versions" / f"{name}.py").read_text("utf-8"))
        for node in ast.walk(tree):
            named = isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "CheckResult",
                "of_error",
            )
            if isinstance(node, ast.Call) and named and isinstance(node.args[0], ast.Constant):
                made.add(node.args[0].value)
    made |= {"hour", "brightness", "unknown-labels", "conflicts"}  # named by variables
    assert made == set(CHECKS)


def settings(folder: Path, text: str) -> dict[str, str]:
    path = folder / "print-models.toml"
    path.write_text(text)
    return read(path).checks


def test_what_may_be_changed_is_changed(tmp_path: Path) -> None:
    text = '[checks]\nlone = "block"\nleak = "warn"\ncard = "block"\n'
    assert settings(tmp_path, text) == {"lone": "block", "leak": "warn", "card": "block"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('lonely = "warn"', "unknown key checks.lonely"),
        ('lone = "error"', "checks.lone: “error” is no level"),
        ('same-bytes = "warn"', "checks.same-bytes: this block can't be turned down: one of two is wrong"),
        ("lone = 3", r"checks\[...\]"),
    ],
)
def test_what_is_no_such_line_is_an_error_that_names_the_key(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(WrongUsage, match=says):
        settings(tmp_path, f"[checks]\n{line}\n")


def test_a_newer_format_may_have_checks_of_its_own(tmp_path: Path) -> None:
    text = 'format = 9\n[checks]\nfocus = "block"\nlone = "block"\n'
    assert settings(tmp_path, text) == {"lone": "block"}


def test_every_check_that_no_reason_holds_can_be_turned_both_ways(tmp_path: Path) -> None:
    for one in CHECKS.values():
        assert settings(tmp_path, f'[checks]\n{one.id} = "{BLOCK}"\n') == {one.id: BLOCK}
        if not one.why_fixed:
            assert settings(tmp_path, f'[checks]\n{one.id} = "{WARN}"\n') == {one.id: WARN}


def test_a_refusal_names_every_check_that_blocks() -> None:
    block = CheckResult("lone", "block", "One frame.", "Look.")
    other = CheckResult("leak", "block", "Two frames.", "Mend.")
    gates.refuse("a draft", [CheckResult("card", "warn", "Odd.", "")])
    with pytest.raises(Refused, match=r"a draft is blocked by lone, leak: One frame\."):
        gates.refuse("a draft", [block, other])
    with pytest.raises(Lacking, match="blocked by room"):
        gates.refuse("a draft", [CheckResult("room", "block", "No room.", "Free some.", code=5)])
