"""`print-models`: a command goes to the command line, no command opens the app.

What always holds: nothing of textual is imported for a command, or where there is no terminal.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.terminals import GRAPHICS

if TYPE_CHECKING:
    from core.personal import Personal
    from core.workspace import Workspace

_WITH_VALUE = ("-C", "--graphics")
_LACKING = 5
_ASKED_BY_A_SHELL = "_PRINT_MODELS_COMPLETE"


@dataclass(frozen=True, slots=True)
class Words:
    """The options before a command: the folder, how pictures are drawn, whether tracebacks are wanted."""

    folder: Path
    graphics: str = ""
    debug: bool = False


def parse(argv: Sequence[str]) -> Words | None:
    """Return the options where they are all there is, None where the command line has to look at the words."""
    found: dict[str, str] = {}
    debug, at = False, 0
    while at < len(argv):
        word = argv[at]
        name, equals, value = word.partition("=")
        if word == "--debug":
            debug = True
        elif word in _WITH_VALUE and at + 1 < len(argv):
            at += 1
            found[word] = argv[at]
        elif equals and name == "--graphics":
            found[name] = value
        elif word.startswith("-C") and len(word) > 2:
            found["-C"] = word[2:]
        else:
            return None
        at += 1
    graphics = found.get("--graphics", "")
    return Words(Path(found.get("-C", ".")), graphics, debug) if graphics in ("", *GRAPHICS) else None


def main(argv: Sequence[str] | None = None) -> int:
    """Run `print-models` and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    # A shell that asks what its tab key may offer has put the words elsewhere: they are never to open the app.
    options = None if _ASKED_BY_A_SHELL in os.environ else parse(words)
    if options is None:
        from core.commands.shell import main as command_line

        return command_line(words)
    return open_app(options)


def open_app(options: Words) -> int:
    """Open the app on the workspace at or above the folder; without a terminal or a workspace say what to do."""
    gc.disable()  # until the app runs: nothing of what is imported is rubbish, and it would be searched a dozen times

    from core import personal
    from core.errors import PrintModelsError
    from core.workspace import Workspace
    from tui import terminal

    reason = terminal.lacking()
    if reason:
        print(f"{reason} Use a command instead: print-models --help", file=sys.stderr)  # noqa: T201 - the answer itself
        return _LACKING
    try:
        return _run(Workspace.find(options.folder), personal.read(), options)
    except PrintModelsError as error:
        print(f"{error.what}\n{error.remedy}", file=sys.stderr)  # noqa: T201 - the answer itself
        return error.exit_code


def _run(workspace: Workspace, own: Personal, options: Words) -> int:
    """Run the app to its end. Raises WrongUsage for personal settings that can't be, before anything is drawn."""
    from core import terminals
    from core.frames.helper import helpers
    from tui import terminal
    from tui.probe import Probe

    # Work in other threads gives the keyboard its turn five times as often as by default.
    sys.setswitchinterval(0.001)
    terminal.unsized()
    memory = None if workspace.read_only else workspace.private / "terminals.json"
    with terminal.quiet(workspace.private / "app.log"):
        # The decoder starts beside the app, on another core: the first picture waits for neither.
        helpers().start()
        probe = Probe(terminals.here(), memory, options.graphics or own.graphics, workspace.root)
        code = 1
        try:
            assert sys.__stdin__ is not None  # it was looked at: it is a terminal
            probe.begin(sys.__stdin__.fileno(), terminal.screen())
            from tui.app import PrintModelsApp

            way = probe.settle()
            app = PrintModelsApp(
                workspace,
                personal=own,
                graphics=way.graphics,
                said=way.refused,
                debug=options.debug,
                suggests=own.suggestions != "off",
            )
            app.probe = probe
            restore = terminal.guard(app.leave_by_signal, probe.before)
            try:
                app.run()
            finally:
                app.bridge.close()
                restore()
            code = app.return_code or 0
        finally:
            probe.end(patient=code == 0)
    for line in app.bridge.unwritten:
        print(f"The labels are safe in labels.db, but a file was not written: {line}", file=sys.stderr)  # noqa: T201 - the screen is gone
    if app.bridge.did:
        print(app.bridge.did)  # noqa: T201 - the screen is gone
    return code


if __name__ == "__main__":
    sys.exit(main())
