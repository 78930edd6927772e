"""The changes of the page: each hunk under its recording, with its pictures, held back or not, and its comment.

What always holds: pure; every hunk is drawn with pictures, or listed in a line, or counted, and which of it is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from itertools import groupby

from core.frames.names import captured_at
from core.human import plural, signed_size
from core.text import safe, safe_lines
from core.versions.diff import Hunk
from core.versions.report.facts import Facts
from core.versions.report.pictures import Small, Strips
from core.versions.report.tables import named

#: So many hunks beyond those with pictures get a line.
LISTED = 3000


def stretches(facts: Facts, strips: Strips) -> Iterable[str]:
    """Draw every hunk, by recording."""
    hunks = facts.found.hunks
    yield "<h2>Changes</h2>\n"
    if not hunks:
        yield '<p class="small">No image and no label differs.</p>\n'
        return
    yield f'<p class="small" style="margin-top:0">{_about(facts, strips)}</p>\n'
    order = list(dict.fromkeys([*facts.found.target.counts, *facts.found.base.counts]))
    drawn = [hunk for hunk in hunks if hunk.id in strips.of]
    for recording, members in groupby(drawn, key=lambda hunk: hunk.recording):
        rows = list(members)
        yield _recording(recording, rows[0])
        for hunk in rows:
            yield _hunk(hunk, strips.of[hunk.id], order)
    yield from _rest(hunks[len(drawn) :], order)


def _about(facts: Facts, strips: Strips) -> str:
    words = ["A hunk is frames of one recording in a row that changed in one way."]
    if any(len(hunk.frames) > len(strips.of.get(hunk.id, ())) for hunk in facts.found.hunks):
        words.append("Of a long one some frames are shown, the first and the last among them.")
    if strips.missing:
        which = plural(strips.missing, "picture") if strips.shown else "The pictures"
        are = "is" if strips.missing == 1 and strips.shown else "are"
        words.append(
            f"{which} {are} not shown, and each place says why; for those that are not on this machine: git lfs pull, "
            "then write this page again."
        )
    return escape(" ".join(words))


def _recording(recording: str, first: Hunk) -> str:
    at = captured_at(first.first)
    when = f"{at:%A}, {at.day} {at:%B %Y}" if at else "no time in the names"
    return f'<h3>{when}<span class="id">recording {escape(safe(recording, limit=160))}</span></h3>\n'


def _hunk(hunk: Hunk, pictures: tuple[Small, ...], order: list[str]) -> str:
    held = '<span class="pill held">held back</span>' if hunk.held else ""
    comment = ""
    if hunk.comment:
        comment = f"<blockquote>{escape(safe_lines(hunk.comment))}</blockquote>\n"
    shown = f'<div class="strip">{"".join(map(figure, pictures))}</div>\n' if pictures else ""
    return (
        f'<article class="card hunk{" back" if hunk.held else ""}"><header>{_line(hunk, order)}{held}'
        f'<span class="id far">{escape(safe(hunk.id, limit=200))}</span></header>\n{comment}{shown}</article>\n'
    )


def _line(hunk: Hunk, order: list[str]) -> str:
    return (
        f'<b>{_when(hunk)}</b><span class="what">{_change(hunk.change, order)}</span>'
        f'<span class="meta">{plural(len(hunk.frames), "frame")}</span><span class="meta">{signed_size(hunk.bytes)}</span>'
    )


def _when(hunk: Hunk) -> str:
    first, last = captured_at(hunk.first), captured_at(hunk.last)
    if first is None or last is None:
        return escape(safe(hunk.first.rsplit("/", 1)[-1], limit=60))
    if f"{first:%H:%M}" == f"{last:%H:%M}" and first.date() == last.date():
        return f"{first:%H:%M}"
    return f"{first:%H:%M}–{last:%H:%M}" + (f" ({last.day} {last:%b})" if first.date() != last.date() else "")


def _change(change: str, order: list[str]) -> str:
    """Draw 'offline → active' or 'added active' with the colours of its classes."""
    before, arrow, after = change.partition(" → ")
    kind, _, label = before.rpartition(" ")
    words = f"{escape(safe(kind, limit=40))} " if kind else ""
    if not arrow:
        return f"{words}{named(label, order)}"
    return f'{words}{named(label, order)}<span class="to">→</span>{named(after, order)}'


def figure(one: Small) -> str:
    """Draw a small picture with its time, or why there is none."""
    side = f"<em>{one.side}</em> " if one.side else ""
    when = escape(safe(one.when, limit=40))
    if not one.uri:
        return f'<figure><div class="gone">{escape(safe(one.why, limit=80))}</div><figcaption>{side}{when}</figcaption></figure>'
    alt = f"{one.side} {when}".strip()
    return (
        f'<figure><img src="{one.uri}" width="{one.width}" height="{one.height}" alt="{alt}" loading="lazy">'
        f"<figcaption>{side}{when}</figcaption></figure>"
    )


def _rest(hunks: tuple[Hunk, ...], order: list[str]) -> Iterable[str]:
    if not hunks:
        return
    yield f"<h3>{plural(len(hunks), 'more hunk')}, without pictures so that this page stays small</h3>\n"
    for hunk in hunks[:LISTED]:
        at = captured_at(hunk.first)
        day = f'<span class="meta">{at:%Y-%m-%d}</span>' if at else ""
        held = '<span class="pill held">held back</span>' if hunk.held else ""
        said = f"<span>“{escape(safe(hunk.comment, limit=300))}”</span>" if hunk.comment else ""
        yield f'<div class="row">{day}{_line(hunk, order)}{held}{said}<span class="id">{escape(safe(hunk.id, limit=200))}</span></div>\n'
    if len(hunks) > LISTED:
        yield f'<p class="small">And {plural(len(hunks) - LISTED, "hunk")} more: print-models diff --json names them all.</p>\n'
