"""`import`: a label file from elsewhere, or what somebody shared: shown first, then taken as a step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.desk import begin, done, finish
from core.commands.shell import (
    Context,
    accept_outside_option,
    json_option,
    pass_context,
    who_option,
)

if TYPE_CHECKING:
    from core.errors import PrintModelsError
    from core.labels.importing import Comparison
    from core.tasks import Task
    from core.workspace import Workspace

#: Of each kind so many entries are listed; --json lists all.
_SHOWN = 20


@click.command(name="import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--task",
    metavar="T",
    help="The task its labels are of; without it the one whose label file has that name, else the default task.",
    shell_complete=completion.tasks,
)
@click.option("--keep", is_flag=True, help="Where the file contradicts a label here, keep the label.")
@click.option("--replace", is_flag=True, help="Where the file contradicts a label here, take the file's.")
@click.option(
    "--skip", is_flag=True, help="Leave out entries that can't be taken, named, and take the others."
)
@click.option("--dry-run", is_flag=True, help="Only show what is new and what contradicts.")
@who_option
@accept_outside_option
@json_option
@pass_context
def import_(
    ctx: Context,
    file: Path,
    task: str | None,
    keep: bool,
    replace: bool,
    skip: bool,
    dry_run: bool,
    who: str | None,
    accept_outside: bool,
    as_json: bool,
) -> None:
    """Take the labels of a label file from elsewhere, in any form older tools wrote, or what `share` wrote, as one step.

    A shared file brings pictures, labels with who gave them and when, and marks: frames that are here already by their
    bytes keep their names, others go to contributed/WHO/, a source like a camera. Shows first what is new, what contradicts and what can't be taken; a contradiction stops it until --keep or
    --replace says what is meant. Exit codes: 1 contradictions or classes nobody knows, 3 entries or a file that
    can't be read; then nothing was changed.
    """
    from core.commands.arrivals import Wish, import_share
    from core.errors import WrongUsage
    from core.labels.importing import compare, take
    from core.labels.sync import open_store
    from core.sharing.unpack import is_archive

    if keep and replace:
        raise WrongUsage("--keep and --replace contradict each other.", "Say one of them.")
    ws = ctx.workspace
    path = ctx.folder / file.expanduser()
    if is_archive(path):
        wish = Wish(task, keep, replace, skip, dry_run, who, accept_outside)
        import_share(ctx, path, wish, as_json=as_json)
        return
    chosen_task = ws.task(task) if task is not None else _task_of(ws, path)
    name = "" if dry_run else ws.who(who)
    with open_store(ws, accept_outside=accept_outside) as store:
        begin(ctx, store)
        found = compare(store, chosen_task, path)
        absent = _absent(ctx, found)
        shown = _text(found, absent)
        stop = _stop(found, decided=keep or replace, skip=skip)
        if dry_run or stop is not None:
            ctx.answer({**_json(found, absent), "changed": 0}, shown, as_json=as_json)
            if stop is not None:
                raise stop
            return
        step = take(store, found, who=name, replace=replace)
        text = f"{shown}\n{chosen_task.name}: {done(step)}"
        extra = _json(found, absent)
        finish(ctx, store, chosen_task, step, text, as_json=as_json, accept=accept_outside, extra=extra)


def _task_of(workspace: Workspace, path: Path) -> Task:
    """Return the task whose label file has that name, else the default."""
    for task in workspace.tasks.values():
        if Path(task.labels_file).name == path.name:
            return task
    return workspace.task(None)


def _absent(ctx: Context, found: Comparison) -> list[str]:
    """Return the frames of the new labels that neither a camera nor a version here has.

    Nothing can be said, and none is returned, while a camera is away.
    """
    from core.frames.index import FrameIndex
    from core.versions.held import items

    with FrameIndex(ctx.workspace) as index:
        index.scan(ctx.report)
        if any(index.unreachable(name) for name in ctx.workspace.active_sources):
            return []
        there = {*index.keys(), *items(ctx.workspace)}
    return sorted(set(found.new) - there)


def _stop(found: Comparison, *, decided: bool, skip: bool) -> PrintModelsError | None:
    """Return why nothing is taken as it stands, None where it can be."""
    from core.errors import Damaged, Refused
    from core.human import plural

    if found.problems and not skip:
        kind = Refused if all(entry.unknown for entry in found.problems) else Damaged
        return kind(
            f"{plural(len(found.problems), 'entry', 'entries')} of the file can't be taken; nothing was imported.",
            "Correct the file, or leave them out with --skip.",
        )
    if found.contradicts and not decided:
        return Refused(
            f"The file contradicts {plural(len(found.contradicts), 'label')} given here; nothing was imported.",
            "Say --keep to keep the labels here, or --replace to take the file's.",
        )
    return None


def _text(found: Comparison, absent: Sequence[str]) -> str:
    from core.human import count, plural
    from core.text import safe

    said = [f"{count(len(found.new))} new", f"{count(found.same)} as here"]
    if found.contradicts:
        said.append(f"{count(len(found.contradicts))} contradict")
    if found.problems:
        said.append(f"{count(len(found.problems))} can't be taken")
    if found.converted:
        said.append(f"{plural(found.converted, 'value')} in an older spelling")
    lines = [f"{found.task.name} ← {safe(found.path.name)}: {', '.join(said)}"]
    lines += _some(
        f"  contradicts: {safe(frame)}: {here} here, {theirs} in the file"
        for frame, (here, theirs) in found.contradicts.items()
    )
    lines += _some(
        f"  not taken: {f'line {entry.line}: ' if entry.line else ''}{safe(entry.key)}: {safe(entry.what)}"
        for entry in found.problems
    )
    if absent:
        lines.append(
            f"  {plural(len(absent), 'new label')} of frames that no camera or version here has, such as "
            f"{safe(absent[0])}; a release takes none of them"
        )
    return "\n".join(lines)


def _some(lines: Iterable[str]) -> list[str]:
    every = list(lines)
    more = [f"  … and {len(every) - _SHOWN} more (--json lists all)"] if len(every) > _SHOWN else []
    return every[:_SHOWN] + more


def _json(found: Comparison, absent: Sequence[str]) -> dict[str, Any]:
    return {
        "task": found.task.name,
        "new": [{"frame": frame, "label": class_} for frame, class_ in found.new.items()],
        "same": found.same,
        "contradicts": [
            {"frame": frame, "here": here, "file": theirs}
            for frame, (here, theirs) in found.contradicts.items()
        ],
        "problems": [
            {"frame": entry.key, "line": entry.line, "what": entry.what} for entry in found.problems
        ],
        "converted": found.converted,
        "absent": list(absent),
    }
