"""From a result to files: where they may lie, and their writing.

What always holds: a file is the old one or the new one, whole; nothing is overwritten but a page or a picture of ours,
and nothing is written among a camera's frames, the versions or git's own files.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from core.durable import atomic_write
from core.errors import Refused
from core.handing_out import check_page, check_place
from core.progress import CancelToken, Progress, Report, silent
from core.text import safe
from core.training import runs
from core.training.events import Epoch
from core.training.judging import Judged
from core.training.report import charts
from core.training.report.page import MARK, Mistake, page
from core.training.report.shapes import Drawing
from core.versions.report.pictures import small
from core.versions.seeing import Place
from core.workspace import Workspace

#: So many mistakes are shown as pictures, the surest first; a page of them stays below half a megabyte.
SHOWN = 48
_AT_ONCE = 4
_PNG = b"\x89PNG\r\n\x1a\n"


def allowed(workspace: Workspace, html: Path | None, folder: Path | None) -> None:
    """Say before anything is asked that a report can't be written there. Raises Refused, WrongUsage."""
    if html is not None:
        check_page(workspace, html, MARK, "a report of an evaluation", "report.html")
    if folder is not None:
        if not folder.is_dir():
            raise Refused(f"There is no folder {safe(folder)}.", "Make it first, or name another.")
        check_place(workspace, folder / "confusion.png", _picture, "a chart")


def _picture(path: Path) -> bool:
    return path.is_file() and path.read_bytes()[: len(_PNG)] == _PNG


def write(
    workspace: Workspace,
    found: Judged,
    html: Path | None,
    folder: Path | None,
    report: Report = silent,
    cancel: CancelToken | None = None,
) -> list[Path]:
    """Write the page and the charts that were asked for; return their paths. Raises Refused, Lacking, Cancelled."""
    if html is None and folder is None:
        return []
    drawings: list[Drawing] = []
    if found.headline:
        drawings = charts.of_result(found.headline, _history(workspace, found), found.results)
    done = []
    if html is not None:
        shown = mistakes(workspace, found, report, cancel or CancelToken())
        atomic_write(html, page(found, drawings, datetime.now(), shown).encode("utf-8", "replace"))
        done.append(html)
    if folder is not None:
        done += pictures(workspace, found.name, drawings, folder)
    return done


def mistakes(workspace: Workspace, found: Judged, report: Report, cancel: CancelToken) -> list[Mistake]:
    """Return the frames a model was surest about and wrong, with small pictures where these bytes are here."""
    wrong = found.headline["wrong"] if found.headline else []
    surest = sorted(wrong, key=lambda one: (-one["confidence"], one["file_name"]))[:SHOWN]
    oids = {item.file_name: item.oid or "" for item in found.version.items}
    places = [
        Place(one["frame"], oids.get(one["file_name"], ""), str(found.version.path / one["file_name"]))
        for one in surest
    ]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="mistake") as pool:
        work = [pool.submit(small, workspace, place, "", cancel) for place in places]
        done = []
        for number, (one, future) in enumerate(zip(surest, work, strict=True), 1):
            done.append(Mistake(one, future.result()))
            report(Progress("pictures", number, len(surest)))
    return done


def pictures(workspace: Workspace, name: str, drawings: list[Drawing], folder: Path) -> list[Path]:
    """Write charts as NAME-chart.png into a folder; return their paths."""
    from core.training.report.png import png

    done = []
    for drawing in drawings:
        path = folder / f"{name}-{drawing.name}.png"
        check_place(workspace, path, _picture, "a chart")
        atomic_write(path, png(drawing))
        done.append(path)
    return done


def _history(workspace: Workspace, found: Judged) -> tuple[Epoch, ...]:
    """Return the epochs of the training a result is about, where it is still here."""
    run = next((run for run in runs.list_runs(workspace) if run.id == found.run), None)
    return runs.view(run).history if run else ()
