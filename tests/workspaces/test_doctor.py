"""`doctor`: what a host has and lacks, and what a remote answers, with nothing changed here or there."""

from __future__ import annotations

import json
import os
import pty
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.process import run
from core.storage import lfs_http, remotes
from tests.conftest import Answer, Cli, Place, git
from tests.workspaces.conftest import Old, listing, pointer, settle


def results(answer: Answer) -> dict[str, dict[str, str]]:
    """Return the findings by id."""
    return {one["id"]: one for one in answer.json["results"]}


@pytest.fixture
def place(workspace: Callable[..., Place]) -> Place:
    return workspace(frames=3)


def test_a_sound_host_lacks_nothing(cli: Cli, place: Place) -> None:
    done = cli(place.root, "doctor", "--json")
    assert done.code == 0, done.out
    found = results(done)
    levels = {
        name: found[name]["level"] for name in ("git", "identity", "who", "filters", "labels", "camera")
    }
    assert set(levels.values()) == {"pass"}, levels
    assert done.json["ok"] is True
    assert found["camera"]["text"] == "printer-timelapses: 1 day, the newest 20251107"
    assert "Ana labels (git's user.name)" in found["who"]["text"]
    said = cli(place.root, "doctor")
    assert said.code == 0
    assert "Nothing is missing" in said.out


def test_it_works_where_there_is_no_workspace(cli: Cli, tmp_path: Path) -> None:
    done = cli(tmp_path, "doctor", "--json")
    assert done.code == 0
    assert "filters" not in results(done)
    assert "no workspace" in done.err


def test_without_git_lfs_it_says_the_line_that_installs_it(cli: Cli, place: Place, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "uname"):
        (programs / name).symlink_to(shutil.which(name) or "")
    done = cli(place.root, "doctor", "--json", env={"PATH": str(programs)})
    found = results(done)["git-lfs"]
    assert (done.code, found["level"]) == (5, "block")
    assert "sudo apt-get install git-lfs" in found["remedy"]


def test_an_older_git_lfs_informs_and_never_blocks(cli: Cli, place: Place, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "git-lfs").write_text("#!/bin/sh\necho 'git-lfs/3.0.2 (GitHub; linux amd64; go 1.18)'\n")
    (programs / "git-lfs").chmod(0o755)
    done = cli(place.root, "doctor", "--json", env={"PATH": f"{programs}:{os.environ['PATH']}"})
    found = results(done)["git-lfs"]
    # git finds its own parts first, where git-lfs was installed among them.
    if "3.0.2" not in found["text"]:
        pytest.skip("git-lfs lies in git's own folder here")
    assert (done.code, found["level"]) == (0, "warn")


def test_a_clone_without_filters_lacks_them(cli: Cli, place: Place) -> None:
    for key in ("clean", "smudge", "process", "required"):
        git(place.root, "config", "--local", "--unset", f"filter.lfs.{key}")
    done = cli(place.root, "doctor", "--json")
    found = results(done)["filters"]
    assert (done.code, found["level"]) == (5, "block")
    assert "print-models init" in found["remedy"]


def test_nobody_who_commits_is_named(cli: Cli, place: Place) -> None:
    done = cli(place.root, "doctor", "--json", env={"GIT_CONFIG_GLOBAL": os.devnull})
    found = results(done)
    assert done.code == 5
    assert found["identity"]["level"] == found["who"]["level"] == "block"
    assert "git config --global user.name" in found["identity"]["remedy"]


def test_a_camera_that_is_away_is_said_with_the_end_of_its_link(cli: Cli, place: Place) -> None:
    place.camera.rename(place.camera.with_name("elsewhere"))
    done = cli(place.root, "doctor", "--json")
    found = results(done)["camera"]
    assert (done.code, found["level"]) == (0, "warn")
    assert str(place.camera) in found["text"]


