"""From a version's image files to one block of pixels in memory, checked before anything is learned.

What always holds: every image is read and compared with its recorded hash before epoch 1, and decoded whole, unless a
picture of exactly these bytes was decoded before with the same settings; one that can't be used is named and ends the
training, and nothing ever stands in for it. A picture, or the part of it that its source's settings name, is scaled to
fit the input and centred on a neutral ground; it is never mirrored: the camera is fixed.
Called by the processes that train and evaluate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import PIL
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import Damaged, PrintModelsError
from core.frames.decode import FileBytes, picture, read_file
from core.frames.regions import WHOLE, Part, Region
from core.human import plural
from core.text import safe
from core.training.cache import Cache
from core.training.sides import Row, Sides
from core.versions.manifest import Version

#: Mean and deviation of ImageNet's colours, which every torchvision network was trained with (torchvision's docs).
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_GROUND = tuple(round(255 * value) for value in MEAN)
_SQUARE = ("vit_", "swin_", "maxvit")
_SHOWN = 5
#: Images that are read, looked up and decoded together.
_GROUP = 64
_STEP = 32

Pixels = NDArray[np.uint8]
Opener = Callable[[Row], FileBytes]


@dataclass(frozen=True, slots=True)
class Input:
    """What a network is given: `size` is (height, width) in pixels, `regions` by source the part that is looked at.

    A region is left, top, width and height as shares of the picture; a source without one is seen whole.
    """

    size: tuple[int, int]
    regions: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return it as the model file and the record hold it; `region` None is the whole picture."""
        return {
            "size": list(self.size),
            "mean": list(MEAN),
            "std": list(STD),
            "fit": "letterbox",
            "region": {name: list(part) for name, part in sorted(self.regions.items())} or None,
        }

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Input:
        """Return what a model file or a record says of its input. Raises Damaged where that makes no sense."""
        try:
            height, width = (int(side) for side in facts["size"])
            regions = {str(k): Part.of(v) for k, v in (facts.get("region") or {}).items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            height, width, regions = 0, 0, {}
        if not (32 <= height <= 4096 and 32 <= width <= 4096) or None in regions.values():
            raise Damaged("What this model says of its input makes no sense.", "Train it again.")
        return cls((height, width), {k: tuple(v) for k, v in regions.items() if v is not None})

    def region(self, frame: str) -> Region | Part:
        """Return the part of a frame's picture that is looked at, by its key."""
        found = Part.of(self.regions.get(frame.partition("/")[0]))
        return found if found is not None else WHOLE

    def kind(self, frame: str) -> str:
        """Return in a word all that decides the small pixels of a picture beside its bytes."""
        height, width = self.size
        region = self.region(frame)
        part = "whole" if region.whole else ",".join(f"{share:g}" for share in region)
        return f"pixels 1 {height}x{width} {part} Pillow {PIL.__version__}"


@dataclass(frozen=True, slots=True)
class Images:
    """Decoded images: `pixels` uint8 N x 3 x H x W, `labels` int64 N, `grey` their mean brightness 0 to 255.

    `oids` names the bytes of each, `kinds` what else its pixels come from.
    """

    pixels: Tensor
    labels: Tensor
    grey: tuple[float, ...]
    oids: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def input_of(
    version: Version,
    longest: int,
    architecture: str,
    *,
    regions: Mapping[str, tuple[float, ...]] | None = None,
    aspect: str = "",
) -> Input:
    """Return the input that fits what is looked at in most pictures, or has the shape `aspect` ("16:9") names.

    Its sides are multiples of 32, the longer one `longest`; some networks take squares only.
    """
    held = {name: tuple(part) for name, part in (regions or {}).items()}
    bare = Input((longest, longest), held)
    if architecture.startswith(_SQUARE):
        return bare
    width, height = _shape(version, bare) if not aspect else map(int, aspect.split(":"))
    if not width or not height:
        return bare
    share = min(width, height) / max(width, height)
    short = min(longest, max(_STEP, _STEP * round(longest * share / _STEP)))
    return Input((short, longest) if width >= height else (longest, short), held)


def _shape(version: Version, bare: Input) -> tuple[int, int]:
    """Return width and height of what is looked at in most images of a version, 0 and 0 where nobody knows."""
    shapes: Counter[tuple[int, int]] = Counter()
    for item in version.items:
        if item.width and item.height:
            left, top, right, bottom = bare.region(item.source).pixels(item.width, item.height)
            shapes[right - left, bottom - top] += 1
    # Equal counts are decided by size, so that the order of the items does not matter.
    return max(shapes, key=lambda shape: (shapes[shape], shape)) if shapes else (0, 0)


def read(
    version: Version,
    rows: Sequence[Row],
    classes: Sequence[str],
    shape: Input,
    *,
    threads: int,
    on_image: Callable[[int, int], None],
    cache: Cache | None = None,
    opener: Opener | None = None,
) -> Images:
    """Read, check and decode every image of `rows`, in order; what `cache` holds of these bytes isn't decoded again.

    `opener` finds a picture's bytes, by default below the version's folder. Raises Damaged, or what the first one lacks, naming the images that can't be used; `on_image` hears how far it is.
    """
    kept = cache if cache is not None else Cache(None)
    pixels = np.empty((len(rows), *shape.size, 3), dtype=np.uint8)
    oids: list[str] = []
    problems: list[tuple[Row, PrintModelsError]] = []
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for begin in range(0, len(rows), _GROUP):
            some = rows[begin : begin + _GROUP]
            for place, found in _group(version, some, shape, pool, kept, opener):
                if isinstance(found, PrintModelsError):
                    problems.append((some[place], found))
                    oids.append("")
                else:
                    pixels[begin + place] = found[1]
                    oids.append(found[0])
                on_image(begin + place + 1, len(rows))
    if problems:
        raise _unusable(version, problems, len(rows))
    grey = tuple(float(one.mean()) for one in pixels)
    codes = torch.tensor([classes.index(row.label) for row in rows], dtype=torch.int64)
    # One copy in the layout a network takes; the other is gone when this returns.
    block = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    return Images(block, codes, grey, tuple(oids), tuple(shape.kind(row.source) for row in rows))


def read_sides(
    version: Version, both: Sides, shape: Input, *, threads: int, on_image: Callable[[int, int], None],
    cache: Cache | None = None,
) -> tuple[Images, Images | None]:  # fmt: skip
    """Read train and validation at once, so that every fault of both is named; None without validation images."""
    rows, n = (*both.train, *both.validation), len(both.train)
    every = read(version, rows, version.task.classes, shape, threads=threads, on_image=on_image, cache=cache)
    return part_of(every, slice(0, n)), part_of(every, slice(n, None)) if both.validation else None


def part_of(images: Images, places: slice) -> Images:
    """Return some of the images; they share their pixels with the whole."""
    return Images(
        images.pixels[places], images.labels[places], images.grey[places], images.oids[places],
        images.kinds[places],
    )  # fmt: skip


Found = tuple[str, Pixels] | PrintModelsError


def _group(
    version: Version,
    rows: Sequence[Row],
    shape: Input,
    pool: ThreadPoolExecutor,
    cache: Cache,
    opener: Opener | None,
) -> Iterator[tuple[int, Found]]:
    """Yield for each row its place with oid and pixels, or what is wrong with it."""

    def opened(row: Row) -> tuple[str, FileBytes] | PrintModelsError:
        try:
            inside = version.path / row.file_name
            file = opener(row) if opener is not None else read_file(inside, root=version.path)
            oid = file.oid
            if row.oid not in (None, oid):
                # What is wrong with the picture itself says more than that it is another one.
                picture(file, row.file_name, shape.size)
                return _other_bytes(version)
        except PrintModelsError as error:
            return error
        return oid, file

    files = list(pool.map(opened, rows))
    known: dict[tuple[str, str], bytes] = {}
    for kind in sorted({shape.kind(row.source) for row in rows}):
        asked = [
            f[0]
            for row, f in zip(rows, files, strict=True)
            if isinstance(f, tuple) and shape.kind(row.source) == kind
        ]
        known.update({(kind, oid): data for oid, data in cache.get(kind, asked).items()})
    expected = shape.size[0] * shape.size[1] * 3

    def decoded(place: int) -> Found:
        row, found = rows[place], files[place]
        if isinstance(found, PrintModelsError):
            return found
        oid, file = found
        data = known.get((shape.kind(row.source), oid), b"")
        if len(data) == expected:
            return oid, np.frombuffer(data, dtype=np.uint8).reshape(*shape.size, 3)
        try:
            return oid, _fitted(file, row, shape)
        except PrintModelsError as error:
            return error

    made: dict[str, dict[str, bytes]] = {}
    for place, found in enumerate(pool.map(decoded, range(len(rows)))):
        kind = shape.kind(rows[place].source)
        if isinstance(found, tuple) and len(known.get((kind, found[0]), b"")) != expected:
            made.setdefault(kind, {})[found[0]] = found[1].tobytes()
        yield place, found
    for kind, items in made.items():
        cache.put(kind, items)


def _fitted(file: FileBytes, row: Row, shape: Input) -> Pixels:
    """Return the part of a picture that is looked at, fitted into the input on a neutral ground."""
    height, width = shape.size
    ground = np.empty((height, width, 3), dtype=np.uint8)
    ground[:] = _GROUND
    found = picture(file, row.file_name, (width, height), region=shape.region(row.source)).pixels
    high, wide = found.shape[:2]
    top, left = (height - high) // 2, (width - wide) // 2
    ground[top : top + high, left : left + wide] = found
    return ground


def _other_bytes(version: Version) -> Damaged:
    return Damaged(
        "its bytes are not those of the version.",
        f"Get the version as it was released: git checkout -- datasets/{version.task.name}/{version.name}",
    )


def _unusable(version: Version, problems: list[tuple[Row, PrintModelsError]], total: int) -> PrintModelsError:
    named = "; ".join(
        f"{safe(row.file_name, limit=80)}: {error.what.rstrip('.')}" for row, error in problems[:_SHOWN]
    )
    more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
    first = problems[0][1]
    error = Damaged(
        f"{len(problems)} of {plural(total, 'image')} of {version.task.name}/{version.name} can't be used, "
        f"so nothing was trained: {named}{more}.",
        first.remedy,
    )
    error.exit_code = first.exit_code
    return error


def normalised(pixels: Tensor) -> Tensor:
    """Return pixels (N x 3 x H x W; uint8, or floats from 0 to 1) as floats with ImageNet's mean and deviation."""
    mean = torch.tensor(MEAN, device=pixels.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=pixels.device).view(1, 3, 1, 1)
    shares = pixels if pixels.is_floating_point() else pixels.float() / 255
    return (shares - mean) / std
