"""`python -m benchmarks [NAME…]`: measure, print, and put what was measured into RESULTS.md.

A name measures one topic and replaces its part of the report; without a name everything is measured.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from datetime import date
from importlib import import_module
from pathlib import Path

from benchmarks.measure import Topic, machine

TOPICS = (
    "start",
    "memory",
    "labels",
    "decisions",
    "suggestions",
    "queues",
    "export",
    "many",
    "commands",
    "pictures",
    "changes",
    "keys",
    "link",
    "training",
    "predict",
)
REPORT = Path(__file__).with_name("RESULTS.md")
_HEAD = """# Measured

Written by `make bench`; each table by one run, ours and what it is compared with measured in turns. Medians, with the
middle half of the samples. Absolute times are those of one machine, busy or not; the ratios are the point.
"""


def part(name: str, topic: Topic) -> str:
    """Return a topic as text, between two marks that a later run finds again."""
    lines = [f"<!-- {name} -->", f"## {topic.title}", ""]
    lines += ["| what | ours | against | its time | ratio | bar |", "|---|---|---|---|---|---|"]
    for row in topic.rows:
        lines.append(
            f"| {row.what} | {row.ours} | {row.against} | {row.other or ''} | {row.ratio} | {row.bar} |"
        )
    lines += ["", *topic.notes, "", f"{date.today().isoformat()}: {machine()[0]}  ", f"{machine()[1]}", ""]
    return "\n".join([*lines, f"<!-- end of {name} -->"])


def parts_of(report: str) -> dict[str, str]:
    """Return the parts of an earlier report by name."""
    found = re.finditer(r"<!-- (\w+) -->.*?<!-- end of \1 -->", report, re.DOTALL)
    return {match[1]: match[0] for match in found}


def main(names: list[str]) -> int:
    """Measure the topics named, or all."""
    unknown = [name for name in names if name not in TOPICS]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}. Use one of: {', '.join(TOPICS)}.", file=sys.stderr)
        return 2
    os.environ.update(GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="Ana", GIT_AUTHOR_EMAIL="ana@example.org")
    os.environ.update(GIT_COMMITTER_NAME="Ana", GIT_COMMITTER_EMAIL="ana@example.org", PRINT_MODELS_WHO="ana")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # with it every start compiles all modules anew
    parts = parts_of(REPORT.read_text()) if REPORT.exists() else {}
    for name in names or TOPICS:
        print(f"{name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(
            prefix=f"print-models-{name}-", ignore_cleanup_errors=True
        ) as folder:
            parts[name] = part(name, import_module(f"benchmarks.{name}").measure(Path(folder)))
        print(parts[name], flush=True)
        REPORT.write_text("\n".join([_HEAD, *(parts[known] + "\n" for known in TOPICS if known in parts)]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
