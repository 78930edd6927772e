"""What the worker threads look up for the Storage screen: what is stored, what the drafts add, what only is here.

What always holds: the figures are core's (ledger, price, standing, backup); nothing here asks a remote. Called by the
bridge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.human import count, duration, plural, signed_size, size
from core.settings import FILE_NAME, read
from core.text import safe
from core.workspace import Workspace
from tui.messages import LedgerRow, LedgerSeen, PlanRow

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore
    from core.storage.git import Git
    from core.storage.ledger import Ledger
    from core.storage.plans import Plan, Price

_MONTH_S = 30.44 * 86400


def ledger_seen(
    workspace: Workspace, store: Callable[[], LabelStore], index: Callable[[], FrameIndex]
) -> LedgerSeen:
    """Measure what Git LFS holds, what the drafts of all tasks cost together, and what has no second copy."""
    from core.releasing.pricing import plan_of
    from core.storage import plans
    from core.storage.git import Git
    from core.storage.ledger import Ledger, ledger
    from core.versions import review

    git = Git(workspace.root)
    repository = git.is_repository()
    found = ledger(workspace) if repository else Ledger()
    # Read anew: a plan written into the settings meanwhile counts.
    named = read(workspace.root / FILE_NAME).storage.plan
    plan = plan_of(workspace, git, named) if repository else None
    images = _draft_images(workspace, store, index)
    new, unweighed = found.new_bytes(images), sum(1 for _, weight in images if not weight)
    price = plans.price(found, new, plan)
    held = sum(len(review.read(workspace, task, store()).held) for task in workspace.tasks.values())
    return LedgerSeen(
        stored=_stored(found, plan) if repository else "nothing: there is no git repository here",
        draft=_draft(price, len(images), unweighed, held),
        here=_here(workspace, git, store(), found) if repository else "everything",
        plan=_plan(price, plan),
        plans=tuple(_plan_row(one, plans.price(found, new, one), plan) for one in plans.PRESETS.values()),
        rows=_rows(found),
        over=price.over,
    )


def _draft_images(
    workspace: Workspace, store: Callable[[], LabelStore], index: Callable[[], FrameIndex]
) -> list[tuple[str | None, int]]:
    from core.releasing.pricing import draft_images
    from core.versions.plan import going_in

    labelled = [task for task in workspace.tasks.values() if store().counts(task)]
    return [
        image
        for task in labelled
        for image in draft_images(going_in(workspace, store(), index(), task), index())
    ]


def _stored(found: Ledger, plan: Plan | None) -> str:
    share = (
        f", {found.bytes / plan.storage:.1%} of {plan.name} ({size(plan.storage)})"
        if plan and plan.storage
        else ""
    )
    return f"{size(found.bytes)} in Git LFS, {plural(found.objects, 'object')}{share}"


def _draft(price: Price, images: int, unweighed: int, held: int) -> str:
    words = f"{signed_size(price.new_bytes)}, then {size(price.after)} are stored"
    if price.share is not None:
        words += f", {price.share:.1%} of {price.plan}"
    if unweighed:
        words += (
            f"; {count(unweighed)} of {plural(images, 'image')} can't be weighed, their frames are not here"
        )
    return words + (f"; without {plural(held, 'stretch', 'stretches')} held back" if held else "")


def _here(workspace: Workspace, git: Git, store: LabelStore, found: Ledger) -> str:
    """Say what has no copy elsewhere, as far as this clone knows."""
    from core.releasing.standing import waiting_tags
    from core.storage.backup import backup

    saved = backup(workspace, store, git, git.state())
    if saved is None or saved.remote is None:
        return "everything: there is no remote yet"
    parts = [f"{plural(saved.unsaved, 'label')} in no commit"] if saved.unsaved else []
    if away := (saved.unpushed or 0) - saved.in_history:
        parts.append(f"{plural(away, 'label')} not on {safe(saved.remote, limit=40)}")
    if saved.in_history:
        told = f"{plural(saved.in_history, 'label')} that only the history on {safe(saved.remote, limit=40)} tells"
        parts.append(told)
    waiting = waiting_tags(workspace, git)
    if waiting:
        named = ", ".join(safe(tag, limit=60) for tag in waiting[:3])
        parts.append(f"{named}{' …' if len(waiting) > 3 else ''} on no remote")
    alone = git.line("rev-list", "--count", "HEAD", "--not", "--remotes")
    if alone and alone != "0":
        parts.append(f"{plural(int(alone), 'commit')} on no remote")
    if found.local.missing:
        parts.append(
            f"the other way round, {plural(found.local.missing, 'object')} not here ({size(found.local.missing_bytes)})"
        )
    return "; ".join(parts) or "nothing: every commit, label and version is on a remote"


def _plan(price: Price, plan: Plan | None) -> tuple[tuple[str, str], ...]:
    """Return (head, words) about the plan that prices are compared with."""
    if plan is None:
        return (
            ("plan", "none: there is no remote to guess one from"),
            ("clone", f"a fresh one gets {size(price.clone_bytes)}"),
        )
    rows = [("plan", f"{plan.name}: {plan.note} (as of {plan.as_of})")]
    clone = f"a fresh one gets {size(price.clone_bytes)}"
    if price.clones_per_month is not None:
        clone += f"; the plan is good for {count(price.clones_per_month)} a month, CI and forks count too"
    rows.append(("clone", clone))
    if price.full_in_months is not None:
        rows.append(("full", f"in {duration(price.full_in_months * _MONTH_S)} at this rate"))
    if price.over:
        rows.append(("over", "what is pushed to a hosted LFS can't be taken back"))
    return tuple(rows)


def _plan_row(plan: Plan, price: Price, chosen: Plan | None) -> PlanRow:
    share = f"{price.share:.1%}" if price.share is not None else "no limit"
    clones = f"{count(price.clones_per_month)} a month" if price.clones_per_month is not None else "no limit"
    return PlanRow(
        plan.name, plan.note, share, clones, chosen is not None and chosen.name == plan.name, price.over
    )


def _rows(found: Ledger) -> tuple[LedgerRow, ...]:
    rows = [
        LedgerRow(f"{safe(task, limit=40)} {safe(name)}", row.files, row.bytes, row.exclusive)
        for task, versions in found.versions.items()
        for name, row in versions.items()
    ]
    rest = (("models", found.models), ("other", found.other))
    return (*rows, *(LedgerRow(name, row.files, row.bytes, row.exclusive) for name, row in rest if row.files))
