"""A page of the docs whose `console` blocks are walked: each command is really run, and what it prints compared.

A line `…` stands for any lines. Hashes, sizes, times, percentages and today's date differ from machine to machine: they
are compared by their form. `python -m tests.walk.page` walks the page and writes what was printed where it differs.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HOME = "/home/ana"
_ANY = "…"
#: What is compared by its form alone, in this order.
_FORMS = (
    (r"sha256:[0-9a-f]{64}", "sha256:H"),
    (r"\b20\d{6}T\d{6}-[a-z-]+", "RUN"),
    (r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b(?!T)", "H"),
    (r"\b\d+(\.\d+)? (bytes|kB|MB|GB|ms|s|min)\b", "N"),
    (r"\d+(\.\d+)?( ?%)", "P"),
    (r"\b2\d{3}-\d\d-\d\d(T[\d:.+]+)?", "DAY"),
    (r"\b0\.\d+\b", "X"),
    (r"[ \t]+", " "),
)


@dataclass(slots=True)
class Command:
    """A command of a page and what it prints there; `optional` where its block is marked as needing torch."""

    text: str
    expected: list[str] = field(default_factory=list)
    block: str = "console"


def parts(text: str) -> Iterator[str | Command]:
    """Yield the lines of a page, and in their place the commands of its console blocks."""
    block, command = "", None
    for line in text.splitlines():
        if line.startswith("```"):
            if isinstance(command, Command):
                yield command
            block, command = ("" if block else line[3:].strip() or "text"), None
            yield line
        elif block.startswith("console") and line.startswith("$ "):
            if isinstance(command, Command):
                yield command
            command = Command(line[2:], block=block)
        elif isinstance(command, Command) and block.startswith("console"):
            if command.text.endswith("\\") and not command.expected:
                command.text += "\n" + line
            else:
                command.expected.append(line)
        else:
            yield line


def form(line: str) -> str:
    """Return a line with all that may differ replaced."""
    for pattern, word in _FORMS:
        line = re.sub(pattern, word, line)
    return line.strip()


def fits(expected: list[str], printed: list[str]) -> bool:
    """True where what was printed has the form that the page shows."""
    wanted = [re.escape(form(line)) if line.strip() != _ANY else _ANY for line in expected]
    pattern = "".join("(?:.*\n)*?" if line == _ANY else f"{line}\n" for line in wanted)
    return re.fullmatch(pattern, "".join(f"{form(line)}\n" for line in printed)) is not None


@dataclass(slots=True)
class Walker:
    """A shell that remembers where it is."""

    home: Path
    folder: Path

    @classmethod
    def at(cls, home: Path) -> Walker:
        """Return a shell of a person of this home, whom git knows."""
        (home / ".gitconfig").write_text(
            "[user]\n\tname = Ana\n\temail = ana@example.invalid\n[init]\n\tdefaultBranch = main\n"
        )
        return cls(home, home)

    def run(self, command: str) -> list[str]:
        """Run a command as a person would, and return what it printed, the home called as on the page."""
        mark = "\x1ecode"
        script = f'{command}\ncode=$?; printf "\\n{mark} %s %s" "$code" "$PWD"'
        environment = {**os.environ, "HOME": str(self.home), "COLUMNS": "100", "NO_COLOR": "1"}
        environment["GIT_CONFIG_GLOBAL"] = str(self.home / ".gitconfig")
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        text, _, end = done.stdout.rpartition(mark)
        self.folder = Path(end.split(" ", 2)[2])
        return text.replace(str(self.home), HOME).rstrip("\n").splitlines()


def walk(page: Path, walker: Walker, *, torch: bool) -> Iterator[tuple[str | Command, list[str]]]:
    """Yield each part of a page and, of a command that was run, what it printed; without torch its blocks are left."""
    for part in parts(page.read_text("utf-8")):
        if isinstance(part, Command) and (torch or "torch" not in part.block):
            yield part, walker.run(part.text)
        else:
            yield part, []


def main() -> int:
    """Walk a page with all of its blocks and write back what was printed where it differs from what the page shows."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("page", type=Path, nargs="?", default=Path("docs/WALKTHROUGH.md"))
    parser.add_argument("--no-torch", action="store_true", help="leave the blocks that train as they are")
    wanted = parser.parse_args()
    page = wanted.page.absolute()
    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        walker = Walker.at(Path(folder))
        for part, printed in walk(page, walker, torch=not wanted.no_torch):
            if isinstance(part, str):
                lines.append(part)
                continue
            if wanted.no_torch and "torch" in part.block:
                lines += [f"$ {part.text}", *part.expected]
                continue
            kept = part.expected if fits(part.expected, printed) else printed
            print(("=" if kept is part.expected else "~"), part.text, flush=True)
            lines += [f"$ {part.text}", *kept]
    page.write_text("\n".join(lines) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
