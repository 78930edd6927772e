"""Names and texts from outside on every screen: shown as plain text, never obeyed."""

from __future__ import annotations

import shutil

import pytest

from core.labels.sync import open_store
from core.workspace import Workspace

NAMES = (
    "20251107T090000[x][bold].jpg",
    "20251107T090001[@click=app.quit].jpg",
    "20251107T090002\x1b]52;c;ZXZpbA==\x07.jpg",
    "20251107T090003\u202egnp.jpg",
    "20251107T090004\x9b2J.jpg",
    "20251107T090005\n\t .jpg",
    "20251107T090006 - $(rm).jpg",
)


def _unsafe(text: str) -> list[str]:
    return [
        c for c in text if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c in "\u202e\u2066\u200f"
    ]


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_hostile_names_are_shown_and_labelled(workspace, opened, size):
    place = workspace(frames=1)
    source = place.root / place.keys[0]
    for name in NAMES:
        shutil.copy2(source, source.with_name(name))
    async with opened(place.root, size=size) as page:
        page.app.theme = "print-models"
        for _ in range(len(page.app.state.frames)):
            await page.shown()
            assert not _unsafe(page.text())
            await page.press("right")
        labelled = set()
        await page.press("home")
        for _ in range(len(page.app.state.frames)):
            labelled.add(await page.label("a"))
        for key in "VSTL":
            await page.press(key)
            await page.rest()  # the screen
            assert not _unsafe(page.text())
    with open_store(Workspace.open(place.root)) as store:
        assert set(store.labels("offline-detection")) == labelled


async def test_who_and_branch_are_shown_as_text(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    monkeypatch.setenv("PRINT_MODELS_WHO", "[b]\x1b[31mEve[/b]")
    async with opened(place.root, size=(120, 34)) as page:
        await page.label("a")
        await page.press("left")
        await page.see("[b]", "Eve")
        assert not _unsafe(page.text())
