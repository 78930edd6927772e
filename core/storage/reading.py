"""Reading a repository: what git says, in types.

What always holds: every call carries the safety flags (durable objects, nothing excluded from LFS, no monitor of the
repository's own choosing) and takes paths literally; nothing prompts, and nothing here changes a repository, but for a
lock that a dead process of ours left. `core.storage.git` adds the verbs that change something.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import Damaged
from core.process import Completed, Conversation, ProcessFailed, run
from core.progress import CancelToken
from core.storage import index_file, recent
from core.storage.lfs import filters_right
from core.storage.state import RepoState, has_identity, unfinished

SAFETY = (
    "core.fsync=all",
    "core.fsmonitor=false",
    "lfs.fetchexclude=",
    "lfs.fetchinclude=",
    "lfs.allowincompletepush=false",
)
#: Paths mean themselves, `[` and `*` included; an inherited wish to skip LFS uploads is not followed.
LITERAL = {"GIT_LITERAL_PATHSPECS": "1", "GIT_LFS_SKIP_PUSH": "0", "GIT_PYTHON_REFRESH": "quiet"}
#: The commands that may go to a remote over ssh.
_FAR = frozenset({"fetch", "lfs", "ls-remote", "push"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as index or tree have it; `stage` is above 0 only in an unfinished merge."""

    mode: str
    blob: str
    stage: int = 0


