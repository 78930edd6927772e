"""What a network is given: the part its camera's settings name, kept by content, changed only as a camera changes it."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.frames.regions import Part
from core.training.cache import Cache
from core.training.sides import Row, evenly, sides
from core.versions.manifest import Version
from core.workspace import Workspace
from tests.training.small import make_version, make_workspace

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("torchvision", reason="training needs torchvision")

from core.training import augment, data, features, network  # noqa: E402  (only where torch is)
from core.training.devices import Device  # noqa: E402

pytestmark = pytest.mark.xdist_group("torch")
SHAPE = data.Input((32, 64))


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    return make_version(make_workspace(tmp_path_factory.mktemp("inputs") / "ws"))


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "training.db") as made:
        yield made


def read(version: Version, shape: data.Input = SHAPE, cache: Cache | None = None) -> Any:
    both = sides(version)
    rows = (*both.train, *both.validation)
    return data.read(
        version, rows, version.task.classes, shape, threads=1, on_image=lambda done, of: None, cache=cache
    )


class Counting(torch.nn.Module):
    """A frozen part that counts the images it looked at."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        made = network.build("squeezenet1_1", 2)
        self.inner, self.seen = made.features.eval(), 0

    def forward(self, pixels: Any) -> Any:
        self.seen += len(pixels)
        return self.inner(pixels).mean((2, 3))


def inputs(images: Any, cache: Cache | None = None, **more: Any) -> tuple[Any, Counting]:
    before = Counting()
    return features.Inputs(before, images, device=Device("cpu", 1), cache=cache, **more), before


