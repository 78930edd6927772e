"""Versions says whether a draft or a version is sound: the gates of `check`, the same on the screen and in a shell."""

from __future__ import annotations

import json

from core.versions import gates
from tui.screens.versions_texts import Sound, sound_words
from tui.version_messages import Finding


async def test_the_screen_and_check_say_the_same(labelled, opened, cli):
    place = labelled()
    (place.root / ".gitignore").write_text("datasets/\n")
    done = cli(place.root, "check", "--task", "offline-detection", "--json")
    rows = [
        r for r in json.loads(done.out)["results"] if r["about"] in ("offline-detection draft", "repository")
    ]
    bad = [r for r in rows if r["level"] == "block"]
    assert bad
    async with opened(place.root, size=(160, 70)) as page:
        await page.press("V")
        await page.see(f"✗ {len(bad)} blocking", "(i: all)", "not yet.")
        await page.press("i")
        await page.see("the worst first", *[r["id"] for r in rows])
        seen = " ".join(page.text().split())
        assert seen.index(bad[0]["id"]) < seen.index("spelling"), "the worst first"
        assert "print-models init" in seen, "with what to do"
        await page.press("i")
        await page.see("what changes")


async def test_gates_are_asked_again_only_when_something_changed(labelled, opened, monkeypatch):
    place = labelled()
    asked = []
    look = gates.of_draft
    monkeypatch.setattr(gates, "of_draft", lambda *given: asked.append(1) or look(*given))
    async with opened(place.root, size=(110, 40)) as page:
        await page.press("V")
        await page.see("ready: R shows")
        await page.press("L")
        await page.shown()
        await page.press("V")
        await page.see("ready: R shows")
        await page.rest()
        assert len(asked) == 1, "nothing changed"
        await page.press("L")
        await page.label("a" if page.label_of(page.frame) == "offline" else "o")
        await page.press("V")
        await page.until(lambda: len(asked) == 2, "the gates to be asked again")


async def test_a_list_longer_than_the_screen_scrolls(labelled, opened):
    place = labelled()
    async with opened(place.root, size=(60, 16)) as page:
        await page.press("V")
        await page.see("draft")
        await page.press("i")
        await page.see("the worst first", "in order")
        await page.press("end")
        await page.see("attributes")
        await page.press("home")
        await page.see("the worst first")


async def test_a_version_is_sound_before_it_is_read_again_as_far_as_that_goes(released, opened):
    place = released()
    async with opened(place.root, size=(110, 40)) as page:
        await page.press("V")
        await page.see("the draft equals v1")
        await page.press("down")
        await page.see("nothing → v1", "not read again yet")
        card = place.root / "datasets/offline-detection/v1/README.md"
        card.chmod(0o644)
        card.write_text(card.read_text().replace("12", "13"))
        await page.press("up", "down")
        await page.see("✗ 1 blocking", "README.md does not say", "git checkout")


async def test_a_clock_that_tells_the_class_comes_first_and_the_others_are_named(workspace, opened, cli):
    place = workspace(24, every=6 * 3600)  # at 2, 8, 14 and 20 o'clock
    for class_, half in (("active", ("T08", "T14")), ("offline", ("T02", "T20"))):
        keys = [key for key in place.keys if any(hour in key for hour in half)]
        assert cli(place.root, "label", "--as", class_, *keys).code == 0
    file = place.root / "data/labels.json"
    file.write_text(file.read_text().replace('"active"', "1", 1))
    async with opened(place.root, size=(110, 40)) as page:
        await page.press("V")
        await page.see("! 2 to look at  (i: all).  A rule that looks", "Also: spelling.")


def test_the_sentence_is_shown_without_the_names_of_frames():
    lone = Finding("warn", "lone", "1 lone frame a between two b (cam/20251107/1.jpg and 3 more).", "", False)
    hour = Finding("warn", "hour", "The hour gets 91% (mean recall; chance is 50%).", "", False)
    assert sound_words(Sound((lone, hour))) == (
        "2 to look at  (i: all).  1 lone frame a between two b.  Also: hour."
    )
    assert "(mean recall; chance is 50%)" in sound_words(Sound((hour,)))
