"""The page itself: facts and strips to HTML.

What always holds: pure; every text from outside goes through `text` or `lines`, which escape it; sections come in the
order a reviewer asks: what changes, what it costs, is it sound, then each hunk. Called by write.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

from core.human import count, plural, size
from core.text import safe, safe_lines
from core.version import __version__
from core.versions.checks import CheckResult
from core.versions.report.facts import Facts
from core.versions.report.pictures import Strips
from core.versions.report.stretches import stretches
from core.versions.report.style import CSS
from core.versions.report.tables import classes, confusion, splits
from core.versions.saying import sentence

#: What a page of ours begins with; only such a file is overwritten.
MARK = '<!doctype html>\n<html lang="en">\n<head>\n<meta name="generator" content="print-models diff">'
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_LEVELS = {"pass": ("good", "✓ pass"), "warn": ("warn", "▲ warn"), "block": ("bad", "✕ block")}
_NAMED = 12


def text(words: str, limit: int = 500) -> str:
    """Return outside text as one line of HTML that shows as it was written."""
    return escape(safe(words, limit=limit))


def page(facts: Facts, strips: Strips, made: datetime) -> str:
    """Return the whole page; `made` is when, in local time."""
    found = facts.found
    names = f"{text(found.base.name, 80)} → {text(found.target.name, 80)}"
    parts = [
        f"{MARK}\n",
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n',
        f"<title>{text(facts.task.name, 80)}: {names}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<main>\n",
        *_head(facts),
        *_tiles(facts),
        '<div class="two">\n',
        *classes(found),
        *splits(facts),
        "</div>\n",
        *confusion(found),
        *_checks(facts),
        *stretches(facts, strips),
        *_foot(facts, made),
        "</main>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _sound(checks: Iterable[CheckResult] | None) -> str:
    if checks is None:
        return "Not checked: the target is neither the draft nor a version of the work tree."
    block, warn = ([one for one in checks if one.level == level] for level in ("block", "warn"))
    if block:
        return f"Blocked by {plural(len(block), 'check')}: {block[0].text}"
    if warn:
        return f"Warns: {warn[0].text}" + (f" And {len(warn) - 1} more." if len(warn) > 1 else "")
    return "Every check passes."


def _head(facts: Facts) -> Iterable[str]:
    found = facts.found
    yield f'<p class="over">{text(facts.workspace, 80)} · {text(facts.task.name, 80)}</p>\n'
    yield f'<h1>{text(found.base.name, 80)}<span class="arrow">→</span>{text(found.target.name, 80)} {_verdict(facts)}</h1>\n'
    said = sentence(found).removeprefix(f"{found.base.name} → {found.target.name}: ")
    for words in (said[:1].upper() + said[1:], _sound(facts.checks)):
        yield f'<p class="lead">{text(words, 1000)}</p>\n'
    if found.target.assumed:
        yield (
            f'<p class="small">{plural(found.target.assumed, "frame")} labelled without a record of the bytes: '
            f"taken as {text(found.base.name, 80)}'s.</p>\n"
        )


def _verdict(facts: Facts) -> str:
    if facts.checks is None:
        return '<span class="pill none">not checked</span>'
    levels = {one.level for one in facts.checks}
    for level, words in (("block", "✕ blocked"), ("warn", "▲ to look at")):
        if level in levels:
            return f'<span class="pill {_LEVELS[level][0]}">{words}</span>'
    return '<span class="pill good">✓ sound</span>'


def _tiles(facts: Facts) -> Iterable[str]:
    yield '<div class="tiles">\n'
    for kind, number in facts.found.counts.items():
        if number or kind not in ("moved", "unknown", "replaced"):
            zero = "" if number else " zero"
            yield f'<div class="tile{zero}"><b>{count(number)}</b><span>{kind}</span></div>\n'
    moved = facts.found.bytes
    there = ""
    if facts.stored:
        there = ", all" if facts.stored >= moved["new"] else f", {size(facts.stored)} of it"
        there += " in git already"
    yield f'<div class="tile{"" if moved["new"] else " zero"}"><b>{size(moved["new"])}</b><span>new{there}</span></div>\n'
    yield f'<div class="tile zero"><b>{size(moved["reused"])}</b><span>reused</span></div>\n</div>\n'
    if any(hunk.held for hunk in facts.found.hunks):
        yield (
            '<p class="small">What is held back is drawn here too, and marked so; it is in no number, for the next version '
            "is made without it, and the checks looked at that.</p>\n"
        )


def _checks(facts: Facts) -> Iterable[str]:
    yield "<h2>Checks</h2>\n"
    if facts.checks is None:
        yield '<p class="small">Only the draft and versions of the work tree are checked.</p>\n'
        return
    odd = [one for level in ("block", "warn") for one in facts.checks if one.level == level]
    fine = [one for one in facts.checks if one.level == "pass"]
    yield '<div class="card">\n'
    if odd:
        yield f'<ul class="checks">\n{"".join(map(_check, odd))}</ul>\n'
    if fine:
        words = f"{plural(len(fine), 'check')} {'passes' if len(fine) == 1 else 'pass'}"
        yield f"<details><summary>{words}</summary>\n"
        yield f'<ul class="checks">\n{"".join(map(_check, fine))}</ul>\n</details>\n'
    yield "</div>\n"


def _check(one: CheckResult) -> str:
    kind, words = _LEVELS[one.level]
    remedy = f"<p>{text(one.remedy)}</p>" if one.remedy and one.level != "pass" else ""
    return (
        f'<li><span class="pill {kind}">{words}</span><div><p>{text(one.text, 800)} '
        f'<span class="id">{text(one.id, 60)}</span></p>{remedy}{_frames(one)}</div></li>\n'
    )


def _frames(one: CheckResult) -> str:
    if not one.frames or one.level == "pass":
        return ""
    more = f"<br>and {len(one.frames) - _NAMED} more" if len(one.frames) > _NAMED else ""
    rows = "<br>".join(text(frame, 160) for frame in one.frames[:_NAMED])
    return f'<details><summary>{plural(len(one.frames), "frame")}</summary><p class="id">{rows}{more}</p></details>'


def _foot(facts: Facts, made: datetime) -> Iterable[str]:
    words = safe_lines(f"print-models {__version__}")
    yield (
        f"<footer>Written {made:%Y-%m-%d %H:%M} by {escape(words)} diff --html. The pictures in it are small copies; the "
        f"page loads nothing and runs nothing.</footer>\n"
    )
