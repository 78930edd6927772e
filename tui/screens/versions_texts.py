"""What the Versions screen says, as lines: the list, three sentences and a verdict, every check, every frame.

The tables of the summary are in versions_summary.

What always holds: no line is wider than the width given; a kind of change is a sign, a colour and a word. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from textual.content import Content

from core.human import count, plural, signed_size, size
from tui.drawing import BAD, BOLD, DIM, GOOD, WARN
from tui.messages import DraftPriced
from tui.version_messages import DRAFT, Finding, GatesSeen, PairSeen, VersionChecked, VersionFacts, VersionRow
from tui.writing import beside, hung, wrapped

_KINDS = (
    *(("added", "+", GOOD), ("removed", "−", BAD), ("relabelled", "~", WARN)),
    *(("replaced", "≠", WARN), ("moved", "→", DIM), ("unknown", "?", DIM)),
)
#: The glyph and colour of each level of a result.
LEVELS = {
    "pass": ("✓", GOOD),
    "warn": ("!", WARN),
    "block": ("✗", BAD),
}
_LOOKING = ("·", DIM)
#: The names of frames behind a finding: the list of all findings has them.
_BY_NAME = re.compile(r" \([^()]*/[^()]*\)")
_COUNTED = (("block", "blocking"), ("warn", "to look at"))
#: A note on a version in the list has so many lines.
_NOTE = 3
#: More classes than that are not named one by one in a sentence.
_NAMED = 4
#: A row wider than this is no longer read as one.
_ROW = 76
#: Sentences wider than this are no longer read as lines.
_WIDEST = 110
#: From this width on every version is listed with all that is known of it, else only the chosen one.
_WIDE = 38


def mark_of(row: VersionRow) -> tuple[str, str]:
    """Return a version's glyph and colour: released, tagged, neither, withdrawn, damaged."""
    if row.state.startswith("released"):
        return "✓", GOOD
    if row.state.startswith("tagged"):
        return "◇", GOOD
    return {"withdrawn": ("✗", DIM), "damaged": ("!", BAD)}.get(row.state.partition(",")[0], ("○", WARN))


def list_of(
    rows: tuple[VersionRow, ...],
    draft: DraftPriced | None,
    facts: VersionFacts | None,
    chosen: str,
    width: int,
    base: str = "",
) -> tuple[Content, int]:
    """The draft first, then the versions, newest first; and the line the chosen one begins at. `base` was chosen."""
    tail = Content.styled(signed_size(draft.new_bytes), BOLD) if draft else Content("")
    words = plural(draft.images, "image") if draft else "…"
    lines, at = [beside(_name("● ", BOLD, DRAFT, chosen, f"  {words}"), tail, width)], 0
    if not rows:
        lines.append(Content(""))
        lines += wrapped("There is no version yet. Label frames of at least two classes, then R.", width, DIM)
    for row in reversed(rows):
        if row.name == chosen:
            at = len(lines)
        lines += _version(row, facts, chosen, width, base=base)
    return Content("\n").join(lines), at


def _name(glyph: str, style: str, name: str, chosen: str, after: str, gone: bool = False) -> Content:
    here = ("▸", "bold $accent") if name == chosen else (" ", "")
    return Content.assemble(here, (glyph, style), (name, "strike" if gone else BOLD), after)


def _version(
    row: VersionRow, facts: VersionFacts | None, chosen: str, width: int, *, base: str
) -> list[Content]:
    glyph, style = mark_of(row)
    gone = row.state == "withdrawn"
    after = "  the base" if row.name == base else ""
    first = _name(f"{glyph} ", style, row.name, chosen, f"  {row.created}{after}", gone)
    lines = [first.truncate(width, ellipsis=True)]
    said = [(row.state, style)]
    if row.state != "damaged":
        said += [(f"{plural(row.images, 'image')}, {size(row.bytes)}", DIM), (row.classes, DIM)]
    if row.name == chosen or width >= _WIDE:
        own = facts.own.get(row.name) if facts else None
        said += [(f"{size(own)} that no other has", DIM)] if own is not None else []
        said += [(facts.models[row.name], "")] if facts and row.name in facts.models else []
    lines += [
        Content.styled(f"   {text}", look).truncate(width, ellipsis=True) for text, look in said if text
    ]
    noted = wrapped(row.note, width - 3, WARN)[:_NOTE] if row.note else []
    return lines + [Content.assemble("   ", line) for line in noted]


