"""`predict`: what models say of frames, written where other programs look for it. It never imports torch or numpy.

Here the rooms of models and of what helps with labels meet: which file of a model version can be asked on this host, and
which frames count for a task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from core.commands import completion
from core.commands.choosing import Choice, choose, reachable
from core.commands.shell import Context, json_option, pass_context
from core.errors import Lacking, WrongUsage
from core.human import count, plural
from core.text import safe

if TYPE_CHECKING:
    from core.assist import torch_engine
    from core.assist.later import Asks
    from core.assist.predicting import Asked, Said
    from core.labels.predictions import Guess
    from core.labels.store import LabelStore
    from core.tasks import Task
    from core.training.record import ModelRecord
    from core.workspace import Workspace

_SHOWN = 12
_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of one task: the model and what ran it, what it said, files written, frames that don't count."""

    task: Task
    record: ModelRecord
    engine: str
    said: Said
    written: list[str]
    not_counting: int
    notes: list[str] = field(default_factory=list)

    def as_json(self, *, named: bool) -> dict[str, Any]:
        filled = self.said.filled
        counts = {name: 0 for name in self.task.classes}
        for guess in self.said.guesses.values():
            counts[guess.class_] += 1
        found: dict[str, Any] = {
            "task": self.task.name,
            "model": self.record.name,
            "sha256": self.record.sha256,
            "engine": self.engine,
            "asked": filled.asked,
            "predicted": len(self.said.guesses),
            "computed": filled.computed,
            "counts": counts,
            "unreadable": filled.unreadable,
            "away": filled.away,
            "without": list(self.said.without),
            "not_counting": self.not_counting,
            "written": self.written,
        }
        if named:
            rows = self.said.guesses.items()
            found["frames"] = {key: {"label": g.class_, "confidence": g.confidence} for key, g in rows}
        return found


@click.command()
@click.argument("frames", nargs=-1, metavar="FRAME…")
@click.option(
    "--task",
    metavar="T",
    help="Of this task only; without it of every task that has a model, each after the task its frames hang on.",
    shell_complete=completion.tasks,
)
@click.option("--model", metavar="M", help="Ask this model version instead of the one in use.")
@click.option("--filter", "expression", metavar="EXPR", help="The frames that this filter keeps.")
@json_option
@pass_context
def predict(
    ctx: Context,
    frames: tuple[str, ...],
    task: str | None,
    model: str | None,
    expression: str | None,
    as_json: bool,
) -> None:
    """Ask models what frames show; without FRAME or --filter all frames of the cameras.

    Written are the task's predictions (data/predictions.json), beside them which model said so, and of the task that
    knows an idle class data/active_images.txt. What was answered is kept, also after Ctrl-C or a kill: it is never
    asked again of the same bytes. Of a task that looks at active prints only, such frames are asked that are labelled
    active or, unlabelled, predicted so.
    """
    from core.labels.store import LabelStore

    ws = ctx.workspace
    models = _models(ctx, task, model)
    answers: list[_Answer] = []
    some = bool(frames) or expression is not None
    with LabelStore(ws) as store:
        if some:
            # A filter has the words of one task: of several, of the one that the others hang on.
            keys = choose(ctx, store, models[0][0], Choice(frames, None, None, None, expression)).keys
        else:
            keys = [frame.key for frame in reachable(ctx)]
        for one, record in models:
            try:
                answers.append(_predict(ctx, store, one, record, keys, some=some))
            except (KeyboardInterrupt, SystemExit):
                ctx.notice("What was answered is kept; the next print-models predict goes on from there.")
                raise
    lines = [line for answer in answers for line in _lines(answer, some=some)]
    ctx.answer(
        {"tasks": [answer.as_json(named=some) for answer in answers]}, "\n".join(lines), as_json=as_json
    )
    if not any(answer.said.guesses for answer in answers) and any(a.said.filled.asked for a in answers):
        ctx.notice("None of these frames could be predicted.")
        ctx.exit(1)


