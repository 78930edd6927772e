"""`lineage`: what something came from, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.commands.shell import Context, json_option, pass_context, task_option

if TYPE_CHECKING:
    from core.training.lineage import Link


@click.command()
@click.argument("what", metavar="MODEL|VERSION|FRAME|IMAGE")
@task_option
@json_option
@pass_context
def lineage(ctx: Context, what: str, task: str | None, as_json: bool) -> None:
    """Show which frames, labels, version and commit made something, and what was made of it.

    WHAT is a model, a version (v2), a frame's key, or an image: its path below datasets/ or its sha256.
    """
    from core.training.lineage import lineage as trace

    found = trace(ctx.workspace, what, task)
    lines = [_line(found.what, "")]
    lines += [_line(link, "  ↑ ") for link in found.up] or ["  ↑ nothing is known"]
    lines += [_line(link, "  ↓ ") for link in found.down] or ["  ↓ nothing came from it yet"]
    ctx.answer(found.as_json(), "\n".join(lines), as_json=as_json)


def _line(link: Link, sign: str) -> str:
    parts = [f"{sign}{link.kind:<9} {link.name}"]
    if sign:
        parts.append(link.how)
    if link.identity:
        parts.append(f"{link.identity[:19]}…")
    if link.commit:
        parts.append(f"commit {link.commit[:12]}{f' (tag {link.tag})' if link.tag else ''}")
    return "  ".join(parts)
