"""What comes back from the worker threads: frozen results, each in an `Arrived` message.

What always holds: nothing here is changed after it was made, so a thread and the screen never share what moves.
Made by bridge and reading; taken by the app and its screens with `match`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field
from textual.message import Message

from core.frames.regions import WHOLE, Region

if TYPE_CHECKING:
    from core.frames.decode import Picture
    from core.frames.index import Frame
    from core.labels.model import Label, LabelStep
    from core.progress import Progress
    from core.release import Released as CoreReleased
    from core.release import ReleasePlan


class Arrived(Message):
    """A result has come from a worker thread."""

    def __init__(self, result: object) -> None:
        super().__init__()
        self.result = result


class FramesFound(Struct, frozen=True):
    """The frames of every source, in order of time; `scanning` while more may come.

    `problems` are lines about what is no frame, `odd` how many files that is; `unreachable` source → why and what to
    do; `total` is how many frames are known where these are only the first of them.
    """

    frames: Mapping[str, Sequence[Frame]]
    scanning: bool
    problems: tuple[str, ...] = ()
    odd: int = 0
    unreachable: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    total: int = 0


class LabelsRead(Struct, frozen=True):
    """Every label of every task; `said` is what opening the label files had to say."""

    labels: Mapping[str, Mapping[str, Label]]
    said: tuple[str, ...] = ()


class LabelsChanged(Struct, frozen=True):
    """Labels that another session gave or took off: task → frame → label or None."""

    labels: Mapping[str, Mapping[str, Label | None]]


class Labelled(Struct, frozen=True):
    """A step is durable: frames were labelled, cleared, or a step was taken back; `labels` are theirs after it.

    `unusable` are those that got no label because their file is no whole picture, each with the reason.
    """

    step: LabelStep
    labels: Mapping[str, Label | None]
    undone: bool = False
    unusable: Mapping[str, str] = field(default_factory=dict)


class NothingToUndo(Struct, frozen=True):
    """There is no step of this person's to take back, or with `again` to give back.

    With `by_git` there are labels that git brought, which undo leaves; `elsewhere` is the step that this person made in
    another session since, '' for none: that session takes it back.
    """

    again: bool = False
    by_git: bool = False
    elsewhere: str = ""


class NotLabelled(Struct, frozen=True):
    """A step was not written; nothing of it is in the store. `each` has the frames' classes where they differ."""

    task: str
    frames: tuple[str, ...]
    class_: str | None
    how: str
    what: str
    remedy: str
    each: Mapping[str, str] | None = None


class Flushed(Struct, frozen=True):
    """The label files were looked after; `said` is what a person should know of it."""

    said: tuple[str, ...] = ()


class PictureReady(Struct, frozen=True):
    """The picture of a frame, or the part `region` of it, decoded for `box` pixels."""

    key: str
    box: tuple[int, int]
    picture: Picture
    region: Region = WHOLE


class PictureFailed(Struct, frozen=True):
    """A frame that can't be shown, why, and what to do; `passing` where it will be readable in a moment.

    `held` where a version holds it and its bytes were looked for there.
    """

    key: str
    box: tuple[int, int]
    what: str
    remedy: str
    passing: bool = False
    region: Region = WHOLE
    held: bool = False


class Scanning(Struct, frozen=True):
    """How many of the changed day folders have been read."""

    done: int
    total: int | None


class RecordingsFound(Struct, frozen=True):
    """The first frame of every recording of a source, in order of time."""

    source: str
    starts: tuple[str, ...]


class DraftPriced(Struct, frozen=True):
    """The draft of a task: images, latest version and the change against it, bytes it adds.

    `held` are the frames of the latest version with their split, `chosen` those of the draft.
    """

    task: str
    images: int
    base: str
    summary: str
    new_bytes: int
    held: Mapping[str, str]
    chosen: frozenset[str]
    labelled: int


