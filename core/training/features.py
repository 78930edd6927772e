"""What the trained part of a network is given for each image: computed once where it can be, else each time.

What always holds: whatever comes before the trained part never changes, so its output is computed once per image, and
small outputs (a head's) are kept on the disk by the image's content; batches always have the same number of images,
filled up where there are fewer, so that an image's features have the same bits whichever others go with it.
Called by the training process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from core.training.augment import changed, draws
from core.training.cache import Cache
from core.training.data import Images, normalised
from core.training.devices import Device
from core.training.network import machine

#: Features in memory, bytes; beyond, they are computed each time.
KEEP_BYTES = 1 << 30
#: Features of one image up to this many bytes are kept on the disk.
SMALL = 1 << 15
#: Images that go through the frozen part at a time.
BATCH = 8
#: How an image is shown to a trained part that is given kept features: as it is, and changed in three ways.
VARIANTS = 4


class Inputs:
    """Inputs of the trained part by the place of the image."""

    def __init__(
        self,
        before: nn.Module | None,
        images: Images,
        *,
        device: Device,
        seed: int = 0,
        augment: bool = False,
        cache: Cache | None = None,
        on_batch: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        """`before` is the part of the network that stays; `on_batch` hears how many of how many images went through."""
        self._before, self._images, self._device = before, images, device
        self._seed, self._augment = seed, augment
        self.count = len(images.labels)
        self.labels = images.labels
        self._kept: list[Tensor] = []
        #: How many images' features came from the disk instead of the network.
        self.recalled = 0
        if before is not None and self.count:
            self._compute_all(cache if cache is not None else Cache(None), on_batch)

    def plain(self, places: Tensor) -> Tensor:
        """Return the inputs of images as they are."""
        return self._kept[0][places].to(self._device.name) if self._kept else self._through(places, 0, 0)

    def changed(self, places: Tensor, epoch: int) -> Tensor:
        """Return the inputs of images as an epoch shows them to what learns."""
        if not self._augment:
            return self.plain(places)
        if not self._kept:
            return self._through(places, epoch, self._seed)
        oids = [self._images.oids[place] for place in places.tolist()]
        which = (draws(oids, epoch, self._seed)[:, 0] * VARIANTS).long()
        shown = torch.stack([self._kept[v][p] for v, p in zip(which.tolist(), places.tolist(), strict=True)])
        return shown.to(self._device.name)

    def _pixels(self, places: Tensor, number: int, seed: int) -> Tensor:
        """Return pixels ready for the network; number 0 shows them as they are."""
        pixels = self._images.pixels[places].to(self._device.name)
        if number:
            oids = [self._images.oids[place] for place in places.tolist()]
            pixels = changed(pixels, draws(oids, number, seed))
        return normalised(pixels).contiguous(memory_format=torch.channels_last)

    def _through(self, places: Tensor, number: int, seed: int) -> Tensor:
        if self._before is None:
            return self._pixels(places, number, seed)
        found = [self._features(some, number, seed) for some in places.split(BATCH)]
        return torch.cat(found)

    @torch.no_grad()
    def _features(self, places: Tensor, number: int, seed: int) -> Tensor:
        """Return the features of at most a batch of images, computed in a full one."""
        assert self._before is not None
        full = torch.cat([places, places[:1].expand(BATCH - len(places))])
        with self._device.precision():
            found: Tensor = self._before(self._pixels(full, number, seed))
        return found[: len(places)].float()

    def _compute_all(self, cache: Cache, on_batch: Callable[[int, int], None]) -> None:
        first = self._features(torch.tensor([0]), 0, 0)
        each = first[0].numel() * 4
        variants = VARIANTS if self._augment else 1
        if each * self.count * variants > KEEP_BYTES:
            return
        on_disk = each <= SMALL and self._device.world == 1
        network = identity(self._before) if on_disk else ""
        for variant in range(variants):
            said = [
                f"features 1 {kind} {network} {variant and f'{self._seed}.{variant}'}"
                for kind in self._images.kinds
            ]
            block = torch.zeros((self.count, *first.shape[1:]))
            missing = self._recall(block, said, cache) if on_disk else list(range(self.count))
            own = torch.tensor(self._device.share(missing), dtype=torch.int64)
            done = self.count - len(missing)
            for places in own.split(BATCH) if len(own) else ():
                block[places] = self._features(places, variant, self._seed).cpu()
                done += len(places) * self._device.world
                on_batch(min(self.count, done) + variant * self.count, variants * self.count)
                if on_disk:
                    self._keep(block, places.tolist(), said, cache)
            self._kept.append(self._device.total(block))

    def _recall(self, block: Tensor, kinds: Sequence[str], cache: Cache) -> list[int]:
        """Fill in what the disk holds; return the places that are still to be computed."""
        missing, length = [], block[0].numel() * 4
        for kind in sorted(set(kinds)):
            places = [place for place, of in enumerate(kinds) if of == kind]
            known = cache.get(kind, [self._images.oids[place] for place in places])
            for place in places:
                data = known.get(self._images.oids[place], b"")
                if len(data) == length:
                    block[place] = torch.frombuffer(bytearray(data), dtype=torch.float32).view(
                        block.shape[1:]
                    )
                else:
                    missing.append(place)
        self.recalled += self.count - len(missing)
        return sorted(missing)

    def _keep(self, block: Tensor, places: list[int], kinds: Sequence[str], cache: Cache) -> None:
        by_kind: dict[str, dict[str, bytes]] = {}
        for place in places:
            data = block[place].contiguous().numpy().tobytes()
            by_kind.setdefault(kinds[place], {})[self._images.oids[place]] = data
        for kind, items in by_kind.items():
            cache.put(kind, items)


def identity(before: nn.Module | None) -> str:
    """Return what names a frozen part and the way it is computed: its weights, its code, the build, the threads."""
    if before is None:
        return ""
    digest = hashlib.sha256(str(getattr(before, "code", before)).encode())
    for name, value in sorted(before.state_dict().items()):
        digest.update(f"{name} {tuple(value.shape)} {value.dtype}\0".encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    digest.update(repr((sorted(machine().items()), torch.get_num_threads(), BATCH)).encode())
    return digest.hexdigest()
