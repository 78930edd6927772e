"""The card: counts from the files, other people's text as text, the user's notes byte for byte."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape as html_text

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from core.versions import card
from core.versions.card_text import markdown
from core.versions.manifest import read_version
from tests.versions.conftest import House


def rendered(text: bytes) -> str:
    """Show a card as a reader of Markdown sees it, HTML let through as most hosts do; no front matter."""
    body = text.decode().split("---\n", 2)[2]
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(body))


def test_the_card_speaks_in_the_notes_wording(exported: House) -> None:
    text = (exported.ws.version_dir(exported.task, "v1") / "README.md").read_text()
    order = [
        *("# Offline Detection Dataset v1", "**Created:** 20", "**Total Images:** 24", "**Classes:**"),
        *("- Active: 12 (50%)", "- Offline: 12 (50%)", "## Model Performance", "## Data Collection"),
        *("- Source: printer-timelapses of 2025-11-07", "- Labeling: 24 by hand; by ana", "## Splits"),
        *("## Known limits", "## Storage", "## Changes", "## Notes"),
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "license" not in text


def test_the_front_matter_is_plain_yaml(exported: House) -> None:
    text = (exported.ws.version_dir(exported.task, "v1") / "README.md").read_text()
    head = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    assert head is not None
    lines = head[1].split("\n")
    assert 'pretty_name: "Offline Detection Dataset v1"' in lines
    assert "- n<1K" in lines
    assert '  "active": 12' in lines


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("", []),
        ("CC-BY-4.0", ['license: "cc-by-4.0"']),
        ('Mine: "all"\n# rights', ["license: other", 'license_name: "Mine: \\"all\\"\\n# rights"']),
    ],
)
def test_a_license_is_named_as_the_hub_names_it(exported: House, words: str, lines: list[str]) -> None:
    version = read_version(exported.ws, exported.task, "v1")
    head = card.render(version, license_=words).decode().split("---\n")[1].split("\n")
    assert [line for line in head if line.startswith("license")] == lines


def test_what_the_checks_warn_of_stands_among_the_known_limits(house: Callable[..., House]) -> None:
    """Eleven to one, and every active frame at another hour than every offline one: the card says both."""
    made = house(48, every=1800)
    made.label([*made.keys[:11], *made.keys[14:25], *made.keys[30:41]], "offline")
    made.label([made.keys[12], made.keys[27], made.keys[45]], "active")
    version = made.export()
    text = (version.path / "README.md").read_text()
    limits = text.split("## Known limits")[1].split("## Storage")[0]
    assert "- The classes are uneven, 11 to 1 (" in limits
    told = {"time_of_day": {"balanced": 0.97, "accuracy": 0.97, "low": 0.9, "high": 1.0, "images": 36}}
    sure = replace(version, info=msgspec.structs.replace(version.info, baselines=told))
    limits = card.render(sure).decode().split("## Known limits")[1].split("## Storage")[0]
    assert "A rule that looks only at the hour gets 97%" in limits
    assert "learn the clock instead of the printer" in limits


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a\nb",
            "<b>bold</b> <!-- gone",
            "x | y",
            "## Notes",
            "- list",
            "1. one",
            "`code` **x** [l](u)",
            "\x1b[31mred",
        ),
        *("&lt;", "$x$ ~~y~~", "> quote", "\u202eright to left"),
    ],
)
def test_a_description_shows_as_it_was_written(exported: House, text: str) -> None:
    exported.label([exported.keys[0]], "active")
    version = exported.export(description=text)
    assert read_version(exported.ws, exported.task, "v2").info.description == text
    raw = (version.path / "README.md").read_bytes()
    html = rendered(raw)
    assert "<b>bold" not in html
    assert "<!--" not in html
    assert raw.count(b"\n## Notes\n") == 1
    assert "\x1b" not in html
    assert html.count("<blockquote>") == 1
    plain = re.sub(r"<[^>]+>", "", html.split("<blockquote>")[1].split("</blockquote>")[0]).strip()
    if text.isascii() and text.isprintable():
        assert plain == text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def test_notes_survive_and_all_else_is_generated_anew(exported: House) -> None:
    version = read_version(exported.ws, exported.task, "v1")
    path = version.path / "README.md"
    notes = b"mine \xff\r\n\n## Notes\nagain  \n# and this\n"
    generated = path.read_bytes().split(b"## Notes\n")[0]
    path.write_bytes(generated.replace(b"24", b"25") + b"## Notes\n" + notes)
    result = {
        "model": "ResNet18",
        "accuracy": 0.9667,
        "low": 0.88,
        "high": 0.99,
        "recall": {"active": 1.0, "offline": None},
        "baselines": {"majority": {"accuracy": 0.53}, "brightness": {"accuracy": 0.6, "images": 18}},
        "date": "2025-11-10T10:00:00",
        "file": "models/versions/offline-detector-v1.pth",
    }
    assert card.rebuild(exported.ws, version, [result])
    text = path.read_bytes()
    assert text.endswith(b"## Notes\n" + notes)
    assert b"- Validation Accuracy: 96.7% (88.0% to 99.0%)" in text
    assert b"- Training Date: 2025-11-10\n" in text
    assert b"brightness alone: 60.0% (of 18 images)" in text
    assert b"- Model File: `models/versions/offline-detector-v1.pth`" in text
    assert b"25" not in text.split(b"## Model")[0].replace(b"2025", b"")
    assert not card.rebuild(exported.ws, version, [result])


@pytest.mark.parametrize(
    "text",
    ["printer-timelapses", "front_camera 2", "20251107_a (1.5 x)", "R&D, #12, a < b", "C:\\prints", "-x"],
)
def test_text_that_markdown_shows_as_it_is_stays_as_it_is(text: str) -> None:
    assert markdown(text) == text


@given(st.text("ab1 _*~<>&;#[]()!\\`|-+=.$:/", max_size=12))
def test_any_text_shows_as_it_was_written(text: str) -> None:
    text = " ".join(text.split())
    html = rendered(f"---\n---\n- {markdown(text)}\n".encode()) if text else ""
    assert html_text(re.sub(r"\n?</?(p|ul|li)>\n?", "", html)).strip() == text


@given(st.binary(max_size=200))
def test_any_notes_come_back(notes: bytes) -> None:
    text = b"# T\n\n## Notes\n" + notes
    assert card.notes_of(text) == notes


def test_a_second_card_says_what_changed(exported: House) -> None:
    exported.label([exported.keys[0]], "active")
    text = (exported.export().path / "README.md").read_text()
    assert "## Changes since v1" in text
    assert "- relabelled: 1" in text
    assert "- offline → active: 1 image in 1 stretch" in text
