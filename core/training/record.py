"""The record beside a model version: its facts as they were written, checked before anything is read from them.

A record may come from anywhere (a clone, a colleague, an editor), so what has another shape than this tool writes is
told as the record's problem, and its words are made safe before they are shown.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from core.text import safe
from core.training.plausible import Results

FORMAT = 1


class _Facts(msgspec.Struct):
    """The keys of a record that are read again, with their types; others are carried along."""

    task: str = ""
    sha256: str = ""
    size: int = 0
    trained: str = ""
    architecture: str = ""
    dataset: dict[str, str | None] = {}
    config: dict[str, Any] = {}
    words: list[str] = []
    results: Results | None = None
    results_folds: Results | None = None
    weights: dict[str, Any] | None = None
    machine: dict[str, Any] | None = None
    promoted: dict[str, Any] | None = None
    adopted: dict[str, Any] | None = None
    measured_on: dict[str, Any] | None = None
    onnx: list[Any] | None = None


def check(facts: Mapping[str, Any]) -> None:
    """Raise msgspec.ValidationError where a key that is read again has another type than this tool writes."""
    msgspec.convert(facts, _Facts)


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model version: `facts` is its whole record, `here` is 'file', 'pointer' or 'missing', `current` in use.

    `problem` says what is wrong with it, or is empty.
    """

    name: str
    file: str
    sha256: str
    size: int
    here: str
    current: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def word(self) -> str:
        """Its name as one word of a command, safe to show and to copy into a shell."""
        return shlex.quote(safe(self.name, limit=200))

    @property
    def how_to_get(self) -> str:
        """How its bytes come here where there is a pointer only."""
        pull = f"git lfs pull --include {shlex.quote(safe(self.file, limit=200))}"
        return f"Get it: print-models fetch {self.word}   or: {pull}"

    @property
    def task(self) -> str:
        return str(self.facts.get("task", ""))

    @property
    def dataset(self) -> str:
        """The dataset version it learned from, 'v2'; '' where nobody knows."""
        return safe(str((self.facts.get("dataset") or {}).get("version") or ""), limit=60)

    @property
    def words(self) -> tuple[str, ...]:
        """Its results in plain sentences, as the record has them, made safe to show."""
        return tuple(safe(line) for line in self.facts.get("words") or ())

    @property
    def digest(self) -> str:
        return str((self.facts.get("dataset") or {}).get("digest") or "")

    @property
    def results(self) -> Mapping[str, Any] | None:
        found = self.facts.get("results")
        return found if isinstance(found, Mapping) and found else None

    @property
    def headline(self) -> Mapping[str, Any] | None:
        """The result that counts: out of fold where there is one, else validation's."""
        found = self.facts.get("results_folds")
        return found if isinstance(found, Mapping) and found else self.results

    def as_json(self) -> dict[str, Any]:
        """Return it as `models --json` lists it."""
        own = {
            name: getattr(self, name)
            for name in ("name", "file", "sha256", "size", "here", "current", "problem")
        }
        return {**self.facts, **own}
