"""The table of all commands: name, where it lives, section, one line. Help, docs and the palette come from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: `where` is 'module:function', imported when it is called.

    `writes` marks what changes a workspace: in one that is only read it says why, and does nothing.
    """

    where: str
    section: str
    summary: str
    writes: bool = False


SECTIONS = ("Begin", "Look", "Label", "Versions", "Learn", "Other programs")

COMMANDS: dict[str, Entry] = {
    "init": Entry("core.commands.workspace:init", "Begin", "make this folder a workspace"),
    "demo": Entry(
        "core.commands.demo:demo", "Begin", "a workspace with a simulated printer; walks the whole job"
    ),
    "source": Entry(
        "core.commands.sources:source", "Begin", "the cameras: list, add, move, retire, answer a question"
    ),
    "status": Entry(
        "core.commands.workspace:status", "Look", "labels, draft, versions, models, git, and what to do next"
    ),
    "doctor": Entry(
        "core.commands.doctor:doctor", "Look", "what this host has and lacks, each with its remedy"
    ),
    "stats": Entry(
        "core.commands.statistics:stats", "Look", "frames, gaps, sizes, labels and predictions in numbers"
    ),
    "sequences": Entry(
        "core.commands.sequences:sequences",
        "Look",
        "measure what changes from frame to frame; list when something moves",
        writes=True,
    ),
    "frames": Entry("core.commands.labelling:frames", "Look", "list frames with their labels"),
    "similar": Entry(
        "core.commands.similar:similar",
        "Look",
        "frames that look like one; near copies, and what could be left out",
        writes=True,
    ),
    "label": Entry("core.commands.labelling:label", "Label", "give frames a class", writes=True),
    "unlabel": Entry("core.commands.labelling:unlabel", "Label", "take labels off", writes=True),
    "mark": Entry(
        "core.commands.marking:mark",
        "Label",
        "unsure, excluded with a reason, a note, an example",
        writes=True,
    ),
    "history": Entry("core.commands.labelling:history", "Label", "who labelled a frame, when, and how"),
    "undo": Entry("core.commands.labelling:undo", "Label", "take the last labelling step back", writes=True),
    "import": Entry(
        "core.commands.importing:import_",
        "Label",
        "take the labels of a file from elsewhere, or what somebody shared",
        writes=True,
    ),
    "share": Entry(
        "core.commands.sharing:share",
        "Label",
        "frames and labels in one file, for somebody without the camera",
    ),
    "suggest": Entry(
        "core.commands.suggesting:suggest",
        "Label",
        "what the labels so far say of all other frames, and which to label next",
        writes=True,
    ),
    "save": Entry(
        "core.commands.release:save", "Label", "commit label files, marks and history", writes=True
    ),
    "sync": Entry(
        "core.commands.syncing:sync",
        "Label",
        "share labels and history with a remote, text only",
        writes=True,
    ),
    "export": Entry(
        "core.commands.versions:export",
        "Versions",
        "write the draft as a dataset version; nothing in git",
        writes=True,
    ),
    "versions": Entry("core.commands.listing:versions", "Versions", "every version of a dataset"),
    "diff": Entry(
        "core.commands.versions:diff", "Versions", "what changed between two versions, or to the draft"
    ),
    "review": Entry(
        "core.commands.review:review",
        "Versions",
        "hold changes back from the next version, comment them",
        writes=True,
    ),
    "check": Entry(
        "core.commands.checking:check", "Versions", "what is odd in labels, versions, models and repository"
    ),
    "splits": Entry(
        "core.commands.checking:splits", "Versions", "which recordings train and validation hold, and why"
    ),
    "verify": Entry(
        "core.commands.checking:verify", "Versions", "compare the bytes of a version with its hashes"
    ),
    "release": Entry(
        "core.commands.release:release",
        "Versions",
        "export, prove, commit, tag and push a version",
        writes=True,
    ),
    "migrate": Entry(
        "core.commands.migrate:migrate",
        "Begin",
        "an older repository: what is found, proposed, and done step by step",
    ),
    "withdraw": Entry(
        "core.commands.back:withdraw",
        "Versions",
        "a pushed version was wrong: nothing takes it any more",
        writes=True,
    ),
    "rollback": Entry(
        "core.commands.back:rollback",
        "Versions",
        "the draft back to a version's labels, undoable",
        writes=True,
    ),
    "fetch": Entry(
        "core.commands.fetching:fetch",
        "Versions",
        "get exactly the bytes of a version or a model",
        writes=True,
    ),
    "storage": Entry(
        "core.commands.storage:storage", "Versions", "what is stored in Git LFS, and what the draft costs"
    ),
    "train": Entry("core.commands.training:train", "Learn", "train a model in the background", writes=True),
    "runs": Entry("core.commands.training:runs", "Learn", "every training and its state"),
    "watch": Entry("core.commands.training:watch", "Learn", "follow a training"),
    "stop": Entry("core.commands.training:stop", "Learn", "stop a training, keeping its best", writes=True),
    "evaluate": Entry(
        "core.commands.believing:evaluate",
        "Learn",
        "what a model or a training is worth, in words, tables, charts",
    ),
    "compare": Entry(
        "core.commands.believing:compare", "Learn", "what a model mends and breaks against another"
    ),
    "embed": Entry(
        "core.commands.embedding:embed",
        "Learn",
        "look at every frame once, so that suggestions can compare them",
        writes=True,
    ),
    "predict": Entry(
        "core.commands.predicting:predict",
        "Learn",
        "ask models what frames show; write predictions.json",
        writes=True,
    ),
    "models": Entry("core.commands.models:models", "Learn", "every model with its results"),
    "promote": Entry("core.commands.promoting:promote", "Learn", "make a run a model version", writes=True),
    "adopt": Entry(
        "core.commands.promoting:adopt",
        "Learn",
        "make a checkpoint from elsewhere a model version",
        writes=True,
    ),
    "lineage": Entry(
        "core.commands.lineage:lineage",
        "Learn",
        "what made a model, a version, an image, and what came of it",
    ),
    "reproduce": Entry(
        "core.commands.promoting:reproduce",
        "Learn",
        "train a model again from its record and compare",
        writes=True,
    ),
    "merge-labels": Entry(
        "core.commands.merging:merge_labels", "Other programs", "git's merge of label files, per frame"
    ),
    "completion": Entry(
        "core.commands.completion:completion", "Begin", "let the shell complete commands by the tab key"
    ),
}

#: The first page of help.
EVERYDAY = ("init", "demo", "status", "label", "undo", "diff", "release", "storage", "train", "watch")
