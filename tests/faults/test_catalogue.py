"""The catalogue and the tests say the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent


def rows() -> dict[int, str]:
    found = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|", (HERE / "catalogue.md").read_text(), re.MULTILINE)
    return {int(number): expected.strip() for number, expected in found}


def fault_tests() -> list[tuple[int, str, str]]:
    found = []
    for path in sorted(HERE.parent.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
                named := re.match(r"test_f_(\d{3})_", node.name)
            ):
                said = " ".join((ast.get_docstring(node) or "").split())
                found.append((int(named[1]), node.name, said))
    return found


def test_every_row_has_a_test_that_says_what_it_expects() -> None:
    said = {(number, text) for number, _, text in fault_tests()}
    lacking = [
        number
        for number, expected in rows().items()
        if not any(number == other and text.startswith(expected) for other, text in said)
    ]
    assert lacking == []


def test_every_test_of_a_fault_belongs_to_a_row() -> None:
    known = rows()
    assert [name for number, name, text in fault_tests() if number not in known or not text] == []
