"""What core says to do, as a person in the app does it: a key where there is one, else the whole command.

What always holds: a remedy without a command line's option is left as it is; no option stands alone. Called wherever a
remedy of core's comes to the screens.
"""

from __future__ import annotations

import re

_END = r"(?=$|[.;,)]|\s)"
#: What core says, and what it is here; the first that fits a place counts.
_HERE = tuple(
    (re.compile(pattern), way)
    for pattern, way in (
        (r"print-models release --resume" + _END, "R on the Versions screen"),
        (r"print-models promote [\w.-]+ --because TEXT" + _END, "P on the Training screen, which asks for it"),
        (r"print-models release(?: --task [\w-]+)? --push" + _END, "R on the Versions screen, with p for the push"),
        (r"print-models release(?: --task [\w-]+)?" + _END, "R on the Versions screen"),
        (r"print-models train --resume [\w-]+", "r on the Training screen"),
        (r"\bsend it: --push", "send it: p adds the push"),
        (r"\bwithout --push", "without the push (p)"),
        (r"\bsay --accept-outside", "say yes where the app asks, or: print-models save --accept-outside"),
        (r"by name: print-models export --allow-missing", "by name in a shell: print-models export --allow-missing"),
        (r"\bgive its --version", "in a shell: print-models export --version N"),
    )
)  # fmt: skip
_OPTION = re.compile(r"(?<![\w-])--[a-z]")
_COMMAND = re.compile(r"\b(print-models|git)\b")


def in_app(remedy: str) -> str:
    """Return a remedy with the app's own way in the place of a command's; options alone are said to be a shell's."""
    for pattern, way in _HERE:
        remedy = pattern.sub(way, remedy)
    if _OPTION.search(remedy) and not _COMMAND.search(remedy):
        return f"{remedy} (options of the command in a shell)"
    return remedy
