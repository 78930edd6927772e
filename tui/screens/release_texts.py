"""What the Release screen says, as lines: what a release would do and take along, how far it is, what it made. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from core.human import count, plural, size
from core.progress import Progress
from core.text import safe
from tui.drawing import BOLD, DIM, GOOD, WARN
from tui.screens.versions_texts import LEVELS, Sound, sound_words
from tui.storing import STEPS
from tui.writing import hung

if TYPE_CHECKING:
    from core.release import Released as CoreReleased
    from core.release import ReleasePlan

_MOST = 5


def plan_text(plan: ReleasePlan | None, sound: Sound, width: int, *, done: bool) -> Content:
    """What a release would do: content, price, what a push takes along, steps with their git commands."""
    if plan is None:
        return Content.styled("Looking at the draft and the repository …", DIM)
    classes = ", ".join(f"{name} {count(number)}" for name, number in plan.classes.items())
    images = f"{plural(plan.images, 'image')} ({classes}), {size(plan.bytes)}"
    lines = [
        Content.assemble((f"{plan.task.name} {plan.name}", BOLD), f"   {plan.summary}"),
        *hung("images", images, width),
        *hung("price", plan.price.line(), width, style=BOLD),
    ]
    if plan.planned is not None and not done:
        lines += hung("sound", sound_words(sound, ""), width, mark=sound.mark)
    if plan.target is not None:
        where = f"{safe(plan.target.remote)} ({safe(plan.target.url, limit=100)})"
        lines += hung("upload", f"{size(plan.upload)} to {where}", width)
        lines += _taken_along(plan, width)
    else:
        lines += hung("push", "no; p adds it. The tag stays on this machine", width)
    for notice in plan.notices:
        lines += hung("note", safe(notice), width)
    lines.append(Content(""))
    for step in plan.steps:
        what, command = STEPS[step]
        command = command.format(
            path=plan.path, tag=plan.tag, remote=safe(plan.target.remote) if plan.target else "",
            branch=safe(plan.target.branch) if plan.target else "",
        )  # fmt: skip
        lines += hung(step, what, width, mark=("✓", GOOD) if done else ("☐", DIM))
        lines += hung("", command, width, style=DIM, mark=(" ", DIM))
    return Content("\n").join([*lines, Content("")])


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
    lines += [Content.assemble(("note    ", WARN), safe(notice)) for notice in made.notices]
    return Content("\n").join(lines)
