"""HTTP as a Git LFS server speaks it: one question with its answer, one object's bytes, and what a refusal means.

What always holds: every wait has an end and is left at once by who cancels; only 429 and 5xx are asked again, after a
rest; a login is sent to the host it is for and to no other; only http and https are followed. Called by
`core.storage.lfs_server`.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO, Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from core.errors import Cancelled, Lacking
from core.progress import CancelToken
from core.storage.lfs import LOGIN
from core.text import address, safe

MEDIA = "application/vnd.git-lfs+json"
#: Seconds: for a connection or the next bytes, for a whole answer, and for a question with all its repetitions.
SILENCE, ANSWER, ALL = 20.0, 30.0, 60.0
#: Rests before a question is repeated; a server may ask for one of its own, up to the longest here.
RESTS, LONGEST = (1.0, 2.0, 4.0), 10.0
#: A download that brings fewer bytes than this in `ALL` seconds is given up.
LEAST = 64 << 10
_QUOTA = re.compile(r"quota|storage limit|data pack|bandwidth limit|over its .*limit", re.IGNORECASE)

T = TypeVar("T")


class Said(Lacking):
    """What a server said no with: its status `code`, 0 where it did not answer; `quota` where it is about its plan."""

    def __init__(self, where: str, code: int, message: str = "") -> None:
        self.code = code
        self.quota = code == 509 or (code in (402, 403, 413, 422, 507) and bool(_QUOTA.search(message)))
        why, remedy = _meaning(code, self.quota)
        told = f" ({code}{': ' if message else ''}{safe(message, limit=120)})" if code else ""
        super().__init__(f"Git LFS at {address(where)} {why}{told}.", remedy, detail=message)

    @property
    def passing(self) -> bool:
        """True where it may be otherwise in a moment."""
        return passing(self.code) and not self.quota


def passing(code: int) -> bool:
    """True for a status that a server gives while it is busy or in trouble."""
    return code == 429 or (500 <= code < 600 and code not in (501, 505, 507, 509))


def _meaning(code: int, quota: bool) -> tuple[str, str]:
    """Return what a status means, as the end of a sentence, and what to do."""
    if quota:
        return (
            "refuses (quota): its plan is used up",
            "Free room there, or take a larger plan (storage shows what is kept).",
        )
    if passing(code) and code != 429:
        return "is in trouble", "Try again later; nothing is lost meanwhile."
    return {
        401: ("asks for a login that git has not stored", LOGIN),
        403: (
            "does not allow that to this login",
            "Ask its owner for the right to write, or store another login.",
        ),
        404: ("knows no such repository", "Correct its address, or switch Git LFS on for it there."),
        410: ("says that it is gone for good", "Ask its owner where it went, then correct the address."),
        413: ("takes no object of that size", "Raise the limit of the server, or of the proxy before it."),
        422: (
            "does not accept what it was asked",
            "Look into its log; it may check names or sizes of its own.",
        ),
        429: ("was asked too often", "Wait some minutes, then try again."),
        507: ("has no room left", "Free some room on the server."),
    }.get(code, ("can't be asked", "Is Git LFS switched on for this repository there?"))


def silent(where: str, why: str) -> Said:
    """Return that nobody answers, and why."""
    error = Said(where, 0)
    error.what = f"Git LFS at {address(where)} does not answer: {safe(why, limit=120)}."
    error.remedy = "Look at the network and the address; labelling and releasing work without it."
    error.args = (error.what,)
    return error


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer: status, the JSON object it sent ({} for anything else), and the rest it asks for in seconds."""

    code: int
    told: dict[str, Any] = field(default_factory=dict)
    rest: float = 0.0

    @property
    def message(self) -> str:
        return str(self.told.get("message", ""))


