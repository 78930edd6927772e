"""From a file to pixels: bytes read once, checked, hashed, decoded small.

What always holds: the bytes shown are the bytes hashed, and a file that is no whole picture is an error with its
reason, never a black picture. The app shows `load`, labelling checks with `inspect`, versions measure `brightness`,
from `small_grey` it is measured what changes.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.frames.check import (
    FileBytes,
    ImageFacts,
    Unreadable,
    at_rest,
    being_written,
    inspect,
    read_file,
    read_image,
)
from core.frames.regions import WHOLE, Part, Region
from core.text import safe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

__all__ = [
    "FileBytes",
    "ImageFacts",
    "Picture",
    "Unreadable",
    "brightness",
    "inspect",
    "jpeg",
    "load",
    "read_file",
    "read_image",
    "small_grey",
]


@dataclass(frozen=True, slots=True)
class Picture:
    """Decoded pixels (right side up, red, green, blue, row by row; `columns` x `rows` of them) and facts of the file.

    `width` and `height` are its full size as shown, `size` its bytes, `oid` their hash; `mtime_ns` is the file's when
    it was read; `note` says what is odd about the file, or is empty.
    """

    rgb: bytes = field(repr=False)
    columns: int
    rows: int
    width: int
    height: int
    size: int
    oid: str
    format: str = "JPEG"
    mtime_ns: int = 0
    note: str = ""

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The pixels as an array (rows x columns x 3, uint8) that can't be written to."""
        import numpy as np

        return np.frombuffer(self.rgb, dtype=np.uint8).reshape(self.rows, self.columns, 3)


#: What a picture says of its file, beside its pixels.
FACTS = ("columns", "rows", "width", "height", "size", "oid", "format", "mtime_ns", "note")


def load(
    path: Path,
    box: tuple[int, int] | None = None,
    *,
    root: Path | None = None,
    settled: bool = False,
    region: Region | Part = WHOLE,
) -> Picture:
    """Read, check and decode one picture, or a part of it, scaled down to fit `box` (width, height in pixels).

    Raises Unreadable; a file that was written within the last two seconds "is being written", where it is not whole
    and, with `settled`, in any case.
    """
    return picture(read_file(path, root=root), path.name, box, settled=settled, region=region)


def picture(
    file: FileBytes,
    name: str,
    box: tuple[int, int] | None = None,
    *,
    settled: bool = False,
    region: Region | Part = WHOLE,
) -> Picture:
    """Check and decode a file's bytes, as `load` does."""
    if settled and not at_rest(file.mtime_ns):
        raise being_written(safe(name, limit=80))
    try:
        facts = inspect(file.data)
        image, turned = (
            _image(file.data, facts, box) if region.whole else _part(file.data, facts, box, region)
        )
    except Unreadable as error:
        if not error.missing and not at_rest(file.mtime_ns):
            raise being_written(safe(name, limit=80)) from error
        raise
    width, height = (facts.height, facts.width) if turned else (facts.width, facts.height)
    is_png = name.lower().endswith(".png")
    note = "" if (facts.format == "PNG") == is_png else f"a {facts.format} picture by its content"
    columns, rows = image.size
    return Picture(
        image.tobytes(),
        columns,
        rows,
        width,
        height,
        len(file.data),
        file.oid,
        facts.format,
        file.mtime_ns,
        note,
    )


