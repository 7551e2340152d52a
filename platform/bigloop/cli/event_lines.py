"""What happens in a campaign, one stable line each: `KIND key=value ...`."""

from __future__ import annotations

from bigloop.contracts import Campaign, ModelVersion, Trial, significant
from bigloop.dashboard.wording import cost_text, design_text, quantity


def proposed_line(spec: Campaign, trial: Trial) -> str:
    """A proposal with its state and cost."""
    proposal = trial.proposal
    waits = f": {trial.reason}" if trial.state == "awaiting_approval" else ""
    return (
        f"proposed {trial.id[:8]} {proposal.source} "
        f"[{design_text(spec, proposal.design)}] reserves "
        f"{cost_text(trial.reserved)} {trial.state}{waits}"
    )


def ended_line(trial: Trial) -> str:
    """A result that was taken in."""
    head = f"{trial.state} {trial.id[:8]} {trial.proposal.source}"
    outcome = trial.outcome
    if outcome is None:
        return f"{head} {trial.reason}".rstrip()
    if outcome.failure:
        return f"{head} {outcome.failure}: {outcome.message}".rstrip(": ")
    values = ", ".join(
        f"{m.observable} {'>' if m.censored else '='} {quantity(m.value, m.unit)}"
        + (f" ± {significant(m.sd)}" if m.sd is not None else "")
        for m in outcome.measurements
    )
    return f"{head} {values or 'measured nothing'} cost {cost_text(trial.spent)}"


def trained_line(version: ModelVersion) -> str:
    """A model, and whether it is used from now on."""
    if version.source:
        return _of_source(version)
    n = int(version.metrics.get("specimen_out_n", 0))
    error = version.metrics.get("specimen_out_mape_percent")
    judged = f" held-out error {significant(error)} % (n = {n})" if error else ""
    return (
        f"trained {version.id[:8]} {version.model} on {version.n_rows} specimens"
        f"{judged} {version.status}"
    )


def _of_source(version: ModelVersion) -> str:
    why = version.parameters.get("promotion", "")
    return (
        f"trained {version.id[:8]} {version.model} of {version.source} on "
        f"{version.n_rows} runs {version.status}: {why}"
    )