class _Careful(HTTPRedirectHandler):
    """Follows a redirection, but takes no login to another host and leaves the web for nothing else."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        found = super().redirect_request(req, fp, code, msg, headers, newurl)
        if found is not None:
            webbed(newurl)
            if urlsplit(newurl).netloc != urlsplit(req.full_url).netloc:
                found.remove_header("Authorization")
        return found


def webbed(url: str) -> str:
    """Return an address of the web. Raises Said for one of a file or another kind."""
    if not url.startswith(("http://", "https://")):
        raise Said(url, 422, "an address that is not of the web")
    return url


def opener() -> OpenerDirector:
    """Return what opens addresses here: proxies of the environment are used, redirections with care."""
    return build_opener(_Careful)


def post(
    url: str, asked: Mapping[str, Any], headers: Mapping[str, str], cancel: CancelToken | None
) -> Answer:
    """Ask a question and return the answer, whatever its status; 429 and 5xx are asked again. Raises Said for silence."""
    end = time.monotonic() + ALL
    for rest in (*RESTS, None):
        given = {"Accept": MEDIA, "Content-Type": MEDIA, **headers}
        request = Request(webbed(url), data=json.dumps(asked).encode(), headers=given, method="POST")
        try:
            within = min(ANSWER, max(1.0, end - time.monotonic()))
            answer = patiently(partial(_ask, request), within, cancel)
        except (OSError, ValueError, HTTPException) as error:
            raise silent(url, str(getattr(error, "reason", error)) or "no answer in time") from error
        wait = min(LONGEST, max(rest or 0.0, answer.rest))
        quota = Said(url, answer.code, answer.message).quota
        if rest is None or not passing(answer.code) or quota or time.monotonic() + wait > end:
            return answer
        (cancel or CancelToken()).rest(wait)
    raise AssertionError("the last of the rests ends it")


def _ask(request: Request) -> Answer:
    try:
        with opener().open(request, timeout=SILENCE) as answer:
            return _read(int(answer.status), answer)
    except HTTPError as error:
        with error:
            return _read(error.code, error)


def _read(code: int, answer: Any) -> Answer:
    data, after = answer.read(8 << 20), str(answer.headers.get("Retry-After", ""))
    try:
        told = json.loads(data)
    except ValueError:
        told = {}
    return Answer(code, told if isinstance(told, dict) else {}, float(after) if after.isdigit() else 0.0)


def bytes_of(
    url: str, headers: Mapping[str, str], size: int, take: Callable[[bytes], object], stop: Callable[[], bool]
) -> int:
    """Hand what lies at an address to `take`, piece by piece; return how many bytes came, at most one more than `size`.

    `stop` ends it between two pieces. Raises Said for a refusal, silence, or a drip too slow to wait for.
    """
    request = Request(webbed(url), headers=dict(headers))
    try:
        with opener().open(request, timeout=SILENCE) as answer:
            return _pieces(url, answer, size, take, stop)
    except HTTPError as error:
        with error:
            raise Said(url, error.code) from error
    except (OSError, ValueError, HTTPException) as error:
        raise silent(url, str(getattr(error, "reason", error))) from error


def _pieces(
    url: str, answer: HTTPResponse, size: int, take: Callable[[bytes], object], stop: Callable[[], bool]
) -> int:
    came, since, then = 0, time.monotonic(), 0
    while came <= size:
        if stop():
            raise Cancelled()
        piece = answer.read1(min(1 << 16, size + 1 - came))
        if not piece:
            break
        take(piece)
        came += len(piece)
        if (now := time.monotonic()) - since > ALL:
            if came - then < LEAST:
                raise silent(url, f"only {came - then} bytes came in {ALL:.0f} seconds")
            since, then = now, came
    return came


def patiently(work: Callable[[], T], seconds: float, cancel: CancelToken | None) -> T:
    """Do something that may hang in a thread of its own; return what it returns.

    Raises what it raises, TimeoutError after so many seconds, Cancelled at once.
    """
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="asking a server", daemon=True)
    thread.start()
    end = time.monotonic() + seconds
    while thread.is_alive():
        thread.join(0.05)
        if cancel is not None:
            cancel.check()
        if thread.is_alive() and time.monotonic() > end:
            raise TimeoutError(f"no whole answer within {seconds:.0f} seconds")
    if failed:
        raise failed[0]
    return found[0]
