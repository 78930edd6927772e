"""`storage`: what Git LFS holds over the whole history, and what the draft would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.commands import completion
from core.commands.shell import Context, json_option, pass_context

if TYPE_CHECKING:
    from core.storage.ledger import Ledger, Row
    from core.storage.plans import Plan, Price
    from core.workspace import Workspace


@click.command()
@click.option(
    "--task",
    metavar="T",
    help="Price the draft of this task only; without it those of all together.",
    shell_complete=completion.tasks,
)
@click.option(
    "--plan",
    "plan_name",
    metavar="P",
    help="Compare with this hosting plan: github-free, github-team, gitlab-free, huggingface, self-hosted, …",
)
@json_option
@pass_context
def storage(ctx: Context, task: str | None, plan_name: str | None, as_json: bool) -> None:
    """Show what is stored in Git LFS, per version and model, and the price of the draft.

    Git LFS is git's store for large files. Over the whole history each content is counted once.
    """
    from core.releasing.pricing import plan_of
    from core.storage import plans
    from core.storage.git import Git
    from core.storage.ledger import Ledger, ledger

    workspace = ctx.workspace
    chosen = plans.plan_named(plan_name) if plan_name else None
    git = Git(workspace.root)
    if git.is_repository():
        found, plan = ledger(workspace), chosen or plan_of(workspace, git)
    else:
        ctx.notice("There is no git repository here, so nothing is stored in Git LFS yet: print-models init")
        found, plan = Ledger(), chosen
    for name in _not_stored(workspace, found):
        ctx.notice(f"{name} lies here, but none of its images is in a commit: they are not counted.")
    new = _new_bytes(ctx, workspace, found, task)
    tag = plans.price(found, new, plan)
    ctx.answer({**found.as_json(), "price": tag.as_json()}, _text(found, tag, plan), as_json=as_json)


def _not_stored(workspace: Workspace, found: Ledger) -> list[str]:
    """Return the versions in the work tree of which git holds no image: exported only, or hidden by an ignore rule."""
    folders = [
        (task, path.name)
        for task in workspace.tasks.values()
        for path in workspace.dataset_root(task).glob("v[1-9]*")
        if path.is_dir() and path.name[1:].isdigit()
    ]
    return [
        f"{task.name} {name}"
        for task, name in sorted(folders, key=lambda one: (one[0].name, int(one[1][1:])))
        if name not in found.versions.get(task.name, {})
    ]


def _new_bytes(ctx: Context, workspace: Workspace, found: Ledger, task: str | None) -> int:
    """Return what the drafts add; a draft that can't be worked out is named, and counts as nothing."""
    from core.errors import PrintModelsError
    from core.frames.index import FrameIndex
    from core.human import plural
    from core.labels.sync import open_store
    from core.releasing.pricing import draft_images
    from core.text import safe
    from core.versions.plan import going_in
    from core.versions.review import named, read

    tasks = [workspace.task(task)] if task else list(workspace.tasks.values())
    images: list[tuple[str | None, int]] = []
    try:
        with open_store(workspace) as store, FrameIndex(workspace) as index:
            for line in store.notices:
                ctx.notice(safe(line))
            index.scan(ctx.report)
            for one in tasks:
                if store.counts(one):
                    images += draft_images(going_in(workspace, store, index, one), index)
                    if held := named(read(workspace, one, store).held):
                        ctx.notice(f"{one.name}: {held}. They are in no figure of the draft.")
    except PrintModelsError as error:
        ctx.notice(f"The draft can't be priced: {error.what}")
        return 0
    if unknown := sum(1 for _, size in images if not size):
        ctx.notice(
            f"{plural(unknown, 'image')} of the draft can't be weighed: the frames are not here. They count as nothing."
        )
    return found.new_bytes(images)


def _text(found: Ledger, tag: Price, plan: Plan | None) -> str:
    from core.human import plural, size
    from core.storage import plans

    share = f" · {found.bytes / plan.storage:.1%} of {plan.name}" if plan and plan.storage else ""
    here = (
        "all of it is on this machine"
        if not found.local.missing
        else f"{size(found.local.bytes)} of it on this machine, {plural(found.local.missing, 'object')} not"
    )
    lines = [
        f"stored    {plural(found.objects, 'object')}, {size(found.bytes)}{share}",
        *plans.describe(tag, plan),
        f"here      {here}",
    ]
    rows = [
        (f"{task} {name}", row) for task, versions in found.versions.items() for name, row in versions.items()
    ]
    rows += [(name, row) for name, row in (("models", found.models), ("other", found.other)) if row.files]
    return "\n".join([*lines, *(["", *_table(rows)] if rows else [])])


def _table(rows: list[tuple[str, Row]]) -> list[str]:
    from core.human import count, size
    from core.text import safe

    names = [safe(name, limit=60) for name, _ in rows]
    wide = max(len(name) for name in names)
    return [
        f"{'':{wide}}  {'files':>7}  {'bytes':>9}  {'no other':>9}",
        *(
            f"{name:{wide}}  {count(row.files):>7}  {size(row.bytes):>9}  {size(row.exclusive):>9}"
            for name, (_, row) in zip(names, rows, strict=True)
        ),
    ]
