"""A checkpoint as an older training left it: weights, and with them the optimizer's memory, three times the size.

The file is the zip archive that `torch.save` writes (a pickle of the structure, one record of raw floats per tensor)
and opens with `torch.load(weights_only=True)`; it is written without torch, which demo files must not need. The
network is a ResNet18 with a quarter of its channels, untrained: a stand-in that costs megabytes, not hundreds. The
older repository is the caller.
"""

from __future__ import annotations

import random
import struct
import zipfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

_WIDTH = 16
#: Names that a checkpoint's pickle asks for: none of them runs anything but putting tensors together.
_REBUILD, _STORAGE, _ORDERED = (
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nFloatStorage\n",
    b"ccollections\nOrderedDict\n",
)


@dataclass(frozen=True, slots=True)
class _Tensor:
    """A tensor of floats: its shape, and the record its numbers lie in."""

    shape: tuple[int, ...]
    record: str


def write_checkpoint(path: Path, *, seed: int, classes: int = 2, optimizer: bool = True) -> None:
    """Write a checkpoint with the keys of older ones; with `optimizer` the two moments of every weight are in it."""
    chance = random.Random(f"weights {seed}")
    block = array("f", (chance.gauss(0.0, 0.05) for _ in range(4096))).tobytes()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        written = 0

        def tensor(shape: tuple[int, ...], *, positive: bool = False) -> _Tensor:
            nonlocal written
            size = 4 * prod(shape)
            data = (block * (size // len(block) + 1))[:size]
            if positive:
                data = array("f", (abs(value) for value in array("f", data))).tobytes()
            archive.writestr(zipfile.ZipInfo(f"archive/data/{written}"), data)
            written += 1
            return _Tensor(shape, str(written - 1))

        weights = {name: tensor(shape, positive="var" in name) for name, shape in _layout(classes)}
        content: dict[str, object] = {
            "epoch": 19,
            "model_state_dict": weights,
            "val_acc": 96.67,
            "val_loss": 0.1123,
        }
        if optimizer:
            learned = [shape for name, shape in _layout(classes) if "running" not in name]
            content["optimizer_state_dict"] = {
                "state": {
                    i: {"step": 100, "exp_avg": tensor(shape), "exp_avg_sq": tensor(shape, positive=True)}
                    for i, shape in enumerate(learned)
                },
                "param_groups": [{"lr": 0.001, "betas": (0.9, 0.999), "params": list(range(len(learned)))}],
            }
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), b"\x80\x02" + _pickled(content) + b".")
        archive.writestr(zipfile.ZipInfo("archive/byteorder"), b"little")
        archive.writestr(zipfile.ZipInfo("archive/version"), b"3\n")


def _layout(classes: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of every weight of a ResNet18, `_WIDTH` channels wide where it has 64."""
    yield from _convolution("conv1", "bn1", 3, _WIDTH, 7)
    inside = _WIDTH
    for stage in range(1, 5):
        outside = _WIDTH * 2 ** (stage - 1)
        for block in range(2):
            at = f"layer{stage}.{block}"
            yield from _convolution(f"{at}.conv1", f"{at}.bn1", inside, outside, 3)
            yield from _convolution(f"{at}.conv2", f"{at}.bn2", outside, outside, 3)
            if inside != outside:
                yield from _convolution(f"{at}.downsample.0", f"{at}.downsample.1", inside, outside, 1)
            inside = outside
    yield "fc.weight", (classes, inside)
    yield "fc.bias", (classes,)


def _convolution(
    name: str, norm: str, inside: int, outside: int, side: int
) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (outside, inside, side, side)
    for part in ("weight", "bias", "running_mean", "running_var"):
        yield f"{norm}.{part}", (outside,)


def _pickled(value: object) -> bytes:
    """Write a value in the opcodes of pickle's protocol 2; tensors as torch refers to them."""
    if isinstance(value, _Tensor):
        strides = tuple(prod(value.shape[i + 1 :]) for i in range(len(value.shape)))
        facts = (_pickled(fact) for fact in (value.record, "cpu", prod(value.shape)))
        storage = _tuple([_pickled("storage"), _STORAGE, *facts])
        parts = [storage + b"Q", *map(_pickled, (0, value.shape, strides)), b"\x89", _ORDERED + b")R"]
        return _REBUILD + _tuple(parts) + b"R"
    if isinstance(value, Mapping):
        items = b"".join(_pickled(key) + _pickled(item) for key, item in value.items())
        return b"}(" + items + b"u"
    if isinstance(value, str):
        data = value.encode()
        return b"X" + struct.pack("<I", len(data)) + data
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, tuple):
        return _tuple([_pickled(item) for item in value])
    if isinstance(value, Sequence):
        return b"](" + b"".join(_pickled(item) for item in value) + b"e"
    raise TypeError(f"a checkpoint holds no {type(value).__name__}")


def _tuple(parts: Sequence[bytes]) -> bytes:
    return b"(" + b"".join(parts) + b"t"
