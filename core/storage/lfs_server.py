"""A remote's Git LFS server: what it has of some objects, whether it would take them, and their bytes, read and hashed.

What always holds: nothing is uploaded here (git-lfs does that); nothing prompts, a login is what git has stored or what
ssh hands out; what is believed are bytes whose hash was computed here. Called by the release's proof, fetch and doctor.
"""

from __future__ import annotations

import hashlib
import json
import queue
import re
import shlex
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from core.errors import Cancelled, Lacking, PrintModelsError
from core.process import environment, run
from core.progress import CancelToken
from core.storage import lfs_http
from core.storage.git import Git
from core.storage.lfs import Fault, Pointer
from core.storage.lfs_http import Said
from core.text import address, safe

_SECONDS = 10.0
#: So many objects in one question, as hosts ask for it; and so many read at once.
_MANY, _HANDS = 100, 4


@dataclass(frozen=True, slots=True)
class _Found:
    """What a server says of one object: the way to it or `error`; `size` as it has it."""

    pointer: Pointer
    error: tuple[int, str] | None = None
    size: int | None = None
    href: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Door:
    base: str
    headers: dict[str, str]


class Server:
    """The LFS server behind a remote's address `url`. `cancel` ends every wait."""

    def __init__(self, git: Git, url: str, cancel: CancelToken | None = None) -> None:
        self.url = url
        self._git, self._cancel = git, cancel
        self._doors: dict[str, _Door] = {}

    def wants(self, pointers: Sequence[Pointer], ref: str) -> list[Pointer]:
        """Return those it would take an upload of, since it lacks them. Raises Said where it would not, naming why."""
        wanted = []
        for found in self._ask("upload", pointers, ref):
            if found.error is not None:
                raise Said(self._door("upload").base, *found.error)
            if found.href:
                wanted.append(found.pointer)
        return wanted

    def absent(self, pointers: Sequence[Pointer]) -> list[Fault]:
        """Return what it lacks, by its own word: nothing is downloaded. Raises Said."""
        return [
            Fault(found.pointer, what) for found in self._ask("download", pointers) if (what := _what(found))
        ]

    def faults(self, pointers: Sequence[Pointer], done: Callable[[int], None]) -> list[Fault]:
        """Download these objects and hash them; return what is wrong. `done` is told how many are. Raises Said, Cancelled."""
        wrong: list[Fault] = []
        ended = 0
        for at in range(0, len(pointers), _MANY):
            found = list(self._ask("download", pointers[at : at + _MANY]))
            for fault in _at_once(found, self._fault, self._cancel):
                ended += 1
                done(ended)
                if fault is not None:
                    wrong.append(fault)
        return sorted(wrong, key=lambda fault: fault.pointer)

    def _fault(self, found: _Found, stop: Callable[[], bool]) -> Fault | None:
        """Read one object; a server in trouble is asked again."""
        if what := _what(found):
            return Fault(found.pointer, what)
        for rest in (*lfs_http.RESTS, None):
            hashed = hashlib.sha256()
            headers = self._for(found)
            try:
                came = lfs_http.bytes_of(found.href, headers, found.pointer.size, hashed.update, stop)
            except Said as error:
                if error.code in (404, 410):
                    return Fault(found.pointer, "missing")
                if rest is None or not error.passing:
                    raise
                (self._cancel or CancelToken()).rest(rest)
                continue
            if came != found.pointer.size:
                shown = f"more than {found.pointer.size}" if came > found.pointer.size else str(came)
                return Fault(found.pointer, f"has {shown} bytes instead of {found.pointer.size}")
            same = f"sha256:{hashed.hexdigest()}" == found.pointer.oid
            return None if same else Fault(found.pointer, "has other bytes than its name says")
        raise AssertionError("the last of the rests ends it")

    def _for(self, found: _Found) -> dict[str, str]:
        """Return the headers of a download: its own, or the login where it lies on the very host that asked for it."""
        door = self._door("download")
        if found.headers or urlsplit(found.href).netloc != urlsplit(door.base).netloc:
            return dict(found.headers)
        return dict(door.headers)

    def tried(self) -> lfs_http.Answer:
        """Ask for an object that is nowhere, and return what the server says to that. Raises Said, Lacking."""
        nowhere = [Pointer("sha256:" + "0" * 63 + "1", 1)]
        answer = self._batch("download", nowhere)
        return (
            lfs_http.Answer(200, {"objects": []}) if answer.code == 404 and self._takes(nowhere) else answer
        )

    def _takes(self, pointers: Sequence[Pointer]) -> bool:
        """True where it would take an upload of these: some say 404 where they have none of the objects asked for."""
        return self._batch("upload", pointers).code == 200

    def base(self) -> str:
        """Return the address of its LFS interface. Raises Lacking."""
        return self._door("download").base

    # --- asking -------------------------------------------------------------------------------------------------

    def _ask(self, operation: str, pointers: Sequence[Pointer], ref: str = "") -> Iterator[_Found]:
        for at in range(0, len(pointers), _MANY):
            asked = pointers[at : at + _MANY]
            answer = self._batch(operation, asked, ref)
            if answer.code == 404 and operation == "download" and self._takes(asked):
                yield from (_Found(pointer) for pointer in asked)
                continue
            if answer.code != 200 or not isinstance(answer.told.get("objects"), list):
                code = answer.code if answer.code != 200 else 422
                raise Said(self._door(operation).base, code, answer.message)
            told = {
                one["oid"]: one for one in answer.told["objects"] if isinstance(one, dict) and "oid" in one
            }
            for pointer in asked:
                yield _found(pointer, told.get(pointer.oid.removeprefix("sha256:")), operation)

    def _batch(self, operation: str, pointers: Sequence[Pointer], ref: str = "") -> lfs_http.Answer:
        door = self._door(operation)
        objects = [{"oid": p.oid.removeprefix("sha256:"), "size": p.size} for p in pointers]
        asked: dict[str, Any] = {
            "operation": operation,
            "transfers": ["basic"],
            "hash_algo": "sha256",
            "objects": objects,
        }
        if ref:
            asked["ref"] = {"name": ref}
        url = f"{door.base}/objects/batch"
        answer = lfs_http.post(url, asked, door.headers, self._cancel)
        if answer.code == 401 and "Authorization" not in door.headers and (login := self._login(door.base)):
            door.headers |= login
            answer = lfs_http.post(url, asked, door.headers, self._cancel)
        return answer

    def _door(self, operation: str) -> _Door:
        """Return where to ask and the headers that let one in. Raises Lacking where the address is of another kind."""
        if operation not in self._doors:
            if self.url.startswith(("http://", "https://")):
                base, headers = _plain(self.url)
                extra = self._git.line("config", "--get-urlmatch", "http.extraheader", base) or ""
                name, colon, value = extra.partition(":")
                self._doors[operation] = _Door(
                    base, {**({name.strip(): value.strip()} if colon else {}), **headers}
                )
            else:
                self._doors[operation] = self._over_ssh(operation)
        return self._doors[operation]

    def _over_ssh(self, operation: str) -> _Door:
        """Let ssh tell where the objects are, as git-lfs does."""
        url = self.url
        found = re.fullmatch(
            r"ssh://(?P<host>[^/:]+)(?::(?P<port>[0-9]+))?/(?P<path>.+)", url
        ) or re.fullmatch(r"(?P<host>[^/:]+):(?P<path>.+)", url)
        if found is None or found["host"].startswith("-"):
            raise Lacking(f"{address(url)} is no address whose Git LFS can be asked.", "Use https or ssh.")
        port = ["-p", found["port"]] if found.groupdict().get("port") else []
        told = environment(self._git.ssh(["lfs"]))
        ssh = shlex.split(told["GIT_SSH_COMMAND"]) if "GIT_SSH_COMMAND" in told else [told["GIT_SSH"]]
        command = f"git-lfs-authenticate {shlex.quote(found['path'])} {operation}"
        words = [*ssh, *port, "--", found["host"], command]
        done = run(words, cwd=self._git.root, timeout=2 * _SECONDS, check=False, cancel=self._cancel)
        try:
            said = json.loads(done.text)
            return _Door(
                str(said["href"]).rstrip("/"), {str(k): str(v) for k, v in said.get("header", {}).items()}
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Lacking(
                f"{safe(found['host'])} does not tell over ssh where its Git LFS is.",
                "Connect once by hand (ssh HOST): a key, its passphrase or the host's key may be what is asked for; "
                "or Git LFS is not switched on there.",
                detail=done.err,
            ) from error

    def _login(self, base: str) -> dict[str, str]:
        """Return the header of a login that git has stored for an address, {} where it has none."""
        words = ["git", "credential", "fill"]
        given = f"url={base}\n\n".encode()
        try:
            asked = run(
                words, cwd=self._git.root, stdin=given, timeout=_SECONDS, check=False, cancel=self._cancel
            )
        except Cancelled:
            raise
        except PrintModelsError:  # a helper that wants to ask somebody is left without an answer
            return {}
        told = dict(line.split("=", 1) for line in asked.text.splitlines() if "=" in line)
        if asked.code or not told.get("username") or not told.get("password"):
            return {}
        return _basic(told["username"], told["password"])


def _basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def _plain(url: str) -> tuple[str, dict[str, str]]:
    """Return the LFS address behind an http one, without the login that it may hold, and that login as a header."""
    parts = urlsplit(url.rstrip("/"))
    user, _, host = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    path = parts.path
    if "/info/lfs" not in path:
        path = f"{path if path.endswith('.git') else path + '.git'}/info/lfs"
    headers = _basic(unquote(name), unquote(password)) if password else {}
    return urlunsplit((parts.scheme, host, path, "", "")), headers


def _found(pointer: Pointer, told: Mapping[str, Any] | None, operation: str) -> _Found:
    """Read what a server says of an object; whatever is not as the interface wants it counts as not there."""
    if told is None:
        return _Found(pointer)
    error = told.get("error")
    if isinstance(error, dict):
        code = error.get("code")
        return _Found(pointer, (code if isinstance(code, int) else 422, str(error.get("message", ""))))
    actions = told.get("actions")
    way = actions.get(operation) if isinstance(actions, dict) else None
    way = way if isinstance(way, dict) else {}
    headers = way.get("header")
    size = told.get("size")
    return _Found(
        pointer,
        size=size if isinstance(size, int) else None,
        href=str(way.get("href", "")),
        headers={str(k): str(v) for k, v in headers.items()} if isinstance(headers, dict) else {},
    )


def _what(found: _Found) -> str | None:
    """Return what is wrong with an object, as far as its server's word goes."""
    if found.error is not None:
        code, message = found.error
        return "missing" if code in (404, 410) else f"is not given ({code} {safe(message, limit=80)})"
    if not found.href:
        return "missing"
    if found.size is not None and found.size != found.pointer.size:
        return f"has {found.size} bytes instead of {found.pointer.size}"
    return None


def _at_once(
    todo: Sequence[_Found],
    work: Callable[[_Found, Callable[[], bool]], Fault | None],
    cancel: CancelToken | None,
) -> Iterator[Fault | None]:
    """Do some work on each with a few threads and give the results as they come. Raises the first error, Cancelled."""
    waiting: queue.SimpleQueue[_Found] = queue.SimpleQueue()
    ended: queue.SimpleQueue[Fault | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()
    for one in todo:
        waiting.put(one)

    def hand() -> None:
        while not stop.is_set():
            try:
                one = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                ended.put(work(one, stop.is_set))
            except BaseException as error:
                ended.put(error)

    for _ in range(min(_HANDS, len(todo))):
        threading.Thread(target=hand, name="reading from a server", daemon=True).start()
    try:
        for _ in todo:
            while True:
                if cancel is not None:
                    cancel.check()
                try:
                    found = ended.get(timeout=0.1)
                    break
                except queue.Empty:
                    continue
            if isinstance(found, BaseException):
                raise found
            yield found
    finally:
        stop.set()
