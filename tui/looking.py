"""What the worker threads look up for the Label screen and the header: frames, pictures, the draft, git.

What always holds: each function takes core's objects and returns one frozen message; nothing here touches a widget.
Called by the bridge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from core.errors import Cancelled, PrintModelsError
from core.frames.regions import WHOLE, Region
from core.human import plural
from core.tasks import Task
from core.text import safe
from core.workspace import Workspace
from tui.lanes import Post
from tui.messages import (
    DraftPriced,
    FramesFound,
    GitLogRead,
    GitSeen,
    PictureFailed,
    PictureReady,
    RecordingsFound,
    Scanning,
)

if TYPE_CHECKING:
    from core.frames.index import Frame, FrameIndex
    from core.labels.store import LabelStore
    from core.progress import CancelToken, Progress
    from core.versions.selection import Draft

_FIRST = 200
_MOST_PROBLEMS = 50


def first_frames(index: FrameIndex, source: str = "", near: str = "") -> FramesFound:
    """Return some frames of a source at once: the days around the frame `near`, else the oldest; and how many are known."""
    known = index.count()
    frames = index.first(_FIRST, source=source or None, near=near)
    return FramesFound(_by_source(index.workspace, frames), scanning=True, total=max(known, len(frames)))


def all_frames(index: FrameIndex, post: Post, *, again: bool) -> FramesFound | None:
    """Scan, and return every frame with what is no frame; None where it is done `again` and nothing changed.

    What the list knew before is posted first: a camera that takes its time hides nothing that was seen before.
    """
    known: Mapping[str, Sequence[Frame]] = {}
    if not again and index.count() > _FIRST:
        known = _listed(index)
        post(FramesFound(known, scanning=True))

    def report(progress: Progress) -> None:
        post(Scanning(progress.done, progress.total))

    result = index.scan(report)
    unreachable = {}
    for name in index.workspace.active_sources:
        error = index.unreachable(name)
        if error is not None:
            unreachable[name] = (error.what, error.remedy)
    if again and not (result.added or result.removed or unreachable):
        return None
    lines = tuple(
        f"{safe(problem.where)}: {problem.what}"
        + (f" ({plural(problem.count, 'file')})" if problem.count > 1 else "")
        for problem in result.problems[:_MOST_PROBLEMS]
    )
    changed = result.added or result.removed or not known
    frames = dict(_listed(index) if changed else known)
    for name in unreachable:
        if not frames.get(name) and (held := held_frames(index.workspace, name)):
            frames[name], unreachable[name] = held, _not_here(index.workspace, name, len(held))
    odd = sum(problem.count for problem in result.problems)
    return FramesFound(frames, False, lines, odd, unreachable)


def _listed(index: FrameIndex) -> dict[str, Sequence[Frame]]:
    active = index.workspace.active_sources
    return {name: index.listed(name) if name in active else () for name in index.workspace.sources}


def held_frames(workspace: Workspace, source: str) -> Sequence[Frame]:
    """Return the frames of a camera that is not here which versions hold; none where its place is in question."""
    from core.versions.held import listed

    return () if source in workspace.questions else listed(workspace, source)


def _not_here(workspace: Workspace, source: str, held: int) -> tuple[str, str]:
    """Say what a clone lacks, and how it is set up."""
    from core.merge_driver import missing

    shown = f"{safe(source)} is not here: {plural(held, 'frame')} of its versions"
    link = f"print-models init --source PATH, or source move {safe(source)} PATH"
    if missing(workspace.root):
        return f"{shown} · this clone is not set up: print-models init", f"With its camera: {link}"
    return shown, f"Link the camera: {link}"


def _by_source(workspace: Workspace, frames: list[Frame]) -> dict[str, Sequence[Frame]]:
    sorted_out: dict[str, list[Frame]] = {name: [] for name in workspace.sources}
    for frame in frames:
        sorted_out.setdefault(frame.source, []).append(frame)
    return {name: tuple(found) for name, found in sorted_out.items()}


def picture(
    workspace: Workspace,
    key: str,
    box: tuple[int, int],
    wanted: CancelToken | None = None,
    region: Region = WHOLE,
) -> PictureReady | PictureFailed | None:
    """Decode one frame, or a part, for a box of pixels in a helper, or say why not; None where it is no longer `wanted`."""
    from core.frames.helper import helpers
    from core.frames.identity import check

    try:
        source = workspace.source_for(key)
        # A link that leads to another camera since the last scan shows no picture of it.
        check(workspace, source)
        path, root = workspace.frame_path(key), source.path
        found = helpers().load(path, box, root=root, settled=True, region=region, cancel=wanted)
        return PictureReady(key, box, found, region)
    except Cancelled:
        return None
    except PrintModelsError as error:
        away = _away(workspace, key) if getattr(error, "missing", False) else None
        if away is not None and (held := _of_version(workspace, key, box, wanted, region)) is not None:
            return held
        said = away or error
        return PictureFailed(key, box, said.what, said.remedy, getattr(error, "passing", False), region)


def _of_version(
    workspace: Workspace, key: str, box: tuple[int, int], wanted: CancelToken | None, region: Region
) -> PictureReady | PictureFailed | None:
    """Decode the very bytes that a version holds of a frame, wherever they lie; None for a frame of no version."""
    from core.frames.helper import helpers
    from core.versions.held import places
    from core.versions.seeing import copies

    place = places(workspace).get(key)
    if place is None:
        return None
    for path in copies(workspace, place.item.oid or "", str(place.file)):
        try:
            found = helpers().load(path, box, region=region, cancel=wanted) if path.is_file() else None
        except Cancelled:
            return None
        except (PrintModelsError, OSError):
            continue
        if found is not None and found.oid == place.item.oid:
            return PictureReady(key, box, found, region)
    task, _, version = place.version.partition("/")
    remedy = f"Get its pictures: print-models fetch {version} --task {task}"
    what = f"Only a pointer to this picture of {place.version} is here."
    return PictureFailed(key, box, what, remedy, region=region, held=True)


def _away(workspace: Workspace, key: str) -> PrintModelsError | None:
    """Return why the camera of a frame can't be reached: what is not found then is not deleted; None where it can."""
    from core.frames.folders import list_source

    try:
        list_source(workspace.source_for(key))
    except PrintModelsError as away:
        return away
    return None


