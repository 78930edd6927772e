"""What is likely over time: a printer stays as it is for a while, so a frame's neighbours have a say in it.

A chain of k states (the classes) over the frames of one recording, solved by the forward-backward algorithm (Baum et
al. 1970; as told in Rabiner 1989). What always holds: pure numpy; nothing crosses from one recording into another;
shares of a frame are at least 0 and sum to 1; a label that is given stays certain. Products of matrices are taken in
pairs, so that the time goes with the number of frames at the speed of numpy. Called by suggesting.
"""

from __future__ import annotations

import numpy as np

from core.assist.head import Bools, Floats, Ints

#: A state lasts about so many minutes, and so many frames at least.
LASTS_MINUTES, LASTS_FRAMES = 60.0, 40.0
#: A label that is given leaves so little to the other classes.
_CERTAIN = 1e-9


def stays(minutes: Floats, recordings: Ints) -> Floats:
    """Return for each frame the share of certainty that it is as the one before; 0 where a recording begins.

    `minutes` are moments. Of frames far apart the minutes count, of those close together the frames.
    """
    if not len(minutes):
        return np.empty(0)
    apart = np.abs(np.diff(minutes, prepend=minutes[:1]))
    found: Floats = np.exp(-np.maximum(apart / LASTS_MINUTES, 1 / LASTS_FRAMES))
    begins = np.diff(recordings, prepend=recordings[:1] - 1) != 0
    found[begins] = 0.0
    return found


def shares_of(logits: Floats, scale: float = 1.0) -> Floats:
    """Return the softmax of logits times `scale` along the last axis."""
    told = logits * scale
    told = np.exp(told - told.max(axis=-1, keepdims=True))
    found: Floats = told / told.sum(axis=-1, keepdims=True)
    return found


def smooth(shares: Floats, stay: Floats, given: Ints, present: Bools) -> Floats:
    """Return the shares of classes (n x k) given all frames of the recording.

    `shares` are those of each frame alone, `stay` what `stays` returned, `given` the class of each labelled frame or
    -1. Classes that are not `present` have no share, but where a label says so.
    """
    count, classes = shares.shape
    if not count:
        return shares
    seen = np.where(present, shares + 1e-12, _CERTAIN * 1e-6)
    labelled = given >= 0
    seen[labelled] = _CERTAIN
    seen[labelled, given[labelled]] = 1.0
    first = present / max(int(present.sum()), 1)
    even = np.tile(first, (classes, 1))
    moves = stay[:, None, None] * np.eye(classes) + (1 - stay)[:, None, None] * even
    ahead = _products(moves * seen[:, None, :])
    before = first @ ahead
    # Behind the last frame nothing is known; the same products, taken from the end.
    back = _products((moves[1:] * seen[1:, None, :])[::-1].transpose(0, 2, 1))
    after = np.ones((count, classes))
    after[:-1] = (np.ones(classes) @ back)[::-1]
    found = before * after
    total = found.sum(axis=1, keepdims=True)
    result: Floats = found / np.where(total > 0, total, 1)
    return result


def _products(moves: Floats) -> Floats:
    """Return for each place the product of all matrices up to it (n x k x k), each scaled so that it stays finite."""
    count = len(moves)
    if count < 2:
        return moves.copy()
    pairs = _scaled(moves[0 : count - 1 : 2] @ moves[1::2])
    done = _products(pairs)
    found = np.empty_like(moves)
    found[0] = moves[0]
    found[1::2] = done
    found[2::2] = _scaled(done[: (count - 1) // 2] @ moves[2::2])
    return found


def _scaled(moves: Floats) -> Floats:
    found: Floats = moves / np.maximum(moves.max(axis=(1, 2), keepdims=True), 1e-300)
    return found
