"""Results as a page and as pictures: what stands in them, what may be overwritten, what a hostile name can't do."""

from __future__ import annotations

import io
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image, ImageFont

from core.errors import Refused, WrongUsage
from core.training import judging
from core.training.events import Epoch
from core.training.judging import Judged
from core.training.predictions import VALIDATION
from core.training.report import charts, write
from core.training.report.page import page
from core.training.report.png import png
from core.training.report.shapes import Text
from core.training.report.svg import svg
from core.workspace import Workspace
from tests.training.believing import answers_of, version_of
from tests.training.small import make_workspace

PRINTS = {
    "a1": ("t", "gggg"), "b1": ("t", "ggff"), "e2": ("v", "gggg"), "f2": ("v", "ggff"), "g2": ("v", "gggg"),
}  # fmt: skip
HOSTILE = '<script>alert(1)</script>"&\x1b[31m'


class _Reader(HTMLParser):
    """Counts what would be loaded or run, and gathers the text."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []
        self.text: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("script", "link", "iframe", "object") or any(
            name in ("src", "href") or name.startswith("on") for name, _ in attrs
        ):
            self.bad.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("report") / "ws")


@pytest.fixture(scope="module")
def found(ws: Workspace) -> Judged:
    version = version_of(ws, "v1", PRINTS)
    rows = {VALIDATION: answers_of(version, {"f2": "ggfg"})}
    return judging.judged(HOSTILE, version, rows, "", [HOSTILE], "kept", run="", rule=None, chosen=True)


def _read(found: Judged, history: tuple[Epoch, ...] = ()) -> _Reader:
    from datetime import datetime

    assert found.headline is not None
    reader = _Reader()
    reader.feed(page(found, charts.of_result(found.headline, history), datetime(2025, 11, 20, 10)))
    return reader


def _history(*shares: float) -> tuple[Epoch, ...]:
    return tuple(
        Epoch(n, 1 / n, 0.5, 1.1 / n, share, share, {"failed": share, "good": 1.0}, 1.0, n == 1)
        for n, share in enumerate(shares, 1)
    )


def test_the_page_says_it_in_words_and_loads_and_runs_nothing(found: Judged) -> None:
    reader = _read(found, _history(0.5, 0.7, 0.8))
    assert reader.bad == []
    whole = " ".join(reader.text)
    assert "Would have caught none of 1 failed print" in whole
    assert "<script>alert(1)</script>" in whole  # as text
    assert "\x1b" not in whole
    assert "failed/f2-003.jpg" not in whole  # frames are named by their key
    assert reader.tags.count("svg") == 5
    assert any("20251109T130300" in text for text in reader.text)


def test_a_mistake_is_shown_where_its_bytes_are_and_its_place_says_why_where_not(
    ws: Workspace, found: Judged, tmp_path: Path
) -> None:
    """The frames of this version are no pictures: the place says so; a picture that is there stands in the page."""
    from datetime import datetime

    from core.progress import CancelToken, silent
    from core.versions.report.pictures import Small

    shown = write.mistakes(ws, found, silent, CancelToken())
    assert [one.facts["file_name"] for one in shown] == ["failed/f2-002.jpg", "failed/f2-003.jpg"][
        -len(shown) :
    ]
    assert all(not one.picture.uri and one.picture.why for one in shown)
    assert "is failed" not in page(found, [], datetime(2025, 11, 20), shown)
    there = [one._replace(picture=Small("data:image/jpeg;base64,AA==", "", "13:03", "")) for one in shown]
    told = page(found, [], datetime(2025, 11, 20), there)
    assert "is failed" in told
    assert "called good, 90 % sure" in told


@pytest.mark.parametrize("epochs", [0, 1])
def test_without_epochs_there_are_no_curves(found: Judged, epochs: int) -> None:
    assert _read(found, _history(*[0.5] * epochs)).tags.count("svg") == 3


def test_every_chart_is_a_picture_of_its_size_and_always_the_same(found: Judged) -> None:
    assert found.headline is not None
    for drawing in charts.of_result(found.headline, _history(0.5, 0.9)):
        data = png(drawing)
        with Image.open(io.BytesIO(data)) as picture:
            assert picture.size == (2 * drawing.width, 2 * drawing.height)
            assert len(picture.convert("L").getcolors(256) or []) > 3
        assert png(drawing) == data
        for shape in drawing.shapes:
            x, y = getattr(shape, "x", 0), getattr(shape, "y", 0)
            assert -1 <= x <= drawing.width + 1
            assert -1 <= y <= drawing.height + 1
        assert svg(drawing).count("<svg") == 1


def test_nothing_is_written_beyond_a_chart_however_many_classes_and_long_names_there_are() -> None:
    names = [f"a-rather-long-name-of-a-class-{n}" for n in range(7)]
    one = {"recall": 1.0, "recall_low": 0.5, "recall_high": 1.0, "precision": None}
    found = {
        "balanced": 1.0, "balanced_low": 0.5, "balanced_high": 1.0, "baselines": {},
        "classes": dict.fromkeys(names, one), "confusion": {a: dict.fromkeys(names, 3) for a in names},
    }  # fmt: skip
    shares = dict.fromkeys(names, 0.5)
    history = [Epoch(n, 1.0, 0.5, 1.0, 0.5, 0.5, shares, 1.0, n == 1) for n in (1, 2)]
    for drawing in [
        *charts.of_result(found, history),
        charts.models([("offline-detector-" * 4, found)], None),
    ]:
        legend = set()
        for shape in drawing.shapes:
            if not isinstance(shape, Text):
                continue
            width = ImageFont.load_default(shape.size).getlength(shape.words.replace("–", "-"))
            before = {"start": 0.0, "middle": width / 2, "end": width}[shape.anchor]
            assert shape.x - before >= 0, shape
            assert shape.x - before + width <= drawing.width, shape
            assert 0 < shape.y < drawing.height, shape
            assert (shape.x, shape.y) not in legend, shape
            legend.add((shape.x, shape.y))


def test_a_page_is_written_over_a_page_and_over_nothing_else(
    ws: Workspace, found: Judged, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    write.allowed(ws, path, None)
    assert write.write(ws, found, path, None) == [path]
    write.allowed(ws, path, tmp_path)
    path.write_text("my own notes")
    with pytest.raises(Refused, match="is not a report of an evaluation"):
        write.allowed(ws, path, None)
    with pytest.raises(WrongUsage, match=r"report\.html"):
        write.allowed(ws, tmp_path / "report.txt", None)
    with pytest.raises(Refused, match="There is no folder"):
        write.allowed(ws, None, tmp_path / "nowhere")
    with pytest.raises(Refused, match="does not belong"):
        write.allowed(ws, ws.datasets / "report.html", None)


def test_a_picture_of_somebody_else_is_not_overwritten(ws: Workspace, found: Judged, tmp_path: Path) -> None:
    assert found.headline is not None
    drawings = charts.of_result(found.headline)
    (tmp_path / "m-confusion.png").write_text("notes")
    with pytest.raises(Refused, match="is not a chart"):
        write.pictures(ws, "m", drawings, tmp_path)
    assert (tmp_path / "m-confusion.png").read_text() == "notes"