class GitLogRead(Struct, frozen=True):
    """The git commands that were run here, oldest first."""

    lines: tuple[str, ...]


class GitSeen(Struct, frozen=True):
    """The branch and whether anything is uncommitted; `problem` where git can't tell."""

    branch: str = ""
    dirty: int = 0
    problem: str = ""


class LedgerRow(Struct, frozen=True):
    """One line of the ledger; `exclusive` are bytes that no other line shares."""

    name: str
    files: int
    bytes: int
    exclusive: int


class PlanRow(Struct, frozen=True):
    """A host's plan: the share of its storage with the drafts in it, fresh clones a month; `chosen` is the one in use."""

    name: str
    note: str
    share: str
    clones: str
    chosen: bool
    over: bool


class LedgerSeen(Struct, frozen=True):
    """What is stored, what the drafts add, what only this machine has, each in a line; the plan, all plans, the ledger.

    `plan` are (head, words).
    """

    stored: str
    draft: str
    here: str
    plan: tuple[tuple[str, str], ...]
    plans: tuple[PlanRow, ...]
    rows: tuple[LedgerRow, ...]
    over: bool


class ReleasePlanned(Struct, frozen=True):
    """A release that waits for a yes."""

    plan: ReleasePlan


class Advanced(Struct, frozen=True):
    """How far a long verb is; `job` names it."""

    job: str
    progress: Progress


class Released(Struct, frozen=True):
    """A release ended well."""

    result: CoreReleased


class RunRow(Struct, frozen=True):
    """One training in the list; `when` is its start, `words` how far it is or how good."""

    id: str
    state: str
    task: str
    dataset: str
    words: str
    when: str = ""


class RunsSeen(Struct, frozen=True):
    """Every training, newest first; `running` says in a few letters how far the one that runs is.

    `ended` are sentences about trainings that ended since somebody was last told, while the app was closed or open.
    """

    rows: tuple[RunRow, ...]
    running: str = ""
    ended: tuple[str, ...] = ()
    away: bool = False


class RunSeen(Struct, frozen=True):
    """One training in detail: plain words, curves by name as (epoch, value), baselines in percent, its log's tail.

    `figures` is what it takes of the machine, `results` a table in lines (`narrow`: the same for few columns), `wrong`
    the frames of `task` it got wrong as (key, name, label, answer, percent sure).
    """

    id: str
    state: str
    headline: str
    words: tuple[str, ...]
    share: float | None
    eta: str
    loss: Mapping[str, tuple[tuple[float, float], ...]]
    accuracy: Mapping[str, tuple[tuple[float, float], ...]]
    baselines: Mapping[str, float]
    log: tuple[str, ...]
    speed: str = ""
    results: tuple[str, ...] = ()
    wrong: tuple[tuple[str, str, str, str, int], ...] = ()
    task: str = ""
    alerts: tuple[str, ...] = ()
    figures: str = ""
    narrow: tuple[str, ...] = ()


class RunStarted(Struct, frozen=True):
    """A training was started; `warning` is what may end it, where something may."""

    id: str
    warning: str = ""


class RunStopped(Struct, frozen=True):
    """A training was stopped, or asked to."""

    id: str
    words: str


class RunPromoted(Struct, frozen=True):
    """A training was made a model version."""

    id: str
    words: str


class Setting(Struct, frozen=True):
    """One setting of a training: the `key` it is asked for by, its `value`, why, and what else it may be."""

    key: str
    name: str
    value: str
    reason: str
    choices: tuple[str, ...] = ()


class TrainingOffered(Struct, frozen=True):
    """What a training started now would do, `summary` in a sentence; `problem` where none can start."""

    task: str
    settings: tuple[Setting, ...]
    summary: str = ""
    problem: str = ""
    remedy: str = ""


class Failed(Struct, frozen=True):
    """A job ended with an error: what happened and what to do."""

    job: str
    what: str
    remedy: str
