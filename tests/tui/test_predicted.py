"""What a predictions file says, and what the app says of one that is odd."""

from __future__ import annotations

import json


async def test_a_prediction_that_does_not_say_how_sure_it_is_counts_and_odd_entries_are_counted(
    workspace, opened
):
    place = workspace(frames=3)
    said = {
        place.keys[0]: {"label": "Offline"},
        place.keys[1]: {"label": "no class of ours", "confidence": 0.9},
        place.keys[2]: {"label": "active", "confidence": 0.7},
    }
    file = place.root / "data" / "predictions.json"
    file.write_text(json.dumps(said))
    async with opened(place.root, toasts=True) as page:
        await page.see("model: offline ·")
        assert "predictions.json: 1 entry left out." in page.told
        await page.press("end")
        await page.see("model: active 70%")
        file.write_text("{")
        await page.until(lambda: "predictions.json can't be read" in page.told, "a broken file to be said")
        assert page.app.state.guess(place.keys[0]) is None
