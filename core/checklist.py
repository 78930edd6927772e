"""The checks of drafts, versions and repository as a table: what each looks for, how grave a finding is, who may change that.

What always holds: an id is a stable word, and every result of `check` has one of these; docs/checks.md shows this table
(a test keeps both equal). What keeps data whole stays a block whatever the settings say. Read by the settings ([checks])
and by core/versions/gates.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from core.errors import WrongUsage
from core.text import safe

WARN, BLOCK = "warn", "block"


class Check(Struct, frozen=True):
    """One check: `about` says of what, `level` is a finding's usual level, `why_fixed` why it can't be turned down ('')."""

    id: str
    about: str
    what: str
    level: str
    why_fixed: str = ""


_EXPORT = "no version can be made of it"
_LOST = "a label without its picture would be lost"
_TRUTH = "a version says what it holds"
_GIT = "git would leave images out, or take them raw, without a word"

_ROWS = (
    Check("draft", "draft", "A version can be made of the labels.", BLOCK, _EXPORT),
    Check("label-file", "draft", "The label file and the marks can be read.", BLOCK, "labels could be lost"),
    Check("unknown-labels", "draft", "Every entry is a label of a frame.", BLOCK, "none is dropped in silence"),
    Check("conflicts", "draft", "No frame waits for a decision.", BLOCK, "one side's label would be lost"),
    Check("spelling", "draft, version", "Labels are written as names of classes.", WARN),
    Check("classes", "draft", "There is more than one class.", BLOCK, "no model learns from one class"),
    Check("names", "draft", "Every image gets a file name of its own.", BLOCK, "one image would overwrite another"),
    Check("camera", "draft", "The cameras of labelled frames are here.", WARN),
    Check("missing", "draft, version", "Every image is somewhere.", BLOCK, _LOST),
    Check("changed", "draft", "The files are those that were labelled.", BLOCK, "a label belongs to bytes"),
    Check("decodable", "draft, version", "No picture is known to be broken.", BLOCK, "no training could read it"),
    Check("same-bytes", "draft, version", "One picture has one label, whatever its names.", BLOCK, "one of two is wrong"),
    Check("contradicts", "draft, version", "Labels of two tasks can both be right.", WARN),
    Check("lone", "draft, version", "No label stands alone inside another class's stretch.", WARN),
    Check("balance", "draft, version", "No class is ten times another one.", WARN),
    Check("recordings", "draft, version", "Every class has recordings enough for both sides.", WARN),
    Check("leak", "draft, version", "Train and validation are apart.", BLOCK),
    Check("near-duplicates", "draft, version", "Validation shows more than train did already.", WARN),
    Check("hour", "draft, version", "The hour alone does not tell the class.", WARN),
    Check("brightness", "draft, version", "Brightness alone does not tell the class.", WARN),
    Check("room", "draft", "The disk has bytes and inodes enough.", BLOCK, "an export needs them"),
    Check("plan-limit", "draft", "The storage plan has room for what is new.", WARN),
    Check("version", "version", "Its files fit together.", BLOCK, _TRUTH),
    Check("card", "version", "Its card says what its files hold.", BLOCK, _TRUTH),
    Check("repository", "repository", "There is a git repository.", WARN),
    Check("ignored", "draft, version, repository", "No ignore rule hides a file of a version.", BLOCK, _GIT),
    Check("attributes", "draft, version, repository", "Every image goes through Git LFS.", BLOCK, _GIT),
    Check("history", "history", "Every line of the journals tells of a labelling step.", WARN),
    Check("checkpoint", "models", "A model file is as large as its weights.", WARN),
)  # fmt: skip

CHECKS: Mapping[str, Check] = {check.id: check for check in _ROWS}


def refuse_levels(given: Mapping[str, str], where: str) -> None:
    """Raise WrongUsage for an id that no check has, and for a block that stays; `where` is the settings file's name."""
    for name, level in given.items():
        known = CHECKS.get(name)
        if known is None:
            raise WrongUsage(
                f"{where}: unknown key checks.{safe(name, limit=60)}.",
                f"The checks are: {', '.join(CHECKS)}.",
            )
        if level not in (WARN, BLOCK):
            raise WrongUsage(
                f"{where}: checks.{name}: “{safe(level, limit=60)}” is no level.", 'Write "warn" or "block".'
            )
        if known.why_fixed and level != BLOCK:
            raise WrongUsage(
                f"{where}: checks.{name}: this block can't be turned down: {known.why_fixed}.",
                "Take the line out; docs/checks.md says which checks can be changed.",
            )
