"""The shape of the house: what is packed, how long a file may be, what no file may name, what the texts promise."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core.commands.table import COMMANDS, EVERYDAY, SECTIONS

ROOT = Path(__file__).resolve().parents[2]
#: Written in two parts, so that this file does not name one itself.
HOSTS = re.compile(
    "|".join(a + b for a, b in [("pypi", r"\.org"), ("pythonhosted", r"\.org"), ("download.py", r"torch\.org"),
                                ("/simp", "le/"), ("index-", "url"), ("find-", "links")]),
    re.IGNORECASE,
)  # fmt: skip
#: Folders of a build machine that must not be in a text of the project.
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|farm)/[A-Za-z0-9._-]+")


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, timeout=60)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        data = path.read_bytes()
        if b"\0" not in data[:4096]:
            found.append((path.relative_to(ROOT).as_posix(), data.decode("utf-8", "replace")))
    return found


def test_no_file_is_longer_than_one_sitting() -> None:
    long = {}
    for name, text in texts():
        lines = text.count("\n")
        most = 500 if name.startswith("tests/") else 350
        if name.endswith((".py", ".tcss")) and lines > most:
            long[name] = lines
    assert long == {}


def test_no_text_names_a_registry_or_a_folder_of_the_build_machine() -> None:
    found = [
        (name, match.group())
        for name, text in texts()
        if name != "tests/house/test_shape.py" and not name.endswith(".svg")
        for match in [*HOSTS.finditer(text), *MACHINE.finditer(text)]
    ]
    assert found == []


def test_no_large_file_is_tracked() -> None:
    assert [path.name for path in tracked() if path.stat().st_size > 1_000_000] == []


def test_data_folders_are_no_packages() -> None:
    assert [name for name in ("data", "models", "datasets") if list((ROOT / name).rglob("__init__.py"))] == []


def test_the_wheel_holds_core_and_tui_and_nothing_else(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for path in tracked():
        if path.suffix in (".py", ".toml", ".tcss", ".md", ".1") and not path.is_symlink():
            target = source / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    code = f"from setuptools import build_meta; print(build_meta.build_wheel({str(tmp_path)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=source, capture_output=True, text=True, timeout=120
    )
    absent = ("No module named 'setuptools'", "invalid command 'bdist_wheel'")  # one before 70 asks for wheel
    if done.returncode and any(words in done.stderr for words in absent):
        pytest.skip("no setuptools that builds a wheel is in this environment")
    assert done.returncode == 0, done.stderr
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    packed = [name for name in names if ".dist-info/" not in name]
    manual = [name for name in packed if name.endswith(".data/data/share/man/man1/print-models.1")]
    assert {name.split("/")[0] for name in packed if name not in manual} == {"core", "tui"}
    assert len(manual) == 1
    assert [name for name in names if name.endswith(".tcss")], "the app's styles are packed"
    entry = next(name for name in names if name.endswith("entry_points.txt"))
    assert b"print-models = tui.__main__:main" in zipfile.ZipFile(next(tmp_path.glob("*.whl"))).read(entry)


def test_everyday_commands_are_ten_or_fewer_and_exist() -> None:
    assert len(EVERYDAY) <= 10
    assert set(EVERYDAY) <= set(COMMANDS)
    assert {entry.section for entry in COMMANDS.values()} <= set(SECTIONS)


def test_help_lists_every_command_with_its_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core", "--help-all"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    said = " ".join(done.stdout.split())
    assert [n for n, entry in COMMANDS.items() if f" {n} {entry.summary}" not in said] == []


def test_the_command_page_is_what_the_program_says_of_itself() -> None:
    from core.commands.reference import reference

    assert (ROOT / "docs" / "commands.md").read_text() == reference(), "run: make docs"


def test_the_manual_page_is_the_programs_own_help() -> None:
    from core.commands.manual import manual

    assert (ROOT / "docs" / "print-models.1").read_text() == manual(), "run: make docs"


def test_make_targets_that_the_texts_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    assert {"setup", "demo", "test", "test-all", "check", "bench", "format", "clean"} <= targets
    for name in ("README.md", "CONTRIBUTING.md"):
        path = ROOT / name
        if path.is_file():
            said = set(re.findall(r"`make ([a-z][a-z-]*)", path.read_text()))
            assert said <= targets, name


def test_ci_runs_what_the_readme_runs() -> None:
    assert "make check" in (ROOT / ".ci" / "run").read_text()
    check = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("check:"))
    assert "test" in check.split("##")[0].split()
