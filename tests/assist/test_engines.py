"""Which engine is taken and why; networks of an ONNX file and of weights give the same numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.assist import networks
from core.assist.embeddings import Embeddings
from core.assist.engines import choose
from core.assist.inputs import Input
from core.errors import Damaged, Lacking
from core.frames.decode import load
from core.workspace import Workspace
from tests.assist.models import HERE, needs_making, needs_onnx, save_weights
from tests.assist.rooms import Room, jpeg
from tests.conftest import Cli
from tests.training.small import needs_torch


def onnx_file(path: Path, size: tuple[int, int] = (96, 128), **props: str) -> Path:
    """An ONNX file that gives the mean of each colour of a picture."""
    from onnx import TensorProto, helper

    taken = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, *size])
    given = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3, 1, 1])
    node = helper.make_node("GlobalAveragePool", ["x"], ["y"])
    made = helper.make_model(
        helper.make_graph([node], "means", [taken], [given]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    helper.set_model_props(made, props)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made.SerializeToString())
    return path


def test_without_any_network_it_says_that_thumbnails_are_compared(room: Room) -> None:
    assert choose(room.ws).text == "Frames are compared by thumbnails: no network is here."


@needs_onnx
def test_an_onnx_file_in_models_is_taken_and_gives_its_numbers(room: Room) -> None:
    onnx_file(room.ws.models / "mine.onnx", input=json.dumps({"size": [96, 128]}))
    engine = choose(room.ws)
    assert "mine.onnx, run by onnxruntime (it lies in models/)" in engine.text
    keys = room.fill(2)
    with Embeddings(room.ws, engine) as embeddings:
        embeddings.fill(keys)
        (bright, dark), known = embeddings.of(keys)
    assert known.all()
    assert (bright > dark + 1).all()  # by ImageNet's deviation, about 0.22


@needs_onnx
def test_another_file_under_the_same_name_has_other_numbers(room: Room) -> None:
    path = onnx_file(room.ws.models / "mine.onnx")
    first = choose(room.ws).key
    onnx_file(path, size=(64, 64))
    assert choose(room.ws).key != first


@needs_onnx
def test_a_file_that_can_not_be_run_is_passed_over_with_its_reason(room: Room) -> None:
    room.ws.models.mkdir()
    (room.ws.models / "broken.onnx").write_bytes(b"nothing")
    assert "by thumbnails: onnxruntime can't run broken.onnx" in choose(room.ws).text
    (room.ws.root / "print-models.toml").write_text('[assist]\nnetwork = "models/broken.onnx"\n')
    with pytest.raises(Damaged):
        choose(Workspace.open(room.ws.root))
    (room.ws.root / "print-models.toml").write_text('[assist]\nnetwork = "models/none.onnx"\n')
    with pytest.raises(Lacking):
        choose(Workspace.open(room.ws.root))


@needs_onnx
@pytest.mark.parametrize("where", ["beside", "whole path"])
def test_a_file_that_keeps_its_weights_elsewhere_reads_no_other_file(
    room: Room, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onnx import TensorProto, helper, load

    path = onnx_file(room.ws.models / "mine.onnx")
    made, secret = load(path), room.ws.models / "secret.bin"
    secret.write_bytes(bytes(12))
    held = helper.make_tensor("w", TensorProto.FLOAT, [1, 3, 1, 1], [0.0] * 3)
    made.graph.initializer.append(held)
    made.graph.node[0].output[0] = "mean"
    made.graph.node.append(helper.make_node("Add", ["mean", "w"], ["y"]))
    path.write_bytes(made.SerializeToString())
    assert "mine.onnx, run by onnxruntime" in choose(room.ws).text
    held = made.graph.initializer[0]
    held.ClearField("float_data")
    held.data_location = TensorProto.EXTERNAL
    entry = held.external_data.add()
    entry.key, entry.value = "location", os.fspath(secret) if where == "whole path" else secret.name
    path.write_bytes(made.SerializeToString())
    monkeypatch.chdir(room.ws.models)
    assert "thumbnails: onnxruntime can't run mine.onnx" in choose(room.ws).text


def test_what_a_network_is_given_has_the_shape_of_the_cameras_pictures(room: Room) -> None:
    assert Input.fitting(room.ws).size == (224, 224)
    room.put(0, jpeg(0, size=(160, 90)))
    assert Input.fitting(room.ws).size == (128, 224)
    (room.ws.root / "print-models.toml").write_text(
        "[sources.printer-timelapses]\nregion = [0.5, 0.0, 0.5, 1.0]\n"
    )
    assert Input.fitting(Workspace.open(room.ws.root)).size == (224, 192)


def test_folding_keeps_what_is_near_near() -> None:
    chance = np.random.default_rng(0)
    points = chance.normal(size=(40, 1280)).astype(np.float32)
    points[20:] = points[:20] + chance.normal(0, 0.2, size=(20, 1280))
    folded = points @ networks.folding(1280)
    before, after = (np.linalg.norm(some[:20] - some[20:], axis=1) for some in (points, folded))
    far = np.linalg.norm(folded[:10] - folded[10:20], axis=1)
    assert np.allclose(after, before, rtol=0.35)
    assert after.max() < far.min()


def test_embed_looks_at_each_frame_once(room: Room, cli: Cli) -> None:
    room.fill(4)
    room.put(9, b"no picture")
    first = cli(room.ws.root, "embed")
    assert first.code == 0, first.err
    assert "4 of 5 frames known, 4 of them looked at now" in first.out
    assert "1 frame can't be read." in first.out
    assert "Frames are compared by" in first.err
    again = cli(room.ws.root, "embed", "--json").json
    assert (again["known"], again["computed"], again["made"]) == (4, 0, None)


def test_embed_says_how_many_found_no_room(room: Room, cli: Cli) -> None:
    room.fill(3)
    (room.ws.root / "print-models.toml").write_text("[cache]\nmax = 0\n")
    answer = cli(room.ws.root, "embed")
    assert "3 frames left: the cache is full." in answer.out


@pytest.mark.slow
@needs_torch
@needs_onnx
@needs_making
def test_weights_become_a_network_that_agrees_with_torch(room: Room, cli: Cli, tmp_path: Path) -> None:
    weights = save_weights(tmp_path / "some.pth", "shufflenet_v2_x1_0", 1000)
    keys = room.fill(6)
    answer = cli(room.ws.root, "embed", "--weights", weights, "--json")
    assert answer.code == 0, answer.err
    found: dict[str, Any] = answer.json
    assert found["made"].startswith(".print-models/networks/shufflenet_v2_x1_0-")
    assert (found["numbers"], found["known"]) == (networks.MOST, 6)
    vectors = []
    size = Input.fitting(room.ws).size
    for engine in (choose(room.ws), networks.of_weights(weights, None, size, "torch", threads=1)):
        with Embeddings(room.ws, engine) as embeddings:
            assert embeddings.fill(keys).known == 6
            vectors.append(embeddings.of(keys)[0])
        engine.close()
    assert "made of your weights" in choose(room.ws).text
    apart = np.linalg.norm(vectors[0] - vectors[1], axis=1) / np.linalg.norm(vectors[0], axis=1)
    assert apart.max() < 2e-3  # both are kept in half precision
    other = cli(room.ws.root, "embed", "--weights", weights, "--arch", "resnet18")
    assert (other.code, "does not fit this network" in other.err) == (3, True)


SAME = """
import sys, numpy as np
from pathlib import Path
from core.assist.inputs import Input
from core.frames.decode import load, read_file
from core.training import data
from core.training.sides import Row
path, facts = Path(sys.argv[1]), {"size": [96, 128], "region": {"cam": [0.25, 0.0, 0.5, 1.0]}}
shape, ours = data.Input.of(facts), Input.of(facts)
row = Row("x.jpg", "a", "r", "cam/x.jpg", None, None)
theirs = data.normalised(data.torch.from_numpy(data._fitted(read_file(path), row, shape).transpose(2, 0, 1)[None].copy()))
mine = ours.block([load(path, ours.box, region=ours.parts["cam"])])
print(float(np.abs(mine - theirs.numpy()).max()))
"""


@pytest.mark.slow
@needs_torch
def test_a_network_is_given_what_its_training_gave_it(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(jpeg(3, size=(320, 180)))
    words = [sys.executable, "-c", SAME, os.fspath(path)]
    done = subprocess.run(words, cwd=HERE, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 1e-5


def test_a_picture_is_centred_on_a_ground_of_the_mean_colour(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    path.write_bytes(jpeg(3, size=(320, 180)))
    given = Input.of({"size": [96, 128]})
    block = given.block([load(path, given.box)])
    assert block.shape == (1, 3, 96, 128)
    assert np.abs(block[0, :, :11]).max() < 0.01
    assert np.abs(block[0, :, 20:70]).max() > 0.5


def test_without_onnxruntime_it_says_that_the_file_needs_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.ws.models.mkdir()
    (room.ws.models / "mine.onnx").write_bytes(b"never opened")
    monkeypatch.setattr("core.assist.onnx_engine.installed", lambda: False)
    said = choose(room.ws).text
    assert said == ("Frames are compared by thumbnails: mine.onnx needs onnxruntime, which is not installed.")
