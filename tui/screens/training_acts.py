"""What is done with a training on its screen: stopped, gone on with, promoted, its mistakes taken to Label.

What always holds: what stops or commits is done after a yes; a training that is not as good as what is there becomes a model only with a person's own words why,
which its record keeps. Inherited by `TrainingScreen`.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.content import Content

from core.frames.among import place_among
from core.frames.names import source_of
from core.human import plural
from core.versions.manifest import DRAFT
from tui.messages import Failed, RunRow
from tui.mistakes import MistakesSeen
from tui.opening import open_frames
from tui.screens.base import Place
from tui.screens.confirm import ConfirmScreen
from tui.screens.pick import PickScreen, Row
from tui.screens.training_texts import over
from tui.widgets.ask_line import AskLine


class Acting(Place):
    """The actions on the chosen training."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[RunRow, ...] | None = None
        self._chosen = ""
        #: The training that is being promoted, and whether it is to be the model in use.
        self._promoting: tuple[str, bool] | None = None
        #: The list of frames to look at, and what was found for it.
        self._list: PickScreen | None = None
        self._found: MistakesSeen | None = None

    def _row(self) -> RunRow | None:
        return next((row for row in self._rows or () if row.id == self._chosen), None)

    def action_stop_training(self) -> None:
        running = [row for row in self._rows or () if not over(row.state)]
        row = next((row for row in running if row.id == self._chosen), next(iter(running), None))
        if row is None:
            self.say("No training is running.")
            return
        what = "It ends after the step it is at; its best epoch is kept, and r goes on with it."
        self._confirmed(f"Stop {row.id}?", what, lambda: self.bridge.stop_training(row.id))

    def action_resume(self) -> None:
        row = self._row()
        if row is None:
            self.say("There is no training to go on with; N starts one.")
        elif not over(row.state):
            self.say(f"{row.id} is {row.state}.")
        elif row.state == "finished":
            self.say(f"{row.id} is finished; N starts a new one.")
        else:
            self.say(f"Going on with {row.id} …")
            self.bridge.resume_training(row.id)

    def action_promote(self) -> None:
        self._promote(current=False)

    def action_promote_use(self) -> None:
        self._promote(current=True)

    def _promote(self, *, current: bool) -> None:
        row = self._row()
        if row is None or not over(row.state):
            self.say("A training can be promoted when it has ended.")
            return
        holds = "the version that holds the labels it learned from" if row.dataset == DRAFT else row.dataset
        what = (
            "Its best epoch becomes a file in models/versions/ with its record, and is named on the card of "
            f"{row.task}, {holds}: one commit, nothing is pushed."
        )
        if current:
            what += " The model in use is replaced by it."

        def promote() -> None:
            self._promoting = (row.id, current)
            self.bridge.promote_training(row.id, current=current)

        self._confirmed(f"Promote {row.id}?", what, promote)

    def ask_why(self, failed: Failed) -> None:
        """Ask for the reason without which a training that is worse than what is there is not promoted."""
        promoting, self._promoting = self._promoting, None
        if promoting is None or "--because" not in failed.remedy:
            return
        run, current = promoting

        def written(because: str) -> bool:
            if because:
                self.bridge.promote_training(run, current=current, because=because)
            return True

        self.query_one(AskLine).open("", written, hint="why it is promoted all the same; esc leaves it")

    def action_mistakes(self) -> None:
        """List the frames of the chosen training to look at in Label; without a training those of the models."""
        row = self._row()
        self._found = None
        self._list = PickScreen("frames to look at in Label", (), self._to_label, last="looking …")
        self.app.push_screen(self._list)
        if row is not None:
            self.bridge.mistakes(row.id, row.when)
        else:
            self.bridge.mistakes_of_models(self.state.task)

    def offer_frames(self, found: MistakesSeen) -> None:
        """Take what was found into the list, if that is still looked at and of this training."""
        if self._list is None or not self._list.is_mounted or found.run != self._chosen:
            return
        self._found = found
        rows = [
            Row(str(at), Content(group.words), str(len(group.keys)), group.why, group.head)
            for at, group in enumerate(found.groups)
        ]
        self._list.show_rows(rows, found.note or ("" if rows else "It got no frame wrong."))

    def no_frames(self, failed: Failed) -> None:
        """Say in the list why nothing can be shown in it."""
        if self._list is not None and self._list.is_mounted:
            self._list.show_rows((), f"{failed.what} {failed.remedy}".strip())

    def _to_label(self, id_: str) -> None:
        if self._found is None:
            return
        group, task = self._found.groups[int(id_)], self.state.workspace.tasks[self._found.task]
        by_source = self.state.by_source
        away = sum(place_among(by_source.get(source_of(key), ()), key) is None for key in group.keys)
        if told := open_frames(self.pm, task, group.view, group.keys):
            self.say(told)
        elif away:
            self.say(f"{plural(away, 'of these frames is', 'of these frames are')} on no camera here now.")

    def on_key(self, event: events.Key) -> None:
        if not self.query_one(AskLine).display:
            super().on_key(event)

    def _confirmed(self, question: str, consequence: str, call: Callable[[], None]) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                call()

        self.app.push_screen(ConfirmScreen(question, consequence), answered)
