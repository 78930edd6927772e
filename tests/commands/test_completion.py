"""A real bash is asked what its tab key offers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")


def offered(workspace: Path, home: Path, *words: str) -> list[str]:
    """Return what bash would offer for the last of the words."""
    program = home / "print-models"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m tui "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    typed = " ".join(f"'{word}'" for word in ("print-models", *words))
    script = (
        'eval "$(print-models completion bash)" || exit 1\n'
        f"COMP_WORDS=({typed}) COMP_CWORD={len(words)}\n"
        '_print_models_completion print-models\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "PATH": f"{home}:{os.environ['PATH']}", "PYTHONPATH": os.fspath(root)}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], cwd=workspace, env=env, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@needs_bash
def test_the_tab_key_knows_commands_tasks_and_classes(bare_copy: Path, tmp_path: Path) -> None:
    assert offered(bare_copy, tmp_path, "hist") == ["history"]
    assert offered(bare_copy, tmp_path, "diff", "--task", "off") == ["offline-detection"]
    assert offered(bare_copy, tmp_path, "label", "--task", "offline-detection", "--as", "a") == ["active"]
    assert offered(bare_copy, tmp_path, "diff", "dr") == ["draft"]


@needs_bash
def test_outside_a_workspace_the_tab_key_stays_quiet(tmp_path: Path) -> None:
    assert offered(tmp_path, tmp_path, "diff", "--task", "off") == []
