"""Where a campaign stands, without asking a model."""

from __future__ import annotations

from collections import Counter

from bigloop.contracts import Account, Campaign, Cost, Document
from bigloop.dashboard.advice import front_text, nothing_text
from bigloop.dashboard.fronts import MeasuredFront, measured_front
from bigloop.dashboard.measured import Measured, best_measured
from bigloop.dashboard.wording import design_text, quantity, spent_text
from bigloop.db import CampaignInfo, Store


class Standing(Document):
    """Where a campaign stands."""

    info: CampaignInfo
    spec: Campaign
    trials: dict[str, int]
    """Number of trials by state."""
    accounts: dict[str, Account]
    best: Measured | None
    """Best measured mean at the target fidelity, of what keeps the requirements."""
    front: MeasuredFront | None = None
    """Where several observables decide: what no measured design beats."""

    @property
    def spent(self) -> Cost:
        """Amount spent by currency."""
        return {name: account.spent for name, account in self.accounts.items()}


def standing(store: Store, name: str) -> Standing:
    """Read the standing of a campaign.

    Raises:
        NotFoundError: there is no such campaign.
    """
    spec = store.campaign(name)
    counts = Counter(str(trial.state) for trial in store.trials(name))
    found = store.observations(name)
    return Standing(
        info=next(info for info in store.campaigns() if info.name == name),
        spec=spec,
        trials=dict(counts),
        accounts=store.ledger(name),
        best=best_measured(spec, found),
        front=None if spec.is_plain else measured_front(spec, found),
    )


def standing_lines(item: Standing) -> list[str]:
    """The same in a few lines for people."""
    spec, info = item.spec, item.info
    why = f" ({info.reason})" if info.reason else ""
    counts = ", ".join(f"{n} {state}" for state, n in item.trials.items())
    lines = [f"{info.name}: {info.status}{why}", f"  trials: {counts or 'none yet'}"]
    for text in spent_text(item.spent, spec.budget, spec.reference_cost):
        lines.append(f"  spent: {text}")
    if item.front is not None:
        lines.append(f"  measured: {front_text(spec, item.front)}")
    if spec.objectives:
        pass
    elif item.best is None:
        lines.append(f"  best measured: {nothing_text(spec)} yet")
    else:
        mean = quantity(item.best.mean, item.best.unit)
        lines.append(
            f"  best measured: {mean} (mean of n = {item.best.n}) at "
            f"{design_text(spec, item.best.design)}"
        )
    if waiting := item.trials.get("awaiting_approval"):
        lines.append(f"  {waiting} wait for a person: bigloop queue {info.name}")
    if lost := item.trials.get("unknown"):
        lines.append(f"  {lost} unknown: say what became of them, bigloop resolve")
    return lines
