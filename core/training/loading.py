"""Weights from a file into torch: the one door, whoever gave the file.

What always holds: the bytes that torch gets are the bytes that `vetting` looked at before; torch reads them with
`weights_only=True` as well. Called in the processes that hold torch: training, evaluation, stripping.
"""

from __future__ import annotations

import io
import json
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import Damaged, Lacking
from core.text import safe
from core.training import vetting
from core.training.held import STATE_KEYS

_KINDS = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64,
    "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip


def load_file(path: Path, *, device: str = "cpu") -> dict[str, Any]:
    """Open a model file without running anything in it. Raises Lacking (absent, an LFS pointer), Damaged."""
    name = safe(path.name, limit=100)
    try:
        if path.stat().st_size > vetting.MOST_BYTES:
            raise Damaged(f"{name} was not loaded: it is larger than any network here.", "Check the path.")
        data = path.read_bytes()
    except OSError as error:
        raise Lacking(f"{name} can't be read: {safe(str(error.strerror))}.", "Check the path.") from error
    return load_bytes(data, name, device=device)


def load_bytes(data: bytes, name: str, *, device: str = "cpu") -> dict[str, Any]:
    """Open the bytes of a model file or a checkpoint; `name` is how it is called in a message. Raises as `load_file`."""
    held = vetting.look_at(memoryview(data), name, numbers=False)
    if held.form == "safetensors":
        return _safetensors(data)
    try:
        with warnings.catch_warnings():  # torch warns of odd files on the way to refusing them
            warnings.simplefilter("ignore")
            found = torch.load(io.BytesIO(data), map_location=device, weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        LookupError,
        OSError,
        TypeError,
    ) as error:
        raise Damaged(
            f"{name} can't be loaded: {safe(str(error), limit=120)}.", "Get the file again."
        ) from error
    if not isinstance(found, Mapping):
        raise Damaged(f"{name} holds no weights.", "Use a file that torch.save wrote of a state dict.")
    return dict(found)


def load_state(path: Path) -> dict[str, Tensor]:
    """Return the weights of a file: a bare state dict, or one below the usual names. Raises as `load_file`."""
    return state_in(load_file(path), safe(path.name, limit=100))


def state_in(found: Mapping[str, Any], name: str) -> dict[str, Tensor]:
    """Return the weights in what `load_file` gave; what a wrapper for several devices put before names is cut off."""
    for key in STATE_KEYS:
        if isinstance(found.get(key), Mapping):
            found = dict(found[key])
            break
    tensors = {str(k).removeprefix("module."): v for k, v in found.items() if isinstance(v, Tensor)}
    if not tensors:
        raise Damaged(f"{name} holds no weights.", "Use a file that torch.save wrote of a state dict.")
    return tensors


def _safetensors(data: bytes) -> dict[str, Any]:
    """Return the tensors of a file that `vetting` found to be one, with every offset in order and within the file."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = bytearray(data[8 + length :])  # torch shares the memory, and wants to be allowed to write there
    found = {}
    for name, told in header.items():
        begin, end = told["data_offsets"]
        kind = _KINDS[told["dtype"]]
        values = (
            torch.frombuffer(body, dtype=kind, count=(end - begin) // kind.itemsize, offset=begin)
            if end > begin
            else torch.empty(0, dtype=kind)
        )
        found[name] = values.reshape(told["shape"]).clone()
    return found
