"""The errors a person can meet, as a small tree.

    PrintModelsError      1
    ├── Refused           1   a rule forbids it; nothing was changed
    ├── WrongUsage        2   the words of the command are off
    ├── Damaged           3   bytes differ from a recorded hash, or a file can't be parsed
    ├── Busy              4   another process holds what is needed
    ├── Lacking           5   the environment lacks something: a program, frame, object, room, remote
    ├── NotProven         6   done here, not (yet) pushed and proven there
    └── Cancelled       130   the person stopped it

Each says in one sentence what happened and why, and in one what to do. The command line turns an error into those
two lines and the exit code; the app shows the same two lines.
"""

from __future__ import annotations


class PrintModelsError(Exception):
    """Something a person has to know: `what` happened, and the `remedy`.

    `detail` holds what an expert may want (a program's own words); it is printed with --debug and logged.
    """

    exit_code = 1

    def __init__(self, what: str, remedy: str, *, detail: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


class Refused(PrintModelsError):
    """A rule forbids it; nothing was changed."""


class WrongUsage(PrintModelsError):
    """The words of the command do not make sense together."""

    exit_code = 2


class Damaged(PrintModelsError):
    """Bytes differ from a recorded hash, or a file cannot be parsed."""

    exit_code = 3


class Busy(PrintModelsError):
    """Another process holds what is needed."""

    exit_code = 4


class Lacking(PrintModelsError):
    """The environment lacks something: a program, a frame, an object, room on the disk, a remote."""

    exit_code = 5


class NotProven(PrintModelsError):
    """Done here, but not (yet) pushed and proven on the remote."""

    exit_code = 6


class Cancelled(PrintModelsError):
    """The person stopped it; what was begun has been cleared away."""

    exit_code = 130

    def __init__(
        self, what: str = "Stopped before it was done; nothing was changed.", remedy: str = ""
    ) -> None:
        super().__init__(what, remedy)
