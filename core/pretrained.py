"""Whether a network's ImageNet weights lie on this machine already; asked without importing torch.

Where torch.hub keeps what it downloads: `$TORCH_HOME`, else `torch` below the user's cache folder; there
`hub/checkpoints/<network>-<hash>.pth`. Called by the form of a new training, by `doctor`, and by what chooses a network to compare frames by.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

# resnet18-f37072fd.pth, efficientnet_b0_rwightman-7f5810bc.pth; vgg11_bn-….pth is another network's than vgg11.
_HASHED = r"(?:_(?!bn-)[a-z0-9_]+)?-[0-9a-f]{8}\.pth"


def folder() -> Path:
    """Return where torch.hub keeps downloaded weights, there or not."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    home = os.environ.get("TORCH_HOME") or os.path.join(cache, "torch")
    return Path(os.path.expanduser(home), "hub", "checkpoints")


def on_this_machine(architecture: str) -> Path | None:
    """Return the downloaded ImageNet weights of a network, None where they are not here."""
    try:
        names = sorted(os.listdir(folder()))
    except OSError:
        return None
    pattern = re.compile(re.escape(architecture) + _HASHED)
    return next((folder() / name for name in names if pattern.fullmatch(name)), None)


def describe(architecture: str) -> str:
    """Return in a few words whether the weights can be had."""
    found = on_this_machine(architecture)
    if found is not None:
        return "they are on this machine already"
    return "not here yet: downloaded at the start; without a network it begins with random weights"
