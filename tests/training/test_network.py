"""The network and its files, in this process: cutting, start weights, hostile files, pictures as the network sees them."""

import io
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

from core.errors import Damaged, Lacking, WrongUsage
from core.training.sides import sides
from core.workspace import Workspace
from tests.training.small import make_version, picture

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("torchvision", reason="training needs torchvision")

from core.training import data, network  # noqa: E402  (only where torch is)

pytestmark = pytest.mark.xdist_group("torch")


def _network(name: str) -> Any:
    torch.manual_seed(0)
    return network.build(name, 2).eval()


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("resnet18", ("layer4", "fc")),
        ("mobilenet_v2", ("features.15", "features.16", "features.17", "features.18", "classifier")),
        ("squeezenet1_1", None),
        pytest.param(
            "densenet121", ("features.denseblock4", "features.norm5", "classifier"), marks=pytest.mark.slow
        ),
        pytest.param("efficientnet_b0", ("features.7", "features.8", "classifier"), marks=pytest.mark.slow),
        pytest.param("shufflenet_v2_x0_5", ("conv5", "fc"), marks=pytest.mark.slow),
        pytest.param("regnet_y_400mf", None, marks=pytest.mark.slow),
        pytest.param("vit_b_16", None, marks=pytest.mark.slow),
        pytest.param("swin_t", None, marks=pytest.mark.slow),
        pytest.param("convnext_tiny", None, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("mode", ["head", "last"])
def test_any_classifier_can_be_cut_and_its_halves_are_the_whole(
    name: str, last: tuple[str, ...] | None, mode: str
) -> None:
    model = _network(name)
    pixels = torch.randn(2, 3, *((224, 224) if name.startswith(("vit", "swin")) else (64, 64)))
    with torch.no_grad():
        whole = model(pixels)
    parts = network.cut(model, mode)
    assert parts.before is not None
    with torch.no_grad():
        assert torch.allclose(parts.trained(parts.before(pixels)), whole, atol=1e-5)
    if mode == "last" and last:
        assert parts.names == last
    learned = {name.rpartition(".")[0] for name, p in model.named_parameters() if p.requires_grad}
    assert learned
    assert all(any(f"{name}.".startswith(f"{part}.") for part in parts.names) for name in learned)
    assert not any(p.requires_grad for p in parts.before.parameters())


def test_what_the_trained_part_learns_is_in_the_whole_network_and_statistics_stay() -> None:
    model = _network("resnet18")
    before = network.plain_state(model)
    parts = network.cut(model, "last")
    network.learn(parts.trained)
    optimizer = torch.optim.SGD([p for p in parts.trained.parameters() if p.requires_grad], lr=0.1)
    loss = parts.trained(parts.before(torch.randn(4, 3, 64, 64))).square().sum()
    loss.backward()
    optimizer.step()
    after = network.plain_state(model)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert "fc.weight" in changed
    assert all(name.startswith(("layer4.", "fc.")) for name in changed)
    assert not any("running" in name for name in changed)


def test_a_network_that_is_not_there_is_named_with_near_ones() -> None:
    with pytest.raises(WrongUsage, match="resnet18"):
        network.build("resnet81", 2)


def _file(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def test_weights_for_other_classes_keep_everything_but_the_head(tmp_path: Path) -> None:
    torch.manual_seed(1)
    many = network.build("resnet18", 1000)
    mine = _network("resnet18")
    head = mine.fc.weight.clone()
    state = network.load_state(_file(tmp_path / "w.pth", {"model_state_dict": many.state_dict(), "epoch": 3}))
    network.fit_state(mine, state, "w.pth")
    assert torch.equal(mine.conv1.weight, many.conv1.weight)
    assert torch.equal(mine.fc.weight, head)


def test_weights_of_another_network_are_refused_by_name(tmp_path: Path) -> None:
    state = network.load_state(_file(tmp_path / "w.pth", _network("squeezenet1_1").state_dict()))
    with pytest.raises(Damaged, match="does not fit this network") as caught:
        network.fit_state(_network("resnet18"), state, "w.pth")
    assert caught.value.exit_code == 3


def test_weights_that_are_not_finite_are_refused() -> None:
    state = _network("resnet18").state_dict()
    state["conv1.weight"] = state["conv1.weight"] * float("nan")
    with pytest.raises(Damaged, match="not finite"):
        network.fit_state(_network("resnet18"), state, "w.pth")


class _Evil:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, tuple[str, ...]]:
        return exec, (f"open({str(self.mark)!r}, 'w').close()",)


@pytest.mark.parametrize("form", ["zip", "legacy", "bare", "nested"])
def test_a_file_with_code_in_it_is_not_run(tmp_path: Path, form: str) -> None:
    mark, path = tmp_path / "ran", tmp_path / "evil.pth"
    evil: object = _Evil(mark)
    if form == "bare":
        path.write_bytes(pickle.dumps(evil))
    else:
        content = {"model_state_dict": {"a": {"b": evil}}} if form == "nested" else evil
        torch.save(content, path, _use_new_zipfile_serialization=form != "legacy")
    with pytest.raises(Damaged, match="not loaded") as caught:
        network.load_state(path)
    assert caught.value.exit_code == 3
    assert not mark.exists()


def test_a_pointer_in_place_of_weights_says_how_to_get_them(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n")
    with pytest.raises(Lacking, match="Git LFS pointer") as caught:
        network.load_state(path)
    assert caught.value.exit_code == 5
    assert "git lfs pull" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 not a zip", bytes(1000)])
def test_what_is_no_file_of_weights_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pth").write_bytes(content)
    with pytest.raises(Damaged):
        network.load_state(tmp_path / "x.pth")


def test_the_same_content_gives_the_same_bytes() -> None:
    state = network.plain_state(_network("squeezenet1_1"))
    first = network.serialise({"model_state_dict": state, "epoch": 1})
    again = {name: value.clone() for name, value in state.items()}
    assert network.serialise({"model_state_dict": again, "epoch": 1}) == first
    loaded = torch.load(io.BytesIO(first[0]), weights_only=True)
    assert torch.equal(loaded["model_state_dict"]["features.0.weight"], state["features.0.weight"])


def _read(workspace: Workspace, **changes: Any) -> Any:
    version = make_version(workspace)
    both = sides(version)
    shape = data.input_of(version, 64, "resnet18")
    return data.read(version, both.train, version.task.classes, shape, threads=2, on_image=lambda a, b: None)


def test_pictures_keep_their_shape_and_direction(plain: Workspace) -> None:
    version = make_version(plain)
    assert data.input_of(version, 224, "resnet18").size == (128, 224)
    assert data.input_of(version, 224, "vit_b_16").size == (224, 224)
    images = _read(plain)
    assert tuple(images.pixels.shape[1:]) == (3, 32, 64)
    assert images.labels.tolist() == [version.task.code(row.label) for row in sides(version).train]
    assert torch.equal(images.pixels, _read(plain).pixels)


@pytest.mark.parametrize(
    ("damage", "code", "said"),
    [
        (lambda old: old[:-30], 3, "cut off"),
        (lambda old: b"", 3, "empty"),
        (lambda old: picture(True, 3), 3, "not those of the version"),
        (lambda old: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", 5, "pointer"),
    ],
)
def test_a_picture_that_cannot_be_used_is_named_and_nothing_stands_in_for_it(
    plain: Workspace, damage: Any, code: int, said: str
) -> None:
    version = make_version(plain)
    both = sides(version)
    path = version.path / both.train[3].file_name
    path.write_bytes(damage(path.read_bytes()))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    shape = data.input_of(version, 64, "resnet18")
    with pytest.raises(Damaged) as caught:
        data.read(version, both.train, version.task.classes, shape, threads=2, on_image=lambda a, b: None)
    assert caught.value.exit_code == code
    assert both.train[3].file_name in caught.value.what
    assert said in caught.value.what
    assert caught.value.remedy