@dataclass(frozen=True, slots=True)
class Sound:
    """What is known of how sound a draft or a version is; `findings` is None while that is looked at, the worst first.

    `read` says that every image was read again as well.
    """

    findings: tuple[Finding, ...] | None = None
    read: bool = False

    @property
    def level(self) -> str:
        """The worst there is: pass, warn, block; '' while it is looked at."""
        if self.findings is None:
            return ""
        return self.findings[0].level if self.findings else "pass"

    @property
    def blocks(self) -> tuple[Finding, ...]:
        """What forbids a release of it; of the repository a release asks about its own paths."""
        return tuple(one for one in self.findings or () if one.level == "block" and not one.around)

    @property
    def remedy(self) -> str:
        return self.findings[0].remedy if self.findings else ""

    @property
    def mark(self) -> tuple[str, str]:
        return LEVELS.get(self.level, _LOOKING)

    def count(self, level: str) -> int:
        return sum(one.level == level for one in self.findings or ())


def sound_of(gates: GatesSeen | None, checked: VersionChecked | None) -> Sound:
    """Put together what the gates and the images read again came to."""
    if gates is None:
        return Sound()
    found = dict.fromkeys([*(checked.findings if checked else ()), *gates.findings])
    order = tuple(LEVELS)[::-1]
    return Sound(tuple(sorted(found, key=lambda one: order.index(one.level))), checked is not None)


def sound_words(sound: Sound, more: str = "  (i: all)") -> str:
    """'1 blocking, 3 to look at', with the worst of them and what the others are about; or that nothing is odd.

    `more` says where all of it is.
    """
    if sound.findings is None:
        return "looking at labels, images and the repository …"
    parts = [f"{count(number)} {word}" for level, word in _COUNTED if (number := sound.count(level))]
    if parts:
        first, *others = (one for one in sound.findings if one.level != "pass")
        also = f"  Also: {', '.join(dict.fromkeys(one.id for one in others))}." if others else ""
        return f"{', '.join(parts)}{more}.  {_BY_NAME.sub('', first.what)}{also}"
    return f"nothing is odd in {plural(len(sound.findings), 'check')}{more}"


def sentences(pair: PairSeen, sound: Sound, width: int) -> list[Content]:
    """What changes, what it costs, is it sound, and the verdict."""
    lines = hung("what changes", _changes(pair), width, style=BOLD)
    where = "in Git LFS" if pair.target == DRAFT or not pair.base else f"beside {pair.base}"
    now = f"{where}, for {plural(pair.images, 'image')}"
    now += f"; {size(pair.reused_bytes)} are there already" if pair.reused_bytes else ""
    lines += hung("what it costs", f"{signed_size(pair.new_bytes)} {now}", width, style=BOLD)
    empty = pair.target == DRAFT and not pair.images and sound.level == "pass"
    words, mark = ("it holds no image yet", LEVELS["block"]) if empty else (sound_words(sound), sound.mark)
    lines += hung("is it sound", words, width, mark=mark)
    verdict, mark = _verdict(pair, sound)
    return lines + hung("verdict", verdict, width, style=BOLD, mark=mark)


