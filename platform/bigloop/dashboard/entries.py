"""Trials as the rows of the report's table."""

from __future__ import annotations

from dataclasses import dataclass

from bigloop.contracts import Campaign, Trial, significant
from bigloop.dashboard.wording import cost_text, design_text, quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One trial in words."""

    number: int
    trial: str
    state: str
    source: str
    design: str
    horizon: str
    outcome: str
    cost: str
    reason: str
    agent: str
    terms: tuple[tuple[str, str, str], ...]
    runner_ups: tuple[str, ...]
    flips: str


def entry(spec: Campaign, trial: Trial) -> Entry:
    """One trial in words."""
    proposal, decision = trial.proposal, trial.decision
    terms = decision.terms if decision else {}
    is_paid = trial.outcome is not None
    return Entry(
        number=proposal.number,
        trial=trial.id,
        state=str(trial.state).replace("_", " "),
        source=proposal.source,
        design=design_text(spec, proposal.design),
        horizon=_horizon(spec, trial),
        outcome=outcome_text(trial),
        cost=cost_text(trial.spent)
        if is_paid
        else f"{cost_text(trial.reserved)} reserved",
        reason=trial.reason,
        agent=decision.agent if decision else "not recorded",
        terms=tuple((n, quantity(t.value, t.unit), t.note) for n, t in terms.items()),
        runner_ups=tuple(
            f"{significant(a.score)}: {a.source}, {design_text(spec, a.design)}"
            for a in (decision.runner_ups if decision else ())
        ),
        flips=decision.flips if decision else "",
    )


def _horizon(spec: Campaign, trial: Trial) -> str:
    proposal = trial.proposal
    if proposal.until_age is None and not proposal.from_age:
        return ""
    unit = spec.sources[proposal.source].age_unit
    end = "end" if proposal.until_age is None else significant(proposal.until_age)
    return f"age {significant(proposal.from_age)} to {end} [{unit}]"


def outcome_text(trial: Trial) -> str:
    """What was measured, or how it failed; empty before."""
    outcome = trial.outcome
    if outcome is None:
        return ""
    if outcome.failure is not None:
        return f"{outcome.failure} failure: {outcome.message}"
    return "; ".join(
        f"{m.observable} {'>' if m.censored else '='} {quantity(m.value, m.unit)}"
        + (f" ± {significant(m.sd)}" if m.sd is not None else "")
        for m in outcome.measurements
    )
