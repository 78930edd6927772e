"""How the app looks: themes with enough contrast, without UTF-8, one's own keys; and what is remembered."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.css.query import NoMatches

from core import personal
from core.errors import WrongUsage
from tui import plain, themes
from tui.drawing import FILLS, GLYPHS
from tui.writing import hung

pytestmark = pytest.mark.usefixtures("own_settings")


@pytest.fixture
def own_settings(tmp_path, monkeypatch):
    """A folder of personal settings for one test: write into it, or read what the app wrote."""
    folder = tmp_path / "config"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
    file = folder / "print-models" / "config.toml"
    file.parent.mkdir(parents=True)
    return file


def _luminance(colour: Color) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def _contrast(one: Color, other: Color) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("theme", "least"), [(0, 4.5), (1, 4.5), (2, 7.0)])
def test_words_can_be_read_on_their_background(theme, least):
    worn = themes.THEMES[theme]
    grounds = [Color.parse(ground) for ground in (worn.background, worn.surface, worn.panel) if ground]
    names = {name: getattr(worn, name) for name in ("foreground", "accent", "success", "warning", "error")}
    for name, colour in (names | dict(worn.variables)).items():
        for ground in grounds:
            assert _contrast(Color.parse(colour), ground) >= least, (worn.name, name, ground.hex)


async def test_a_theme_is_chosen_in_the_palette_and_worn_the_next_time(workspace, opened, own_settings):
    own_settings.write_text('# mine\nwho = "Ana"\n\n[keys]\nundo = "z"\n')
    place = workspace(frames=2)
    async with opened(place.root) as page:
        await page.press("colon")
        await page.see("Search")
        await page.press(*"theme high")
        await page.see("black, white and strong colours")
        await page.press("enter")
        await page.until(lambda: page.app.theme == "print-models-contrast", "the theme")
        await page.until(lambda: personal.read().theme == "contrast", "the theme to be remembered")
    assert own_settings.read_text() == 'theme = "contrast"\n# mine\nwho = "Ana"\n\n[keys]\nundo = "z"\n'
    personal.keep("theme", "light")
    assert own_settings.read_text().startswith('theme = "light"\n# mine\n')
    assert personal.read().keys == {"undo": ("z",)}


def test_an_unknown_theme_is_refused_by_name():
    with pytest.raises(WrongUsage) as refused:
        themes.named("solarized")
    assert "solarized" in refused.value.what
    assert "dark, light, contrast" in refused.value.remedy


async def test_ones_own_keys_work_are_shown_and_the_old_one_is_free(workspace, opened, own_settings):
    own_settings.write_text('[keys]\nundo = "z"\ngit_log = []\n')
    place = workspace(frames=3)
    async with opened(place.root, own=personal.read()) as page:
        first = await page.label("a")
        await page.see("z undo")
        await page.press("u")
        await page.pilot.pause()
        assert page.label_of(first) == "active", "u undoes no more"
        await page.press("z")
        await page.until(lambda: page.label_of(first) is None, "the undo")
        await page.press("at")
        await page.pilot.pause()
        with pytest.raises(NoMatches):
            page.app.screen.query_one("#log")
        await page.press("colon")
        await page.see("Search")
        await page.press(*"git log")
        await page.see("the git commands that were run here")
        await page.press("enter")
        await page.until(lambda: page.app.screen.query("#log"), "the log, from the palette")


@pytest.mark.parametrize(
    ("environment", "ascii_"),
    [
        ({}, False),
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "C.utf8"}, False),
        ({"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, True),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
    ],
)
def test_the_locale_says_whether_there_is_utf_8(environment, ascii_):
    assert plain.wanted(environment) is ascii_


def test_in_ascii_every_class_keeps_a_sign_of_its_own():
    for signs in (GLYPHS, FILLS):
        shown = plain.ascii_of(signs)
        assert shown.isascii()
        assert len(set(shown)) == len(signs)
    assert not any(sign.islower() or sign.isdigit() for sign in plain.ascii_of(GLYPHS)), (
        "a key looks like that"
    )


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_without_utf_8_every_screen_is_ascii(workspace, opened, monkeypatch, size):
    place = workspace(frames=2)
    monkeypatch.setenv("LC_ALL", "C")
    async with opened(place.root, size=size) as page:
        await page.press("V")
        await page.see("nothing > draft", "is it sound   x")
        for key, words in (
            ("S", "stored"),
            ("T", "There is no training yet"),
            ("question_mark", "keys on the"),
        ):
            await page.press(key)
            await page.see(words)
            assert page.text().isascii(), sorted({char for char in page.text() if ord(char) > 127})


async def test_without_pictures_the_rest_can_be_used_and_nothing_is_labelled_unseen(workspace, opened):
    place = workspace(frames=2)
    async with opened(place.root, graphics="none") as page:
        await page.see("Pictures are off", "--graphics none")
        await page.press("a")
        await page.until(lambda: "Not labelled" in page.notice, "the refusal")
        assert page.label_of(place.keys[0]) is None
        await page.press("V")
        await page.see("nothing → draft", "what changes")


@pytest.mark.parametrize("width", [20, 36, 40, 78])
def test_words_beside_their_head_stay_within_the_width_and_lose_nothing(width):
    said = "offline-detection v1 and v2 are on no remote; 3 labels in no commit"
    lines = hung("only here", said, width, mark=("✗", ""))
    assert max(line.cell_length for line in lines) <= width
    assert " ".join(" ".join(line.plain for line in lines).split()) == f"only here ✗ {said}"


async def test_who_begins_is_told_what_to_press_until_labels_are_given(workspace, opened):
    place = workspace(frames=22)
    async with opened(place.root) as page:
        await page.see("now: a ● active", "labels this frame", "v a whole stretch", "? help")
        await page.press("right")
        await page.until(lambda: "labels this frame" not in page.text(), "a key to take it away")
        await page.press("exclamation_mark")
        await page.see("labels this frame")
        await page.shown()
        await page.press("v", "end")
        await page.label("o")
    async with opened(place.root) as page:
        await page.see("next: ")
        assert "labels this frame" not in page.text(), "who has given twenty labels knows"
