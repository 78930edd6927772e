"""The three answers to a link that leads to other frames than those that were labelled (core.frames.identity asks).

What always holds: an answer is taken only where the question is open; old labels stay with the old source whatever the
answer; a new source appears with its settings and its ignore rule before its link. Called by commands/sources.
"""

from __future__ import annotations

import os

from core.errors import Lacking, Refused
from core.frames import identity
from core.frames.cameras import Changed, changing, check_free, check_name, find, point, settle
from core.frames.index import FrameIndex
from core.settings_tables import SourceSettings
from core.text import safe
from core.workspace import Source, Workspace


def emptied(workspace: Workspace, name: str) -> Changed:
    """Answer: the same camera, its old frames gone. Raises Refused where nothing was asked."""
    with changing(workspace):
        source, _ = _asked(workspace, name)
        with FrameIndex(workspace) as index:
            index.forget(name)
        identity.settle(workspace, source)
        return Changed(
            name,
            (f"{safe(name)} is the same camera; labels of frames it no longer has stay as they are",),
            (),
        )


def new_camera(workspace: Workspace, name: str, new: str) -> Changed:
    """Answer: a new camera or place. It becomes the source `new`; old labels stay with the old one.

    The old source leads back to where it led, if that is there; else it is retired and leads nowhere.
    """
    with changing(workspace):
        source, known = _asked(workspace, name)
        check_name(workspace, new)
        check_free(workspace, new)
        if not source.path.is_symlink():
            raise Refused(
                f"{safe(name)} is a folder, no link, so it can't be given another name from here.",
                f"Rename it to {safe(new)} yourself, then: print-models source answer {safe(name)} --emptied",
            )
        target = os.readlink(source.path)
        if source.path.parent != workspace.root:  # a relative link is meant from where it lies
            target = os.path.join(source.path.parent, target)
        old_files = (
            settle(workspace, name, {"path": name}, None) if name not in workspace.settings.sources else ()
        )
        values: dict[str, str | bool | None] = {"path": new}
        if source.settings.name_pattern:
            values["name_pattern"] = source.settings.name_pattern
        files = [*old_files, *settle(workspace, new, values, new)]
        point(workspace.root / new, target)
        identity.settle(workspace, Source(new, workspace.root / new, SourceSettings()))
        done = [f"{safe(new)} → {safe(target)} is a source of its own"]
        if _lead_back(workspace, source, known):
            done.append(f"{safe(name)} leads back to {safe(os.readlink(source.path))}")
        else:
            files += settle(workspace, name, {"retired": True}, None)
            source.path.unlink()
            identity.remember(workspace, name, None)
            done.append(f"{safe(name)} is retired; its labels and versions stay")
        return Changed(new, tuple(done), tuple(dict.fromkeys(files)))


def wrong_folder(workspace: Workspace, name: str) -> Changed:
    """Answer: the wrong folder. The link leads back to where it led; raises Lacking where that is not known or gone."""
    with changing(workspace):
        source, known = _asked(workspace, name)
        if not _lead_back(workspace, source, known):
            where = safe(known.place.target) if known.place and known.place.target else ""
            raise Lacking(
                f"{safe(name)} led to {where} before, which is not there as it was."
                if where
                else f"Where {safe(name)} led before is not known.",
                f"Point it at the right folder: print-models source move {safe(name)} PATH",
            )
        return Changed(name, (f"{safe(name)} leads back to {safe(os.readlink(source.path))}",), ())


def _asked(workspace: Workspace, name: str) -> tuple[Source, identity.Known]:
    source = find(workspace, name)
    if identity.check(workspace, source) is None:
        raise Refused(f"Nothing is open about {safe(name)}.", "See: print-models source list")
    return source, identity.remembered(workspace).get(name, identity.Known())


def _lead_back(workspace: Workspace, source: Source, known: identity.Known) -> bool:
    """Point a link to where it led when it was in order; False where that is not known or not there."""
    before = known.place
    if before is None or not before.target or not source.path.is_symlink():
        return False
    folder = source.path.parent / before.target
    if before.target == os.readlink(source.path) or not folder.is_dir():
        return False
    if identity.compare(workspace, source.name, folder).same is False:
        return False
    point(source.path, before.target)
    identity.settle(workspace, source)
    return True