def findings_of(target: str, sound: Sound, width: int) -> Content:
    """Every check, the worst first, each with its remedy."""
    width = min(width, _WIDEST)
    lines = [Content.styled(f"what was looked at in {target}, the worst first  (i: back)", DIM)]
    lines = lines if lines[0].cell_length <= width else [Content.styled("the worst first  (i: back)", DIM)]
    if sound.findings is None:
        return Content("\n").join([*lines, Content(""), Content.styled(sound_words(sound), DIM)])
    order = (*_COUNTED, ("pass", "in order"))
    counts = [f"{count(number)} {word}" for level, word in order if (number := sound.count(level))]
    lines += [*wrapped(", ".join(counts), width, BOLD), Content("")]
    room = max(len(one.id) for one in sound.findings) + 1 if sound.findings else 0
    for one in sound.findings:
        lines += hung(one.id, one.what, width, mark=LEVELS.get(one.level, _LOOKING), room=room)
        if one.level != "pass" and one.remedy:
            lines += hung("", f"→ {one.remedy}", width, style=DIM, room=room)
    return Content("\n").join(lines)


def _changes(pair: PairSeen) -> str:
    """'+19 added, ~1 relabelled, in 2 stretches; active 79 → 98; validation unchanged'."""
    kinds = [f"{sign}{count(pair.counts[kind])} {kind}" for kind, sign, _ in _KINDS if pair.counts[kind]]
    held = f"{plural(pair.held, 'stretch', 'stretches')} held back" if pair.held else ""
    if not kinds:
        return f"nothing, with {held}" if held else "nothing"
    taken = len(pair.hunks) - pair.held
    parts = [f"{', '.join(kinds)}, in {plural(taken, 'stretch', 'stretches')}"]
    if pair.base:
        grown = [f"{name} {count(a)} → {count(b)}" for name, a, b in pair.classes if a != b]
        parts += grown if len(grown) <= _NAMED else [f"{count(len(grown))} classes change in size"]
        before, after = (dict((side, n) for side, n, _ in sides) for sides in (pair.base_sides, pair.sides))
        if "validation" in before:
            known, now = before["validation"], after.get("validation", 0)
            same = f"{count(known)} → {count(now)} images" if known != now else "as large as before"
            parts.append(f"validation {same}")
    return "; ".join([*parts, *([held] if held else [])])


def _verdict(pair: PairSeen, sound: Sound) -> tuple[str, tuple[str, str]]:
    if pair.target != DRAFT:
        if sound.level == "pass" and not sound.read:
            images = plural(pair.images, "image")
            return (
                f"not read again yet: enter compares {images} with their hashes; c shows its card",
                _LOOKING,
            )
        done = {
            "pass": "it is what it says it is",
            "warn": (sound.remedy or "read what it warns of")
            + ("" if sound.read else "  (enter reads it again)"),
            "block": sound.remedy,
        }
        return done.get(sound.level, "looking …"), sound.mark
    if sound.level == "block":
        return f"not yet. {sound.remedy}", sound.mark
    if not pair.images:
        return "not yet. Label some frames first, of at least two classes.", LEVELS["block"]
    if pair.same:
        return pair.same, ("=", DIM)
    if sound.findings is None:
        return "looking …", _LOOKING
    after = "; its card will say what is to look at" if sound.level == "warn" else ""
    return f"ready: R shows the steps and the price of {pair.name}{after}", LEVELS["pass"]


def frames_of(pair: PairSeen, width: int, chosen: int) -> tuple[Content, int]:
    """Every frame that changes, a row each: its name where there is room, else its time; and the chosen one's line."""
    if not pair.frames:
        return Content.styled("No frame changes.  (f: back)", DIM), 0
    head = f"{plural(len(pair.frames) + pair.more, 'frame')} that change  (f: back, enter: in Label)"
    lines = [Content.styled(head, DIM).truncate(width, ellipsis=True)]
    width = min(width, _ROW) - 1
    widest = max(len(words) for _, _, _, words in pair.frames)
    named = width >= widest + 2 + max(len(name) for _, name, _, _ in pair.frames)
    for number, (_, name, at, words) in enumerate(pair.frames):
        row = beside(Content(name if named else at), Content.styled(words, DIM), width)
        here = ("▸", "bold $accent") if number == chosen else " "
        lines.append(Content.assemble(here, row))
    if pair.more:
        lines.append(Content.styled(f"and {count(pair.more)} more", WARN))
    return Content("\n").join(lines), 1 + chosen
