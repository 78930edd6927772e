"""The process that follows a training on another machine: `python -m core.training.follower RUN_FOLDER [again]`.

What always holds: it is to its folder here what a training's process is, so `watch`, `stop`, `runs` and the screen need
not know the difference; every event from there is written here once, in order; an end is told only after the files it
speaks of are here and have the hashes it named. A connection that is lost is tried again until the end; what runs there
goes on meanwhile. Torch is not needed here.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

import msgspec

from core.durable import hash_file
from core.errors import Damaged, Lacking, PrintModelsError
from core.text import safe
from core.training import elsewhere, ending, events, proc
from core.training.elsewhere import Place
from core.training.events import EventWriter
from core.training.view import LIVE
from core.training.worker import wish_to_end

#: Seconds between two looks: soon after there was news, then more and more rarely.
_SOON_S, POLL_S, _LONGEST_S = 1.0, 5.0, 120.0
#: Looks without news after which it is asked whether the training there still lives; its heart beats every 10 s.
_SILENT = 8
_ENDS = ("finished", "stopped", "failed")


def main() -> int:
    """Follow the training of the folder that is the first argument; return its exit code."""
    folder, again = Path(sys.argv[1]).resolve(), "again" in sys.argv[2:]
    wish = wish_to_end()
    writer = EventWriter(folder, wait_s=30.0)
    who = proc.identify(os.getpid())
    if who is not None:
        proc.write(folder, who)
    try:
        place = elsewhere.read(folder)
        if place is None:
            raise Damaged(f"{folder.name} is no training of another machine.", "Start it again.")
        return Follower(folder, place, writer, wish).run(again=again)
    except BaseException as error:
        traceback.print_exception(error)
        known = error if isinstance(error, PrintModelsError) else None
        reason = known.what if known else f"{type(error).__name__}: {safe(str(error), limit=200)}"
        remedy = known.remedy if known else "Look at the end of its train.log."
        code = known.exit_code if known else 1
        writer.append("failed", reason=safe(reason), remedy=safe(remedy), exit_code=code, pid=os.getpid())
        return code
    finally:
        writer.close()


class Follower:
    """Copies what a training writes on another machine, until its end."""

    def __init__(self, folder: Path, place: Place, writer: EventWriter, wish: threading.Event) -> None:
        self._folder, self._place, self._writer, self._wish = folder, place, writer, wish
        known = events.read(folder / events.FILE).events
        there = [event.get("there") for event in known]
        self._seq = max((seq for seq in there if isinstance(seq, int)), default=0)
        self._offset = 0
        self._silent = 0
        self._lost = False
        self._wished, self._told = False, False

    def run(self, *, again: bool) -> int:
        """Follow to the end and return its exit code; `again`: a training that is over there goes on first."""
        where = {"phase": f"on {self._place.host}", "pid": os.getpid(), "keeper": "ssh"}
        if again:
            seen = events.fold(self._folder / events.FILE)[0]
            self._writer.append("resumed", epoch=seen.epoch, **where)
            self._go_on()
        wait = _SOON_S
        while True:
            if self._wish.is_set() and not self._told:
                self._stop()
            try:
                end = self._look()
                self._lost = False
                wait = min(POLL_S, 1.5 * wait) if self._silent else _SOON_S
            except Lacking as error:
                end, wait = None, self._longer(wait)
                self._unreached(error)
            if end is not None:
                return self._end(end)
            self._rest(wait)

    def _longer(self, wait: float) -> float:
        """Return how long to wait before a machine that was not reached is tried again."""
        return min(_LONGEST_S, max(POLL_S, 2 * wait)) if self._lost else POLL_S

    def _rest(self, seconds: float) -> None:
        """Wait, or less where a person wants the end; a wish that can't be passed on is tried again at that pace."""
        if self._wish.is_set():
            threading.Event().wait(min(seconds, POLL_S))
        else:
            self._wish.wait(seconds)

    def _go_on(self) -> None:
        try:
            state = elsewhere.standing(self._place).get("state")
            if state in ("stopped", "failed", "killed", "interrupted"):
                done = elsewhere.call(self._place, "train", "--resume", self._place.run, "--json")
                if done.code:
                    raise Damaged(f"It does not go on there: {safe(done.err, limit=200)}", "Look there.")
        except Lacking as error:
            self._unreached(error)

    def _stop(self) -> None:
        """Pass the wish to stop on; where the machine is not reached, or refuses, it is passed on again later."""
        if not self._wished:
            self._wished = True
            self._writer.append("heartbeat", phase="stopping")
        try:
            # One that has not quite begun refuses to be stopped, and so does one that is over: its end is then read.
            self._told = elsewhere.call(self._place, "stop", self._place.run).code == 0
        except Lacking as error:
            self._unreached(error)

    def _unreached(self, error: Lacking) -> None:
        if not self._lost:
            self._lost = True
            text = f"{error.what} It goes on there; it is tried again."
            self._writer.append("alert", kind="connection", text=text)

    def _look(self) -> dict[str, Any] | None:
        """Copy what was written there since the last look; return the event that ends it. Raises Lacking."""
        data = elsewhere.fetch(self._place, events.FILE, self._offset)
        whole = data[: data.rfind(b"\n") + 1]
        self._silent = 0 if whole else self._silent + 1
        for line in whole.splitlines():
            event = _event(line)
            if event is None or event["seq"] <= self._seq:
                continue
            if event["event"] in _ENDS:
                if elsewhere.standing(self._place).get("state") not in LIVE:
                    return event
                continue  # it was taken up again there
            self._copy(event)
        # Only here: where the connection is lost at the question whether it is over, its end is read again.
        self._offset += len(whole)
        if self._silent >= _SILENT:
            self._silent = 0
            return self._asked_for_life()
        return None

    def _asked_for_life(self) -> dict[str, Any] | None:
        """Return an end for a training that is gone there without a word."""
        seen = elsewhere.standing(self._place)
        if not seen or seen["state"] in (*LIVE, "finished", "stopped"):
            return None
        reason = f"On {self._place.host} it is {seen['state']}: {seen['reason']}"
        remedy = f"Go on from its last checkpoint: print-models train --resume {self._folder.name}"
        return {"event": "failed", "seq": 0, "reason": reason, "remedy": remedy, "exit_code": 1}

    def _copy(self, event: dict[str, Any]) -> None:
        """Write an event from there here; what names a process there names this one."""
        facts = {key: value for key, value in event.items() if key not in ("seq", "time", "event")}
        if "pid" in facts:
            facts["pid"] = os.getpid()
        if event["event"] == "started":
            facts["host"] = self._place.host
        self._writer.append(event["event"], **facts, there=event["seq"], at=event.get("time"))
        self._seq = max(self._seq, event["seq"])

    def _end(self, event: dict[str, Any]) -> int:
        """Bring the files here, hold them against their hashes, and only then tell the end.

        A connection that is lost meanwhile is tried again. Raises Damaged where a file is not what was announced.
        """
        named = self._announced(event)
        for name in ending.LEFT:
            self._writer.append("heartbeat", phase=f"bringing {name}")
            here = self._bring(name)
            expected = named.get(name, ())
            if not expected or (not here and event["event"] != "finished"):
                continue
            if not here:
                raise self._other(name, "it is not there")
            if hash_file(self._folder / name).oid not in expected:
                (self._folder / name).unlink()
                raise self._other(name, "its bytes differ")
        self._copy({**event, "pid": os.getpid()})
        return int(event.get("exit_code", 0))

    def _bring(self, name: str) -> bool:
        """Bring a file here however long the machine is away; return False where it is not there."""
        wait = _SOON_S
        while True:
            try:
                elsewhere.bring(self._place, name, self._folder / name)
            except elsewhere.Absent:
                return False
            except Lacking as error:
                wait = self._longer(wait)
                self._unreached(error)
                self._rest(wait)
            else:
                self._lost = False
                return True

    def _announced(self, event: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        """Return the hashes that each file may have: those its end names, else those of the checkpoints before."""
        files = event.get("files")
        if isinstance(files, dict):
            return {str(name): (str(oid),) for name, oid in files.items()}
        seen = events.fold(self._folder / events.FILE)[0]
        found = {name: oids for name, oids in seen.saved.items() if name in ending.LEFT}
        return found | ({ending.BEST: (seen.best_sha256,)} if seen.best_sha256 else {})

    def _other(self, name: str, why: str) -> Damaged:
        return Damaged(
            f"{name} is not what {safe(self._place.host)} announced: {why}.",
            f"Bring it again: print-models train --resume {self._folder.name}",
        )


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    known = isinstance(event, dict) and isinstance(event.get("event"), str)
    return event if known and isinstance(event.get("seq"), int) else None


if __name__ == "__main__":
    sys.exit(main())
