"""The forms a file of weights may have: torch's zip, torch's form before 1.6, safetensors; each read on paper.

What always holds: an archive's directory, local headers and sizes agree with each other and with the file's length
before one entry is looked at; no entry is unpacked but to see whether a stranger's zip hides code; a tensor lies
within its storage and is no larger than it. Called by `vetting`, which puts what is raised into words.
"""

from __future__ import annotations

import io
import itertools
import json
import math
import pickletools
import re
import struct
import sys
import zipfile
import zlib
from typing import Any

from core.human import size
from core.training import pickled
from core.training.held import Held, held, storages_of
from core.training.pickled import NotPlain, Storage, Tensor

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_MOST_ENTRIES, _MOST_HEADER = 20_000, 8 << 20
#: Bytes of a stranger's zip entry that are looked at for code, and how many entries, how deep.
_SNIFF, _SNIFFED, _DEEP = 4 << 20, 16, 2
_SAFE_KINDS = {
    "F64": "DoubleStorage", "F32": "FloatStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage", "I64": "LongStorage",
    "I32": "IntStorage", "I16": "ShortStorage", "I8": "CharStorage", "U8": "ByteStorage", "BOOL": "BoolStorage",
}  # fmt: skip
_OWN = re.compile(r"data\.pkl|data/[^/]+|version|byteorder|\.format_version|\.storage_alignment|\.data/[^/]+")


def inspect(data: memoryview, *, numbers: bool) -> Held:
    """Return what the bytes of a model file hold. Raises NotPlain."""
    if bytes(data[:4]) == b"PK\x03\x04":
        return _zip(data, numbers)
    if bytes(data[257:262]) == b"ustar":
        raise NotPlain(
            "it has the form of torch before 0.1.10 (tar), which can't be opened without running it"
        )
    if len(data) > 8 and bytes(data[8:9]) == b"{":
        return _safetensors(data, numbers)
    try:
        first, at = pickled.read(data)
    except NotPlain as error:
        # A text that happens to begin like a pickle is no code: only what reads as a pickle to its end is.
        if error.code and (bytes(data[:1]) == b"\x80" or _is_pickle(data)):
            raise
        raise NotPlain("it is no file of weights") from error
    if first != _MAGIC:
        raise NotPlain("it is no file of weights")
    return _legacy(data, at, numbers)


def _is_pickle(data: memoryview) -> bool:
    try:
        steps = pickletools.genops(io.BytesIO(data[: pickled.MOST_BYTES]))
        return bool(sum(1 for _ in itertools.islice(steps, pickled.MOST_OPCODES)))
    except (ValueError, LookupError, OverflowError):
        return False