def jpeg(picture: Picture, quality: int) -> bytes:
    """Return decoded pixels as a JPEG file of that quality (1 to 95), without any of the facts of the file they came from."""
    from PIL import Image

    out = io.BytesIO()
    image = Image.frombytes("RGB", (picture.columns, picture.rows), picture.rgb)
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def brightness(data: bytes) -> float:
    """Return the mean grey of a picture, 0 to 255, from a decoding at 1/8. Raises Unreadable."""
    facts = inspect(data)
    image = _opened(data, (max(1, facts.width // 8), max(1, facts.height // 8)), grey=True)
    grey = image if image.mode == "L" else _eight_bit(image).convert("L")
    # From the histogram: exact, and without numpy.
    return sum(level * times for level, times in enumerate(grey.histogram())) / (grey.width * grey.height)


def small_grey(file: FileBytes, name: str, size: tuple[int, int]) -> bytes:
    """Return the picture of a file at rest, as small as `size` (width, height in pixels, whatever its shape).

    Greys row by row, each the mean of what it stands for; a JPEG is decoded at 1/8. Raises Unreadable.
    """
    from PIL import Image

    if not at_rest(file.mtime_ns):
        raise being_written(safe(name, limit=80))
    inspect(file.data)
    image = _opened(file.data, size, grey=True)
    grey = image if image.mode == "L" else _eight_bit(image).convert("L")
    return grey.resize(size, Image.Resampling.BOX).tobytes()


def _opened(data: bytes, small: tuple[int, int] | None, *, grey: bool = False) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            # The cap on pixels is `inspect`'s; a second one that only warns would end on the screen.
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
            if small is not None:
                image.draft("L" if grey else "RGB", small)
            image.load()
            return image
    except (OSError, SyntaxError, ValueError, struct.error, UnidentifiedImageError, MemoryError) as error:
        reason = safe(str(error), limit=120) or type(error).__name__
        raise Unreadable(
            f"The picture is damaged and can't be decoded ({reason}).", "It can't be used as a frame."
        ) from error
    except Image.DecompressionBombError as error:
        raise Unreadable(
            "The picture claims more pixels than is safe to decode.", "It is left alone."
        ) from error


def _part(
    data: bytes, facts: ImageFacts, box: tuple[int, int] | None, region: Region | Part
) -> tuple[Image.Image, bool]:
    """Return a part of the picture as `_image` returns all of it; decoded as finely as the part is shown."""
    turn = _orientation(data)
    width, height = (facts.height, facts.width) if turn >= 5 else (facts.width, facts.height)
    left, top, right, bottom = region.pixels(width, height)
    scale = 1.0 if box is None else min(1.0, box[0] / (right - left), box[1] / (bottom - top))
    whole = (max(1, round(facts.width * scale)), max(1, round(facts.height * scale)))
    image = _turned(_eight_bit(_opened(data, whole)), turn)
    part = image.crop(region.pixels(*image.size)).convert("RGB")
    small = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    return _fitted(part, small), turn >= 5


def _image(data: bytes, facts: ImageFacts, box: tuple[int, int] | None) -> tuple[Image.Image, bool]:
    """Return the picture fitted into `box` as RGB, and whether it was turned by a quarter."""
    turn = 1
    if box is not None:
        # Which way up is read from the header first, so that a portrait picture is fitted the way it is shown.
        turn = _orientation(data)
        fit_box = (box[1], box[0]) if turn >= 5 else box
        scale = min(1.0, fit_box[0] / facts.width, fit_box[1] / facts.height)
        small = (max(1, round(facts.width * scale)), max(1, round(facts.height * scale)))
        image = _opened(data, small)
    else:
        image = _opened(data, None)
        turn = _orientation(data)
        small = image.size
    image = _eight_bit(image)
    if image.mode not in ("RGB", "L"):
        image = image.convert("RGB")
    return _turned(_fitted(image, small), turn).convert("RGB"), turn >= 5


def _fitted(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    from PIL import Image as Pillow

    return image if image.size == size else image.resize(size, Pillow.Resampling.BILINEAR, reducing_gap=2.0)


def _turned(image: Image.Image, orientation: int) -> Image.Image:
    """Return a picture right side up, by its EXIF orientation, 1 to 8."""
    from PIL import Image as Pillow

    moves = {
        2: Pillow.Transpose.FLIP_LEFT_RIGHT,
        3: Pillow.Transpose.ROTATE_180,
        4: Pillow.Transpose.FLIP_TOP_BOTTOM,
        5: Pillow.Transpose.TRANSPOSE,
        6: Pillow.Transpose.ROTATE_270,
        7: Pillow.Transpose.TRANSVERSE,
        8: Pillow.Transpose.ROTATE_90,
    }
    return image.transpose(moves[orientation]) if orientation in moves else image


def _orientation(data: bytes) -> int:
    """Return the EXIF orientation, 1 to 8; a picture whose EXIF makes no sense is taken as it lies."""
    if data[:2] == b"\xff\xd8" and b"Exif\0\0" not in data[: 1 << 17]:
        return 1
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
                turn = image.getexif().get(0x0112, 1)
    except (
        Exception
    ):  # the parser of a foreign header: whatever it trips over, the picture itself may be whole
        return 1
    return turn if isinstance(turn, int) and 1 <= turn <= 8 else 1


def _eight_bit(image: Image.Image) -> Image.Image:
    """Return 16-bit greys scaled to 8 bits; `convert` would clip them to white."""
    if not image.mode.startswith("I"):
        return image
    import numpy as np
    from PIL import Image

    return Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
