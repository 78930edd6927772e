"""A branch that went on at the remote: seen before a push, or read from what git says when it refused one.

What always holds: nothing is changed here. Called by the push of a release and by sync.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.process import ProcessFailed
from core.storage.git import Git
from core.text import safe


def reason(error: ProcessFailed) -> str:
    """Return git's own word on why, which is not always its last line."""
    lines = error.detail.split("\n") + error.completed.text.split("\n")
    told = [line for word in ("[rejected]", "[remote rejected]", "fatal:") for line in lines if word in line]
    shown = told[0] if told else next((line for line in lines if line.strip()), "no reason given")
    return safe(shown.replace("\t", " ").strip(" !").removeprefix("error: "), limit=240)


def non_fast_forward(error: ProcessFailed) -> bool:
    """True where a push was refused because the branch has commits there that are not here."""
    said = error.detail + error.completed.text
    return "non-fast-forward" in said or "fetch first" in said


def merge_first(remote: str, ref: str, again: str) -> str:
    """Say how to merge what the branch has there; both are named, since a branch may have no upstream."""
    branch = safe(ref.removeprefix("refs/heads/"))
    return f"Merge them: git pull --rebase=false {safe(remote)} {branch}; look at the version, then again: {again}"


def gone_on(git: Git, ref: str, refs: Mapping[str, str]) -> bool:
    """True where a branch, by the `refs` that the remote shows, has commits that HEAD does not have."""
    head = refs.get(ref)
    if head is None:
        return False
    known = git.rev_parse(f"{head}^{{commit}}") is not None
    return not known or git.ask("merge-base", "--is-ancestor", head, "HEAD", check=False).code == 1
