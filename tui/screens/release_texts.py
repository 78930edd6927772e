"""What the Release screen says, as lines: what a release would do and take along, how far it is, what it made. Pure.

What always holds: a step's commands are those git was given once it ran, before that those it will be given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.content import Content

from core.human import count, plural, size
from core.progress import Progress
from core.text import safe
from tui.drawing import BAD, BOLD, DIM, GOOD, WARN
from tui.messages import Failed
from tui.release_messages import Interrupted, TakenBack
from tui.screens.versions_texts import LEVELS, Sound, sound_words
from tui.writing import hung, wrapped

if TYPE_CHECKING:
    from core.release import Released as CoreReleased
    from core.release import ReleasePlan, Step

_MOST = 5
_MOST_COMMANDS = 3
#: The step after which a version stays: only what is before it is taken back from here.
TAGGED = "tag"
DOING, DONE, THERE = "doing", "done", "there already"
_MARKS = {DOING: ("▸", "bold $accent"), DONE: ("✓", GOOD), THERE: ("✓", DIM), "stopped": ("!", WARN)}
_OPEN = ("☐", DIM)
_GONE = "can't be taken back"


def plan_text(
    plan: ReleasePlan | None, sound: Sound, width: int, *, done: bool, fixed: bool = False
) -> Content:
    """What a release would do: content, price, what a push takes along; its steps are `steps_text`.

    `fixed` says that whether it is pushed can't be chosen any more.
    """
    if plan is None:
        return Content.styled("Looking at the draft and the repository …", DIM)
    classes = ", ".join(f"{name} {count(number)}" for name, number in plan.classes.items())
    images = f"{plural(plan.images, 'image')} ({classes}), {size(plan.bytes)}"
    lines = [
        Content.assemble((f"{plan.task.name} {plan.name}", BOLD), f"   {plan.summary}"),
        *hung("images", images, width),
        *hung("price", plan.price_line, width, style=BOLD),
    ]
    if plan.planned is not None and not done:
        lines += hung("sound", sound_words(sound, ""), width, mark=sound.mark)
    if plan.target is not None:
        where = f"{safe(plan.target.remote)} ({safe(plan.target.url, limit=100)})"
        lines += hung("upload", f"{size(plan.upload)} to {where}", width)
        lines += _taken_along(plan, width)
        if plan.shows:
            lines += hung("first push", _readable(plan), width, mark=("!", WARN))
    else:
        adds = "" if done or fixed else "; p adds it"
        lines += hung("push", f"no{adds}. The tag stays on this machine", width)
    for notice in plan.notices:
        lines += hung("note", safe(notice), width)
    return Content("\n").join([*lines, Content("")])


def steps_text(
    steps: tuple[Step, ...],
    states: Mapping[str, str],
    ran: Mapping[str, tuple[str, ...]],
    width: int,
    *,
    brief: bool = False,
) -> Content:
    """The checklist: every step with how far it is, its git commands, and whether it can be taken back.

    Where there are few lines it is `brief`: without what each step is for.
    """
    lines: list[Content] = []
    for step in steps:
        state = states.get(step.id, "")
        note = f"{step.title}: {step.note}" if step.note and state != DOING and not brief else step.title
        note += f"  ({state})" if state == THERE else ""
        lines += hung(
            step.id, note, width, mark=_MARKS.get(state, _OPEN), style=BOLD if state == DOING else ""
        )
        if step.irreversible and state != DONE and _GONE not in note:
            lines += hung("", _GONE, width, mark=("!", WARN), style=WARN)
        given = ran.get(step.id, ())
        for command in _commands(step.commands if not given and state not in (DONE, THERE) else given, width):
            lines += hung("", command, width, style=DIM, mark=("$", DIM))
    return Content("\n").join([*lines, Content("")])


def _commands(lines: tuple[str, ...], width: int) -> list[str]:
    """What git was given or will be, each line short; long ones are cut, and of many the last are shown."""
    commands = [_short(line) for line in lines]
    more = len(commands) - _MOST_COMMANDS
    shown = commands[-_MOST_COMMANDS:]
    room = max(24, 2 * (width - 18))
    cut = [line if len(line) <= room else f"{line[: room - 1]}…" for line in shown]
    return [*([f"… {plural(more, 'command')} before (@ has all)"] if more > 0 else []), *cut]


def _short(line: str) -> str:
    """A command without the words that make it safe, and with a message in one line."""
    words = re.sub(r" -c [\w.]+=\S*", "", safe(line, limit=2000))
    return re.sub(r"(\\x0a)+", " ¶ ", words)


def interrupted_text(found: Interrupted, width: int) -> Content:
    """That a release was interrupted, how far it came, and what can be done."""
    lines = wrapped(f"{found.words}.", width, f"bold {WARN}")
    if found.running:
        lines += wrapped("It can be watched there; this window shows it when it is over.", width)
    elif found.training:
        then = f", then pushes to {found.remote}" if found.remote else ""
        lines += wrapped(
            f"{found.training}: T shows how far it is. It goes on when the app is closed.", width
        )
        lines += wrapped(f"When it has ended, R here makes it a model version{then}.", width)
    else:
        lines += wrapped(_ways(found), width)
    return Content("\n").join([*lines, Content("")])


def failed_text(problem: Failed, found: Interrupted | None, width: int) -> Content:
    """Why a release stopped, what to do, and what can be done here."""
    lines = hung("", problem.what, width, mark=("✗", BAD), style=BAD, room=0)
    lines += [Content(""), *wrapped(problem.remedy, width)]
    if found is not None and not (found.running or found.training):
        lines += [Content(""), *wrapped(f"{found.words}. {_ways(found)}", width, BOLD)]
    return Content("\n").join(lines)


def _ways(found: Interrupted) -> str:
    finish = "Y finishes it" + (f", up to {found.remote}" if found.remote else "")
    return finish if TAGGED in found.done else f"{finish} · A takes it back; labels stay as they are"


def taken_back_text(found: TakenBack, width: int) -> Content:
    """What taking a release back did."""
    head = Content.assemble(("✓ ", GOOD), (f"{found.task} {found.version} was taken back", BOLD))
    return Content("\n").join([head, *(part for line in found.lines for part in wrapped(line, width))])


def _readable(plan: ReleasePlan) -> str:
    """Say how many pictures a first push makes readable, and that they are shown first."""
    images, days = sum(one.images for one in plan.shows), len({one.day for one in plan.shows})
    after = "as was agreed" if plan.agreed else "Y shows them first, and asks"
    return f"{plural(images, 'picture')} of {plural(days, 'day')} become readable there; {after}"


def _taken_along(plan: ReleasePlan, width: int) -> list[Content]:
    """Say which tags and commits of earlier go to the remote with this push."""
    waits = plan.waits
    if waits is None:
        return hung("also", "the remote does not answer now; what waits for it goes along", width, style=WARN)
    lines = [line for tag in waits.tags for line in hung("also", f"the tag {safe(tag)}", width)]
    for commit in waits.commits[:_MOST]:
        lines += hung("also", f"the commit {commit}", width)
    if len(waits.commits) > _MOST:
        lines += hung("also", f"{count(len(waits.commits) - _MOST)} more commits", width)
    return lines


def blocked_text(sound: Sound, width: int) -> Content:
    """Why nothing can be released as it is: every result that blocks, with what to do."""
    lines = [Content.styled("Nothing is released as long as this is so:", BOLD)]
    for one in sound.blocks:
        lines += hung(one.id, one.what, width, mark=LEVELS["block"])
        lines += hung("", f"→ {one.remedy}", width) if one.remedy else []
    return Content("\n").join(lines)


def progress_line(progress: Progress | None) -> Content:
    """How far a release that runs is."""
    if progress is None:
        return Content.styled("beginning …", WARN)
    done = f"  {count(progress.done)} of {count(progress.total)}" if progress.total else ""
    cells = 24 * progress.done // progress.total if progress.total else 0
    bar = f"  {'█' * cells}{'░' * (24 - cells)}" if progress.total else ""
    return Content.assemble(
        (safe(progress.step), f"bold {WARN}"), done, (bar, ""), (f"  {safe(progress.note)}", DIM)
    )


def made_text(made: CoreReleased) -> Content:
    """What a release made."""
    far = f"released on {safe(made.pushed)}" if made.pushed else "tagged on this machine, not pushed"
    lines = [
        Content.assemble(("✓ ", GOOD), (safe(made.tag), BOLD), f" is {far}"),
        Content.assemble(("images  ", DIM), f"{plural(made.images, 'image')}, {size(made.bytes)}"),
        Content.assemble(("digest  ", DIM), safe(made.digest)),
        Content.assemble(("commit  ", DIM), safe(made.commit)),
        Content.assemble(("folder  ", DIM), safe(made.path)),
    ]
    if made.model:
        by = f", commit {safe(made.model_commit or '')[:12]}"
        lines.append(Content.assemble(("model   ", DIM), safe(made.model), by))
    lines += [Content.assemble(("note    ", WARN), safe(notice)) for notice in made.notices]
    return Content("\n").join(lines)
