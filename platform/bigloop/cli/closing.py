"""What `run` says at its end."""

from __future__ import annotations

from bigloop.contracts import Recommendation, TrialState
from bigloop.dashboard.advice import advice_lines, nothing_text
from bigloop.dashboard.wording import design_text, spent_text
from bigloop.db import Store
from bigloop.loop.watcher import Ending

_BEFOREHAND = "approved beforehand"
"""How `loop.policy.ApproveAll` begins its reasons."""


def closing_lines(
    store: Store,
    campaign: str,
    ending: Ending,
    best: Recommendation | None,
    mlflow: str,
) -> list[str]:
    """Recommendation, costs, who was asked, and where to look further."""
    spec = store.campaign(campaign)
    spent = {name: account.spent for name, account in store.ledger(campaign).items()}
    lines = ["", f"{campaign}: {_ENDINGS[ending]}"]
    if best is None:
        lines.append(f"recommended: nothing yet, {nothing_text(spec)}")
    else:
        lines.append(f"recommended: {design_text(spec, best.design)}")
        said = advice_lines(spec, best)
        if not best.front:
            said[0] = f"{best.observable}: {said[0]}"
        lines += [f"  {line}" for line in said]
    for text in spent_text(spent, spec.budget, spec.reference_cost):
        lines.append(f"spent: {text}")
    if asked := n_approved_beforehand(store, campaign):
        lines.append(f"a person would have been asked about {asked} proposals")
    waiting = store.trials(campaign, [TrialState.AWAITING_APPROVAL])
    if waiting:
        lines.append(f"{len(waiting)} proposals wait for a person: bigloop queue")
    lines.append(f"models: {mlflow} (MLflow)")
    if trials := store.trials(campaign):
        lines.append("dashboard: bigloop serve")
        lines.append(f"look further: bigloop why {trials[-1].id[:8]} | bigloop status")
    return lines


def n_approved_beforehand(store: Store, campaign: str) -> int:
    """Proposals that `--approve-all` let pass in the name of a person."""
    return sum(
        event.kind == "trial.approved"
        and str(event.data.get("reason", "")).startswith(_BEFOREHAND)
        for event in store.every_event(campaign)
    )


_ENDINGS = {
    Ending.FINISHED: "finished",
    Ending.WAITING: "waits for a person",
    Ending.INTERRUPTED: "interrupted; the same command goes on",
}
