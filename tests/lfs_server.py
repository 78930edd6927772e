"""A Git LFS server on loopback for tests: the batch interface with basic transfers, and every way to misbehave.

What always holds: it listens on 127.0.0.1 only, takes a limited number of requests of a limited size, waits for nobody
for ever, and ends with the test that started it. Written from the specification of the interface
(https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md).
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MOST_REQUESTS, MOST_BYTES = 2000, 8 << 20


@dataclass
class LfsServer:
    """Its objects by oid, what it was asked, and how it misbehaves; all may be changed while it runs.

    `batch`, `put` and `get` are statuses to answer with, one a request, before it answers as it should; the last one
    stays where `stuck` is set. `refuse` is an error for each object of an upload. `cut` uploads break off in the middle,
    keeping half of the bytes; `half` are oids that it does so with for ever; `lie` are oids whose bytes it gives out
    changed at the same size. With `login` it wants that one. `hang` is set to answer nothing until it is cleared.
    `elsewhere` is where downloads are sent to; `seen` are the logins that downloads came with.
    A `curt` one answers 404 to a question for objects of which it has none.
    """

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    batch: list[int] = field(default_factory=list)
    put: list[int] = field(default_factory=list)
    get: list[int] = field(default_factory=list)
    stuck: bool = False
    said: str = ""
    refuse: tuple[int, str] | None = None
    cut: int = 0
    lie: set[str] = field(default_factory=set)
    hide: set[str] = field(default_factory=set)
    login: str = ""
    hang: bool = False
    elsewhere: str = ""
    curt: bool = False
    seen: list[str | None] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def next_of(self, statuses: list[int]) -> int:
        if not statuses:
            return 200
        return statuses[0] if self.stuck and len(statuses) == 1 else statuses.pop(0)

    def count(self, word: str) -> int:
        return sum(one == word for one in self.asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    place: LfsServer

    def do_POST(self) -> None:
        self._note("batch")
        data = self._body()
        if self.place.hang:
            self.place.over.wait(30)
            return self._end()
        if self.place.login and self.headers.get("Authorization") != self.place.login:
            return self._answer(401, {"message": "who are you?"})
        status = self.place.next_of(self.place.batch)
        if status != 200:
            return self._answer(status, {"message": self.place.said})
        asked = json.loads(data)
        objects = [self._object(one, asked["operation"]) for one in asked["objects"]]
        if self.place.curt and all("error" in one for one in objects):
            return self._answer(404, {"message": "none of them"})
        return self._answer(200, {"transfer": "basic", "objects": objects})

    def _object(self, one: dict[str, Any], operation: str) -> dict[str, Any]:
        oid, there = one["oid"], one["oid"] in self.place.objects and one["oid"] not in self.place.hide
        told = {"oid": oid, "size": one["size"]}
        if operation == "upload" and self.place.refuse is not None:
            code, message = self.place.refuse
            return {**told, "error": {"code": code, "message": message}}
        if operation == "download" and not there:
            return {**told, "error": {"code": 404, "message": "not here"}}
        if operation == "upload" and there:
            return told
        if there:
            told["size"] = len(self.place.objects[oid])
        return {
            **told,
            "actions": {operation: {"href": f"{self.place.elsewhere or self.place.url}/objects/{oid}"}},
        }

    def do_PUT(self) -> None:
        self._note("put")
        oid = self.path.rsplit("/", 1)[-1]
        if self.place.cut > 0:
            self.place.cut -= 1
            self.place.objects.pop(oid, None)
            self.rfile.read(int(self.headers["Content-Length"]) // 2)
            return self._end()
        data = self._body()
        status = self.place.next_of(self.place.put)
        if status == 200 and hashlib.sha256(data).hexdigest() != oid:
            status = 422
        if status == 200:
            self.place.objects[oid] = data
        return self._answer(status, {} if status == 200 else {"message": self.place.said})

    def do_GET(self) -> None:
        self._note("get")
        self.place.seen.append(self.headers.get("Authorization"))
        oid = self.path.rsplit("/", 1)[-1]
        status = self.place.next_of(self.place.get)
        data = self.place.objects.get(oid)
        if status != 200 or data is None:
            return self._answer(status if status != 200 else 404, {"message": self.place.said})
        if oid in self.place.lie:
            data = data[:-1] + bytes([data[-1] ^ 1])
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
        return None

    def _note(self, word: str) -> None:
        self.place.asked.append(word)
        assert len(self.place.asked) < MOST_REQUESTS, "asked for ever"

    def _body(self) -> bytes:
        length = int(self.headers["Content-Length"])
        assert length <= MOST_BYTES
        return self.rfile.read(length)

    def _answer(self, status: int, told: dict[str, Any]) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.git-lfs+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _end(self) -> None:
        """Break the connection off, as a network does."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *words: object) -> None:
        return


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        return  # a client that was stopped is what some tests are about


@contextmanager
def lfs_server(**how: Any) -> Iterator[LfsServer]:
    """Run such a server as long as the context lasts."""
    place = LfsServer(**how)
    handler = type("Handler", (_Handler,), {"place": place})
    server = _Quiet(("127.0.0.1", 0), handler)
    place.url = f"http://127.0.0.1:{server.server_address[1]}/prints.git/info/lfs"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield place
    finally:
        place.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def right(place: LfsServer) -> bool:
    """True where every object that it holds has the bytes of its name."""
    return all(hashlib.sha256(data).hexdigest() == oid for oid, data in place.objects.items())
