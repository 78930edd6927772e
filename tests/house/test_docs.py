"""The texts tell the truth: commands and options they show exist, what they link to is there, make knows its targets."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from core.commands.shell import program

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
NAMES = [page.relative_to(ROOT).as_posix() for page in PAGES]


def shown(text: str) -> Iterator[str]:
    """Every command line of a page: in a block of code with or without a prompt, or in a line between backticks."""
    inside = False
    for line in text.split("\n"):
        if line.strip().startswith("```"):
            inside = not inside
        elif inside:
            bare = line.strip().removeprefix("$ ")
            if bare.startswith("print-models ") and (line.strip().startswith("$ ") or line[:1].isspace()):
                yield bare
        else:
            yield from (word for word in re.findall(r"`([^`]+)`", line) if word.startswith("print-models "))


def understand(line: str) -> None:
    """Let click read a command line without doing it. Raises UsageError for what no command takes."""
    words = shlex.split(line, comments=True)[1:]
    for stop in ("|", ">", "&&", ";"):
        words = words[: words.index(stop)] if stop in words else words
    context = program.make_context("print-models", list(words), resilient_parsing=False)
    command: click.Command = program
    rest = [*context._protected_args, *context.args]
    while isinstance(command, click.Group) and rest:
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command = found
        context = command.make_context(name, list(rest), parent=context)
        rest = [*context._protected_args, *context.args] if isinstance(command, click.Group) else []


def test_the_reading_of_pages_finds_commands_and_sees_wrong_ones() -> None:
    tour = list(shown((ROOT / "docs" / "tour.md").read_text("utf-8")))
    assert len(tour) > 15
    understand("print-models source add bench PATH --printer b")
    for wrong in ("print-models relabel x", "print-models diff --colour", "print-models source sell x"):
        with pytest.raises(click.UsageError):
            understand(wrong)


@pytest.mark.parametrize("page", NAMES)
def test_every_command_a_page_shows_exists_with_its_options(page: str) -> None:
    for line in shown((ROOT / page).read_text("utf-8")):
        if "COMMAND" in line or "[" in line or line.startswith("print-models -C DIR"):
            continue
        try:
            understand(line)
        except click.UsageError as error:
            pytest.fail(f"{page}: {line}: {error.format_message()}")


@pytest.mark.parametrize("page", NAMES)
def test_what_a_page_links_to_is_there(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http:", "https:")):
            continue
        path, _, place = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), f"{page} → {target}"
        if place:
            heads = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}
            assert place in slugs, f"{page} → {target}"


@pytest.mark.parametrize("page", NAMES)
def test_every_make_target_a_page_names_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = (ROOT / page).read_text("utf-8")
    named = re.findall(r"(?:`|\$ )make ([a-z-]+)", text)
    assert [name for name in named if name not in targets] == []


def test_every_picture_is_shown_somewhere() -> None:
    texts = "".join(page.read_text("utf-8") for page in PAGES)
    unseen = [
        path.name for path in (ROOT / "docs" / "pictures").iterdir() if f"pictures/{path.name}" not in texts
    ]
    assert unseen == []


def test_the_help_of_a_filter_names_every_term_there_is() -> None:
    from core.labels.filters import TERMS

    command = program.get_command(click.Context(program), "frames")
    assert command is not None
    said = next(
        one.help for one in command.params if isinstance(one, click.Option) and one.name == "expression"
    )
    assert TERMS in (said or "")


def test_the_page_of_files_names_every_key_that_is_read_or_written() -> None:
    from core import settings
    from core.tasks import Task  # what is made of a task's settings: no file has it
    from core.versions import manifest

    text = (ROOT / "docs" / "formats.md").read_text("utf-8")
    structs = list(vars(settings).values())
    named = {
        (struct.__name__, key)
        for struct in [*structs, manifest.Item, manifest.Info, manifest.Selection]
        if isinstance(struct, type) and hasattr(struct, "__struct_fields__") and struct is not Task
        for key in struct.__struct_encode_fields__
    }
    assert named
    assert sorted(f"{struct}.{key}" for struct, key in named if not re.search(rf"\b{key}\b", text)) == []
