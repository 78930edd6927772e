"""What a network is given: pictures fitted onto a neutral ground, their colours scaled, as one block of numbers.

What always holds: it is what training gives a network of the same `input` (size, mean, deviation, part), so a model
is asked what it learned. Called by the engines that run networks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import Damaged, PrintModelsError
from core.frames.decode import Picture, inspect, read_file
from core.frames.index import FrameIndex
from core.frames.regions import Part, Region
from core.workspace import Workspace

#: Mean and deviation of ImageNet's colours, which every torchvision network was trained with (torchvision's docs).
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_LONGEST, _STEP, _LOOKED_AT = 224, 32, 20


@dataclass(frozen=True, slots=True)
class Input:
    """`size` is (height, width) in pixels, `parts` by source the part of a picture that is looked at; else all of it."""

    size: tuple[int, int] = (224, 224)
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    parts: Mapping[str, Region | Part] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Input:
        """Return what a model file or a record says of its input. Raises Damaged where that makes no sense."""
        try:
            height, width = (int(side) for side in facts["size"])
            mean, std = (tuple(map(float, facts.get(name) or default)) for name, default in _COLOURS)
            parts = {str(name): Part.of(part) for name, part in (facts.get("region") or {}).items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            height, width, mean, std, parts = 0, 0, (), (), {}
        sound = all(32 <= side <= 4096 for side in (height, width)) and len(mean) == len(std) == 3
        if not sound or not all(share > 0 for share in std) or None in parts.values():
            raise Damaged("What this model says of its input makes no sense.", "Train it again.")
        return cls((height, width), mean, std, {k: v for k, v in parts.items() if v is not None})

    @classmethod
    def fitting(cls, workspace: Workspace) -> Input:
        """Return the input that has the shape of the first camera's pictures, or of the part of them that is looked at.

        The longer side is 224 pixels, both are multiples of 32; a square where there is no picture to look at.
        """
        from core.assist.pictures import part_of

        with FrameIndex(workspace) as index:
            for frame in index.first(_LOOKED_AT):
                try:
                    facts = inspect(read_file(workspace.frame_path(frame.key)).data)
                except PrintModelsError:
                    continue
                left, top, right, bottom = part_of(workspace, frame.key).pixels(facts.width, facts.height)
                width, height = right - left, bottom - top
                short = max(_STEP, _STEP * round(_LONGEST * min(width, height) / max(width, height) / _STEP))
                return cls((short, _LONGEST) if width >= height else (_LONGEST, short))
        return cls()

    @property
    def box(self) -> tuple[int, int]:
        """Width and height that a picture is fitted into."""
        return self.size[1], self.size[0]

    def block(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Return pictures as n x 3 x height x width numbers."""
        mean = np.array(self.mean, np.float32) * 255
        shares = 1 / (np.array(self.std, np.float32) * 255)
        found = np.empty((len(pictures), 3, *self.size), np.float32)
        # The ground has the mean colour in whole steps, as the pictures of a training have it.
        found[:] = ((np.rint(mean) - mean) * shares)[None, :, None, None]
        for at, picture in enumerate(pictures):
            high, wide = picture.rows, picture.columns
            top, left = (self.size[0] - high) // 2, (self.size[1] - wide) // 2
            pixels = picture.pixels.transpose(2, 0, 1)
            for colour in range(3):
                part = found[at, colour, top : top + high, left : left + wide]
                np.subtract(pixels[colour], mean[colour], out=part, dtype=np.float32)
                part *= shares[colour]
        return found


_COLOURS = (("mean", MEAN), ("std", STD))
