"""A contact sheet as one page: every picture that a first push makes readable, small, by version, day and class.

What always holds: the page loads nothing and runs nothing; a picture is one of exactly the bytes that are meant, or its
place says why there is none; what finds no room is counted and said. Called by `release --sheet`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from core.durable import atomic_write
from core.handing_out import check_page
from core.human import count, plural
from core.progress import CancelToken, Progress, Report, silent
from core.version import __version__
from core.versions.report.page import POLICY, text
from core.versions.report.pictures import MOST, Small, small
from core.versions.report.stretches import figure
from core.versions.report.style import CSS
from core.versions.report.tables import named
from core.versions.seeing import Batch
from core.workspace import Workspace

#: What such a page begins with; only one of ours is overwritten.
MARK = '<!doctype html>\n<html lang="en">\n<head>\n<meta name="generator" content="print-models sheet">'
_AT_ONCE, _AHEAD = 4, 16


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page shows: pictures drawn, those that are not here, and those that found no room."""

    shown: int
    missing: int
    left: int


def allowed(workspace: Workspace, path: Path) -> None:
    """Say before anything is decoded that a page can't be written there. Raises Refused, WrongUsage."""
    check_page(workspace, path, MARK, "a contact sheet", "pictures.html")


def write(
    workspace: Workspace,
    title: str,
    batches: Sequence[Batch],
    path: Path,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> Sheet:
    """Write the page under a `title` and return what it shows. Raises Refused, WrongUsage, Lacking, Cancelled."""
    allowed(workspace, path)
    drawn, held = [], 0
    total = sum(len(batch.places) for batch in batches)
    with closing(_decoded(workspace, batches, cancel or CancelToken())) as pictures:
        for one in pictures:
            held += len(one.uri)
            if held > MOST:
                break
            drawn.append(one)
            report(Progress("pictures", len(drawn), total))
    made = _page(workspace, title, batches, drawn)
    atomic_write(path, made.encode("utf-8", "replace"), last_look=lambda: allowed(workspace, path))
    shown = sum(bool(one.uri) for one in drawn)
    return Sheet(shown, len(drawn) - shown, total - len(drawn))


def _decoded(workspace: Workspace, batches: Sequence[Batch], cancel: CancelToken) -> Generator[Small]:
    """Yield every picture in order, a few decoded ahead."""
    places = [place for batch in batches for place in batch.places]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sheet") as pool:
        try:
            work = [pool.submit(small, workspace, place, "", cancel) for place in places[:_AHEAD]]
            for number in range(len(places)):
                yield work[number].result()
                if (after := number + _AHEAD) < len(places):
                    work.append(pool.submit(small, workspace, places[after], "", cancel))
        finally:
            cancel.cancel()
            pool.shutdown(wait=False, cancel_futures=True)


def _page(workspace: Workspace, title: str, batches: Sequence[Batch], drawn: Sequence[Small]) -> str:
    total = sum(len(batch.places) for batch in batches)
    days = len({batch.day for batch in batches})
    return "".join(
        [
            f"{MARK}\n",
            '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n',
            f"<title>{text(title, 200)}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<main>\n",
            f'<p class="over">{text(workspace.root.name, 80)}</p>\n<h1>{text(title, 200)}</h1>\n',
            f'<p class="lead">{plural(total, "picture")} of {plural(days, "day")} would become readable there. What is '
            "pushed can't be taken back.</p>\n",
            "".join(_sections(workspace, batches, drawn)),
            f"<footer>Written {datetime.now():%Y-%m-%d %H:%M} by print-models {text(__version__)} release --sheet. The "
            "pictures in it are small copies; the page loads nothing and runs nothing.</footer>\n",
            "</main>\n</body>\n</html>\n",
        ]
    )


def _sections(workspace: Workspace, batches: Sequence[Batch], drawn: Sequence[Small]) -> Iterable[str]:
    at = 0
    for (task, version), members in groupby(batches, key=lambda one: (one.task, one.version)):
        rows = list(members)
        order = list(workspace.tasks[task].classes) if task in workspace.tasks else []
        yield f"<h2>{text(task, 80)} {text(version, 40)}</h2>\n"
        for batch in rows:
            pictures = drawn[at : at + len(batch.places)]
            at += len(batch.places)
            left = len(batch.places) - len(pictures)
            more = f'<p class="small">and {count(left)} more, without room on this page</p>\n' if left else ""
            day = f"{batch.day[:4]}-{batch.day[4:6]}-{batch.day[6:]}" if batch.day else "no day in the names"
            yield (
                f'<article class="card hunk"><header><b>{day}</b><span class="what">{named(batch.label, order)}</span>'
                f'<span class="meta">{plural(len(batch.places), "picture")}</span></header>\n'
                f'<div class="strip">{"".join(map(figure, pictures))}</div>\n{more}</article>\n'
            )