def test_pixels_and_features_of_known_images_are_not_computed_again(
    version: Version, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = read(version, cache=cache)
    first, looked = inputs(images, cache)
    assert looked.seen >= len(images.labels)
    monkeypatch.setattr(data, "_fitted", None)  # nothing may be decoded now
    again = read(version, cache=cache)
    assert torch.equal(again.pixels, images.pixels)
    assert again.grey == images.grey
    second, looked = inputs(again, cache)
    assert (second.recalled, looked.seen) == (len(images.labels), features.BATCH)  # one batch tells the shape
    every = torch.arange(len(images.labels))
    assert torch.equal(first.plain(every), second.plain(every))


def test_a_damaged_entry_is_computed_again_with_the_same_bits(version: Version, tmp_path: Path) -> None:
    path = tmp_path / "training.db"
    with Cache(path) as cache:
        images = read(version, cache=cache)
        whole, _ = inputs(images, cache)
    with sqlite3.connect(path) as other:
        other.execute("UPDATE entry SET data = zeroblob(length(data)) WHERE rowid % 3 = 0")
    other.close()
    with Cache(path) as cache:
        again = read(version, cache=cache)
        mended, looked = inputs(again, cache)
    assert torch.equal(again.pixels, images.pixels)
    assert 0 < mended.recalled < len(images.labels)
    every = torch.arange(len(images.labels))
    assert torch.equal(whole.plain(every), mended.plain(every))
    assert looked.seen < len(images.labels) + features.BATCH


def test_an_image_has_the_same_features_whichever_others_go_with_it(version: Version) -> None:
    images = read(version)
    whole, _ = inputs(images)
    for some in ([0], [3, 1], [7, 2, 9, 4, 11], list(range(len(images.labels)))[::-1]):
        places = torch.tensor(some)
        picked = data.Images(
            images.pixels[places], images.labels[places], tuple(images.grey[p] for p in some),
            tuple(images.oids[p] for p in some), tuple(images.kinds[p] for p in some),
        )  # fmt: skip
        few, _ = inputs(picked)
        assert torch.equal(few.plain(torch.arange(len(some))), whole.plain(places))


def test_another_file_of_the_same_name_is_seen_although_its_pixels_are_known(
    plain: Workspace, cache: Cache
) -> None:
    version = make_version(plain)
    read(version, cache=cache)
    path = version.path / version.items[2].file_name
    path.write_bytes(path.read_bytes()[:-20])
    os.utime(path, (1_700_000_000, 1_700_000_000))
    with pytest.raises(Exception, match="can't be used") as caught:
        read(version, cache=cache)
    assert path.name in str(caught.value)


def test_a_region_is_what_a_network_sees_and_stands_in_the_model(version: Version) -> None:
    region = (0.5, 0.25, 0.5, 0.75)
    shape = data.input_of(version, 64, "resnet18", regions={"printer-timelapses": region})
    assert shape.size == (64, 64)  # 32 of 64 columns, 27 of 36 rows
    images = read(version, shape)
    whole = read(version, data.Input((36, 64)))
    assert not torch.equal(images.pixels, read(version, data.Input((64, 64))).pixels)
    part = whole.pixels[:, :, 9:36, 32:64].float().mean((1, 2, 3))
    seen = images.pixels[:, :, 19:45, 16:48].float().mean((1, 2, 3))
    assert torch.allclose(part, seen, atol=12)
    facts = shape.as_json()
    assert facts["region"] == {"printer-timelapses": list(region)}
    assert data.Input.of(facts) == shape
    assert data.Input.of({**facts, "region": None}).region("printer-timelapses/x.jpg").whole


def test_an_aspect_that_was_asked_for_is_the_inputs_shape(version: Version) -> None:
    assert data.input_of(version, 128, "resnet18", aspect="4:3").size == (96, 128)
    assert data.input_of(version, 128, "resnet18", aspect="3:4").size == (128, 96)
    assert data.input_of(version, 128, "vit_b_16", aspect="4:3").size == (128, 128)


@pytest.mark.parametrize(
    "odd", [[0.5, 0, 0.6, 1], [0, 0, 0, 1], [0, 0, 1], [-0.1, 0, 1, 1], [True, 0, 1, 1], "all"]
)
def test_what_is_no_part_of_a_picture_is_none(odd: Any) -> None:
    assert Part.of(odd) is None


def test_changed_pictures_depend_on_picture_seed_and_number_alone(version: Version) -> None:
    images = read(version)
    pixels, oids = images.pixels[:6], images.oids[:6]
    shown = augment.changed(pixels, augment.draws(oids, 3, 0))
    one = augment.changed(pixels[4:5], augment.draws(oids[4:5], 3, 0))
    assert torch.equal(shown[4], one[0])
    for other in (augment.draws(oids, 4, 0), augment.draws(oids, 3, 1)):
        assert not torch.equal(shown, augment.changed(pixels, other))
    assert 0 <= float(shown.min()) <= float(shown.max()) <= 1


def test_a_change_is_small_and_never_a_mirror_image() -> None:
    pixels = torch.full((1, 3, 40, 60), 60, dtype=torch.uint8)
    pixels[:, :, :20, :20] = 160  # one bright corner
    for number in range(1, 60):
        shown = augment.changed(pixels, augment.draws(["sha256:one"], number, 0))[0].mean(0)
        bright = shown > (shown.min() + shown.max()) / 2
        rows, columns = bright.any(1).nonzero().flatten(), bright.any(0).nonzero().flatten()
        assert (int(rows[0]), int(columns[0])) == (0, 0)
        assert 18 <= int(rows[-1]) <= 21
        assert 17 <= int(columns[-1]) <= 22


def test_no_chance_at_all_shows_a_picture_as_it_is(version: Version) -> None:
    images = read(version)
    still = torch.full((len(images.labels), 5), 0.5, dtype=torch.float64)
    assert torch.allclose(augment.changed(images.pixels, still), images.pixels.float() / 255, atol=3e-3)


def test_kept_features_of_changed_pictures_are_shown_by_turns(version: Version) -> None:
    images = read(version)
    made, looked = inputs(images, augment=True)
    assert looked.seen >= features.VARIANTS * len(images.labels)
    every = torch.arange(len(images.labels))
    shown = [made.changed(every, epoch) for epoch in range(1, 9)]
    assert torch.equal(shown[0], made.changed(every, 1))
    assert len({tuple(block[0].tolist()) for block in shown}) > 1
    plain = made.plain(every)
    as_they_are = [torch.equal(row, own) for block in shown for row, own in zip(block, plain, strict=True)]
    assert 0.1 < sum(as_they_are) / len(as_they_are) < 0.5


def test_a_few_rows_of_many_are_of_every_class() -> None:
    rows = tuple(Row(f"{label}/{n}.jpg", label, "r", "f", None, None) for label in "ab" for n in range(100))
    for most in (1, 2, 7, 64, 300):
        some = evenly(rows, most)
        assert len(some) == min(most, len(rows))
        assert most < 2 or {row.label for row in some} == {"a", "b"}
    assert evenly((), 64) == ()
