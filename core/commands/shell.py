"""What every command shares: finding the workspace, answering as text or JSON, progress, errors and exit codes.

`main` is the entrance for `print-models COMMAND` and `python -m core COMMAND`. Commands are imported when they are
called, so that `status` never pays for what `train` needs.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from core.commands import completion
from core.commands.table import COMMANDS, EVERYDAY, SECTIONS
from core.errors import PrintModelsError
from core.progress import Progress, Report
from core.terminals import GRAPHICS
from core.text import printable, safe, safe_lines
from core.version import __version__
from core.workspace import Workspace


class Context:
    """What a command is given: where it runs, and how it answers."""

    def __init__(self, folder: Path, *, debug: bool = False, told: list[str] | None = None) -> None:
        self.folder = folder
        self.debug = debug
        #: What was said on standard error; an error that ends the command does not say the last of it again.
        self.told: list[str] = [] if told is None else told
        self._workspace: Workspace | None = None
        self._line = ProgressLine()

    @property
    def workspace(self) -> Workspace:
        """The workspace at or above the folder, found on first use.

        Raises Lacking; or why it is only read, where the command is one that writes.
        """
        if self._workspace is None:
            found = Workspace.find(self.folder)
            called = click.get_current_context().info_name or ""
            if found.read_only is not None and called in COMMANDS and COMMANDS[called].writes:
                raise found.read_only
            if any(source.settings.name_pattern for source in found.sources.values()):
                from core.frames.moments import tell

                tell(found)
            self._workspace = found
        return self._workspace

    @property
    def report(self) -> Report:
        """Draw progress on standard error where that is a terminal, else tell nobody."""
        return self._line.show

    def answer(self, obj: dict[str, Any], text: str, *, as_json: bool) -> None:
        """Print the answer: `text`, or with --json the one object, which starts with its format number."""
        self._line.clear()
        click.echo(
            json.dumps({"format": 1, **obj}, indent=2, ensure_ascii=True) if as_json else printable(text)
        )

    def notice(self, line: str) -> None:
        """Say something beside the answer, on standard error."""
        self._line.clear()
        if line not in self.told:
            click.echo(printable(line), err=True)
        self.told.append(line)

    def exit(self, code: int) -> NoReturn:
        """End with that exit code."""
        self._line.clear()
        raise SystemExit(code)


class ProgressLine:
    """One line on standard error, redrawn at most ten times a second, only on a terminal."""

    def __init__(self) -> None:
        self._shown = False
        self._last = 0.0
        self._enabled = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def show(self, progress: Progress) -> None:
        now = time.monotonic()
        if not self._enabled or (now - self._last < 0.1 and progress.done != progress.total):
            return
        self._last = now
        of = (
            f" {progress.done}/{progress.total}"
            if progress.total
            else (f" {progress.done}" if progress.done else "")
        )
        note = f"  {safe(progress.note, limit=40)}" if progress.note else ""
        width = max(20, os.get_terminal_size(2).columns - 1)
        sys.stderr.write("\r\x1b[K" + f"{safe(progress.step)}{of}{note}"[:width])
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._shown = False


def keeps_what_it_makes() -> None:
    """Let Python look for cycles rarely: for a command whose objects, however many, are all in use until it ends."""
    import gc

    click.get_current_context().call_on_close(partial(gc.set_threshold, *gc.get_threshold()))
    gc.set_threshold(500_000, 20, 100)


pass_context = click.make_pass_decorator(Context)
task_option = click.option(
    "--task",
    metavar="T",
    help="The task meant, such as offline-detection; without it the default task.",
    shell_complete=completion.tasks,
)
tasks_option = click.option(
    "--task",
    metavar="T",
    help="Of this task only; without it of all, and of a single VERSION the default task's.",
    shell_complete=completion.tasks,
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Answer with one JSON object on standard output."
)
who_option = click.option(
    "--who",
    metavar="NAME",
    help="Your name; without it PRINT_MODELS_WHO, else the personal settings, else git's user.name.",
)
accept_outside_option = click.option(
    "--accept-outside",
    is_flag=True,
    help="Take a label file as another program left it, even if that removes many labels.",
)


class Program(click.Group):
    """The group of all commands; imports a command's file when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        entry = COMMANDS.get(name)
        if entry is None:
            return None
        module, _, function = entry.where.partition(":")
        command: click.Command = getattr(import_module(module), function)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take a --json that stands before the command for one of the command."""
        at, early = 0, False
        while at < len(args) and args[at].startswith("-"):
            if args[at] == "--json":
                del args[at]
                early = True
            else:
                at += 2 if args[at] in ("-C", "--graphics") else 1
        if early and at >= len(args):
            raise click.UsageError("--json belongs to a command, like: print-models status --json", ctx)
        if early:
            args.insert(args.index("--", at) if "--" in args[at:] else len(args), "--json")
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = _nearest(args[0])
            raise click.UsageError(
                f"There is no command “{safe(args[0], limit=60)}”."
                + (f" Did you mean “{near}”?" if near else ""),
                ctx,
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        everything = bool(ctx.meta.get("all_commands"))
        for section in SECTIONS:
            rows = [
                (name, entry.summary)
                for name, entry in COMMANDS.items()
                if entry.section == section and (everything or name in EVERYDAY)
            ]
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)
        hidden = [name for name in COMMANDS if name not in EVERYDAY]
        if hidden and not everything:
            with formatter.section("More"):
                formatter.write_text(f"{', '.join(hidden)} (print-models --help-all)")


def _nearest(word: str) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(word, list(COMMANDS), n=1)), None)


def _help_all(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta["all_commands"] = True
        click.echo(ctx.get_help())
        ctx.exit()


@click.command(
    cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "-C", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Work there instead of here."
)
@click.option("--debug", is_flag=True, help="Show a traceback and the details of an error.")
@click.option(
    "--graphics",
    type=click.Choice(GRAPHICS),
    help="The app: how pictures are drawn, instead of as the terminal says it can: tgp and sixel are pixels, halfcell "
    "two colours a cell, ascii letters.",
)
@click.option(
    "--help-all",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_help_all,
    help="Help on all commands.",
)
@click.version_option(__version__, prog_name="print-models")
@click.pass_context
def program(ctx: click.Context, folder: Path | None, debug: bool, graphics: str | None) -> None:
    """Turn a 3D printer's camera folder into versioned datasets and models in git.

    Without a command the terminal app opens. A frame is one picture. A task is a question to it whose answer is one of
    a few classes. The draft is the dataset version that the labels would make now.
    """
    ctx.obj = Context(folder or Path.cwd(), debug=debug, told=ctx.obj)


def _describe(error: PrintModelsError, *, debug: bool, told: Sequence[str] = ()) -> str:
    """Return an error's lines, without what the last notice told just before."""
    last = told[-1] if told else ""
    lines = [] if last == str(error) else [line for line in (error.what, error.remedy) if line != last]
    if debug and error.detail:
        lines.append(safe_lines(error.detail))
    return "\n".join(line for line in lines if line)


