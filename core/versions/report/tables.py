"""The tables of the page: classes before and after as bars, the labels of frames in both, the sides of the split.

What always holds: pure; a number stands beside every bar; names from outside are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from core.human import plural
from core.text import safe
from core.versions.diff import Diff
from core.versions.report.facts import SIDES, Facts, Side

_COLOURS = 6


def named(name: str, order: Sequence[str]) -> str:
    """Return a class's name with its colour before it, by its place in the task."""
    at = order.index(name) % _COLOURS if name in order else _COLOURS - 1
    return f'<span class="k{at}"><span class="dot"></span>{escape(safe(name, limit=60))}</span>'


def classes(found: Diff) -> Iterable[str]:
    """Draw each class's images before and after."""
    before, after = found.base.counts, found.target.counts
    names = list(dict.fromkeys([*after, *before]))
    most = max([1, *before.values(), *after.values()])
    base, target = (escape(safe(side.name, limit=40)) for side in (found.base, found.target))
    yield '<section><h2>Classes</h2>\n<div class="card">\n'
    for at, name in enumerate(names):
        old, new = before.get(name, 0), after.get(name, 0)
        yield (
            f'<div class="class"><span>{named(name, names)}</span><span class="bars">{_bar(old, most)}'
            f'{_bar(new, most, f"k{at % _COLOURS}")}</span><span class="n">{_from_to(old, new)}</span></div>\n'
        )
    yield f'<p class="small">Upper bar {base}, lower bar {target}.</p></div></section>\n'


def _bar(number: int, most: int, colour: str = "") -> str:
    width = max(1.0, 100 * number / most) if number else 0
    return f'<span class="bar"><i class="{colour}" style="width:{width:.1f}%"></i></span>'.replace(
        "span", "div"
    )


def _from_to(old: int, new: int) -> str:
    if old == new:
        return f"{new} <small>same</small>"
    return f"{old} → <b>{new}</b> <small>{new - old:+d}</small>".replace("-", "−")


def confusion(found: Diff) -> Iterable[str]:
    """Draw how many frames of each label have which label afterwards, those that only one side has included."""
    table = cells(found)
    used = {label for pair in table for label in pair if label}
    names = [name for name in dict.fromkeys([*found.target.counts, *found.base.counts]) if name in used]
    if not names:
        return
    gone, new = (any(not pair[at] for pair in table) for at in (1, 0))
    base, target = (escape(safe(side.name, limit=40)) for side in (found.base, found.target))
    columns = [*names, *([""] if gone else [])]
    yield '<h2>Labels, before and after</h2>\n<div class="card"><div class="scroll"><table class="lab">\n'
    yield f"<tr><th>{base} ↓ &nbsp; {target} →</th>{''.join(f'<th>{_head(name, names, target)}</th>' for name in columns)}</tr>\n"
    for old in [*names, *([""] if new else [])]:
        row = "".join(_cell(table.get((old, after), 0), old, after) for after in columns)
        yield f"<tr><td>{_head(old, names, base)}</td>{row}</tr>\n"
    yield "</table></div></div>\n"


def cells(found: Diff) -> Mapping[tuple[str, str], int]:
    """Return frames by label in the base and in the target, '' where a side has not got them."""
    table = {(old, new): n for old, row in found.confusion.items() for new, n in row.items()}
    for change in found.changes:
        if change.before is None or change.after is None:
            pair = (
                change.before.label if change.before else "",
                change.after.label if change.after else "",
            )
            table[pair] = table.get(pair, 0) + 1
    return table


def _head(name: str, names: Sequence[str], side: str) -> str:
    return named(name, names) if name else f"not in {side}"


def _cell(number: int, old: str, new: str) -> str:
    if not number:
        return f'<td class="nil">{"" if not old and not new else "·"}</td>'
    return f'<td class="{"same" if old == new else "moved"}">{number}</td>'


def splits(facts: Facts) -> Iterable[str]:
    """Draw the sides of the split before and after, in images and recordings."""
    before, after = facts.splits
    yield '<section><h2>Splits</h2>\n<div class="card">\n'
    if not before and not after:
        yield '<p class="small" style="margin:0">Neither side has a split.</p></div></section>\n'
        return
    base, target = (escape(safe(side.name, limit=40)) for side in (facts.found.base, facts.found.target))
    yield f'<div class="scroll"><table>\n<tr><th></th><th>{base}</th><th>{target}</th><th>recordings</th></tr>\n'
    for name in SIDES:
        if name in before or name in after:
            old, new = before.get(name), after.get(name)
            yield (
                f"<tr><td>{name}</td><td>{_images(old)}</td><td>{_images(new)}</td>"
                f"<td>{_recordings(old)} → {_recordings(new)}</td></tr>\n"
            )
    yield "</table></div>"
    lacking = [side for side, sides in ((base, before), (target, after)) if not sides]
    notes = [*(f"{side} has no splits." for side in lacking), _validation(facts)]
    yield f'<p class="small">{" ".join(filter(None, notes))}</p></div></section>\n'


def _validation(facts: Facts) -> str:
    if facts.validation is None:
        return ""
    kept, changed, gone, new = facts.validation
    if not changed and not gone and not new:
        return "Validation holds the same images as before."
    parts = [f"{plural(kept, 'image')} as they were"] if kept != 1 else ["1 image as it was"]
    parts += (
        [f"{changed} changed"] * bool(changed) + [f"{gone} gone"] * bool(gone) + [f"{new} new"] * bool(new)
    )
    return f"Validation: {', '.join(parts)}."


def _images(side: Side | None) -> str:
    return str(side.total) if side else "–"


def _recordings(side: Side | None) -> str:
    return str(side.recordings) if side else "–"
