"""A remote, asked: can one read there, would a push be taken, does Git LFS answer?

What always holds: nothing is pushed, uploaded or written, here or there; nothing prompts; each question has a time
limit; a password in an address is never shown. Called by `doctor --remote`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import Lacking, PrintModelsError
from core.human import plural
from core.process import ProcessFailed, environment, run
from core.storage.git import Git
from core.storage.lfs import remote_folder, remote_store
from core.storage.reading import flags
from core.text import address, safe

_SECONDS = 20.0
_BATCH = "application/vnd.git-lfs+json"
#: An object that is nowhere: asked for, so that a server has to answer and has nothing to give.
_NOWHERE = {"oid": "0" * 63 + "1", "size": 1}
_LOGIN = "Store a login for it with git's credential helper, or use an ssh address."


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
    """Return an address of its own that LFS objects of a remote go to, from git's settings or .lfsconfig."""
    for key in (f"remote.{remote}.lfspushurl", "lfs.pushurl", f"remote.{remote}.lfsurl", "lfs.url"):
        for where in ((), ("--file", str(git.root / ".lfsconfig"))):
            if where and not (git.root / ".lfsconfig").is_file():
                continue
            told = git.line("config", *where, key)
            if told:
                return told
    return None


# --- git --------------------------------------------------------------------------------------------------------


def _read(git: Git, name: str, url: str) -> Answer:
    try:
        refs = git.ask("ls-remote", name, timeout=_SECONDS).text.splitlines()
    except PrintModelsError as error:
        why, remedy = _why(error)
        return Answer("read", False, f"{safe(name)} ({address(url)}) can't be read: {why}.", remedy)
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
        why = re.search(r"\(([^)]*)\)\s*$", turned)
        reason = f" ({safe(why[1], limit=80)})" if why else ""
        return Answer(
            "push",
            False,
            f"A push of this branch would be refused{reason}.",
            "Get what is there first: git pull",
        )
    why_not, remedy = _why(ProcessFailed(done))
    return Answer("push", False, f"A push would be refused: {why_not}.", remedy)


def _not_writable(folder: Path) -> Path | None:
    """Return the first folder of a repository that a push writes to and can't be written, None where all can."""
    base = folder / ".git" if (folder / ".git").is_dir() else folder
    places = (base, base / "objects", base / "refs", base / "lfs", base / "lfs" / "objects")
    return next((place for place in places if place.is_dir() and not os.access(place, os.W_OK)), None)


def _why(error: PrintModelsError) -> tuple[str, str]:
    """Return a reason in one sentence and what to do, from git's own words."""
    said = f"{error.what} {error.detail}".lower()
    if "authentication failed" in said or "could not read username" in said or "401" in said:
        return "it asks for a login that git has not stored", _LOGIN
    if "permission denied" in said or "403" in said:
        return "permission was denied", "Ask its owner for access, or check which key or login is used."
    if "host key verification failed" in said:
        return "its host key is not known here", "Connect once by hand and compare the key: ssh HOST"
    if "does not appear to be a git repository" in said or "not found" in said or "does not exist" in said:
        return "there is no repository at that address", "Correct it: git remote set-url NAME ADDRESS"
    if "did not answer within" in said or "timed out" in said or "could not resolve" in said:
        return "it does not answer", "Look at the network; labelling and releasing work without it."
    return error.what.removeprefix("git ls-remote failed: ").rstrip(
        "."
    ), error.remedy or "Look at its address."


# --- Git LFS ----------------------------------------------------------------------------------------------------


def _lfs(git: Git, url: str) -> Answer:
    if remote_folder(url, git.root) is not None:
        return _lfs_folder(git, url)
    try:
        base, headers = _endpoint(git, url)
        code, said = _batch(base, headers)
        if code == 401 and not headers:
            login = _login(git, base)
            if not login:
                return Answer("lfs", False, f"Git LFS at {address(base)} asks for a login.", _LOGIN)
            code, said = _batch(base, login)
    except PrintModelsError as error:
        return Answer("lfs", False, error.what, error.remedy)
    if code == 200 and "objects" in said:
        return Answer(
            "lfs",
            True,
            f"Git LFS answers at {address(base)}; release can prove what it pushed on folders only so far",
        )
    word = safe(str(said.get("message", "")), limit=120)
    reason = f"{code}{f' ({word})' if word else ''}"
    remedy = _LOGIN if code in (401, 403) else "Is Git LFS switched on for this repository there?"
    return Answer("lfs", False, f"Git LFS at {address(base)} answers {reason}.", remedy)


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


def _endpoint(git: Git, url: str) -> tuple[str, dict[str, str]]:
    """Return the address of the LFS server behind a remote's, and the headers that let one in. Raises Lacking."""
    if url.startswith(("http://", "https://")):
        if "/info/lfs" in url:
            return url.rstrip("/"), {}
        bare = url.rstrip("/")
        return f"{bare if bare.endswith('.git') else bare + '.git'}/info/lfs", {}
    found = re.fullmatch(r"ssh://(?P<host>[^/:]+)(?::(?P<port>[0-9]+))?/(?P<path>.+)", url) or re.fullmatch(
        r"(?P<host>[^/:]+):(?P<path>.+)", url
    )
    if found is None:
        raise Lacking(f"{address(url)} is no address whose Git LFS can be asked.", "Use https or ssh.")
    port = ["-p", found["port"]] if found.groupdict().get("port") else []
    ssh = shlex.split(environment()["GIT_SSH_COMMAND"])
    words = [*ssh, *port, "--", found["host"], f"git-lfs-authenticate {shlex.quote(found['path'])} download"]
    done = run(words, cwd=git.root, timeout=_SECONDS, check=False)
    try:
        said = json.loads(done.text)
        return str(said["href"]).rstrip("/"), {str(k): str(v) for k, v in said.get("header", {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Lacking(
            f"{safe(found['host'])} does not tell over ssh where its Git LFS is.",
            "Git LFS may not be switched on there; ask its owner.",
            detail=done.err,
        ) from error


def _batch(base: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Ask for an object that is nowhere; return the status and the answer. Raises Lacking where nobody answers."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    body = json.dumps({"operation": "download", "transfers": ["basic"], "objects": [_NOWHERE]}).encode()
    given = {"Accept": _BATCH, "Content-Type": _BATCH, **headers}
    request = Request(f"{base}/objects/batch", data=body, headers=given, method="POST")
    try:
        try:
            with urlopen(request, timeout=_SECONDS) as answer:
                code, data = int(answer.status), answer.read(1 << 20)
        except HTTPError as error:
            code, data = error.code, error.read(1 << 20)
    except (OSError, ValueError, HTTPException) as error:
        raise Lacking(
            f"Git LFS at {address(base)} does not answer: {safe(str(getattr(error, 'reason', error)), limit=120)}.",
            "Look at the network and the address.",
        ) from error
    try:
        said = json.loads(data)
    except ValueError:
        said = {}
    return code, said if isinstance(said, dict) else {}


def _login(git: Git, base: str) -> dict[str, str]:
    """Return the header of a login that git has stored for an address, {} where it has none."""
    from base64 import b64encode

    asked = run(
        ["git", "credential", "fill"],
        cwd=git.root,
        stdin=f"url={base}\n\n".encode(),
        env={"GCM_INTERACTIVE": "never"},
        timeout=_SECONDS,
        check=False,
    )
    told = dict(line.split("=", 1) for line in asked.text.splitlines() if "=" in line)
    if asked.code or not told.get("username") or not told.get("password"):
        return {}
    pair = b64encode(f"{told['username']}:{told['password']}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
