"""The stories that `demo` tells: the whole job, the note's own numbers, an older repository.

Each takes a stage whose folder is empty and leaves a workspace with a clean tree. Called by the demo command.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands.stage import FAILED, OFFLINE, Stage, give, stretches, unusable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.demo.truth import Truth
    from core.workspace import Workspace

_DATASETS = "datasets/offline-detection"
#: Of every painted stretch, the last frames stay unlabelled at first, as someone in a hurry leaves them.
_HURRY = 4
#: What one of the camera's days holds that is worth knowing before labelling it, by kind of event.
_WORTH_SAYING = ("cut", "zeros", "same second", "same bytes", "gap", "camera moved", "clock back")


# --- the whole job ------------------------------------------------------------------------------------------------


def walk_main(stage: Stage, frames: int) -> None:
    """Label in stretches, release both tasks, correct, release again, train: with all that a camera does."""
    from core.demo.script import DEMO

    stage.step("A simulated printer and its camera")
    truth = stage.simulate(DEMO, frames)
    for event in truth.events:
        if event.kind in _WORTH_SAYING:
            stage.say(f"  {_name(event.frames[0])}  {event.text}")
    stage.step("Make it a workspace")
    workspace = stage.settle()

    stage.step("Label both tasks, in stretches")
    for task in (OFFLINE, FAILED):
        _paint(stage, workspace, truth, task)
    _exclude_unusable(stage, workspace)
    stage.step("Look at what the first version would be")
    stage.run("status")
    stage.step("Release a first version of each task")
    for task in (OFFLINE, FAILED):
        stage.run("release", "--task", task, "-m", "First version", "--push")

    stage.step("Correct what was wrong, and label what was left")
    _correct(stage, workspace, truth)
    _exclude_unusable(stage, workspace)
    stage.step("See what changed and what it costs, before it is for ever")
    stage.run("diff", "--task", OFFLINE)
    stage.run("storage", "--task", OFFLINE)
    stage.step("Release the second version, and prove its bytes")
    stage.run("release", "--task", OFFLINE, "-m", "After corrections", "--push")
    stage.run("verify", "v2", "--task", OFFLINE)

    stage.step("Train a model in the background, watch it, and keep it")
    stage.train(OFFLINE, current=True)
    stage.step("Where things stand now")
    stage.run("status")


def _paint(stage: Stage, workspace: Workspace, truth: Truth, task: str) -> None:
    """Give the labels of the truth as stretches, but for the last frames of each; one offline stretch reaches too far."""
    from core.labels.sync import open_store

    given: list[tuple[str, Sequence[str]]] = []
    mistaken = 0
    for number, (class_, keys) in enumerate(stretches(truth, task)):
        painted = keys[: len(keys) - min(_HURRY, len(keys) // 3)]
        given.append((class_, painted))
        if task == OFFLINE and number == 1:
            wrong = next(other for other in workspace.tasks[task].classes if other != class_)
            given.append((wrong, painted[-3:]))
            mistaken = len(painted[-3:])
    labelled = {frame for _, keys in given for frame in keys}
    with open_store(workspace) as store:
        give(workspace, store, task, given, "stretch")
    asked = len(truth.labels(task))
    wrongly = f" ({mistaken} wrongly)" if mistaken else ""
    stage.say(
        f"{task}: {len(labelled)} of {asked} frames labelled{wrongly}, {asked - len(labelled)} left for later"
    )


def _exclude_unusable(stage: Stage, workspace: Workspace) -> None:
    """Exclude by name, with its reason, what is no whole picture: what can't be seen must not teach anything."""
    from core.labels.sync import open_store

    with open_store(workspace) as store:
        found = unusable(workspace, store)
    if found:
        stage.say(f"{len(found)} of them are no whole picture: left out of every version, by name")
    for frame, reason in found.items():
        stage.run("mark", frame, "--exclude", reason)


def _correct(stage: Stage, workspace: Workspace, truth: Truth) -> None:
    from core.labels.sync import open_store

    with open_store(workspace) as store:
        known = store.classes(workspace.tasks[OFFLINE])
        wrong = [
            (class_, [k for k in keys if known.get(k, class_) != class_])
            for class_, keys in stretches(truth, OFFLINE)
        ]
        new = [(class_, [k for k in keys if k not in known]) for class_, keys in stretches(truth, OFFLINE)]
        give(workspace, store, OFFLINE, _some(wrong), "hand")
        give(workspace, store, OFFLINE, _some(new), "stretch")
    stage.say(f"{_count(wrong)} labels corrected, {_count(new)} added")


def _some(given: Iterable[tuple[str, Sequence[str]]]) -> list[tuple[str, Sequence[str]]]:
    return [(class_, keys) for class_, keys in given if keys]


def _count(given: Iterable[tuple[str, Sequence[str]]]) -> int:
    return sum(len(keys) for _, keys in given)


def _name(key: str) -> str:
    return Path(key).stem


# --- the note's own numbers ---------------------------------------------------------------------------------------