def test_broken_personal_settings_are_named(cli: Cli, place: Place, tmp_path: Path) -> None:
    file = tmp_path / "print-models" / "config.toml"
    file.parent.mkdir()
    file.write_text("colour = 3\n")
    done = cli(place.root, "doctor", env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert done.code == 5
    assert "unknown key colour" in done.out


def test_an_old_repository_is_looked_at_and_left_as_it_is(cli: Cli, old: Callable[[], Old]) -> None:
    made = old()
    before = listing(made.root)
    done = cli(made.root, "doctor", "--json")
    assert done.code == 0
    assert "print-models init" in results(done)["workspace"]["remedy"]
    said = cli(made.root, "doctor").out
    assert "Nothing is missing" not in said
    assert "what the workspace waits for stands above" in said
    assert listing(made.root) == before


# --- a remote -----------------------------------------------------------------------------------------------------


@pytest.fixture
def remote(place: Place, tmp_path: Path) -> Path:
    """A bare repository that is the workspace's origin; the workspace holds an image that it has not."""
    bare = tmp_path / "remote.git"
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(place.root, "remote", "add", "origin", bare.as_uri())
    git(place.root, "push", "-q", "origin", "HEAD:main")
    image = place.root / "datasets" / "x.jpg"
    shutil.copyfile(place.camera / "20251107" / "20251107T080000.jpg", image)
    git(place.root, "add", str(image))
    git(place.root, "commit", "-q", "-m", "An image")
    settle(place.root)
    return bare


def test_a_remote_is_asked_and_nothing_is_pushed(cli: Cli, place: Place, remote: Path) -> None:
    before = listing(remote)
    ours = listing(place.root / ".git")
    done = cli(place.root, "doctor", "--remote", "--json")
    assert done.code == 0, done.out
    found = results(done)
    assert "1 branch, 0 tags" in found["read"]["text"]
    assert found["push"]["level"] == "pass"
    assert "no backup" in found["lfs"]["text"]
    assert listing(remote) == before
    assert listing(place.root / ".git") == ours


def test_a_push_that_would_be_refused_is_said_before(
    cli: Cli, place: Place, remote: Path, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", str(remote), "other", "-b", "main")
    git(tmp_path / "other", "commit", "-q", "--allow-empty", "-m", "Meanwhile")
    git(tmp_path / "other", "push", "-q", "origin", "main")
    done = cli(place.root, "doctor", "--remote", "origin", "--json")
    assert done.code == 5
    assert "would be refused (fetch first)" in results(done)["push"]["text"]
    assert "git pull" in results(done)["push"]["remedy"]


@pytest.mark.parametrize("name", ["gone.git", "prints-401.git", "prints-403.git"])
def test_a_remote_that_is_not_there_is_said(cli: Cli, place: Place, remote: Path, name: str) -> None:
    """A number in its address is no answer of a server."""
    git(place.root, "remote", "set-url", "origin", remote.with_name(name).as_uri())
    done = cli(place.root, "doctor", "--remote")
    assert done.code == 5
    assert "can't be read: there is no repository at that address" in done.out


def test_no_remote_and_an_unknown_one_are_said(cli: Cli, place: Place) -> None:
    none = cli(place.root, "doctor", "--remote")
    assert none.code == 5
    assert "git remote add origin" in none.out
    unknown = cli(place.root, "doctor", "--remote", "nobody")
    assert unknown.code == 5
    assert "no remote “nobody”" in unknown.out


@contextmanager
def lfs_server(code: int) -> Iterator[str]:
    """A server that answers every batch request with that status."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert asked["operation"] == "download"
            objects = [{**one, "error": {"code": 404, "message": "nowhere"}} for one in asked["objects"]]
            status = code if "Authorization" not in self.headers else 200
            body = json.dumps({"objects": objects} if status == 200 else {"message": "no \x1b[31m"}).encode()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/prints.git/info/lfs"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("code", "fine", "said"),
    [
        (200, True, "Git LFS answers"),
        (401, False, "asks for a login"),
        (500, False, "is in trouble (500: no \\x1b[31m)"),
    ],
)
def test_a_server_is_asked_whether_git_lfs_answers(
    place: Place, remote: Path, code: int, fine: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lfs_http, "RESTS", (0.01, 0.01, 0.01))  # how long it waits before it asks again
    with lfs_server(code) as url:
        git(place.root, "config", "remote.origin.lfsurl", url)
        answer = list(remotes.ask(place.root))[-1]
    assert (answer.id, answer.fine) == ("lfs", fine)
    assert said in answer.text
    assert "\x1b" not in answer.text


def test_git_lfs_gives_up_where_a_login_is_asked_for(place: Place, remote: Path) -> None:
    """Nothing prompts: git-lfs, asked as every program here is, ends by itself and does not ask the server for ever."""
    with lfs_server(401) as url:
        words = ["git", "-c", f"lfs.url={url}", "lfs", "smudge"]
        done = run(words, cwd=place.root, stdin=pointer(b"nowhere"), timeout=20, check=False)
    assert done.code != 0


def test_a_login_that_git_has_stored_is_used_and_never_shown(
    place: Place, remote: Path, tmp_path: Path
) -> None:
    with lfs_server(401) as url:
        host = url.removeprefix("http://").split("/")[0]
        (tmp_path / "logins").write_text(f"http://ana:secret@{host}\n")
        git(place.root, "config", "credential.helper", f"store --file {tmp_path / 'logins'}")
        git(place.root, "config", "remote.origin.lfsurl", url)
        answer = list(remotes.ask(place.root))[-1]
    assert answer.fine, answer.text
    assert "secret" not in answer.text


def test_a_server_that_never_answers_costs_a_moment_not_the_day(
    place: Place, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remotes, "_SECONDS", 0.5)
    monkeypatch.setattr(lfs_http, "SILENCE", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://ana:secret@127.0.0.1:{silent.getsockname()[1]}/prints"
        git(place.root, "config", "remote.origin.lfsurl", address)
        answer = remotes._lfs(remotes.Git(place.root), address)
        assert not answer.fine
        assert "does not answer" in answer.text
        git(place.root, "remote", "set-url", "origin", address)
        (answer,) = remotes.ask(place.root)
    assert not answer.fine
    assert "it does not answer" in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    ("env", "level", "said"),
    [
        ({"TERM": "xterm"}, "warn", "COLORTERM=truecolor"),
        ({"TERM": "xterm-256color"}, "pass", "256 colours"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "pass", "16 million colours"),
        ({"TERM": "dumb"}, "warn", "can't be drawn"),
    ],
)
def test_a_terminal_of_few_colours_is_told_how_to_show_more(
    place: Place, env: dict[str, str], level: str, said: str
) -> None:
    master, slave = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if name not in ("COLORTERM", "NO_COLOR")}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "core", "doctor", "--json"],
            cwd=place.root,
            env=clean | {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"} | env,
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
            timeout=60,
        )
    finally:
        os.close(master)
        os.close(slave)
    found = {one["id"]: one for one in json.loads(done.stdout)["results"]}["terminal"]
    assert found["level"] == level
    assert said in found["text"] + found["remedy"]
    assert "0x0" not in found["text"], "a size that is not told is not told"
