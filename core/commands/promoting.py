"""How a model gets into the repository and is proven: promote, adopt, reproduce. None of them imports torch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.shell import Context, json_option, pass_context, task_option, who_option

if TYPE_CHECKING:
    from core.releasing.models import Kept
    from core.training.record import ModelRecord
    from core.training.runs import Run


@click.command()
@click.argument("what", metavar="RUN|MODEL", shell_complete=completion.runs)
@click.option("--current", is_flag=True, help="Also make it the model in use, in a commit of its own.")
@click.option(
    "--because",
    metavar="TEXT",
    default="",
    help="Why, for a model that is worse than the one in use or than the clock.",
)
@click.option("--onnx", is_flag=True, help="Also an ONNX file, for hosts without torch; seen to agree.")
@click.option("--half", is_flag=True, help="Of --onnx: in half precision, half the bytes, where it agrees.")
@click.option(
    "--int8",
    is_flag=True,
    help="Of --onnx: in whole numbers, a quarter of the bytes and quicker, where it agrees.",
)
@click.option("--push", is_flag=True, help="Send the commits to the remote, every object proven there first.")
@click.option(
    "--remote", metavar="NAME", help="The remote of --push; without it the branch's own, else origin."
)
@click.option("--yes", is_flag=True, help="Do it without asking.")
@who_option
@json_option
@pass_context
def promote(
    ctx: Context,
    what: str,
    current: bool,
    because: str,
    onnx: bool,
    half: bool,
    int8: bool,
    push: bool,
    remote: str | None,
    yes: bool,
    who: str | None,
    as_json: bool,
) -> None:
    """Make a training a model version: its file, record, answers, and its section on the dataset's card, in one commit.

    With --current also the model in use; on a terminal that is asked first. A MODEL takes --current, --onnx or --push.
    Nothing is ever overwritten but the model in use.
    """
    from core.errors import WrongUsage
    from core.releasing import models
    from core.training import onnx_files

    if remote is not None and not push:
        raise WrongUsage("--remote says where to push, but --push is not given.", "Add --push.")
    if (half or int8) and not onnx:
        raise WrongUsage(
            f"--{'half' if half else 'int8'} says how an ONNX file is made, but --onnx is not given.",
            "Add --onnx.",
        )
    if half and int8:
        raise WrongUsage("--half and --int8 are two files.", "Make one, then the other.")
    if onnx:
        onnx_files.require()
    workspace = ctx.workspace
    chosen = _run_or_model(ctx, what, current or push or onnx)
    kept = models.keep(workspace, chosen, who=workspace.who(who), because=because)
    # One that is in use already may have been killed before that was committed.
    if current and (kept.record.current or _wanted(ctx, kept.record, yes=yes or as_json)):
        used = models.keep(workspace, kept.record, current=True, because=because)
        kept = models.Kept(used.record, kept.commit, kept.paths, used.in_use, kept.others)
    if onnx:
        kept = _with_onnx(ctx, kept, _precision(half=half, int8=int8), yes=yes or as_json)
    pushed = models.push(workspace, kept.record, remote, ctx.report) if push else None
    answer = {**kept.record.as_json(), "committed": kept.commit, "in_use": kept.in_use, "pushed": pushed}
    ctx.answer(answer, "\n".join(_told(ctx, kept, pushed)), as_json=as_json)


def _precision(*, half: bool, int8: bool) -> str:
    from core.training import onnx_files

    return onnx_files.HALF if half else onnx_files.INT8 if int8 else onnx_files.FLOAT


def _run_or_model(ctx: Context, what: str, more: bool) -> Run | ModelRecord:
    from core.errors import WrongUsage
    from core.training import registry, runs

    if what[:1].isdigit():
        return runs.get(ctx.workspace, what)
    record = registry.get(ctx.workspace, what)
    if not more:
        raise WrongUsage(
            f"{record.name} is a model version already.",
            "Make it the one in use with --current, an ONNX file of it with --onnx, or send it with --push.",
        )
    return record


def _wanted(ctx: Context, record: ModelRecord, *, yes: bool) -> bool:
    """Return whether the model in use is to be another; asked where a person sits in front of it."""
    from core.training import registry

    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    path = ctx.workspace.task(record.task).current_model
    known = registry.models(ctx.workspace)
    before = next(
        (
            one
            for one in [*known, *registry.without_record(ctx.workspace, known)]
            if one.current and one.task == record.task
        ),
        None,
    )
    ctx.notice(f"{record.name}: {registry.describe(record)}")
    if before is not None:
        ctx.notice(f"in use: {before.name}: {registry.describe(before)}")
    return click.confirm(f"Replace {path}?", default=False, err=True)


def _with_onnx(ctx: Context, kept: Kept, precision: str, *, yes: bool) -> Kept:
    """Make and commit an ONNX file once its price was told, and accepted where a person sits in front of it."""
    from core.human import size
    from core.releasing import models
    from core.training import onnx_files

    price = onnx_files.price(ctx.workspace, kept.record, precision)
    ctx.notice(
        f"An ONNX file of {kept.record.name} in {precision} stores about {size(price)} more in Git LFS."
    )
    asked = not yes and sys.stdin.isatty() and sys.stderr.isatty()
    if asked and not click.confirm("Make it?", default=True, err=True):
        return kept
    made = models.add_onnx(ctx.workspace, kept.record, precision, ctx.report)
    commits = tuple(one for one in (*kept.others, made.commit) if one)
    return models.Kept(made.record, kept.commit, made.paths, kept.in_use, commits)


def _told(ctx: Context, kept: Kept, pushed: str | None) -> list[str]:
    from core.text import safe
    from core.training import onnx_files

    record = kept.record
    decision = record.facts.get("promoted") or {}
    lines = [f"{record.file}  {record.sha256[:19]}…", *record.words]
    if decision.get("compared"):
        lines.append(safe(str(decision["compared"])))
    if decision.get("because"):
        lines.append(f"Promoted all the same: {safe(str(decision['because']))}")
    lines += onnx_files.words(record)
    if record.current:
        lines.append(f"In use: {ctx.workspace.task(record.task).current_model}")
    made = [commit[:12] for commit in (kept.commit, kept.in_use, *kept.others) if commit]
    lines.append(f"commit {', '.join(made)}" if made else "It was committed already; nothing changed.")
    if pushed is not None:
        lines.append(f"on {pushed}, proven there")
    return lines


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@task_option
@click.option(
    "--dataset",
    metavar="V",
    help="The version it learned from, as you claim; its record says that nobody proved it.",
    shell_complete=completion.versions,
)
@click.option("--strip", is_flag=True, help="Leave the state of an optimizer out: weights alone.")
@who_option
@json_option
@pass_context
def adopt(
    ctx: Context,
    file: Path,
    task: str | None,
    dataset: str | None,
    strip: bool,
    who: str | None,
    as_json: bool,
) -> None:
    """Make a checkpoint from elsewhere a model version, measured at once, in one commit.

    Nothing in the file is run. It is measured on the version of --dataset, else on the task's latest; what it learned
    from is a claim, or unknown: a good result on images it has seen says little, and that is said.
    """
    from core.releasing import models
    from core.training.adopting import adopt as take_in

    workspace = ctx.workspace
    models.require(workspace)
    record = take_in(
        workspace,
        workspace.task(task),
        ctx.folder / file,
        version=dataset,
        stripped=strip,
        measured=True,
        who=workspace.who(who),
        report=ctx.report,
    )
    kept = models.keep(workspace, record)
    lines = [f"{kept.record.file}  {kept.record.sha256[:19]}…", *kept.record.words]
    lines.append(
        f"commit {kept.commit[:12]}" if kept.commit else "It was committed already; nothing changed."
    )
    ctx.answer({**kept.record.as_json(), "committed": kept.commit}, "\n".join(lines), as_json=as_json)


@click.command()
@click.argument("model")
@click.option(
    "--weights", metavar="FILE", type=click.Path(path_type=Path), help="The file it started from, if any."
)
@json_option
@pass_context
def reproduce(ctx: Context, model: str, weights: Path | None, as_json: bool) -> None:
    """Train a model again from its record and compare the two files, byte by byte. Exit code 1 where they differ."""
    from core.training import registry
    from core.training.reproduce import reproduce as again

    workspace = ctx.workspace
    record = registry.get(workspace, model)
    found = again(
        workspace, record, weights=ctx.folder / weights if weights is not None else None, report=ctx.report
    )
    ctx.answer(found.as_json(), _compared(record, found.as_json()), as_json=as_json)
    ctx.exit(0 if found.identical else 1)


def _compared(record: ModelRecord, found: dict[str, Any]) -> str:
    if found["identical"]:
        return f"identical: {record.name} was trained again and has the same bytes, {found['sha256']}"
    return "\n".join([f"not identical: {found['sha256']} instead of {record.sha256}", *found["differs"]])
