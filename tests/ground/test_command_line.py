"""What every command shares: --json wherever it stands, and nothing said twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.commands.shell import main
from tests.conftest import Cli, Place


@pytest.mark.parametrize(
    "words", [("--json", "status"), ("-C", ".", "--json", "status"), ("status", "--json")]
)
def test_json_may_stand_before_the_command(
    cli: Cli, workspace: Callable[..., Place], words: tuple[str, ...]
) -> None:
    done = cli(workspace(frames=1).root, *words)
    assert done.code == 0, done.err
    assert done.json["format"] == 1


def test_json_without_a_command_says_where_it_belongs(cli: Cli, workspace: Callable[..., Place]) -> None:
    done = cli(workspace(frames=1).root, "--json")
    assert (done.code, done.out) == (2, "")
    assert "print-models status --json" in done.err


def test_json_before_a_command_that_has_none_is_refused(cli: Cli, workspace: Callable[..., Place]) -> None:
    done = cli(workspace(frames=1).root, "--json", "init")
    assert done.code == 2
    assert "--json" in done.err


def test_an_error_does_not_repeat_the_notice_before_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.commands import workspace
    from core.commands.shell import Context
    from core.errors import Lacking

    def refuse(context: Context, line: bool, as_json: bool) -> None:
        context.notice("The disk is full.")
        raise Lacking("The disk is full.", "Free some.")

    refuse.__name__ = "status"
    assert workspace.status.callback is not None
    monkeypatch.setattr(workspace.status, "callback", _with_context(refuse))
    assert main(["status"]) == 5
    assert capsys.readouterr().err == "The disk is full.\nFree some.\n"


def _with_context(call: Callable[..., None]) -> Callable[..., None]:
    from core.commands.shell import pass_context

    return pass_context(call)
