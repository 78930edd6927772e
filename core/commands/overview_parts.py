"""What `status` shows, as data, as text and as JSON. Filled by commands/overview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from core import human
from core.storage.backup import Backup
from core.text import safe
from core.training.view import LIVE

if TYPE_CHECKING:
    from core.labels.sessions import Work


@dataclass(frozen=True, slots=True)
class DraftOverview:
    """The draft against the latest version: counts of frames, and the bytes it would add.

    `only_on_camera` counts its images that no version holds yet: they are gone once the camera deletes them;
    `nowhere` those that no reachable camera lists either, without which nothing is exported;
    `excluded` the labelled frames that a mark keeps out, `left_out` the labels that the task's selection leaves out,
    `held` the frames that the review holds back; they are in no other number.
    `problem` is why the draft is not known, where the latest version can't be read; then every number is 0.
    """

    base: str | None
    images: int
    added: int
    removed: int
    relabelled: int
    bytes: int
    only_on_camera: int
    nowhere: int
    excluded: int
    left_out: int
    held: int = 0
    problem: str | None = None

    @property
    def changed(self) -> bool:
        return bool(self.added or self.removed or self.relabelled)

    @property
    def price(self) -> str:
        """The bytes it would add. New images that weigh nothing are frames that are not here, of unknown size."""
        return "size unknown" if self.added and not self.bytes else human.signed_size(self.bytes)


def in_nothing(frames: int) -> str:
    """Say of how many labelled frames no picture is anywhere."""
    are = "is" if frames == 1 else "are"
    return f"{human.plural(frames, 'labelled frame')} {are} in no camera and no version"


@dataclass(frozen=True, slots=True)
class TaskOverview:
    """One task: labels of all frames that count for it, draft, latest version and model in use.

    `when` is the class of another task that a frame must have to count, None where every frame counts.
    """

    name: str
    labelled: int
    total: int
    classes: dict[str, int]
    draft: DraftOverview
    latest: str | None
    model: str | None
    when: str | None

    def _done(self, seen: bool) -> str:
        """'12 of 687 frames', or '3 of 10 active frames' where only those count; the labels alone where none is `seen`."""
        if not seen and not self.when:
            return f"{human.count(self.labelled)}, of frames whose camera is not here"
        frames = human.plural(self.total, f"{safe(self.when)} frame" if self.when else "frame")
        return f"{human.count(self.labelled)} of {frames}"

    def text(self, *, seen: bool = True) -> str:
        """Return its lines; `seen` is False where no camera lists a frame, so that nobody knows how many there are."""
        counts = ", ".join(f"{name} {human.count(n)}" for name, n in self.classes.items())
        draft = self.draft
        change = f"+{draft.added} −{draft.removed} ~{draft.relabelled}"
        against = f"against {draft.base}: {change}" if draft.base else "the first version"
        excluded = f", {human.count(draft.excluded)} excluded" if draft.excluded else ""
        more = f"   {human.count(draft.left_out)} more with export --all" if draft.left_out else ""
        back = f", {human.count(draft.held)} held back" if draft.held else ""
        made = f"{human.plural(draft.images, 'image')}, {against}, {draft.price}{back}{more}"
        lines = [
            self.name,
            f"  labels   {self._done(seen or not self.labelled)}   {counts}{excluded}",
            f"  draft    {f'not known: {self.latest} can not be read' if draft.problem else made}",
            *([f"  missing  {in_nothing(draft.nowhere)}"] if draft.nowhere else []),
            f"  latest   {self.latest or 'no version yet'}   model {safe(self.model or 'none yet')}",
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class CameraOverview:
    """One camera: its frames, the day of the newest, and whether its folder can be read."""

    name: str
    frames: int
    newest: str | None
    oldest: str | None
    reachable: bool

    def text(self) -> str:
        newest = f", the newest {self.newest}" if self.newest else ""
        away = "" if self.reachable else "   not reachable now"
        return f"{safe(self.name)}  {human.plural(self.frames, 'frame')}{newest}{away}"


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole workspace at one glance."""

    root: str
    tasks: tuple[TaskOverview, ...]
    cameras: tuple[CameraOverview, ...]
    backup: Backup | None
    today: Work | None
    git: dict[str, Any]
    storage: dict[str, Any]
    runs: tuple[dict[str, Any], ...]
    notices: tuple[str, ...]
    next: str

    def as_json(self) -> dict[str, Any]:
        tasks = {task.name: {k: v for k, v in asdict(task).items() if k != "name"} for task in self.tasks}
        return {
            "tasks": tasks,
            "cameras": [asdict(camera) for camera in self.cameras],
            "backup": self.backup.as_json() if self.backup else None,
            "today": asdict(self.today) if self.today else None,
            "git": self.git,
            "storage": self.storage,
            "runs": list(self.runs),
            "notices": list(self.notices),
            "next": self.next,
        }

    def text(self) -> str:
        lines = [self.root, ""]
        seen = any(camera.frames for camera in self.cameras)
        lines += [task.text(seen=seen) + "\n" for task in self.tasks]
        lines += [f"camera     {line}" for line in self._cameras()]
        if self.backup and (said := self.backup.text()):
            lines.append(f"labels     {said}")
        if self.today and self.today.decisions:
            lines.append(f"today      {self.today.said().removeprefix('today: ')}")
        if self.storage:
            objects = human.plural(self.storage["objects"], "object")
            lines.append(f"storage    {objects} in Git LFS, {human.size(self.storage['bytes'])}")
        lines.append(f"git        {self._git_text()}")
        lines += [f"training   {safe(run['id'])}  {_how_far(run)}" for run in self.runs if _at_work(run)]
        lines += [f"note       {notice}" for notice in self.notices]
        return "\n".join([*lines, "", f"next: {self.next}"])

    def _cameras(self) -> list[str]:
        """Say what each camera has, where there are several, and how many draft frames lie nowhere else."""
        lines = [camera.text() for camera in self.cameras] if len(self.cameras) > 1 else []
        alone = sum(task.draft.only_on_camera for task in self.tasks)
        if alone:
            frames = human.plural(alone, "draft frame")
            oldest = min((camera.oldest for camera in self.cameras if camera.oldest), default="unknown")
            exist = "exists" if alone == 1 else "exist"
            lines.append(
                f"{frames} {exist} only on the camera, whose oldest day is {safe(oldest)}; a release keeps "
                f"{'it' if alone == 1 else 'them'}"
            )
        return lines

    def _git_text(self) -> str:
        branch = safe(self.git.get("branch") or "no branch")
        dirty = self.git.get("dirty", 0)
        said = [branch, f"{human.plural(dirty, 'path')} not committed" if dirty else "clean"]
        waiting = [
            human.plural(number, word)
            for number, word in (
                (self.git.get("waiting"), "commit"),
                (len(self.git.get("waiting_tags", ())), "tag"),
            )
            if number
        ]
        if waiting:
            said.append(f"{' and '.join(waiting)} not pushed")
        return ", ".join(said)

    def line(self) -> str:
        parts = [
            f"{t.name} {t.labelled}/{t.total} → {'?' if t.draft.problem else f'{t.draft.images} {t.draft.price}'}"
            for t in self.tasks
        ]
        parts += [f"T {_how_far(run)}" for run in self.runs if _at_work(run)]
        return " · ".join([*parts, f"next: {self.next}"])


def _at_work(run: Mapping[str, Any]) -> bool:
    return run["state"] in LIVE


def _how_far(run: Mapping[str, Any]) -> str:
    """Return '43 %, 2 minutes to go' of a training at work; another state than running is named."""
    said = [run["state"]] if run["state"] != "running" or run["share"] is None else []
    if run["share"] is not None:
        said.append(f"{100 * run['share']:.0f} %")
    if run["eta_s"]:
        said.append(f"{human.duration(run['eta_s'])} to go")
    return ", ".join(said)