def walk_note(stage: Stage) -> None:
    """60 active and 90 offline are v1; 196 good or failed are the other v1; one correction makes v2 of 151."""
    from core.demo.script import NOTE
    from core.demo.selected import note_correction, note_labels
    from core.labels.sync import open_store

    stage.step("A simulated printer and its camera: the days of the note")
    truth = stage.simulate(NOTE)
    stage.step("Make it a workspace")
    workspace = stage.settle()

    stage.step("Label one by one: 60 active, 90 offline; 196 good or failed")
    with open_store(workspace) as store:
        for task in (OFFLINE, FAILED):
            labels = note_labels(truth, task)
            by_class = {
                name: [k for k, c in labels.items() if c == name] for name in workspace.tasks[task].classes
            }
            give(workspace, store, task, by_class.items(), "hand")
            counts = ", ".join(f"{len(keys)} {name}" for name, keys in by_class.items())
            stage.say(f"{task}: {counts}, {len(labels)} in all")

    stage.step("Export the current datasets and commit them to Git LFS")
    stage.run(
        "export", "--labels", "data/labels.json", "--output", f"{_DATASETS}/v1",
        "--version", "1.0", "--description", "Initial training set: 60 active, 90 offline",
    )  # fmt: skip
    _note_down(
        stage, f"{_DATASETS}/v1/README.md", "Some edge cases with the printer warming up are not included."
    )
    stage.run("release", "--task", OFFLINE, "--push")
    stage.run("release", "--task", FAILED, "-m", "First failed print dataset", "--push")
    stage.step("Train a model on each, and keep it as version 1")
    stage.train(OFFLINE, epochs=2, current=True)
    stage.train(FAILED, epochs=2, current=True)

    frame, class_ = note_correction(truth)
    stage.step("One correction: a printer that warms up looks idle, and is active")
    stage.run("label", "--task", OFFLINE, "--as", class_, frame)
    stage.run("diff", "--task", OFFLINE)
    stage.run("release", "--task", OFFLINE, "-m", "After corrections", "--push")
    stage.step("Train the second model")
    stage.train(OFFLINE, epochs=2, current=True)

    stage.step("The card of the first version, in the note's words")
    _show_card(stage, f"{_DATASETS}/v1/README.md")
    stage.step("What is stored")
    stage.run("versions")
    stage.run("storage")


def begin_note(stage: Stage) -> None:
    """What there was when the note was written: a camera's folder, and the label files of an older tool."""
    from core.demo.script import NOTE
    from core.demo.selected import note_labels
    from core.durable import atomic_write

    stage.step("A simulated printer and its camera: the days of the note")
    truth = stage.simulate(NOTE)
    stage.own_repository()
    stage.add_remote()
    (stage.root / "data").mkdir()
    for task, name in ((OFFLINE, "labels.json"), (FAILED, "failed_print_labels.json")):
        labels = note_labels(truth, task)
        atomic_write(stage.root / "data" / name, (json.dumps(labels, indent=2) + "\n").encode())
        counts = ", ".join(
            f"{number} {class_}" for class_, number in sorted(Counter(labels.values()).items())
        )
        stage.say(f"data/{name}: {len(labels)} labels, {counts}")


def _note_down(stage: Stage, card: str, text: str) -> None:
    """Write a sentence under the card's Notes, which are the user's own, before the version is released."""
    path = stage.root / card
    path.write_text(path.read_text("utf-8").rstrip() + f"\n\n- {text}\n", "utf-8")
    stage.say(f"Written by hand under Notes of its card: {text}")


def _show_card(stage: Stage, card: str) -> None:
    """Print what the note's own example of a card has: the counts, the performance, the collection, the notes."""
    text = (stage.root / card).read_text("utf-8").partition("\n# ")[2]
    for number, section in enumerate(f"# {text}".split("\n## ")):
        if number == 0 or section.split("\n")[0] in ("Model Performance", "Data Collection", "Notes"):
            lines = (("## " if number else "") + section.strip()).splitlines()
            stage.say("\n".join(f"  {line}".rstrip() for line in [*lines, ""]))


# --- an older repository ------------------------------------------------------------------------------------------


def begin_legacy(stage: Stage) -> None:
    """An older repository with its traps, as it was left."""
    from core.demo.legacy import build
    from core.demo.script import NOTE

    stage.step("A simulated printer, and what older tools left of it")
    truth = stage.simulate(NOTE)
    stage.own_repository()
    for line in build(stage.root, stage.camera, truth):
        stage.say(f"  {line}")


def walk_legacy(stage: Stage) -> None:
    """The same, looked at with commands that change nothing."""
    begin_legacy(stage)
    before = stage.git("rev-parse", "HEAD"), stage.git("status", "--porcelain", "--ignored")
    stage.step("Look at it; it opens as it is, without init")
    stage.run("status")
    stage.run("versions")
    stage.run("diff", "--task", OFFLINE)
    stage.run("verify", "v1", "--task", OFFLINE)
    stage.run("storage")
    stage.step("What is odd in it, and what to do about each")
    stage.run("check", may_find=True)
    stage.step("Looking has changed nothing")
    after = stage.git("rev-parse", "HEAD"), stage.git("status", "--porcelain", "--ignored")
    stage.say("$ git status --porcelain --ignored")
    stage.say(after[1])
    stage.say("the same as before" if after == before else "NOT the same as before")
