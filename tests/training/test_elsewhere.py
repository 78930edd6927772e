"""Training on another machine: fetched there, run there, watched here, brought back. No torch.

The other machine is a second home on this one. A stand-in for ssh runs what it is told there; a real sshd on loopback
does the same where there is one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.durable import hash_file
from core.errors import WrongUsage
from core.training import elsewhere, events, follower, planning, proc, runs
from core.training.runs import Run
from core.training.view import describe
from core.workspace import Workspace
from tests.conftest import Answer, git, run_program
from tests.training.small import make_version, until
from tests.training.standin import MODULE, ROOT

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
#: Runs the last words in a shell, as ssh does; `down` in its folder is a machine that can't be reached.
SSH = """#!/bin/sh
here=$(dirname "$0")
[ -e "$here/down" ] && {{ echo "ssh: connect to host: No route to host" >&2; exit 255; }}
while [ "$1" != -- ]; do shift; done
echo "$2" >> "$here/asked"
shift 2
export HOME={home} XDG_CACHE_HOME= STANDIN={does} PATH={home}/bin:$PATH
exec sh -c "$*"
"""


class World:
    """A workspace here with a pushed version, and another machine as far as ssh shows it."""

    def __init__(self, root: Path, bare: Path) -> None:
        self.away, self.bin = root / "away", root / "bin"
        remote = root / "remote.git"
        git(root, "init", "-q", "--bare", os.fspath(remote))
        shutil.copytree(bare, root / "ws", symlinks=True)
        self.workspace = Workspace.open(root / "ws")
        here = self.workspace.root
        make_version(self.workspace, recordings=4, each=2)
        git(here, "add", "-A")
        git(here, "commit", "-qm", "v1")
        git(here, "tag", "offline-detection/v1")
        git(here, "remote", "add", "origin", os.fspath(remote))
        git(here, "push", "-q", "origin", "HEAD", "offline-detection/v1")
        (self.away / "bin").mkdir(parents=True)
        self.bin.mkdir()
        tool = self.away / "bin" / "print-models"
        tool.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m {MODULE} cli "$@"\n')
        tool.chmod(0o755)
        self.does("epochs")

    def does(self, what: str) -> None:
        """Let trainings there do something else."""
        ssh = self.bin / "ssh"
        ssh.write_text(SSH.format(home=self.away, does=what))
        ssh.chmod(0o755)

    def serve(self, sshd: str, folder: Path) -> subprocess.Popen[bytes]:
        """Start a real ssh server on loopback, and let `ssh bench` reach it."""
        folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        for name in ("host", "own"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        (folder / "sshd.conf").write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/own.pub\n"
            f"StrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\nPermitRootLogin yes\n"
            f"SetEnv HOME={self.away} XDG_CACHE_HOME= STANDIN=epochs PATH={self.away}/bin:{os.environ['PATH']}\n"
        )
        (folder / "ssh.conf").write_text(
            f"Host bench\n HostName 127.0.0.1\n Port {port}\n IdentityFile {folder}/own\n IdentitiesOnly yes\n"
            f" UserKnownHostsFile {folder}/known\n StrictHostKeyChecking accept-new\n"
        )
        ssh = shutil.which("ssh", path=os.environ["PATH"].partition(":")[2])
        (self.bin / "ssh").write_text(f'#!/bin/sh\nexec {ssh} -F {folder}/ssh.conf "$@"\n')
        with open(folder / "log", "wb") as log:
            return subprocess.Popen(
                [sshd, "-D", "-e", "-f", folder / "sshd.conf"], stderr=log, start_new_session=True
            )

    def train(self, *words: str, on: str = "ana@bench") -> Answer:
        return run_program(
            [sys.executable, "-m", "core", "-C", self.workspace.root, "train", "--on", on, *words],
            cwd=ROOT,
        )

    def there(self, *words: str) -> Answer:
        """Ask print-models of the other machine itself."""
        (root,) = (self.away / ".cache" / "print-models").iterdir()
        return run_program([self.away / "bin" / "print-models", "-C", root, *words], cwd=ROOT)


@pytest.fixture
def world(tmp_path: Path, bare_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(tmp_path, bare_workspace)
    monkeypatch.setenv("PATH", f"{made.bin}:{os.environ['PATH']}")
    yield made
    for folder in tmp_path.glob("**/.print-models/runs/*"):
        who = proc.read(folder)
        if who is not None and proc.alive(who):
            os.kill(who.pid, signal.SIGKILL)


def _over(run: Run) -> None:
    until(lambda: runs.view(run).over and not runs.is_alive(run), "its end here")


def test_what_is_missing_is_fetched_there_and_the_model_comes_back(world: World) -> None:
    done = world.train(
        "--arch", "squeezenet1_1", "--weights", "random", "--epochs", "7", "--seed", "3", "--json"
    )
    assert done.code == 0, done.err
    run = runs.get(world.workspace, json.loads(done.out)["id"])
    _over(run)
    seen = runs.view(run)
    assert seen.state == "finished", (seen.reason, run.log.read_text())
    assert (seen.facts["host"], seen.facts["seed"], len(seen.history)) == ("ana@bench", 3, 3)
    assert run.spec.epochs == 7
    (there,) = json.loads(world.there("runs", "--json").out)["runs"]
    (root,) = (world.away / ".cache" / "print-models").iterdir()
    theirs = root / ".print-models" / "runs" / there["id"]
    assert hash_file(run.best).oid == hash_file(theirs / "best.pt").oid
    # The pictures came by Git LFS, and the pointers of other files stayed pointers.
    assert not any(
        path.read_bytes().startswith(b"version https://git-lfs")
        for path in (root / "datasets").rglob("*.jpg")
    )
    (world.bin / "down").touch()
    assert world.train("--weights", "random").code == 5


@pytest.mark.skipif(SSHD is None, reason="there is no sshd on this machine")
def test_over_a_real_ssh_server_it_is_the_same(world: World, tmp_path: Path) -> None:
    assert SSHD is not None
    server = world.serve(SSHD, tmp_path / "server")
    try:
        log = tmp_path / "server" / "log"
        until(lambda: b"Server listening" in log.read_bytes() or server.poll() is not None, "the server", 30)
        done = world.train("--arch", "squeezenet1_1", "--weights", "random", "--json", on="bench")
        assert done.code == 0, (done.err, log.read_text())
        run = runs.get(world.workspace, json.loads(done.out)["id"])
        _over(run)
        assert runs.view(run).state == "finished", (runs.view(run).reason, run.log.read_text())
        assert run.best.read_bytes() == b"best of 1"
    finally:
        server.kill()
        server.wait()


def test_a_connection_that_is_lost_costs_nothing_and_stop_reaches_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.does("wait")
    done = world.train("--arch", "squeezenet1_1", "--weights", "random", "--json")
    assert done.code == 0, done.err
    run = runs.get(world.workspace)
    until(lambda: bool(runs.view(run).history), "its first epoch here")
    (world.bin / "down").touch()
    until(
        lambda: any(
            "can't be reached by ssh: ssh: connect to host: No route" in text
            for text in runs.view(run).alerts
        ),
        "the word about it",
    )
    assert runs.view(run).state == "running"
    assert describe(runs.view(run)).endswith("on ana@bench")
    assert json.loads(world.there("runs", "--json").out)["runs"][0]["state"] == "running"
    (world.bin / "down").unlink()
    # Whoever follows it dies, the machine there does not notice; taken up again it is followed on, and stopped.
    who = proc.read(run.path)
    assert who is not None
    os.kill(who.pid, signal.SIGKILL)
    until(lambda: not proc.alive(who), "the death of who follows", 30)
    assert runs.view(run).state == "killed"
    runs.resume(world.workspace, run)
    until(lambda: runs.view(run).state == "running", "it to be followed again")
    stopped = runs.stop(run, wait_s=60)
    assert (stopped.state, run.best.exists()) == ("stopped", True)
    assert json.loads(world.there("runs", "--json").out)["runs"][0]["state"] == "stopped"
    assert [e["there"] for e in runs.tail(run).events if "there" in e] == sorted(
        {e["there"] for e in runs.tail(run).events if "there" in e}
    )


def test_what_cannot_be_is_said_in_the_words_of_that_machine(world: World) -> None:
    assert world.train("--weights", "random", "--epochs", "0").code == 2
    what = planning.plan(world.workspace, weights="random")
    with pytest.raises(WrongUsage, match="no machine for ssh"):
        elsewhere.start("-oProxyCommand=touch x", "u", what, {})
    git(world.workspace.root, "push", "-q", "origin", ":offline-detection/v1")
    shutil.rmtree(world.away / ".cache", ignore_errors=True)
    refused = world.train("--weights", "random")
    assert refused.code == 1
    assert "On ana@bench: " in refused.err
    assert "has to be pushed first" in refused.err
    assert not runs.list_runs(world.workspace)
    (world.away / "bin" / "print-models").unlink()
    missing = world.train("--weights", "random")
    assert missing.code == 5
    assert "print-models is not installed there" in missing.err
    git(world.workspace.root, "config", "print-models.command", "/nowhere/print-models")
    assert "not installed there" in world.train("--weights", "random").err


def test_a_model_that_came_with_other_bytes_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    def bring(place: elsewhere.Place, name: str, target: Path) -> None:
        target.write_bytes(b"other bytes")

    monkeypatch.setattr(elsewhere, "bring", bring)
    writer = events.EventWriter(tmp_path)
    writer.append("checkpoint", file="best.pt", sha256="sha256:0", size=3, epoch=1, words=[], results=None)
    one = follower.Follower(tmp_path, elsewhere.Place("bench", "/x", "r"), writer, threading.Event())
    with pytest.raises(follower.Damaged, match="its bytes differ"):
        one._end({"event": "finished", "seq": 9})
    assert not (tmp_path / "best.pt").exists()
    assert not any(event["event"] == "finished" for event in events.read(tmp_path / events.FILE).events)
    writer.close()
