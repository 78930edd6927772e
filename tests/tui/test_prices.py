"""One price for a draft, wherever a screen names it."""

from __future__ import annotations


async def test_an_image_that_another_task_put_into_lfs_costs_nothing_anywhere(released, opened):
    place = released(6)
    active = place.keys[1::2]
    async with opened(place.root, size=(110, 40)) as page:
        await page.press("V")
        await page.see("v1 → draft")
        await page.press("tab")
        await page.see("nothing → draft")
        await page.press("L")
        for _ in active:
            await page.press("n")
            await page.label("g")
        await page.press("V")
        await page.see("+3 added", "±0 in Git LFS", "stretches that change")
        row = next(line for line in page.text().split("\n") if "● draft" in line)
        assert "±0" in row
        stretches = page.text().split("stretches that change")[1]
        assert "+" not in stretches.split("└")[0], stretches


async def test_on_a_phone_the_ledger_says_which_task_a_version_is_of(released, opened):
    place = released()
    async with opened(place.root, size=(40, 16)) as page:
        await page.press("S")
        await page.see("12 objects")
        await page.press("enter", "end")
        await page.see("offline-detection v1", "its own")
