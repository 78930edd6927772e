"""The texts that `init` writes: settings with every key commented, rules for git, a short README per folder."""

from __future__ import annotations

from core.merge_driver import RULES

_ANY_CASE = ("[jJ][pP][gG]", "[jJ][pP][eE][gG]", "[pP][nN][gG]")
_LFS = "filter=lfs diff=lfs merge=lfs -text"

ATTRIBUTES = (
    *(f"datasets/**/*.{ending} {_LFS}" for ending in _ANY_CASE),
    *(
        f"{folder}/*.{ending} {_LFS}"
        for folder in ("models", "models/versions")
        for ending in ("[pP][tT][hH]", "[oO][nN][nN][xX]")
    ),
    *RULES,
    "data/history/*.jsonl merge=union",
)

IGNORED = (
    ".print-models",
    "data/*predictions.json",
    "data/*predictions.meta.json",
    "data/active_images.txt",
    "data/active_candidates.txt",
    "data/monitor_state.json",
    "demo-truth.json",
)

#: One path for every kind of file a release commits; none of them may be hidden by an ignore rule.
PROBES = (
    "datasets/{task}/v1/{class_}/20251107T005601.jpg",
    "datasets/{task}/v1/{class_}/20251107T005601.JPG",
    "datasets/{task}/v1/{class_}/20251107T005601.jpeg",
    "datasets/{task}/v1/{class_}/20251107T005601.png",
    "datasets/{task}/v1/labels.json",
    "datasets/{task}/v1/metadata.jsonl",
    "datasets/{task}/v1/dataset_info.json",
    "datasets/{task}/v1/README.md",
    "{labels_file}",
    "data/marks.json",
    "data/history/host.jsonl",
    "models/versions/{detector}-v1.pth",
    "models/versions/{detector}-v1.json",
    "models/versions/{detector}-v1.predictions.jsonl",
    "models/versions/{detector}-v1.onnx",
    "{model}",
)

#: Put at the end of .gitignore where an earlier rule hides what a release commits.
UNIGNORED = (
    "!/datasets/",
    "!/datasets/**/",
    *(f"!/datasets/**/*.{ending}" for ending in _ANY_CASE),
    "!/datasets/**/*.json",
    "!/datasets/**/*.jsonl",
    "!/datasets/**/README.md",
    "!/data/",
    "!/data/*labels.json",
    "!/data/marks.json",
    "!/data/history/",
    "!/data/history/*.jsonl",
    "!/models/",
    "!/models/*.pth",
    "!/models/versions/",
    "!/models/versions/*.pth",
    "!/models/versions/*.json",
    "!/models/versions/*.jsonl",
    "!/models/versions/*.onnx",
)

READMES = {
    "data/README.md": """# data

`labels.json` and `failed_print_labels.json` hold the class of every labelled frame, `marks.json` what is unsure or
left out, `history/` who labelled what and when. All of it is text and committed: `print-models save`.
Predictions and the monitor's state lie here too; git ignores them.
""",
    "datasets/README.md": """# datasets

One folder per task, in it one per version: `v1`, `v2`, … Each holds its images by class, `labels.json`,
`metadata.jsonl`, `dataset_info.json` and a card. A version never changes. The images are in Git LFS.
Write the next one with `print-models release`.
""",
    "models/README.md": """# models

The models in use now, and in `versions/` every model version with a record beside it: the dataset it was trained
on, its settings, its results next to the baselines. The `.pth` files are in Git LFS.
Train one with `print-models train`, keep it with `print-models promote`.
""",
}


