"""Results that core still delivers while the app closes and its screens lose their parts."""

from __future__ import annotations

from tui.messages import Arrived
from tui.tools.watching import Watching
from tui.widgets.edge import Edge


async def test_a_result_that_comes_while_the_app_closes_is_no_crash(workspace, opened, monkeypatch):
    place = workspace(frames=2)
    taken: list[object] = []
    async with opened(place.root) as page:
        await page.shown()
        screen, app = page.app.screen, page.app
        await page.until(lambda: screen.query("#day-edge"))
        monkeypatch.setattr(Watching, "receive", lambda tool, result: screen.show_bars())

        async def closing(edge: Edge) -> None:
            if edge.id == "day-edge":
                taken.append(edge)
                app.post_message(Arrived(object()))

        monkeypatch.setattr(Edge, "on_unmount", closing, raising=False)
    assert taken
