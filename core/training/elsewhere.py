"""A training on another machine, reached by ssh: how it is prepared and started there, asked about, and brought back.

What always holds: the other machine fetches what it lacks itself, by git and Git LFS, into a clone of its own that
nobody works in; the training there is a training like any other, detached, and outlives the connection; here it has a
folder as well, which `follower` fills from what is written there. Nothing of what the other machine says is believed
without its hash. Called by the `train` command and by the follower.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from core.durable import atomic_write
from core.errors import Busy, Damaged, Lacking, PrintModelsError, Refused, WrongUsage
from core.process import Completed
from core.process import run as run_program
from core.text import safe, safe_lines
from core.training import spec
from core.training.spec import Spec
from core.training.view import LIVE

FILE = "elsewhere.json"
_SSH = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=15")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:%\[\]-]{0,200}")
_PIECE = 16_000_000
#: What our own script ends with where a file is not there or can't be read.
_NOT_THERE = 44
#: Seconds that preparing may take there: a first clone, and the images of a version.
_PREPARE_S = 3600.0
_ANSWER_S = 60.0

_FIND = """
set -e
export GIT_LFS_SKIP_SMUDGE=1 GIT_TERMINAL_PROMPT=0
tool={tool}
if [ -z "$tool" ]; then
  for tool in print-models "$HOME/.local/bin/print-models"; do command -v "$tool" >/dev/null && break; done
fi
command -v "$tool" >/dev/null || {{ echo "print-models is not installed there" >&2; exit 5; }}
"""
_PREPARE = """
root="${{XDG_CACHE_HOME:-$HOME/.cache}}/print-models/"{name}
mkdir -p "$root"
[ -d "$root/.git" ] || git clone -q --no-checkout -- {url} "$root"
cd "$root"
if [ -d .print-models/runs ] && "$tool" runs --json | grep -qE '"state": "({live})"'; then
  echo "A training is running there already." >&2; exit 4
fi
git remote set-url -- origin {url}
git lfs install --local >/dev/null
# Nobody commits in this clone, and a machine that only computes may not know anybody.
git config user.name >/dev/null || git config user.name print-models
git config user.email >/dev/null || git config user.email print-models@localhost
git fetch -q origin {tag}:{tag}
git checkout -q -B training {tag}
"$tool" fetch {version} --task {task} >&2
echo "$root"
"$tool" train {options} --json
"""


class Absent(Lacking):
    """The machine answers, and what was asked for is not there."""


class Place(msgspec.Struct, frozen=True):
    """Where a training runs: ssh's name of the machine, the clone's folder there, its id there, how it is called."""

    host: str
    root: str
    run: str
    tool: str = ""


def read(folder: Path) -> Place | None:
    """Return where the training of a folder runs, None for one of this machine. Raises Damaged."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Place)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise Damaged(
            f"{safe(folder.name)}/{FILE} can't be read: {safe(str(error), limit=120)}.",
            "Look at the run on that machine itself.",
        ) from error


def ask(host: str, script: str, *, timeout: float = _ANSWER_S) -> Completed:
    """Run a script in a plain shell on another machine. Raises Lacking where it can't be reached."""
    done = run_program(
        [*_SSH, "--", host, "sh -s"], cwd=Path("/"), stdin=script.encode(), timeout=timeout, check=False
    )
    if done.code == 255:
        said = safe_lines(done.err, limit=1) or "no answer"
        raise Lacking(
            f"{safe(host)} can't be reached by ssh: {said}", f"Try it in a shell: ssh {safe(host)} true"
        )
    return done


