"""The command `models`: every model version, what it learned from, how good it is. It never imports torch."""

from __future__ import annotations

import click

from core.commands.shell import Context, json_option, pass_context


@click.command()
@json_option
@pass_context
def models(ctx: Context, as_json: bool) -> None:
    """List every model version with what it learned from and how good it is, and models in use that are none."""
    from core.human import size
    from core.text import safe
    from core.training import registry

    known = registry.models(ctx.workspace)
    foreign = registry.without_record(ctx.workspace, known)
    lines = []
    for record in [*known, *foreign]:
        name, what = f"{record.name:<24} {record.dataset or '?':<5}", registry.describe(record)
        if record in foreign:
            name, what = f"{safe(record.file):<30}", f"{record.task}: of unknown origin, it has no record"
        where = "" if record.here == "file" else f" ({record.here})"
        lines.append(f"{'▶' if record.current else ' '} {name} {size(record.size):>8}{where}  {what}")
        lines += [f"      {line}" for line in record.words[1:2] if record not in foreign]
        if (why := registry.withdrawn(ctx.workspace, record)) is not None:
            lines.append(f"      ! {record.dataset} is withdrawn: {safe(why)}")
    if any(record.current for record in [*known, *foreign]):
        lines.append("▶ in use")
    text = "\n".join(lines) or "No model yet. Train one, then: print-models promote RUN"
    rows, others = (registry.rows(ctx.workspace, found) for found in (known, foreign))
    ctx.answer({"models": rows, "without_record": others}, text, as_json=as_json)
