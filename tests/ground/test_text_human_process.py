"""Outside text made harmless, figures in a person's words, and programs that can't hang or ask."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import human
from core.errors import Cancelled, Lacking
from core.process import ProcessFailed, run, spawn_detached
from core.progress import CancelToken
from core.text import address, safe, safe_lines


@given(st.text() | st.binary())
def test_nothing_that_talks_to_a_terminal_survives(text: str | bytes) -> None:
    shown = safe(text, limit=10_000)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_the_last_line_is_the_last_that_says_something(end: str) -> None:
    assert safe_lines(f"first\nhost not found{end}", limit=1) == "host not found"
    assert safe_lines(f"first\nhost not found{end}".encode()) == "first\nhost not found"


def test_plain_names_stay_as_they_are() -> None:
    assert safe("20251107T005601.jpg") == "20251107T005601.jpg"
    assert safe("Größe ✓ [/x]") == "Größe ✓ [/x]"
    assert safe("a\x1b]52;c;x\x07\u202eb") == "a\\x1b]52;c;x\\x07\\u202eb"
    assert safe_lines("one\r\ntwo\x1b[2J\n") == "one\ntwo\\x1b[2J"


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (human.size(12), "12 bytes"),
        (human.size(281_874), "282 kB"),
        (human.size(51_558_000), "51.6 MB"),
        (human.signed_size(5_400_000), "+5.4 MB"),
        (human.signed_size(-2_000_000), "−2 MB"),
        (human.signed_size(0), "±0"),
        (human.count(4822), "4 822"),
        (human.plural(1, "frame"), "1 frame"),
        (human.plural(2, "class", "classes"), "2 classes"),
        (human.duration(3.14), "3.1 s"),
        (human.duration(133), "2 min 13 s"),
        (human.duration(3600), "1 h"),
        (human.ago(datetime.now() - timedelta(days=3)), "3 days ago"),
        (human.ago(datetime.now()), "just now"),
    ],
)
def test_figures_read_as_a_person_says_them(got: str, want: str) -> None:
    assert got == want


def test_a_missing_program_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(Lacking, match="git-nothing"):
        run(["git-nothing"], cwd=tmp_path)


def test_a_failing_program_is_told_by_its_own_last_line(tmp_path: Path) -> None:
    with pytest.raises(ProcessFailed, match=r"git rev-parse failed: .*not a git repository"):
        run(["git", "rev-parse", "--show-toplevel"], cwd=tmp_path)


def test_git_is_quoted_by_its_reason_and_not_by_the_advice_below_it(tmp_path: Path) -> None:
    with pytest.raises(
        ProcessFailed, match=r"git ls-remote failed: .*does not appear to be a git repository$"
    ):
        run(["git", "ls-remote", str(tmp_path / "nothing.git")], cwd=tmp_path)


@pytest.mark.parametrize("kernel", ["tells of an end", "does not"])
def test_a_program_that_closes_its_output_first_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: str
) -> None:
    if kernel == "does not":
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    closing = ["sh", "-c", "echo said; exec >&- 2>&-; sleep 0.1; exit 3"]
    done = run(closing, cwd=tmp_path, check=False)
    assert (done.code, done.out.strip()) == (3, b"said")
    with pytest.raises(Lacking, match="did not answer"):
        run(["sh", "-c", "exec >&- 2>&-; sleep 600"], cwd=tmp_path, timeout=0.3)


def test_a_program_that_hangs_is_stopped_and_one_that_is_cancelled_too(tmp_path: Path) -> None:
    with pytest.raises(Lacking, match="did not answer"):
        run(["sleep", "600"], cwd=tmp_path, timeout=0.3)
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run(["sleep", "600"], cwd=tmp_path, cancel=token)


def test_no_child_can_ask_a_question_or_see_our_input(tmp_path: Path) -> None:
    assert run(["cat"], cwd=tmp_path).out == b""
    assert run(["cat"], cwd=tmp_path, stdin=b"given").out == b"given"
    assert run(["sh", "-c", "echo $GIT_TERMINAL_PROMPT $LC_ALL"], cwd=tmp_path).text == "0 C.UTF-8\n"


def test_what_changes_something_is_logged(tmp_path: Path) -> None:
    log = tmp_path / "git.log"
    run(["git", "init", "-q", "x y"], cwd=tmp_path, log=log)
    assert log.read_text().endswith("git init -q 'x y'\n")


def test_a_detached_program_writes_to_its_log(tmp_path: Path) -> None:
    pid = spawn_detached(["sh", "-c", "echo $$; ps -o sid= -p $$"], cwd=tmp_path, log=tmp_path / "log")
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(20)
    said = (tmp_path / "log").read_text().split()
    assert said == [str(pid), str(pid)]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ana:pa@ss@example.org/x.git", "https://ana:…@example.org/x.git"),
        ("https://ghp_token@example.org/x.git", "https://…@example.org/x.git"),
        ("ssh://git@example.org:22/x.git", "ssh://git@example.org:22/x.git"),
        ("git@example.org:x.git", "git@example.org:x.git"),
        ("file:///srv/a@b/x.git", "file:///srv/a@b/x.git"),
    ],
)
def test_an_address_is_shown_without_what_lets_one_in(url: str, shown: str) -> None:
    assert address(url) == shown
