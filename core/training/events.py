"""What happens in a training: an append-only file with one writer, and a pure function from its lines to a view.

What always holds: every line has `seq`, `time` and `event`, lines are never changed, and a line cut off by a crash is
passed over. `reduce` needs nothing but the events: the Training screen, `runs` and `watch` draw what it returns, and
a test can feed it a list. Torch is not needed here.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from core.durable import explain, take_lock
from core.errors import Busy
from core.training.view import Epoch, RunView

__all__ = ["Epoch", "Event", "EventWriter", "RunView", "Tail", "read", "reduce"]

FILE = "events.jsonl"
#: What must be on the disk before the training goes on.
_DURABLE = frozenset({"started", "epoch", "checkpoint", "stopped", "failed", "finished"})

Event = Mapping[str, Any]
_FOLD = re.compile(r"fold (\d+) of (\d+)(?:, epoch (\d+) of (\d+))?")


class EventWriter:
    """Appends to a run's events; safe to use from several threads of one process."""

    def __init__(self, folder: Path, *, wait_s: float = 0.0) -> None:
        """Open for appending, waiting up to `wait_s` seconds for another writer of this run to be gone.

        Raises Busy where it is not, Lacking where the file can't be written or the file system has no locks.
        """
        self._lock = threading.Lock()
        path = folder / FILE
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise explain(error, "opening the training's events") from error
        try:
            if not take_lock(self._fd, path, timeout=wait_s):
                raise Busy(
                    f"Another process is writing the training {folder.name}.", "Watch it: print-models watch"
                )
        except BaseException:
            os.close(self._fd)
            raise
        data = path.read_bytes()
        if data and not data.endswith(b"\n"):  # a crash cut the last line: what follows starts on its own
            os.write(self._fd, b"\n")
        known = read(path).events
        self._seq = max((int(event.get("seq", 0)) for event in known), default=0)

    def append(self, event: str, **facts: Any) -> None:
        """Write one event. Raises Lacking where the disk takes no more."""
        with self._lock:
            now = datetime.now().astimezone().isoformat(timespec="milliseconds")
            facts.update(event=event, seq=self._seq + 1, time=now)
            line = msgspec.json.encode(facts, order="sorted")
            try:
                os.write(self._fd, line + b"\n")
                self._seq += 1
                if event in _DURABLE:
                    os.fsync(self._fd)
            except OSError as error:
                raise explain(error, "writing the training's events") from error

    def close(self) -> None:
        os.close(self._fd)


@dataclass(frozen=True, slots=True)
class Tail:
    """Events read from a place in the file on, and the place to go on from."""

    events: tuple[Event, ...]
    offset: int


def read(path: Path, offset: int = 0) -> Tail:
    """Return the whole events after `offset` bytes; a line that is not one yet, or never was, is left out."""
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return Tail((), offset)
    whole = data[: data.rfind(b"\n") + 1]
    found = []
    for line in whole.split(b"\n"):
        try:
            event = msgspec.json.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            found.append(event)
    return Tail(tuple(found), offset + len(whole))


def reduce(events: Iterable[Event], view: RunView | None = None) -> RunView:
    """Return the view after `events`, going on from `view`; whether the process lives is not known here."""
    view = view or RunView()
    for event in events:
        change = _CHANGES.get(str(event["event"]))
        try:
            view = change(view, event) if change else view
        except (KeyError, TypeError, ValueError):
            continue  # a line of another version of this tool: what is understood is shown
        view = replace(view, last_at=str(event.get("time", view.last_at)))
    return view


def _started(view: RunView, event: Event) -> RunView:
    return replace(
        view,
        state="running",
        phase=str(event.get("phase", "")),
        epochs=int(event["epochs"]),
        facts={
            **view.facts,
            **{k: v for k, v in event.items() if k not in ("seq", "time", "event", "phase")},
        },
        started_at=view.started_at or str(event.get("time", "")),
        pid=event.get("pid"),
        folds=int(event.get("folds") or 0),
    )


def _paused(view: RunView, event: Event) -> RunView:
    return replace(view, state="paused", phase="paused", reason=str(event.get("reason", "")))


def _resumed(view: RunView, event: Event) -> RunView:
    if event.get("after") == "pause":
        return replace(view, state="running", phase=str(event.get("phase", "")), reason="")
    kept = tuple(epoch for epoch in view.history if epoch.number <= int(event["epoch"]))
    return replace(
        view,
        state="running",
        phase=str(event.get("phase", "")),
        epoch=int(event["epoch"]),
        history=kept,
        reason="",
        remedy="",
        exit_code=0,
        pid=event.get("pid", view.pid),
    )


