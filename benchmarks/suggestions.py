"""How many decisions 5 000 frames cost with suggestions, and how long a label takes to change them.

A scripted labeller answers what `suggest` asks, one frame at a time, and is told the truth of that frame only. A decision
is a class key, an accepted run, or all sure runs accepted at once. Frames that can't be read are left out: nothing is
said of them. What it is compared with answers one frame per decision, in an order of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.decisions import Number
from benchmarks.measure import Row, Sample, Topic, exponent, spaced, timed

FRAMES, SIZE = 5000, (192, 108)
TASK = "offline-detection"
GOAL, BAR = 0.995, 60
#: Decisions after which what is compared is given up.
_MOST = 200
#: What the draws begin with.
_SEEDS = (1, 2, 3, 4, 5)
_SIZES = (1_000, 5_000, 50_000)


class Labeller:
    """Answers questions of a workspace's suggestions; `truth` is frame → class of what can be seen."""

    def __init__(self, worker: Any, truth: Mapping[str, str]) -> None:
        self.worker, self.truth = worker, truth
        self.task, self.store = worker.task, worker.store
        self.decisions = 0
        self.times: list[float] = []
        self.data: dict[str, Any] = worker.write()

    def give(self, frames: list[str], class_: str, how: str = "hand") -> None:
        """Label frames, wait for what is suggested then, and note how long that took."""

        def learned() -> None:
            self.store.set(self.task, frames, class_, how=how, who="ana")
            self.data = self.worker.write()

        self.times.append(timed(learned))

    def labels(self) -> dict[str, str]:
        return dict(self.store.classes(self.task))

    def right(self, *, suggested: bool) -> float:
        """Return the part of the frames that are labelled right, or suggested so."""
        said = self.labels()
        if suggested:
            found = self.worker.said()
            said = {**found, **said}
        return sum(said.get(key) == class_ for key, class_ in self.truth.items()) / len(self.truth)

    def answer(self) -> None:
        """Answer the first question."""
        key = self.data["next"][0]["frame"]
        self.decisions += 1
        self.give([key], self.truth[key])

    def take(self) -> None:
        """Accept what is sure, then go through what is left run by run, and through the doubts, until all is right."""
        keys = self.worker.gathering.keys
        at = {key: place for place, key in enumerate(keys)}
        labels = self.labels()
        for class_ in self.task.classes:
            sure = [run for run in self.data["runs"] if run["sure"] and run["label"] == class_]
            frames = [
                key
                for run in sure
                for key in keys[at[run["first"]] : at[run["last"]] + 1]
                if key in self.truth and key not in labels
            ]
            if frames:
                self.give(frames, class_, "suggestion")
        self.decisions += 1
        while self.right(suggested=False) < GOAL and self.decisions < _MOST and self.one_more(keys, at):
            pass

    def one_more(self, keys: list[str], at: Mapping[str, int]) -> bool:
        """Decide on the longest run that is not labelled, else on a doubt; return whether there was one."""
        labels = self.labels()
        best: tuple[int, list[str], str] = (0, [], "")
        for run in self.data["runs"]:
            inside = keys[at[run["first"]] : at[run["last"]] + 1]
            bare = [key for key in inside if key in self.truth and key not in labels]
            if len(bare) > best[0]:
                best = (len(bare), bare, run["label"])
        if best[0]:
            middle = best[1][len(best[1]) // 2]
            self.decisions += 1
            if self.truth[middle] == best[2]:
                self.give(best[1], best[2], "suggestion")
            else:
                self.give([middle], self.truth[middle])
            return True
        for doubt in self.data["doubts"]:
            if self.truth[doubt["frame"]] != labels[doubt["frame"]]:
                self.decisions += 1
                self.give([doubt["frame"]], self.truth[doubt["frame"]])
                return True
        return False


def one_by_one(
    scene: Any, looks: Any, truth: np.ndarray, ask: Callable[..., int], seed: int, *, smoothed: bool
) -> int:
    """Return after how many answers, one frame each, the goal is reached, at most `_MOST`; two frames are drawn first."""
    from core.assist.head import fit, rows_of
    from core.assist.suggesting import answer

    seen, dice = scene.known, np.random.default_rng(seed)
    labels = np.full(len(truth), -1, np.int64)
    place, second = dice.choice(np.flatnonzero(seen), 2, replace=False).tolist()
    found: Any = None
    shares: Any = None
    for number in range(1, _MOST):
        labels[place] = truth[place]
        now = replace(scene, labels=labels.copy())
        if smoothed:
            found = answer(now, looks)
            shares = found.shares if found else None
        else:
            rows, weights = rows_of(now.learned, now.pieces, now.known)
            if len(np.unique(labels[rows])) > 1:
                head = fit(looks.of(rows), labels[rows], weights, len(scene.classes))
                told = 1 / (1 + np.exp(-np.clip(2 * looks.logits(head, np.arange(len(truth))), -40, 40)))
                shares = told / told.sum(axis=1, keepdims=True)
        if shares is not None:
            said = np.where(labels >= 0, labels, shares.argmax(axis=1))
            if (said == truth)[seen].mean() >= GOAL:
                return number
        place = second if number == 1 else ask(now, np.flatnonzero(seen & (labels < 0)), found, shares, dice)
    return _MOST


def growing(scene: Any, looks: Any, truth: np.ndarray) -> tuple[list[Sample], float]:
    """Return how long learning and suggesting take at three numbers of frames, copies of those here, and the exponent."""
    from core.assist.asking import questions
    from core.assist.scene import Looks, Scene
    from core.assist.suggesting import answer, runs_of

    found, span = [], float(np.ptp(scene.minutes)) + 24 * 60
    for size in _SIZES:
        turn, at = np.divmod(np.arange(size), len(truth))
        places = [(int(copy), int(place)) for copy, place in zip(turn, at, strict=True)]
        some = Scene(
            scene.classes,
            [f"{scene.keys[place]} {copy}" for copy, place in places],
            scene.known[at],
            [f"{scene.recordings[place]} {copy}" for copy, place in places],
            scene.minutes[at] + turn * span,
            np.where(np.isin(np.arange(size), np.linspace(0, size - 1, 200).astype(int)), truth[at], -1),
            np.zeros(size, bool),
            np.zeros(size, bool),
        )
        seen = Looks(lambda asked, at=at: looks.of(at[asked]).astype(np.float32), some.known)

        def learn(some: Any = some, seen: Any = seen) -> None:
            told = answer(replace(some), seen)
            assert told is not None
            runs_of(told)
            questions(some, seen, told)

        learn()
        found.append(Sample.of([timed(learn) for _ in range(5)]))
    return found, exponent(_SIZES, found)


def measure(folder: Path) -> Topic:
    """Let the labeller work on a simulated camera; then the same frames in other orders."""
    from core import setup
    from core.assist.asking import questions
    from core.assist.worker import Worker
    from core.demo.camera import simulate
    from core.labels.store import LabelStore
    from core.workspace import Workspace

    root = folder / "ws"
    found = simulate(root / "printer-timelapses", frames=FRAMES, size=SIZE)
    setup.init(root)
    workspace = Workspace.open(root)
    task = workspace.task(TASK)
    with LabelStore(workspace) as store:
        worker = Worker(workspace, task, store)
        worker.gathering.look()
        worker.fill(lambda: False)
        scene, looks, *_ = worker.gathering.read()
        seen = {key for key, known in zip(scene.keys, scene.known, strict=True) if known}
        truth = {key: class_ for key, class_ in found.labels(TASK).items() if key in seen}
        ana = Labeller(worker, truth)
        while ana.right(suggested=True) < GOAL and ana.decisions < _MOST:
            ana.answer()
        asked = ana.decisions
        said = ana.data
        ana.take()
        whole, labelled_right = ana.decisions, ana.right(suggested=False)
        worker.close()
    codes = np.array([task.code(truth[key]) if key in truth else 0 for key in scene.keys])

    def least(now: Any, places: np.ndarray, found: Any, shares: Any, dice: Any) -> int:
        return int(dice.choice(places) if shares is None else places[shares[places].max(axis=1).argmin()])

    def drawn(now: Any, places: np.ndarray, found: Any, shares: Any, dice: Any) -> int:
        return int(dice.choice(places))

    def asked_for(now: Any, places: np.ndarray, found: Any, shares: Any, dice: Any) -> int:
        return questions(now, looks, found)[0].place

    def middle(ask: Callable[..., int], *, smoothed: bool = True) -> Number:
        counts = [one_by_one(scene, looks, codes, ask, seed, smoothed=smoothed) for seed in _SEEDS]
        low, median, high = np.quantile(counts, [0, 0.5, 1])
        return Number(float(median), float(low), float(high))

    what = (
        f"decisions until {100 * GOAL:.1f} % of {spaced(len(truth))} frames are labelled or suggested right"
    )
    begun = f"the same, two frames drawn first, middle of {len(_SEEDS)}"
    ours = middle(asked_for)
    rows = [
        Row(what, Number.counted(asked), "one per frame", Number.counted(len(truth)), f"≤ {BAR} decisions"),
        Row(begun, ours, "random order", middle(drawn)),
        Row(begun, ours, "least sure frame, each alone", middle(least, smoothed=False)),
        Row(begun, ours, "least sure frame, smoothed", middle(least)),
        Row(
            f"decisions until so many are labelled ({100 * labelled_right:.2f} % right)",
            Number.counted(whole),
            "one per frame",
            Number.counted(len(truth)),
            f"≤ {BAR} decisions",
        ),
        Row(
            f"a label → new suggestions on the disk, {spaced(FRAMES)} frames",
            Sample.of(ana.times),
            "",
            None,
            "≤ 1 s",
        ),
    ]
    sizes, power = growing(scene, looks, codes)
    right = "nothing tells" if said["share_right"] is None else f"{100 * said['share_right']:.0f} %"
    notes = (
        f"The camera wrote {spaced(FRAMES)} frames; {FRAMES - len(truth)} of them can't be read. Going from question to "
        "question is no decision.",
        f"Lowest to highest of the draws: ours {ours.low:.0f}–{ours.high:.0f}; {_MOST} is where one is given up.",
        f"At {asked} answers suggest says: {right} right out of recording (of what it asked, the hardest frames); "
        f"{said['sure']['runs']} runs sure; enough: {said['enough']}. {said['hint']}",
        f"Learning and suggesting without the workspace, at {', '.join(map(spaced, _SIZES))} frames, 200 of them labelled: "
        f"{', '.join(map(str, sizes))}, ~ frames^{power:.2f}.",
    )
    return Topic("Suggestions, in decisions and seconds", tuple(rows), notes)