class _Bytes(io.RawIOBase):
    """A memoryview as a file, without a copy."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, len(self._data))[whence])
        return self._at

    def read(self, count: int | None = -1) -> bytes:
        end = len(self._data) if count is None or count < 0 else self._at + count
        found = bytes(self._data[self._at : end])
        self._at += len(found)
        return found


def _zip(data: memoryview, numbers: bool, depth: int = 0) -> Held:
    try:
        archive = zipfile.ZipFile(_Bytes(data))
    # NotImplementedError is what zipfile raises of an archive packed in a way it can't read.
    except (zipfile.BadZipFile, ValueError, LookupError, struct.error, NotImplementedError) as error:
        raise NotPlain("its zip directory is damaged or cut short") from error
    entries = {info.filename: info for info in archive.infolist()}
    root = next(
        (name.removesuffix("data.pkl") for name in entries if re.fullmatch(r"[^/]+/data\.pkl", name)), None
    )
    if root is None:
        _sniff(archive, depth)
        raise NotPlain("it is a zip, but none that holds weights")
    if any(name.startswith((f"{root}code/", f"{root}constants.pkl")) for name in entries):
        raise NotPlain("a TorchScript program", code=True)
    _require_plain(archive, root)
    places = _places(data, archive)
    main = places[f"{root}data.pkl"]
    found, end = pickled.read(main)
    if end != len(main):
        raise NotPlain("something stands behind its pickle")
    order = bytes(places.get(f"{root}byteorder", memoryview(b""))).decode("ascii", "replace")
    storages = {
        name.removeprefix(f"{root}data/"): place
        for name, place in places.items()
        if name.startswith(f"{root}data/")
    }
    return held("zip", found, storages, len(data), numbers and order in ("", sys.byteorder))


def _require_plain(archive: zipfile.ZipFile, root: str) -> None:
    """Refuse an archive that torch.save did not write so: packed, doubled, encrypted or foreign entries."""
    infos = archive.infolist()
    if len(infos) > _MOST_ENTRIES:
        raise NotPlain(f"its zip has {len(infos)} entries")
    seen = set()
    for info in infos:
        if info.filename in seen:
            raise NotPlain(f"its zip has two entries {info.filename}")
        seen.add(info.filename)
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise NotPlain(
                f"it is packed: {size(info.compress_size)} would become {size(info.file_size)}, and torch.save packs nothing"
            )
        if (
            info.flag_bits & 1
            or not info.filename.startswith(root)
            or not _OWN.fullmatch(info.filename[len(root) :])
        ):
            raise NotPlain(f"its zip has an entry {info.filename}, which torch.save does not write")


def _places(data: memoryview, archive: zipfile.ZipFile) -> dict[str, memoryview]:
    """Return where the bytes of each entry lie; local headers and directory have to say the same, nothing twice."""
    places, before = {}, 0
    for info in sorted(archive.infolist(), key=lambda one: one.header_offset):
        at = info.header_offset
        header = bytes(data[at : at + 30])
        if at < before or len(header) < 30 or header[:4] != b"PK\x03\x04" or (before == 0 and at != 0):
            raise NotPlain("its zip entries lie over each other")
        flags, how = struct.unpack("<HH", header[6:10])
        packed, whole, name_length, extra_length = struct.unpack("<IIHH", header[18:30])
        name = bytes(data[at + 30 : at + 30 + name_length])
        begin = at + 30 + name_length + extra_length
        streamed = bool(flags & 8) and packed == whole == 0
        large = packed == whole == 0xFFFFFFFF
        if name != info.orig_filename.encode("utf-8", "surrogateescape") or how != info.compress_type:
            raise NotPlain("its zip names an entry in two ways")
        if not (streamed or large) and (packed, whole) != (info.compress_size, info.file_size):
            raise NotPlain("its zip gives an entry two sizes")
        before = begin + info.file_size
        if before > archive.start_dir:
            raise NotPlain("its zip is cut short")
        places[info.filename] = data[begin:before]
    return places


def _sniff(archive: zipfile.ZipFile, depth: int) -> None:
    """Raise where a zip that holds no weights hides code: a pickle, or another archive, in one of its first entries."""
    for info in archive.infolist()[:_SNIFFED]:
        try:
            with archive.open(info) as entry:
                found = memoryview(entry.read(_SNIFF))
        except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError):
            continue
        try:
            if bytes(found[:4]) == b"PK\x03\x04" and depth < _DEEP:
                _zip(found, False, depth + 1)
            elif bytes(found[:1]) == b"\x80" or _is_pickle(found):
                pickled.read(found)
        except NotPlain as error:
            if error.code:
                raise


def _legacy(data: memoryview, at: int, numbers: bool) -> Held:
    """Torch before 1.6: five pickles one after the other, then the numbers of each storage behind their count."""
    protocol, at = pickled.read(data, at)
    system, at = pickled.read(data, at)
    found, at = pickled.read(data, at)
    keys, at = pickled.read(data, at)
    if protocol != _PROTOCOL or not isinstance(system, dict) or not isinstance(keys, list):
        raise NotPlain("it is no file of weights")
    widths = {one.key: one.width for one in storages_of(found)}
    storages = {}
    for key in keys:
        if not isinstance(key, str) or key not in widths or at + 8 > len(data):
            raise NotPlain("its storages are not those its pickle names")
        count = int.from_bytes(data[at : at + 8], "little", signed=True)
        end = at + 8 + count * widths[key]
        if count < 0 or end > len(data):
            raise NotPlain("it is cut short")
        storages[key] = data[at + 8 : end]
        at = end
    little = bool(system.get("little_endian", True)) == (sys.byteorder == "little")
    return held("legacy", found, storages, len(data), numbers and little)


def _safetensors(data: memoryview, numbers: bool) -> Held:
    """https://huggingface.co/docs/safetensors: a JSON header behind its length, then every tensor without a gap."""
    length = int.from_bytes(data[:8], "little")
    if length > _MOST_HEADER:
        raise NotPlain(f"its header claims {size(length)}")
    if length > len(data) - 8:
        raise NotPlain("it is cut short")
    try:
        header = json.loads(
            bytes(data[8 : 8 + length]).decode("utf-8"), object_pairs_hook=_once, parse_constant=_no
        )
    except (ValueError, RecursionError) as error:
        raise NotPlain("its header is no JSON object with each key once") from error
    if not isinstance(header, dict):
        raise NotPlain("its header is no JSON object")
    plain = header.pop("__metadata__", {})
    state: dict[str, Tensor] = {}
    storages: dict[str, memoryview] = {}
    body, reached = data[8 + length :], 0
    if not isinstance(plain, dict) or not all(isinstance(one, dict) for one in header.values()):
        raise NotPlain("its header describes no tensors")
    try:
        for name, told in sorted(header.items(), key=lambda one: one[1]["data_offsets"]):
            kind, shape, (begin, end) = _SAFE_KINDS[told["dtype"]], tuple(told["shape"]), told["data_offsets"]
            if (
                not all(type(n) is int and n >= 0 for n in (*shape, begin, end))
                or begin != reached
                or end > len(body)
            ):
                raise NotPlain(f"its tensor {name} lies outside the file or over another")
            storage = Storage(kind, name, (end - begin) // pickled.STORAGES[kind])
            state[name] = Tensor(
                storage, 0, shape, tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))
            )
            if state[name].count * storage.width != end - begin:
                raise NotPlain(f"its tensor {name} has another size than its shape")
            storages[name], reached = body[begin:end], end
    except (KeyError, TypeError, ValueError) as error:
        raise NotPlain("its header describes no tensors") from error
    if reached != len(body):
        raise NotPlain("it has bytes that belong to no tensor")
    whole = held("safetensors", state, storages, len(data), numbers)
    return Held(whole.form, whole.keys, whole.tensors, {k: v for k, v in plain.items() if isinstance(v, str)})


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice")
    return made


def _no(constant: str) -> Any:
    raise ValueError(constant)
