"""The reference of all commands as Markdown, from the table and each command's own help.

`python -m core.commands.reference` prints docs/commands.md; a test compares the two.
"""

from __future__ import annotations

import click

from core.commands.shell import program
from core.commands.table import COMMANDS, SECTIONS

_WIDTH = 100
_HEAD = """# Commands

`print-models [-C DIR] COMMAND`; without a command the terminal app opens. Reading commands take `--json`: one object on
standard output, nothing else there. Exit codes are in [house.md](house.md#errors). This page is generated from the
program's own help: `make docs`.
"""


def reference() -> str:
    """Return the whole page."""
    root = click.Context(
        program,
        info_name="print-models",
        max_content_width=_WIDTH,
        terminal_width=_WIDTH,
        help_option_names=program.context_settings["help_option_names"],
    )
    parts = [_HEAD]
    for section in SECTIONS:
        names = [name for name, entry in COMMANDS.items() if entry.section == section]
        if names:
            parts.append(f"## {section}\n")
            parts += [_command(root, name) for name in names]
    return "\n".join(parts)


def _command(root: click.Context, name: str) -> str:
    command = program.get_command(root, name)
    if command is None:
        raise LookupError(name)
    context = click.Context(
        command, info_name=name, parent=root, max_content_width=_WIDTH, terminal_width=_WIDTH
    )
    blocks = [_help(command, context)]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            below = command.get_command(context, inner)
            if below is not None:
                blocks.append(_help(below, click.Context(below, info_name=inner, parent=context)))
    return f"### {name}\n\n{COMMANDS[name].summary}\n\n" + "\n".join(f"```\n{text}\n```\n" for text in blocks)


def _help(command: click.Command, context: click.Context) -> str:
    context.max_content_width = context.terminal_width = _WIDTH
    return "\n".join(line.rstrip() for line in command.get_help(context).split("\n"))


if __name__ == "__main__":
    click.echo(reference(), nl=False)
