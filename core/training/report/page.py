"""A result as one page for a browser: words first, then charts, then every number, then the frames it got wrong.

What always holds: pure; the page loads nothing and runs nothing; every text from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, NamedTuple

from core.human import count
from core.text import safe
from core.training import alarm_words
from core.training.judging import Judged
from core.training.report.shapes import Drawing
from core.training.report.svg import svg
from core.training.result_tables import span
from core.training.results import percent
from core.version import __version__
from core.versions.report.pictures import Small
from core.versions.report.style import CSS

#: What a page of ours begins with; only such a file is overwritten.
MARK = '<!doctype html>\n<html lang="en">\n<head>\n<meta name="generator" content="print-models evaluate">'
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = (
    ".charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:14px;margin-top:22px}"
    ".charts .card{display:flex;align-items:center;justify-content:center}"
    ".strip.mistakes{grid-template-columns:repeat(auto-fill,minmax(130px,1fr));gap:14px 10px;margin-top:0}"
    "svg text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
)
#: So many frames are named; the rest is counted.
_NAMED = 300


def text(words: object, limit: int = 300) -> str:
    """Return outside text as one line of HTML that shows as it was written."""
    return escape(safe(str(words), limit=limit))


class Mistake(NamedTuple):
    """A frame that was called what it is not, as `results.measure` names it, and its small picture."""

    facts: Mapping[str, Any]
    picture: Small


def page(found: Judged, drawings: Sequence[Drawing], made: datetime, mistakes: Sequence[Mistake] = ()) -> str:
    """Return the whole page; `made` is when, in local time."""
    task, version = found.version.task.name, found.version.name
    result = found.headline
    parts = [
        f"{MARK}\n",
        '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n',
        f"<title>{text(found.name, 80)} on {text(task, 80)} {text(version, 40)}</title>\n"
        f"<style>{CSS}{_STYLE}</style>\n</head>\n<body>\n<main>\n",
        f'<p class="over">{text(task, 80)} · {text(version, 40)} · {text(found.version.digest[:19], 40)}</p>\n',
        f"<h1>{text(found.name, 80)} {_verdict(result)}</h1>\n",
        *(f'<p class="lead">{text(line, 600)}</p>\n' for line in found.words),
        *(f'<p class="small">{text(line, 600)}</p>\n' for line in found.notes),
    ]
    if result is not None:
        parts += [
            *_tiles(result),
            '<div class="charts">\n',
            *(f'<div class="card">{svg(drawing)}</div>\n' for drawing in drawings),
            "</div>\n",
            *_classes(result),
            *_prints(result),
            *_recordings(result),
            *_pictures(mistakes, len(result["wrong"])),
            *_wrong(result),
        ]
    parts.append(
        f"<footer>Written {made:%Y-%m-%d %H:%M} by {text(f'print-models {__version__}')} evaluate --html. The page loads "
        "nothing and runs nothing.</footer>\n</main>\n</body>\n</html>\n"
    )
    return "".join(parts)


def _verdict(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return '<span class="pill none">not measured</span>'
    better = found["better_than_clock"]
    if found.get("unbeaten"):
        return f'<span class="pill bad">✕ no better than {text(found["unbeaten"].replace("_", " "))}</span>'
    if better:
        return '<span class="pill good">✓ better than the clock</span>'
    return '<span class="pill warn">▲ not told apart from the clock</span>'


def _tiles(found: Mapping[str, Any]) -> Iterable[str]:
    tiles = [(percent(found["balanced"]), "balanced accuracy")]
    tiles += [(percent(one["recall"]), f"of {label} recognised") for label, one in found["classes"].items()]
    if watched := found.get("alarms"):
        tiles.append((f"{watched['caught']} of {watched['failed_prints']}", "failed prints caught"))
        tiles.append((count(watched["false_alarms"]), f"false alarms in {watched['print_hours']:g} h"))
    tiles += [(count(found["images"]), "images"), (count(found["recordings"]), "recordings")]
    yield '<div class="tiles">\n'
    yield from (
        f'<div class="tile"><b>{text(number)}</b><span>{text(what)}</span></div>\n' for number, what in tiles
    )
    yield "</div>\n"


def _table(
    title: str, head: Sequence[str], rows: Iterable[Sequence[object]], note: str = ""
) -> Iterable[str]:
    yield f'<h2>{text(title)}</h2>\n<div class="card"><div class="scroll"><table>\n<tr>'
    yield "".join(f"<th>{text(one)}</th>" for one in head) + "</tr>\n"
    yield from ("<tr>" + "".join(f"<td>{text(one)}</td>" for one in row) + "</tr>\n" for row in rows)
    yield "</table></div>" + (f'<p class="small">{text(note)}</p>' if note else "") + "</div>\n"


def _classes(found: Mapping[str, Any]) -> Iterable[str]:
    rows = [
        (label, count(one["images"]), count(one["recordings"]), span(one, "recall"), span(one, "precision"))
        for label, one in found["classes"].items()
    ]
    note = "Shares with their 95 % intervals: recordings drawn anew, never narrower than so few recordings allow."
    yield from _table("Classes", ("class", "images", "recordings", "recall", "precision"), rows, note)


def _prints(found: Mapping[str, Any]) -> Iterable[str]:
    watched = found.get("alarms")
    if not watched:
        return
    rows = [
        (
            one["recording"],
            one["onset"].replace("T", " ") if one["onset_seen"] else "before its first frame",
            "caught" if one["caught"] else "not caught",
            f"{one['minutes']:g} min" if one["caught"] else "–",
        )
        for one in watched["prints"]
    ]
    note = f"{alarm_words.rule(watched)}; its frames are about {watched['step_minutes']:g} min apart."
    yield from _table(
        "Failed prints", ("recording", "onset", "", "alarm after"), rows, note[0].upper() + note[1:]
    )
    if watched["false"]:
        rows = [
            (one["recording"], one["frame"], one["at"].replace("T", " "), "")
            for one in watched["false"][:_NAMED]
        ]
        yield from _table("False alarms", ("recording", "frame", "began", ""), rows)


def _recordings(found: Mapping[str, Any]) -> Iterable[str]:
    rows = [
        (
            one["recording"],
            ", ".join(f"{number} {label}" for label, number in one["labels"].items()),
            f"{one['right']} of {one['images']}",
            percent(one["right"] / one["images"]),
        )
        for one in found["by_recording"]
    ]
    yield from _table("Recordings", ("recording", "frames", "right", ""), rows)


def _pictures(mistakes: Sequence[Mistake], wrong: int) -> Iterable[str]:
    if not any(one.picture.uri for one in mistakes):
        return
    some = f"the surest {len(mistakes)} of {count(wrong)}" if len(mistakes) < wrong else "the surest first"
    yield f'<h2>What it took for something else, {some}</h2>\n<div class="card"><div class="strip mistakes">\n'
    yield from (_mistake(one) for one in mistakes)
    yield "</div></div>\n"


def _mistake(one: Mistake) -> str:
    facts, picture = one.facts, one.picture
    said = f"called {facts['answer']}, {percent(facts['confidence'])} sure"
    shown = f'<div class="gone">{text(picture.why, 80)}</div>'
    if picture.uri:
        alt = text(f"{facts['frame']}: is {facts['label']}, {said}")
        shown = f'<img src="{picture.uri}" width="{picture.width}" height="{picture.height}" alt="{alt}" loading="lazy">'
    return (
        f'<figure title="{text(facts["frame"])}">{shown}<figcaption><em>is {text(facts["label"], 40)}</em><br>{text(said, 80)}<br>'
        f"{text(facts['frame'].rsplit('/', 1)[-1], 60)}</figcaption></figure>\n"
    )


def _wrong(found: Mapping[str, Any]) -> Iterable[str]:
    wrong = found["wrong"]
    if not wrong:
        return
    rows = [(one["frame"], one["label"], one["answer"], percent(one["confidence"])) for one in wrong[:_NAMED]]
    more = (
        f"And {count(len(wrong) - _NAMED)} more: print-models evaluate --json names them all."
        if len(wrong) > _NAMED
        else ""
    )
    yield from _table("Frames it got wrong", ("frame", "is", "called", "how sure"), rows, more)
