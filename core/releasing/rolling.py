"""The draft back to what a version holds: one labelling step, which `undo` takes back like any other.

What "back to v2" means: every frame of v2 has the label that v2 gives it, bound to v2's bytes; a label of a frame that v2
does not hold stays where the selection leaves it out even so (covered by its stretch), and is taken off where the draft
would take it. Of a stretch that later labels cut, all labels but v2's go, since what is left of it would be selected anew.
So the difference from v2 to the draft is empty afterwards, but for frames that are marked excluded since, which are named.

What always holds: no other task's label and no mark is touched, no label gets lost (the history has every one); nothing
in git or datasets/ changes. Called by `rollback`, the Versions screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from core.errors import Refused
from core.labels.model import Label, LabelStep
from core.tasks import Task
from core.text import safe
from core.versions import manifest
from core.versions.manifest import Item
from core.versions.selection import PAINTED, draft
from core.workspace import Workspace

if TYPE_CHECKING:
    from core.frames.index import FrameIndex
    from core.labels.store import LabelStore


def rollback(
    workspace: Workspace,
    task: Task,
    name: str,
    who: str,
    *,
    store: LabelStore | None = None,
    index: FrameIndex | None = None,
) -> LabelStep:
    """Bring the draft of a task back to a version; return the step, with `changed` 0 where the draft is that already.

    With the `store` of a session that is open its undo takes the step back; without store and index they are opened.
    `left` of the step are the version's frames that a mark keeps out of the draft. Raises Lacking for an unknown
    version, Refused for a withdrawn one, what labelling raises.
    """
    from core.frames.index import FrameIndex
    from core.labels.sync import flush, open_store

    version = manifest.read_version(workspace, task, name)
    if (said := manifest.withdrawn(workspace, task).get(name)) is not None:
        reason = said.get("reason", "") if isinstance(said, Mapping) else said
        raise Refused(
            f"{task.name} {name} is withdrawn: {safe(str(reason))}",
            "Go back to another one: print-models versions",
        )
    workspace.ensure_private()
    with ExitStack() as opened:
        store = store if store is not None else opened.enter_context(open_store(workspace))
        if index is None:
            index = opened.enter_context(FrameIndex(workspace))
            index.scan()
        held = {item.source: item for item in version.items}
        wanted, left = _wanted(workspace, store, index, task, held, who)
        step = store.set_many(
            task,
            wanted,
            how="imported",
            who=who,
            what=f"back to {name}",
            sizes={
                frame: (item.size, None, item.oid)
                for frame, item in held.items()
                if wanted.get(frame) is not None and item.size is not None and item.oid is not None
            },
            again=True,
        )
        flushed = flush(workspace, store, task)
        if flushed.problem is not None:
            raise flushed.problem
    return replace(step, left=left)


def _wanted(
    workspace: Workspace,
    store: LabelStore,
    index: FrameIndex,
    task: Task,
    held: Mapping[str, Item],
    who: str,
) -> tuple[dict[str, str | None], tuple[str, ...]]:
    """Return frame → class (None: no label) that makes the draft what is held, and the frames that marks keep out."""
    given = store.labels(task)
    wanted: dict[str, str | None] = {
        frame: item.label for frame, item in held.items() if _differs(given.get(frame), item)
    }
    while True:
        would = _given(given, wanted, held, task, who)
        found = draft(workspace, store, index, task, given=would)
        chosen = {one.frame for one in found.chosen}
        out = {one.frame for one in found.excluded} & held.keys()
        lacking, extra = held.keys() - chosen - out, chosen - held.keys()
        if not lacking and not extra:
            return wanted, tuple(sorted(out))
        wanted |= {frame: held[frame].label for frame in lacking}
        cut = {would[frame].seq for frame in extra if would[frame].how in PAINTED}
        wanted |= dict.fromkeys(extra)
        wanted |= {
            frame: None
            for frame, label in would.items()
            if frame not in held and label.how in PAINTED and label.seq in cut
        }


def _differs(label: Label | None, item: Item) -> bool:
    """True where a label is not what a version says, in its class or in the bytes it is bound to."""
    if label is None or label.class_ != item.label:
        return True
    return None not in (label.sha256, item.oid) and label.sha256 != item.oid


def _given(
    given: Mapping[str, Label],
    wanted: Mapping[str, str | None],
    held: Mapping[str, Item],
    task: Task,
    who: str,
) -> dict[str, Label]:
    """Return the labels as they would be after the step."""
    after = {frame: label for frame, label in given.items() if frame not in wanted}
    last = max((label.seq for label in given.values()), default=0) + 1
    for frame, class_ in wanted.items():
        if class_ is not None:
            item, old = held[frame], given.get(frame)
            before = old.class_ if old else None
            after[frame] = Label(
                frame, task.name, class_, who, "imported", "", last, before, item.size, None, item.oid
            )
    return after
