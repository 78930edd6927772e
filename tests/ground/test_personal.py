"""One person's own settings, and whose name stands at a label."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core import personal
from core.errors import Damaged, PrintModelsError, WrongUsage
from tests.conftest import Cli, Place


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write personal settings, and let them be the ones in use."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def write(text: str) -> Path:
        file = tmp_path / "config" / "print-models" / "config.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    return write


def test_without_a_file_all_is_as_built_in(config: Callable[[str], Path]) -> None:
    assert personal.read() == personal.Personal()


def test_every_key_is_read(config: Callable[[str], Path]) -> None:
    config(
        'who = " ana "\ntheme = "light"\ngraphics = "none"\nsuggestions = "off"\n[keys]\nundo = "u"\nnext = ["n", "f3"]\n'
    )
    assert personal.read() == personal.Personal(
        "ana", "light", "none", "off", {"undo": ("u",), "next": ("n", "f3")}
    )


@pytest.mark.parametrize(
    ("text", "error", "named"),
    [
        ("color = 1", WrongUsage, "unknown key color"),
        ('graphics = "laser"', WrongUsage, "tgp, sixel, halfcell, ascii or none"),
        ("who = 3", WrongUsage, "who has to be a text"),
        ("keys = 3", WrongUsage, "keys is a table"),
        ("[keys]\nundo = 7", WrongUsage, "keys.undo"),
        ("who = ", Damaged, "config.toml can't be read"),
    ],
)
def test_what_is_wrong_is_named(
    config: Callable[[str], Path], text: str, error: type[PrintModelsError], named: str
) -> None:
    config(text)
    with pytest.raises(error) as raised:
        personal.read()
    assert named in str(raised.value)


def test_settings_of_a_newer_tool_are_read_as_far_as_they_are_known(config: Callable[[str], Path]) -> None:
    config('format = 9\nwho = "ana"\nnews = true\n')
    assert personal.read().who == "ana"


@pytest.mark.parametrize("home", [None, "", "relative"])
def test_a_user_without_a_home_has_none(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    if home is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", home)
    assert personal.path() is None
    assert personal.read() == personal.Personal()


def test_the_nearest_word_says_who_labels(
    config: Callable[[str], Path], cli: Cli, workspace: Callable[..., Place]
) -> None:
    place = workspace(frames=4)

    def labelled_by(number: int, *words: str, env: dict[str, str | None] | None = None) -> str:
        done = cli(place.root, "label", "--as", "active", *words, place.keys[number], env=env)
        assert done.code == 0, done.err
        return cli(place.root, "history", place.keys[number]).out

    assert "Ana" in labelled_by(0), "git's user.name"
    config('who = "bea"\n')
    assert "bea" in labelled_by(1)
    assert "cy" in labelled_by(2, env={"PRINT_MODELS_WHO": "cy"})
    assert "dan" in labelled_by(3, "--who", "dan", env={"PRINT_MODELS_WHO": "cy"})


def test_nobody_named_is_a_clear_refusal(cli: Cli, workspace: Callable[..., Place], tmp_path: Path) -> None:
    place = workspace(frames=1)
    nobody: dict[str, str | None] = {
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "XDG_CONFIG_HOME": str(tmp_path / "none"),
    }
    done = cli(place.root, "label", "--as", "active", place.keys[0], env=nobody)
    assert done.code == 5
    assert "Nobody is named" in done.err
    assert "config.toml" in done.err
    assert "--who" in done.err
