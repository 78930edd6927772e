"""From a version's image files to one block of pixels in memory, checked before anything is learned.

What always holds: every image is read, compared with its recorded hash and decoded whole before epoch 1; one that
can't be is named and ends the training, and nothing ever stands in for it. A picture is scaled to fit the input and
centred on a neutral ground, never cropped, never mirrored: the camera is fixed.
Called by the training process only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.errors import Damaged, PrintModelsError
from core.frames.decode import load
from core.human import plural
from core.text import safe
from core.training.sides import Row, Sides
from core.versions.manifest import Version

#: Mean and deviation of ImageNet's colours, which every torchvision network was trained with (torchvision's docs).
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_GROUND = tuple(round(255 * value) for value in MEAN)
_SQUARE = ("vit_", "swin_", "maxvit")
_SHOWN = 5
#: What comes before the trained part is kept in memory up to this many bytes; beyond, it is computed each time.
KEEP_BYTES = 1 << 30
#: Images that go through the frozen part, or validation, at a time.
BATCH = 32


@dataclass(frozen=True, slots=True)
class Input:
    """What a network is given: `size` is (height, width) in pixels."""

    size: tuple[int, int]

    def as_json(self) -> dict[str, object]:
        """Return it as the model file and the record hold it; `region` None is the whole picture."""
        return {
            "size": list(self.size),
            "mean": list(MEAN),
            "std": list(STD),
            "fit": "letterbox",
            "region": None,
        }


@dataclass(frozen=True, slots=True)
class Images:
    """Decoded images: `pixels` uint8 N x 3 x H x W, `labels` int64 N, `grey` their mean brightness 0 to 255."""

    pixels: Tensor
    labels: Tensor
    grey: tuple[float, ...]


def input_of(version: Version, longest: int, architecture: str) -> Input:
    """Return the input that fits the version's commonest shape; sides are multiples of 32, the longer `longest`."""
    shapes = Counter((i.width, i.height) for i in version.items if i.width and i.height)
    if not shapes or architecture.startswith(_SQUARE):
        return Input((longest, longest))
    # Equal counts are decided by size, so that the order of the items does not matter.
    width, height = max(shapes, key=lambda shape: (shapes[shape], shape))
    step, share = 32, min(width, height) / max(width, height)
    short = min(longest, max(step, step * round(longest * share / step)))
    return Input((short, longest)) if width >= height else Input((longest, short))


def read(
    version: Version,
    rows: Sequence[Row],
    classes: Sequence[str],
    shape: Input,
    *,
    threads: int,
    on_image: Callable[[int, int], None],
) -> Images:
    """Read, check and decode every image of `rows`, in order.

    Raises Damaged, or what the first one lacks, naming the images that can't be used; `on_image` hears how far it is.
    """
    pixels = np.empty((len(rows), *shape.size, 3), dtype=np.uint8)
    pixels[:] = _GROUND
    problems: list[tuple[Row, PrintModelsError]] = []

    def one(place: int) -> PrintModelsError | None:
        try:
            _into(pixels[place], version, rows[place])
        except PrintModelsError as error:
            return error
        return None

    with ThreadPoolExecutor(max_workers=threads) as pool:
        for place, error in enumerate(pool.map(one, range(len(rows)))):
            if error is not None:
                problems.append((rows[place], error))
            on_image(place + 1, len(rows))
    if problems:
        raise _unusable(version, problems, len(rows))
    grey = tuple(float(one.mean()) for one in pixels)
    codes = torch.tensor([classes.index(row.label) for row in rows], dtype=torch.int64)
    # One copy in the layout a network takes; the other is gone when this returns.
    block = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    return Images(block, codes, grey)


def read_sides(
    version: Version, both: Sides, shape: Input, *, threads: int, on_image: Callable[[int, int], None]
) -> tuple[Images, Images | None]:
    """Read train and validation at once, so that every fault of both is named; None without validation images."""
    rows, n = (*both.train, *both.validation), len(both.train)
    all_ = read(version, rows, version.task.classes, shape, threads=threads, on_image=on_image)
    train = Images(all_.pixels[:n], all_.labels[:n], all_.grey[:n])
    return train, Images(all_.pixels[n:], all_.labels[n:], all_.grey[n:]) if both.validation else None


def _into(ground: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]], version: Version, row: Row) -> None:
    height, width = ground.shape[:2]
    picture = load(version.path / row.file_name, (width, height), root=version.path)
    if row.oid is not None and picture.oid != row.oid:
        raise Damaged(
            "its bytes are not those of the version.",
            f"Get the version as it was released: git checkout -- datasets/{version.task.name}/{version.name}",
        )
    high, wide = picture.pixels.shape[:2]
    top, left = (height - high) // 2, (width - wide) // 2
    ground[top : top + high, left : left + wide] = picture.pixels


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
    """Return uint8 pixels (N x 3 x H x W) as floats with ImageNet's mean and deviation."""
    mean = torch.tensor(MEAN, device=pixels.device).view(1, 3, 1, 1)
    std = torch.tensor(STD, device=pixels.device).view(1, 3, 1, 1)
    return (pixels.float() / 255 - mean) / std


class Inputs:
    """What the trained part is given for each image: computed once where it fits into memory, else each time."""

    def __init__(
        self, before: nn.Module | None, images: Images, *, device: str, on_batch: Callable[[int], None]
    ) -> None:
        """`before` is the part of the network that stays; `on_batch` hears how many images went through it."""
        self._before, self._images = before, images
        self._device = torch.device(device)
        self.count = len(images.labels)
        self.labels = images.labels.to(self._device)
        self._kept: Tensor | None = None
        if before is None:
            return
        found: list[Tensor] = []
        for places in torch.arange(self.count).split(BATCH):
            found.append(self._compute(places))
            if found[0].numel() * found[0].element_size() // len(found[0]) * self.count > KEEP_BYTES:
                return
            on_batch(sum(len(block) for block in found))
        self._kept = torch.cat(found)

    def _compute(self, places: Tensor) -> Tensor:
        pixels = normalised(self._images.pixels[places].to(self._device))
        if self._before is None:
            return pixels
        with torch.no_grad():
            features: Tensor = self._before(pixels)
        return features

    def batch(self, places: Tensor) -> Tensor:
        """Return the input of the trained part for some images."""
        return self._compute(places) if self._kept is None else self._kept[places]

    def batches(self) -> Iterator[Tensor]:
        """Yield all images in order, a batch at a time."""
        for places in torch.arange(self.count).split(BATCH):
            yield self.batch(places)
