"""What a model is worth, in numbers and then in plain words; pure Python on plain rows.

What always holds: every share has an interval, every class its recall and precision, every recording its line, and
the result stands beside what the rules that look at no content reach on the same images. Intervals are drawn over
recordings, since the frames of one recording are nearly one picture; the order of the images changes nothing.
Called by the training process and by who asks a model again; the record, the card and the screens show what comes out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from core.human import plural
from core.training import alarm_words, alarms, calibration, intervals
from core.training.alarms import Rule
from core.training.intervals import Tally
from core.training.sides import Row
from core.versions.baselines import wilson

CLOCK = ("nearest_in_time", "time_of_day")


def measure(
    rows: Sequence[Row],
    probabilities: Sequence[Sequence[float]],
    classes: Sequence[str],
    baselines: Mapping[str, Any],
    *,
    alarm: str | None = None,
    rule: Rule | None = None,
) -> dict[str, Any] | None:
    """Return the results of a model on labelled images, None without any; shares 0 to 1, rounded to 4 places.

    `probabilities` has one row per image, one column per class; `baselines` are the version's, on the same images;
    `rule` makes alarms of answers of the class `alarm`, by default of the one called failed; `alarms` is None without.
    """
    if not rows:
        return None
    answers = [classes[max(range(len(classes)), key=p.__getitem__)] for p in probabilities]
    pairs = [(row.label, answer) for row, answer in zip(rows, answers, strict=True)]
    right = sum(truth == answer for truth, answer in pairs)
    tallies = intervals.count([row.recording for row in rows], [t for t, _ in pairs], answers, classes)
    sure = intervals.intervals(tallies)
    low, high = sure.balanced or (None, None)
    share_low, share_high = wilson(right, len(pairs))
    failed = alarm or alarms.alarm_class(classes)
    return {
        "images": len(rows),
        "right": right,
        "recordings": len(tallies.recordings),
        "balanced": round(tallies.balanced, 4),
        "balanced_low": low,
        "balanced_high": high,
        "accuracy": round(right / len(pairs), 4),
        "low": round(share_low, 4),
        "high": round(share_high, 4),
        "classes": {name: _class(name, tallies.of[name], sure) for name in classes},
        "confusion": {t: {a: sum(p == (t, a) for p in pairs) for a in classes} for t in classes},
        "by_recording": _by_recording(rows, pairs),
        "wrong": _wrong(rows, answers, probabilities),
        "calibration": calibration.calibrate(
            [max(p) for p in probabilities], [truth == answer for truth, answer in pairs]
        ),
        "alarms": alarms.watch(rows, answers, failed, rule or Rule()) if failed else None,
        "baselines": dict(baselines),
        "better_than_clock": better_than_clock(low, high, baselines),
        "unbeaten": unbeaten(tallies.balanced, baselines),
    }


def _class(name: str, rows: Sequence[Tally], sure: intervals.Intervals) -> dict[str, Any]:
    images, called = sum(one.images for one in rows), sum(one.called for one in rows)
    (recall_low, recall_high), (precision_low, precision_high) = sure.recall[name], sure.precision[name]
    return {
        "images": images,
        "recordings": sum(bool(one.images) for one in rows),
        "right": sum(one.hits for one in rows),
        "recall": round(intervals.recall(rows), 4) if images else None,
        "recall_low": recall_low,
        "recall_high": recall_high,
        "precision": round(intervals.precision(rows), 4) if called else None,
        "precision_low": precision_low,
        "precision_high": precision_high,
    }


def _by_recording(rows: Sequence[Row], pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row, pair in zip(rows, pairs, strict=True):
        found[row.recording].append(pair)
    return [
        {
            "recording": name,
            "images": len(members),
            "right": sum(truth == answer for truth, answer in members),
            "labels": dict(sorted(Counter(truth for truth, _ in members).items())),
        }
        for name, members in sorted(found.items())
    ]


def _wrong(
    rows: Sequence[Row], answers: Sequence[str], probabilities: Sequence[Sequence[float]]
) -> list[dict[str, Any]]:
    return [
        {
            "file_name": row.file_name,
            "frame": row.source,
            "label": row.label,
            "answer": answer,
            "confidence": round(max(shares), 4),
        }
        for row, answer, shares in zip(rows, answers, probabilities, strict=True)
        if answer != row.label
    ]


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


def percent(share: float | None) -> str:
    """Return '97 %', or '–' where nothing was measured."""
    return "–" if share is None else f"{100 * share:.0f} %"


def words(
    results: Mapping[str, Any] | None, *, weights: str, folds: Mapping[str, Any] | None = None
) -> list[str]:
    """Return the results in plain sentences, the most important first. `weights` says where the network started.

    `folds` are the results of cross-validation, every recording judged by a network that never saw it; where they are
    there, they are what is told, and validation stands behind them in one sentence.
    """
    if results is None and folds is None:
        return ["Nothing is known about how good it is: the version has no validation images.", weights]
    if folds is None:
        assert results is not None
        chosen = "The best epoch was chosen on these same images: expect a little less on new prints."
        return [*sentences(results), chosen, weights]
    said = [*sentences(folds), "Every recording was judged by a network that never saw it."]
    if results is not None:
        where = f"{plural(results['images'], 'image')} of validation"
        said.append(f"The model itself, on {where}: {between(results)}; its epoch was chosen on them.")
    return [*said, weights]


def sentences(results: Mapping[str, Any]) -> list[str]:
    """Return what a result says in plain sentences: failed prints first where there are any, then the clock."""
    untold = f"can't be told from {plural(results['recordings'], 'recording')}"
    known = _measured(results["baselines"], CLOCK)
    better = _clock(results)
    clock = {True: "yes", False: "no", None: untold if known else "not known"}[better]
    recognised = ", ".join(
        f"{found['right']} of {found['images']} {name}" for name, found in results["classes"].items()
    )
    of = f"in {plural(results['recordings'], 'recording')} it never learned from"
    watched = results.get("alarms")
    said = [*alarm_words.say(watched)] if watched else [f"Recognised {recognised} {of}."]
    said.append(f"Better than the clock: {clock}.")
    if watched:
        said.append(f"Recognised {recognised} {of}.")
    if (rule := results.get("unbeaten")) and results["baselines"].get(rule):
        what = "the clock" if rule in CLOCK else "a rule that sees no picture"
        said.append(
            f"It does not beat {what}: {rule.replace('_', ' ')} reaches "
            f"{percent(results['baselines'][rule]['balanced'])}, the model {percent(results['balanced'])}."
        )
    said.append(_sureness(results))
    if measured := results.get("calibration"):
        said.append(calibration.sentence(measured))
    return said


def between(results: Mapping[str, Any]) -> str:
    """Return the balanced accuracy with its interval: '97 % (90–100 %)'."""
    low, high = results["balanced_low"], results["balanced_high"]
    span = f" ({100 * low:.0f}–{percent(high)})" if low is not None else ""
    return f"{percent(results['balanced'])}{span}"


def _sureness(results: Mapping[str, Any]) -> str:
    few = min(found["recordings"] for found in results["classes"].values())
    low, high = results["balanced_low"], results["balanced_high"]
    if low is None:
        return "One recording is too little to be sure of anything."
    said = f"Balanced accuracy {percent(results['balanced'])}, between {percent(low)} and {percent(high)}"
    return (
        f"{said}." if few >= 5 else f"{said}; so few recordings ({few} of one class) are too few to be sure."
    )


def summary(results: Mapping[str, Any] | None, how: str = "") -> str:
    """Return the result as one short phrase for lists: '97 % (90–100 %) out of fold, better than the clock'.

    `how` says on what it was measured, where results of several kinds stand in one list.
    """
    if results is None:
        return "not measured"
    rule, better = results.get("unbeaten"), _clock(results)
    beaten = ", better than the clock" if better else ", not told apart from the clock"
    if rule:
        beaten = f", no better than {rule.replace('_', ' ')}"
    return f"{between(results)}{how and f' {how}'}{beaten if _measured(results['baselines']) else ''}"
