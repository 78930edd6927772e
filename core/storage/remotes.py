"""A remote, asked: can one read there, would a push be taken, does Git LFS answer?

What always holds: nothing is pushed, uploaded or written, here or there; nothing prompts; each question has a time
limit; a password in an address is never shown. Called by `doctor --remote`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import Lacking, PrintModelsError
from core.human import plural
from core.process import ProcessFailed, run
from core.storage.git import Git
from core.storage.lfs import LOGIN, remote_folder, remote_store
from core.storage.reading import flags
from core.text import address, safe

_SECONDS = 20.0
#: What a `.lfsconfig` can say so that git-lfs passes over objects in silence.
_LEAVING_OUT = ("lfs.fetchexclude", "lfs.fetchinclude", "lfs.allowincompletepush", "lfs.skipdownloaderrors")


@dataclass(frozen=True, slots=True)
class Answer:
    """One question to a remote: `id` is read, push or lfs; `fine` whether the answer lets one go on."""

    id: str
    fine: bool
    text: str
    remedy: str = ""


def ask(root: Path, named: str | None = None) -> Iterator[Answer]:
    """Ask a remote: the one named, else the branch's own, else origin, else the only one. Raises Lacking for none."""
    git = Git(root)
    name = _chosen(git, named)
    url = git.line("remote", "get-url", "--push", name) or ""
    read = _read(git, name, url)
    yield read
    if not read.fine:
        return
    yield _push(git, name, url)
    yield _lfs(git, lfs_address(git, name) or url)


def _chosen(git: Git, named: str | None) -> str:
    names = (git.line("remote") or "").split("\n")
    own = git.line("config", f"branch.{git.branch() or ''}.remote")
    for name in (named, own, "origin", names[0] if len(names) == 1 else None):
        if name and name in names:
            return name
        if name and name == named:
            break
    known = (
        f"There are: {safe(', '.join(names))}." if names != [""] else "Add one: git remote add origin ADDRESS"
    )
    raise Lacking(
        f"There is no remote “{safe(named, limit=60)}”." if named else "There is no remote to ask.", known
    )


def lfs_address(git: Git, remote: str) -> str | None:
    """Return an address of its own that LFS objects of a remote go to, from git's settings or .lfsconfig.

    In the order of git-lfs, so that a push goes where others look for the objects.
    """
    for key in ("lfs.pushurl", "lfs.url", f"remote.{remote}.lfspushurl", f"remote.{remote}.lfsurl"):
        for where in ((), ("--file", str(git.root / ".lfsconfig"))):
            if where and not (git.root / ".lfsconfig").is_file():
                continue
            told = git.line("config", *where, key)
            if told:
                return told
    return None


def overruled(git: Git) -> str:
    """Say what a `.lfsconfig` of the repository would leave out and a release takes along even so; '' for nothing."""
    if not (git.root / ".lfsconfig").is_file():
        return ""
    told = (git.line("config", "--file", str(git.root / ".lfsconfig"), "--list") or "").splitlines()
    found = [line for line in told if line.partition("=")[0] in _LEAVING_OUT]
    if not found:
        return ""
    return (
        f".lfsconfig would leave objects out ({safe(', '.join(found), limit=120)}); a release overrules that."
    )


# --- git --------------------------------------------------------------------------------------------------------


def _read(git: Git, name: str, url: str) -> Answer:
    try:
        refs = git.ask("ls-remote", name, timeout=_SECONDS).text.splitlines()
    except PrintModelsError as error:
        reason, remedy = why(error)
        return Answer("read", False, f"{safe(name)} ({address(url)}) can't be read: {reason}.", remedy)
    branches = sum("\trefs/heads/" in ref for ref in refs)
    tags = sum("\trefs/tags/" in ref and not ref.endswith("^{}") for ref in refs)
    said = f"{plural(branches, 'branch', 'branches')}, {plural(tags, 'tag')}"
    return Answer("read", True, f"{safe(name)} ({address(url)}) can be read: {said}")


