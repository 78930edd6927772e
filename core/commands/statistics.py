"""`stats`: the camera folders, the labels and the predictions in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from core import human
from core.commands import completion
from core.commands.shell import Context, json_option, pass_context, task_option
from core.text import safe

if TYPE_CHECKING:
    from core.frames.statistics import SourceNumbers, Span
    from core.tasks import Task

_WIDTH = 80
_BINS = 10


@click.command()
@completion.source_option
@task_option
@json_option
@pass_context
def stats(ctx: Context, only: str | None, task: str | None, as_json: bool) -> None:
    """Show frames, gaps, cadence, sizes, labels and predictions per camera, day and hour.

    Of all files in the camera folders, also those that are no frames. Without --task labels of the default task.
    """
    from core.frames.cameras import find
    from core.frames.index import FrameIndex
    from core.frames.statistics import numbers
    from core.labels.predictions import read_predictions
    from core.labels.sync import open_store

    workspace = ctx.workspace
    chosen = workspace.task(task)
    names = [find(workspace, only).name] if only else list(workspace.active_sources)
    with open_store(workspace) as store, FrameIndex(workspace) as index:
        problems = index.scan(ctx.report).problems
        gap = workspace.settings.split.gap_minutes
        found = []
        for name in names:
            away = index.unreachable(name)
            if away is not None:
                ctx.notice(str(away))
            own = [problem for problem in problems if away is None or problem.what != away.what]
            found.append(numbers(index, name, own, gap_minutes=gap, look=away is None, report=ctx.report))
        labels = {
            key: class_ for key, class_ in store.classes(chosen).items() if key.split("/", 1)[0] in names
        }
    guesses, why = read_predictions(workspace.root / chosen.predictions, chosen)
    predictions = {key: (guess.class_, guess.confidence) for key, guess in guesses.items()}
    if why:
        ctx.notice(why)
    lines: list[str] = []
    for source in found:
        lines += [*_about(source, gap), *_table(source, labels, chosen), ""]
    lines += _hours(found, labels, chosen)
    lines += _predicted(labels, predictions, chosen)
    obj = {
        "task": chosen.name,
        "sources": [_source_json(source, labels, chosen) for source in found],
        "labels": _counts(labels.values(), chosen),
        "predictions": _predictions_json(labels, predictions, chosen),
    }
    ctx.answer(obj, "\n".join(lines).rstrip("\n"), as_json=as_json)


# --- predictions ------------------------------------------------------------------------------------------------


def _crossed(
    labels: dict[str, str], predictions: dict[str, tuple[str, float | None]]
) -> Counter[tuple[str, str]]:
    return Counter((labels.get(key, ""), label) for key, (label, _) in predictions.items())


def _histogram(predictions: dict[str, tuple[str, float | None]]) -> list[int]:
    """Count predictions by confidence in ten equal bins, 0 to 1."""
    bins = [0] * _BINS
    for _, share in predictions.values():
        if share is not None:
            bins[min(int(share * _BINS), _BINS - 1)] += 1
    return bins


def _predicted(
    labels: dict[str, str], predictions: dict[str, tuple[str, float | None]], task: Task
) -> list[str]:
    if not predictions:
        return []
    crossed = _crossed(labels, predictions)
    width = max(10, *(len(name) + 1 for name in task.classes))
    lines = ["", f"{'label → prediction':<20}" + "".join(f"{name:>{width}}" for name in task.classes)]
    for label in (*task.classes, ""):
        row = "".join(f"{human.count(crossed[label, answer]):>{width}}" for answer in task.classes)
        lines.append(f"{label or '(no label)':<20}{row}")
    bins = _histogram(predictions)
    if sum(bins):
        lines += ["", f"{'confidence':<12}{'frames':>9}"]
        most = max(bins)
        for place, n in enumerate(bins):
            if n:
                bar = "█" * max(1, round(40 * n / most))
                lines.append(f"{place / 10:.1f} to {(place + 1) / 10:.1f}  {human.count(n):>9}  {bar}")
    return lines


# --- in words ---------------------------------------------------------------------------------------------------


def _about(source: SourceNumbers, gap: int) -> list[str]:
    whole = source.whole
    if whole is None:
        return [f"{safe(source.name)}  no frames", *_others(source)]
    first, last = f"{whole.first:%Y-%m-%d}", f"{whole.last:%Y-%m-%d}"
    days = first if first == last else f"{first} to {last}"
    weight = f", {human.size(whole.bytes)}" if source.sizes else ", not looked at"
    lines = [f"{safe(source.name)}  {human.plural(whole.frames, 'frame')}, {days}{weight}"]
    gaps = (
        f"{human.plural(len(whole.gaps), 'gap')} over {gap} min" if whole.gaps else f"no gap over {gap} min"
    )
    if whole.gaps:
        longest = max(whole.gaps, key=lambda found: found.minutes)
        gaps += f", the longest {human.duration(longest.minutes * 60)} from {longest.begin:%Y-%m-%d %H:%M}"
    lines.append(f"  {_cadence(whole)}; {gaps}")
    if source.sizes is None:
        return [*lines, *_others(source)]
    least, middle, most = source.sizes
    shapes = [f"{shape} {human.count(n)}" for shape, n in source.dimensions.most_common(4)]
    more = ["…"] if len(source.dimensions) > 4 else []
    lines.append(
        f"  {human.size(middle)} each ({human.size(least)} to {human.size(most)}); {', '.join([*shapes, *more])}"
    )
    return [*lines, *_others(source)]


def _others(source: SourceNumbers) -> list[str]:
    counts: Counter[str] = Counter()
    for problem in source.others:
        counts[problem.what] += problem.count
    return [f"  no frames: {human.count(n)} × {safe(what)}" for what, n in sorted(counts.items())]


def _cadence(span: Span) -> str:
    return f"every {_seconds(span.cadence_s)}" if span.cadence_s is not None else "no cadence"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds:.0f} s" if seconds < 600 else human.duration(seconds)


def _columns(task: Task, room: int) -> tuple[str, ...]:
    """Return the classes where their columns fit, else nothing: then one column counts all labels."""
    return task.classes if sum(max(len(name), 6) + 2 for name in task.classes) <= room else ()


def _labelled(keys: Sequence[str], labels: dict[str, str], columns: tuple[str, ...]) -> str:
    counts = Counter(labels[key] for key in keys if key in labels)
    if not columns:
        return f"{human.count(sum(counts.values())):>10}"
    return "".join(f"{human.count(counts[name]):>{max(len(name), 6) + 2}}" for name in columns)


def _heads(columns: tuple[str, ...]) -> str:
    return "".join(f"{name:>{max(len(name), 6) + 2}}" for name in columns) or f"{'labelled':>10}"


def _table(source: SourceNumbers, labels: dict[str, str], task: Task) -> list[str]:
    if not source.days:
        return []
    head = f"  {'day':<10}{'frames':>8}  {'from':<5} {'to':<5}{'gaps':>6}{'every':>8}{'size':>9}"
    columns = _columns(task, _WIDTH - len(head))
    lines = [head + _heads(columns)]
    for day, span in source.days.items():
        lines.append(
            f"  {day}{human.count(span.frames):>8}  {span.first:%H:%M} {span.last:%H:%M}{len(span.gaps):>6}"
            f"{_seconds(span.cadence_s):>8}{human.size(span.bytes):>9}{_labelled(source.keys[day], labels, columns)}"
        )
    return lines


def _hours(found: Sequence[SourceNumbers], labels: dict[str, str], task: Task) -> list[str]:
    frames = sum((source.hours for source in found), Counter[int]())
    if not frames:
        return []
    keys = _by_hour(labels)
    columns, most = _columns(task, 40), max(frames.values())
    lines = [f"  {'hour':<6}{'frames':>9}{_heads(columns)}"]
    for hour in range(24):
        if frames[hour] or keys.get(hour):
            bar = "█" * max(1, round(16 * frames[hour] / most)) if frames[hour] else ""
            given = _labelled(keys.get(hour, []), labels, columns)
            lines.append(f"  {hour:02}:00 {human.count(frames[hour]):>9}{given}  {bar}".rstrip())
    return lines


def _by_hour(keys: Iterable[str]) -> dict[int, list[str]]:
    from core.frames.names import captured_at

    found: dict[int, list[str]] = {}
    for key in keys:
        at = captured_at(key)
        if at is not None:
            found.setdefault(at.hour, []).append(key)
    return found


# --- as JSON ----------------------------------------------------------------------------------------------------


def _counts(given: Any, task: Task) -> dict[str, int]:
    counts = Counter(given)
    return {name: counts[name] for name in task.classes}


def _span_json(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"frames": 0, "bytes": 0, "first": None, "last": None, "cadence_s": None, "gaps": []}
    gaps = [
        {"from": gap.begin.isoformat(), "to": gap.end.isoformat(), "minutes": round(gap.minutes, 1)}
        for gap in span.gaps
    ]
    return {
        "frames": span.frames,
        "bytes": span.bytes,
        "first": span.first.isoformat(),
        "last": span.last.isoformat(),
        "cadence_s": span.cadence_s,
        "gaps": gaps,
    }


def _source_json(source: SourceNumbers, labels: dict[str, str], task: Task) -> dict[str, Any]:
    def given(keys: Sequence[str]) -> dict[str, int]:
        return _counts((labels[key] for key in keys if key in labels), task)

    sizes = dict(zip(("least", "median", "most"), source.sizes, strict=True)) if source.sizes else None
    everything = [key for keys in source.keys.values() for key in keys]
    by_hour = _by_hour(everything)
    return {
        "name": source.name,
        **_span_json(source.whole),
        "sizes": sizes,
        "dimensions": dict(source.dimensions.most_common()),
        "others": [{"what": p.what, "where": p.where, "count": p.count} for p in source.others],
        "labels": given(everything),
        "days": [
            {"day": day, **_span_json(span), "labels": given(source.keys[day])}
            for day, span in source.days.items()
        ],
        "hours": [
            {"hour": hour, "frames": len(keys), "labels": given(keys)}
            for hour, keys in sorted(by_hour.items())
        ],
    }


def _predictions_json(
    labels: dict[str, str], predictions: dict[str, tuple[str, float | None]], task: Task
) -> dict[str, Any] | None:
    if not predictions:
        return None
    crossed = _crossed(labels, predictions)
    rows = {
        label or "unlabelled": {answer: crossed[label, answer] for answer in task.classes}
        for label in (*task.classes, "")
    }
    return {
        "file": task.predictions,
        "frames": len(predictions),
        "confusion": rows,
        "confidence": _histogram(predictions),
    }