def _heartbeat(view: RunView, event: Event) -> RunView:
    more = event.get("facts")
    facts = {**view.facts, **more} if isinstance(more, dict) else view.facts
    phase = str(event.get("phase", view.phase))
    view = _in_folds(view, phase)
    state = "stopping" if phase == "stopping" and not view.over else view.state
    figures = event.get("figures")
    known = figures if isinstance(figures, dict) else view.figures
    saved = _with_saved(view.saved, event.get("saving") or {})
    return replace(view, state=state, phase=phase, facts=facts, figures=known, saved=saved)


def _in_folds(view: RunView, phase: str) -> RunView:
    """Return the view with how far cross-validation is, where a phase tells: 'fold 2 of 5, epoch 3 of 9'."""
    found = _FOLD.search(phase)
    if found is None:
        return view
    fold, folds, epoch, epochs = (int(part or 0) for part in found.groups())
    done = (fold - 1 + (epoch / epochs if epochs else 0)) / max(1, folds)
    left = _seconds(view.history) * (1 - done) * folds * (view.best_epoch or 1)
    return replace(view, folds=folds, folded=max(done, 1e-6), eta_s=round(left, 1))


def _seconds(history: Sequence[Epoch]) -> float:
    """Return how long an epoch took of late."""
    recent = [epoch.seconds for epoch in history[-5:]]
    return sum(recent) / max(1, len(recent))


def _batch(view: RunView, event: Event) -> RunView:
    return replace(
        view,
        phase="training",
        epoch=int(event["epoch"]),
        batch=int(event["batch"]),
        batches=int(event["batches"]),
        batch_loss=float(event["loss"]),
        images_per_s=event.get("images_per_s", view.images_per_s),
    )


def _epoch(view: RunView, event: Event) -> RunView:
    done = Epoch(
        number=int(event["epoch"]),
        train_loss=float(event["train_loss"]),
        train_accuracy=float(event["train_accuracy"]),
        loss=event.get("loss"),
        balanced=event.get("balanced"),
        accuracy=event.get("accuracy"),
        recall=dict(event.get("recall") or {}),
        seconds=float(event["seconds"]),
        best=bool(event.get("best")),
    )
    history = (*(e for e in view.history if e.number < done.number), done)
    saved = _with_saved(view.saved, event.get("saving") or {})
    if done.best:
        view = replace(view, best=done.balanced, best_epoch=done.number)
    left = max(0, view.epochs - done.number) + view.folds * (view.best_epoch or 1)
    view = replace(view, phase="training", epoch=done.number, history=history, saved=saved)
    view = replace(view, eta_s=round(_seconds(history) * left, 1), batch=view.batches)
    return replace(view, images_per_s=event.get("images_per_s", view.images_per_s))


def _checkpoint(view: RunView, event: Event) -> RunView:
    file, sha256 = str(event["file"]), str(event["sha256"])
    view = replace(view, saved=_with_saved(view.saved, {file: sha256}))
    if isinstance(event.get("epoch"), int):
        view = replace(view, epochs_saved={**view.epochs_saved, file: event["epoch"]})
    if "words" not in event:
        return view
    return replace(view, best_sha256=sha256, results=event.get("results"), words=tuple(event["words"]))


def _with_saved(
    saved: Mapping[str, tuple[str, ...]], more: Mapping[str, str]
) -> Mapping[str, tuple[str, ...]]:
    out = dict(saved)
    for file, sha256 in more.items():
        out[file] = (*(known for known in out.get(file, ()) if known != sha256), sha256)
    return out


def _alert(view: RunView, event: Event) -> RunView:
    return replace(view, alerts=(*view.alerts, str(event["text"])))


def _ended(view: RunView, event: Event) -> RunView:
    return replace(
        view,
        state=str(event["event"]),
        phase="",
        eta_s=None,
        reason=str(event.get("reason", "")),
        remedy=str(event.get("remedy", "")),
        exit_code=int(event.get("exit_code", 0)),
        results=event.get("results") or view.results,
        results_folds=event.get("results_folds") or view.results_folds,
        words=tuple(event.get("words") or view.words),
        seconds=float(event.get("seconds", view.seconds)),
        pid=event.get("pid", view.pid),
    )


_CHANGES = {
    "started": _started,
    "paused": _paused,
    "resumed": _resumed,
    "heartbeat": _heartbeat,
    "batch": _batch,
    "epoch": _epoch,
    "checkpoint": _checkpoint,
    "alert": _alert,
    "stopped": _ended,
    "failed": _ended,
    "finished": _ended,
}
