"""A release on a Git LFS server: the real git-lfs against one that answers, refuses, lies, hangs and breaks off."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import release
from core.errors import Cancelled, PrintModelsError
from core.progress import CancelToken, silent
from core.releasing import pushing, sending
from core.storage import lfs_http, remotes
from core.storage.git import Git
from core.storage.lfs import Pointer
from core.storage.lfs_server import Server
from core.workspace import Workspace
from tests.conftest import Cli, Place, git
from tests.lfs_server import LfsServer, lfs_server, right
from tests.release.conftest import label
from tests.release.test_release import TAG


@pytest.fixture(scope="module")
def tagged_once(labelled_once: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose v1 is tagged and nowhere else."""
    root = tmp_path_factory.mktemp("tagged") / "workspace"
    shutil.copytree(labelled_once.root, root, symlinks=True)
    workspace = Workspace.open(root)
    release.run(release.plan(workspace, workspace.task(None)))
    return root


@pytest.fixture
def tagged(tagged_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it with an empty bare repository as origin; whoever waits for a server waits for moments only."""
    root, bare = tmp_path / "workspace", tmp_path / "remote.git"
    shutil.copytree(tagged_once, root, symlinks=True)
    git(tmp_path, "init", "-q", "--bare", str(bare))
    git(root, "remote", "add", "origin", f"file://{bare}")
    monkeypatch.setattr(lfs_http, "RESTS", (0.01, 0.01, 0.01))
    monkeypatch.setattr(sending, "RESTS", (0.01, 0.01))
    monkeypatch.setitem(sending._PATIENCE, "lfs.transfer.maxretrydelay", "1")
    return root


@pytest.fixture
def server(tagged: Path) -> Iterator[LfsServer]:
    """A server that keeps the objects of origin."""
    with lfs_server() as place:
        git(tagged, "config", "remote.origin.lfsurl", place.url)
        yield place


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LfsServer]:
    """A server to ask without a workspace, from an empty repository."""
    git(tmp_path, "init", "-q")
    monkeypatch.setattr(lfs_http, "RESTS", (0.01, 0.01, 0.01))
    with lfs_server() as place:
        yield place


@pytest.fixture
def pointer() -> Pointer:
    return Pointer(f"sha256:{hashlib.sha256(b'a print').hexdigest()}", 7)


def push(root: Path, *, proof: str = "", cancel: CancelToken | None = None) -> release.Released:
    workspace = Workspace.open(root)
    planned = release.plan(workspace, workspace.task(None), push=True, proof=proof)
    return release.run(planned, cancel=cancel)


def refused(root: Path, *, proof: str = "") -> release.NotPushed:
    """Push, and return why it was not done; the tag is here and nothing of it there."""
    with pytest.raises(release.NotPushed) as told:
        push(root, proof=proof)
    assert told.value.exit_code == 6
    assert git(root, "tag").split() == [TAG]
    assert git(root, "ls-remote", "origin") == ""
    return told.value


def test_every_object_is_sent_read_again_and_only_then_branch_and_tag_go(tagged: Path, server: LfsServer):
    made = push(tagged)
    assert made.pushed == "origin"
    assert len(server.objects) == 12
    assert right(server)
    assert server.count("get") == 12, "self-hosted: each is read there again"
    assert TAG in git(tagged, "ls-remote", "origin")


def test_presence_reads_nothing_back(tagged: Path, server: LfsServer):
    push(tagged, proof="presence")
    assert (len(server.objects), server.count("get")) == (12, 0)


def test_only_what_is_new_is_sent_and_read_again_the_rest_is_asked_for(
    tagged: Path, server: LfsServer, tagged_once: Path, labelled_once: Place
):
    push(tagged)
    server.asked.clear()
    workspace = Workspace.open(tagged)
    camera = labelled_once.camera / "20251107"
    shutil.copytree(labelled_once.camera, tagged.parent / "camera")
    link = tagged / "printer-timelapses"
    link.unlink()
    link.symlink_to(tagged.parent / "camera")
    new = sorted(camera.iterdir())[-1]
    (tagged.parent / "camera/20251107/20251107T120000.jpg").write_bytes(new.read_bytes() + b"\xff\xd9")
    os.utime(tagged.parent / "camera/20251107/20251107T120000.jpg", (1.7e9, 1.7e9))
    label(tagged, ["printer-timelapses/20251107/20251107T120000.jpg"], "active")
    planned = release.plan(workspace, workspace.task(None), push=True)
    assert release.run(planned).version == "v2"
    assert (server.count("put"), server.count("get")) == (1, 1)


@pytest.mark.parametrize(
    "trap",
    [
        "hooks elsewhere",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("hook deleted", "told to skip")),
    ],
)
def test_f_071_nothing_hangs_on_the_hook(
    tagged: Path, server: LfsServer, trap: str, monkeypatch: pytest.MonkeyPatch
):
    """explicit `git lfs push`; remote gate"""
    if trap == "told to skip":
        monkeypatch.setenv("GIT_LFS_SKIP_PUSH", "1")
    elif trap == "hooks elsewhere":
        git(tagged, "config", "core.hooksPath", "/dev/null")
    else:
        (tagged / ".git/hooks/pre-push").unlink(missing_ok=True)
    assert push(tagged).pushed == "origin"
    assert len(server.objects) == 12


def test_f_070_an_object_that_went_bad_here_is_never_sent(tagged: Path, server: LfsServer):
    """gate stops before push"""
    path = next(path for path in (tagged / ".git/lfs/objects").rglob("*") if path.is_file())
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(PrintModelsError) as told:
        push(tagged)
    assert told.value.exit_code == 3
    assert path.name[:12] in told.value.what
    assert server.objects == {}
    assert git(tagged, "ls-remote", "origin") == ""


def test_f_072_a_hostile_lfsconfig(tagged: Path, server: LfsServer):
    """overridden by `-c`; warn"""
    (tagged / ".lfsconfig").write_text("[lfs]\n\tfetchexclude = *\n\tallowincompletepush = true\n")
    workspace = Workspace.open(tagged)
    planned = release.plan(workspace, workspace.task(None), push=True)
    assert [line for line in planned.notices if ".lfsconfig" in line and "fetchexclude" in line]
    assert release.run(planned).pushed == "origin"
    assert len(server.objects) == 12


def test_objects_go_where_was_shown_also_when_lfsconfig_changes_meanwhile(tagged: Path, server: LfsServer):
    workspace = Workspace.open(tagged)
    planned = release.plan(workspace, workspace.task(None), push=True)
    with lfs_server() as other:
        (tagged / ".lfsconfig").write_text(f"[lfs]\n\turl = {other.url}\n")
        assert release.run(planned).pushed == "origin"
        assert (len(server.objects), other.asked) == (12, [])


@pytest.mark.parametrize("how", ["missing", "corrupt"])
def test_f_073_what_came_there_is_not_right(tagged: Path, server: LfsServer, how: str):
    """remote gate; tells server must delete it"""
    oids = [path.name for path in (tagged / ".git/lfs/objects").rglob("*") if path.is_file()]
    (server.hide if how == "missing" else server.lie).add(oids[0])
    told = refused(tagged)
    assert oids[0][:12] in told.what
    assert ("is missing" if how == "missing" else "has other bytes than its name says") in told.what
    said = (
        "It is safe here; origin said that it has it"
        if how == "missing"
        else f"Delete the object {oids[0]} there"
    )
    assert said in told.remedy
    again = refused(tagged)
    assert oids[0][:12] in again.what, "a second try proves it anew, though it is there now"
    server.hide.clear()
    server.lie.clear()
    assert release.resume(Workspace.open(tagged)).pushed == "origin"


MEANINGS = {
    401: "asks for a login that git has not stored",
    403: "does not allow that",
    404: "knows no such repository",
    410: "gone for good",
    413: "takes no object of that size",
    422: "does not accept",
    429: "asked too often",
    500: "is in trouble",
    503: "is in trouble",
    507: "has no room left",
}


@pytest.mark.parametrize("code", MEANINGS)
def test_f_074_each_refusal_has_its_words_and_only_some_are_tried_again(
    asking: LfsServer, pointer: Pointer, tmp_path: Path, code: int
):
    """message per class; retry only 429/5xx"""
    asking.batch, asking.stuck, asking.said = [code], True, "no \x1b[31m"
    with pytest.raises(lfs_http.Said) as told:
        Server(Git(tmp_path), asking.url).wants([pointer], "refs/heads/main")
    assert MEANINGS[code] in told.value.what
    assert str(code) in told.value.what
    assert "\x1b" not in str(told.value)
    assert told.value.remedy
    assert asking.count("batch") == (4 if code in (429, 500, 503) else 1)


@pytest.mark.parametrize("code", [401, 503])
def test_f_074_a_refusal_leaves_the_version_tagged_here(tagged: Path, server: LfsServer, code: int):
    """message per class; retry only 429/5xx"""
    server.batch, server.stuck = [code], True
    assert MEANINGS[code] in refused(tagged).what
    assert server.count("put") == 0


@pytest.mark.parametrize("code", [429, pytest.param(503, marks=pytest.mark.slow)])
def test_f_074_a_server_that_was_busy_for_a_moment_is_waited_for(tagged: Path, server: LfsServer, code: int):
    """message per class; retry only 429/5xx"""
    server.batch, server.put, server.get = [code, code], [code], [code]
    assert push(tagged).pushed == "origin"
    assert len(server.objects) == 12


@pytest.mark.parametrize("code", [403, *(pytest.param(code, marks=pytest.mark.slow) for code in (413, 507))])
def test_f_074_an_upload_that_is_refused_has_the_same_words(tagged: Path, server: LfsServer, code: int):
    """message per class; retry only 429/5xx"""
    server.put, server.stuck = [code], True
    assert MEANINGS[code] in refused(tagged).what


@pytest.mark.parametrize("how", ["each", pytest.param("whole", marks=pytest.mark.slow)])
def test_f_075_the_plan_is_used_up(tagged: Path, server: LfsServer, how: str):
    """ "remote refuses (quota)"; the local tag stays, nothing of it is on the remote; try again with `release --resume`"""
    words = "This repository is over its data quota. Purchase more data packs."
    if how == "each":
        server.refuse = (403, words)
    else:
        server.batch, server.stuck, server.said = [403], True, words
    told = refused(tagged)
    assert "refuses (quota)" in told.what
    assert "release --resume" in told.remedy
    assert server.objects == {}
    server.refuse, server.batch, server.said = None, [], ""
    assert release.resume(Workspace.open(tagged)).pushed == "origin"


def test_f_076_a_server_that_is_down(tagged: Path, cli: Cli):
    """≤ 60 s, cancellable"""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    git(tagged, "config", "remote.origin.lfsurl", f"http://ana:s3cret@127.0.0.1:{port}/x.git")
    since = time.monotonic()
    told = refused(tagged)
    assert "does not answer" in told.what
    assert "s3cret" not in str(told)
    assert time.monotonic() - since < 60


def test_f_076_a_server_that_swallows_everything_is_left_in_time(
    tagged: Path, server: LfsServer, monkeypatch: pytest.MonkeyPatch
):
    """≤ 60 s, cancellable"""
    assert lfs_http.ANSWER <= lfs_http.ALL <= 60
    monkeypatch.setattr(lfs_http, "ANSWER", 0.5)
    server.hang = True
    assert "does not answer: no whole answer within" in refused(tagged).what


def test_f_076_who_stops_it_waits_for_nobody(tagged: Path, server: LfsServer):
    """≤ 60 s, cancellable"""
    server.hang = True
    cancel = CancelToken()
    threading.Timer(0.5, cancel.cancel).start()
    since = time.monotonic()
    workspace = Workspace.open(tagged)
    planned = release.plan(workspace, workspace.task(None), push=True)
    with pytest.raises(Cancelled):
        release.run(planned, cancel=cancel)
    assert time.monotonic() - since < 20, "the server keeps silent for thirty seconds"
    server.hang = False
    assert release.resume(workspace).pushed == "origin"


def test_f_076_a_name_that_nobody_knows(tagged: Path):
    """≤ 60 s, cancellable"""
    git(tagged, "config", "remote.origin.lfsurl", "http://nowhere.invalid/x.git")
    assert "does not answer" in refused(tagged).what


def test_f_076_an_upload_that_does_not_move_is_stopped(
    tagged: Path, server: LfsServer, monkeypatch: pytest.MonkeyPatch
):
    """≤ 60 s, cancellable"""
    assert sending.STALL <= 60
    monkeypatch.setattr(sending, "STALL", 1.0)
    target = _target(tagged)
    pointers = sorted(_pointers(tagged))
    there = sending.depot(Git(tagged), target.lfs_url, target.ref)
    server.hang = True
    with pytest.raises(PrintModelsError, match="moved nothing for 1 seconds"):
        sending._upload(Git(tagged), target, there, pointers, silent, None)


def test_f_077_a_connection_cut_in_the_middle_is_gone_on_from(tagged: Path, server: LfsServer):
    """resume; gate"""
    server.cut = 3
    assert push(tagged).pushed == "origin"
    assert len(server.objects) == 12
    assert right(server)


def test_f_077_a_line_that_stays_cut_sends_only_the_rest_the_next_time(tagged: Path, server: LfsServer):
    """resume; gate"""
    server.put, server.stuck = [*[200] * 7, 500], True
    refused(tagged)
    assert len(server.objects) == 7
    server.put, server.asked = [], []
    assert release.resume(Workspace.open(tagged)).pushed == "origin"
    assert server.count("put") == 5


def test_f_077_half_an_object_that_the_server_kept_is_found(tagged: Path, server: LfsServer):
    """resume; gate"""
    oid = next(path.name for path in (tagged / ".git/lfs/objects").rglob("*") if path.is_file())
    server.objects[oid] = b"half"
    told = refused(tagged)
    assert oid[:12] in told.what
    assert "has 4 bytes instead of" in told.what


def test_f_078_a_login_is_never_asked_for(tagged: Path, server: LfsServer, cli: Cli, tmp_path: Path):
    """fails ≤ 10 s, never reads the tty"""
    server.login = "Basic YW5hOnNlY3JldA=="  # ana:secret
    assert "asks for a login" in refused(tagged).what
    (tmp_path / "logins").write_text(
        server.url.replace("http://", "http://ana:secret@").split("/prints")[0] + "\n"
    )
    git(tagged, "config", "credential.helper", f"store --file {tmp_path / 'logins'}")
    assert push(tagged).pushed == "origin"
    assert right(server)


@pytest.mark.parametrize(
    "says", ["Host key verification failed.", "ana@host: Permission denied (publickey)."]
)
def test_f_078_ssh_that_would_ask_fails_at_once(tagged: Path, cli: Cli, tmp_path: Path, says: str):
    """fails ≤ 10 s, never reads the tty"""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "ssh"
    script.write_text(
        "#!/bin/sh\n"
        'case "$*" in *BatchMode=yes*) ;; *) read answer < /dev/tty; exit 1;; esac\n'
        f'test -t 0 && exit 1\necho "{says}" >&2\nexit 255\n'
    )
    script.chmod(0o755)
    git(tagged, "remote", "set-url", "origin", "ssh://ana@host/prints.git")
    env = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "GIT_SSH_COMMAND": None}
    since = time.monotonic()
    answer = cli(tagged, "doctor", "--remote", env=env)
    assert answer.code == 5
    assert time.monotonic() - since < 60
    assert ("host key is not known" if "Host key" in says else "permission was denied") in answer.out
    answer = cli(tagged, "release", "--push", env=env)
    assert answer.code == 6
    assert "print-models release --task offline-detection --push" in answer.err


def test_a_server_sends_nobody_to_a_file_and_no_login_to_another_host(
    asking: LfsServer, pointer: Pointer, tmp_path: Path
):
    asking.objects[pointer.oid.removeprefix("sha256:")] = b"a print"
    asking.login = "Basic YW5hOnNlY3JldA=="
    own = asking.url.replace("http://", "http://ana:secret@")
    assert Server(Git(tmp_path), own).faults([pointer], lambda done: None) == []
    assert asking.seen[-1] == asking.login, "the very host that asked for it"
    with lfs_server() as other:
        other.objects = asking.objects
        asking.elsewhere = other.url
        assert Server(Git(tmp_path), own).faults([pointer], lambda done: None) == []
        assert other.seen == [None]
    asking.elsewhere = f"file://{tmp_path}"
    with pytest.raises(lfs_http.Said, match="not of the web"):
        Server(Git(tmp_path), own).faults([pointer], lambda done: None)


def test_a_server_that_has_none_of_the_objects_is_not_taken_for_no_server(
    asking: LfsServer, pointer: Pointer, tmp_path: Path
):
    asking.curt = True
    assert [fault.what for fault in Server(Git(tmp_path), asking.url).absent([pointer])] == ["missing"]
    assert Server(Git(tmp_path), asking.url).tried().code == 200


def test_doctor_says_that_git_lfs_answers_and_how_it_is_proven(tagged: Path, server: LfsServer):
    answer = list(remotes.ask(tagged))[-1]
    assert answer.fine
    assert "read there again" in answer.text


def test_verify_reads_every_object_on_the_server(tagged: Path, server: LfsServer, cli: Cli):
    push(tagged)
    assert cli(tagged, "verify", "v1", "--remote").code == 0
    oid = next(iter(server.objects))
    server.lie.add(oid)
    answer = cli(tagged, "verify", "v1", "--remote", "--json")
    assert answer.code == 3
    assert "has other bytes" in answer.out


def _target(root: Path) -> sending.Target:
    workspace = Workspace.open(root)
    git_ = Git(root)
    return pushing.target(git_, git_.state(), None, workspace.task(None))


def _pointers(root: Path) -> set[object]:
    from core.storage.walk import pointers_of

    return set(pointers_of(Git(root), ["HEAD"]))


def test_the_first_push_to_a_server_says_what_it_shows_and_asks(tagged: Path, server: LfsServer, cli: Cli):
    dry = cli(tagged, "release", "--push", "--dry-run", "--json").json
    assert [(one["label"], one["day"], one["images"]) for one in dry["first_push"]] == [
        ("active", "20251107", 6),
        ("offline", "20251107", 6),
    ]
    assert dry["proof"] == "full"
    assert dry["proof_bytes"] == dry["upload_bytes"] > 0
    answer = cli(tagged, "release", "--push")
    assert answer.code == 1
    assert "offline-detection v1  2025-11-07  active 6 · offline 6" in answer.err
    assert "--yes" in answer.err
    assert server.objects == {}
    assert cli(tagged, "release", "--push", "--yes").code == 0
    assert len(server.objects) == 12


def test_the_price_before_a_push_counts_what_goes_there_also_when_commits_hold_it(tagged: Path, cli: Cli):
    """A promoted model is in a commit already, so it adds nothing here; to the remote it is all new."""
    (tagged / "models/printer_offline_detector.pth").write_bytes(os.urandom(3_000_000))
    git(tagged, "add", "models/printer_offline_detector.pth")
    git(tagged, "commit", "-q", "-m", "A model")
    said = cli(tagged, "release", "--push", "--dry-run").out
    price = next(line for line in said.splitlines() if line.startswith("price"))
    assert "+3 MB" in price
    assert "±0" not in price
