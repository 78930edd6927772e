"""A network that is opened when the first picture is asked for, so that answers that are kept cost nothing to look up.

What always holds: it is asked only where the file tells of the input that was said beforehand. Called by `predict`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.assist.inputs import Input
from core.errors import Damaged
from core.frames.decode import Picture


class Asks(Protocol):
    """A network; `told` says whether its file tells of its input."""

    input: Input
    told: bool

    def run(self, pictures: Sequence[Picture]) -> NDArray[np.float32]: ...
    def close(self) -> None: ...


class Later:
    """A network that is started when the first picture is asked for: what is kept needs neither
    torch nor onnxruntime."""

    def __init__(self, input: Input, start: Callable[[], Asks]) -> None:
        """`input` is what is known of its input without asking it; `start` may raise why it can't be asked here."""
        self.input, self._start = input, start
        self._network: Asks | None = None

    def run(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return the network's numbers of pictures, n x dims. Raises what starting it and asking it raise."""
        if self._network is None:
            self._network = self._start()
            if self._network.told and self._network.input != self.input:
                raise Damaged(
                    "This model's file tells of another input than its record.",
                    "Get both as they were: git checkout -- models",
                )
        return self._network.run(pictures)

    def close(self) -> None:
        if self._network is not None:
            self._network.close()
