"""Why a trial was proposed, in lines."""

from __future__ import annotations

from collections.abc import Mapping

from bigloop.contracts import Campaign, Decision, Trial, significant
from bigloop.dashboard.beyond import beyond
from bigloop.dashboard.outdated import outdated
from bigloop.dashboard.wording import cost_text, design_text, quantity


def explanation_lines(
    spec: Campaign, trial: Trial, versions: Mapping[str, str] | None = None
) -> list[str]:
    """What it is, the terms that decided, what came of it, the runner-ups.

    Args:
        spec: the campaign.
        trial: any of it.
        versions: of models in use, by source.
    """
    proposal = trial.proposal
    old = outdated(trial, versions or {})
    lines = [
        f"trial {trial.id} (number {proposal.number}): {trial.state}"
        + (f", {trial.reason}" if trial.reason else "")
        + (f" (rejected because: {trial.because})" if trial.because else ""),
        f"  {proposal.source}: {design_text(spec, proposal.design)}",
        f"  {_horizon(spec, trial)}",
        f"  reserved {cost_text(trial.reserved)}; spent {cost_text(trial.spent)}",
        *_edit(trial),
        *([f"  {old}"] if old else []),
        *_limit(spec, trial),
        *_outcome(trial),
    ]
    if trial.decision is None:
        return [*lines, "no decision was recorded"]
    return [*lines, *_decision(spec, trial.decision)]


def _horizon(spec: Campaign, trial: Trial) -> str:
    proposal = trial.proposal
    unit = spec.sources[proposal.source].age_unit
    end = "its end" if proposal.until_age is None else f"{proposal.until_age:g}"
    whose = f"specimen {proposal.specimen}" if proposal.specimen else "a new specimen"
    return f"{whose} from age {proposal.from_age:g} to {end} [{unit}]"


def _edit(trial: Trial) -> list[str]:
    """Who put it in the place of what; nothing for a proposal of the agent's own."""
    replaces, decision = trial.proposal.replaces, trial.decision
    who = f", by {decision.agent}" if decision else ""
    return [f"  an edit of {replaces}{who}"] if replaces else []


def _limit(spec: Campaign, trial: Trial) -> list[str]:
    """Which limit it breaks, where people set one after it was proposed."""
    limit = beyond(spec, trial)
    return [f"  beyond a limit: {limit}"] if limit else []


def _outcome(trial: Trial) -> list[str]:
    if trial.outcome is None:
        return []
    failure = f" ({trial.outcome.failure})" if trial.outcome.failure else ""
    lines = [
        f"outcome: {trial.outcome.status}{failure} {trial.outcome.message}".strip()
    ]
    for m in trial.outcome.measurements:
        spread = "" if m.sd is None else f" ± {significant(m.sd)}"
        above = "above " if m.censored else ""
        lines.append(f"  {m.observable}: {above}{quantity(m.value, m.unit)}{spread}")
    return lines


def _decision(spec: Campaign, decision: Decision) -> list[str]:
    model = decision.model_version
    lines = [
        f"decided by {decision.agent}"
        + (f" with model {model[:12]}" if model else ", without a predictor"),
    ]
    width = max((len(name) for name in decision.terms), default=0)
    for name, term in decision.terms.items():
        note = f"  ({term.note})" if term.note else ""
        lines.append(f"  {name:<{width}}  {quantity(term.value, term.unit)}{note}")
    lines += _runner_ups(spec, decision)
    if decision.flips:
        lines.append(f"what would flip it: {decision.flips}")
    return lines


def _runner_ups(spec: Campaign, decision: Decision) -> list[str]:
    if not decision.runner_ups:
        return ["runner-ups: none"]
    lines = [f"runner-ups (the winner scored {significant(decision.score)}):"]
    for other in decision.runner_ups:
        lines.append(
            f"  {significant(other.score)}  {other.source}: "
            f"{design_text(spec, other.design)}; cost {cost_text(other.cost)}"
        )
    return lines
