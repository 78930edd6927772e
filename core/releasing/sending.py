"""The objects of a release on their way: asked for, sent by git-lfs, and proven where they went.

What always holds: what is sent goes to the very address that was shown, whatever a `.lfsconfig` says; nothing is sent
that is not right here; a cut is gone on from, and a server that moves nothing for a minute is left. Nothing of a branch or
tag is pushed here. Called by the push of a release.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import Lacking, NotProven, PrintModelsError
from core.human import plural, size
from core.process import ProcessFailed
from core.progress import CancelToken, Progress, Report
from core.releasing import trouble
from core.releasing.rejected import reason
from core.storage.depot import Behind, Folder, Proof, depot
from core.storage.git import Git
from core.storage.lfs import Fault, Pointer, store_of
from core.text import safe

#: Seconds in which an upload has to move; rests before it is tried again.
STALL = 60.0
RESTS = (1.0, 3.0)
#: Short patience for git-lfs too, and no questions about locks: no image is ever locked.
_PATIENCE = {
    "lfs.dialtimeout": "10",
    "lfs.tlstimeout": "10",
    "lfs.keepalive": "10",
    "lfs.activitytimeout": "30",
    "lfs.transfer.maxretries": "1",
    "lfs.transfer.maxretrydelay": "4",
    "lfs.locksverify": "false",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a release goes: the remote, its address for git and for LFS objects, the branch here and there.

    `again` is the command that tries the push once more; `proof` how new objects are proven there.
    """

    remote: str
    url: str
    lfs_url: str
    branch: str
    ref: str
    again: str
    proof: Proof = "full"


def pinned(url: str) -> dict[str, str]:
    """Return the environment in which git-lfs uses that address for objects and no other."""
    given = {**_PATIENCE, **({"lfs.url": url, "lfs.pushurl": url} if "://" in url else {})}
    env = {"GIT_CONFIG_COUNT": str(len(given))}
    for number, (key, value) in enumerate(given.items()):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env


def send(
    git: Git,
    target: Target,
    whole: Sequence[Pointer],
    fresh: Sequence[Pointer],
    report: Report,
    cancel: CancelToken | None,
    enter: Callable[[str], None],
) -> None:
    """Upload what is lacking of `whole` and prove all of it there; the bytes of `fresh` by reading where that is the proof.

    Raises NotProven.
    """
    report(Progress("uploading objects", 0, len(whole)))
    there = depot(git, target.lfs_url, target.ref, cancel)
    try:
        lacking = there.wants(whole)
        if isinstance(there, Folder):
            _room(git, target, there, lacking)
        _right_here(git, target, lacking)
        _upload(git, target, there, lacking, report, cancel)
        enter("prove")
        _prove(git, target, there, whole, fresh, report)
    except Lacking as error:
        raise refused(target, error) from error


def _upload(
    git: Git,
    target: Target,
    there: Folder | Behind,
    lacking: Sequence[Pointer],
    report: Report,
    cancel: CancelToken | None,
) -> None:
    """Let git-lfs send them, again where the connection was cut: what arrived is not sent a second time."""
    for rest in (*RESTS, None):
        if not lacking:
            return
        try:
            with Moving(target.remote, "uploading objects", report, cancel) as moving:
                env = moving.env if isinstance(there, Behind) else {}
                git.lfs_push(
                    target.remote,
                    [pointer.oid for pointer in lacking],
                    env={**pinned(target.lfs_url), **env},
                    look=moving.look,
                )
            return
        except ProcessFailed as error:
            if rest is None or isinstance(there, Folder) or not _may_pass(error):
                raise _not_uploaded(git, target, error) from error
            (cancel or CancelToken()).rest(rest)
        lacking = there.wants(lacking)


def _prove(
    git: Git,
    target: Target,
    there: Folder | Behind,
    whole: Sequence[Pointer],
    fresh: Sequence[Pointer],
    report: Report,
) -> None:
    step = f"proving objects on {target.remote}"
    read = sorted(fresh if isinstance(there, Behind) else whole) if target.proof == "full" else []
    report(Progress(step, 0, len(read) or None))
    faults = there.absent(sorted(set(whole) - set(read)))
    faults += there.faults(read, lambda done: report(Progress(step, done, len(read))))
    if faults:
        raise _unproven(git, target, sorted(faults, key=lambda fault: fault.pointer), there)


class Moving:
    """Watches git-lfs at work by the file in which it tells how far it is; use it as a context.

    `look` reports, and raises Cancelled, or Lacking where nothing moved for `STALL` seconds.
    """

    def __init__(self, remote: str, step: str, report: Report, cancel: CancelToken | None) -> None:
        self._remote, self._step, self._report, self._cancel = remote, step, report, cancel
        self._folder = tempfile.TemporaryDirectory(prefix="print-models-")
        self._file = Path(self._folder.name) / "progress"
        self._seen, self._since = 0, time.monotonic()
        self.env: Mapping[str, str] = {"GIT_LFS_PROGRESS": str(self._file)}
        self._watching = False

    def __enter__(self) -> Moving:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def look(self) -> None:
        if self._cancel is not None:
            self._cancel.check()
        try:
            told = self._file.read_bytes()
        except OSError:
            told = b""
        if len(told) != self._seen:
            self._seen, self._since = len(told), time.monotonic()
            if far := re.findall(rb"^\w+ (\d+)/(\d+) ", told, re.MULTILINE):
                self._report(Progress(self._step, int(far[-1][0]), int(far[-1][1])))
        elif time.monotonic() - self._since > STALL:
            raise Lacking(
                f"{safe(self._remote)} moved nothing for {STALL:.0f} seconds; git-lfs was stopped.",
                "Look at the network.",
            )


