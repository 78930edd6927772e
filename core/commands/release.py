"""`release` and `save`: what becomes permanent in git."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.commands import completion
from core.commands.back import give_way, take_back
from core.commands.publishing import asked, drawn, page_at
from core.commands.shell import Context, accept_outside_option, json_option, pass_context, task_option
from core.text import address, safe

if TYPE_CHECKING:
    from core.release import Released, ReleasePlan
    from core.workspace import Workspace


@click.command()
@task_option
@click.option("-m", "message", metavar="TEXT", default="", help="What this version is about, in a sentence.")
@click.option("--push", is_flag=True, help="Send it to a remote, every object proven there first.")
@click.option(
    "--remote", metavar="NAME", help="The remote of --push; without it the branch's own, else origin."
)
@click.option(
    "--proof",
    type=click.Choice(["full", "presence"]),
    default=None,
    help="How new objects are proven on the remote: read again and hashed, or asked for by presence and size; "
    "full but for a host that bills for reading.",
)
@click.option(
    "--sheet",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Of a first push: write a page with every picture that becomes readable there.",
)
@click.option(
    "--train",
    is_flag=True,
    help="Then train on it and make its model a second commit, before anything is pushed.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done and what it costs; write nothing.")
@click.option(
    "--resume",
    "going_on",
    is_flag=True,
    help="Finish what an interrupted release began, as it was asked for.",
)
@click.option(
    "--abort", "giving_up", is_flag=True, help="Take back an interrupted release, or a version without a tag."
)
@click.option(
    "--undo",
    metavar="V",
    help="Take back a version that was never pushed: tag, commit and folder; labels stay.",
    shell_complete=completion.versions,
)
@click.option(
    "--renumber",
    metavar="V",
    help="The remote has another V: take ours back, merge theirs, show what is new against it.",
    shell_complete=completion.versions,
)
@click.option(
    "--yes",
    is_flag=True,
    help="Of --abort, --undo, --renumber and a first push, --resume too: do it without asking.",
)
@accept_outside_option
@json_option
@pass_context
def release(
    ctx: Context,
    task: str | None,
    message: str,
    push: bool,
    remote: str | None,
    proof: str | None,
    sheet: Path | None,
    train: bool,
    dry_run: bool,
    going_on: bool,
    giving_up: bool,
    undo: str | None,
    renumber: str | None,
    yes: bool,
    accept_outside: bool,
    as_json: bool,
) -> None:
    """Export the draft, prove that git holds every byte of it, commit it with its labels, tag it, on demand push it.

    After an interruption --resume goes on where it stopped. Exit code 6: tagged here, not proven there.
    """
    from core.errors import Cancelled, WrongUsage
    from core.release import plan, run
    from core.releasing import with_model
    from core.training.runs import require_torch

    if ((proof or sheet) is not None and not push) or (remote is not None and not (push or renumber)):
        word = "--proof says how" if proof else "--sheet shows what" if sheet else "--remote says where"
        raise WrongUsage(f"{word} to push, but --push is not given.", "Add --push.")
    workspace = ctx.workspace
    words = {"--resume": going_on, "--abort": giving_up, "--undo": undo, "--renumber": renumber}
    chosen = [word for word, given in words.items() if given]
    if len(chosen) > 1 or (chosen and (message or push or train or dry_run)):
        raise WrongUsage(
            f"{chosen[0]} stands alone: it takes no other word of a release.", "Leave the others out."
        )
    if yes and not (giving_up or undo or renumber or push or going_on):
        raise WrongUsage(
            "--yes answers what --abort, --undo, --renumber, --push and --resume ask.", "Leave it out."
        )
    if sheet is not None:
        sheet = page_at(ctx, sheet)
    if renumber:
        give_way(ctx, task, renumber, remote, yes=yes)
        dry_run, remote = True, None
    if train:
        require_torch()
    if giving_up or undo:
        take_back(ctx, task, undo, yes=yes, as_json=as_json)
        return
    if going_on:
        _resume(ctx, yes=yes, as_json=as_json)
        return
    try:
        planned = plan(
            workspace,
            workspace.task(task),
            message=message,
            push=push,
            remote=remote,
            proof=proof or "",
            accept_outside=accept_outside,
            report=ctx.report,
        )
    except KeyboardInterrupt as error:
        raise Cancelled("Stopped while it was planned: nothing was exported or committed.") from error
    for line in planned.notices:
        ctx.notice(line)
    if sheet is not None:
        ctx.notice(drawn(ctx, planned, sheet))
    if dry_run:
        ctx.answer(_planned_json(planned), _planned_text(planned), as_json=as_json)
        return
    if push:
        ctx.notice(f"price     {planned.price_line}")
        ctx.notice(f"upload    {_upload(planned)}")
    publish = partial(asked, ctx, yes=yes)
    _made(
        ctx,
        lambda: (with_model.run if train else run)(
            planned, report=ctx.report, confirm=_confirm(ctx), publish=publish
        ),
        as_json=as_json,
    )


def _resume(ctx: Context, *, yes: bool, as_json: bool) -> None:
    from core.release import resume
    from core.releasing import journal

    workspace = ctx.workspace
    if (book := journal.read(workspace)) is not None:
        where = f", to be pushed{f' to {safe(book.remote)}' if book.remote else ''}" if book.push else ""
        ctx.notice(f"going on  {safe(book.tag)}{where}; it was interrupted at the step {safe(book.doing)}")
    publish = partial(asked, ctx, yes=yes)
    _made(
        ctx,
        lambda: resume(workspace, report=ctx.report, confirm=_confirm(ctx), publish=publish),
        as_json=as_json,
    )


def _made(ctx: Context, make: Callable[[], Released], *, as_json: bool) -> None:
    """Release, and answer what came of it, also where it could not be pushed."""
    from core.release import NotPushed

    try:
        made = make()
    except NotPushed as error:
        ctx.answer(error.released.as_json(), _text(error.released), as_json=as_json)
        raise
    for line in made.notices:
        ctx.notice(line)
    ctx.answer(made.as_json(), _text(made), as_json=as_json)


def _confirm(ctx: Context) -> Callable[[ReleasePlan], bool] | None:
    """Return the question asked over the plan's limit; without a terminal there is nobody to ask."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None

    def ask(plan: ReleasePlan) -> bool:
        ctx.notice(f"This goes over {plan.price.plan}: {plan.price_line}")
        word = click.prompt("What is pushed can't be taken back. Type “over” to push it even so", err=True)
        return str(word).strip() == "over"

    return ask


