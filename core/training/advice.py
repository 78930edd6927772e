"""What a training takes by default, with the reason of each choice: from the images there are and what computes.

What always holds: a default is chosen from what is known before torch is loaded, and the same choice is made by the
command and by the app. How long it takes is an estimate and says so. Called by `planning` and by the form of the app.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.human import duration, plural
from core.training.spec import DEFAULTS, Spec
from core.versions.manifest import DRAFT

#: Seconds above which the last stage is no default: who presses one key should not wait for an hour.
LONG_S = 120.0
# Measured with ResNet18 at 224 pixels on one thread of a plain server: seconds to load torch, and per image.
_LOADING_S = 15.0
_ONCE_S = 0.06
_STEP_S = {"head": 0.0001, "last": 0.012, "full": 0.16}
_ON_GPU = 25.0


@dataclass(frozen=True, slots=True)
class Reasons:
    """A reason for each setting of a training, by its name in the spec; `seconds` is how long it may take at most."""

    seconds: float
    of: dict[str, str]


def about(mode: str, images: int, epochs: int, folds: int, threads: int, device: str = "cpu") -> float:
    """Return how many seconds a training may take at most, early stop aside; for another network it is off."""
    quick = _ON_GPU if device == "cuda" else max(1, threads)
    passes = epochs * (1 + folds * (folds - 1) / folds if folds else 1)
    return _LOADING_S + images * (_ONCE_S + _STEP_S[mode] * passes) / quick


def mode_for(images: int, threads: int, device: str = "cpu") -> str:
    """Return what to train where nobody says: the last stage where that is soon done, else the head."""
    last = DEFAULTS["last"]
    seconds = about("last", images, last["epochs"], last["folds"], threads, device)
    return "last" if seconds <= LONG_S else "head"


def reasons(what: Spec, images: int, *, weights: str) -> Reasons:
    """Return why each setting is as it is; `weights` says whether the start weights can be had."""
    seconds = about(what.mode, images, what.epochs, what.folds, what.threads, what.device)
    room = f"{plural(images, 'image')} and {plural(what.threads, 'thread')}"
    mode = {
        "head": f"{room}: what the network knows of edges and shapes stays, only its answer is learned",
        "last": f"{room}: its last quarter fits itself to these pictures too",
        "full": f"{room}: all of it fits itself to these pictures; the slowest, and a few pictures mislead it",
    }[what.mode]
    spare = "one less than the cores, so that this program stays quick; the number is part of the result"
    return Reasons(
        seconds,
        {
            "dataset": "the labels as they are now, to try them: a model version only once they are released"
            if what.dataset.version == DRAFT
            else "the latest version that is not withdrawn",
            "val_split": "recordings are assigned anew, to try something: no model version can be made of it"
            if what.val_split
            else "so that results of one version's models are about the same images",
            "mode": f"{mode}; up to about {duration(seconds)}",
            "architecture": "small enough for a processor without a graphics card",
            "weights": weights,
            "epochs": f"it ends after {what.patience} without a better one",
            "folds": "each recording is judged by a network that never saw it: the honest result"
            if what.folds
            else "no recording is judged by a network that never saw it: only validation speaks",
            "augment": "pictures slightly moved, lit and blurred, never turned over: the camera stands still"
            if what.augment
            else "the camera stands still, and a frozen network is computed once per picture",
            "batch_size": "fits into any memory",
            "lr": "large enough to learn, small enough to keep what it knows",
            "seed": "the same again gives the same model",
            "threads": spare,
        },
    )
