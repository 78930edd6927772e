"""The steps of learning: one trained part, its optimizer, and what it makes of images; for a training and each fold.

What always holds: an epoch's order is drawn from the seed and its number, so that whoever comes to a step in whichever
way does the same there; between any two steps all that matters can be taken out (`state`) and put back. A loss or a
weight that is no finite number, or a loss beyond all sense, ends it.
Called by the training process.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from core.training.devices import Device
from core.training.features import Inputs
from core.training.network import learn, plain_state
from core.training.spec import Spec

#: Images that validation looks at together.
_ASKED = 32
#: A mean loss above this is divergence: guessing alone costs ln(classes), at most 2.3.
_SENSELESS = 1e4


class Diverged(Exception):
    """The loss or a weight is no longer a number that means anything."""


@dataclass(slots=True)
class Progress:
    """How far an epoch is: batches done, the sum of their losses, images that were right; and the state of chance."""

    step: int = 0
    loss: float = 0.0
    right: int = 0
    chance: dict[str, Tensor] | None = None


class Learner:
    """What learns: `trained` on the images at `places` of `inputs`."""

    def __init__(
        self, trained: nn.Module, inputs: Inputs, places: Sequence[int], what: Spec, device: Device
    ) -> None:
        self.trained, self.inputs, self.what, self.device = trained, inputs, what, device
        self.places = torch.tensor(places, dtype=torch.int64)
        self.learned = [p for p in trained.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.learned, lr=what.lr, weight_decay=what.weight_decay)
        counts = torch.bincount(inputs.labels[self.places], minlength=len(what.classes)).double()
        # Each class weighs the same in the loss, however many images it has.
        self.weight = (counts.sum() / (len(counts) * counts.clamp(min=1))).float()
        self.progress = Progress()

    @property
    def steps(self) -> int:
        """Batches of an epoch, each of `batch_size` images per process."""
        return math.ceil(len(self.places) / (self.what.batch_size * self.device.world))

    def epoch(self, number: int, on_step: Callable[[int, float], None]) -> tuple[float, float]:
        """Show every image once, from where the epoch is; return mean loss and the share that was right.

        `on_step` is called before each step with the number of those done and the last loss; what it raises leaves the
        state as it is between two steps. Raises Diverged.
        """
        at = self.progress
        torch.manual_seed(self.what.seed * 1_000_003 + number)
        order = self.places[torch.randperm(len(self.places))]
        if at.chance is not None:
            _set_chance(at.chance)
        for group in self.optimizer.param_groups:
            group["lr"] = self._step_size(number)
        learn(self.trained)
        batches = order.split(self.what.batch_size * self.device.world)
        value = 0.0
        while at.step < len(batches):
            on_step(at.step, value)
            value, right = self._step(batches[at.step], number)
            at.loss += value * len(batches[at.step])
            at.right += right
            at.step += 1
        self.progress = Progress()
        return at.loss / len(self.places), at.right / len(self.places)

    def _step(self, places: Tensor, number: int) -> tuple[float, int]:
        """Take one step; return the loss over the whole batch and how many images were right."""
        own = places[self.device.rank :: self.device.world]
        labels = self.inputs.labels[own].to(self.device.name)
        # Divided by the weight of the whole batch, which every process knows: so the parts add up to it.
        whole = float(self.weight[self.inputs.labels[places]].sum())
        self.optimizer.zero_grad(set_to_none=True)
        said, right = torch.zeros(()), 0
        if len(own):
            with self.device.precision():
                scores = self.trained(self.inputs.changed(own, number))
            weight = self.weight.to(self.device.name)
            loss = nn.functional.cross_entropy(scores.float(), labels, weight=weight, reduction="sum") / whole
            loss.backward()
            said, right = loss.detach().cpu(), int((scores.detach().argmax(1) == labels).sum())
        if self.device.world > 1:
            for parameter in self.learned:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
            self.device.total_gradients(self.learned)
            both = self.device.total(torch.tensor([float(said), float(right)], dtype=torch.float64))
            said, right = both[0], int(both[1])
        value = float(said)
        if not math.isfinite(value) or value > _SENSELESS:
            raise Diverged
        self.optimizer.step()
        return value, right

    def _step_size(self, epoch: int) -> float:
        """Return the learning rate of an epoch: half a cosine from `lr` towards zero (Loshchilov and Hutter, 2016)."""
        return self.what.lr * 0.5 * (1 + math.cos(math.pi * (epoch - 1) / self.what.epochs))

    @torch.no_grad()
    def probabilities(self, places: Sequence[int], on_batch: Callable[[], None] = lambda: None) -> Tensor:
        """Return what it says of images: N x classes, double, on the CPU."""
        self.trained.eval()
        asked = torch.tensor(places, dtype=torch.int64)
        found = torch.zeros((len(asked), len(self.what.classes)), dtype=torch.float64)
        # Parts are whole batches, so that one process and several look at the same images together.
        groups = list(torch.arange(len(asked)).split(_ASKED))
        for group in self.device.share(groups):
            on_batch()
            with self.device.precision():
                scores = self.trained(self.inputs.plain(asked[group]))
            found[group] = torch.softmax(scores.double(), dim=1).cpu()
        return self.device.total(found)

    def finite(self) -> bool:
        """True where every weight is a finite number."""
        return all(bool(torch.isfinite(parameter).all()) for parameter in self.learned)

    def state(self) -> dict[str, Any]:
        """Return all that goes on from here, as a checkpoint holds it."""
        at = self.progress
        return {
            "trained": plain_state(self.trained),
            "optimizer": self.optimizer.state_dict(),
            "progress": {"step": at.step, "loss": at.loss, "right": at.right, "chance": _chance()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.trained.load_state_dict(state["trained"])
        self.optimizer.load_state_dict(state["optimizer"])
        at = state["progress"]
        self.progress = Progress(int(at["step"]), float(at["loss"]), int(at["right"]))
        if self.progress.step:
            self.progress.chance = at["chance"]


def _chance() -> dict[str, Tensor]:
    """Return where torch's draws are: dropout goes on from there in the middle of an epoch."""
    found = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        found["cuda"] = torch.cuda.get_rng_state()
    return found


def _set_chance(chance: Mapping[str, Tensor]) -> None:
    torch.set_rng_state(chance["cpu"].cpu())
    if "cuda" in chance and torch.cuda.is_available():
        torch.cuda.set_rng_state(chance["cuda"].cpu())
