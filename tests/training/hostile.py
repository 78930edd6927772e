"""Model files as torch and strangers write them, made byte by byte: no torch, and nothing that could run is ever built.

`plain` gives the bytes of a good file in each form; `ATTACKS` are files that a program which believes them would run,
or fill its memory with.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
FLOATS = struct.pack("<6f", *range(6))


@dataclass(frozen=True)
class Call:
    """A call that a pickle asks for: of a name, with arguments."""

    module: str
    name: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class View:
    """A tensor: of `kind` numbers in the storage `key` of `count`, from `offset` on, of a shape."""

    key: str = "0"
    count: int = 6
    shape: tuple[int, ...] = (2, 3)
    strides: tuple[int, ...] = (3, 1)
    offset: int = 0
    kind: str = "FloatStorage"


def steps(value: Any) -> bytes:
    """Return the steps of a pickle (protocol 2) that build a value."""
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        size = (value.bit_length() + 8) // 8
        return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        text = value.encode()
        return b"X" + struct.pack("<I", len(text)) + text
    if isinstance(value, tuple):
        return b"(" + b"".join(map(steps, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(steps, value)) + b"e"
    if isinstance(value, dict):
        return b"}(" + b"".join(steps(k) + steps(v) for k, v in value.items()) + b"u"
    if isinstance(value, Call):
        return f"c{value.module}\n{value.name}\n".encode() + steps(value.arguments) + b"R"
    assert isinstance(value, View)
    kind = f"ctorch\n{value.kind}\n".encode()
    storage = b"(" + steps("storage") + kind + steps(value.key) + steps("cpu") + steps(value.count) + b"tQ"
    hooks = steps(Call("collections", "OrderedDict"))
    rest = steps(value.offset) + steps(value.shape) + steps(value.strides) + steps(False) + hooks
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + rest + b"tR"


def pickled(value: Any) -> bytes:
    """Return a whole pickle of a value."""
    return b"\x80\x02" + steps(value) + b"."


def archive(entries: Mapping[str, bytes], *, how: int = zipfile.ZIP_STORED, root: str = "archive/") -> bytes:
    """Return a zip of entries below a folder."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as made:
        for name, data in entries.items():
            made.writestr(zipfile.ZipInfo(root + name), data, how)
    return file.getvalue()


def torch_zip(value: Any, storages: Mapping[str, bytes] | None = None, **more: Any) -> bytes:
    """Return a file as torch.save writes it."""
    numbers = {f"data/{key}": data for key, data in (storages or {"0": FLOATS}).items()}
    return archive({"data.pkl": pickled(value), "byteorder": b"little", **numbers, "version": b"3\n"}, **more)