def recordings(
    workspace: Workspace, store: Callable[[], LabelStore], index: Callable[[], FrameIndex], source: str
) -> RecordingsFound:
    """Return the first frame of every recording of a source, in order of time."""
    from core.versions.placing import first_of_each

    found = first_of_each(workspace, store(), index(), workspace.task(None), source)
    return RecordingsFound(source, tuple(found))


def priced(
    workspace: Workspace,
    store: Callable[[], LabelStore],
    index: Callable[[], FrameIndex],
    task: Task,
    then: Callable[[Draft], None],
) -> DraftPriced:
    """Work out the draft of a task; `then` is told of it."""
    from core.versions.plan import going_in
    from core.versions.selection import draft

    found = draft(workspace, store(), index(), task)
    then(found)
    found = going_in(workspace, store(), index(), task, found)
    added, removed, relabelled = found.changes
    parent = found.parent
    held = {item.source: item.split or "" for item in parent.items} if parent else {}
    return DraftPriced(
        task.name,
        len(found.chosen),
        parent.name if parent else "",
        f"+{added} −{removed} ~{relabelled}",
        found.bytes_estimate,
        held,
        frozenset(chosen.frame for chosen in found.chosen),
        found.labelled,
    )


def keep_pictures(
    workspace: Workspace, store: Callable[[], LabelStore], index: Callable[[], FrameIndex], found: Draft
) -> bool:
    """Copy for two seconds what of a draft only the camera has; True where there is more to copy."""
    from core.versions.kept import keep, only_on_camera

    done = keep(workspace, store(), found.task, only_on_camera(workspace, found, index()), seconds=2)
    return done.copied > 0 and not done.full


def git_seen(workspace: Workspace) -> GitSeen:
    """Ask git for the branch and the number of paths that are not committed."""
    from core.storage.git import Git

    try:
        state = Git(workspace.root, workspace.git_log).state()
    except PrintModelsError as error:
        return GitSeen(problem=error.what)
    return GitSeen(state.branch or "no branch", state.dirty)


def git_log(workspace: Workspace) -> GitLogRead:
    """Return the last git commands that were run here."""
    from core.text import safe_lines

    try:
        with open(workspace.git_log, "rb") as file:
            file.seek(max(0, file.seek(0, 2) - 64_000))
            text = safe_lines(file.read(), limit=400)
    except OSError:
        text = ""
    return GitLogRead(tuple(line for line in text.split("\n") if line))
