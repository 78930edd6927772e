"""What happens in a training: an append-only file with one writer, and a pure function from its lines to a view.

What always holds: every line has `seq`, `time` and `event`, lines are never changed, and a line cut off by a crash is
passed over. `reduce` needs nothing but the events: the Training screen, `runs` and `watch` draw what it returns, and
a test can feed it a list. Torch is not needed here.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from core.durable import explain, take_lock
from core.errors import Busy
from core.training.plausible import hashes, number, numbers, optional, results, sentences, whole
from core.training.view import Epoch, RunView

__all__ = ["Epoch", "Event", "EventWriter", "RunView", "Tail", "fold", "read", "reduce"]

FILE = "events.jsonl"
#: What must be on the disk before the training goes on.
_DURABLE = frozenset({"started", "epoch", "checkpoint", "stopped", "failed", "finished"})

#: A line may hold every frame a training got wrong; longer ones are none of ours.
_LONGEST = 64 << 20
_BATCHES, _LETTERS = 10**9, 4000
#: Of each file so many hashes are remembered: two are on the disk, and `best.pt` is one of many that were best.
_MOST_SAVED, _MOST_ALERTS = 1000, 200

T = TypeVar("T")
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
        #: A crash, or a disk that was full, cut the last line: what follows starts on one of its own.
        self._cut = bool(data) and not data.endswith(b"\n")
        seqs = (_or(_seq, event.get("seq"), 0) for event, _ in _each(path, 0) if event is not None)
        self._seq = max(seqs, default=0)

    def append(self, event: str, **facts: Any) -> None:
        """Write one event. Raises Lacking where the disk takes no more."""
        with self._lock:
            now = datetime.now().astimezone().isoformat(timespec="milliseconds")
            facts.update(event=event, seq=self._seq + 1, time=now)
            line = b"\n" * self._cut + msgspec.json.encode(facts, order="sorted") + b"\n"
            try:
                self._cut = True
                if os.write(self._fd, line) < len(line):  # no room for all of it, which no error says
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self._cut = False
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
    """Return the whole events after `offset` bytes; a line that is not one yet, or never was, is left out.

    For a file that may be large `fold` is there: this one keeps every event.
    """
    found: list[Event] = []
    for event, place in _each(path, offset):
        offset = place
        found += [event] if event is not None else []
    return Tail(tuple(found), offset)


def fold(path: Path, view: RunView | None = None, offset: int = 0) -> tuple[RunView, int]:
    """Return the view after the events beyond `offset` bytes, and where to go on; one event is in memory at a time."""
    view = view or RunView()
    for event, place in _each(path, offset):
        offset = place
        view = reduce((event,), view) if event is not None else view
    return view, offset


def _each(path: Path, offset: int) -> Iterator[tuple[Event | None, int]]:
    """Yield every whole line after `offset` bytes as an event, None where it is none, with the place behind it."""
    with suppress(FileNotFoundError, NotADirectoryError), open(path, "rb") as file:
        file.seek(offset)
        while line := file.readline(_LONGEST):
            whole = line
            while line and not line.endswith(b"\n"):  # beyond all sense, or not written to its end
                line = file.readline(_LONGEST)
                whole = b""
            if not line:
                return
            yield _event(whole), file.tell()


def _event(line: bytes) -> Event | None:
    try:
        event = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


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
        phase=_text(event, "phase"),
        epochs=whole(event["epochs"]),
        facts={
            **view.facts,
            **{k: v for k, v in event.items() if k not in ("seq", "time", "event", "phase")},
        },
        started_at=view.started_at or _text(event, "time"),
        pid=_pid(view, event, None),
        folds=whole(event.get("folds") or 0),
    )


def _paused(view: RunView, event: Event) -> RunView:
    return replace(view, state="paused", phase="paused", reason=_text(event, "reason"))


def _resumed(view: RunView, event: Event) -> RunView:
    if event.get("after") == "pause":
        return replace(view, state="running", phase=_text(event, "phase"), reason="")
    epoch = whole(event["epoch"])
    return replace(
        view,
        state="running",
        phase=_text(event, "phase"),
        epoch=epoch,
        history=tuple(done for done in view.history if done.number <= epoch),
        reason="",
        remedy="",
        exit_code=0,
        pid=_pid(view, event, view.pid),
    )


def _heartbeat(view: RunView, event: Event) -> RunView:
    more = event.get("facts")
    facts = {**view.facts, **more} if isinstance(more, dict) else view.facts
    phase = _text(event, "phase") if "phase" in event else view.phase
    view = _in_folds(view, phase)
    state = "stopping" if phase == "stopping" and not view.over else view.state
    figures = numbers(event["figures"]) if "figures" in event else view.figures
    saved = _with_saved(view.saved, hashes(event.get("saving")))
    return replace(view, state=state, phase=phase, facts=facts, figures=figures, saved=saved)


def _in_folds(view: RunView, phase: str) -> RunView:
    """Return the view with how far cross-validation is, where a phase tells: 'fold 2 of 5, epoch 3 of 9'."""
    found = _FOLD.search(phase)
    if found is None:
        return view
    fold, folds, epoch, epochs = (whole(int(part or 0)) for part in found.groups())
    done = min(1.0, (fold - 1 + (epoch / epochs if epochs else 0)) / max(1, folds))
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
        epoch=whole(event["epoch"]),
        batch=whole(event["batch"], _BATCHES),
        batches=whole(event["batches"], _BATCHES),
        batch_loss=number(event["loss"]),
        images_per_s=optional(event.get("images_per_s", view.images_per_s), low=0),
    )


def _epoch(view: RunView, event: Event) -> RunView:
    done = Epoch(
        number=whole(event["epoch"]),
        train_loss=number(event["train_loss"]),
        train_accuracy=number(event["train_accuracy"], low=0, high=1),
        loss=optional(event.get("loss")),
        balanced=optional(event.get("balanced"), low=0, high=1),
        accuracy=optional(event.get("accuracy"), low=0, high=1),
        recall=numbers(event.get("recall")),
        seconds=number(event["seconds"], low=0),
        best=bool(event.get("best")),
    )
    history = view.history
    if history and history[-1].number >= done.number:
        history = tuple(e for e in history if e.number < done.number)
    saved = _with_saved(view.saved, hashes(event.get("saving")))
    if done.best:
        view = replace(view, best=done.balanced, best_epoch=done.number)
    left = max(0, view.epochs - done.number) + view.folds * (view.best_epoch or 1)
    view = replace(view, phase="training", epoch=done.number, history=(*history, done), saved=saved)
    view = replace(view, eta_s=round(_seconds(view.history) * left, 1), batch=view.batches)
    return replace(view, images_per_s=optional(event.get("images_per_s", view.images_per_s), low=0))


def _checkpoint(view: RunView, event: Event) -> RunView:
    file, sha256 = _text(event, "file"), _text(event, "sha256")
    if not file or not sha256:
        raise ValueError("a checkpoint of no file")
    view = replace(view, saved=_with_saved(view.saved, {file: sha256}))
    if "epoch" in event:
        view = replace(view, epochs_saved={**view.epochs_saved, file: whole(event["epoch"])})
    if "words" not in event:
        return view
    words = sentences(event["words"])
    return replace(view, best_sha256=sha256, results=results(event.get("results")), words=words)


def _with_saved(
    saved: Mapping[str, tuple[str, ...]], more: Mapping[str, str]
) -> Mapping[str, tuple[str, ...]]:
    out = dict(saved)
    for file, sha256 in more.items():
        known = (known for known in out.get(file, ()) if known != sha256)
        out[file] = (*known, sha256)[-_MOST_SAVED:]
    return out


def _alert(view: RunView, event: Event) -> RunView:
    told = _text(event, "text")
    return replace(view, alerts=(*view.alerts, told)[-_MOST_ALERTS:]) if told else view


def _ended(view: RunView, event: Event) -> RunView:
    """Return the view of a training that is over: whatever else is no good in that line, its end stands."""
    return replace(
        view,
        state=str(event["event"]),
        phase="",
        eta_s=None,
        reason=_text(event, "reason"),
        remedy=_text(event, "remedy"),
        exit_code=_or(whole, event.get("exit_code", 0), 1),
        results=results(event.get("results")) or view.results,
        results_folds=results(event.get("results_folds")) or view.results_folds,
        words=sentences(event.get("words")) or view.words,
        seconds=_or(number, event.get("seconds"), view.seconds),
        pid=_pid(view, event, view.pid),
    )


def _seq(found: object) -> int:
    return whole(found, 1 << 53)


def _text(event: Event, key: str) -> str:
    """Return a text of an event, '' where there is none, cut where it is longer than any of ours."""
    found = event.get(key, "")
    return found[:_LETTERS] if isinstance(found, str) else ""


def _pid(view: RunView, event: Event, default: int | None) -> int | None:
    found = event.get("pid", default)
    return found if isinstance(found, int) and not isinstance(found, bool) else view.pid


def _or(read: Callable[[object], T], found: object, default: T) -> T:
    try:
        return read(found)
    except ValueError:
        return default


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
