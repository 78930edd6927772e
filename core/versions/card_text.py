"""The card's section on models, and text that people wrote made safe for Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.text import safe
from core.versions.manifest import Version

Result = Mapping[str, Any]

#: Where Markdown would read more than the characters: runs of _ and * but within a word or between blanks, a tag, an
#: entity, the start of a list, quotation or heading. Any reader can be surprised by `, [, | and $.
_MARKUP = re.compile(
    r"[`\[|$]"
    r"|\\(?=[!-/:-@\[-`{-~]|$)"
    r"|(?<![^\W_])(?<!_)_+|_+(?!_)(?![^\W_])"
    r"|(?<!\s)\*+|\*+(?!\s|\*)"
    r"|(?<!\s)~+|~+(?!\s|~)"
    r"|<(?=[A-Za-z/!?])"
    r"|&(?=#?[0-9A-Za-z]+;)"
    r"|^>"
    r"|^#(?=#{0,5}(?:\s|$))"
    r"|^[-+=](?=[-+=\s]|$)"
)
_NUMBERED = re.compile(r"^([0-9]+)([.)])(?=\s|$)")
_RULES = {
    "majority": "always the commonest class",
    "nearest_in_time": "the label of the nearest image in time",
    "brightness": "brightness alone",
    "time_of_day": "time of day alone",
}


def markdown(text: str) -> str:
    """Return outside text as one line that shows as it is in Markdown, tables included."""
    line = safe(text.replace("\n", " "), limit=2000).strip()
    line = _MARKUP.sub(lambda found: "".join(f"\\{mark}" for mark in found[0]), line)
    return _NUMBERED.sub(r"\1\\\2", line)


def performance(version: Version, results: Sequence[Result]) -> list[str]:
    """Return the section Model Performance: each result, then what the rules that look at no picture reach."""
    lines = ["## Model Performance", ""]
    for result in results:
        lines += [*_result(result), ""]
    if not results:
        lines += ["No model has been trained on this version yet.", ""]
    known = {name: found for name, found in version.info.baselines.items() if found}
    if not known:
        return [*lines, "There are too few recordings to measure the rules that look at no picture."]
    lines += [
        "What can be had without looking at a picture (every recording judged by the others):",
        "",
        "| rule | balanced accuracy | accuracy | 95 % interval |",
        "| --- | --- | --- | --- |",
    ]
    for name, words in _RULES.items():
        if name in known:
            s = known[name]
            interval = f"{_share(s['low'])} to {_share(s['high'])}"
            if "images" in s:
                words = f"{words} ({s['images']} images)"
            lines.append(f"| {words} | {_share(s['balanced'])} | {_share(s['accuracy'])} | {interval} |")
    return lines


def _share(value: float) -> str:
    return f"{100 * value:.1f}%"


def _result(result: Result) -> list[str]:
    lines = ["Trained with this dataset:", f"- Model: {markdown(str(result.get('model', 'unknown')))}"]
    if result.get("accuracy") is not None:
        interval = ""
        if result.get("low") is not None and result.get("high") is not None:
            interval = f" ({_share(result['low'])} to {_share(result['high'])})"
        lines.append(f"- Validation Accuracy: {_share(result['accuracy'])}{interval}")
    if result.get("balanced") is not None:
        lines.append(f"  - balanced accuracy: {_share(result['balanced'])}")
    for name, recall in sorted((result.get("recall") or {}).items()):
        known = "not measured" if recall is None else _share(recall)
        lines.append(f"  - recall of {markdown(name)}: {known}")
    for name, found in (result.get("baselines") or {}).items():
        if found:
            some = f" (of {found['images']} images)" if "images" in found else ""
            lines.append(
                f"  - for comparison, {_RULES.get(name, markdown(name))}: {_share(found['accuracy'])}{some}"
            )
    if result.get("date"):
        lines.append(f"- Training Date: {safe(str(result['date'])[:10])}")
    if result.get("file"):
        lines.append(f"- Model File: `{safe(str(result['file'])).replace('`', '')}`")
    if result.get("note"):
        lines.append(f"- {markdown(str(result['note']))}")
    return lines
