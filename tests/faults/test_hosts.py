"""Faults 8, 9, 10, 20 and 118: a host that lacks inodes, permission, locks, a home or a place for temporary files."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Answer, Place, run_program
from tests.faults.conftest import ACTIVE, label, label_file, labels_of
from tests.faults.harness import PROGRAM, need_strace, on_small_disk

Copies = Callable[[], Place]
#: Fills a disk with empty files until it takes no more.
FILL = 'i=0; while touch "../f$i" 2>/dev/null; do i=$((i+1)); done'


def shell(words: list[str | Path]) -> str:
    return shlex.join(os.fspath(word) for word in words)


def test_f_008_no_inodes_left(copies: Copies, tmp_path: Path) -> None:
    """as 5, message says inodes: labels stay safe in labels.db, old labels.json intact"""
    place = copies()
    disk = tmp_path / "disk"
    again = shell(label(Path("."), "offline", *ACTIVE))
    said = on_small_disk(
        f"cp -a {place.root} ws; cd ws; {FILL}; df -i .; "
        f"echo == none; {again} 2>&1 || echo rc $?; {shell([*PROGRAM, 'status'])} | grep note; "
        f"rm ../f0 ../f1; echo == two; {again} 2>&1 || echo rc $?; cp data/labels.json {tmp_path / 'kept'}; "
        f"rm ../f2 ../f3 ../f4; echo == more; {again} 2>&1; cp data/labels.json {tmp_path / 'written'}",
        mount=disk,
        size="40m,nr_inodes=400",
        cwd=place.root,
    )
    assert said.code == 0, said.err + said.out
    _, none, two, more = (
        said.out.replace("== none", "\0").replace("== two", "\0").replace("== more", "\0").split("\0")
    )
    assert "rc 5" in none
    assert "No inodes are left on the disk (too many files)" in none
    assert none.count("No inodes are left") == 2, "once by the refused command, once by status"
    assert "rc 5" in two
    assert "The label IS saved" in two
    assert "No inodes are left" in two
    assert (tmp_path / "kept").read_text() == (place.root / "data" / "labels.json").read_text()
    assert "rc" not in more
    assert (tmp_path / "written").read_text().count("offline") == len(place.keys)


def test_f_009_a_file_system_that_became_read_only(copies: Copies, tmp_path: Path) -> None:
    """opens read-only mode with reason"""
    place = copies()
    said = on_small_disk(
        f"cp -a {place.root} ws; mount -o remount,ro .; cd ws; "
        f"{shell([*PROGRAM, 'status', '--json'])} > {tmp_path / 'status.json'}; "
        f"{shell(label(Path('.'), 'offline', *ACTIVE))} 2>&1 || echo rc $?; "
        f"{shell([*PROGRAM, 'save'])} 2>&1 || echo rc $?; {shell([*PROGRAM, 'doctor'])} || echo rc $?",
        mount=tmp_path / "disk",
        size="40m",
        cwd=place.root,
    )
    status = Answer(0, (tmp_path / "status.json").read_text(), "").json
    assert status["tasks"]["offline-detection"]["labelled"] == 12
    assert "is read-only, so the workspace is only read" in " ".join(status["notices"])
    assert said.out.count("rc 5") == 3, said.out + said.err
    assert said.out.count("is read-only, so the workspace is only read") == 3
    assert "remount,rw" in said.out


def without_powers(words: list[str | Path]) -> list[str | Path]:
    """Take from a command what lets root write anywhere, where the tests are run by root."""
    if os.geteuid():
        return words
    if shutil.which("setpriv") is None:
        pytest.skip("root may write anywhere, and there is no setpriv to take that away")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", *words]


@pytest.mark.parametrize("foreign", [False, True])
def test_f_010_data_that_cannot_be_written(copies: Copies, foreign: bool) -> None:
    """names path, owner, fix"""
    place = copies()
    data = place.root / "data"
    if foreign and os.geteuid():
        pytest.skip("only root can give a folder away")
    before = label_file(place.root)
    if foreign:
        for path in (data, *data.rglob("*")):
            os.chown(path, 65534, 65534)
    data.chmod(0o555)
    try:
        done = run_program(without_powers(label(place.root, "offline", *ACTIVE)), cwd=place.root)
    finally:
        data.chmod(0o755)
    assert done.code == 5
    assert "The label IS saved, in .print-models/labels.db" in done.err
    owner = "nobody" if foreign else data.owner()
    assert f"{data} belongs to {owner}" in done.err
    assert f"sudo chown -R $USER {data}" in done.err
    assert label_file(place.root) == before
    assert set(labels_of(place.root).values()) == {"offline"}


def test_f_010_a_workspace_of_somebody_else_is_only_read(copies: Copies) -> None:
    """names path, owner, fix: where labels.db itself can't be written"""
    place = copies()
    private = place.root / ".print-models"
    private.chmod(0o555)
    try:
        seen = run_program(without_powers([*PROGRAM, "status", "--json"]), cwd=place.root)
        done = run_program(without_powers(label(place.root, "offline", *ACTIVE)), cwd=place.root)
    finally:
        private.chmod(0o755)
    assert seen.code == 0, seen.err
    assert seen.json["tasks"]["offline-detection"]["labelled"] == 12
    assert done.code == 5
    assert f"{private} belongs to {private.owner()} and can't be written" in done.err
    assert f"sudo chown -R $USER {private}" in done.err


