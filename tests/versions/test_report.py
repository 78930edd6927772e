"""The page of a difference: one file that loads and runs nothing, whatever the names in it, with the pictures meant."""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
from collections.abc import Callable
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from core.errors import Cancelled, Refused, WrongUsage
from core.progress import CancelToken, Progress
from core.versions.checks import CheckResult
from core.versions.diff import Labelled, Snapshot, diff
from core.versions.report import pictures
from core.versions.report.facts import Facts, gather
from core.versions.report.page import page
from core.versions.report.pictures import Small, Strips, spread, strips
from core.versions.report.write import allowed, write
from core.versions.snapshots import snapshot_of
from tests.versions.conftest import House

_NASTY = "<img src=x onerror=alert(1)>\"'&amp;\x1b[31m\u202e</style></table>"
_VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """A page as a browser reads it: tags that were opened, what they carry, the words between; all must be closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] != "style":
            self.words += data


def read(path: Path) -> Page:
    """Read a written page, and hold it to what every page promises."""
    found = Page(path.read_text(encoding="utf-8"))
    assert not {"script", "iframe", "link", "object", "form", "a"}.intersection(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert all(
        value.startswith("data:image/jpeg;base64,") for name, value in found.attributes if name == "src"
    )
    assert not re.search(r"url\(|@import|https?:", path.read_text(encoding="utf-8"))
    return found


def images(found: Page) -> list[Image.Image]:
    """Decode every picture of a page."""
    sources = [value for name, value in found.attributes if name == "src"]
    return [Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))) for source in sources]


def written(house: House, base: str, target: str, path: Path) -> tuple[Page, Strips]:
    """Write the page of a pair of versions through the core calls."""
    ends = [snapshot_of(house.ws, word, house.task) for word in (base, target)]
    facts = gather(house.ws, house.task, diff(*ends), (base, target))
    shown = write(house.ws, facts, path)
    return read(path), shown


def test_the_command_writes_one_file_with_what_a_reviewer_asks(
    exported: House, cli: Callable[..., Any], tmp_path: Path
) -> None:
    """What changes, whether it is sound, each stretch with its pictures, what is held back and what was said of it."""
    root, path = exported.ws.root, tmp_path / "report.html"
    exported.store.close()
    assert cli(root, "label", "--as", "active", *exported.keys[3:5], exported.keys[8]).code == 0
    first, second = (hunk["id"] for hunk in cli(root, "diff", "--json").json["hunks"])
    done = cli(
        root, "review", "--hold", second, "--comment", first, "a <b>bold</b> claim & more", "--who", "ana"
    )
    assert done.code == 0, done.err
    answer = cli(root, "diff", "--html", path)
    assert answer.code == 0, answer.err
    assert f"Report: {path}" in answer.out
    found = read(path)
    for words in (
        *("2 relabelled, in 1 hunk; ", "offline 12 → 10", "1 hunk held back", "v1→draft", "held back"),
        *("a <b>bold</b> claim & more", first, second, "2 frames", "Friday, 7 November 2025"),
        *("Splits", "validation", "Checks", "Upper bar v1, lower bar draft."),
    ):
        assert words in found.words, words
    assert [image.format for image in images(found)] == ["JPEG"] * 3
    assert all(image.width <= 160 and image.height <= 120 for image in images(found))
    before = path.read_bytes()
    answer = cli(root, "diff", "v1", "v1", "--html", path, "--json")
    assert answer.code == 0, answer.err
    assert answer.json["unchanged"] == 24
    assert path.read_bytes() != before
    assert "No image and no label differs." in read(path).words


def hostile() -> Facts:
    """A difference in which every text from outside tries to be more than text."""
    key = f"cam/20251107/20251107T0101{_NASTY}.jpg"
    base = Snapshot(
        f"v1{_NASTY}", {key: Labelled(key, f"a{_NASTY}", "sha256:1", 1, _NASTY)}, (f"a{_NASTY}", "b")
    )
    other = f"{_NASTY}.jpg"
    target = Snapshot(
        _NASTY,
        {
            key: Labelled(key, "b", "sha256:1", 1, _NASTY),
            other: Labelled(other, f"a{_NASTY}", None, 3, _NASTY),
        },
        (f"a{_NASTY}", "b"),
        assumed=1,
        limits=(_NASTY,),
    )
    plain = diff(base, target)
    found = diff(base, target, comments={hunk.id: f"{_NASTY}\n{_NASTY}" for hunk in plain.hunks})
    house = type("T", (), {"name": _NASTY})
    checks = tuple(
        CheckResult(_NASTY, level, _NASTY, _NASTY, (_NASTY,) * 20) for level in ("pass", "warn", "block")
    )
    return Facts(_NASTY, house, found, ({}, {}), None, checks, (None, None), 7)  # type: ignore[arg-type]


@pytest.mark.parametrize("drawn", [True, False])
def test_no_text_from_outside_is_more_than_text(drawn: bool, tmp_path: Path) -> None:
    facts = hostile()
    small = Small("", _NASTY, _NASTY, "before")
    of = {hunk.id: (small,) for hunk in facts.found.hunks} if drawn else {}
    path = tmp_path / "page.html"
    path.write_text(page(facts, Strips(of, 0, len(of)), datetime(2025, 11, 7)), encoding="utf-8")
    found = read(path)
    assert "img" not in found.tags
    assert found.words.count("<img src=x onerror=alert(1)>\"'&amp;\\x1b[31m\\u202e</style></table>") > 10
    assert "\x1b" not in found.words
    assert "\u202e" not in found.words


def test_other_bytes_are_shown_before_and_after(exported: House, tmp_path: Path) -> None:
    """A frame whose picture was replaced shows both, each from the version that holds it."""
    key = exported.keys[2]
    Image.new("RGB", (64, 36), (200, 30, 30)).save(exported.frame(key), "JPEG")
    old = 1_700_000_000
    os.utime(exported.frame(key), (old, old))
    stat = exported.frame(key).stat()
    exported.store.set(exported.task, [key], None, who="ana")
    exported.store.set(
        exported.task, [key], "offline", who="ana", sizes={key: (stat.st_size, stat.st_mtime_ns, None)}
    )
    exported.label([exported.keys[21]], "offline")
    exported.export()
    found, shown = written(exported, "v1", "v2", tmp_path / "page.html")
    assert "1 replaced" in found.words
    assert re.search(r"before 00:\d\d:\d\d\s*after 00:\d\d:\d\d|before.*after", found.words, re.DOTALL)
    assert shown.shown == 3
    pair = images(found)[:2]
    assert pair[0].tobytes() != pair[1].tobytes()


def test_a_clone_with_pointers_says_which_pictures_it_has_not(exported: House, tmp_path: Path) -> None:
    """Pictures are never guessed: where no file has the bytes that are meant the page says so, and what helps."""
    exported.label([exported.keys[0]], "active")
    exported.export()
    for version in ("v1", "v2"):
        for image in exported.ws.version_dir(exported.task, version).rglob("*.jpg"):
            image.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    exported.frame(exported.keys[0]).unlink()
    path = tmp_path / "page.html"
    ends = [snapshot_of(exported.ws, word, exported.task) for word in ("v1", "v2")]
    facts = gather(exported.ws, exported.task, diff(*ends), ("v1", "v2"))
    shown = write(exported.ws, facts, path)
    found = read(path)
    assert (shown.shown, shown.missing) == (0, 1)
    assert "not on this machine" in found.words
    assert "git lfs pull" in found.words
    assert images(found) == []


def test_a_large_difference_stays_a_small_page_and_says_what_it_leaves_out(
    exported: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "STRIPS", 2)
    exported.label(exported.keys[0:12:2], "active")
    exported.export()
    found, shown = written(exported, "v1", "v2", tmp_path / "page.html")
    assert len(images(found)) == shown.shown == 2
    assert "4 more hunks, without pictures" in found.words
    for key in exported.keys[4:12:2]:
        assert f"{key[-10:-8]}:{key[-8:-6]}" in found.words
    monkeypatch.setattr(pictures, "STRIPS", 300)
    monkeypatch.setattr(pictures, "MOST", 1)
    found, shown = written(exported, "v1", "v2", tmp_path / "page.html")
    assert images(found) == []
    assert "6 more hunks, without pictures" in found.words


@pytest.mark.parametrize(
    ("count", "most", "places"), [(3, 8, [0, 1, 2]), (100, 4, [0, 33, 66, 99]), (9, 8, None), (5, 1, [0])]
)
def test_a_strip_shows_both_ends_and_some_between(count: int, most: int, places: list[int] | None) -> None:
    frames = [str(number) for number in range(count)]
    found = [int(frame) for frame in spread(frames, most)]
    assert found == (places or found)
    assert len(set(found)) == min(count, most)
    assert found == sorted(found)


def test_nothing_is_overwritten_but_a_page_of_its_own(
    exported: House, cli: Callable[..., Any], tmp_path: Path
) -> None:
    """A typing error costs neither labels nor frames nor a version: the file stays, and why is said before any work."""
    root = exported.ws.root
    taken = root / "mine.html"
    taken.write_text("<!doctype html>mine")
    (root / "linked.html").symlink_to(tmp_path / "away.html")
    (root / "folder.html").mkdir()
    for word in (
        *("mine.html", "linked.html", "folder.html", "nowhere/page.html", ".git/page.html"),
        *("datasets/offline-detection/v1/page.html", "printer-timelapses/page.html"),
    ):
        with pytest.raises(Refused):
            allowed(exported.ws, root / word)
    with pytest.raises(WrongUsage):
        allowed(exported.ws, root / "data" / "labels.json")
    exported.store.close()
    answer = cli(root, "diff", "v1", "v1", "--html", "mine.html")
    assert (answer.code, answer.out) == (1, "")
    assert "mine.html is there already and is not a report of a diff." in answer.err
    assert taken.read_text() == "<!doctype html>mine"


def test_who_stops_it_has_no_half_page(exported: House, tmp_path: Path) -> None:
    exported.label(exported.keys[0:12:2], "active")
    exported.export()
    path, cancel = tmp_path / "page.html", CancelToken()
    ends = [snapshot_of(exported.ws, word, exported.task) for word in ("v1", "v2")]
    facts = gather(exported.ws, exported.task, diff(*ends), ("v1", "v2"))

    def stop(progress: Progress) -> None:
        cancel.cancel()

    with pytest.raises(Cancelled):
        strips(exported.ws, facts.found, facts.files, stop, cancel)
    with pytest.raises(Cancelled):
        write(exported.ws, facts, path, cancel=cancel)
    assert list(tmp_path.glob("*.html")) == []


def test_a_version_of_a_commit_shows_the_pictures_that_are_here(exported: House, tmp_path: Path) -> None:
    """REV:v1 is drawn with the work tree's files where they have its bytes; it is not checked, and that is said."""
    root = exported.ws.root
    for words in (["add", "datasets"], ["commit", "-qm", "v1"]):
        subprocess.run(["git", *words], cwd=root, check=True, capture_output=True)
    exported.label([exported.keys[0]], "active")
    exported.export()
    found, shown = written(exported, "v2", "HEAD:v1", tmp_path / "page.html")
    assert (shown.shown, shown.missing) == (1, 0)
    assert "Not checked" in found.words
    with pytest.raises(Refused):
        written(exported, "v2", "v1", root / "datasets" / "page.html")
