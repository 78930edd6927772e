"""How much memory a program takes at its peak, said of that program alone.

A child begins as a copy of who starts it, and the system counts that copy: started straight from a test run that has
grown large, every program would seem as large. So a small process stands in between and measures its own child.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

#: Kilobytes on Linux, bytes on macOS.
_UNIT = 1 if sys.platform == "darwin" else 1024
_BETWEEN = (
    "import resource, subprocess, sys\n"
    "code = subprocess.call(sys.argv[2:])\n"
    "open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))\n"
    "sys.exit(code)"
)


def measured(
    argv: Sequence[str | os.PathLike[str]], *, cwd: Path, note: Path
) -> tuple[subprocess.CompletedProcess[str], int]:
    """Run a program; return how it ended and the most memory, in bytes, that it or a child of it held.

    `note` is a file that may be written.
    """
    words = [sys.executable, "-c", _BETWEEN, note, *argv]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=200)
    return done, int(note.read_text()) * _UNIT
