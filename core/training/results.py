"""What a model is worth, in numbers and then in plain words; pure Python on plain rows.

What always holds: every share has an interval, every class its recall and precision, every recording its line, and
the result stands beside what the rules that look at no content reach on the same images. The interval of the
balanced accuracy is drawn over recordings, since the frames of one recording are nearly one picture.
Called by the training process; the record, the card and the screens show what comes out.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from core.human import plural
from core.training.sides import Row
from core.versions.baselines import wilson

_DRAWS = 1000
CLOCK = ("nearest_in_time", "time_of_day")


def measure(
    rows: Sequence[Row],
    probabilities: Sequence[Sequence[float]],
    classes: Sequence[str],
    baselines: Mapping[str, Any],
) -> dict[str, Any] | None:
    """Return the results of a model on labelled images, None without any; shares 0 to 1, rounded to 4 places.

    `probabilities` has one row per image, one column per class; `baselines` are the version's, on the same images.
    """
    if not rows:
        return None
    answers = [classes[max(range(len(classes)), key=p.__getitem__)] for p in probabilities]
    pairs = [(row.label, answer) for row, answer in zip(rows, answers, strict=True)]
    right = sum(truth == answer for truth, answer in pairs)
    by_recording: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row, pair in zip(rows, pairs, strict=True):
        by_recording[row.recording].append(pair)
    balanced = _balanced(pairs)
    low, high = _interval(list(by_recording.values()), pairs, rows)
    share_low, share_high = wilson(right, len(pairs))
    wrong = [
        {
            "file_name": r.file_name,
            "frame": r.source,
            "label": r.label,
            "answer": a,
            "confidence": round(max(p), 4),
        }
        for r, a, p in zip(rows, answers, probabilities, strict=True)
        if a != r.label
    ]
    return {
        "images": len(rows),
        "right": right,
        "recordings": len(by_recording),
        "balanced": round(balanced, 4),
        "balanced_low": low,
        "balanced_high": high,
        "accuracy": round(right / len(pairs), 4),
        "low": round(share_low, 4),
        "high": round(share_high, 4),
        "classes": {name: _class(name, rows, pairs) for name in classes},
        "confusion": {t: {a: sum(p == (t, a) for p in pairs) for a in classes} for t in classes},
        "by_recording": [_recording(name, found) for name, found in sorted(by_recording.items())],
        "wrong": wrong,
        "baselines": dict(baselines),
        "better_than_clock": better_than_clock(low, high, baselines),
        "unbeaten": unbeaten(balanced, baselines),
    }


def better_than_clock(low: float | None, high: float | None, baselines: Mapping[str, Any]) -> bool | None:
    """Return whether a model whose result lies between `low` and `high` beats the rules that know only the time.

    True where all of the interval is above every baseline, so also above the commonest class; False where all of it is
    below the better clock; None where it can't be told, or no clock was measured.
    """
    clock = _measured(baselines, CLOCK)
    if not clock or low is None or high is None:
        return None
    return True if low > max(_measured(baselines)) else False if high < max(clock) else None


def _measured(baselines: Mapping[str, Any], names: Sequence[str] = ()) -> list[float]:
    return [found["balanced"] for name, found in baselines.items() if found and (not names or name in names)]


def _clock(results: Mapping[str, Any]) -> bool | None:
    """Return `better_than_clock` of a result, also of one that was written down when points alone were compared."""
    return better_than_clock(results["balanced_low"], results["balanced_high"], results["baselines"])


def unbeaten(balanced: float, baselines: Mapping[str, Any]) -> str | None:
    """Return the best baseline that a model does not beat, None where it beats every one that was measured."""
    known = [(found["balanced"], name) for name, found in sorted(baselines.items()) if found]
    best = max(known, default=(-1.0, ""))
    return best[1] if best[0] >= balanced else None


def _balanced(pairs: Sequence[tuple[str, str]]) -> float:
    total = Counter(truth for truth, _ in pairs)
    right = Counter(truth for truth, answer in pairs if truth == answer)
    return sum(right[name] / total[name] for name in sorted(total)) / len(total)


def _interval(
    groups: list[list[tuple[str, str]]], pairs: Sequence[tuple[str, str]], rows: Sequence[Row]
) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the balanced accuracy; None with fewer than two recordings.

    Recordings are drawn with replacement, a thousand times (Efron's bootstrap). Few recordings, all of them right,
    would give an interval of no width; so it is at least as wide as if each recording were one look per class
    (Wilson's interval of the recall, over recordings).
    """
    if len(groups) < 2:
        return None, None
    draw = random.Random(0)
    values = sorted(
        _balanced([pair for group in draw.choices(groups, k=len(groups)) for pair in group])
        for _ in range(_DRAWS)
    )
    looks: dict[str, set[str]] = defaultdict(set)
    total, right = Counter(truth for truth, _ in pairs), Counter(t for t, a in pairs if t == a)
    for row in rows:
        looks[row.label].add(row.recording)
    each = [wilson(right[name] / total[name] * len(seen), len(seen)) for name, seen in sorted(looks.items())]
    low = min(values[int(_DRAWS * 0.025)], sum(one[0] for one in each) / len(each))
    high = max(values[int(_DRAWS * 0.975) - 1], sum(one[1] for one in each) / len(each))
    return round(low, 4), round(high, 4)


