"""What comes back for the Label screen besides frames, labels and pictures; frozen, like all messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from core.labels.facts import Known
    from core.labels.model import HistoryEntry, LabelStep
    from core.labels.predictions import Guess
    from core.labels.suggested import Suggestions
    from core.labels.views import View


class PredictionsRead(Struct, frozen=True):
    """What the predictions files say: task → frame → guess; and what is odd about them, in sentences.

    `suggested` are by task the suggestions there are; those of the tasks in `newer` go before the predictions.
    """

    guesses: Mapping[str, Mapping[str, Guess]]
    said: tuple[str, ...] = ()
    suggested: Mapping[str, Suggestions] = field(default_factory=dict)
    newer: frozenset[str] = frozenset()


class MarksRead(Struct, frozen=True):
    """What is known of frames beside their labels: task → marks, and entries of its file that wait for a decision."""

    known: Mapping[str, Known]


class Marked(Struct, frozen=True):
    """A step on marks is durable; frames of it with a stronger mark, or one for another task, are `left`."""

    step: LabelStep


class HistoryRead(Struct, frozen=True):
    """Everything that happened to a frame's labels and marks, oldest first."""

    frame: str
    entries: tuple[HistoryEntry, ...]


class ViewsRead(Struct, frozen=True):
    """The views a person named, in order of names."""

    views: tuple[View, ...]


class Undoes(Struct, frozen=True):
    """The step that `u` takes back now, None where there is none."""

    step: LabelStep | None


class ViewRead(Struct, frozen=True):
    """Where the app was left: screen, task, camera, frame, filter line, queue, when, and frames per camera then.

    `looks` is what tui.looks kept, believed as far as it makes sense; `answers` are those of searches that were left.
    """

    place: str = ""
    task: str = ""
    source: str = ""
    frame: str = ""
    filter: str = ""
    queue: str = ""
    looks: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    left_at: str = ""
    frames: Mapping[str, int] = field(default_factory=dict)


class ManyGoneOutside(Struct, frozen=True):
    """A label file was changed outside so that many labels go; it waits for a word. `task` owns the file."""

    task: str
    what: str
