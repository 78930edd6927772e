"""`predict` by a model's ONNX file: taken before torch, never where its bytes are others; the same decisions as torch."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.workspace import Workspace
from tests.assist.models import HERE, INPUT, needs_making, needs_onnx, put_model, save_weights
from tests.assist.rooms import Room
from tests.conftest import Cli
from tests.training.small import needs_torch

TASK = "offline-detection"


def by_light(path: Path) -> dict[str, Any]:
    """Write an ONNX file whose second score grows with the light; return what a record tells of it."""
    from onnx import TensorProto, helper

    taken = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, *INPUT["size"]])
    given = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])
    weights = helper.make_tensor("w", TensorProto.FLOAT, [3, 2], [0.0, 1.0] * 3)
    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "w"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "light", [taken], [given], [weights])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(made, {"input": json.dumps(INPUT)})
    path.write_bytes(made.SerializeToString())
    return {
        "file": f"models/versions/{path.name}", "precision": "float32", "size": path.stat().st_size,
        "sha256": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
        "asked": 1, "same_answers": 1, "farthest": 0.0, "seen_on": "pictures",
    }  # fmt: skip


def with_onnx(room: Room, name: str = "offline-detector-v1") -> Path:
    task = room.ws.task(TASK)
    put_model(room.ws, task, name)
    path = room.ws.model_versions / f"{name}.onnx"
    put_model(room.ws, task, name, onnx=[by_light(path)])
    return path


@needs_onnx
def test_an_onnx_file_is_asked_also_where_the_weights_are_not_here(room: Room, cli: Cli) -> None:
    keys = room.fill(4)
    path = with_onnx(room)
    path.with_suffix(".pth").unlink()
    answer = cli(room.ws.root, "predict", "--json")
    assert answer.code == 0, answer.err
    [told] = answer.json["tasks"]
    assert (told["engine"], told["computed"]) == ("onnxruntime, float32", 4)
    rows = json.loads((room.ws.root / "data" / "predictions.json").read_text())
    assert [rows[key]["label"] for key in keys] == ["active", "offline"] * 2


@needs_onnx
def test_an_onnx_file_with_other_bytes_than_recorded_is_not_asked(room: Room, cli: Cli) -> None:
    room.fill(2)
    path = with_onnx(room)
    path.write_bytes(path.read_bytes() + b"\0")
    path.with_suffix(".pth").unlink()
    answer = cli(room.ws.root, "predict")
    assert answer.code == 5
    assert "offline-detector-v1.onnx is not the one its record names" in answer.err


#: The program, sent a signal once two batches were answered.
STOPPED = """
import os, sys
from core.commands import shell
shell.ProgressLine.show = lambda line, p: p.done >= 64 and os.kill(os.getpid(), int(sys.argv[1]))
sys.exit(shell.main(sys.argv[2:]))
"""


@needs_onnx
@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_by_a_signal_it_says_that_the_rest_is_for_the_next_time(
    room: Room, cli: Cli, stop: signal.Signals, code: int
) -> None:
    room.fill(120)
    with_onnx(room)
    words = [sys.executable, "-c", STOPPED, str(int(stop)), "-C", os.fspath(room.ws.root), "predict"]
    done = subprocess.run(words, cwd=HERE, capture_output=True, text=True, timeout=200)
    assert done.returncode == code
    assert "What was answered is kept" in done.stderr
    assert not (room.ws.root / "data" / "predictions.json").exists()
    [told] = cli(room.ws.root, "predict", "--json").json["tasks"]
    assert (told["predicted"], told["computed"]) == (120, 120 - 64)


@pytest.mark.slow
@needs_torch
@needs_onnx
@needs_making
def test_torch_and_onnxruntime_decide_the_same(room: Room, cli: Cli, tmp_path: Path) -> None:
    keys = room.fill(12)
    task = room.ws.task(TASK)
    made = save_weights(tmp_path / "m.pth", "shufflenet_v2_x1_0", 2)
    model = put_model(room.ws, task, "offline-detector-v1", architecture="shufflenet_v2_x1_0")
    shutil.copyfile(made, model)
    oid = f"sha256:{hashlib.sha256(model.read_bytes()).hexdigest()}"
    record = json.loads(model.with_suffix(".json").read_text())
    model.with_suffix(".json").write_text(json.dumps({**record, "sha256": oid}))
    found = {}
    for name in ("torch", "onnxruntime, float32"):
        answer = cli(room.ws.root, "predict", "--json", *keys)
        assert answer.code == 0, answer.err
        [told] = answer.json["tasks"]
        assert (told["engine"], told["computed"]) == (name, 12)
        found[name] = told["frames"]
        if name == "torch":
            export(Workspace.open(room.ws.root))
    for key, said in found["torch"].items():
        other = found["onnxruntime, float32"][key]
        assert other["label"] == said["label"]
        assert abs(other["confidence"] - said["confidence"]) < 1e-3


def export(ws: Workspace) -> None:
    from core.training import onnx_files, registry

    record = registry.get(ws, "offline-detector-v1")
    with onnx_files.prepared(ws, record, onnx_files.FLOAT) as ready:
        onnx_files.keep(ws, record, onnx_files.FLOAT, ready)
