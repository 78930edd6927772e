"""Results that look at no content: what a model has to beat before it has learned anything.

Four rules. Majority: always the commonest class. Nearest in time: the label of the nearest training image. Brightness
and time of day: the class that is most typical of an image that bright, of that hour (a histogram of 16 brightness
bins with as many images each, or of 24 hours; every class weighs the same). Measured two ways: `out_of_fold`, every
recording judged by the others (all images count), and `on_split`, validation judged by train.

Written into every version by export; a training sets its result beside the second. Pure Python on plain rows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import sqrt

from core.frames.names import source_of
from core.versions.manifest import TRAIN, VALIDATION

NAMES = ("majority", "nearest_in_time", "brightness", "time_of_day")
_BINS = 16
_Z = 1.959964  # 95 % of a normal distribution lie within this many standard deviations


@dataclass(frozen=True, slots=True)
class Sample:
    """An image as the rules see it; `brightness` is the mean grey 0..255, None where it was not measured.

    The brightness rule is made from and asked about the measured images only; their number stands beside the result.
    """

    frame: str
    label: str
    recording: str
    split: str
    captured_at: datetime | None
    brightness: float | None


@dataclass(frozen=True, slots=True)
class Score:
    """Mean recall over the classes, share that is right, and the 95 % interval of that share."""

    balanced: float
    accuracy: float
    low: float
    high: float


def wilson(right: float, total: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927): right in [0, 1], also for few and for extreme counts."""
    if not total:
        return 0.0, 1.0
    share, n = right / total, float(total)
    centre = (share + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
    half = _Z * sqrt(share * (1 - share) / n + _Z * _Z / (4 * n * n)) / (1 + _Z * _Z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def score(pairs: Iterable[tuple[str, str | None]]) -> Score | None:
    """Measure (truth, answer) pairs; None without any. No answer is a wrong answer."""
    total: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for truth, answer in pairs:
        total[truth] += 1
        right[truth] += truth == answer
    if not total:
        return None
    recalls = [right[name] / total[name] for name in sorted(total)]
    hits, count = sum(right.values()), sum(total.values())
    low, high = wilson(hits, count)
    return Score(*(round(x, 4) for x in (sum(recalls) / len(recalls), hits / count, low, high)))


def out_of_fold(
    samples: Sequence[Sample], classes: Sequence[str], *, embargo_minutes: float = 5
) -> dict[str, dict[str, float] | None]:
    """Measure every rule with each recording judged by all others; None for a rule that has nothing to go by.

    The nearest image in time is at least the embargo away, as between the sides of a split. The commonest class is
    that of all images: without the recording asked it could be another one, which would flatter a model.
    """
    answers = {name: _fold_answers(samples, classes, cell) for name, cell in _cells(samples).items()}
    answers["nearest_in_time"] = _nearest_other(samples, timedelta(minutes=embargo_minutes))
    answers["majority"] = [_commonest(samples, classes)] * len(samples)
    return _measured(samples, answers)


def of_cells(samples: Sequence[Sample], classes: Sequence[str], rule: str) -> Score | None:
    """Measure one of 'brightness' and 'time_of_day' with each recording judged by the others, on the images it knows."""
    cell = _cells(samples)[rule]
    known = [sample for sample in samples if cell(sample) is not None]
    answers = _fold_answers(known, classes, cell)
    if not any(answer is not None for answer in answers):
        return None
    return score((sample.label, answer) for sample, answer in zip(known, answers, strict=True))


def on_split(samples: Sequence[Sample], classes: Sequence[str]) -> dict[str, dict[str, float] | None]:
    """Measure every rule made from the train images on the validation images; None where a side is empty."""
    train = [s for s in samples if s.split == TRAIN]
    asked = [s for s in samples if s.split == VALIDATION]
    if not train or not asked:
        return dict.fromkeys(NAMES)
    answers: dict[str, list[str | None]] = {
        "nearest_in_time": nearest(train, asked),
        "majority": [_commonest(train, classes)] * len(asked),
    }
    for name, cell in _cells(train).items():
        table = _Table(classes)
        for sample in train:
            table.add(cell(sample), sample.label)
        answers[name] = [table.answer(cell(sample)) for sample in asked]
    return _measured(asked, answers)


def nearest(train: Sequence[Sample], asked: Sequence[Sample]) -> list[str | None]:
    """Return for each asked image the label of the nearest-in-time train image, of its own source if that has any."""
    by_source: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for sample in train:
        if sample.captured_at is not None:
            for source in (source_of(sample.frame), ""):
                by_source[source].append((sample.captured_at, sample.label))
    for known in by_source.values():
        known.sort()
    answers: list[str | None] = []
    for sample in asked:
        known = by_source.get(source_of(sample.frame)) or by_source.get("", [])
        at = sample.captured_at
        if at is None or not known:
            answers.append(None)
            continue
        i = bisect_right(known, at, key=lambda pair: pair[0])
        near = [known[j] for j in (i - 1, i) if 0 <= j < len(known)]
        answers.append(min(near, key=lambda pair: abs(pair[0] - at))[1])
    return answers


def _measured(
    asked: Sequence[Sample], answers: Mapping[str, Sequence[str | None]]
) -> dict[str, dict[str, float] | None]:
    out: dict[str, dict[str, float] | None] = {}
    for name in NAMES:
        pairs = [
            (sample.label, answer)
            for sample, answer in zip(asked, answers[name], strict=True)
            if name != "brightness" or sample.brightness is not None
        ]
        found = score(pairs) if any(answer is not None for _, answer in pairs) else None
        out[name] = asdict(found) if found else None
        if found and len(pairs) < len(asked):
            out[name] = {**asdict(found), "images": len(pairs)}
    return out


Cell = Callable[[Sample], "int | None"]


def _commonest(samples: Iterable[Sample], classes: Sequence[str]) -> str | None:
    counts = Counter(sample.label for sample in samples)
    return max(classes, key=lambda name: counts[name]) if counts else None


def _cells(train: Sequence[Sample]) -> dict[str, Cell]:
    """Return per rule how an image is sorted into a cell, None where nothing is known of it."""
    known = sorted(s.brightness for s in train if s.brightness is not None)
    edges = sorted({known[len(known) * i // _BINS] for i in range(1, _BINS)}) if known else []
    return {
        "brightness": lambda s: None if s.brightness is None else bisect_right(edges, s.brightness),
        "time_of_day": lambda s: None if s.captured_at is None else s.captured_at.hour,
    }


class _Table:
    """Labels counted per cell; images can be taken out again, so that a recording is judged by the others."""

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self.cells: dict[int, Counter[str]] = defaultdict(Counter)
        self.total: Counter[str] = Counter()

    def add(self, cell: int | None, label: str, times: int = 1) -> None:
        if cell is not None:
            self.cells[cell][label] += times
            self.total[label] += times

    def answer(self, cell: int | None) -> str | None:
        """Return the class most typical of a cell, of the nearest one that holds anything."""
        present = [name for name in self.classes if self.total[name]]
        if cell is None or not present:
            return None
        held = [c for c, counts in self.cells.items() if any(counts.values())]
        here = self.cells[min(held, key=lambda c: (abs(c - cell), c))]
        return max(present, key=lambda name: here[name] / self.total[name])


def _fold_answers(samples: Sequence[Sample], classes: Sequence[str], cell: Cell) -> list[str | None]:
    table = _Table(classes)
    folds: dict[str, list[int]] = defaultdict(list)
    for i, sample in enumerate(samples):
        table.add(cell(sample), sample.label)
        folds[sample.recording].append(i)
    answers: list[str | None] = [None] * len(samples)
    for members in folds.values():
        for i in members:
            table.add(cell(samples[i]), samples[i].label, -1)
        known: dict[int | None, str | None] = {}
        for i in members:
            place = cell(samples[i])
            if place not in known:
                known[place] = table.answer(place)
            answers[i] = known[place]
        for i in members:
            table.add(cell(samples[i]), samples[i].label)
    return answers


def _nearest_other(samples: Sequence[Sample], apart: timedelta) -> list[str | None]:
    """Return for each image the label of the nearest in time of another recording, at least `apart` away."""
    by_source: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for i, sample in enumerate(samples):
        if sample.captured_at is not None:
            by_source[source_of(sample.frame)].append((sample.captured_at, i))
    answers: list[str | None] = [None] * len(samples)
    for rows in by_source.values():
        rows.sort()
        edges = _runs([samples[i].recording for _, i in rows])
        for place, (at, i) in enumerate(rows):
            near = []
            for side, step in ((0, -1), (1, 1)):
                j = edges[place][side] + step
                while 0 <= j < len(rows) and abs(rows[j][0] - at) <= apart:
                    j += step
                while 0 <= j < len(rows) and samples[rows[j][1]].recording == samples[i].recording:
                    j = edges[j][side] + step
                if 0 <= j < len(rows):
                    near.append((abs(rows[j][0] - at), samples[rows[j][1]].label))
            answers[i] = min(near, key=lambda pair: pair[0])[1] if near else None
    return answers


def _runs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Return for every place the first and last place of the run of equal names it is in."""
    edges: list[tuple[int, int]] = []
    begin = 0
    for end in range(1, len(names) + 1):
        if end == len(names) or names[end] != names[begin]:
            edges.extend([(begin, end - 1)] * (end - begin))
            begin = end
    return edges
