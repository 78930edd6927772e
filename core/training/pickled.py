"""A pickle read without running it: what plain values and tensors it would build, on paper.

What always holds: nothing a pickle names is imported or called; a name that is none of the few that weights need is
told as code, with that name; a pickle of many opcodes, or one that fits no stack machine, is refused. What comes back
holds descriptions of tensors, never their numbers. Called by `vetting`.
"""

from __future__ import annotations

import io
import pickletools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: More opcodes than the largest network of torchvision needs by far (regnet, 3 000 tensors: 60 000).
MOST_OPCODES = 1_000_000
#: Bytes of a pickle that are looked at; numbers are kept beside it, so none comes near.
MOST_BYTES = 32 << 20
#: Bytes per number of torch's storages.
STORAGES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8, "IntStorage": 4,
    "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1, "ComplexFloatStorage": 8,
    "ComplexDoubleStorage": 16,
}  # fmt: skip
_DTYPES = frozenset(
    [
        "float64",
        "float32",
        "float16",
        "bfloat16",
        "int64",
        "int32",
        "int16",
        "int8",
        "uint8",
        "bool",
        "complex64",
        "complex128",
    ]
)
_REBUILD = ("_rebuild_tensor_v2", "_rebuild_tensor")


class NotPlain(Exception):
    """The pickle is no pickle of weights: why, in a few words. `code` where it would run something."""

    def __init__(self, why: str, *, code: bool = False) -> None:
        super().__init__(why)
        self.why, self.code = why, code


@dataclass(frozen=True, slots=True)
class Name:
    """Something a pickle names: module and name, one of the few that are known."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers kept beside the pickle: their kind, under which key, and how many."""

    kind: str
    key: str
    count: int

    @property
    def width(self) -> int:
        return STORAGES[self.kind]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A view into a storage: from which number on, how many in each direction, how far apart."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def count(self) -> int:
        found = 1
        for length in self.shape:
            found *= length
        return found

    @property
    def end(self) -> int:
        """The number after the last one it looks at, counted from the storage's begin."""
        if not self.count:
            return self.offset
        return self.offset + 1 + sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))


_MARK = object()


def _known(module: str, name: str) -> bool:
    if module == "torch":
        return name in STORAGES or name in _DTYPES or name in ("Size", "device")
    return (module, name) in {
        ("collections", "OrderedDict"),
        ("torch._utils", "_rebuild_tensor_v2"),
        ("torch._utils", "_rebuild_tensor"),
        ("torch._utils", "_rebuild_parameter"),
        ("_codecs", "encode"),
        ("builtins", "set"),
        ("__builtin__", "set"),
    }


def read(data: bytes | memoryview, at: int = 0) -> tuple[Any, int]:
    """Return what the pickle at a place in `data` builds, and the place after it. Raises NotPlain."""
    machine = _Machine()
    stream = io.BytesIO(data[at : at + MOST_BYTES])
    try:
        with warnings.catch_warnings():
            # Of escapes in a text that is none: what is wrong with it is said below.
            warnings.simplefilter("ignore", DeprecationWarning)
            for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
                if count > MOST_OPCODES:
                    raise NotPlain("its pickle has too many steps")
                machine.step(opcode.name, argument)
        return machine.pop(), at + stream.tell()
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise NotPlain("its pickle is damaged") from error


