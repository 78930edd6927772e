"""What storage costs: the plans of hosts, and the price tag of a draft against one.

What always holds: storage and bandwidth are counted apart, in bytes; a plan without a limit says None, and then no
share is computed. The figures carry the date they were true. Called by `storage`, release, the app's header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import WrongUsage
from core.human import duration, plural, signed_size, size
from core.storage.ledger import Ledger
from core.text import safe

GIB = 1 << 30
GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A host's offer: `storage` in bytes and `bandwidth` in bytes a month, None for no stated limit.

    `as_of` is when the figures were true; `note` is what they mean.
    """

    name: str
    storage: int | None
    bandwidth: int | None
    as_of: str
    note: str


PRESETS: Mapping[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan("github-free", 10 * GIB, 10 * GIB, "2026", "GitHub Free and Pro: 10 GiB, and 10 GiB a month"),
        Plan("github-team", 250 * GIB, 250 * GIB, "2026", "GitHub Team and Enterprise: 250 GiB of each"),
        Plan("github-free-legacy", 1 * GB, 1 * GB, "2025", "GitHub before metered billing: 1 GB of each"),
        Plan("github-pro-legacy", 50 * GB, 50 * GB, "2025", "one data pack of 50 GB + 50 GB a month"),
        Plan("gitlab-free", 10 * GIB, None, "2026", "GitLab.com Free: 10 GiB per project, LFS included"),
        Plan("huggingface", 100 * GB, None, "2026", "Hugging Face, free: 100 GB private; public as agreed"),
        Plan("self-hosted", None, None, "2026", "your own disk or server: what it holds"),
    )
}

_HOSTS = {
    r"(^|[@/.])github\.com[:/]": "github-free",
    r"(^|[@/.])gitlab\.com[:/]": "gitlab-free",
    r"(^|[@/.])(huggingface\.co|hf\.co)[:/]": "huggingface",
}


@dataclass(frozen=True, slots=True)
class Price:
    """What the draft adds and where that leads; bytes, `share` of the plan's storage (1.0 = full).

    Keys as in FORMATS §5: None where the plan has no such limit, or where there is nothing to compute it from.
    """

    new_bytes: int
    after: int
    plan: str | None
    share: float | None
    clone_bytes: int
    clones_per_month: int | None
    full_in_months: float | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def over(self) -> bool:
        """True where the plan's storage would be exceeded."""
        return self.share is not None and self.share > 1

    def line(self) -> str:
        """Return the price tag in one line."""
        words = f"{signed_size(self.new_bytes)} → {size(self.after)} stored"
        if self.share is not None:
            words += f" · {self.share:.1%} of {self.plan}"
        return f"{words} · a fresh clone gets {size(self.clone_bytes)}"


def plan_named(name: str) -> Plan:
    """Return a preset. Raises WrongUsage naming them all."""
    if name in PRESETS:
        return PRESETS[name]
    raise WrongUsage(f"There is no plan “{safe(name, limit=60)}”.", f"Use one of: {', '.join(PRESETS)}.")


def guess(remotes: Mapping[str, str]) -> Plan | None:
    """Return the plan that a remote's host points to (`origin` first); None without a remote: then bytes only."""
    urls = [remotes[name] for name in sorted(remotes, key=lambda name: (name != "origin", name))]
    if not urls:
        return None
    for pattern, name in _HOSTS.items():
        if re.search(pattern, urls[0]):
            return PRESETS[name]
    return PRESETS["self-hosted"]


def plan_for(named: str, remotes: Mapping[str, str]) -> Plan | None:
    """Return the plan that the settings name, else the one the remotes point to. Raises WrongUsage."""
    return plan_named(named) if named else guess(remotes)


def price(ledger: Ledger, new_bytes: int, plan: Plan | None) -> Price:
    """Return the price tag of `new_bytes` more on a plan; None as the plan gives bytes only."""
    after = ledger.bytes + new_bytes
    clone = ledger.clone_bytes + new_bytes
    storage = plan.storage if plan else None
    bandwidth = plan.bandwidth if plan else None
    months: float | None = None
    if storage is not None and ledger.growth:
        months = round(max(0.0, storage - after) / ledger.growth, 1)
    return Price(
        new_bytes=new_bytes,
        after=after,
        plan=plan.name if plan else None,
        share=round(after / storage, 6) if storage else None,
        clone_bytes=clone,
        clones_per_month=bandwidth // clone if bandwidth is not None and clone else None,
        full_in_months=months,
    )


def describe(price: Price, plan: Plan | None) -> list[str]:
    """Return the price tag as lines for a person."""
    lines = [f"draft     {price.line()}"]
    if plan is None:
        return [*lines, "plan      none: there is no remote; choose one with --plan"]
    lines.append(f"plan      {plan.name}: {plan.note} (as of {plan.as_of})")
    if price.clones_per_month is not None:
        lines.append(
            f"clones    {plural(price.clones_per_month, 'fresh clone')} a month; CI and forks count too"
        )
    if price.full_in_months is not None:
        lines.append(f"full in   {duration(price.full_in_months * 30.44 * 86400)} at this rate")
    if price.over:
        lines.append("          over the plan: what is pushed to a hosted LFS can't be taken back")
    return lines