def _models(ctx: Context, name: str | None, model: str | None) -> list[tuple[Task, ModelRecord]]:
    """Return the tasks to predict with their models, each task behind the one that its frames hang on."""
    from core.training import registry

    ws = ctx.workspace
    known = registry.models(ws)
    every = [*known, *registry.without_record(ws, known)]
    if model is not None:
        chosen = next((one for one in every if one.name == model), None) or registry.get(ws, model)
        own = ws.task(chosen.task or name)
        if name is not None and ws.task(name) != own:
            raise WrongUsage(
                f"{chosen.name} is a model of {own.name}, not of {safe(name)}.", "Leave --task out."
            )
        return [(own, chosen)]
    tasks = [ws.task(name)] if name else list(ws.tasks.values())
    found = [(task, record) for task in tasks if (record := _best(every, task)) is not None]
    if not found:
        whose = f" of {tasks[0].name}" if name else ""
        raise Lacking(f"There is no model{whose} yet.", "Train one, then: print-models promote RUN --current")
    return sorted(found, key=lambda pair: pair[0].when is not None)


def _best(known: Sequence[ModelRecord], task: Task) -> ModelRecord | None:
    """Return the model in use of a task, else its newest version."""
    own = [record for record in known if record.task == task.name]
    return next((record for record in own if record.current), own[-1] if own else None)


def _predict(
    ctx: Context,
    store: LabelStore,
    task: Task,
    record: ModelRecord,
    keys: list[str],
    *,
    some: bool,
) -> _Answer:
    from core.assist import predicting

    ws = ctx.workspace
    asked = _counting(ctx, store, task, keys)
    with _engine(ctx, task, record) as engine:
        said = predicting.ask(ws, engine, task, asked, ctx.report)
        text = engine.text
    notes: list[str] = []
    written = _write(ws, task, record, text, said.guesses, some=some, notes=notes)
    return _Answer(task, record, text, said, written, len(keys) - len(asked), notes)


def _counting(ctx: Context, store: LabelStore, task: Task, keys: list[str]) -> list[str]:
    """Return the frames that count for a task: of one with `when` those of that class, by label, else prediction."""
    from itertools import compress

    from core.commands.facts import facts_of, framed

    if task.when is None:
        return keys
    facts = facts_of(ctx, store, task, framed(keys), frozenset())
    mask = facts.counting
    return [frame.key for frame in (facts.frames if mask is None else compress(facts.frames, mask))]


@contextmanager
def _engine(ctx: Context, task: Task, record: ModelRecord) -> Iterator[Asked]:
    """Lend what asks a model here: its ONNX file by onnxruntime where there is one, else its weights by torch."""
    from core.assist import onnx_engine
    from core.assist.inputs import Input
    from core.assist.later import Later
    from core.assist.predicting import Asked
    from core.training import onnx_files, spec

    classes = record.facts.get("classes")
    if classes and tuple(classes) != task.classes:
        raise WrongUsage(
            f"{record.name} tells {', '.join(map(safe, classes))} apart, not {', '.join(task.classes)}.",
            "Ask a model of this task's classes.",
        )
    found, why = onnx_files.best(ctx.workspace, record)
    start: Callable[[], Asks]
    if found is not None and onnx_engine.installed():
        path = ctx.workspace.root / found.file
        start = partial(onnx_engine.Network, path, threads=spec.default_threads())
        how, key = f"onnxruntime, {found.precision}", f"{_short(found.sha256)}-onnx"
    else:
        start = partial(_weights, ctx, task, record, why, has_onnx=found is not None)
        how, key = "torch", f"{_short(record.sha256)}-torch"
    told = record.facts.get("input")
    network = Later(Input.of(told), start) if isinstance(told, Mapping) else start()
    engine = Asked(network, task.classes, key, how)
    try:
        yield engine
    finally:
        engine.close()


def _weights(
    ctx: Context, task: Task, record: ModelRecord, why: str, *, has_onnx: bool
) -> torch_engine.Network:
    """Start the process that asks a model's weights. Raises what is missing for that."""
    from core.assist import torch_engine
    from core.progress import Progress
    from core.training import spec

    _require_weights(record, why, has_onnx=has_onnx)
    ctx.report(Progress("loading torch", 0, None))
    network = torch_engine.Network(
        ctx.workspace.root / record.file,
        gives="scores",
        architecture=str(record.facts.get("architecture") or "resnet18"),
        classes=task.classes,
        threads=spec.default_threads(),
    )
    if not network.told and not record.facts.get("input"):
        ctx.notice(f"{record.name} does not say how pictures are prepared: whole, 224 pixels.")
    return network