def settings_text(sources: dict[str, str], name_pattern: str = "") -> str:
    """Return print-models.toml with every key commented but those that are given; `sources`: name → path."""
    pattern = f"name_pattern = {_value(name_pattern)}" if name_pattern else '# name_pattern = ""'
    named = "".join(
        f'[sources.{_key(name)}]\npath = "{path}"\n# printer = ""      # which printer it looks at\n'
        f"{pattern} # how its files are called: motion, octoprint, moonraker, or %Y-%m-%d/%H-%M-%S\n"
        "# region = [0.0, 0.0, 1.0, 1.0]   # what networks look at: left, top, width, height as shares\n"
        '# aspect = ""       # the shape they are given, like "4:3", where it is not that of the region\n\n'
        for name, path in sources.items()
    )
    return f"""# Settings of this workspace, shared by all who clone it. Every key is optional; the values shown are the defaults.
format = 1

# default_task = "offline-detection"   # the task meant where none is named
# default_dataset = ""                 # a version that trainings use instead of the latest, like "v1"
# license = ""                         # printed on dataset cards, like "CC-BY-4.0"

{named}[split]
# gap_minutes = 15      # a longer gap between frames begins a new recording
# embargo_minutes = 5   # training frames this close to a validation frame are used by neither
# validation = 0.2      # share of each class that validation should hold
# seed = 0

[storage]
# plan = ""             # github-free, github-free-legacy, github-pro-legacy, gitlab-free, huggingface, self-hosted
# share = ""            # "hardlink": an image is one read-only file, in its versions and in git's LFS store

[keep]
# max = 2.0             # GB of copies of labelled frames that no release holds yet; 0 keeps none

[cache]
# max = 1.0             # GB of what is only kept to save time, at most a twentieth of the disk where nothing is said

[assist]
# network = ""          # what frames are compared by: an ONNX file, or weights (.pth)
# architecture = ""     # of which network those weights are, like "mobilenet_v2", where the file does not say

[training]
# memory = 0.0          # GB that a training may take; 0 is three quarters of what the machine has
# while_printing = ""   # "pause": a training waits until the print is over; "refuse": and none is started meanwhile

# [hooks]               # a program and its arguments; a clone runs it after: git config print-models.hooks true
# training_finished = ["notify-send", "the training is over"]

# [checks]
# lone = "warn"         # or "block": then no release while it finds something; docs/checks.md lists the ids

# [tasks.offline-detection]
# classes = ["offline", "active"]      # their order gives codes, digit keys and model outputs
# keys = ["o", "a"]
# labels = "data/labels.json"
# detector = "offline-detector"        # model versions are called offline-detector-v1.pth
# model = "models/printer_offline_detector.pth"
# predictions = "data/predictions.json"
# idle = "offline"                     # the class that says the printer does nothing
# selection = "spread"                 # or "all": how the draft picks from painted stretches
# per_stretch = 12                     # frames kept of one stretch

# [tasks.failed-print-detection]
# classes = ["good", "failed"]
# keys = ["g", "f"]
# alarm = "failed"                     # the class to be called for: results say how soon, and how often in vain
# when = "offline-detection:active"    # only these frames count for this task
# contradicts.good = ["offline-detection:offline"]   # no frame is both: such frames are a queue
"""


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else f'"{name}"'


def with_source(text: str, name: str, values: dict[str, str | bool | None]) -> str:
    """Return the text of print-models.toml with keys of [sources.NAME] set, None taking one out; all else stays.

    A source that has no table yet gets one after the last other source, else at the end.
    """
    lines = text.splitlines()
    begin = next((i for i, line in enumerate(lines) if _heads(line) == f"sources.{name}"), None)
    if begin is None:
        begin = _after_sources(lines)
        lines[begin:begin] = ["", f"[sources.{_key(name)}]"] if begin == len(lines) else _headed(name)
        begin = lines.index(f"[sources.{_key(name)}]", begin)
    end = next((i for i in range(begin + 1, len(lines)) if _heads(lines[i])), len(lines))
    table = lines[begin + 1 : end]
    for key, value in values.items():
        at = next((i for i, line in enumerate(table) if line.split("=", 1)[0].strip() == key), None)
        if at is not None:
            del table[at]
        if value is not None:
            last = max((i for i, line in enumerate(table) if line.strip()), default=-1)
            table.insert(last + 1 if at is None else at, f"{key} = {_value(value)}")
    return "\n".join([*lines[: begin + 1], *table, *lines[end:]]).rstrip("\n") + "\n"


def _headed(name: str) -> list[str]:
    return [f"[sources.{_key(name)}]", ""]


def _after_sources(lines: list[str]) -> int:
    """Return the line before which a new source's table goes."""
    heads = [(i, head) for i, line in enumerate(lines) if (head := _heads(line))]
    for place, (_, head) in reversed(list(enumerate(heads))):
        if head.startswith("sources."):
            return heads[place + 1][0] if place + 1 < len(heads) else len(lines)
    return len(lines)


def _heads(line: str) -> str:
    """Return the name of the table that a line begins, its parts without quotes; '' for any other line."""
    stripped = line.split("#", 1)[0].strip()
    if not (stripped.startswith("[") and stripped.endswith("]")):
        return ""
    return stripped.strip("[]").replace('"', "").replace("'", "").replace(" ", "")


def _value(value: str | bool) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