def _upload(plan: ReleasePlan) -> str:
    from core.human import size

    target = plan.target
    if target is None:
        return "nothing"
    other = f", objects: {address(target.lfs_url)}" if target.lfs_url != target.url else ""
    back = f" ({size(plan.proof_bytes)} back)" if plan.proof_bytes else ""
    how = f"read there again{back}" if target.proof == "full" else "asked for by presence and size"
    return (
        f"{size(plan.upload)} of objects to {safe(target.remote)} ({address(target.url)}{other}); proven there: {how}; "
        f"then {safe(target.branch)} and the tag together"
    )


def _planned_json(plan: ReleasePlan) -> dict[str, object]:
    return {
        "version": plan.name,
        "path": plan.path,
        "digest": plan.existing.digest if plan.existing else None,
        "images": plan.images,
        "bytes": plan.bytes,
        "commit": plan.commit,
        "tag": plan.tag,
        "pushed": None,
        "dry_run": True,
        "steps": list(plan.steps),
        "remote": plan.target.remote if plan.target else None,
        "upload_bytes": plan.upload if plan.target else None,
        "proof": plan.target.proof if plan.target else None,
        "proof_bytes": plan.proof_bytes if plan.target else None,
        "first_push": [one.as_json() for one in plan.shows],
        "price": plan.price.as_json(),
    }


def _planned_text(plan: ReleasePlan) -> str:
    from core.human import count, plural, size
    from core.releasing.readable import lines as readable

    classes = ", ".join(f"{name} {count(number)}" for name, number in plan.classes.items())
    lines = [
        f"{plan.task.name} {plan.name}   {plan.summary}",
        f"images    {plural(plan.images, 'image')} ({classes}), {size(plan.bytes)}",
        f"price     {plan.price_line}",
        f"steps     {' → '.join(plan.steps)}",
        f"tag       {plan.tag}",
    ]
    if plan.target:
        lines.append(f"upload    {_upload(plan)}")
    if plan.shows:
        lines += [f"readable  {line}" for line in readable(plan.shows)]
    if plan.waits:
        lines += _more("waiting", plan.waits.tags, plan.waits.commits)
    return "\n".join([*lines, "Nothing was written."])


def _text(made: Released) -> str:
    from core.human import plural, size

    far = f"released on {made.pushed}" if made.pushed else "tagged on this machine, not pushed"
    return "\n".join(
        [
            f"{made.tag} is {far}: {plural(made.images, 'image')}, {size(made.bytes)}",
            f"digest    {made.digest}",
            f"commit    {made.commit}",
            f"folder    {made.path}",
            *([f"model     {made.model}"] if made.model else []),
            *_more("pushed", made.also, made.commits),
        ]
    )


def _more(word: str, tags: Sequence[str], commits: Sequence[str]) -> list[str]:
    """Return lines on what goes to the remote beside the version itself."""
    lines = [f"{word:<9} the tag {tag}" for tag in tags]
    lines += [f"{word:<9} {commit}" for commit in commits[:5]]
    return [*lines, f"{word:<9} and {len(commits) - 5} more commits"] if len(commits) > 5 else lines


@click.command()
@click.option("-m", "message", metavar="TEXT", default="", help="The commit's message.")
@accept_outside_option
@json_option
@pass_context
def save(ctx: Context, message: str, accept_outside: bool, as_json: bool) -> None:
    """Commit label files, marks and history, and nothing else."""
    from core.human import plural
    from core.release import save as saved_by

    saved = saved_by(ctx.workspace, message, accept_outside=accept_outside)
    for line in saved.notices:
        ctx.notice(line)
    text = (
        f"saved {plural(len(saved.paths), 'file')} as {saved.commit[:12]}: {safe(', '.join(saved.paths))}"
        if saved.commit
        else "Nothing to save: every label is committed."
    )
    if files := " ".join(_settings_changed(ctx.workspace)):
        ctx.notice(f'The settings are changed too, and in no commit yet: git commit -m "Settings" -- {files}')
    ctx.answer({"commit": saved.commit, "paths": list(saved.paths)}, text, as_json=as_json)


def _settings_changed(workspace: Workspace) -> list[str]:
    """Return the files of the workspace's settings that differ from the last commit; an added camera changes them."""
    from core.storage.git import Git

    asked = ("print-models.toml", ".gitignore", ".gitattributes")
    git = Git(workspace.root, workspace.git_log)
    changed = git.ask("status", "--porcelain", "--", *asked).text.splitlines()
    return [name for name in asked if any(line.endswith(name) for line in changed)]
