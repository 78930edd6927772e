"""The review of what the next version changes: stretches held back from it, comments that become its changelog.

What always holds: it is kept with the labels (data/marks.json), so it survives a crash, is merged, and is taken back by
undo; it is about the difference from the latest version to the draft, and what names a hunk that is no more is told,
not dropped. Called by the plan of an export, `review`, `diff`, the Versions screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.human import count, plural
from core.labels.model import LabelStep
from core.labels.sync import open_store
from core.tasks import Task
from core.text import safe
from core.versions.manifest import current_names
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.labels.store import LabelStore

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Review:
    """Ids of hunks that are held back, and the comment on each hunk that has one."""

    held: frozenset[str] = frozenset()
    comments: Mapping[str, str] = field(default_factory=dict)


def base_of(workspace: Workspace, task: Task) -> str:
    """Return the name of the version that the draft would follow, '' for none."""
    names = current_names(workspace, task)
    return names[-1] if names else ""


def read(workspace: Workspace, task: Task, store: LabelStore | None = None) -> Review:
    """Return the review of a task's draft."""
    base = base_of(workspace, task)
    with _opened(workspace, store) as labels:
        said = labels.reviews(task)
    return Review(
        frozenset(id_ for id_, one in said.items() if one.held),
        {id_: one.comment for id_, one in said.items() if one.comment and one.base == base},
    )


def hold(
    workspace: Workspace, task: Task, ids: Iterable[str], on: bool, who: str, store: LabelStore | None = None
) -> LabelStep:
    """Hold hunks back from the next version, or let them go into it again; one step that undo takes back."""
    with _opened(workspace, store) as labels:
        return labels.review(task, ids, who=who, base=base_of(workspace, task), held=on)


def comment(
    workspace: Workspace, task: Task, id_: str, text: str, who: str, store: LabelStore | None = None
) -> LabelStep:
    """Write what a person says of a hunk; an empty text takes it off."""
    with _opened(workspace, store) as labels:
        return labels.review(task, [id_], who=who, base=base_of(workspace, task), comment=text)


def named(held: Iterable[str]) -> str:
    """Say which hunks are held back, '2 hunks held back: …', the first three by their ids; '' for none."""
    ids = sorted(held)
    more = f" and {count(len(ids) - _NAMED)} more" if len(ids) > _NAMED else ""
    listed = ", ".join(safe(id_, limit=120) for id_ in ids[:_NAMED])
    return f"{plural(len(ids), 'hunk')} held back: {listed}{more}" if ids else ""


def _opened(workspace: Workspace, store: LabelStore | None) -> AbstractContextManager[LabelStore]:
    return open_store(workspace) if store is None else nullcontext(store)
