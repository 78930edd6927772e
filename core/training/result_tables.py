"""A result in lines for a terminal: classes with their intervals, confusion, calibration, prints, baselines.

What always holds: pure; what is not there gets no line. Called by the commands `evaluate` and `watch` and the screens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.human import count
from core.text import safe
from core.training import alarm_words
from core.training.results import percent

_PRINTS = 12


def lines(found: Mapping[str, Any]) -> list[str]:
    """Return all of a result as lines, parts set apart by an empty one."""
    parts = [_classes(found), _confusion(found), _baselines(found), _alarms(found), _calibration(found)]
    parts.append(_recordings(found))
    out: list[str] = []
    for part in parts:
        if part:
            out += [*([""] if out else []), *part]
    return out


def span(found: Mapping[str, Any], share: str) -> str:
    """Return a share with its interval: '97 % (90–100)', '–' where there is none."""
    if found.get(share) is None:
        return "–"
    low, high = found.get(f"{share}_low"), found.get(f"{share}_high")
    if low is None or high is None:
        return percent(found[share])
    return f"{percent(found[share])} ({100 * low:.0f}–{100 * high:.0f})"


def _classes(found: Mapping[str, Any]) -> list[str]:
    name = max([8, *(len(one) for one in found["classes"])]) + 2
    rows = [f"{'class':<{name}}{'images':>7}{'recordings':>12}{'recall':>18}{'precision':>18}"]
    rows += [
        f"{label:<{name}}{one['images']:>7}{one['recordings']:>12}{span(one, 'recall'):>18}"
        f"{span(one, 'precision'):>18}"
        for label, one in found["classes"].items()
    ]
    return rows


def _confusion(found: Mapping[str, Any]) -> list[str]:
    table = found.get("confusion") or {}
    if not table:
        return []
    width = max([8, *(len(one) for one in table)]) + 2
    rows = [f"{'is ↓  called →':<{width + 8}}" + "".join(f"{one:>{width}}" for one in table)]
    rows += [
        f"{label:<{width + 8}}" + "".join(f"{count(row.get(one, 0)):>{width}}" for one in table)
        for label, row in table.items()
    ]
    return rows


def _baselines(found: Mapping[str, Any]) -> list[str]:
    rows = [f"balanced accuracy {span(found, 'balanced')}; without looking at the picture:"]
    rows += [
        f"  {name.replace('_', ' '):<18}{percent(one['balanced'] if one else None):>6}"
        for name, one in found["baselines"].items()
    ]
    return rows


def _alarms(found: Mapping[str, Any]) -> list[str]:
    watched = found.get("alarms")
    if not watched:
        return []
    rows = [
        f"prints: {alarm_words.rule(watched)}",
        f"  (frames about {watched['step_minutes']:g} min apart)",
    ]
    wide = _width(watched["prints"])
    for one in watched["prints"][:_PRINTS]:
        when = f"{one['minutes']:g} min after its onset" if one["caught"] else "not caught"
        if one["caught"] and not one["onset_seen"]:
            when = f"{one['minutes']:g} min after its first frame"
        rows.append(f"  {safe(one['recording'], limit=50):<{wide}}  {when}")
    if len(watched["prints"]) > _PRINTS:
        rows.append(f"  and {len(watched['prints']) - _PRINTS} more")
    high = watched["false_per_hour_high"]
    if high is not None:
        rows.append(
            f"  false alarms: {watched['false_alarms']} in {watched['print_hours']:g} h; "
            f"at most {high:.2g} an hour (95 %)"
        )
    rows += [f"    {safe(one['frame'], limit=70)}" for one in watched["false"][:_PRINTS]]
    return rows


def _width(recordings: Sequence[Mapping[str, Any]]) -> int:
    return max((len(safe(one["recording"], limit=50)) for one in recordings), default=0)


def _calibration(found: Mapping[str, Any]) -> list[str]:
    measured = found.get("calibration")
    if not measured:
        return []
    rows = [f"confidence (off by {100 * measured['error']:.1f} points on average)"]
    rows += [
        f"  {100 * one['from']:>3.0f}–{percent(one['to']):<7}{one['images']:>6} images  "
        f"said {percent(one['confidence']):>5}  right {percent(one['right']):>5}"
        for one in measured["bins"]
    ]
    return rows


def _recordings(found: Mapping[str, Any]) -> list[str]:
    rows, wide = [], _width(found["by_recording"])
    for one in found["by_recording"]:
        if one["right"] < one["images"]:
            labels = ", ".join(f"{number} {label}" for label, number in one["labels"].items())
            rows.append(
                f"  {safe(one['recording'], limit=50):<{wide}}  wrong {one['images'] - one['right']} of {one['images']} ({labels})"
            )
    return ["recordings with mistakes", *rows] if rows else ["no recording has a mistake"]
