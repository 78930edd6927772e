"""Git in typed verbs: the reading ones of `core.storage.reading`, and the few that change something.

What always holds: what changes a repository goes through GitPython's `repo.git`, with our environment, our safety
flags, no standard input and a session of its own, and stands in the log. Called by ledger, release, status.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from core.errors import Cancelled, PrintModelsError
from core.process import Completed, ProcessFailed, environment, log_command, not_installed
from core.progress import CancelToken
from core.storage.aside import index_with_only
from core.storage.reading import LITERAL, Entry, Reader, flags
from core.storage.state import RepoState

__all__ = ["Entry", "Git", "RepoState"]

#: Called while a command runs; what it raises ends the command.
Look = Callable[[], None]
#: A server that sends nothing for a minute is given up; one that is at work sends a sign of life.
_NO_DRIP = {"http.lowSpeedLimit": "1", "http.lowSpeedTime": "60"}


class Git(Reader):
    """The repository whose work tree is `root`; `log` takes the lines of commands that change something."""

    def add(self, paths: Sequence[str], *, cancel: CancelToken | None = None) -> None:
        """Stage exactly these files through git's own filters."""
        if paths:
            self._change("add", "--", *paths, cancel=cancel)

    def untrack(self, paths: Sequence[str]) -> None:
        """Take these files out of the index; on the disk they stay."""
        self._change("rm", "--cached", "--quiet", "--", *paths)

    def import_blobs(self, blobs: Iterable[bytes], *, cancel: CancelToken | None = None) -> None:
        """Let the repository have these blobs, many at once; none of them gets a name."""
        given = b"".join(b"blob\ndata %d\n%b\n" % (len(blob), blob) for blob in blobs)
        self._change("fast-import", "--quiet", stdin=given, cancel=cancel)

    def commit(self, paths: Iterable[str], message: str) -> str:
        """Commit the staged state of exactly these paths; return the new commit.

        Hooks and signing run; what others staged stays staged.
        """
        with index_with_only(self, paths) as env:
            self._change("commit", "--quiet", "-m", message, env=env)
        return self.head() or ""

    def tag(self, name: str, message: str, commit: str) -> None:
        """Make an annotated tag."""
        self._change("tag", "-a", "-m", message, name, commit)

    def delete_tag(self, name: str, at: str) -> None:
        """Take a tag away that still is the object `at`."""
        self._change("update-ref", "-d", f"refs/tags/{name}", at)

    def move_branch(self, branch: str, commit: str, before: str, why: str) -> None:
        """Move a branch that is at `before`; index and work tree stay as they are."""
        self._change("update-ref", "-m", why, f"refs/heads/{branch}", commit, before)

    def restage(self, entries: Mapping[str, Entry | None]) -> None:
        """Have the index hold exactly these entries for these paths, None for nothing; the files stay as they are."""
        nothing = "0" * len(self.head() or "")
        rows = [
            f"0 {nothing}\t{path}" if entry is None else f"{entry.mode} {entry.blob}\t{path}"
            for path, entry in entries.items()
        ]
        if rows:
            given = "".join(f"{row}\0" for row in rows).encode("utf-8", "surrogateescape")
            self._change("update-index", "-z", "--index-info", stdin=given)

    def lfs_push(
        self,
        remote: str,
        oids: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        look: Look | None = None,
    ) -> None:
        """Upload exactly these LFS objects; `look` is called every moment and ends it by raising."""
        for at in range(0, len(oids), 500):
            names = [oid.removeprefix("sha256:") for oid in oids[at : at + 500]]
            self._change("lfs", "push", "--object-id", remote, *names, env=env, look=look)

    def lfs_fetch(
        self,
        remote: str,
        ref: str,
        include: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        look: Look | None = None,
    ) -> None:
        """Download the LFS objects of a ref's files that match, where they are not here."""
        patterns = ",".join(include)
        self._change("lfs", "fetch", f"--include={patterns}", "--exclude=", remote, ref, env=env, look=look)

    def lfs_checkout(self, paths: Sequence[str]) -> None:
        """Put the bytes into files of the work tree that are still pointers."""
        self._change("lfs", "checkout", "--", *paths)

    def push(self, remote: str, refs: Sequence[str], *, cancel: CancelToken | None = None) -> None:
        """Push refs, all of them or none, and no object with them: those are there already."""
        words = ("push", "--atomic", "--porcelain", remote, *refs)
        self._change(*words, env={"GIT_LFS_SKIP_PUSH": "1"}, config=_NO_DRIP, cancel=cancel)

    def push_branch(self, remote: str, refs: str) -> None:
        """Push one branch and nothing with it: no tag, and no object of Git LFS."""
        words = ("push", "--porcelain", "--no-follow-tags", remote, refs)
        self._change(*words, env={"GIT_LFS_SKIP_PUSH": "1"})

    def fetch(self, remote: str, refs: str) -> None:
        """Bring a branch of a remote, without the objects of Git LFS."""
        self._change("fetch", "--quiet", remote, refs)

    def merge(self, commit: str, *, forward: bool, config: Mapping[str, str]) -> None:
        """Merge a commit into work tree and index; `forward` moves the branch there, else nothing is committed yet.

        Images stay pointers. Raises ProcessFailed where it is not merged, or not all of it.
        """
        how = ("--ff-only",) if forward else ("--no-ff", "--no-commit")
        self._change("merge", "--quiet", *how, commit, env={"GIT_LFS_SKIP_SMUDGE": "1"}, config=config)

    def abort_merge(self) -> None:
        """Take a merge back that is not committed; nothing where there is none."""
        if self.git_path("MERGE_HEAD").exists():
            self._change("merge", "--abort", env={"GIT_LFS_SKIP_SMUDGE": "1"})

    def commit_merge(self, message: str) -> None:
        """Commit the merge that work tree and index hold."""
        self._change("commit", "--quiet", "-m", message)

    def _change(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        config: Mapping[str, str] | None = None,
        cancel: CancelToken | None = None,
        stdin: bytes | None = None,
        look: Look | None = None,
    ) -> str:
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
        import git

        if self.log is not None:
            log_command(self.log, ["git", *words])
        given = [word for key, value in (config or {}).items() for word in ("-c", f"{key}={value}")]
        argv = ["git", *flags(), *given, *words]
        with git.Repo(self.root, search_parent_directories=True) as repo:
            try:
                process = repo.git.execute(
                    argv,
                    as_process=True,
                    env=environment({**LITERAL, **self.ssh(words), **(env or {})}),
                    start_new_session=True,
                    istream=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                )
            except git.exc.GitCommandNotFound as error:
                raise not_installed("git") from error
            child = process.proc
            if child is None:
                raise PrintModelsError("git could not be started.", "Try again.")
            out, err = _finish(child, cancel, stdin, look)
        done = Completed(tuple(["git", *words[:1]]), child.returncode, out, err.decode("utf-8", "replace"))
        if done.code:
            raise ProcessFailed(done)
        return done.text


def load() -> None:
    """Load what changing a repository needs, which takes longer than most commands do."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    importlib.import_module("git")


def _finish(
    child: subprocess.Popen[bytes], cancel: CancelToken | None, stdin: bytes | None, look: Look | None
) -> tuple[bytes, bytes]:
    """Wait for a child's end; a stop from outside, or from `look`, ends it first, so that it leaves no lock behind."""
    watched = cancel is not None or look is not None
    while True:
        try:
            if look is not None:
                look()
            if cancel is not None and cancel.cancelled:
                raise Cancelled("Stopped while git was at work.", "Run it again: it goes on where it stood.")
            return child.communicate(stdin, timeout=0.5 if watched else None)
        except subprocess.TimeoutExpired:
            stdin = None  # what was not sent yet is kept by communicate itself
            continue
        except BaseException:
            with _ignoring_the_dead():
                os.killpg(child.pid, signal.SIGTERM)
                child.wait(timeout=5)
            raise


@contextmanager
def _ignoring_the_dead() -> Iterator[None]:
    try:
        yield
    except (ProcessLookupError, subprocess.TimeoutExpired):
        return
