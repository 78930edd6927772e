"""What an older card or description claims of a version, held against its files."""

from __future__ import annotations

import re

from core.text import safe
from core.versions import card, manifest
from core.versions.checks import CheckResult
from core.versions.manifest import Version


def of_version(version: Version) -> CheckResult:
    """Compare the counts that README.md and the description tell with the version's files."""
    try:
        raw = (version.path / manifest.CARD).read_bytes()
    except OSError:
        return CheckResult("card", "warn", "README.md is missing.", "git checkout -- its folder")
    if not version.legacy:
        wrong = card.disagreement(version, raw)
        if wrong is None:
            return CheckResult("card", "pass", "README.md says what the files hold.")
        return CheckResult("card", "block", wrong, "Get it as it was released: git checkout -- its README.md")
    text = raw.decode("utf-8", "replace")
    told = _claims(version, f"{version.info.description}\n{text}")
    if told:
        return CheckResult(
            "card",
            "warn",
            f"README.md contradicts the files: it says {' and '.join(told)}.",
            "The files count; say it right in the next version's description.",
        )
    return CheckResult("card", "pass", "The counts in README.md are those of the files.")


def _claims(version: Version, text: str) -> list[str]:
    """Return each count of a class or of all images in a text that the files do not hold, once: '60 active, of 79'."""
    wrong: dict[str, None] = {}
    for name, held in version.classes.items():
        word = re.escape(name)
        for found in re.finditer(rf"\b(\d+) {word}\b|\b{word}:?\**:? (\d+) images?\b", text, re.IGNORECASE):
            number = int(found[1] or found[2])
            if number != held:
                wrong[f"{number} {safe(name)} where there are {held}"] = None
    for found in re.finditer(r"Total Images:\**:? (\d+)", text, re.IGNORECASE):
        if int(found[1]) != len(version.items):
            wrong[f"{found[1]} images where there are {len(version.items)}"] = None
    return list(wrong)
