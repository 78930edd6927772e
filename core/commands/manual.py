"""The manual page `print-models(1)`, from the table of commands and each command's own parameters.

`python -m core.commands.manual` prints docs/print-models.1 in the macros of man(7); a test compares the two. It is one
page, so that `man print-models` answers every question; it names no date and no machine, so that it is the same
wherever it is made.
"""

from __future__ import annotations

import click

from core.commands.shell import program
from core.commands.table import COMMANDS, EVERYDAY, SECTIONS
from core.version import __version__

_ABOUT = """Without a command the terminal app opens on the workspace at or above the folder. With one, that command runs,
prints its answer to standard output, and ends. Reading commands take \\-\\-json: one object on standard output that
begins with its format number, and nothing else there. Progress and notices go to standard error."""
_EXITS = (
    ("0", "Fine."),
    ("1", "Refused or failed, nothing changed; also what a looking command found."),
    ("2", "Wrong usage."),
    ("3", "Bytes differ from a recorded hash, or a file can't be read as what it should be."),
    ("4", "Busy: another process holds what is needed."),
    ("5", "Something of the environment is missing: git-lfs, a frame, room on the disk, a remote."),
    ("6", "Done here, not (yet) pushed and proven there."),
    ("129, 130, 143", "Ended by a hang-up, by ctrl-C, by a request to terminate."),
)
_FILES = (
    ("print-models.toml", "The workspace's shared settings."),
    ("~/.config/print-models/config.toml", "Your own settings: who you are, keys, theme."),
    ("data/", "Label files, marks and history, committed to git."),
    ("datasets/TASK/vN/", "A version of a dataset, its images in Git LFS."),
    ("models/versions/", "Model versions and their records."),
    (".print-models/", "The label database, trainings and caches; never committed."),
)


def manual() -> str:
    """Return the whole page."""
    root = click.Context(program, info_name="print-models")
    parts = [
        f'.TH PRINT-MODELS 1 "" "print-models {_roff(__version__)}" "User commands"',
        ".SH NAME\nprint-models \\- versioned datasets and models from a 3D printer's camera folder",
        ".SH SYNOPSIS\n.B print-models\n[\\fB\\-C\\fR \\fIDIR\\fR]\n[\\fICOMMAND\\fR [\\fIOPTIONS\\fR]]",
        f".SH DESCRIPTION\n{_ABOUT}",
        ".SH EVERYDAY COMMANDS\n" + "\n".join(_item(name, COMMANDS[name].summary) for name in EVERYDAY),
        ".SH OPTIONS\n" + _options(program, root),
    ]
    for section in SECTIONS:
        names = [name for name, entry in COMMANDS.items() if entry.section == section]
        if names:
            parts.append(f".SH COMMANDS: {section.upper()}")
            parts += [_command(root, name) for name in names]
    parts.append(".SH EXIT STATUS\n" + "\n".join(_item(code, what) for code, what in _EXITS))
    parts.append(".SH FILES\n" + "\n".join(_item(name, what) for name, what in _FILES))
    return "\n".join(parts) + "\n"


def _command(root: click.Context, name: str) -> str:
    command = program.get_command(root, name)
    if command is None:
        raise LookupError(name)
    context = click.Context(command, info_name=name, parent=root)
    usage = " ".join(command.collect_usage_pieces(context))
    text = [".SS " + _roff(f"{name} {usage}"), _paragraphs(command.help or "")]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            below = command.get_command(context, inner)
            text.append(_item(inner, (below.help or "") if below else "").strip())
    text.append(_options(command, context))
    return "\n".join(line for line in text if line)


def _options(command: click.Command, context: click.Context) -> str:
    records = (parameter.get_help_record(context) for parameter in command.get_params(context))
    # An argument without words of its own stands in the line above already, and every command has --help.
    shown = [found for found in records if found and found[1] and not found[0].endswith("--help")]
    return "\n".join(_item(left, right) for left, right in shown)


def _item(term: str, text: str) -> str:
    return f".TP\n\\fB{_roff(' '.join(term.split()))}\\fR\n{_roff(' '.join(text.split()))}"


def _paragraphs(help_text: str) -> str:
    """Return a command's help with its paragraphs kept apart; what click would not wrap is set as it stands."""
    out = []
    for paragraph in help_text.split("\n\n"):
        lines = [line.strip() for line in paragraph.strip().splitlines()]
        if lines and lines[0] == "\b":
            out.append(".nf\n" + "\n".join(_roff(line) for line in lines[1:]) + "\n.fi")
        elif lines:
            out.append(_roff(" ".join(lines)))
    return "\n.PP\n".join(out)


def _roff(text: str) -> str:
    """Return text in which nothing is an order to the typesetter."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\\&" + text if text.startswith(".") else text


if __name__ == "__main__":
    click.echo(manual(), nl=False)
