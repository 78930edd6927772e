"""What a person should hear of a training while it runs: it stands still, it gives one answer to all, it runs hot.

What always holds: each is said once, as a sentence with what to do, and changes nothing about the training. The rules
are pure functions of what the training wrote; `Watched` puts them behind the one writer of its events.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.human import size
from core.training import events
from core.training.events import Epoch, EventWriter, RunView

#: Epochs without a better one, and without less loss, after which a training stands still.
STILL = 5
#: Epochs in a row in which a class is never recognised.
LOST = 2
_LESS = 0.01
#: Degrees below the limit that a processor has to cool down to before it is spoken of again.
_COOLER = 8.0
_SCARCE = 0.03

Alert = tuple[str, str]


def collapsed(history: Sequence[Epoch]) -> dict[str, str]:
    """Return by class what to say where none of its validation images was recognised in the last epochs.

    The first epoch does not count: a network that has just begun often answers one class to everything.
    """
    last = [epoch for epoch in history if epoch.recall and epoch.number > 1][-LOST:]
    if len(last) < LOST:
        return {}
    lost = [name for name in last[-1].recall if all(epoch.recall.get(name) == 0 for epoch in last)]
    return {
        name: f"It recognises no {name}: in the last {LOST} epochs every one of validation was taken for something "
        "else. Look at whether train has enough of it, or begin with a smaller --lr."
        for name in lost
    }


def still(history: Sequence[Epoch]) -> str:
    """Return what to say where nothing got better for some epochs and the loss does not fall either, else ''."""
    if len(history) <= STILL or any(epoch.best for epoch in history[-STILL:]):
        return ""
    before, now = history[-STILL - 1].train_loss, history[-1].train_loss
    if now < before * (1 - _LESS):
        return ""
    best = next((epoch.number for epoch in reversed(history) if epoch.best), None)
    kept = f"; epoch {best} stays the best" if best else ""
    return f"It has stood still for {STILL} epochs: neither a better one nor less loss{kept}."


class Watched(EventWriter):
    """The writer of a training's events that also looks at what is written, and adds alerts."""

    def __init__(self, folder: Path, *, wait_s: float = 0.0) -> None:
        super().__init__(folder, wait_s=wait_s)
        self._view = RunView()
        self._told: set[str] = set()
        self._warm = False
        for event in events.read(folder / events.FILE).events:
            self._see(event)

    def append(self, event: str, **facts: Any) -> None:
        """Write one event, and after it what has to be said about it. Raises Lacking."""
        super().append(event, **facts)
        for kind, text in self._see({**facts, "event": event}):
            super().append("alert", kind=kind, text=text)

    def _see(self, event: events.Event) -> list[Alert]:
        """Return what is news after an event; what was told before this process began is none."""
        if event["event"] == "alert":
            self._told.add(str(event.get("text")))
            return []
        if event["event"] == "heartbeat":
            found = self._of_machine(event.get("figures") or {})
        elif event["event"] in ("epoch", "resumed"):
            self._view = events.reduce([event], self._view)
            found = [("collapse", text) for text in collapsed(self._view.history).values()]
            found += [("plateau", text)] if (text := still(self._view.history)) else []
        else:
            return []
        news = [(kind, text) for kind, text in found if self._key(kind, text) not in self._told]
        self._told |= {self._key(kind, text) for kind, text in news}
        return news

    @staticmethod
    def _key(kind: str, text: str) -> str:
        return text if kind == "collapse" else kind

    def _of_machine(self, figures: dict[str, float]) -> list[Alert]:
        degrees, hot = figures.get("temperature"), figures.get("hot")
        if degrees is not None and hot is not None:
            if self._warm and degrees < hot - _COOLER:
                self._warm = False
                self._told.discard("heat")
            self._warm = self._warm or degrees >= hot
        found = []
        if self._warm:
            text = f"The processor is at {degrees:.0f} °C and slows down from {hot:.0f} °C on: let air at it."
            found.append(("heat", text))
        free, held = figures.get("free"), figures.get("memory", 0)
        if free is not None and free < _SCARCE * (free + held):
            found.append(
                ("memory", f"Only {size(round(free))} of memory are left; it holds {size(round(held))}.")
            )
        return found
