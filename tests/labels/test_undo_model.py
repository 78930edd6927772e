"""The store against a model that keeps every step in a list: any mix of labelling, undo, redo, reopening, sessions."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.labels.store import LabelStore
from core.labels.sync import flush, open_store
from core.workspace import Workspace
from tests.labels.conftest import keys

TASK = "offline-detection"
FRAMES = keys(5)


@dataclass
class Step:
    who: str
    frames: list[str]
    class_: str | None
    undone: bool = False


class Labelling(RuleBasedStateMachine):
    """Two people, one store opened twice."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        root = Path(self.folder.name)
        (root / "print-models.toml").write_text("")
        self.ws = Workspace.open(root)
        self.stores = [LabelStore(self.ws), LabelStore(self.ws)]
        self.steps: list[Step] = []
        self.undone: dict[str, list[Step]] = {"ana": [], "ben": []}

    def state(self) -> dict[str, str]:
        out: dict[str, str] = {}
        for step in self.steps:
            for frame in [] if step.undone else step.frames:
                out.pop(frame, None)
                if step.class_ is not None:
                    out[frame] = step.class_
        return out

    def change(self, which: int, who: str, frames: list[str], class_: str | None) -> None:
        before = self.state()
        changed = [frame for frame in frames if before.get(frame) != class_]
        step = self.stores[which].set(TASK, frames, class_, how="stretch", who=who)
        assert step.changed == len(changed)
        if changed:
            self.steps.append(Step(who, changed, class_))
            self.undone[who].clear()

    @rule(
        which=st.integers(0, 1),
        who=st.sampled_from(["ana", "ben"]),
        frames=st.lists(st.sampled_from(FRAMES), min_size=1, max_size=4, unique=True),
        class_=st.sampled_from(["offline", "active", None]),
    )
    def label(self, which: int, who: str, frames: list[str], class_: str | None) -> None:
        self.change(which, who, frames, class_)

    @rule(which=st.integers(0, 1), who=st.sampled_from(["ana", "ben"]))
    def undo(self, which: int, who: str) -> None:
        mine = [step for step in self.steps if step.who == who and not step.undone]
        found = self.stores[which].undo(who)
        assert (found is None) == (not mine)
        if mine:
            mine[-1].undone = True
            self.undone[who].append(mine[-1])

    @rule(which=st.integers(0, 1), who=st.sampled_from(["ana", "ben"]))
    def redo(self, which: int, who: str) -> None:
        found = self.stores[which].redo(who)
        assert (found is None) == (not self.undone[who])
        if self.undone[who]:
            self.undone[who].pop().undone = False

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        self.stores[which].close()
        self.stores[which] = open_store(self.ws)

    @rule(which=st.integers(0, 1))
    def flushed(self, which: int) -> None:
        done = flush(self.ws, self.stores[which], self.ws.task(TASK))
        assert done.problem is None
        assert done.outside == 0

    @invariant()
    def both_see_what_the_model_says(self) -> None:
        for store in self.stores:
            assert store.classes(TASK) == self.state()

    @invariant()
    def history_ends_with_the_label(self) -> None:
        for frame in FRAMES:
            entries = self.stores[0].history(frame)
            assert (entries[-1].after if entries else None) == self.state().get(frame)

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        self.folder.cleanup()


TestLabelling = Labelling.TestCase
TestLabelling.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
