"""Small changes to training pictures that a fixed camera sees too: it moves a little, the light changes, it blurs.

What always holds: pictures are never mirrored, turned or cut; a change belongs to the bytes of a picture, the seed and
a number (the epoch, or which of several variants), so that the same training changes the same pictures alike, in any
batch and after any interruption. Validation pictures are never changed.
Called by the training process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

#: A shift of at most this share of a side; exposure and gamma within these factors; one picture in four is blurred.
SHIFT, GAIN, GAMMA, BLURRED = 0.03, 1.3, 1.2, 0.25
_DRAWS = 5
_WHOLE = float(1 << 32)


def draws(oids: Sequence[str], number: int, seed: int) -> Tensor:
    """Return what chance says for each picture, N x 5 from 0 to 1: down, right, gain, gamma, blur."""
    found = []
    for oid in oids:
        digest = hashlib.sha256(f"{seed}\0{number}\0{oid}".encode()).digest()
        found.append([int.from_bytes(digest[4 * i : 4 * i + 4], "big") / _WHOLE for i in range(_DRAWS)])
    return torch.tensor(found, dtype=torch.float64)


def changed(pixels: Tensor, chance: Tensor) -> Tensor:
    """Return uint8 pixels (N x 3 x H x W) as floats from 0 to 1, each changed as its row of `chance` says."""
    height, width = pixels.shape[2:]
    shares = torch.empty(pixels.shape, dtype=torch.float32, device=pixels.device)
    spread = chance * 2 - 1
    for place in range(len(pixels)):
        down, right = (round(float(spread[place, i]) * SHIFT * side) for i, side in ((0, height), (1, width)))
        # What comes in at an edge repeats it: a black bar would be something to learn.
        rows = (torch.arange(height, device=pixels.device) - down).clamp(0, height - 1)
        columns = (torch.arange(width, device=pixels.device) - right).clamp(0, width - 1)
        shares[place] = pixels[place][:, rows][:, :, columns].float() / 255
    each = (-1, 1, 1, 1)
    gain = (GAIN ** spread[:, 2]).float().view(each).to(pixels.device)
    gamma = (GAMMA ** spread[:, 3]).float().view(each).to(pixels.device)
    shares = (shares.clamp(min=1 / 510) ** gamma * gain).clamp(0, 1)
    blurred = (chance[:, 4] < BLURRED).nonzero().flatten().to(pixels.device)
    if len(blurred):
        shares[blurred] = _blurred(shares[blurred])
    return shares


def _blurred(shares: Tensor) -> Tensor:
    """Return pictures after a binomial blur over 3 x 3 pixels, edges repeated."""
    wide = torch.nn.functional.pad(shares, (1, 1, 1, 1), mode="replicate")
    across = (wide[..., :-2] + 2 * wide[..., 1:-1] + wide[..., 2:]) / 4
    return (across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]) / 4
