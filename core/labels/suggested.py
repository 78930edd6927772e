"""What a small model made from the labels of this machine suggests: the file of a task that `suggest` writes.

What always holds: it is data that another process wrote, believed only as far as it fits the task; a file that can't be
used is one sentence, never an error. Nothing here looks at a picture or changes a label. Suggestions are runs of frames:
they are told frame by frame without keeping anything a frame. Read by the app and the commands.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import ItemsView, Iterator, Mapping, Sequence, ValuesView
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct, field

from core.durable import open_regular
from core.errors import Damaged
from core.frames.among import key_at, keys_of, place_from
from core.frames.names import source_of
from core.human import plural, size
from core.labels.predictions import Guess
from core.tasks import Task
from core.text import safe

if TYPE_CHECKING:
    from core.frames.index import Frame
    from core.workspace import Workspace

FORMAT = 1
#: More than this is no file of ours: a million frames make some ten thousand runs.
_MOST_BYTES = 64_000_000
_WORDS = 120


class Run(NamedTuple):
    """Frames in a row of one recording, from `first` to `last`, of which one class is suggested, how surely and why.

    `sure` is set where it may be taken without looking at it; `frames` is how many there were when it was made.
    """

    first: str
    last: str
    guess: Guess
    why: str = ""
    sure: bool = False
    frames: int = 0


class Doubt(NamedTuple):
    """A label that is probably wrong: the class it has, the one that is suggested, how surely, and what speaks for it.

    `evidence` are labelled frames that look most alike, of each class some. `frames` labels in a row are doubted as one.
    """

    frame: str
    class_: str
    suggested: str
    confidence: float | None
    evidence: tuple[str, ...] = ()
    why: str = ""
    frames: int = 1


class Point(NamedTuple):
    """How good suggestions would be with so many recordings labelled: balanced accuracy and its interval, 0 to 1."""

    recordings: int
    balanced: float
    low: float
    high: float


class Suggestions(Struct, frozen=True):
    """What the file says. `labelled` labels were learnt from, by `engine`; `share_right` is of recordings left out.

    `asked` are the frames to label next, the most useful first, each with why. Of as sure answers for labelled frames, from
    a model that did not know their recordings, `right` of `answers` were right; `sure` are so many of the runs. `enough` says that more labels of these
    recordings would not help, `hint` what is missing.
    """

    engine: str = ""
    labelled: int = 0
    made_at: str = ""
    share_right: float | None = None
    runs: tuple[Run, ...] = ()
    sure: int = 0
    answers: int = 0
    right: int = 0
    asked: Mapping[str, str] = field(default_factory=dict)
    doubts: Mapping[str, Doubt] = field(default_factory=dict)
    curve: tuple[Point, ...] = ()
    enough: bool = False
    hint: str = ""


def path_of(workspace: Workspace, task: Task) -> Path:
    """Return where the suggestions of a task lie, there or not."""
    return workspace.private / "assist" / f"{task.name}.json"


def newer(workspace: Workspace, task: Task) -> bool:
    """True where there are suggestions, and no predictions that were written after them."""
    try:
        made = path_of(workspace, task).stat().st_mtime_ns
    except OSError:
        return False
    try:
        return made >= (workspace.root / task.predictions).stat().st_mtime_ns
    except OSError:
        return True


def read_suggestions(path: Path, task: Task) -> tuple[Suggestions | None, str]:
    """Return what is suggested, and what is odd about the file in a sentence; None without a file that can be used."""
    out = "suggestions are left out"
    try:
        with open_regular(path) as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            return None, f"{safe(path.name)} is larger than {size(_MOST_BYTES)}; {out}."
        data: Any = json.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return None, ""
    except (OSError, ValueError, RecursionError, Damaged):
        return None, f"{safe(path.name)} can't be read; {out}."
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        return None, f"{safe(path.name)} has a form that is not known here; {out}."
    if data.get("task") != task.name:
        return None, f"{safe(path.name)} belongs to another task; {out}."
    return _read(data, task, safe(path.name))


def _read(data: Mapping[str, Any], task: Task, name: str) -> tuple[Suggestions, str]:
    rows = {key: _rows(data.get(key)) for key in ("runs", "next", "doubts", "curve")}
    runs = [run for row in rows["runs"] if (run := _run(row, task)) is not None]
    asked = {key: _words(row.get("why")) for row in rows["next"] if (key := _key(row.get("frame")))}
    doubts = {doubt.frame: doubt for row in rows["doubts"] if (doubt := _doubt(row, task)) is not None}
    curve = [point for row in rows["curve"] if (point := _point(row)) is not None]
    told = data.get("sure")
    sure: dict[str, Any] = told if isinstance(told, dict) else {}
    found = Suggestions(
        engine=_words(data.get("engine_text")) or _words(data.get("engine")),
        labelled=_whole(data.get("labelled")),
        made_at=_words(data.get("made_at")),
        share_right=_share(data.get("share_right")),
        runs=tuple(runs),
        sure=sum(run.sure for run in runs),
        answers=_whole(sure.get("answers")),
        right=_whole(sure.get("right")),
        asked=asked,
        doubts=doubts,
        curve=tuple(curve),
        enough=data.get("enough") is True,
        hint=_words(data.get("hint"), 300),
    )
    kept = len(runs) + len(asked) + len(doubts) + len(curve)
    odd = sum(len(listed) for listed in rows.values()) - kept
    return found, f"{name}: {plural(odd, 'entry', 'entries')} left out." if odd else ""


def _rows(value: Any) -> list[dict[str, Any]]:
    """Return the entries of a list, an empty one in the place of each that is none."""
    return [row if isinstance(row, dict) else {} for row in value] if isinstance(value, list) else []


def _run(row: Mapping[str, Any], task: Task) -> Run | None:
    first, last, class_ = _key(row.get("first")), _key(row.get("last")), _class(row.get("label"), task)
    if not first or not last or class_ is None or source_of(first) != source_of(last):
        return None
    guess = Guess(class_, _share(row.get("confidence")))
    sure, frames = row.get("sure") is True, _whole(row.get("frames"))
    return Run(first, last, guess, _words(row.get("why")), sure, frames)


def _doubt(row: Mapping[str, Any], task: Task) -> Doubt | None:
    frame, class_ = _key(row.get("frame")), _class(row.get("label"), task)
    suggested = _class(row.get("suggested"), task)
    if not frame or class_ is None or suggested is None or class_ == suggested:
        return None
    said = row.get("evidence")
    named = (
        _key(one.get("frame") if isinstance(one, dict) else one)
        for one in (said if isinstance(said, list) else ())
    )
    evidence = tuple(dict.fromkeys(key for key in islice(named, 24) if key and key != frame))
    share, why = _share(row.get("confidence")), _words(row.get("why"))
    return Doubt(frame, class_, suggested, share, evidence, why, max(1, _whole(row.get("frames"))))


def _point(row: Mapping[str, Any]) -> Point | None:
    shares = [_share(row.get(name)) for name in ("balanced", "low", "high")]
    known = [share for share in shares if share is not None]
    count = _whole(row.get("recordings"))
    return Point(count, *known) if count and len(known) == len(shares) else None


def _key(value: Any) -> str:
    return value.removeprefix("./") if isinstance(value, str) and "/" in value else ""


def _class(value: Any, task: Task) -> str | None:
    return value.lower() if isinstance(value, str) and value.lower() in task.classes else None


def _share(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if known else None


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _words(value: Any, limit: int = _WORDS) -> str:
    return safe(value.strip(), limit=limit) if isinstance(value, str) else ""


# --- frame by frame ---------------------------------------------------------------------------------------------


class _Placed(NamedTuple):
    """The runs among the frames of a source: where each begins and ends (not included), in order; no two share a frame."""

    frames: Sequence[Frame]
    begins: list[int]
    ends: list[int]
    runs: list[Run]


class Expanded(Mapping[str, Guess]):
    """Frame → what is suggested of it, for the frames there are; looked up in the runs, kept for none of the frames."""

    def __init__(self, runs: Sequence[Run], by_source: Mapping[str, Sequence[Frame]]) -> None:
        self._sources: dict[str, _Placed] = {}
        found: dict[str, list[tuple[int, int, Run]]] = {}
        ends: dict[str, int] = {}
        for run in runs:
            frames = by_source.get(source := source_of(run.first), ())
            begin = _place(frames, run.first, ends.get(source, 0))
            last = _place(frames, run.last, begin + run.frames - 1)
            end = last + 1 if last < len(frames) and key_at(frames)(last) == run.last else last
            ends[source] = end
            if begin < end:
                found.setdefault(source, []).append((begin, end, run))
        for source, placed in found.items():
            kept = _Placed(by_source[source], [], [], [])
            for begin, end, run in sorted(placed, key=lambda one: one[:2]):
                if not kept.ends or begin >= kept.ends[-1]:
                    kept.begins.append(begin)
                    kept.ends.append(end)
                    kept.runs.append(run)
            self._sources[source] = kept
        self._size = sum(
            end - begin
            for one in self._sources.values()
            for begin, end in zip(one.begins, one.ends, strict=True)
        )

    def places_in(self, frames: Sequence[Frame]) -> tuple[list[int], list[Guess]] | None:
        """Return places and what is suggested there, in order, for the very frames of a source it was made for; None of others."""
        placed = next((one for one in self._sources.values() if one.frames is frames), None)
        if placed is None:
            return None
        places: list[int] = []
        guesses: list[Guess] = []
        for begin, end, run in zip(placed.begins, placed.ends, placed.runs, strict=True):
            places += range(begin, end)
            guesses += [run.guess] * (end - begin)
        return places, guesses

    def run_of(self, key: str) -> Run | None:
        """Return the run that a frame lies in."""
        placed = self._sources.get(source_of(key))
        if placed is None:
            return None
        place = place_from(placed.frames, key)
        at = bisect_right(placed.begins, place) - 1
        if at < 0 or place >= placed.ends[at] or key_at(placed.frames)(place) != key:
            return None
        return placed.runs[at]

    def get(self, key: str, default: Any = None) -> Any:  # asked of every frame of a day
        found = self.run_of(key)
        return default if found is None else found.guess

    def __getitem__(self, key: str) -> Guess:
        found = self.run_of(key)
        if found is None:
            raise KeyError(key)
        return found.guess

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.run_of(key) is not None

    def __iter__(self) -> Iterator[str]:
        for frames, begins, ends, _ in self._sources.values():
            for begin, end in zip(begins, ends, strict=True):
                yield from keys_of(frames[begin:end])

    def items(self) -> ItemsView[str, Guess]:
        """Return frame and guess of all, without a look-up for each."""
        return _Items(self)

    def values(self) -> ValuesView[Guess]:
        """Return what is suggested of all, without a look-up for each."""
        return _Values(self)

    def pairs(self) -> Iterator[tuple[str, Guess]]:
        """Yield frame and guess in order of time, one source after the other."""
        for frames, begins, ends, runs in self._sources.values():
            for begin, end, run in zip(begins, ends, runs, strict=True):
                for key in keys_of(frames[begin:end]):
                    yield key, run.guess

    def __len__(self) -> int:
        return self._size


def _place(frames: Sequence[Frame], key: str, likely: int) -> int:
    """Return the place of a frame, or that of the next one; looked for only where it is not at the `likely` place."""
    if 0 <= likely < len(frames) and key_at(frames)(likely) == key:
        return likely
    return place_from(frames, key)


class _Items(ItemsView[str, Guess]):
    """Frame and guess, a run at a time."""

    _mapping: Expanded

    def __iter__(self) -> Iterator[tuple[str, Guess]]:
        return self._mapping.pairs()


class _Values(ValuesView[Guess]):
    """What is suggested, a run at a time."""

    _mapping: Expanded

    def __iter__(self) -> Iterator[Guess]:
        return (guess for _, guess in self._mapping.pairs())
