"""Networks run by onnxruntime, in this process: quick to start, on hosts without torch.

What always holds: onnxruntime is imported when a network is opened, and nowhere else in this room; a file that keeps
its weights outside of itself is refused; threads are as many as asked. Called by `engines` and by predicting.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.assist.inputs import Input
from core.durable import open_regular
from core.errors import Damaged, Lacking, PrintModelsError
from core.frames.decode import Picture
from core.text import safe

#: Larger than any classifier of torchvision in float32.
_MOST_BYTES = 4 << 30


def installed() -> bool:
    """True where onnxruntime can be imported; it is not."""
    return importlib.util.find_spec("onnxruntime") is not None


class Network:
    """An ONNX file with one input, pictures, and one output, numbers of each."""

    def __init__(self, path: Path, *, threads: int) -> None:
        """Open a file. Raises Lacking (no onnxruntime, no file), Damaged (nothing that onnxruntime runs on pictures)."""
        name = safe(path.name, limit=100)
        if not installed():
            raise Lacking(
                "An ONNX file needs onnxruntime, which is not installed.", "Install it: pip install '.[onnx]'"
            )
        try:
            with open_regular(path) as file:
                data = file.read(_MOST_BYTES)
        except OSError as error:
            raise Lacking(f"{name} can't be read: {safe(str(error.strerror))}.", "Check the path.") from error
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # What is wrong is raised; warnings of a library are nobody's on a terminal.
        options.log_severity_level = 4
        # Threads that wait by spinning would take the processor from those that decode the next pictures, or print.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
            [taken], [given] = self._session.get_inputs(), self._session.get_outputs()
            _, colours, *size = taken.shape
            props = self._session.get_modelmeta().custom_metadata_map
            if colours != 3 or len(size) != 2 or taken.type != "tensor(float)":
                raise ValueError("its input is no picture")
            self.input, self.told = _input(props.get("input"), size), "input" in props
            self._names = taken.name, given.name
            self.dims = int(self._run(np.zeros((1, 3, *self.input.size), np.float32)).shape[1])
        except PrintModelsError:
            raise
        except Exception as error:  # onnxruntime's errors have no class in common
            raise Damaged(
                f"onnxruntime can't run {name}: it is damaged, needs what this version has not, or is no picture's network.",
                "Make the file again.",
                detail=str(error),
            ) from error
        #: What the file says of itself: `made_of`, `classes`, `precision`, `gives`.
        self.props: dict[str, str] = {str(key): str(value) for key, value in props.items()}

    def run(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return the network's numbers of pictures, n x dims."""
        return self._run(self.input.block(pictures))

    def close(self) -> None:
        """Let the network go."""
        del self._session

    def _run(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        found = np.asarray(self._session.run([self._names[1]], {self._names[0]: block})[0], np.float32)
        return found.reshape(len(block), -1)


def _input(told: str | None, size: Sequence[Any]) -> Input:
    """Return the input that a file tells of, else that its shape has; sides that are open are 224 pixels."""
    if told:
        facts = json.loads(told)
        if isinstance(facts, dict):
            return Input.of(facts)
    height, width = (side if isinstance(side, int) and side > 0 else 224 for side in size)
    return Input.of({"size": (height, width)})
