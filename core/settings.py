"""print-models.toml → frozen objects.

Every key is optional. An unknown key of this format is an error that names its dotted path; in a file of a newer
format unknown keys are let be, and the workspace opens read-mostly. `init` writes the file out with every key
commented (core.setup).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from core.checklist import CHECKS, refuse_levels
from core.durable import open_regular
from core.errors import Damaged, Refused, WrongUsage
from core.settings_tables import (
    AssistSettings,
    CacheSettings,
    HooksSettings,
    KeepSettings,
    SourceSettings,
    SplitSettings,
    StorageSettings,
    Table,
    TaskSettings,
    TrainingSettings,
)
from core.tasks import Task
from core.text import safe

FORMAT = 1
FILE_NAME = "print-models.toml"

_CLASS = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_ASPECT = re.compile(r"[1-9][0-9]{0,2}:[1-9][0-9]{0,2}")
_RESERVED = {"con", "prn", "aux", "nul", "train", "validation", "test"}
#: Letters the Label screen needs itself.
_TAKEN_KEYS = frozenset("vbunxr")


class Settings(Table, frozen=True):
    """The whole file."""

    format: int = FORMAT
    default_task: str = ""
    default_dataset: str = ""
    license: str = ""
    tasks: dict[str, TaskSettings] = msgspec.field(default_factory=dict)
    sources: dict[str, SourceSettings] = msgspec.field(default_factory=dict)
    split: SplitSettings = SplitSettings()
    storage: StorageSettings = StorageSettings()
    keep: KeepSettings = KeepSettings()
    cache: CacheSettings = CacheSettings()
    assist: AssistSettings = AssistSettings()
    training: TrainingSettings = TrainingSettings()
    hooks: HooksSettings = HooksSettings()
    checks: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def newer(self) -> Refused | None:
        """Why nothing may be changed where a newer print-models wrote the file, else None."""
        if self.format <= FORMAT:
            return None
        return Refused(
            f"A newer print-models wrote {FILE_NAME} (format {self.format}), so this one only reads here.",
            "Update print-models to change anything.",
        )


_BUILT_IN = {
    "offline-detection": TaskSettings(
        classes=("offline", "active"),
        keys=("o", "a"),
        labels="data/labels.json",
        detector="offline-detector",
        model="models/printer_offline_detector.pth",
        predictions="data/predictions.json",
        idle="offline",
    ),
    "failed-print-detection": TaskSettings(
        classes=("good", "failed"),
        keys=("g", "f"),
        labels="data/failed_print_labels.json",
        detector="failed-detector",
        model="models/failed_print_detector.pth",
        predictions="data/failed_print_predictions.json",
        alarm="failed",
        when="offline-detection:active",
        contradicts={"good": ("offline-detection:offline",)},
    ),
}


def _unknown_keys(
    table: Any, kind: type[msgspec.Struct], path: str = ""
) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Yield (table, key, dotted path) of every key that format 1 does not have."""
    if not isinstance(table, dict):
        return
    nested: dict[str, type[msgspec.Struct]] = {
        "tasks": TaskSettings,
        "sources": SourceSettings,
        "split": SplitSettings,
        "storage": StorageSettings,
        "keep": KeepSettings,
        "cache": CacheSettings,
        "assist": AssistSettings,
        "training": TrainingSettings,
        "hooks": HooksSettings,
    }
    for key, value in list(table.items()):
        dotted = f"{path}{key}"
        if key not in kind.__struct_fields__:
            yield table, key, dotted
        elif kind is Settings and key in ("tasks", "sources") and isinstance(value, dict):
            for name, inner in value.items():
                yield from _unknown_keys(inner, nested[key], f"{dotted}.{name}.")
        elif kind is Settings and key in nested:
            yield from _unknown_keys(value, nested[key], f"{dotted}.")