def legacy(value: Any, storages: Mapping[str, bytes] | None = None) -> bytes:
    """Return a file as torch before 1.6 wrote it; its storages hold floats."""
    held = storages if storages is not None else {"0": FLOATS}
    system = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"int": 4}}
    heads = [MAGIC, PROTOCOL, system]
    value_steps = pickled(value).replace(steps("cpu") + steps(6) + b"tQ", steps("cpu") + steps(6) + b"NtQ")
    numbers = b"".join(struct.pack("<q", len(data) // 4) + data for data in held.values())
    return b"".join(map(pickled, heads)) + value_steps + pickled(list(held)) + numbers


def safetensors(header: str | Mapping[str, Any] | None = None, body: bytes = FLOATS) -> bytes:
    """Return a file of safetensors; `header` as text may say what no writer would."""
    usual = {"fc.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    text = (header if isinstance(header, str) else json.dumps(header or usual)).encode()
    return struct.pack("<Q", len(text)) + text + body


STATE = {"fc.weight": View()}
CHECKPOINT = {
    "epoch": 7,
    "model_state_dict": {"fc.weight": View()},
    "optimizer_state_dict": {
        "state": {0: {"exp_avg": View()}},
        "param_groups": [{"lr": 0.001, "params": [0]}],
    },
    "val_acc": 0.97,
    "val_loss": 0.12,
}
PLAIN: dict[str, bytes] = {
    "a state dict": torch_zip(STATE),
    "a checkpoint": torch_zip(CHECKPOINT),
    "a state dict of an old torch": legacy(STATE),
    "a checkpoint of an old torch": legacy(CHECKPOINT),
    "safetensors": safetensors(),
}


def code(mark: Path) -> Call:
    """A call that leaves a mark where it is run."""
    return Call("os", "system", (f"touch {mark}",))


def _evil(form: str, mark: Path) -> bytes:
    call = code(mark)
    return {
        "zip": lambda: torch_zip({"model_state_dict": {"fc.weight": call}}),
        "legacy": lambda: legacy({"state": call}, {}),
        "bare": lambda: pickled(call),
        "bare text": lambda: f"cos\nsystem\n(Vtouch {mark}\ntR.".encode(),
        "nested zip": lambda: archive({"model.pth": torch_zip({"a": call})}, root=""),
        "packed nested zip": lambda: archive(
            {"model.pth": torch_zip({"a": call})}, root="", how=zipfile.ZIP_DEFLATED
        ),
        "renamed .safetensors": lambda: torch_zip({"a": call}),
        "bare .safetensors": lambda: pickled(call),
        "a name put together": lambda: b"\x80\x04" + steps("os") + steps("system") + b"\x93" + steps(("x",)) + b"R.",
        "an object made": lambda: b"\x80\x02csubprocess\nPopen\n(" + steps("true") + b"t\x81.",
        "a script": lambda: archive({"data.pkl": pickled({}), "code/__torch__.py": b"import os", "version": b"3"}),
        "in an optimizer": lambda: torch_zip({"model_state_dict": STATE, "optimizer_state_dict": call}),
        "in the sizes of old torch": lambda: pickled(MAGIC) + pickled(PROTOCOL) + pickled({"a": call}),
        "behind a getattr": lambda: torch_zip({"a": Call("builtins", "getattr", (Call("os", "system"), "x"))}),
    }[form]()  # fmt: skip


EVIL = (
    "zip", "legacy", "bare", "bare text", "nested zip", "packed nested zip", "renamed .safetensors", "bare .safetensors",
    "a name put together", "an object made", "a script", "in an optimizer", "in the sizes of old torch",
    "behind a getattr",
)  # fmt: skip


def evil(form: str, folder: Path) -> tuple[Path, Path]:
    """Write an attack into a folder; return the file, and the mark it would leave if it were run."""
    mark = folder / "ran"
    path = folder / f"evil{'.safetensors' if '.safetensors' in form else '.pth'}"
    path.write_bytes(_evil(form, mark))
    return path, mark


def _many() -> bytes:
    """Nine thousand entries that all claim the same megabyte, as a zip bomb does it."""
    megabyte = {"data.pkl": pickled(STATE), "data/0": FLOATS, "version": b"3\n", "data/1000": bytes(1 << 20)}
    whole = archive(megabyte)
    end = whole.rindex(b"PK\x05\x06")
    total, length, at = struct.unpack("<HII", whole[end + 10 : end + 20])
    last = whole[whole.rindex(b"PK\x01\x02") : end]
    more = b"".join(last.replace(b"data/1000", b"data/%d" % n) for n in range(1001, 9999))
    count, size = total + 8998, length + len(more)
    return whole[:end] + more + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, size, at, 0)


BOMBS: dict[str, Callable[[], bytes]] = {
    "a tensor of 6 GB from 4 KB": lambda: torch_zip(
        {"a": View(count=1000, shape=(1500, 1000, 1000), strides=(0, 0, 1))}, {"0": bytes(4000)}
    ),
    "a storage of 6 GB that is not there": lambda: torch_zip({"a": View(count=1_500_000_000, shape=(6,), strides=(1,))}),
    "a shape beyond all numbers": lambda: torch_zip({"a": View(shape=(1 << 40, 1 << 40), strides=(0, 0))}),
    "a shape below zero": lambda: torch_zip({"a": View(shape=(-2, 3))}),
    "a tensor beyond its storage": lambda: torch_zip({"a": View(offset=3)}),
    "many views of one storage": lambda: torch_zip(
        {f"a{n}": View(count=65536, shape=(65536,), strides=(1,)) for n in range(3000)}, {"0": bytes(65536 * 4)}
    ),
    "a packed zip": lambda: torch_zip({"a": View()}, {"0": bytes(50 << 20)}, how=zipfile.ZIP_DEFLATED),
    "entries over each other": _many,
    "a pickle of many steps": lambda: archive({"data.pkl": b"\x80\x02" + b"}0" * 4_000_000 + b"}."}),
    "a pickle that nests": lambda: archive({"data.pkl": b"\x80\x02" + b"(" * 400_000 + b"t" * 400_000 + b"."}),
    "an old file with a storage of 6 GB": lambda: legacy(STATE)[:-32] + struct.pack("<q", 1_500_000_000) + FLOATS,
    "a mapping that is a list": lambda: archive({"data.pkl": b"\x80\x02]" + steps("a") + steps(1) + b"s."}),
}  # fmt: skip
