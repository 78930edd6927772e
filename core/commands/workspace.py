"""`init` and `status`."""

from __future__ import annotations

from pathlib import Path

import click

from core.commands.shell import Context, json_option, keeps_what_it_makes, pass_context


@click.command()
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(path_type=Path))
@click.option(
    "--source", metavar="PATH", type=click.Path(path_type=Path), help="The camera's folder of frames."
)
@click.option("--no-commit", is_flag=True, help="Leave the files uncommitted.")
@pass_context
def init(ctx: Context, folder: Path | None, source: Path | None, no_commit: bool) -> None:
    """Make DIR (else this folder) a workspace: folders, settings, git, rules for Git LFS, link to the camera.

    Doing it again changes nothing.
    """
    from core.frames.patterns import guess, sample
    from core.setup import init as make
    from core.text import safe

    found = guess(sample(source.expanduser())) if source is not None and source.expanduser().is_dir() else ""
    done = make(
        ctx.folder / folder.expanduser() if folder else ctx.folder,
        source=source,
        name_pattern=found,
        commit=not no_commit,
    )
    lines = [f"{safe(done.workspace.root)} is a workspace."]
    lines += [f"  {step}" for step in done.done] or ["  nothing had to change"]
    for notice in done.notices:
        ctx.notice(notice)
    where = f"-C {safe(folder)} " if folder else ""
    sources = done.workspace.active_sources
    away = next((name for name, source in sources.items() if source.path.is_symlink()), None)
    if not any(source.path.exists() for source in sources.values()):
        link = f"source move {safe(away)} PATH" if away else "init --source /path/to/camera"
        lines.append(f"next: {'connect the' if away else 'link a'} camera: print-models {where}{link}")
    else:
        lines.append(f"next: print-models {where}status   or open the app: print-models {where}".rstrip())
    ctx.answer({}, "\n".join(lines), as_json=False)


@click.command()
@click.option("--line", is_flag=True, help="One line, for a tmux status bar.")
@json_option
@pass_context
def status(ctx: Context, line: bool, as_json: bool) -> None:
    """Show labels, draft, versions, models, trainings, storage and git, and what to do next."""
    from core.commands.overview import gather

    keeps_what_it_makes()
    overview = gather(ctx.workspace, report=ctx.report)
    ctx.answer(overview.as_json(), overview.line() if line else overview.text(), as_json=as_json)