def _short(oid: str) -> str:
    return oid.removeprefix("sha256:")[:24]


def _require_weights(record: ModelRecord, why: str, *, has_onnx: bool) -> None:
    """Raise what is missing to ask a model that no ONNX file of can be run."""
    from core.assist import torch_engine

    if record.here == "file" and torch_engine.installed():
        return
    if record.here != "file":
        raise Lacking(
            f"{record.name} is {'a Git LFS pointer' if record.here == 'pointer' else 'missing'} here. {why}".strip(),
            f"Get it: print-models fetch {record.word}",
        )
    if has_onnx:
        raise Lacking(
            f"{record.name} has an ONNX file, but neither onnxruntime nor torch is installed.",
            "Install the small one: pip install '.[onnx]'",
        )
    raise Lacking(
        f"{record.name} has no ONNX file here, and torch is not installed. {why}".strip(),
        f"Where torch is: print-models promote {record.word} --onnx",
    )


def _write(
    ws: Workspace,
    task: Task,
    record: ModelRecord,
    engine: str,
    guesses: Mapping[str, Guess],
    *,
    some: bool,
    notes: list[str],
) -> list[str]:
    """Write the predictions; those of some frames join the others of the same model, and never replace another's."""
    from core.assist import predicting
    from core.labels.predictions import read_predictions

    before, _ = read_predictions(ws.root / task.predictions, task)
    told = predicting.read_meta(ws, task).get("model") or {}
    same = told.get("sha256") == record.sha256
    whose = safe(str(told.get("name") or "another program"), limit=80)
    if before and not same and some:
        notes.append(
            f"{task.predictions} holds {plural(len(before), 'prediction')} of {whose} and is left as it is; "
            f"to replace them all: print-models predict --model {record.word}"
        )
        return []
    if before and not same:
        notes.append(
            f"{plural(len(before), 'prediction')} of {whose} in {task.predictions} made way for these."
        )
    merged = {**before, **guesses} if some else guesses
    model = {
        "name": record.name, "file": record.file, "sha256": record.sha256, "engine": engine,
        "dataset": record.dataset or None,
    }  # fmt: skip
    return [path.relative_to(ws.root).as_posix() for path in predicting.write(ws, task, merged, model)]


def _lines(answer: _Answer, *, some: bool) -> list[str]:
    told, filled = answer.as_json(named=False), answer.said.filled
    per_class = ", ".join(f"{name} {count(number)}" for name, number in told["counts"].items())
    lines = [f"{answer.task.name} by {answer.record.name} ({answer.engine})"]
    before = filled.known - filled.computed
    known = f", {count(before)} of them answered before" if before > 0 else ""
    lines.append(f"  {plural(told['predicted'], 'frame')}: {per_class}{known}")
    if answer.not_counting:
        other, wanted = answer.task.when or ("", "")
        lines.append(
            f"  {plural(answer.not_counting, 'frame')} not asked: by {other} not {wanted}, or not known to be"
        )
    if some:
        rows = list(answer.said.guesses.items())
        lines += [f"  {safe(key)}  {g.class_} {g.confidence:.2f}" for key, g in rows[:_SHOWN]]
        if len(rows) > _SHOWN:
            lines.append(f"  and {count(len(rows) - _SHOWN)} more (--json names them all)")
    if answer.said.without:
        names = ", ".join(safe(key, limit=80) for key in answer.said.without[:_NAMED])
        more = len(answer.said.without) - _NAMED
        lines.append(
            f"  {plural(len(answer.said.without), 'frame')} without a prediction, unreadable or not there: {names}"
            + (f" and {count(more)} more" if more > 0 else "")
        )
    lines += [f"  {note}" for note in answer.notes]
    return [*lines, *([f"  → {', '.join(answer.written)}"] if answer.written else [])]
