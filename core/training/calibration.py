"""Whether a model is as sure as it is right: of a hundred answers given with 90 %, ninety should be right.

What always holds: pure; every image is in exactly one bin, and the bins stand for all of them. Called by results.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

BINS = 10


def calibrate(confidences: Sequence[float], right: Sequence[bool]) -> dict[str, Any] | None:
    """Return reliability bins, the expected calibration error and the mean confidence; None without answers.

    `confidences` are the shares given to the answers, 0 to 1. Bins are of equal width, those without an image left
    out. The error is the sum over the bins of (images in it / images) x |part right - mean confidence| (Naeini, Cooper
    and Hauskrecht 2015, as used by Guo et al. 2017).
    """
    if not confidences:
        return None
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for share, hit in zip(confidences, right, strict=True):
        bins[min(int(share * BINS), BINS - 1)].append((share, hit))
    total, error, rows = len(confidences), 0.0, []
    for place, members in enumerate(bins):
        if not members:
            continue
        mean = sum(share for share, _ in members) / len(members)
        part = sum(hit for _, hit in members) / len(members)
        error += len(members) / total * abs(part - mean)
        rows.append(
            {
                "from": round(place / BINS, 4),
                "to": round((place + 1) / BINS, 4),
                "images": len(members),
                "confidence": round(mean, 4),
                "right": round(part, 4),
            }
        )
    mean = sum(confidences) / total
    return {
        "error": round(error, 4),
        "confidence": round(mean, 4),
        "accuracy": round(sum(right) / total, 4),
        "bins": rows,
    }


def sentence(found: dict[str, Any]) -> str:
    """Return in words how far confidence and truth are apart."""
    if found["error"] < 0.05:
        return f"Its confidence can be taken at its word: it is off by {100 * found['error']:.0f} points on average."
    gap = found["confidence"] - found["accuracy"]
    way = "surer than it is right" if gap > 0 else "less sure than it is right"
    return f"It is {way}: its confidence is off by {100 * found['error']:.0f} points on average."
