"""The walls of the house: who may import whom, seen in the sources and in a running interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.commands.table import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "torchvision", "textual", "textual_image", "git", "numpy", "PIL", "tui")
#: Rooms where pixels are at home.
PIXELS = {"core.frames.decode", "core.frames.change", "core.training.report.png"}
LEARNING = {
    f"core.training.{name}"
    for name in (
        *("augment", "crossing", "data", "devices", "evaluate", "features", "fit", "keeping", "learning"),
        *("loading", "network", "strip", "to_onnx", "asked", "features_to_onnx"),
    )
}


def modules(package: str) -> list[str]:
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] != "__main__":
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def allowed(module: str) -> set[str]:
    if module in LEARNING:
        return {"torch", "torchvision", "numpy", "PIL"}
    if module in PIXELS or module.startswith(("core.demo", "core.assist")):
        return {"numpy", "PIL"}
    return set()


def test_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout


def test_every_light_module_of_core_imports_nothing_heavy() -> None:
    light = [name for name in modules("core") if not allowed(name)]
    loaded = loaded_after("\n".join(f"import {name}" for name in light))
    assert sorted(loaded.intersection(HEAVY)) == []


def test_pixel_modules_bring_neither_torch_nor_a_screen() -> None:
    some = [name for name in modules("core") if name not in LEARNING]
    loaded = loaded_after("\n".join(f"import {name}" for name in some))
    assert sorted(loaded.intersection(HEAVY) - {"numpy", "PIL"}) == []


def test_the_app_never_loads_torch() -> None:
    loaded = loaded_after("\n".join(f"import {name}" for name in modules("tui")))
    assert sorted(loaded.intersection({"torch", "torchvision", "git"})) == []


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["status"], ["label", "--help"]])
def test_a_command_without_need_for_it_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    words = [*arguments[:1], *arguments[1:]] if arguments[0] != "status" else ["-C", str(tmp_path), "status"]
    code = (
        "import sys\nfrom core.commands.shell import main\n"
        f"main({words!r})\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert sorted(set(done.stderr.split()).intersection(HEAVY)) == []


def test_every_command_of_the_table_can_be_called() -> None:
    code = (
        "from core.commands.shell import program\n"
        "import click\n"
        "ctx = click.Context(program)\n"
        f"for name in {list(COMMANDS)!r}:\n"
        "    assert program.get_command(ctx, name).name == name, name\n"
        "import sys\nprint('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert sorted(set(done.stdout.split()).intersection(HEAVY)) == [], (
        "loading a command's file must stay cheap"
    )
