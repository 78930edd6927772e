"""A task: one question with its classes in a fixed order, its keys, and the files that belong to it.

The order of the classes, and nothing else, gives integer codes, digit keys and model outputs.
"""

from __future__ import annotations

from msgspec import Struct

from core.errors import WrongUsage
from core.text import safe


class Task(Struct, frozen=True):
    """One question asked of every frame.

    `keys` has one letter per class. `idle` is the class that says "the printer does nothing", where the task knows
    it; recordings may be cut there. `alarm` is the class somebody should be called for. `when` names (task, class): only frames of that class count for this task.
    `contradicts` holds (own class, other task, its class): a frame can't truly have both.
    Paths are POSIX, relative to the workspace.
    """

    name: str
    classes: tuple[str, ...]
    keys: tuple[str, ...]
    labels_file: str
    detector: str
    current_model: str
    predictions: str
    idle: str | None = None
    alarm: str | None = None
    selection: str = "spread"
    per_stretch: int = 12
    when: tuple[str, str] | None = None
    contradicts: tuple[tuple[str, str, str], ...] = ()

    @property
    def title(self) -> str:
        """'offline-detection' → 'Offline Detection'."""
        return self.name.replace("-", " ").replace("_", " ").title()

    def code(self, class_: str) -> int:
        """Return the integer code of a class: its place in the order."""
        return self.classes.index(self.check(class_))

    def class_of(self, code: int) -> str:
        """Return the class of an integer code."""
        return self.classes[code]

    def check(self, class_: str) -> str:
        """Return the class as the task spells it; raise WrongUsage for one the task does not have."""
        for known in self.classes:
            if known == class_.strip().lower():
                return known
        raise WrongUsage(
            f"{self.name} has no class “{safe(class_, limit=60)}”.", f"Use one of: {', '.join(self.classes)}."
        )
