"""The commands of a training: train, runs, watch, stop. None of them imports torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.beginning import away, begun, draft_of, refuse_beside_resume
from core.commands.shell import Context, accept_outside_option, json_option, pass_context, task_option

if TYPE_CHECKING:
    from core.training.events import RunView
    from core.training.runs import Run

_MODES = ("head", "last", "full")
_MODES_SAID = (
    "What is trained: only the new last layer, also the last quarter of the blocks before it, or the whole network; "
    "else the last quarter where that takes at most 2 minutes here, else the last layer."
)


@click.command()
@task_option
@click.option(
    "--dataset-dir", metavar="D", type=click.Path(path_type=Path), help="A version's folder; else the latest."
)
@click.option(
    "--labels",
    metavar="F",
    type=click.Path(path_type=Path),
    help="Learn from a label file as it is; the task's own: the draft, as a release would make it. Nothing is exported.",
)
@click.option(
    "--val-split",
    type=float,
    metavar="SHARE",
    help="Assign recordings to validation anew, such a share of the images; else the version's own split holds.",
)
@click.option("--mode", type=click.Choice(_MODES), help=_MODES_SAID)
@click.option("--arch", default="resnet18", show_default=True, metavar="A", help="A torchvision classifier.")
@click.option(
    "--weights",
    metavar="W",
    help="A .pth file, imagenet or random; else ImageNet if it can be had, else random.",
)
@click.option(
    "--epochs", type=int, metavar="N", help="At most so many passes over the images; else 15, of a head 40."
)
@click.option(
    "--batch-size",
    type=int,
    metavar="N",
    help="Images per step; else 32, of a head more where there are many.",
)
@click.option("--lr", type=float, metavar="X", help="Step size; else 3e-4, of a head 3e-3, of all 1e-4.")
@click.option(
    "--seed", type=int, default=0, show_default=True, metavar="N", help="Another seed, another order."
)
@click.option(
    "--augment/--no-augment",
    default=None,
    help="Show training pictures slightly moved, lit and blurred; else only where all is trained.",
)
@click.option(
    "--folds",
    type=int,
    metavar="N",
    help="Then let N networks predict recordings they never saw; 0 for none. Else of head 5, of last 3, of full 0.",
)
@click.option(
    "--device", default="cpu", show_default=True, type=click.Choice(("cpu", "cuda")), help="What computes."
)
@click.option(
    "--threads", type=click.IntRange(1, 512), metavar="N", help="Threads of torch; else one less than cores."
)
@click.option(
    "--on",
    metavar="HOST",
    help="Train on another machine, by ssh; --weights is a file there. Watch it here; its model comes here.",
)
@click.option(
    "--processes",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="How many learn together, one per GPU where there are any; each takes a batch per step.",
)
@click.option("--foreground", is_flag=True, help="Stay until it has ended; Ctrl-C stops it.")
@click.option(
    "--resume", metavar="RUN", help="Go on with a training that was stopped, killed or interrupted."
)
@accept_outside_option
@json_option
@pass_context
def train(
    ctx: Context,
    task: str | None,
    dataset_dir: Path | None,
    labels: Path | None,
    val_split: float | None,
    mode: str | None,
    arch: str,
    weights: str | None,
    epochs: int | None,
    batch_size: int | None,
    lr: float | None,
    seed: int,
    augment: bool | None,
    folds: int | None,
    processes: int,
    device: str,
    threads: int | None,
    on: str | None,
    foreground: bool,
    resume: str | None,
    accept_outside: bool,
    as_json: bool,
) -> None:
    """Train a model on a dataset version, or with --labels on labels as they are, in the background.

    It goes on when this terminal is closed. Without --dataset-dir or --labels it learns from the task's latest version.
    """
    from core.training import planning, runs

    workspace = ctx.workspace
    if resume is not None:
        refuse_beside_resume()
        run = runs.resume(workspace, runs.get(workspace, resume))
    else:
        if on is None:
            runs.require_torch()
        draft = draft_of(ctx, task, labels, dataset_dir, on, accept=accept_outside)
        what = planning.plan(
            workspace,
            task=task,
            dataset_dir=dataset_dir,
            draft=draft,
            val_split=val_split,
            mode=mode,
            architecture=arch,
            weights=weights if on is None else None,
            epochs=epochs,
            batch_size=batch_size,
            lr=lr,
            seed=seed,
            augment=augment,
            folds=folds,
            processes=processes,
            device=device,
            threads=threads,
            folder=ctx.folder,
        )
        run = runs.start(workspace, what, draft=draft) if on is None else away(workspace, on, what)
    if foreground:
        _stay(ctx, run, as_json)
    text = "\n".join(
        [*begun(workspace, run), "It goes on in the background. See how it goes: print-models watch"]
    )
    if run.warning:
        ctx.notice(run.warning)
    ctx.answer(runs.as_json(run, runs.view(run)), text, as_json=as_json)


def _stay(ctx: Context, run: Run, as_json: bool) -> None:
    from core.training import runs

    try:
        seen = _follow(ctx, run)
    except KeyboardInterrupt:
        ctx.notice("Stopping …")
        runs.stop(run)
        raise
    ctx.answer(runs.as_json(run, seen), _end(run, seen), as_json=as_json)
    ctx.exit(seen.exit_code)


@click.command("runs")
@json_option
@pass_context
def runs(ctx: Context, as_json: bool) -> None:
    """List every training with its state, the newest first."""
    from core.training import runs as trainings
    from core.training.view import describe

    rows = [(run, trainings.view(run)) for run in trainings.list_runs(ctx.workspace)]
    objects = [trainings.as_json(run, seen) for run, seen in rows]
    lines = [
        f"{run.id:<38} {seen.state:<12} {found['dataset'] or '?':<5} {describe(seen)}"
        for (run, seen), found in zip(rows, objects, strict=True)
    ]
    text = "\n".join(lines) or "No training yet. Start one: print-models train"
    ctx.answer({"runs": objects}, text, as_json=as_json)


@click.command()
@click.argument("run", required=False, shell_complete=completion.runs)
@json_option
@pass_context
def watch(ctx: Context, run: str | None, as_json: bool) -> None:
    """Follow a training until it ends; without RUN the newest. Ctrl-C stops watching, not the training.

    With --json: how it stands now, at once.
    """
    from core.training import runs

    found = runs.get(ctx.workspace, run)
    if as_json:
        seen = runs.view(found)
        ctx.answer({**runs.as_json(found, seen), **_detail(seen)}, "", as_json=True)
        return
    try:
        seen = _follow(ctx, found)
    except KeyboardInterrupt:
        ctx.notice(f"No longer watching; {found.id} goes on.")
        ctx.exit(130)
    ctx.answer({}, _end(found, seen), as_json=False)
    ctx.exit(seen.exit_code)


def _follow(ctx: Context, run: Run) -> RunView:
    """Tell on standard error what is new, one line per epoch, until the training is over."""
    from core.progress import Progress
    from core.training import runs
    from core.training.results import percent

    told = {"epoch": 0, "alerts": 0, "start": 0, "paused": 0}

    def show(seen: RunView) -> None:
        if (seen.state == "paused") != bool(told["paused"]) and not seen.over:
            told["paused"] = int(seen.state == "paused")
            ctx.notice(f"It waits: {seen.reason}" if told["paused"] else "It goes on.")
        if seen.facts.get("start") and not told["start"]:
            told["start"] = 1
            ctx.notice(str(seen.facts["start"]))
        for text in seen.alerts[told["alerts"] :]:
            ctx.notice(f"note: {text}")
        told["alerts"] = len(seen.alerts)
        for epoch in seen.history:
            if epoch.number > told["epoch"]:
                told["epoch"] = epoch.number
                best = " best" if epoch.best else ""
                ctx.notice(
                    f"epoch {epoch.number}/{seen.epochs}  loss {epoch.train_loss:.3f}  "
                    f"validation {percent(epoch.balanced)}{best}"
                )
        if not seen.over:
            share = round(100 * seen.share) if seen.share is not None else None
            ctx.report(Progress(seen.phase or seen.state, share or 0, None if share is None else 100))

    return runs.follow(run, show)


def _end(run: Run, seen: RunView) -> str:
    from core.human import duration
    from core.training import ending
    from core.training.result_tables import lines as table

    lines = []
    if seen.state in ("finished", "stopped"):
        lines.append(f"{seen.state} after {duration(seen.seconds)}")
    else:
        lines += [f"{seen.state}: {seen.reason}", seen.remedy]
    if seen.state in ("stopped", "failed") and (kept := ending.kept(run.path, seen)):
        lines.append(kept)
    lines += seen.words
    if found := seen.results_folds or seen.results:
        lines += ["", *table(found)]
    return "\n".join(line for line in lines)


def _detail(seen: RunView) -> dict[str, Any]:
    return {
        "facts": dict(seen.facts),
        "results": seen.results,
        "results_folds": seen.results_folds,
        "alerts": list(seen.alerts),
        "phase": seen.phase,
        "figures": dict(seen.figures),
        "remedy": seen.remedy,
        "history": [
            {name: getattr(epoch, name) for name in epoch.__dataclass_fields__} for epoch in seen.history
        ],
    }


@click.command()
@click.argument("run", required=False, shell_complete=completion.runs)
@json_option
@pass_context
def stop(ctx: Context, run: str | None, as_json: bool) -> None:
    """Stop a training after the step it is at; its best epoch is kept. Without RUN the one that runs."""
    from core.errors import Refused
    from core.training import runs

    workspace = ctx.workspace
    found = runs.get(workspace, run) if run else runs.running(workspace)
    if found is None:
        raise Refused("No training is running.", "See: print-models runs")
    seen = runs.stop(found)
    kept = f"its best, epoch {seen.best_epoch}, is kept" if seen.best_epoch else "it had saved nothing yet"
    if not seen.over:
        text = f"{found.id} was asked to stop and will, after the step it is at."
    elif seen.state == "stopped":
        text = f"{found.id} is stopped; {kept}."
    else:
        text = f"{found.id} came to its end before it could be stopped: it is {seen.state}; {kept}."
    ctx.answer(runs.as_json(found, seen), text, as_json=as_json)
