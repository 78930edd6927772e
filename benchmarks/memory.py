"""What the app holds at a million frames and 100 000 labels, against the smallest Textual app; and how it opens there."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.frames import many_names, name_of
from benchmarks.measure import Row, Topic, alternately, new_workspace, program, run, spaced
from benchmarks.start import PICTURE, SIZES, SMALLEST, label_many, memory_of, until_seen


def measure(folder: Path, repeats: int = 2) -> Topic:
    """Open a workspace of a million frames whose index is warm, and look at its memory once it is at rest."""
    app, size = [str(Path(sys.executable).with_name("print-models"))], SIZES[-1]
    smallest = [sys.executable, str(folder / "smallest.py")]
    (folder / "smallest.py").write_text(SMALLEST)
    memory = Path("/dev/shm")
    fast = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None, prefix="print-models-bench-"))
    try:
        many_names(fast / "camera", size)
        root = new_workspace(folder / "ws", fast / "camera")
        run(program("label", "--as", "offline", "printer-timelapses/{}/{}".format(*name_of(0))), root)
        run(program("status"), root)
        label_many(root)
        found = alternately(
            {
                "ours": lambda: until_seen(app, root, PICTURE),
                "smallest": lambda: until_seen(smallest, folder, PICTURE),
            },
            repeats,
        )
        note = memory_of(app, smallest, root, folder, size)
    finally:
        shutil.rmtree(fast, ignore_errors=True)
    what = f"{spaced(size)} frames, many labels, warm index, to the first picture"
    return Topic(
        "Memory at a million frames",
        (Row(what, found["ours"], "the smallest Textual app", found["smallest"], "≤ 2x"),),
        (note,),
    )
