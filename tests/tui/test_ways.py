"""A remedy of core's names the app's own key, or the whole command: never an option alone."""

from __future__ import annotations

import pytest

from tui.ways import in_app


@pytest.mark.parametrize(
    ("said", "here"),
    [
        ("Label some frames, or send it: --push.", "Label some frames, or send it: p adds the push."),
        ("Look there, then again: print-models release --task failed-print-detection --push",
         "Look there, then again: R on the Versions screen, with p for the push"),
        ("Release one first: print-models release --task offline-detection",
         "Release one first: R on the Versions screen"),
        ("Train again and finish it: print-models release --resume", "Train again and finish it: R on the Versions screen"),
        ("With a reason: print-models promote 20251112T200000-x --because TEXT   and then: print-models release --resume",
         "With a reason: P on the Training screen, which asks for it   and then: R on the Versions screen"),
        ("Let it go on: print-models train --resume 20251112T200000-x", "Let it go on: r on the Training screen"),
        ("Bring the files back, or leave them out by name: print-models export --allow-missing",
         "Bring the files back, or leave them out by name in a shell: print-models export --allow-missing"),
        ("Use a smaller --batch-size, or --mode head.",
         "Use a smaller --batch-size, or --mode head. (options of the command in a shell)"),
        ("Set them up: git lfs install --local", "Set them up: git lfs install --local"),
        ("print-models release-notes is nothing.", "print-models release-notes is nothing."),
        ("", ""),
    ],
)  # fmt: skip
def test_a_remedy_is_said_as_the_app_does_it(said, here):
    assert in_app(said) == here


async def test_a_frame_that_is_gone_says_how_to_leave_it_out(workspace, opened):
    place = workspace(frames=4, every=20 * 60)
    async with opened(place.root, size=(110, 40)) as page:
        await page.press("home")
        for key in "aoao":
            await page.label(key)
        await page.rest()
        for path in place.camera.rglob("*.jpg"):
            path.unlink()
        kept = [path for path in (place.root / ".print-models").rglob("*") if len(path.name) == 64]
        for path in kept:
            path.unlink()
        await page.press("V")
        await page.see("✗ 1 blocking", "not yet. Bring", "--allow-missing")
        await page.press("i")
        await page.see("→ Bring the files back", "in a shell: print-models")
