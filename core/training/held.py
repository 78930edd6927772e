"""What a file of weights holds, once every tensor in it is known to fit into the file; described, not loaded.

What always holds: a tensor lies within its storage and is no larger than it, all tensors together are hardly larger
than the file, and every number is finite. Made by `archives` for each form of file; read by who takes a model in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.human import size
from core.text import safe
from core.training.pickled import NotPlain, Storage, Tensor

#: The names under which programs keep a state dict beside other things.
STATE_KEYS = ("model_state_dict", "state_dict", "model")
#: Bytes up to which every number is looked at; torch does it for more when they are put into a network.
_COUNTED = 64 << 20


@dataclass(frozen=True, slots=True)
class Held:
    """What a file of weights holds: its form, its outermost keys, and per tensor of the state its kind and shape.

    `plain` are the outermost values that are text, numbers or lists of them; `left` the keys that are no weights.
    """

    form: str
    keys: tuple[str, ...]
    tensors: dict[str, tuple[str, tuple[int, ...]]]
    plain: dict[str, Any] = field(default_factory=dict)

    @property
    def left(self) -> tuple[str, ...]:
        """The keys of an optimizer, a scheduler, a scaler: what a model version has no use for."""
        return tuple(key for key in self.keys if re.search(r"optim|sched|scaler|amp", key, re.IGNORECASE))

    def as_json(self) -> dict[str, Any]:
        tensors = {name: [kind, list(shape)] for name, (kind, shape) in self.tensors.items()}
        return {"form": self.form, "keys": list(self.keys), "tensors": tensors, "plain": self.plain}

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Held:
        """Return what `as_json` told."""
        tensors = {name: (kind, tuple(shape)) for name, (kind, shape) in told["tensors"].items()}
        return cls(told["form"], tuple(told["keys"]), tensors, dict(told["plain"]))


def held(form: str, found: Any, storages: Mapping[str, memoryview], file: int, numbers: bool) -> Held:
    """Return what a file holds once all of its tensors are known to fit into it."""
    if not isinstance(found, dict):
        raise NotPlain("it holds no weights")
    total = 0
    for one in tensors_of(found):
        place = storages.get(one.storage.key)
        if place is None or len(place) != one.storage.count * one.storage.width:
            raise NotPlain("a tensor's numbers are missing, or of another size than it says")
        if one.count > one.storage.count:
            raise NotPlain(
                f"a tensor would take up {size(min(one.count * one.storage.width, 1 << 60))} "
                f"from {size(len(place))} in the file"
            )
        if one.end > one.storage.count:
            raise NotPlain("a tensor reaches beyond its numbers")
        total += one.count * one.storage.width
    if total > 2 * file + (1 << 20):
        raise NotPlain(f"its tensors would take up {size(total)}, and the file has {size(file)}")
    state = next((found[key] for key in STATE_KEYS if isinstance(found.get(key), dict)), found)
    tensors = {str(key).removeprefix("module."): one for key, one in state.items() if isinstance(one, Tensor)}
    if not any(True for _ in tensors_of(found)):
        raise NotPlain("it holds no weights")
    if numbers and sum(one.count * one.storage.width for one in tensors.values()) <= _COUNTED:
        _require_finite(tensors, storages)
    plain = {safe(str(k), limit=60): v for k, v in found.items() if _plain(v)}
    return Held(
        form,
        tuple(safe(str(key), limit=60) for key in (("state",) if state is found else found)),
        {
            safe(name, limit=120): (one.storage.kind.removesuffix("Storage").lower(), one.shape)
            for name, one in tensors.items()
        },
        plain,
    )


def _plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= 1000 and all(isinstance(one, str | int | float) for one in value)
    return isinstance(value, str | int | float | None) and len(str(value)) <= 1000


def _values(found: Any) -> Iterable[Any]:
    """Yield every value within containers, each container once; without recursion, for a file may nest for ever."""
    seen: set[int] = set()
    left = [found]
    while left:
        one = left.pop()
        if isinstance(one, dict | list | tuple | set):
            if id(one) not in seen:
                seen.add(id(one))
                left.extend(one.values() if isinstance(one, dict) else one)
        else:
            yield one


def tensors_of(found: Any) -> Iterable[Tensor]:
    return (one for one in _values(found) if isinstance(one, Tensor))


def storages_of(found: Any) -> list[Storage]:
    return [
        one.storage if isinstance(one, Tensor) else one
        for one in _values(found)
        if isinstance(one, Tensor | Storage)
    ]


def _require_finite(tensors: Mapping[str, Tensor], storages: Mapping[str, memoryview]) -> None:
    known: dict[str, bool] = {}
    for name, one in tensors.items():
        key = one.storage.key
        if key not in known:
            known[key] = _finite(one.storage.kind, storages[key])
        if not known[key]:
            raise NotPlain(f"{name} holds numbers that are not finite")


def _finite(kind: str, place: memoryview) -> bool:
    if kind in ("HalfStorage", "BFloat16Storage"):
        ones = (
            0x7C00 if kind == "HalfStorage" else 0x7F80
        )  # all bits of the exponent set: infinite, or no number
        return not any(bits & ones == ones for bits in set(place.cast("H")))
    if kind in ("FloatStorage", "DoubleStorage"):
        view = place.cast("f" if kind == "FloatStorage" else "d")
        # A sum is quick, and not finite wherever one number is not; a sum of finite ones may overflow all the same.
        return math.isfinite(sum(view)) or all(map(math.isfinite, view))
    return True
