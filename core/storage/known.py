"""Which pictures and models the repository knows: the one answer to “is this new?” that every price is made of.

What always holds: the answer is that of all pointers of all refs and of HEAD, whatever lies in the work tree. It is
kept in `.print-models/` beside the refs it was true for, so that only commits made since are walked; a copy that is
damaged or of other refs is made anew. Called by the draft, and with it by header, status, storage and release.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from core.durable import atomic_write
from core.errors import PrintModelsError
from core.process import ProcessFailed
from core.storage.git import Git
from core.storage.walk import boundary, pointers_of
from core.workspace import Workspace

_FILE = "known-objects.json"


class _Known(msgspec.Struct):
    """Objects (oid → bytes) that the commits `tips` and all before them hold, as far as a `shallow` clone goes back."""

    tips: list[str]
    oids: dict[str, int]
    shallow: str = ""


_remembered: dict[Path, _Known] = {}


def tips(workspace: Workspace) -> tuple[list[str], str]:
    """Return all that decides what is known: the commits of all refs and of HEAD, and where a shallow history ends."""
    git = Git(workspace.root)
    told = git.ask("show-ref", "--head", "--hash", check=False).text.split()
    return sorted(set(told)), boundary(git)


def known_objects(workspace: Workspace) -> Mapping[str, int]:
    """Return oid → bytes of every Git LFS object in any commit; none where there is no repository."""
    git = Git(workspace.root)
    try:
        shown, shallow = tips(workspace)
        if not shown:
            return {}
        known = _remembered.get(workspace.root) or _load(workspace)
        if known is not None and known.shallow and known.shallow != shallow:
            known = None
        if known is None or known.tips != shown:
            known = _Known(shown, _walked(git, known, shown), shallow)
            _keep(workspace, known)
    except PrintModelsError:  # no git, or a repository that can't be read: the notices of status say so
        return {}
    _remembered[workspace.root] = known
    return known.oids


def _walked(git: Git, known: _Known | None, tips: list[str]) -> dict[str, int]:
    if known is not None:
        gone = sorted(set(known.tips) - set(tips))
        added = sorted(set(tips) - set(known.tips))
        try:
            if not gone or not git.ask("rev-list", "--max-count=1", *gone, "--not", *tips).text:
                later = pointers_of(git, [*added, "--not", *known.tips]) if added else set()
                return {**known.oids, **{pointer.oid: pointer.size for pointer in later}}
        except ProcessFailed:  # commits that were known are gone for good: all is walked again
            pass
    return {pointer.oid: pointer.size for pointer in pointers_of(git, tips)}


def _load(workspace: Workspace) -> _Known | None:
    try:
        return msgspec.json.decode((workspace.cache / _FILE).read_bytes(), type=_Known)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _keep(workspace: Workspace, known: _Known) -> None:
    """Keep it for the next program; a workspace that nothing was written to yet stays as it is."""
    if not workspace.private.is_dir():
        return
    try:
        workspace.cache.mkdir(exist_ok=True)
        atomic_write(workspace.cache / _FILE, msgspec.json.encode(known))
    except (OSError, PrintModelsError):  # a full or read-only disk: it is walked again next time
        return