class _Machine:
    """The stack of a pickle; values of others are described, never made."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _PUSHED:
            self.stack.append(argument)
        elif name in _CONSTANT:
            self.stack.append(_CONSTANT[name]())
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[int(argument)])
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self.memo[int(argument)] = self.stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif name in _DONE:
            _DONE[name](self)
        elif name == "GLOBAL":
            self._name(*str(argument).split(" ", 1))
        elif name not in ("PROTO", "FRAME", "STOP"):
            code = name in ("INST", "OBJ", "NEWOBJ", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4")
            raise NotPlain(f"the step {name} of its pickle", code=code)

    def pop(self) -> Any:
        return self.stack.pop()

    def _to_mark(self) -> list[Any]:
        found: list[Any] = []
        while (value := self.stack.pop()) is not _MARK:
            found.append(value)
        return found[::-1]

    def _name(self, module: str, name: str) -> None:
        if not _known(module, name):
            raise NotPlain(f"{module}.{name}", code=True)
        self.stack.append(Name(module, name))

    def _stack_name(self) -> None:
        name, module = self.pop(), self.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise NotPlain("a name that is no text", code=True)
        self._name(module, name)

    def _tuple(self, count: int | None = None) -> None:
        if count is None:
            self.stack.append(tuple(self._to_mark()))
            return
        values = self.stack[-count:]
        if len(values) < count or _MARK in values:
            raise ValueError("too few values")
        del self.stack[-count:]
        self.stack.append(tuple(values))

    def _append(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise NotPlain("a list that is none in its pickle")
        target.extend(values)

    def _one(self) -> list[Any]:
        return [self.pop()]

    def _set_items(self, flat: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(flat) % 2:
            raise NotPlain("a mapping that is none in its pickle")
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            if not isinstance(key, str | int | float | None):
                raise NotPlain("a mapping with keys of another kind")
            target[key] = value

    def _dict(self) -> None:
        flat = self._to_mark()
        self.stack.append({})
        self._set_items(flat)

    def _pair(self) -> list[Any]:
        value, key = self.pop(), self.pop()
        return [key, value]

    def _add(self) -> None:
        members = self._to_mark()
        if type(self.stack[-1]) is not set or not all(isinstance(one, str | int) for one in members):
            raise NotPlain("a set that is none in its pickle")
        self.stack[-1].update(members)

    def _reduce(self) -> None:
        given, what = self.pop(), self.pop()
        if not isinstance(what, Name) or type(given) is not tuple:
            raise NotPlain("a call of what is no name", code=True)
        self.stack.append(_call(what, given))

    def _build(self) -> None:
        """Attributes of a state dict (its `_metadata`) say nothing about weights; other things get none."""
        state, target = self.pop(), self.stack[-1]
        if type(target) is not dict or type(state) is not dict:
            raise NotPlain("attributes set on an object", code=True)

    def _stored(self) -> None:
        told = self.pop()
        if type(told) is not tuple or len(told) < 5 or told[0] != "storage":
            raise NotPlain("a reference that is no storage")
        _, kind, key, _, count = told[:5]
        known = isinstance(kind, Name) and kind.module == "torch" and kind.name in STORAGES
        if not known or not isinstance(key, str) or type(count) is not int or count < 0:
            raise NotPlain("a storage of another kind")
        if len(told) > 5 and told[5] is not None:
            raise NotPlain("a storage that is a part of another one")
        self.stack.append(Storage(kind.name, key, count))


def _call(what: Name, given: tuple[Any, ...]) -> Any:
    """Return what one of the known names makes of its arguments."""
    if what.name in _REBUILD:
        storage, offset, shape, strides = given[:4]
        if not isinstance(storage, Storage):
            raise NotPlain("a tensor without a storage")
        numbers = (offset, *shape, *strides)
        if not all(type(n) is int and 0 <= n < 1 << 62 for n in numbers) or len(shape) != len(strides):
            raise NotPlain("a tensor of no possible shape")
        return Tensor(storage, offset, tuple(shape), tuple(strides))
    if what.name == "_rebuild_parameter":
        if not isinstance(given[0], Tensor):
            raise NotPlain("a parameter without a tensor")
        return given[0]
    if what.name == "OrderedDict":
        made: dict[Any, Any] = {}
        for key, value in given[0] if given else ():
            if not isinstance(key, str | int):
                raise NotPlain("a mapping with keys of another kind")
            made[key] = value
        return made
    if what.name == "Size":
        return tuple(given[0])
    if what.name == "set":
        return set()
    return given[0] if given and isinstance(given[0], str) else None


_PUSHED = frozenset(
    [
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "LONG4",
        "FLOAT",
        "BINFLOAT",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
    ]
)
_CONSTANT: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False, "MARK": lambda: _MARK,
    "EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple, "EMPTY_SET": set,
}  # fmt: skip
_DONE: dict[str, Callable[[_Machine], Any]] = {
    "POP": _Machine.pop,
    "POP_MARK": _Machine._to_mark,
    "DUP": lambda m: m.stack.append(m.stack[-1]),
    "TUPLE": _Machine._tuple,
    "TUPLE1": lambda m: m._tuple(1),
    "TUPLE2": lambda m: m._tuple(2),
    "TUPLE3": lambda m: m._tuple(3),
    "LIST": lambda m: m.stack.append(m._to_mark()),
    "APPEND": lambda m: m._append(m._one()),
    "APPENDS": lambda m: m._append(m._to_mark()),
    "DICT": _Machine._dict,
    "SETITEM": lambda m: m._set_items(m._pair()),
    "SETITEMS": lambda m: m._set_items(m._to_mark()),
    "ADDITEMS": _Machine._add,
    "STACK_GLOBAL": _Machine._stack_name,
    "REDUCE": _Machine._reduce,
    "BUILD": _Machine._build,
    "BINPERSID": _Machine._stored,
}
