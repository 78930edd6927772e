"""The steps of a release: what each does in words and in git's, and walking them with a journal.

What always holds: the journal names a step before it begins; who watches is told after that. Called by the release; the
Release screen shows the steps before and while they are done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.releasing import journal
from core.releasing.journal import Journal
from core.releasing.planning import ReleasePlan
from core.text import safe
from core.workspace import Workspace

#: In the order in which they are done; those of PUSHING only where it goes to a remote.
HERE = ("checks", "export", "verify", "stage", "commit", "tag")
PUSHING = ("push-objects", "prove", "push")
#: Of a release that trains, between the two.
TRAINING, PROMOTING = "train", "promote"
LEARNING = (TRAINING, PROMOTING)
DOING, DONE, THERE = "doing", "done", "there already"

Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `commands` are those git is given, shortened where they name many files; `note` says what it is for.

    `irreversible` marks what can't be taken back by anybody.
    """

    id: str
    title: str
    commands: tuple[str, ...] = ()
    note: str = ""
    irreversible: bool = False


def steps(plan: ReleasePlan) -> tuple[Step, ...]:
    """Return the steps of a planned release in order, also those that are done already."""
    path, tag = plan.path, plan.tag
    here: tuple[Step, ...] = (
        Step(
            "checks",
            "check the repository",
            note="git, Git LFS, who you are, nothing unfinished; labels unchanged",
        ),
        Step("export", f"export {plan.name}", note="copied and hashed in one read, then one rename"),
        Step("verify", "verify it", note="manifest and digest read back from the disk"),
        Step(
            "stage", "stage it", (f"git add -- {path}/…",), "every image must be a pointer with its own oid"
        ),
        Step(
            "commit", "commit it", ("git commit -m …",), "these files alone, with labels, marks and history"
        ),
        Step("tag", f"tag {tag}", (f"git tag -a -m … {tag}",), "proven in the commit, synced to the disk"),
    )
    if plan.train:
        learn = Step(
            TRAINING, f"train on {plan.name}", note="a process of its own, which goes on when this is left"
        )
        model = Step(
            PROMOTING,
            "make it a model version",
            ("git commit -m …",),
            "a second commit, with record and card",
        )
        here = (*here, learn, model)
    target = plan.target
    if target is None:
        return here
    remote, branch = safe(target.remote), safe(target.branch)
    return (
        *here,
        Step(
            "push-objects",
            f"send the objects to {remote}",
            (f"git lfs push --object-id {remote} …",),
            "what is stored there can't be taken back",
            irreversible=True,
        ),
        Step("prove", f"prove them on {remote}", note="every object, before branch or tag goes there"),
        Step(
            "push",
            "push branch and tag",
            (f"git push --atomic {remote} {branch} {tag}",),
            "both or none; a pushed version is never changed",
            irreversible=True,
        ),
    )


class Walk:
    """A release on its way: `enter` ends the step before, writes the next one into the journal, and tells of both."""

    def __init__(self, workspace: Workspace, book: Journal, tell: Tell | None) -> None:
        self._workspace, self._tell = workspace, tell
        self._book = journal.begin(workspace, book)
        self._at = ""

    def enter(self, step: str) -> None:
        """Begin a step."""
        if step != self._book.doing:
            self._book = journal.enter(self._workspace, self._book, step)
        self._ended()
        self._at = step
        self._said(step, DOING)

    def there(self, *ids: str) -> None:
        """Tell of steps that an earlier run did."""
        self._ended()
        for step in ids:
            self._said(step, THERE)

    def finish(self) -> None:
        """End the last step, and with it the journal, unless a training is still to follow."""
        if not self._book.train:
            journal.end(self._workspace)
        self._ended()

    def _ended(self) -> None:
        if self._at:
            self._said(self._at, DONE)
        self._at = ""

    def _said(self, step: str, state: str) -> None:
        if self._tell is not None:
            self._tell(step, state)