def _push(git: Git, name: str, url: str) -> Answer:
    """Try a push of the branch that sends nothing; --no-verify, since the hook of git-lfs would upload even then."""
    folder = remote_folder(url, git.root)
    if folder is not None and (locked := _not_writable(folder)):
        return Answer("push", False, f"{safe(locked)} can't be written.", "Check who owns it: ls -ld")
    if git.head() is None:
        return Answer("push", True, "There is no commit to push yet.")
    ref = f"HEAD:refs/heads/{git.branch() or 'print-models-try'}"
    words = ["push", "--dry-run", "--no-verify", "--porcelain", name, ref]
    try:
        done = run(["git", *flags(), *words], cwd=git.root, timeout=_SECONDS, check=False)
    except PrintModelsError as error:
        return Answer("push", False, f"A push can't be tried: {error.what}", error.remedy)
    if done.code == 0:
        return Answer("push", True, "a push of this branch would be taken, as far as can be asked")
    turned = next((line for line in done.text.splitlines() if line.startswith("!")), "")
    if "rejected" in turned:
        told = re.search(r"\(([^)]*)\)\s*$", turned)
        reason = f" ({safe(told[1], limit=80)})" if told else ""
        return Answer(
            "push",
            False,
            f"A push of this branch would be refused{reason}.",
            "Get what is there first: git pull",
        )
    why_not, remedy = why(ProcessFailed(done))
    return Answer("push", False, f"A push would be refused: {why_not}.", remedy)


def _not_writable(folder: Path) -> Path | None:
    """Return the first folder of a repository that a push writes to and can't be written, None where all can."""
    base = folder / ".git" if (folder / ".git").is_dir() else folder
    places = (base, base / "objects", base / "refs", base / "lfs", base / "lfs" / "objects")
    return next((place for place in places if place.is_dir() and not os.access(place, os.W_OK)), None)


def why(error: PrintModelsError) -> tuple[str, str]:
    """Return the reason why a remote can't be asked, as the end of a sentence, and what to do, from git's own words."""
    said = f"{error.what} {error.detail}".lower()
    if "authentication failed" in said or "could not read username" in said or "returned error: 401" in said:
        return "it asks for a login that git has not stored", LOGIN
    if "permission denied" in said or "returned error: 403" in said:
        return "permission was denied", "Ask its owner for access, or check which key or login is used."
    if "host key verification failed" in said:
        return "its host key is not known here", "Connect once by hand and compare the key: ssh HOST"
    if "does not appear to be a git repository" in said or "not found" in said or "does not exist" in said:
        return "there is no repository at that address", "Correct it: git remote set-url NAME ADDRESS"
    if (
        "did not answer within" in said
        or "timed out" in said
        or "could not resolve" in said
        or "connect to" in said
        or "operation too slow" in said
    ):
        return "it does not answer", "Look at the network; labelling and releasing work without it."
    return error.what.removeprefix("git ls-remote failed: ").rstrip(
        "."
    ), error.remedy or "Look at its address."


# --- Git LFS ----------------------------------------------------------------------------------------------------


def _lfs(git: Git, url: str) -> Answer:
    if remote_folder(url, git.root) is not None:
        return _lfs_folder(git, url)
    from core.storage.depot import proof_for
    from core.storage.lfs_http import Said
    from core.storage.lfs_server import Server

    server = Server(git, url)
    try:
        base, answer = server.base(), server.tried()
    except PrintModelsError as error:
        return Answer("lfs", False, error.what, error.remedy)
    if answer.code == 200 and "objects" in answer.told:
        how = (
            "read there again and hashed"
            if proof_for(url, git.root) == "full"
            else "asked for by presence and size"
        )
        return Answer("lfs", True, f"Git LFS answers at {address(base)}; what a release sends is {how}")
    said = Said(base, answer.code if answer.code != 200 else 422, answer.message)
    return Answer("lfs", False, said.what, said.remedy)


def _lfs_folder(git: Git, url: str) -> Answer:
    try:
        store = remote_store(url, git.root)
    except PrintModelsError as error:
        return Answer("lfs", False, error.what, error.remedy)
    near = next(folder for folder in (store.folder, *store.folder.parents) if folder.is_dir())
    if not os.access(near, os.W_OK):
        return Answer("lfs", False, f"{safe(near)} can't be written.", "Check who owns it: ls -ld")
    same = os.stat(near).st_dev == os.stat(git.root).st_dev
    note = "; it is on the same disk as this clone, so it is no backup" if same else ""
    return Answer("lfs", True, f"images and models go to {safe(store.folder)}{note}")
