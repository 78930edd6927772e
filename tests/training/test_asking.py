"""A model that has to be asked: the process it is asked in, how it ends, and that nothing is asked twice."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from core.errors import Cancelled, Damaged, Lacking, Refused
from core.progress import CancelToken, Progress
from core.training import asking, judging, predictions, registry, runs
from core.training.record import ModelRecord
from core.training.runs import Run
from core.versions.manifest import Version
from core.workspace import Workspace
from tests.training.believing import model_of, version_of
from tests.training.small import make_workspace, needs_torch

PRINTS = {"a1": ("t", "ggff"), "b1": ("t", "gg"), "e2": ("v", "gggg"), "f2": ("v", "ggff")}

#: A process that says of every image that it is good, and tells how far it is; or does something else.
ANSWERING = """
import json, os, socket, sys
lines = socket.socket(fileno=0).makefile("rw")
request = json.loads(lines.readline())
names = request["file_names"]
def tell(**facts):
    lines.write(json.dumps(facts) + "\\n")
    lines.flush()
tell(done=1, total=len(names))
%s
"""
GOOD = 'tell(answer={"probabilities": [[0.8, 0.2] for _ in names], "grey": [1.0 for _ in names], "input_known": True})'


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path / "ws")


@pytest.fixture
def silent(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> tuple[Version, ModelRecord]:
    """A model none of whose answers is kept."""
    version = version_of(ws, "v1", PRINTS)
    record = model_of(ws, version, "failed-detector-v1", {})
    shutil.rmtree(ws.cache / "answers")
    monkeypatch.setattr(runs, "require_torch", lambda: None)
    return version, record


def _answers_with(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(asking, "COMMAND", [sys.executable, "-c", ANSWERING % what])


def test_a_model_is_asked_once_and_its_progress_is_told(
    ws: Workspace, silent: tuple[Version, ModelRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    _answers_with(monkeypatch, GOOD)
    told: list[Progress] = []
    found = judging.judge(ws, silent[1], report=told.append)
    assert found.source == "asked"
    assert found.results is not None
    assert found.results["confusion"] == {
        "good": {"good": 6, "failed": 0},
        "failed": {"good": 2, "failed": 0},
    }
    assert [(one.done, one.total) for one in told if one.total] == [(1, 8)]
    _answers_with(monkeypatch, 'tell(what="asked again", remedy="", code=1)')
    again = judging.judge(ws, silent[1])
    assert (again.source, again.results) == ("kept", found.results)


@pytest.mark.parametrize(
    ("what", "error", "says"),
    [
        ('tell(what="it holds code", remedy="no", code=3)', Damaged, "it holds code"),
        ('tell(what="no such picture", remedy="no", code=5)', Lacking, "no such picture"),
        ("os._exit(9)", Refused, "ended without a word"),
        ('lines.write("Segmentation fault\\n"); lines.flush()', Refused, "gave no answer"),
        ('tell(answer={"probabilities": [[1, 0]]})', Refused, "1 answers for 8 images"),
        (GOOD.replace("0.8", "float('nan')"), Damaged, "no number"),
    ],
)
def test_whatever_goes_wrong_there_is_told_here(
    ws: Workspace, silent: tuple[Version, ModelRecord], monkeypatch: pytest.MonkeyPatch, what: str,
    error: type[Exception], says: str,
) -> None:  # fmt: skip
    _answers_with(monkeypatch, what)
    with pytest.raises(error, match=says):
        judging.judge(ws, silent[1])


def test_who_no_longer_wants_the_answer_ends_the_process(
    ws: Workspace, silent: tuple[Version, ModelRecord], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "pid"
    _answers_with(
        monkeypatch,
        f"open({str(mark)!r}, 'w').write(str(os.getpid())); tell(done=2, total=8); lines.readline()",
    )
    cancel = CancelToken()

    def told(progress: Progress) -> None:
        if progress.done == 2:
            cancel.cancel()

    with pytest.raises(Cancelled):
        judging.judge(ws, silent[1], report=told, cancel=cancel)
    assert not Path("/proc", mark.read_text()).exists()


def test_a_model_whose_file_or_torch_is_missing_says_so(
    ws: Workspace, silent: tuple[Version, ModelRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking() -> None:
        raise Lacking("Training needs torch, which is not installed.", "Install it.")

    monkeypatch.setattr(runs, "require_torch", lacking)
    with pytest.raises(Lacking, match="needs torch"):
        judging.judge(ws, silent[1])
    (ws.model_versions / "failed-detector-v1.pth").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid {silent[1].sha256}\nsize {silent[1].size}\n"
    )
    with pytest.raises(Lacking, match="is a Git LFS pointer here, and its answers on v1 are not kept"):
        judging.judge(ws, registry.get(ws, "failed-detector-v1"))


def test_answers_that_make_no_sense_are_not_believed(
    ws: Workspace, silent: tuple[Version, ModelRecord]
) -> None:
    version, record = silent
    path = ws.cache / "answers" / "x.json"
    path.parent.mkdir(parents=True)
    for text in (
        "{",
        '{"classes": ["good"], "sets": {"validation": [{"label": "x"}]}}',
        '{"classes": [], "format": 99}',
    ):
        path.write_text(text)
        with pytest.raises(Damaged, match=r"x\.json can't be read"):
            predictions.read(path)
    good = predictions.said([], [])
    assert predictions.read(ws.cache / "none.json") is None
    assert predictions.checked(
        predictions.Predictions(classes=version.task.classes, sets={"validation": good})
    )
    assert record.digest == version.digest


@pytest.mark.slow
@needs_torch
def test_a_real_model_gives_again_what_its_training_measured(
    trained: tuple[Workspace, Run], tmp_path: Path
) -> None:
    """The same network, asked in a process of its own about the same pictures, is right and wrong on the same ones."""
    import json

    shutil.copytree(trained[0].root, tmp_path / "ws")
    ws = Workspace.open(tmp_path / "ws")
    run = runs.get(ws)
    seen, what = runs.view(run), run.spec
    ws.model_versions.mkdir(parents=True)
    shutil.copyfile(run.best, ws.model_versions / "offline-detector-v1.pth")
    facts = {
        "task": what.task, "sha256": seen.best_sha256, "size": run.best.stat().st_size,
        "architecture": what.architecture, "classes": list(what.classes), "input": seen.facts.get("input"),
        "dataset": {"task": what.task, "version": what.dataset.version, "digest": what.dataset.digest},
    }  # fmt: skip
    (ws.model_versions / "offline-detector-v1.json").write_text(json.dumps(facts))
    found = judging.judge(ws, registry.get(ws, "offline-detector-v1"))
    assert found.source == "asked"
    assert found.results is not None
    assert seen.results is not None
    assert found.results["confusion"] == seen.results["confusion"]
    assert found.results["wrong"] == seen.results["wrong"]


@pytest.mark.slow
@needs_torch
def test_a_model_of_other_classes_is_not_asked(trained: tuple[Workspace, Run]) -> None:
    """Its head has another size: taken over in part it would answer by chance."""
    from core.training.evaluate import load

    run = runs.get(trained[0])
    model, found = load(run.best, run.spec.architecture, run.spec.classes)
    assert not model.training
    assert found["classes"] == list(run.spec.classes)
    with pytest.raises(Damaged, match="tells other classes apart than a, b, c"):
        load(run.best, run.spec.architecture, ("a", "b", "c"))
