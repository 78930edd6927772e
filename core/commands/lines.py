"""Sentences of an answer in lines of the terminal's width; where it is no terminal they stay whole, for other programs."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable


def wrapped(sentences: Iterable[str], indent: str = "") -> list[str]:
    """Return sentences, each set in by `indent` and broken between words; the next lines of one are set in further."""
    if not sys.stdout.isatty():
        return [indent + one for one in sentences]
    width = max(30, shutil.get_terminal_size((100, 24)).columns)
    return [
        line
        for one in sentences
        for line in textwrap.wrap(one, width, initial_indent=indent, subsequent_indent=f"{indent}  ")
    ]
