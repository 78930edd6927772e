"""`suggest`: what a small model made from the labels so far says of all other frames, and what to label next."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from core.commands.shell import Context, json_option, pass_context, task_option
from core.errors import Busy, Cancelled, Lacking, WrongUsage
from core.human import count, plural
from core.progress import Progress
from core.text import safe

if TYPE_CHECKING:
    from core.assist.engines import Engine
    from core.progress import CancelToken
    from core.tasks import Task

#: Questions and doubts that are printed; --json names all.
_SHOWN = 5
#: Seconds that a watcher whose parent is gone has to end by itself.
_GRACE_S = 1.5
#: Seconds to wait for another process to have learned from the last label.
_WAIT_S = 20.0
#: A watcher makes itself at least so small.
_NICE = 10


@click.command()
@task_option
@click.option(
    "--watch",
    is_flag=True,
    help="Go on, and suggest anew after each label, until Ctrl-C. What the app starts.",
)
@click.option(
    "--model",
    metavar="M",
    help="Compare frames by the network of this model version, its last layer taken off; by torch. Not with --watch.",
)
@json_option
@pass_context
def suggest(ctx: Context, task: str | None, watch: bool, model: str | None, as_json: bool) -> None:
    """Learn from the labels so far, and say what all other frames probably are and which to label next.

    Nothing is labelled: the suggestions lie in .print-models/assist, where the app and `frames` find them.
    """
    # One thread: many small products are quicker so, and the app needs the other cores. numpy is not loaded yet.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    chosen = ctx.workspace.task(task)
    if watch and model is not None:
        raise WrongUsage(
            "--watch takes the best network there is, not a model.", "Leave --model out, or --watch."
        )
    if watch:
        _watch(ctx, chosen)
    data = _once(ctx, chosen, model)
    ctx.answer({key: value for key, value in data.items() if key != "format"}, _text(data), as_json=as_json)


def _once(ctx: Context, task: Task, model: str | None) -> dict[str, Any]:
    from core.assist.worker import Worker, alone
    from core.commands.desk import say
    from core.labels.sync import open_store

    with open_store(ctx.workspace) as store:
        say(ctx, store)
        try:
            with alone(ctx.workspace, task):
                worker = Worker(ctx.workspace, task, store, ctx.report, engine=_engine(ctx, model))
                try:
                    data = worker.once()
                finally:
                    worker.close()
        except Busy as busy:
            if model is not None:
                raise
            return _of_another(ctx, task, store.last_seq(), busy)
        for odd in worker.gathering.odd:
            ctx.notice(odd)
        return data


def _engine(ctx: Context, model: str | None) -> Engine | None:
    """Return what compares frames by a model's network; None where no model is named. Raises Lacking, Damaged."""
    if model is None:
        return None
    from core.assist import networks
    from core.assist.inputs import Input
    from core.training import registry, spec

    record = registry.get(ctx.workspace, model)
    if record.here != "file":
        raise Lacking(
            f"{record.name} is not here with its bytes.", f"Get them: print-models fetch {record.name}"
        )
    told = record.facts.get("input")
    size = (Input.of(told) if isinstance(told, Mapping) else Input.fitting(ctx.workspace)).size
    text = f"Frames are compared by the network of {safe(record.name)}, run by torch."
    name = str(record.facts.get("architecture") or "") or None
    ctx.report(Progress("loading torch", 0, None))
    path = ctx.workspace.root / record.file
    return networks.of_weights(path, name, size, text, threads=spec.default_threads())


def _of_another(ctx: Context, task: Task, step: int, busy: Busy) -> dict[str, Any]:
    """Return what the app, or another terminal, suggests, as soon as it knows the labels up to a step.

    Raises `busy` where that takes too long.
    """
    from core.assist.telling import read

    until = time.monotonic() + _WAIT_S
    while True:
        data = read(ctx.workspace, task)
        if data is not None and data["labels_seq"] >= step:
            return data
        if time.monotonic() > until:
            raise busy
        time.sleep(0.1)


def _watch(ctx: Context, task: Task) -> None:
    """Suggest until the end of standard input, where that is a parent's pipe, or a signal."""
    from core.assist.worker import Worker, alone
    from core.labels.store import LabelStore
    from core.progress import CancelToken

    cancel = CancelToken()
    _end_with_parent(cancel)
    if os.nice(0) < _NICE:
        os.nice(_NICE - os.nice(0))
    with LabelStore(ctx.workspace) as store, alone(ctx.workspace, task):
        worker = Worker(ctx.workspace, task, store, cancel=cancel)
        try:
            worker.watch()
        except Cancelled:
            ctx.exit(0)
        finally:
            worker.close()


def _end_with_parent(cancel: CancelToken) -> None:
    """Set `cancel` when the pipe that a parent holds closes; what doesn't end then is ended."""
    kind = os.fstat(0).st_mode
    if not (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
        return

    def wait() -> None:
        while os.read(0, 4096):
            pass
        cancel.cancel()
        time.sleep(_GRACE_S)
        os._exit(0)  # every file is written whole or not at all, so there is nothing to tidy

    threading.Thread(target=wait, daemon=True).start()


def _text(data: dict[str, Any]) -> str:
    lines = [_head(data), safe(data["engine_text"])]
    if data["share_right"] is not None:
        of = ", ".join(f"{name} {100 * share:.0f} %" for name, share in data["recall"].items())
        lines.append(
            f"From other recordings alone {100 * data['share_right']:.0f} % of your labels are told right ({of})."
        )
    sure = data["sure"]
    if sure["runs"]:
        lines.append(
            f"Sure enough to take unseen: {plural(sure['runs'], 'run')}, {plural(sure['frames'], 'frame')}; "
            f"{count(sure['right'])} of {count(sure['answers'])} such answers were right."
        )
    if data["doubts"]:
        lines.append("Labels that are probably wrong:")
        lines += [f"  {safe(one['frame'])}  {one['label']}; {one['why']}" for one in data["doubts"][:_SHOWN]]
    if data["hint"]:
        lines.append(data["hint"])
    if data["next"]:
        lines.append("Label next:")
        lines += [f"  {safe(one['frame'])}  {one['why']}" for one in data["next"][:_SHOWN]]
    return "\n".join(lines)


def _head(data: dict[str, Any]) -> str:
    frames = sum(run["frames"] for run in data["runs"])
    said = f"{data['task']}: {plural(data['labelled'], 'label')}"
    if data["runs"]:
        said += f" → {plural(len(data['runs']), 'run')} of {plural(frames, 'frame')}"
    left = data["frames"] - data["known"]
    return said + (f"; {plural(left, 'frame')} not looked at" if left else "")
