"""The app as a person meets it: page objects over Textual's Pilot, on real workspaces."""

from __future__ import annotations

import asyncio
import time
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.app import ScreenStackError
from textual.content import Content
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.pilot import Pilot
from textual.widgets import Static

from core import release
from core.labels.sync import flush, open_store
from core.personal import Personal
from core.versions import leaks
from core.workspace import Workspace
from tui.app import PrintModelsApp
from tui.widgets.frame_view import FrameView

#: A watchdog, no measure: a busy machine may take long.
_PATIENCE_S = 60
#: As long a key waits for the label store, which a test may have made to hang.
_STORED_S = 1


class Page:
    """What can be seen and done in the running app."""

    def __init__(self, app: PrintModelsApp, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    async def until(self, holds: Callable[[], Any], what: str = "") -> None:
        """Wait until something holds."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            with suppress(ScreenStackError):  # between two modes there is no screen for a moment
                if holds():
                    return
            await asyncio.sleep(0.02)
        raise AssertionError(f"it never came to this: {what or holds}\n{self.text()}")

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each when the app has done with the one before it, but for its lanes.

        Pilot's own way waits for fixed moments, and for up to two seconds while anything computes in the background.
        """
        for key in keys:
            named = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
            try:
                character = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(named, named)))
            except KeyError:
                character = key if len(key) == 1 else None
            pressed = events.Key(named, character)
            pressed.set_sender(self.app)
            self.app._driver.send_message(pressed)
            await self.settled()

    async def to_release(self, *, push: bool = False) -> None:
        """Go to the steps of a release, with `push` up to the remote; nothing is begun."""
        await self.press("V")
        await self.see("draft")
        await self.press("R")
        await self.see("Press Y")
        if push:
            await self.press("p")

    async def settled(self) -> None:
        """Wait until what the app was told has been dealt with: messages, the label store, a layout, what they lead to.

        Pictures, scans, git and whatever else may take long are not waited for: `until` and `see` do that.
        """
        end = time.monotonic() + _STORED_S
        for _ in range(2):
            await self._passed_on()
            while not self.app.bridge._labels.idle and time.monotonic() < end:
                await asyncio.sleep(0.002)
            await self._passed_on()
            with suppress(ScreenStackError):
                self.app.screen._on_timer_update()
        await self.app.animator.wait_until_complete()

    async def rest(self) -> None:
        """Wait until no lane has anything to do and nothing more comes of what the last one did."""
        while True:
            await self.until(lambda: self.app.bridge.idle, "rest")
            await self.settled()
            if self.app.bridge.idle:
                return

    async def _passed_on(self) -> None:
        """Let a key go from app to screen to widget, and what they say go back."""
        for _ in range(2):
            await self.pilot._wait_for_screen()

    async def see(self, *words: str) -> None:
        """Wait until these words are on the screen."""
        await self.until(lambda: all(word in self.text() for word in words), f"to see {words}")

    def text(self) -> str:
        """The screen as text, line by line."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in lines)

    @property
    def view(self) -> FrameView:
        return self.app.screen.query_one(FrameView)

    @property
    def frame(self) -> str:
        frame = self.app.state.frame
        return frame.key if frame else ""

    @property
    def notice(self) -> str:
        notice = self.app.screen.query_one("#notice", Static)
        shown = notice.content
        return (shown.plain if isinstance(shown, Content) else str(shown)) if notice.display else ""

    @property
    def told(self) -> str:
        """What is said in passing, in a corner of the screen."""
        return "\n".join(f"{said.title} {said.message}" for said in self.app._notifications)

    def label_of(self, key: str, task: str | None = None) -> str | None:
        found = self.app.state.labels.get(task or self.app.state.task.name, {}).get(key)
        return found.class_ if found else None

    async def shown(self) -> None:
        """Wait until the frame under the cursor is on the screen."""
        await self.until(lambda: self.frame and self.view.drawn == self.frame, "the frame to be drawn")

    async def label(self, key: str) -> str:
        """Press a class key on the frame shown; return the frame that was labelled."""
        await self.shown()
        frame = self.frame
        before = self.app.state.of(self.app.state.task).get(frame)
        await self.press(key)
        await self.until(
            lambda: self.app.state.of(self.app.state.task).get(frame) not in (None, before), "a label"
        )
        return frame

    async def answer(self, letter: str) -> None:
        """Answer a bisection for the frame on the screen; wait until the answer is taken, and saved where it is the last."""
        await self.shown()
        frame, before, desk = self.frame, self._looks, self.app.screen.desk
        await self.press(letter)
        # Of the screen only the search's own line is a sign: small pictures and bars are drawn at any time.
        await self.until(
            lambda: self.frame != frame or self._looks != before or desk.saving, "the answer to be taken"
        )
        await self.until(lambda: not self.app.screen.desk.saving, "the step to be saved")

    @property
    def bisecting(self) -> bool:
        """True while the line over the picture says how many looks are left."""
        return bool(self._looks)

    @property
    def _looks(self) -> str:
        """The line over the picture that says how many looks are left; empty where nothing is searched."""
        lines = self.text().splitlines()
        return next((line for line in lines if " left " in line and "at most " in line), "")


Opened = Callable[..., Any]


@pytest.fixture
def opened() -> Opened:
    """Open the app on a folder: `async with opened(root) as page`."""

    @asynccontextmanager
    async def open_on(
        root: Path,
        size: tuple[int, int] = (80, 24),
        own: Personal | None = None,
        graphics: str = "halfcell",
        toasts: bool = False,
    ) -> AsyncIterator[Page]:
        app = PrintModelsApp(Workspace.find(root), personal=own, graphics=graphics, debug=True)
        try:
            async with app.run_test(size=size, notifications=toasts) as pilot:
                page = Page(app, pilot)
                await page.until(
                    lambda: not app.state.scanning and app.state.labels, "the workspace to be read"
                )
                yield page
        finally:
            app.bridge.close()

    return open_on


@pytest.fixture
def stored() -> Callable[..., str]:
    """What the store holds, as a person would tell it: the first letter of each frame's class, · for none."""

    def tell(place: Any, task: str = "offline-detection") -> str:
        with open_store(Workspace.open(place.root)) as store:
            found = store.classes(task)
        return "".join(found.get(key, "·")[0] for key in place.keys)

    return tell


@pytest.fixture
def labelled(workspace, monkeypatch):
    """A workspace whose twelve frames are labelled by hand, offline and active.

    All of these pictures look alike, which is said as soon as they are measured in the background: here it is not, since
    nobody knows when that is. What is said has its tests in tests/versions.
    """
    monkeypatch.setattr(leaks, "_ALIKE_SHARE", 2.0)

    def make(frames: int = 12):
        place = workspace(frames=frames, every=20 * 60)
        ws = Workspace.open(place.root)
        with open_store(ws) as store:
            task = ws.task("offline-detection")
            store.set(task, place.keys[::2], "offline", who="Ana")
            store.set(task, place.keys[1::2], "active", who="Ana")
            flush(ws, store, task)
        return place

    return make


@pytest.fixture
def released(labelled):
    """The labelled workspace with its draft released as v1."""

    def make(frames: int = 12):
        place = labelled(frames)
        done = release.plan(Workspace.open(place.root), Workspace.open(place.root).task(None))
        release.run(done)
        return place

    return make
