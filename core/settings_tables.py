"""The tables of print-models.toml: what each may hold, and its defaults.

What always holds: a table refuses a key it does not know, and every key is optional. Read by `core.settings`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every table shares."""


class TaskSettings(Table, frozen=True):
    """[tasks.NAME]: what differs from the built-in task, or a task of the user's own."""

    classes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    labels: str = ""
    detector: str = ""
    model: str = ""
    predictions: str = ""
    idle: str = ""
    alarm: str = ""
    selection: Literal["", "spread", "all"] = ""
    per_stretch: Annotated[int, msgspec.Meta(ge=2)] | None = None
    when: str | None = None
    contradicts: dict[str, tuple[str, ...]] | None = None


class SourceSettings(Table, frozen=True):
    """[sources.NAME]: a camera folder in the workspace; a retired one is hidden, its labels and versions stay.

    `region` is the part of its pictures that networks look at: left, top, width and height as shares of the picture;
    `aspect` the shape of what they are given, as "4:3", where it is not that of the part.
    """

    path: str = ""
    printer: str = ""
    name_pattern: str = ""
    retired: bool = False
    region: tuple[float, float, float, float] | None = None
    aspect: str = ""


class SplitSettings(Table, frozen=True):
    """[split]: minutes between recordings, minutes around validation left out, validation's share, seed."""

    gap_minutes: Annotated[int, msgspec.Meta(ge=1, le=1440)] = 15
    embargo_minutes: Annotated[int, msgspec.Meta(ge=0, le=1440)] = 5
    validation: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.2
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0


class StorageSettings(Table, frozen=True):
    """[storage]: the plan that prices are compared with; images shared by reflink or by "hardlink"; proof on a remote."""

    plan: str = ""
    share: Literal["", "hardlink"] = ""
    proof: Literal["", "full", "presence"] = ""


class KeepSettings(Table, frozen=True):
    """[keep]: at most so many GB of copies of labelled frames that no release holds yet; 0 keeps none."""

    max: Annotated[float, msgspec.Meta(ge=0)] = 2.0


class CacheSettings(Table, frozen=True):
    """[cache]: at most so many GB of what is only kept to save time, least recently used goes first; without it 1, or a
    twentieth of the disk where that is less."""

    max: Annotated[float, msgspec.Meta(ge=0)] | None = None


class AssistSettings(Table, frozen=True):
    """[assist]: the network that frames are compared by, an ONNX file or weights (.pth), and what weights are of."""

    network: str = ""
    architecture: str = ""


class TrainingSettings(Table, frozen=True):
    """[training]: GB of memory a training may take (0: three quarters of the machine's), and what it does while a print
    is running: "" goes on at low priority, "pause" waits for its end, "refuse" does not start either."""

    memory: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    while_printing: Literal["", "pause", "refuse"] = ""


class HooksSettings(Table, frozen=True):
    """[hooks]: programs with their arguments that are started when something happened; the event is their input."""

    training_finished: tuple[str, ...] = ()
