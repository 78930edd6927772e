"""How a training's process is started: for itself, so that no terminal, app or connection takes it along.

What always holds: a session of its own, no terminal, its output in its log. Where the system ends what a person
started when they log out (logind with KillUserProcesses), a scope of the person's own service manager keeps it, if
that manager outlives the logout; where neither holds it is said. The scope has the same process: its pid and start are
those of the training. Called by `runs`.
"""

from __future__ import annotations

import getpass
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import core
from core.durable import explain
from core.errors import PrintModelsError
from core.process import run as run_program
from core.process import spawn_detached
from core.training import figures
from core.training.spec import Spec

MODULE = "core.training.fit"
FOLLOWER = "core.training.follower"
#: What the process reads to say how it was started.
KEEPER = "PRINT_MODELS_KEEPER"
_ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Keeper:
    """What keeps a training when its person logs out: `name` is session or systemd, `warning` what may end it."""

    name: str = "session"
    warning: str = ""


def keeper() -> Keeper:
    """Find out what can keep a process alive here; asks loginctl and systemd-run, where there are any."""
    user = _user()
    if shutil.which("systemd-run") is None:
        return Keeper()
    lingers = _answer(["loginctl", "show-user", "--property=Linger", "--value", user])
    if lingers != "no":
        probe = ["systemd-run", "--user", "--scope", "--quiet", "--collect", "--", "true"]
        return Keeper("systemd") if _answer(probe) is not None else Keeper()
    if _answer(["loginctl", "show-session", "--property=KillUserProcesses", "--value"]) == "yes":
        return Keeper(
            warning=f"This system ends it when you log out. Let it be kept: loginctl enable-linger {user}"
        )
    return Keeper()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _answer(argv: list[str]) -> str | None:
    """Return what a program of systemd says, None where it does not work here."""
    try:
        done = run_program(argv, cwd=Path("/"), timeout=_ANSWER_S, check=False)
    except PrintModelsError:
        return None
    return done.text.strip() if done.code == 0 else None


def command(
    folder: Path, what: Spec, by: Keeper, memory: int | None, *, following: tuple[str, ...] | None = None
) -> tuple[list[str], dict[str, str]]:
    """Return the argument list and the added environment of a training's process; `memory` in bytes.

    `following` are the words for the process that follows a training on another machine, None for one of this machine.
    """
    # -P: a workspace may hold a folder called `core` or a file `torch.py`; the process must not import those.
    module = MODULE if following is None else FOLLOWER
    argv = [sys.executable, "-P", "-m", module, os.fspath(folder), *(following or ())]
    if by.name == "systemd":
        unit = f"print-models-{folder.name}-{time.time_ns() // 1_000_000}"
        bound = [f"--property=MemoryMax={memory}"] if memory else []
        scope = ["systemd-run", "--user", "--scope", "--quiet", "--collect", f"--unit={unit}", *bound, "--"]
        argv = [*scope, *argv]
    here = os.fspath(Path(core.__file__).resolve().parents[1])
    threads = str(what.threads)
    env = {
        "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH", "")))),
        "PYTHONUNBUFFERED": "1",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        KEEPER: by.name,
        # Whatever computes beside torch takes no more threads than it does.
        **{f"{one}_NUM_THREADS": threads for one in ("OMP", "MKL", "OPENBLAS")},
    }
    return argv, env


def spawn(
    root: Path,
    folder: Path,
    what: Spec,
    by: Keeper,
    *,
    memory_gb: float,
    following: tuple[str, ...] | None = None,
) -> int:
    """Start the process of a training in the background and return its pid. Raises Lacking."""
    argv, env = command(folder, what, by, figures.memory_limit(memory_gb), following=following)
    try:
        return spawn_detached(argv, cwd=root, log=folder / "train.log", env=env)
    except OSError as error:
        raise explain(error, "starting the training") from error
