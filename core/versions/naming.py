"""The name of every image in a version.

A frame keeps its earlier version's file name, else its own; among new ones in key order the later of a clashing pair
gets `<source>-<day>-<name>`. Names clash where any file system would take them for one: upper and lower case or the
two Unicode forms of an accent make no difference, nor does the class folder (a corrected label moves an image into
the other one). No name is changed in case, overwritten or dropped.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping

from core.errors import Refused
from core.frames.names import day_of, place_name
from core.text import safe

_LONGEST = 255


def folded(name: str) -> str:
    """Return what a file system that folds case and accents makes of a name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def base_names(frames: Iterable[str], before: Mapping[str, str]) -> dict[str, str]:
    """Return the base name of every frame in the version.

    `before` maps frames of the parent version to their base names. Raises Refused where two images would have one
    name on some file system even so, or a name would be too long for any.
    """
    frames = sorted(frames)
    names = {frame: before[frame] for frame in frames if frame in before}
    taken = {folded(name): frame for frame, name in names.items()}
    for frame in frames:
        if frame in names:
            continue
        name = frame.rsplit("/", 1)[-1]
        if folded(name) in taken:
            name = f"{place_name(frame)}-{day_of(frame) or 'undated'}-{name}"
        other = taken.get(folded(name))
        if other is not None:
            raise Refused(
                f"{safe(frame)} and {safe(other)} would have one file name in the version, {safe(name)}.",
                "Rename one of them at its source, or exclude it by name.",
            )
        if len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
            raise Refused(
                f"{safe(frame)} would need a file name of more than {_LONGEST} bytes: {safe(name, limit=80)}.",
                "Rename it at its source, or exclude it by name.",
            )
        names[frame] = name
        taken[folded(name)] = frame
    return names