def _class(name: str, rows: Sequence[Row], pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    images = sum(truth == name for truth, _ in pairs)
    called = sum(answer == name for _, answer in pairs)
    hits = sum(truth == answer == name for truth, answer in pairs)
    recall_low, recall_high = wilson(hits, images)
    precision_low, precision_high = wilson(hits, called)
    return {
        "images": images,
        "recordings": len({row.recording for row in rows if row.label == name}),
        "right": hits,
        "recall": round(hits / images, 4) if images else None,
        "recall_low": round(recall_low, 4),
        "recall_high": round(recall_high, 4),
        "precision": round(hits / called, 4) if called else None,
        "precision_low": round(precision_low, 4),
        "precision_high": round(precision_high, 4),
    }


def _recording(name: str, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "recording": name,
        "images": len(pairs),
        "right": sum(truth == answer for truth, answer in pairs),
        "labels": dict(sorted(Counter(truth for truth, _ in pairs).items())),
    }


def percent(share: float | None) -> str:
    """Return '97 %', or '–' where nothing was measured."""
    return "–" if share is None else f"{100 * share:.0f} %"


def words(results: Mapping[str, Any] | None, *, weights: str) -> list[str]:
    """Return the results in plain sentences, the most important first. `weights` says where the network started."""
    if results is None:
        return ["Nothing is known about how good it is: the version has no validation images.", weights]
    untold = f"can't be told from {plural(results['recordings'], 'recording')}"
    known = _measured(results["baselines"], CLOCK)
    clock = {True: "yes", False: "no", None: untold if known else "not known"}[_clock(results)]
    recognised = ", ".join(
        f"{found['right']} of {found['images']} {name}" for name, found in results["classes"].items()
    )
    said = [
        f"Recognised {recognised} in {plural(results['recordings'], 'recording')} it never learned from.",
        f"Better than the clock: {clock}.",
    ]
    if rule := results.get("unbeaten"):
        said.append(
            f"It does not beat a rule that sees no picture: {rule.replace('_', ' ')} reaches "
            f"{percent(results['baselines'][rule]['balanced'])}, the model {percent(results['balanced'])}."
        )
    said.append(_sureness(results))
    said.append("The best epoch was chosen on these same images: expect a little less on new prints.")
    return [*said, weights]


def _sureness(results: Mapping[str, Any]) -> str:
    few = min(found["recordings"] for found in results["classes"].values())
    low, high = results["balanced_low"], results["balanced_high"]
    if low is None:
        return "One recording is too little to be sure of anything."
    between = f"Balanced accuracy {percent(results['balanced'])}, between {percent(low)} and {percent(high)}"
    return (
        f"{between}."
        if few >= 5
        else f"{between}; so few recordings ({few} of one class) are too few to be sure."
    )


def summary(results: Mapping[str, Any] | None) -> str:
    """Return the result as one short phrase for lists: '97 % (90–100 %), better than the clock'."""
    if results is None:
        return "not measured"
    low, high = results["balanced_low"], results["balanced_high"]
    between = f" ({100 * low:.0f}–{percent(high)})" if low is not None else ""
    rule, better = results.get("unbeaten"), _clock(results)
    beaten = ", better than the clock" if better else ", not told apart from the clock"
    if rule:
        beaten = f", no better than {rule.replace('_', ' ')}"
    return f"{percent(results['balanced'])}{between}{beaten if _measured(results['baselines']) else ''}"


def table(results: Mapping[str, Any]) -> list[str]:
    """Return the results as lines of a table: per class, then the baselines, then recordings with mistakes."""
    lines = [f"{'class':<14}{'images':>7}{'recall':>8}{'interval':>12}{'precision':>11}"]
    for name, found in results["classes"].items():
        interval = f"{100 * found['recall_low']:.0f}–{100 * found['recall_high']:.0f} %"
        lines.append(
            f"{name:<14}{found['images']:>7}{percent(found['recall']):>8}{interval:>12}"
            f"{percent(found['precision']):>11}"
        )
    lines.append(
        f"balanced accuracy {percent(results['balanced'])}; beside it, without looking at the picture:"
    )
    for name, found in results["baselines"].items():
        lines.append(f"  {name.replace('_', ' '):<16}{percent(found['balanced'] if found else None):>6}")
    for found in results["by_recording"]:
        if found["right"] < found["images"]:
            lines.append(
                f"  wrong in {found['recording']}: {found['images'] - found['right']} of {found['images']}"
            )
    return lines
