"""Views a person named: kept, replaced, dropped, and there again in the next session."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from core.errors import Lacking, WrongUsage
from core.labels import views
from core.labels.views import View
from tests.labels.conftest import Desk


def test_a_view_is_there_again_in_the_next_session_and_goes_when_it_is_dropped(desk: Desk) -> None:
    store = desk.open()
    assert views.named(store) == ()
    views.keep(store, "  odd   nights ", "22:00-05:00 label:active", "flips", "offline-detection")
    views.keep(store, "bare", queue="unlabelled")
    views.keep(store, "bare", "!label")
    again = desk.open()
    assert views.named(again) == (
        View("bare", "!label"),
        View("odd nights", "22:00-05:00 label:active", "flips", "offline-detection"),
    )
    views.drop(again, "bare")
    assert [view.name for view in views.named(store)] == ["odd nights"]


def test_what_names_nothing_is_refused(desk: Desk) -> None:
    store = desk.open()
    for name in ("", "  ", "x" * 41, "a\x1b[2J"):
        with pytest.raises(WrongUsage, match="name of a view"):
            views.keep(store, name, "label")
    with pytest.raises(WrongUsage, match="needs no name"):
        views.keep(store, "all")
    views.keep(store, "bare", "!label")
    with pytest.raises(Lacking, match="no view") as refused:
        views.drop(store, "other")
    assert "bare" in refused.value.remedy
    assert len(views.named(store)) == 1


def test_two_sessions_keep_both_views(desk: Desk) -> None:
    stores = [desk.open(), desk.open()]

    def keep(number: int) -> None:
        views.keep(stores[number % 2], f"view {number}", "label")

    with ThreadPoolExecutor(4) as several:
        list(several.map(keep, range(12)))
    assert len(views.named(stores[0])) == 12


def test_what_is_no_view_is_passed_over(desk: Desk) -> None:
    store = desk.open()
    views.keep(store, "kept", "label")
    for value in ("no json", "[1]", '{"a": 1, "kept": {"filter": 3, "queue": "flips"}}'):
        with closing(sqlite3.connect(desk.ws.labels_db)) as db, db:
            db.execute("UPDATE meta SET value=? WHERE key='views'", (value,))
    assert views.named(store) == (View("kept", "", "flips"),)
