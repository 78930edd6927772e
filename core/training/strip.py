"""An older checkpoint's weights alone, in the form of a model version: `python -m core.training.strip SOURCE TARGET`.

Nothing in the file is run, the optimizer's state is left behind, and what the file says of itself (epoch, accuracy) is
handed on as a claim: nobody measured it here. A process of its own, because it needs torch; `adopting` starts it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from core.durable import atomic_write
from core.errors import PrintModelsError
from core.text import safe
from core.training.network import build, fit_state, load_file, load_state, serialise

#: What an older checkpoint says of itself in plain numbers.
_CLAIMS = ("epoch", "val_acc", "val_loss", "best_val_acc", "accuracy")
_KNOWN = ("resnet18", "mobilenet_v2")


def strip(source: Path, target: Path, classes: list[str]) -> dict[str, Any]:
    """Write the weights of `source` to `target` and return what is known of them, as JSON takes it.

    Raises Lacking (absent, a pointer), Damaged (no weights, weights that are not finite, code inside).
    """
    found, state = load_file(source), load_state(source)
    claims = {key: found[key] for key in _CLAIMS if isinstance(found.get(key), int | float)}
    architecture = _architecture(state, len(classes))
    content = {
        "model_state_dict": state,
        "architecture": architecture,
        "classes": classes,
        "metrics": {"claimed": claims},
        "epoch": int(claims.get("epoch", 0)),
    }
    data, hashed = serialise(content)
    atomic_write(target, data)
    return {
        "architecture": architecture,
        "claims": claims,
        "sha256": hashed.oid,
        "size": hashed.size,
        "left": sorted(safe(str(key), limit=60) for key in found if "optim" in str(key).lower()),
    }


def _architecture(state: dict[str, Any], classes: int) -> str:
    """Return the network whose weights these are, 'unknown' where none that is known here takes them."""
    for name in _KNOWN:
        try:
            fit_state(build(name, classes), state, "the file")
        except PrintModelsError:
            continue
        return name
    return "unknown"


def main() -> int:
    """Strip one file; the answer, or what was wrong, is one JSON object on standard output."""
    source, target, *classes = sys.argv[1:]
    try:
        answer = strip(Path(source), Path(target), classes)
    except PrintModelsError as error:
        answer = {"what": error.what, "remedy": error.remedy, "code": error.exit_code}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