class Reader:
    """The repository whose work tree is `root`; `log` takes the lines of commands that change something."""

    def __init__(self, root: Path, log: Path | None = None) -> None:
        self.root, self.log = root, log
        self._paths: dict[str, Path] = {}
        self._names: Conversation | None = None

    def ask(
        self,
        *words: str | Path,
        stdin: bytes | None = None,
        check: bool = True,
        env: Mapping[str, str] | None = None,
        timeout: float = 600.0,
        cancel: CancelToken | None = None,
    ) -> Completed:
        """Run a git command that changes nothing. Raises ProcessFailed, or Lacking where git is not installed."""
        argv, given = ["git", *flags(), *words], {**LITERAL, **self.ssh(words), **(env or {})}
        done = run(argv, cwd=self.root, env=given, stdin=stdin, check=False, timeout=timeout, cancel=cancel)
        if check and done.code:
            raise failed(done, words)
        return done

    def ssh(self, words: Sequence[str | Path]) -> dict[str, str]:
        """Return the environment in which a command uses the ssh that the user's configuration names, if it names one."""
        named = self.config().get("core.sshcommand") if words[0] in _FAR else None
        return {"GIT_SSH_COMMAND": named} if named else {}

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Ask for the names of objects through one process while this lasts, instead of one for each."""
        if self._names is not None:
            yield
            return
        words = ["git", *flags(), "cat-file", "--batch-check=%(objectname)"]
        with contextlib.ExitStack() as around:
            with contextlib.suppress(OSError):  # no git: whoever asks hears of it
                self._names = Conversation(words, cwd=self.root, env=LITERAL)
                around.callback(self._names.close)
            try:
                yield
            finally:
                self._names = None

    def line(self, *words: str) -> str | None:
        """Return the answer of a git command without its newline, None where git says no."""
        done = self.ask(*words, check=False)
        return None if done.code else done.text.removesuffix("\n")

    def is_repository(self) -> bool:
        return recent.config(self.root) is not None or self.line("rev-parse", "--git-dir") is not None

    def head(self) -> str | None:
        """Return the commit of HEAD, None before the first."""
        return self.rev_parse("HEAD^{commit}")

    def branch(self) -> str | None:
        """Return the current branch's short name, None on a detached head."""
        return self.line("symbolic-ref", "--quiet", "--short", "HEAD")

    def rev_parse(self, revision: str) -> str | None:
        """Return the object id of a revision, None where there is none."""
        if self._names is not None and (told := self._names.ask(_bytes(revision))) is not None:
            name = told.decode("ascii", "replace")
            return name if len(name) in (40, 64) and " " not in name else None
        return self.line("rev-parse", "--verify", "--quiet", "--end-of-options", revision) or None

    def config(self) -> dict[str, str]:
        """Return the configuration as git sees it here: lower-case keys, the last value of each."""
        if (known := recent.config(self.root)) is not None:
            return known
        at = recent.stamp(self.root)
        found = _pairs(self.ask("config", "--list", "-z").text)
        recent.keep(self.root, at, config=found)
        return found

    def git_path(self, name: str) -> Path:
        """Return where a file of the repository itself lies (`index`, `MERGE_HEAD`)."""
        if name not in self._paths and (known := recent.path(self.root, name)) is not None:
            self._paths[name] = known
        if name not in self._paths and (told := self.line("rev-parse", "--git-path", name)):
            self._paths[name] = self.root / told
        return self._paths.get(name, self.root / ".git" / name)

    def status(self) -> list[tuple[str, str]]:
        """Return (two-letter state, path) of everything that differs from the last commit; renames as two paths."""
        out = self.ask("status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal").text
        return [(row[:2], row[3:]) for row in out.split("\0") if row]

    def state(self, *, counted: bool = True) -> RepoState:
        """Look at the repository once; what is dirty and untracked only where it is to be `counted`.

        Raises ProcessFailed where `root` is in none, Lacking without git.
        """
        top, git_dir, head, branch = self._bearings()
        rows, config = self.status() if counted else [], self.config()
        index_file.sweep(git_dir / "index")
        lock = git_dir / "index.lock"
        names = [
            key.split(".", 1)[1][:-4] for key in config if key.startswith("remote.") and key.endswith(".url")
        ]
        return RepoState(
            toplevel=top,
            branch=branch,
            head=head,
            operation=unfinished(git_dir),
            dirty=sum(1 for state, _ in rows if state != "??"),
            untracked=sum(1 for state, _ in rows if state == "??"),
            identity=has_identity(config),
            lfs=filters_right(config),
            remotes={name: config[f"remote.{name}.url"] for name in names},
            upstream=config.get(f"branch.{branch}.remote") if branch else None,
            lock=lock if lock.exists() else None,
        )

    def _bearings(self) -> tuple[Path, Path, str | None, str | None]:
        """Return top folder, git's own folder, HEAD's commit and branch: in one question where all have an answer."""
        named = ("index", "objects", "shallow")
        paths = [word for name in named for word in ("--git-path", name)]
        at = recent.stamp(self.root)
        words = (
            "rev-parse",
            "--show-toplevel",
            "--git-dir",
            *paths,
            "--git-common-dir",
            "HEAD^{commit}",
            "--symbolic-full-name",
            "HEAD",
        )
        told = self.ask(*words, check=False)
        lines = told.text.splitlines()
        if told.code == 0 and len(lines) == len(named) + 5 == told.out.count(b"\n"):
            self._paths.update(zip(named, (self.root / path for path in lines[2:]), strict=False))
            recent.keep(self.root, at, paths={**self._paths, "common": self.root / lines[-3]})
            branch = lines[-1].removeprefix("refs/heads/") if lines[-1].startswith("refs/heads/") else None
            return Path(lines[0]), self.root / lines[1], lines[-2], branch
        top = Path(self.ask("rev-parse", "--show-toplevel").text.removesuffix("\n"))
        git_dir = self.root / self.ask("rev-parse", "--git-dir").text.removesuffix("\n")
        return top, git_dir, self.head(), self.branch()

    def tags(self, pattern: str = "*", *, merged: bool = False) -> dict[str, str]:
        """Return tag name → commit it leads to, of the tags that match a glob; `merged` are in HEAD's history."""
        shape = "%(refname:strip=2)%00%(objectname)%00%(*objectname)"
        words = [f"--format={shape}", *(["--merged=HEAD"] if merged else []), f"refs/tags/{pattern}"]
        rows = [row.split("\0") for row in self.ask("for-each-ref", *words).text.splitlines()]
        return {name: peeled or direct for name, direct, peeled in rows}

    def ls_files(self, *paths: str, env: Mapping[str, str] | None = None) -> dict[str, Entry]:
        """Return what the index holds below folders (or for files), by path."""
        found = {}
        out = self.ask("ls-files", "-s", "-z", "--", *paths, env=env).text
        for row in filter(None, out.split("\0")):
            facts, _, path = row.partition("\t")
            mode, blob, stage = facts.split()
            found[path] = Entry(mode, blob, int(stage))
        return found

    def ls_tree(self, revision: str, folder: str = "") -> dict[str, Entry]:
        """Return the files of a commit or tree below a folder, by path."""
        words = ["ls-tree", "-r", "-z", "--full-tree", revision, *(["--", f"{folder}/"] if folder else [])]
        found = {}
        for row in filter(None, self.ask(*words).text.split("\0")):
            facts, _, path = row.partition("\t")
            mode, _, blob = facts.split()
            found[path] = Entry(mode, blob)
        return found

    def contents(self, names: Sequence[str]) -> list[bytes | None]:
        """Return the bytes of objects by any name git knows ('HEAD:a/b'), in order; None for one that is not there."""
        if not names:
            return []
        out = self.ask("cat-file", "--batch", "--buffer", stdin=_bytes("\n".join(names)) + b"\n").out
        found: list[bytes | None] = []
        at = 0
        for _ in names:
            end = out.index(b"\n", at)
            size = out[at:end].rsplit(b" ", 1)[-1]
            there = size.isdigit()  # else it says 'NAME missing'
            found.append(out[end + 1 : end + 1 + int(size)] if there else None)
            at = end + 1 + (int(size) + 1 if there else 0)
        return found

    def cat_file(self, blobs: Sequence[str]) -> list[bytes]:
        """Return the bytes of blobs, in order, read by one process. Raises Damaged where one is missing."""
        contents = self.contents(blobs)
        if None in contents:
            raise Damaged(f"git lacks the object {blobs[contents.index(None)][:12]}.", "Look with: git fsck")
        return [data for data in contents if data is not None]

    def check_ignore(self, paths: Iterable[str]) -> dict[str, str]:
        """Return path → 'file:line: pattern' of those that an ignore rule hides, tracked or not."""
        given = "\0".join(paths)
        if not given:
            return {}
        done = self.ask(
            "check-ignore",
            "--no-index",
            "--verbose",
            "-z",
            "--stdin",
            stdin=_bytes(given) + b"\0",
            check=False,
            env={"GIT_LITERAL_PATHSPECS": "0"},  # this command knows no patterns, and not that word either
        )
        if done.code > 1:
            raise failed(done, ["check-ignore"])
        words = done.text.split("\0")
        rows = [words[at : at + 4] for at in range(0, len(words) - 3, 4)]
        return {
            path: f"{source}:{number}: {pattern}"
            for source, number, pattern, path in rows
            if pattern and not pattern.startswith("!")
        }

    def check_attr(
        self,
        attribute: str,
        paths: Iterable[str],
        *,
        env: Mapping[str, str] | None = None,
        cached: bool = False,
    ) -> dict[str, str]:
        """Return path → value of an attribute ('unspecified', 'unset', 'set' or a word)."""
        return self.check_attrs([attribute], paths, env=env, cached=cached)[attribute]

    def check_attrs(
        self,
        attributes: Iterable[str],
        paths: Iterable[str],
        *,
        env: Mapping[str, str] | None = None,
        cached: bool = False,
    ) -> dict[str, dict[str, str]]:
        """Return attribute → path → value, of all of them by one process."""
        given, found = "\0".join(paths), {name: dict[str, str]() for name in attributes}
        if given:
            where = ["--cached"] if cached else []
            out = self.ask(
                "check-attr", *where, "-z", "--stdin", *found, stdin=_bytes(given) + b"\0", env=env
            )
            words = out.text.split("\0")
            for path, name, value in zip(words[::3], words[1::3], words[2::3], strict=False):
                found[name][path] = value
        return found

    def differs_from_head(self) -> dict[str, tuple[Entry | None, Entry | None]]:
        """Return path → (entry in HEAD, entry in the index) of everything staged; None where there is none."""
        out = self.ask("diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", "HEAD").text
        words = out.split("\0")
        found = {}
        for facts, path in zip(words[::2], words[1::2], strict=False):
            old_mode, new_mode, old, new, _ = facts.removeprefix(":").split()
            found[path] = (
                None if not old.strip("0") else Entry(old_mode, old),
                None if not new.strip("0") else Entry(new_mode, new),
            )
        return found

    def changed_between(self, older: str, newer: str) -> list[str]:
        """Return the paths in which two commits differ."""
        out = self.ask("diff-tree", "-r", "-z", "--no-renames", "--name-only", older, newer).text
        return [path for path in out.split("\0") if path]

    def ls_remote(self, remote: str, *patterns: str, cancel: CancelToken | None = None) -> dict[str, str]:
        """Return ref → object id on a remote. Raises ProcessFailed, or Lacking where it does not answer in time."""
        out = self.ask("ls-remote", remote, *patterns, timeout=30, cancel=cancel).text
        rows = [row.split("\t", 1) for row in out.splitlines() if "\t" in row]
        return {ref: found for found, ref in rows}


def failed(done: Completed, words: Sequence[str | Path]) -> ProcessFailed:
    """Return the error of a git command that said no, named by its verb and not by our flags."""
    return ProcessFailed(Completed(("git", str(words[0])), done.code, done.out, done.err))


def flags() -> list[str]:
    """Return the safety flags as words of a command."""
    return [word for pair in SAFETY for word in ("-c", pair)]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _pairs(listing: str) -> dict[str, str]:
    return {key: value for key, _, value in (row.partition("\n") for row in listing.split("\0") if row)}
