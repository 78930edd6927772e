"""Where a training computes: on the processor or a GPU, in which precision, alone or with other processes.

What always holds: with several processes (torchrun, gloo or nccl) each takes its part of every batch, the gradients
are the sums over all parts divided once by the weight of the whole batch, so that N processes with a batch of B learn
what one learns with a batch of N x B, but for the order in which numbers are added; only the first one writes files.
Called by the training process.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

from core.training.network import same_every_time

#: How long a process waits for another one that says nothing, in hours: the first may rest while a print is running.
_PATIENCE = 24
T = TypeVar("T")


class Device:
    """What computes. `rank` of `world` processes; alone it is 0 of 1."""

    def __init__(self, name: str, threads: int) -> None:
        """Fix what could make two runs differ. Raises Lacking where the device is absent."""
        self.rank, self.world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        same_every_time(threads, name)
        self.kind = name
        self.name = name if name == "cpu" else f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        if name == "cuda":
            torch.cuda.set_device(self.name)
        # A GPU of the last years computes twice as fast in bf16 and learns the same; a processor's bits stay exact.
        self.bf16 = name == "cuda" and torch.cuda.is_bf16_supported()
        if self.world > 1:
            distributed.init_process_group(
                "nccl" if name == "cuda" else "gloo", timeout=timedelta(hours=_PATIENCE)
            )

    @property
    def first(self) -> bool:
        """True for the process that writes."""
        return self.rank == 0

    @property
    def said(self) -> dict[str, Any]:
        """What computes, for the events of a training."""
        precision = "bf16, where torch deems it safe" if self.bf16 else "float32"
        gpu = {"gpu": torch.cuda.get_device_name()} if self.kind == "cuda" else {}
        return {"processes": self.world, "precision": precision, **gpu}

    def precision(self) -> AbstractContextManager[Any]:
        """Return the context in which the network computes."""
        return torch.autocast("cuda", dtype=torch.bfloat16) if self.bf16 else nullcontext()

    def share(self, places: Sequence[T]) -> Sequence[T]:
        """Return this process's part of something."""
        return places[self.rank :: self.world]

    def total(self, value: Tensor) -> Tensor:
        """Return the sum over all processes; what each fills in of a block of zeros makes the block whole."""
        if self.world == 1:
            return value
        moved = value.to(self.name)
        distributed.all_reduce(moved)
        return moved.to(value.device)

    def total_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Replace gradients by their sums over all processes."""
        held = [p.grad for p in parameters if p.grad is not None]
        if self.world == 1 or not held:
            return
        flat = torch.cat([gradient.flatten() for gradient in held])
        distributed.all_reduce(flat)
        begin = 0
        for gradient in held:
            gradient.copy_(flat[begin : begin + gradient.numel()].view_as(gradient))
            begin += gradient.numel()

    def agreed(self, yes: bool) -> bool:
        """Return whether any process says yes."""
        return bool(self.total(torch.tensor([float(yes)])).item()) if self.world > 1 else yes

    def close(self) -> None:
        if self.world > 1 and distributed.is_initialized():
            distributed.destroy_process_group()
