"""Worker threads: each lane does its jobs in order and posts what they return.

What always holds: whoever asks waits for nothing; a job that raises becomes a result like any other; a job with a
slot replaces one of the same slot that has not begun (the latest wins). The threads are daemons: a camera share that
hangs can't keep the program alive after `q`. Called by the bridge only.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from core.errors import PrintModelsError
from core.text import safe
from tui.messages import Failed
from tui.ways import in_app

Job = Callable[[], object]
Post = Callable[[object], None]


class _Waiting(Struct, frozen=True):
    name: str
    slot: str
    job: Job


class Lane:
    """One worker thread that does its jobs in order."""

    def __init__(self, name: str, post: Post) -> None:
        self._post = post
        self._jobs: deque[_Waiting] = deque()
        self._wake = threading.Condition()
        self._busy = False
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"lane-{name}", daemon=True)
        self._thread.start()

    def ask(self, name: str, job: Job, *, slot: str = "", first: bool = False) -> None:
        """Do `job` later; its result is posted. `slot` replaces a waiting job of that slot; `first` jumps the queue."""
        with self._wake:
            if self._closed:
                return
            if slot:
                self._jobs = deque(w for w in self._jobs if w.slot != slot)
            waiting = _Waiting(name, slot, job)
            self._jobs.appendleft(waiting) if first else self._jobs.append(waiting)
            self._wake.notify()

    @property
    def idle(self) -> bool:
        """True where nothing waits and nothing is being done."""
        with self._wake:
            return not self._jobs and not self._busy

    def close(self, timeout: float) -> bool:
        """Finish what waits, take nothing more; True where that was done within `timeout` seconds."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while True:
            with self._wake:
                self._busy = False
                while not self._jobs:
                    if self._closed:
                        return
                    self._wake.wait()
                waiting = self._jobs.popleft()
                self._busy = True
            result = run(waiting.name, waiting.job)
            if result is not None:
                self._post(result)


def run(name: str, job: Job) -> object:
    """Do a job and return its result; an error becomes `Failed`, nothing escapes."""
    try:
        return job()
    except PrintModelsError as error:
        return Failed(name, error.what, in_app(error.remedy))
    except Exception as error:
        return Failed(
            name,
            f"Something unforeseen went wrong: {type(error).__name__}: {safe(str(error))}.",
            "Try it on the command line with --debug, and report what it prints.",
        )