def read(path: Path) -> Settings:
    """Read a settings file; a missing one gives the defaults. Raises Damaged, WrongUsage naming file and key."""
    name = safe(path.name)
    try:
        with open_regular(path) as file:
            data = tomllib.loads(file.read().decode("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Damaged(
            f"{name} can't be read: {safe(str(error))}.", "Mend that line; nothing else was touched."
        ) from error
    newer = isinstance(data.get("format"), int) and data["format"] > FORMAT
    for table, key, dotted in list(_unknown_keys(data, Settings)):
        if not newer:
            raise WrongUsage(
                f"{name}: unknown key {safe(dotted)}.",
                "Correct or remove it; docs/formats.md lists all keys.",
            )
        del table[key]
    if newer and isinstance(data.get("checks"), dict):
        data["checks"] = {name: level for name, level in data["checks"].items() if name in CHECKS}
    try:
        found = msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise WrongUsage(
            f"{name}: {_dotted(str(error))}.", "Correct that key; docs/formats.md lists all keys."
        ) from error
    refuse_levels(found.checks, name)
    for source, camera in found.sources.items():
        if camera.region is not None and not _within(camera.region):
            raise WrongUsage(
                f"{name}: sources.{safe(source)}.region lies outside the picture, or is too small.",
                "Write left, top, width and height as shares: region = [0.1, 0.2, 0.8, 0.7]",
            )
        if camera.aspect and not _ASPECT.fullmatch(camera.aspect):
            raise WrongUsage(
                f"{name}: sources.{safe(source)}.aspect: “{safe(camera.aspect, limit=40)}” is no shape.",
                'Write width and height: aspect = "4:3"',
            )
    return found


def _within(region: tuple[float, float, float, float]) -> bool:
    """True for a part of a picture that something can be seen in."""
    left, top, width, height = region
    return min(left, top) >= 0 and min(width, height) >= 1 / 16 and left + width <= 1 and top + height <= 1


def _dotted(message: str) -> str:
    found = re.search(r"^(.*?) - at `\$\.?(.*?)`$", message)
    return f"{safe(found.group(2))}: {safe(found.group(1))}" if found else safe(message)


def _merged(name: str, given: TaskSettings | None) -> TaskSettings:
    slug = name.replace("-", "_")
    base = _BUILT_IN.get(
        name,
        TaskSettings(
            labels=f"data/{slug}_labels.json",
            detector=name,
            model=f"models/{slug}.pth",
            predictions=f"data/{slug}_predictions.json",
        ),
    )
    changed = {
        field: value
        for field in TaskSettings.__struct_fields__
        if given is not None and (value := getattr(given, field)) not in ((), "", None)
    }
    if given is not None and given.when == "":
        changed["when"] = ""
    if given is not None and given.classes and not given.keys and given.classes != base.classes:
        changed["keys"] = ()
    return msgspec.structs.replace(base, **changed)


def _keys(name: str, classes: tuple[str, ...], keys: tuple[str, ...]) -> tuple[str, ...]:
    if not keys:
        chosen: list[str] = []
        for class_ in classes:
            free = (c for c in class_ if c.isalpha() and c not in _TAKEN_KEYS and c not in chosen)
            chosen.append(next(free, ""))
        return tuple(chosen)
    for key in keys:
        if len(key) != 1 or not key.islower() or key in _TAKEN_KEYS:
            raise WrongUsage(
                f"tasks.{name}.keys: “{safe(key)}” can't be a class key.",
                f"Use one lower-case letter each, none of {' '.join(sorted(_TAKEN_KEYS))}.",
            )
    if len(set(keys)) != len(keys) or len(keys) != len(classes):
        raise WrongUsage(
            f"tasks.{name}.keys: needs one different letter per class.", "Give as many keys as classes."
        )
    return keys


def _task(name: str, given: TaskSettings | None) -> Task:
    if not _CLASS.fullmatch(name):
        raise WrongUsage(
            f"tasks.{safe(name)}: not a usable task name.", "Use small letters, digits and dashes."
        )
    table = _merged(name, given)
    if not 2 <= len(table.classes) <= 10 or len(set(table.classes)) != len(table.classes):
        raise WrongUsage(
            f"tasks.{name}.classes: a task has two to ten different classes.", "Correct the list."
        )
    for class_ in table.classes:
        if not is_class(class_):
            raise WrongUsage(
                f"tasks.{name}.classes: “{safe(class_, limit=60)}” can't be a class.",
                "Use at most 40 small letters, digits, - and _; a class is also a folder's name.",
            )
    for field in ("labels", "model", "predictions"):
        value = getattr(table, field)
        if os.path.isabs(value) or ".." in value.split("/"):
            raise WrongUsage(f"tasks.{name}.{field}: must stay inside the workspace.", "Use a relative path.")
        if not value.endswith(".pth" if field == "model" else ".json"):
            ending = ".pth" if field == "model" else ".json"
            raise WrongUsage(f"tasks.{name}.{field}: must end in {ending}.", "Correct the name.")
    when = tuple(table.when.split(":", 1)) if table.when else None
    if when and len(when) != 2:
        raise WrongUsage(
            f"tasks.{name}.when: “{safe(table.when or '', limit=60)}” names no class.",
            "Write it as TASK:CLASS.",
        )
    # Whoever gives a task other classes has said nothing of one that isn't among them any more.
    written = given is not None and bool(given.alarm)
    alarm = table.alarm if written or table.alarm in table.classes else ""
    return Task(
        name=name,
        classes=table.classes,
        keys=_keys(name, table.classes, table.keys),
        labels_file=table.labels,
        detector=table.detector,
        current_model=table.model,
        predictions=table.predictions,
        idle=table.idle or None,
        alarm=alarm or None,
        selection=table.selection or "spread",
        per_stretch=table.per_stretch or 12,
        when=(when[0], when[1]) if when else None,
        contradicts=_contradicts(name, table),
    )


def _contradicts(name: str, table: TaskSettings) -> tuple[tuple[str, str, str], ...]:
    """Return what no frame can be at once: own class, other task, its class. Raises WrongUsage."""
    found = []
    for class_, others in (table.contradicts or {}).items():
        for other in others:
            task, colon, there = other.partition(":")
            if not colon:
                raise WrongUsage(
                    f"tasks.{name}.contradicts: “{safe(other, limit=60)}” names no class of another task.",
                    'Write it as CLASS = ["TASK:CLASS"].',
                )
            found.append((class_, task, there))
    return tuple(found)


def _checked_pairs(task: Task, tasks: dict[str, Task], *, given: bool) -> Task:
    """Return the task with the pairs there can be; of those a person wrote each must name classes. Raises WrongUsage."""
    pairs = tuple(
        (own, other, class_)
        for own, other, class_ in task.contradicts
        if own in task.classes and other in tasks and class_ in tasks[other].classes
    )
    if given and pairs != task.contradicts:
        own, other, class_ = next(pair for pair in task.contradicts if pair not in pairs)
        raise WrongUsage(
            f"tasks.{task.name}.contradicts: there is no {safe(own)}, or no {safe(f'{other}:{class_}')}.",
            "Name a class of the task, and another task with one of its classes.",
        )
    return msgspec.structs.replace(task, contradicts=pairs)


def is_class(name: str) -> bool:
    """True for what can be the name of a class, which is a folder's name too."""
    return _CLASS.fullmatch(name) is not None and name not in _RESERVED


def tasks_of(settings: Settings) -> dict[str, Task]:
    """Return every task by name, the built-in ones first, checked. Raises WrongUsage naming the key at fault."""
    names = [*_BUILT_IN, *(name for name in settings.tasks if name not in _BUILT_IN)]
    tasks = {name: _task(name, settings.tasks.get(name)) for name in names}
    for field in ("labels_file", "current_model", "predictions", "detector"):
        owners: dict[str, str] = {}
        for task in tasks.values():
            other = owners.setdefault(getattr(task, field), task.name)
            if other != task.name:
                raise WrongUsage(
                    f"tasks.{task.name} and tasks.{other} share {safe(getattr(task, field))}.",
                    "Give each task files and a detector of its own.",
                )
    for task in tasks.values():
        if task.when and (task.when[0] not in tasks or task.when[1] not in tasks[task.when[0]].classes):
            raise WrongUsage(
                f"tasks.{task.name}.when: there is no {safe(':'.join(task.when))}.",
                "Name a task and one of its classes.",
            )
        for key, named in (("idle", task.idle), ("alarm", task.alarm)):
            if named and named not in task.classes:
                raise WrongUsage(
                    f"tasks.{task.name}.{key}: {safe(named)} is no class of it.", "Name one of its classes."
                )
    for name, task in tasks.items():
        written = settings.tasks.get(name)
        tasks[name] = _checked_pairs(
            task, tasks, given=written is not None and written.contradicts is not None
        )
    return tasks
