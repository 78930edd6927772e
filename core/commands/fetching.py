"""`fetch`: exactly the bytes of one version or model, with the download's size said first."""

from __future__ import annotations

import click

from core.commands import completion
from core.commands.shell import Context, json_option, pass_context, task_option
from core.text import safe


@click.command()
@click.argument("what", metavar="V|MODEL", shell_complete=completion.versions)
@task_option
@click.option("--remote", metavar="NAME", help="Where from; without it the branch's own, else origin.")
@click.option("--dry-run", is_flag=True, help="Say how much would be downloaded; download nothing.")
@json_option
@pass_context
def fetch(
    ctx: Context, what: str, task: str | None, remote: str | None, dry_run: bool, as_json: bool
) -> None:
    """Get the images of a version, or a model and its ONNX files, that are only pointers here; each is hashed when it came.

    Nothing else is downloaded, whatever git lfs is told to include. What a host bills as bandwidth is the size said first.
    """
    from core.human import plural, size
    from core.releasing.fetching import plan, run

    workspace = ctx.workspace
    found = plan(workspace, workspace.task(task), what, remote)
    if dry_run:
        answer = {**found.as_json(), "dry_run": True, "pointers": 0}
        ctx.answer(answer, f"{found.line()}\nNothing was downloaded.", as_json=as_json)
        return
    ctx.notice(found.line())
    came = run(workspace, found, ctx.report)
    text = f"{found.name} is here, every byte hashed: {plural(len(found.files), 'file')}"
    text += f", {plural(came.objects, 'object')} downloaded ({size(found.bytes)})" if came.objects else ""
    if came.pointers:
        text += (
            f"\n{plural(came.pointers, 'file')} of the work tree stay pointers: the Git LFS filters are not set up here, and "
            "git would take the pictures for changes. The app shows them all the same; to have the files: print-models "
            f"init, then print-models fetch {safe(what)}"
        )
    answer = {**found.as_json(), "dry_run": False, "pointers": came.pointers}
    ctx.answer(answer, text, as_json=as_json)
