"""A camera folder of its own for each test that asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.assist.rooms import Room, make_room


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return make_room(tmp_path)
