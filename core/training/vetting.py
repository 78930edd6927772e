"""What a model file holds, told from its bytes alone: before torch, and before anything in it could run.

What always holds: a file is known by its content, whatever it is called; nothing of it is run or unpacked; what would
need code, take up more memory than the file has bytes, or name one thing twice is refused with the reason, within
seconds and little memory. `python -m core.training.vetting FILE` does it in a process with limits; `vet` starts that,
`look` is the inspection itself. Called by every way a model file comes in: adopt, evaluate, --weights, resume, promote.
"""

from __future__ import annotations

import json
import mmap
import os
import stat
import sys
from pathlib import Path
from typing import Any

from core.durable import explain
from core.errors import Damaged, Lacking, PrintModelsError
from core.frames.worker import allow, limit
from core.process import run
from core.storage.lfs import POINTER_LIMIT, parse_pointer
from core.text import safe
from core.training import archives
from core.training.held import Held
from core.training.pickled import NotPlain

#: Seconds of processor time and bytes of memory, beside the file's own, that looking at a file may take.
SECONDS, MEMORY = 5, 400 << 20
#: Larger than any classifier of torchvision (vit_h_14, 2.5 GB).
MOST_BYTES = 4 << 30
_PLAIN = "Use a file that torch.save wrote of a state dict: torch.save(model.state_dict(), FILE)"


def vet(path: Path) -> Held:
    """Return what a model file holds; looked at in a process of its own with limits on time and memory.

    Raises Lacking (absent, an LFS pointer), Damaged (code, a bomb, a damaged file, numbers that are not finite).
    """
    name = safe(path.name, limit=100)
    argv = [sys.executable, "-P", "-m", "core.training.vetting", os.path.abspath(path)]
    done = run(argv, cwd=Path(__file__).parents[2], check=False, timeout=60)
    try:
        told = json.loads(done.text)
    except ValueError as error:
        raise Damaged(
            f"{name} was not loaded: looking at it took more than {SECONDS} s or {MEMORY >> 20} MB.",
            _PLAIN,
            detail=done.err,
        ) from error
    if "what" in told:
        kind = Lacking if told["code"] == Lacking.exit_code else Damaged
        raise kind(told["what"], told["remedy"])
    return Held.of(told)


def look(path: Path, *, numbers: bool = True) -> Held:
    """Inspect a model file in this process; without `numbers` whether they are finite is not looked at.

    Raises as `vet`.
    """
    name = safe(path.name, limit=100)
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            at = os.fstat(file)
            if not stat.S_ISREG(at.st_mode):
                raise Lacking(f"{name} is no file.", "Check the path.")
            if at.st_size == 0:
                raise Damaged(f"{name} is empty.", "Get the file again.")
            if at.st_size > MOST_BYTES:
                raise Damaged(f"{name} was not loaded: it is larger than any network here.", _PLAIN)
            # Not closed by hand: an error on its way holds parts of it, and the last of them lets it go.
            return look_at(memoryview(mmap.mmap(file, 0, prot=mmap.PROT_READ)), name, numbers=numbers)
        finally:
            os.close(file)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise Lacking(f"{name} is not there.", "Check the path.") from error
        raise explain(error, f"reading {name}") from error


def look_at(data: memoryview, name: str, *, numbers: bool = True) -> Held:
    """Inspect the bytes of a model file; `name` is how it is called in a message. Raises as `vet`."""
    if len(data) <= POINTER_LIMIT and parse_pointer(bytes(data)) is not None:
        raise Lacking(
            f"{name} is a Git LFS pointer, not the weights.", f"Get it: git lfs pull --include '*{name}'"
        )
    try:
        return archives.inspect(data, numbers=numbers)
    except NotPlain as error:
        why = f"contains code ({error.why}), and nothing of it was run" if error.code else error.why
        raise Damaged(f"{name} was not loaded: {safe(why, limit=200)}.", _PLAIN) from error


def main() -> int:
    """Look at one file within limits; what it holds, or what is wrong with it, is one JSON object on standard output."""
    path = Path(sys.argv[1])
    try:
        size = min(path.stat().st_size, MOST_BYTES)
    except OSError:
        size = 0
    limit(MEMORY + size)
    allow(SECONDS)
    answer: dict[str, Any]
    try:
        answer = look(path).as_json()
    except PrintModelsError as error:
        answer = {"what": error.what, "remedy": error.remedy, "code": error.exit_code}
    except MemoryError:
        return 1
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