def start(
    host: str, url: str, what: Spec, options: Mapping[str, str | bool], *, tool: str = ""
) -> tuple[Place, Spec]:
    """Fetch a version on another machine, start a training of it there, and return where it is and what it is.

    `url` is where the workspace's remote lies, `options` those of `train` by name. Raises WrongUsage (no name of a
    machine), Lacking (not reached; git, print-models or the version is not there), Busy, Refused, as it says there.
    """
    if not _HOST.fullmatch(host):
        raise WrongUsage(f"“{safe(host, limit=60)}” is no machine for ssh.", "Write it as NAME or USER@NAME.")
    dataset = what.dataset
    name = (
        f"{Path(url).name.removesuffix('.git') or 'workspace'}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    )
    words = ["--dataset-dir", f"datasets/{dataset.task}/{dataset.version}"]
    for option, value in options.items():
        words += [option] if value is True else [option, str(value)]
    script = _FIND.format(tool=shlex.quote(tool)) + _PREPARE.format(
        name=shlex.quote(name),
        url=shlex.quote(url),
        tag=shlex.quote(f"refs/tags/{dataset.task}/{dataset.version}"),
        version=shlex.quote(dataset.version),
        task=shlex.quote(dataset.task),
        options=shlex.join(words),
        live="|".join(LIVE),
    )
    done = ask(host, script, timeout=_PREPARE_S)
    root, _, answer = done.text.partition("\n")
    if done.code:
        raise _refused(host, done)
    try:
        place = Place(host, root, str(msgspec.json.decode(answer)["id"]), tool)
        there = msgspec.json.decode(fetch(place, spec.FILE), type=Spec)
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise Damaged(
            f"{safe(host)} answered something else than print-models does: {safe(answer, limit=120)}.",
            "Is the same print-models installed there?",
        ) from error
    if there.dataset != dataset:
        call(place, "stop", place.run)
        raise Refused(
            f"{dataset.task} {dataset.version} is not the same there: its digest differs.",
            "Compare the tags of both: print-models versions",
        )
    return place, there


def _refused(host: str, done: Completed) -> PrintModelsError:
    """Return the error that a machine answered with, in its own words."""
    lines = [line for line in safe_lines(done.err, limit=4).split("\n") if line]
    what = f"On {safe(host)}: {' '.join(lines[-2:]) or f'exit code {done.code}'}"
    kinds: dict[int, type[PrintModelsError]] = {2: WrongUsage, 3: Damaged, 4: Busy, 5: Lacking}
    remedy = "A version has to be pushed first, and that machine has to reach the remote: print-models doctor --remote"
    return kinds.get(done.code, Refused)(what, remedy if done.code not in kinds else "Mend it there.")


def keep(folder: Path, place: Place) -> None:
    """Write down where the training of a folder runs."""
    atomic_write(folder / FILE, msgspec.json.format(msgspec.json.encode(place, order="sorted")) + b"\n")


def fetch(place: Place, name: str, offset: int = 0) -> bytes:
    """Return a file of the run from `offset` on, at most 16 MB of it. Raises Lacking (not reached), Absent."""
    path = shlex.quote(f"{place.root}/.print-models/runs/{place.run}/{name}")
    # Asked first: behind a pipe the end of `head` hides that of `tail`, and its words are in whatever language.
    script = f"[ -r {path} ] || exit {_NOT_THERE}\ntail -c +{offset + 1} {path} | head -c {_PIECE}"
    done = ask(place.host, script, timeout=600)
    if done.code == _NOT_THERE:
        raise Absent(f"{safe(name)} of {safe(place.run)} is not on {safe(place.host)}.", "Look there.")
    return done.out


def bring(place: Place, name: str, target: Path) -> None:
    """Bring a file of the run here, whole or not at all. Raises Lacking, Absent."""
    data = bytearray()
    while True:
        piece = fetch(place, name, len(data))
        data += piece
        if len(piece) < _PIECE:
            break
    atomic_write(target, bytes(data))


def call(place: Place, *words: str, timeout: float = _ANSWER_S) -> Completed:
    """Run a command of print-models there. Raises Lacking where the machine can't be reached."""
    script = _FIND.format(tool=shlex.quote(place.tool))
    return ask(
        place.host, f'{script}\ncd {shlex.quote(place.root)}\n"$tool" {shlex.join(words)}\n', timeout=timeout
    )


def standing(place: Place) -> dict[str, Any]:
    """Return how the training stands there, as `runs --json` says it; {} where it is not among them.

    Raises Lacking where the machine can't be reached, or answers something else.
    """
    done = call(place, "runs", "--json")
    try:
        rows = msgspec.json.decode(done.out)["runs"]
        if not isinstance(rows, list):
            raise TypeError
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        said = safe_lines(done.err, limit=1) or f"exit code {done.code}"
        raise Lacking(
            f"{safe(place.host)} does not say how its trainings stand: {said}",
            "Look there: print-models runs",
        ) from error
    return next((row for row in rows if isinstance(row, dict) and row.get("id") == place.run), {})
