"""How the tests are spread over several processes: what is built once for a whole file is built in one of them.

A file with a fixture of the module's, or with a mark `xdist_group`, stays together; every other test goes to whoever is
free. pytest-xdist finds groups by a suffix that it puts behind the ids of tests, which newer releases of pytest no longer
let it do: all tests of a group then run anywhere, and each process builds the same thing anew. So the files are asked
here. Called by tests/conftest.py, in the process that hands the tests out.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadScopeScheduling

#: A mark with the name of a group, which may span files.
_GROUP = re.compile(r'\bxdist_group\("([\w-]+)"\)')
#: Something that a file builds for all of its tests.
_ONCE = re.compile(r'^@pytest\.fixture\(.*\bscope="module"', re.MULTILINE)


class TogetherScheduling(LoadScopeScheduling):
    """Give out whole groups first, the ones with most tests before the others, then all other tests one by one."""

    def __init__(self, config: Any, log: Any = None) -> None:
        super().__init__(config, log)
        self._root: Path = config.rootpath

    def _split_scope(self, nodeid: str) -> str:
        return group_of(self._root / nodeid.partition("::")[0]) or nodeid


@cache
def group_of(path: Path) -> str:
    """Return the name of the group that the tests of a file belong to; empty where each may run anywhere."""
    text = path.read_text("utf-8")
    named = _GROUP.search(text)
    if named:
        return named[1]
    return str(path) if _ONCE.search(text) else ""
