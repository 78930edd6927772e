"""`merge-labels`: what git calls to merge label files and marks per frame (core.merge_driver names it to git)."""

from __future__ import annotations

from pathlib import Path

import click

from core.commands.shell import Context, pass_context


@click.command(name="merge-labels")
@click.argument("base", metavar="BASE", type=click.Path(path_type=Path))
@click.argument("ours", metavar="OURS", type=click.Path(path_type=Path))
@click.argument("theirs", metavar="THEIRS", type=click.Path(path_type=Path))
@pass_context
def merge_labels(ctx: Context, base: Path, ours: Path, theirs: Path) -> None:
    """Merge three versions of a label file or of marks.json per frame, into OURS; git calls this.

    A frame that both sides changed differently is written with both values, and the exit code is 1. Files that can't
    be read as entries are merged line by line, as git would.
    """
    from core.durable import atomic_write
    from core.errors import Damaged, PrintModelsError
    from core.human import plural
    from core.labels.driver import merge
    from core.labels.files import read_bytes
    from core.process import run
    from core.text import safe

    files = [ctx.folder / name for name in (base, ours, theirs)]
    try:
        tasks = tuple(ctx.workspace.tasks.values())
    except PrintModelsError:
        tasks = ()
    try:
        then, here, there = (read_bytes(path) for path in files)
        merged = merge(then, here, there, tasks)
    except Damaged as error:
        ctx.notice(f"{error.what} Merged line by line instead.")
        names = ["-L", "ours", "-L", "base", "-L", "theirs"]
        words = ["git", "merge-file", *names, str(files[1]), str(files[0]), str(files[2])]
        ctx.exit(min(1, run(words, cwd=ctx.folder, check=False).code))
    atomic_write(files[1], merged.data)
    if merged.conflicts:
        named = ", ".join(safe(frame, limit=120) for frame in merged.conflicts[:5])
        more = f" and {len(merged.conflicts) - 5} more" if len(merged.conflicts) > 5 else ""
        word = "mark" if merged.of_marks else "label"
        ctx.notice(
            f"{plural(len(merged.conflicts), 'frame')} changed on both sides: {named}{more}. Both values are in the "
            f"file; {word} the frames to decide, then git add it and git commit."
        )
        ctx.exit(1)
