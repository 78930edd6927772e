"""`import OUT.zip`: what somebody shared, shown first, then taken; called by commands/importing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from core.commands.desk import begin
from core.commands.shell import Context

if TYPE_CHECKING:
    from core.errors import PrintModelsError
    from core.labels.model import LabelStep
    from core.labels.store import LabelStore
    from core.sharing.arriving import Arrival

#: Of each kind so many entries are listed; --json lists all.
_SHOWN = 20


class Wish(NamedTuple):
    """What a person said of the file: one task alone, whose label wins where two differ, what is left out."""

    task: str | None
    keep: bool
    replace: bool
    skip: bool
    dry_run: bool
    who: str | None
    accept_outside: bool


def import_share(ctx: Context, path: Path, wish: Wish, *, as_json: bool) -> None:
    """Show what a shared file brings, and take it unless something stops that."""
    from core.frames.index import FrameIndex
    from core.labels.sync import open_store
    from core.sharing.arriving import compare, with_theirs
    from core.sharing.taking import check_room, take
    from core.sharing.unpack import opened
    from core.text import safe

    ws = ctx.workspace
    if wish.task is not None:
        ws.task(wish.task)
    name = "" if wish.dry_run else ws.who(wish.who)
    with opened(path) as archive, open_store(ws, accept_outside=wish.accept_outside) as store:
        begin(ctx, store)
        archive.prove(ctx.report)
        with FrameIndex(ws) as index:
            index.scan(ctx.report)
            here = {one: store.classes(task) for one, task in ws.tasks.items()}
            arrival = compare(ws, store, index, archive.share, wish.task)
        shown = _text(arrival, path)
        stop = _stop(arrival, wish)
        if wish.dry_run or stop is not None:
            ctx.answer({**_json(arrival), "changed": 0}, shown, as_json=as_json)
            if stop is not None:
                raise stop
            return
        answer = _json(arrival)
        check_room(ws, arrival)
        if wish.replace:
            with_theirs(arrival)
        what = f"imported from {safe(path.name, limit=60)}"
        steps, files = take(ws, store, archive, arrival, who=name, what=what, here=here, report=ctx.report)
        _finish(ctx, store, steps, files, shown, answer, wish, as_json=as_json)


def _finish(
    ctx: Context,
    store: LabelStore,
    steps: list[LabelStep],
    files: tuple[str, ...],
    shown: str,
    answer: dict[str, Any],
    wish: Wish,
    *,
    as_json: bool,
) -> None:
    """Write the label files, answer, and end with a file's trouble where there is one."""
    from core.labels.sync import flush
    from core.text import safe

    ws = ctx.workspace
    problem = None
    for task in ws.tasks.values():
        flushed = flush(ws, store, task, accept_outside=wish.accept_outside)
        problem = problem or flushed.problem
        for notice in flushed.notices:
            ctx.notice(notice)
    lines = [f"{step.task}: {step.text}" if step.task else step.text for step in steps] or [
        "No label or mark was new."
    ]
    if len(steps) > 1:
        lines.append(f"undo takes it back in {len(steps)} steps")
    if files:
        lines.append(f'not committed yet: git commit -m "Shared frames" -- {safe(" ".join(files))}')
    changed = sum(step.changed for step in steps)
    extra = {"changed": changed, "steps": [step.seq for step in steps], "files": list(files)}
    ctx.answer({**answer, **extra}, "\n".join([shown, *lines]), as_json=as_json)
    if problem is not None:
        ctx.notice("What came IS saved, in .print-models/labels.db; the files under data/ could not follow:")
        raise problem


def _stop(found: Arrival, wish: Wish) -> PrintModelsError | None:
    """Return why nothing is taken as it stands, None where it can be."""
    from core.errors import Damaged, Refused
    from core.human import plural

    if found.problems and not wish.skip:
        return Damaged(
            f"The labels of {plural(len(found.problems), 'frame')} can't be taken; nothing was imported.",
            "Leave them out with --skip; for a task that is missing here enter it in print-models.toml first.",
        )
    if found.contradicts and not (wish.keep or wish.replace):
        return Refused(
            f"The file contradicts {plural(len(found.contradicts), 'label')} given here; nothing was imported.",
            "Say --keep to keep the labels here, or --replace to take the file's.",
        )
    return None


