"""The run of the tests itself: what one file builds for all of its tests is built in one process."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conftest import run_program
from tests.terminals import HERE

_FILE = """
import os, pathlib, pytest

@pytest.fixture(scope="module")
def built():
    pathlib.Path(f"built-by-{os.getpid()}").touch()

@pytest.mark.parametrize("number", range(8))
def test_it(built, number):
    pass
"""


def test_a_file_that_builds_something_once_stays_in_one_process(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_xdist_make_scheduler\n")
    (tmp_path / "test_together.py").write_text(_FILE)
    words = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider"]
    done = run_program(words, cwd=tmp_path, env={"PYTHONPATH": str(HERE)})
    assert done.code == 0, done.out
    assert "8 passed" in done.out
    assert len(list(tmp_path.glob("built-by-*"))) == 1
