"""The same against a Git LFS server that others wrote: giftless, where it is installed.

GIFTLESS_PYTHON names the Python of an environment that has giftless and waitress; without it, this one is tried.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import Cli, Place, git
from tests.release.test_release import TAG

pytestmark = pytest.mark.slow

SETTINGS = """\
AUTH_PROVIDERS: ["giftless.auth.allow_anon:read_write"]
LEGACY_ENDPOINTS: false
TRANSFER_ADAPTERS:
  basic:
    factory: giftless.transfer.basic_streaming:factory
    options:
      storage_class: giftless.storage.local_storage:LocalStorage
      storage_options: {path: STORE}
"""


@pytest.fixture
def giftless(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Such a server on loopback: the address of a repository's objects, and where it keeps them."""
    python = os.environ.get("GIFTLESS_PYTHON", sys.executable)
    asked = subprocess.run([python, "-c", "import giftless, waitress"], capture_output=True)
    if asked.returncode:
        pytest.skip("giftless is not installed (GIFTLESS_PYTHON names a Python that has it)")
    store = tmp_path / "store"
    store.mkdir()
    settings = tmp_path / "giftless.yaml"
    settings.write_text(SETTINGS.replace("STORE", str(store)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [
        python,
        "-m",
        "waitress",
        f"--listen=127.0.0.1:{port}",
        "--threads=2",
        "giftless.wsgi_entrypoint:app",
    ]
    with subprocess.Popen(
        words,
        cwd=tmp_path,
        env={**os.environ, "GIFTLESS_CONFIG_FILE": str(settings)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        try:
            _wait(port, child)
            yield f"http://127.0.0.1:{port}/ana/prints.git/info/lfs", store
        finally:
            child.terminate()


def _wait(port: int, child: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and child.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            with suppress(subprocess.TimeoutExpired):
                child.wait(0.1)  # until it listens, or has ended
    raise AssertionError("giftless did not start")


def kept(store: Path) -> list[Path]:
    return sorted(path for path in store.rglob("*") if path.is_file())


def test_a_version_goes_there_is_proven_and_comes_back(
    fresh: Place, giftless: tuple[str, Path], cli: Cli, tmp_path: Path
):
    url, store = giftless
    root = fresh.root
    git(root, "config", "remote.origin.lfsurl", url)
    assert "Git LFS answers" in cli(root, "doctor", "--remote").out
    answer = cli(root, "release", "--push", "--yes")
    assert answer.code == 0, answer.err
    assert len(kept(store)) == 12
    assert TAG in git(root, "ls-remote", "origin")
    assert cli(root, "verify", "v1", "--remote").code == 0
    bad = kept(store)[0]
    bad.write_bytes(bytes(bad.stat().st_size))
    answer = cli(root, "verify", "v1", "--remote")
    assert answer.code == 3
    assert "has other bytes than its name says" in answer.out


def test_an_object_that_came_there_wrong_stops_before_the_tag(
    fresh: Place, giftless: tuple[str, Path], cli: Cli
):
    url, store = giftless
    root = fresh.root
    git(root, "config", "remote.origin.lfsurl", url)
    assert cli(root, "release").code == 0
    objects = [path for path in (root / ".git/lfs/objects").rglob("*") if path.is_file()]
    for path in objects[:2]:
        there = store / "ana" / "prints" / path.name
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_bytes(bytes(path.stat().st_size))
    answer = cli(root, "release", "--push", "--yes")
    assert answer.code == 6
    assert "2 objects are not right on origin" in answer.err
    assert git(root, "ls-remote", "origin") == ""


def test_it_is_gone_and_comes_back(fresh: Place, giftless: tuple[str, Path], cli: Cli):
    url, _ = giftless
    root = fresh.root
    with pytest.raises(OSError):
        urlopen(url.replace(url.split(":")[2].split("/")[0], "1"), timeout=2)
    git(root, "config", "remote.origin.lfsurl", url.replace(url.split(":")[2].split("/")[0], "1"))
    assert cli(root, "release", "--push", "--yes").code == 6
    git(root, "config", "remote.origin.lfsurl", url)
    assert cli(root, "release", "--resume").code == 0