def _on_signal(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; errors become two lines on standard error."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    told: list[str] = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    try:
        return _guarded(
            lambda: program.main(words, prog_name="print-models", standalone_mode=False, obj=told),
            debug=debug,
            told=told,
        )
    finally:
        _close_output()


def _guarded(call: Callable[[], Any], *, debug: bool, told: Sequence[str] = ()) -> int:
    try:
        result = call()
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return 2
    except click.UsageError as error:
        where = error.ctx.command_path.removeprefix("print-models ") if error.ctx else ""
        hint = f"print-models {where} --help" if where and where != "print-models" else "print-models --help"
        click.echo(f"{safe(error.format_message())}\nSee: {hint}", err=True)
        return 2
    except click.ClickException as error:
        click.echo(safe(error.format_message()), err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 130
    except PrintModelsError as error:
        if debug:
            import traceback

            traceback.print_exc()
        if said := _describe(error, debug=debug, told=told):
            click.echo(said, err=True)
        return error.exit_code
    except BrokenPipeError:
        return 141
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except Exception as error:
        return _unforeseen(error, debug=debug)


def _unforeseen(error: Exception, *, debug: bool) -> int:
    from core.durable import explain

    if debug:
        import traceback

        traceback.print_exc()
    if isinstance(error, OSError):
        known = explain(error, "working")
        click.echo(_describe(known, debug=debug), err=True)
        return known.exit_code
    click.echo(
        f"Something unforeseen went wrong: {type(error).__name__}: {safe(str(error))}\n"
        "Run it again with --debug and report what it prints.",
        err=True,
    )
    return 1


def _close_output() -> None:
    try:
        sys.stdout.flush()
    except (BrokenPipeError, ValueError, OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
