"""Before the first push to a remote: what becomes readable there, as words and as a page of pictures, and the question.

What always holds: without a yes nothing is written or sent. Called by `release`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands.back import agreed
from core.commands.shell import Context
from core.text import address, safe

if TYPE_CHECKING:
    from core.release import ReleasePlan


def asked(ctx: Context, plan: ReleasePlan, *, yes: bool) -> bool:
    """Say what the first push to a remote makes readable, and ask; True where it may go there, else Refused.

    A folder that nobody is here to be asked about is a person's own: it is said, and goes on.
    """
    from core.releasing.readable import lines
    from core.storage.lfs import remote_folder

    target = plan.target
    if target is None or not plan.shows:
        return True
    title = (
        f"This is the first push to {safe(target.remote)} ({address(target.url)}). It becomes readable there:"
    )
    seen = f"every picture of it on a page: {target.again} --dry-run --sheet pictures.html"
    shown = [*lines(plan.shows), seen]
    folders = all(remote_folder(url, plan.workspace.root) for url in (target.url, target.lfs_url))
    if yes or (folders and not (sys.stdin.isatty() and sys.stderr.isatty())):
        for line in (title, *(f"  {line}" for line in shown)):
            ctx.notice(line)
    else:
        agreed(ctx, "publish", title, shown, yes=False)
    return True


def page_at(ctx: Context, path: Path) -> Path:
    """Return where a contact sheet goes, before anything is planned. Raises Refused where none may be written there."""
    from core.versions.report.sheet import allowed

    place = (ctx.folder / path.parent).resolve() / path.name
    allowed(ctx.workspace, place)
    return place


def drawn(ctx: Context, plan: ReleasePlan, path: Path) -> str:
    """Write the contact sheet of a first push, and return what to say of it."""
    from core.human import count, plural, size
    from core.releasing.readable import batches
    from core.versions.report.sheet import write

    found = batches(plan)
    if plan.target is None or not found:
        return "sheet     none: nothing becomes readable that is not there already, or the remote does not answer"
    title = f"What a first push to {safe(plan.target.remote)} shows"
    made = write(plan.workspace, title, found, path, ctx.report)
    more = [f"{count(made.missing)} not on this machine"] * bool(made.missing)
    more += [f"{count(made.left)} without room"] * bool(made.left)
    rest = "".join(f", {words}" for words in more)
    return f"sheet     {safe(path)} ({size(path.stat().st_size)}, {plural(made.shown, 'picture')}{rest})"