def _text(found: Arrival, path: Path) -> str:
    from core.human import plural, size
    from core.text import safe

    share = found.share
    here = len(found.keys) - len(found.fresh)
    where = ", ".join(f"{folder}/" for folder in found.sources.values())
    lines = [
        f"{safe(path.name)}, shared by {safe(share.who, limit=80)}: {plural(len(share.frames), 'frame')}",
        f"  pictures: {here} here already"
        + (f", {len(found.fresh)} new ({size(found.fresh_bytes)}, to {safe(where)})" if found.fresh else "")
        + (f", {len(found.absent)} neither here nor in the file" if found.absent else ""),
    ]
    lines += [f"  {task}: {line}" for task, line in _per_task(found)]
    if found.marks or found.same_marks or found.other_marks:
        other = f", {len(found.other_marks)} other here, kept" if found.other_marks else ""
        lines.append(f"  marks: {len(found.marks)} new, {found.same_marks} as here{other}")
    lines += _some(
        f"  contradicts: {safe(one.frame)}: {one.here or 'undecided'} here, {one.theirs} in the file"
        for one in found.contradicts
    )
    lines += _some(f"  not taken: {safe(frame)}: {why}" for frame, why in found.problems.items())
    lines += _missing_tasks(found)
    return "\n".join(lines)


def _per_task(found: Arrival) -> Iterable[tuple[str, str]]:
    from collections import Counter

    against = Counter(one.task for one in found.contradicts)
    for task in found.share.tasks:
        given = found.labels.get(task, {})
        said = [f"{len(given)} new"]
        if given:
            people = sorted({label.by for label in given.values()})
            said[0] += f" by {_names(people)}"
        if against[task]:
            said.append(f"{against[task]} contradict")
        yield task_name(task), ", ".join(said)
    if found.same:
        yield "labels", f"{found.same} as here"


def task_name(task: str) -> str:
    """Return a task's name as it may be shown: it came in a file."""
    from core.text import safe

    return safe(task, limit=60)


def _names(people: list[str]) -> str:
    from core.text import safe

    named = ", ".join(safe(one, limit=40) for one in people[:3])
    return named + (f" and {len(people) - 3} more" if len(people) > 3 else "")


def _missing_tasks(found: Arrival) -> list[str]:
    """Say how a task that is missing here would be entered."""
    from core.text import safe

    lines = []
    for name, classes in found.missing_tasks.items():
        named = ", ".join(f'"{safe(one, limit=60)}"' for one in classes)
        lines.append(f"  to enter it: [tasks.{safe(name, limit=60)}] with classes = [{named}]")
    return lines


def _some(lines: Iterable[str]) -> list[str]:
    every = list(lines)
    more = [f"  … and {len(every) - _SHOWN} more (--json lists all)"] if len(every) > _SHOWN else []
    return every[:_SHOWN] + more


def _json(found: Arrival) -> dict[str, Any]:
    return {
        "task": None,
        "shared_by": found.share.who,
        "new": [
            {"frame": frame, "label": label.class_, "task": task, "by": label.by}
            for task, given in found.labels.items()
            for frame, label in given.items()
        ],
        "same": found.same,
        "contradicts": [
            {"frame": one.frame, "here": one.here, "file": one.theirs, "task": one.task}
            for one in found.contradicts
        ],
        "problems": [{"frame": frame, "line": 0, "what": why} for frame, why in found.problems.items()],
        "converted": 0,
        "absent": list(found.absent),
        "pictures": {
            "here": len(found.keys) - len(found.fresh),
            "new": sorted(found.fresh),
            "bytes": found.fresh_bytes,
            "folders": list(found.sources.values()),
        },
        "marks": {"new": len(found.marks), "same": found.same_marks, "other": len(found.other_marks)},
    }
