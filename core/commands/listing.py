"""`versions`: every version of the datasets and how far each is; on demand a card written anew before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.shell import Context, json_option, pass_context, tasks_option
from core.commands.versions import per_class
from core.text import safe

if TYPE_CHECKING:
    from core.releasing.standing import Standing
    from core.tasks import Task
    from core.versions.manifest import Version
    from core.workspace import Workspace


@click.command()
@tasks_option
@click.option(
    "--rebuild-card",
    "card",
    metavar="V",
    help="First write the card of V anew, its Notes kept, in a commit of its own; the tag stays.",
    shell_complete=completion.versions,
)
@json_option
@pass_context
def versions(ctx: Context, task: str | None, card: str | None, as_json: bool) -> None:
    """List every version of the datasets, newest last, and how far each is: exported, tagged here, on a remote."""
    from core.errors import PrintModelsError
    from core.releasing.standing import Standing, standings
    from core.storage.git import Git
    from core.versions.manifest import list_versions, withdrawn

    ws = ctx.workspace
    if card is not None:
        _rebuild(ctx, ws.task(task), card)
    tasks = [ws.task(task)] if task else list(ws.tasks.values())
    found: dict[str, list[dict[str, Any]]] = {}
    lines: list[str] = []
    far = standings(ws, Git(ws.root), tasks)
    for one in tasks:
        try:
            gone = withdrawn(ws, one)
        except PrintModelsError as error:  # the versions themselves are all there
            gone = {}
            ctx.notice(f"{error.what} {error.remedy}")
        rows = [
            {**_listed(ws, one, name, gone), **_far(far.get((one.name, name), Standing()))}
            for name in list_versions(ws, one)
        ]
        found[one.name] = rows
        lines.append(one.name + ("" if rows else ": no version yet"))
        lines += [_version_line(row) for row in rows]
    ctx.answer({"versions": found}, "\n".join(lines), as_json=as_json)


def _rebuild(ctx: Context, task: Task, name: str) -> None:
    from core.releasing.withdrawing import rebuild_card

    if ctx.workspace.read_only is not None:
        raise ctx.workspace.read_only
    commit = rebuild_card(ctx.workspace, task, name)
    told = f"is written anew, commit {commit[:12]}" if commit else "was right already"
    ctx.notice(f"The card of {task.name} {safe(name)} {told}.")


def _listed(ws: Workspace, task: Task, name: str, gone: Any) -> dict[str, Any]:
    """Return a version's row; one that can't be read is there with what is wrong."""
    from core.durable import explain
    from core.errors import PrintModelsError
    from core.versions.manifest import read_version

    try:
        return _version_row(read_version(ws, task, name), gone)
    except (PrintModelsError, OSError) as error:
        fault = error if isinstance(error, PrintModelsError) else explain(error, f"reading {name}")
        unknown = dict.fromkeys(("created", "description", "images", "bytes", "classes", "digest", "parent"))
        known = {"legacy": False, "withdrawn": gone.get(name), "problems": [fault.what, fault.remedy]}
        return {"version": name, **unknown, **known}


def _far(standing: Standing) -> dict[str, Any]:
    return {
        "committed": standing.committed,
        "tagged": standing.tagged,
        "remotes": list(standing.remotes),
        "state": standing.text,
    }


def _version_row(version: Version, gone: Any) -> dict[str, Any]:
    return {
        "version": version.name,
        "created": version.info.created,
        "description": version.info.description,
        "images": len(version.items),
        "bytes": version.total_bytes,
        "classes": version.classes,
        "digest": version.digest or None,
        "parent": version.info.parent,
        "legacy": version.legacy,
        "withdrawn": gone.get(version.name),
        "problems": list(version.problems),
    }


def _version_line(row: dict[str, Any]) -> str:
    from core.human import size

    line = f"  {safe(row['version']):<5} "
    if row["classes"] is None:
        line += "can't be read"
    else:
        line += f"{safe(row['created'][:10]):<10}  {row['images']:>6} images"
        line += f"  {per_class(row['classes'])}  {size(row['bytes'])}"
    line += f"  {row['state']}"
    if row["legacy"]:
        line += "  (older tool)"
    if row["withdrawn"] is not None:
        gone = row["withdrawn"]
        line += f"  withdrawn: {safe(str(gone.get('reason', '')) if isinstance(gone, dict) else str(gone))}"
    return line + "".join(f"\n        {safe(problem)}" for problem in row["problems"][:3])