LACKING = {
    "shared memory": ("labels.db-shm",), "locks": ("labels.db", "labels.db-shm", "labels.lock", "files.lock")
}  # fmt: skip


@pytest.mark.parametrize("lacking", list(LACKING))
def test_f_020_a_file_system_without(copies: Copies, lacking: str) -> None:
    """works with a rollback journal for one session, or refuses with the reason; never half"""
    need_strace()
    place = copies()
    before, file = labels_of(place.root), label_file(place.root)
    fault = "mmap:error=ENODEV" if lacking == "shared memory" else "fcntl,flock:error=ENOLCK"
    paths = [word for name in LACKING[lacking] for word in ("-P", str(place.root / ".print-models" / name))]
    trace = ["strace", "-f", "-qq", "-e", "signal=none", *paths, "-e", f"inject={fault}", "-o", os.devnull]
    done = run_program([*trace, *label(place.root, "offline", *ACTIVE)], cwd=place.root)
    assert done.code == 5, done.err
    assert "no shared memory or no file locks" in done.err
    assert "on a disk of this machine" in done.err
    if lacking == "shared memory":  # without locks SQLite tries for five seconds each time: once is enough
        seen = run_program([*trace, *PROGRAM, "status", "--json"], cwd=place.root)
        assert seen.code == 0, seen.err
        assert seen.json["tasks"]["offline-detection"]["labelled"] == 12
    assert (labels_of(place.root), label_file(place.root)) == (before, file)


def test_f_118_no_home_and_nowhere_for_temporary_files(copies: Copies, tmp_path: Path) -> None:
    """still labels"""
    place = copies()
    config = tmp_path / "gitconfig"
    config.write_text("[user]\n\tname = Ana\n\temail = ana@example.org\n")
    here = Path.cwd()
    command = f"{shell(label(Path('/mnt/ws'), 'offline', *ACTIVE))}"
    said = on_small_disk(
        # What the test has lies in the folder for temporary files itself: it is brought to another place first.
        f"mount --bind {tmp_path} /mnt; cp -a {place.root} /mnt/ws; rm /mnt/ws/printer-timelapses; "
        f"cp -a {place.camera} /mnt/ws/printer-timelapses; cd /; mkdir /mnt/house; mount --bind {here} /mnt/house; "
        # A checkout may lie there itself: it stays, and nothing else.
        "for folder in /tmp /var/tmp /usr/tmp /dev/shm; do test -d $folder || continue; mount -t tmpfs tmpfs $folder; "
        f"case {here} in $folder/*) mkdir -p {here}; mount --bind /mnt/house {here};; esac; "
        "mount -o remount,ro $folder; done; "
        f"cd /mnt/ws; env -u HOME -u TMPDIR -u XDG_CONFIG_HOME -u XDG_CACHE_HOME GIT_CONFIG_GLOBAL=/mnt/gitconfig "
        f"PYTHONPATH={here} {command}; "
        f"env -u TMPDIR HOME=/proc GIT_CONFIG_GLOBAL=/mnt/gitconfig PYTHONPATH={here} {command.replace('--as offline', '--as active')}",
        mount=tmp_path / "disk",
        size="1m",
        cwd=here,
        env={"TMPDIR": None},
    )
    assert said.code == 0, said.err
    assert set(labels_of_file(tmp_path / "ws")) == {"active"}


def labels_of_file(root: Path) -> list[str]:
    return list(label_file(root).values())[6:]


def test_f_118_a_home_that_cannot_be_written(copies: Copies, tmp_path: Path) -> None:
    """still labels"""
    place = copies()
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o555)
    words = without_powers(label(place.root, "offline", *ACTIVE))
    done = run_program(
        words, cwd=place.root, env={"HOME": str(home), "XDG_CONFIG_HOME": None, "XDG_CACHE_HOME": None}
    )
    assert done.code == 0, done.err
    assert list(home.iterdir()) == []
