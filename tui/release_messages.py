"""What comes back from the worker threads for the Release screen: frozen, as everything in `tui.messages`.

Made by releasing; taken by the app and the Release screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from core.release import ReleasePlan
    from core.releasing.steps import Step
    from core.versions.seeing import Batch


class Interrupted(Struct, frozen=True):
    """A release that did not come to its end: how far it came, and where it was to go ('' for this machine only).

    `after` is the last step that is done, '' for none; `done` are the ids of all of them; `running` is True while another
    process is at it, `training` the training of its model that is at work, '' for none.
    """

    task: str
    version: str
    after: str
    done: frozenset[str]
    remote: str
    running: bool
    training: str = ""

    @property
    def words(self) -> str:
        """'A release of offline-detection v3 was interrupted after commit'."""
        what = f"A release of {self.task} {self.version}"
        if self.training and not self.running:
            return f"{self.task} {self.version} is tagged here, and its model is being trained"
        if self.running:
            return f"{what} is running in another window or command"
        return f"{what} was interrupted " + (
            f"after {self.after}" if self.after else "before anything was written"
        )

    @property
    def hint(self) -> str:
        """What is said of it on opening the app."""
        if self.training and not self.running:
            return f"{self.words}: T shows it; when it has ended, V, then R finishes the release."
        if self.running:
            return f"{self.words}."
        # A version that has its tag is not taken back from there.
        back = "" if "tag" in self.done else " or takes it back"
        return f"{self.words}: V, then R finishes it{back}."


class StepsSeen(Struct, frozen=True):
    """The steps of the release that was planned."""

    steps: tuple[Step, ...]


class StepsTold(Struct, frozen=True):
    """How far a release that runs is: by step 'doing', 'done' or 'there already', and the commands that git was given."""

    states: Mapping[str, str]
    ran: Mapping[str, tuple[str, ...]]


class TakenBack(Struct, frozen=True):
    """An interrupted release was taken back: what that did, in words."""

    task: str
    version: str
    lines: tuple[str, ...]


class ToBeShown(Struct, frozen=True):
    """A first push that waits for a yes: what is planned, and the pictures that become readable there."""

    plan: ReleasePlan
    batches: tuple[Batch, ...]


class Trains(Struct, frozen=True):
    """A release that trains came as far as its training, which is at work: it is finished when that has ended."""

    found: Interrupted
