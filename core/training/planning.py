"""From what a person asks for to the spec of a training: which version, which weights, which defaults.

Called by the `train` command and the Training screen, so that both start the same training.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from core.errors import PrintModelsError, Refused, WrongUsage
from core.process import run
from core.text import safe
from core.training import advice, dataset, spec, vetting
from core.training.spec import Spec
from core.versions.manifest import Version, latest, list_versions, read_version, withdrawn
from core.workspace import Source, Workspace


def plan(
    workspace: Workspace,
    *,
    task: str | None = None,
    dataset_dir: Path | None = None,
    version: str | None = None,
    mode: str | None = None,
    architecture: str = "resnet18",
    weights: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    seed: int = 0,
    device: str = "cpu",
    threads: int | None = None,
    augment: bool | None = None,
    folds: int | None = None,
    processes: int = 1,
    val_split: float | None = None,
    draft: Version | None = None,
    folder: Path | None = None,
) -> Spec:
    """Return the spec of a training; what is not asked for takes its default, the mode that of `advice`.

    The dataset is `draft` (of `core.versions.drafted`), else `dataset_dir`, else `version`, else the workspace's pinned
    version, else the latest that is not withdrawn; `val_split` assigns its recordings anew. Relative paths are meant from `folder`. Raises WrongUsage, Refused (no version yet), Lacking, Damaged
    (a file of weights that nothing here opens).
    """
    folder = folder or workspace.root
    start = spec.weights_of(weights, folder)
    if start.kind == "file":
        vetting.vet(Path(start.path))
    found = draft or _version(workspace, task, dataset_dir, version, folder)
    if val_split is not None:
        found = dataset.anew(workspace, found, spec.share(val_split), seed)
    return spec.make(
        found.task,
        found,
        mode=mode or advice.mode_for(len(found.items), threads or spec.default_threads(), device),
        architecture=architecture,
        weights=start,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        seed=seed,
        device=device,
        threads=threads,
        augment=augment,
        folds=folds,
        processes=processes,
        val_split=val_split or 0.0,
        regions=_regions(workspace, found),
        aspect=_aspect(workspace, found),
        commit=head(workspace),
    )


def _sources(workspace: Workspace, version: Version) -> list[Source]:
    """Return the sources that a version's images come from, as far as this workspace has them."""
    names = {item.source.partition("/")[0] for item in version.items}
    return [source for source in workspace.sources.values() if source.name in names]


def _regions(workspace: Workspace, version: Version) -> dict[str, tuple[float, ...]]:
    return {
        source.name: source.settings.region
        for source in _sources(workspace, version)
        if source.settings.region is not None
    }


def _aspect(workspace: Workspace, version: Version) -> str:
    """Return the input's shape that the sources ask for. Raises Refused where they ask for different ones."""
    asked = sorted({s.settings.aspect for s in _sources(workspace, version) if s.settings.aspect})
    if len(asked) > 1:
        raise Refused(
            f"The sources of {version.task.name} {version.name} ask for different shapes: {', '.join(asked)}.",
            "One network has one input: give their `aspect` in print-models.toml the same value.",
        )
    return asked[0] if asked else ""


def _version(
    workspace: Workspace, task: str | None, dataset_dir: Path | None, version: str | None, folder: Path
) -> Version:
    if dataset_dir is not None:
        path = (folder / dataset_dir).resolve()
        if path.parent.parent != workspace.datasets.resolve():
            raise WrongUsage(
                f"{safe(dataset_dir)} is no dataset version of this workspace.",
                "Give a folder like datasets/offline-detection/v2.",
            )
        if task is not None and task != path.parent.name:
            raise WrongUsage(
                f"--task {safe(task)} and --dataset-dir {safe(dataset_dir)} disagree.",
                "Leave one of them out.",
            )
        task, version = path.parent.name, path.name
    meant = workspace.task(task)
    name = version or workspace.settings.default_dataset or None
    if not version and name in withdrawn(workspace, meant):
        raise Refused(
            f"default_dataset in print-models.toml is {safe(name or '')}, which is withdrawn.",
            "Set another one there, or none: then it is the latest version. Or name it: --dataset-dir",
        )
    known = list_versions(workspace, meant)
    if known and not version and name and name not in known:
        raise Refused(
            f"default_dataset in print-models.toml is {safe(name)}, which {meant.name} does not have.",
            f"Name one of {', '.join(known[-3:])}: --dataset-dir; or leave default_dataset out: then it is the latest.",
        )
    found = read_version(workspace, meant, name) if name and known else latest(workspace, meant)
    if found is None:
        raise Refused(
            f"{meant.name} has no dataset version to train on.",
            f"Release one first: print-models release --task {meant.name}   or learn from the labels as they are: "
            f"print-models train --labels {shlex.quote(meant.labels_file)}",
        )
    return found


def head(workspace: Workspace) -> str:
    """Return the commit the workspace is at, '' where there is none."""
    try:
        return run(
            ["git", "rev-parse", "--verify", "-q", "HEAD"], cwd=workspace.root, timeout=10, check=False
        ).text.strip()
    except PrintModelsError:
        return ""