def _right_here(git: Git, target: Target, lacking: Sequence[Pointer]) -> None:
    """Raise NotProven where an object that is to be sent is missing here or has other bytes: no server looks at that."""
    store = store_of(git.root)
    for pointer in lacking:
        if what := store.fault(pointer):
            name = pointer.oid.removeprefix("sha256:")[:12]
            raise NotProven(
                f"The object {name} {'is missing' if what == 'missing' else what} on this machine; nothing was sent.",
                f"Get it back (git lfs fetch --all, or git lfs fsck), then again: {target.again}",
            )


def _room(git: Git, target: Target, there: Folder, wanted: list[Pointer]) -> None:
    """Raise NotProven where a folder on another disk has no room; on this disk git-lfs links what is here already."""
    store = there.store
    if trouble.nearest(store.folder).stat().st_dev == git.root.stat().st_dev:
        return
    if (short := trouble.too_little(store, wanted)) is not None:
        raise NotProven(
            f"{safe(target.remote)} has {size(short[1])} free, the objects need {size(short[0])}; nothing was sent.",
            f"Free {size(short[0] - short[1])} there, then again: {target.again}",
        )


def _may_pass(error: ProcessFailed) -> bool:
    """True where git-lfs was cut off or told to come again; a status that stays is not tried again."""
    from core.storage.lfs_http import passing

    codes = _codes(error)
    return all(passing(code) for code in codes)


#: What git-lfs says in place of a status.
_WORDS = {
    "authentication required": 401,
    "authorization error": 403,
    "repository or object not found": 404,
    "rate limit exceeded": 429,
    "insufficient server storage": 507,
    "bandwidth limit exceeded": 509,
}


def _codes(error: ProcessFailed) -> list[int]:
    """Return the statuses that git-lfs was answered with, as far as its words tell."""
    said = f"{error.detail}\n{error.completed.text}"
    told = [int(code) for code in re.findall(r"\b(?:HTTP|status code:?|code:) ?([45]\d\d)\b", said)]
    return told + [code for word, code in _WORDS.items() if word in said.lower()]


def _not_uploaded(git: Git, target: Target, error: ProcessFailed) -> PrintModelsError:
    from core.storage.lfs_http import Said

    if gone := trouble.without_lfs(git, "no object was sent"):
        return gone
    for code in _codes(error):
        return refused(target, Said(target.lfs_url, code, error.detail))
    full = trouble.no_room(error)
    return NotProven(
        f"The objects could not be uploaded to {safe(target.remote)}: {reason(error)}.",
        f"{f'Free some room on the disk of {safe(target.remote)}' if full else 'Mend that'}, "
        f"then again: {target.again}",
        detail=error.detail,
    )


def refused(target: Target, error: PrintModelsError) -> NotProven:
    """Return that a remote did not take or show what it should, with what to do and how it goes on."""
    from core.storage.lfs_http import Said

    over = isinstance(error, Said) and error.quota
    again = "print-models release --resume" if over else target.again
    return NotProven(
        f"{safe(target.remote)}: {error.what}", f"{error.remedy} Then again: {again}", detail=error.detail
    )


def _unproven(git: Git, target: Target, faults: Sequence[Fault], there: Folder | Behind) -> NotProven:
    first = faults[0]
    name = first.pointer.oid.removeprefix("sha256:")
    missing = first.what.startswith("missing")
    place = safe(there.store.path(first.pointer.oid)) if isinstance(there, Folder) else f"the object {name}"
    return NotProven(
        f"{plural(len(faults), 'object')} {'is' if len(faults) == 1 else 'are'} not right on {safe(target.remote)}: "
        f"{name[:12]} {'is missing' if missing else first.what}. Branch and tag were not pushed.",
        f"{_of_missing(git, target, first.pointer)} Then again: {target.again}"
        if missing
        else f"Delete {place} there, since it is never replaced; then again: {target.again}",
        detail="\n".join(f"{fault.pointer.oid} {fault.what}" for fault in faults),
    )


def _of_missing(git: Git, target: Target, pointer: Pointer) -> str:
    """Say what helps where a remote does not give an object out that it took, or said it has."""
    if store_of(git.root).has(pointer):
        remote = safe(target.remote)
        return f"It is safe here; {remote} said that it has it, and does not give it out: ask who keeps {remote}."
    return "Get it here first: git lfs fetch --all."
