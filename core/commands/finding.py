"""One fact that `doctor` tells; made by commands/host and commands/host_terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["pass", "warn", "block"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact: `pass`; `warn` where something is missing that the main job does without; `block` where it can't."""

    id: str
    level: Level
    text: str
    remedy: str = ""
