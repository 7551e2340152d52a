"""A changed proposal in the place of another: checked, priced and reviewed anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bigloop.contracts import (
    Alternative,
    Campaign,
    ChangedError,
    ConflictError,
    Cost,
    Decision,
    Design,
    NotFoundError,
    Proposal,
    SpecError,
    Suggestion,
    Trial,
    Verdict,
    number,
)
from bigloop.db import Store
from bigloop.loop.policy import RulePolicy

_TRIES = 5
"""A running loop may take the next number meanwhile."""


def edit_trial(
    store: Store,
    trial: str,
    values: Mapping[str, str | float],
    until: float | None,
    actor: str,
    reason: str,
    *,
    idempotency_key: str | None = None,
    version: int | None = None,
    appraised: Decision | None = None,
) -> Trial:
    """Replace a trial that has not been started; the new one may wait for a person.

    Args:
        store: where the trial is.
        trial: its id.
        values: of the parameters that change.
        until: age at which to stop; none: as before.
        actor: who edits.
        reason: why.
        idempotency_key: the same key again gives the same trial.
        version: what the person saw of the old trial: its last event.
        appraised: the agent's terms for the new design, kept with the decision.

    Raises:
        SpecError: nothing changes, or the new proposal leaves the search space.
        ConflictError: the trial has been started, or the rules refuse the new one.
        ChangedError: it is no longer what the person saw.
        BudgetError: the new one costs more than is left.
    """
    old = store.trial(trial)
    found = preview(store, old, values, until)
    proposal, cost, verdict = found.proposal, found.cost, found.verdict
    if verdict.action == "refuse":
        raise ConflictError(
            f"the approval rules refuse this edit ({verdict.reason}); change it, or "
            "revise the campaign"
        )
    decision = _decision(old, cost, actor, reason, appraised)
    for left in reversed(range(_TRIES)):
        try:
            return store.edit(
                old.id,
                _numbered(store, proposal, decision, cost),
                verdict,
                actor,
                reason,
                idempotency_key=idempotency_key,
                version=version,
            )
        except ChangedError:
            raise
        except ConflictError:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An edit before it is sent: the proposal, what it reserves, who must agree."""

    proposal: Proposal
    cost: Cost
    verdict: Verdict


def preview(
    store: Store, old: Trial, values: Mapping[str, str | float], until: float | None
) -> Preview:
    """Check, price and review an edit; nothing is written.

    Raises:
        SpecError: nothing changes, or the new proposal leaves the search space.
        NotFoundError: there is no such parameter.
    """
    spec = store.campaign(old.campaign)
    proposal = _changed(spec, old.proposal, values, until)
    cost = _cost(spec, proposal)
    state = store.state(spec.name, ())
    verdict = RulePolicy().review(proposal, cost, state)
    return Preview(proposal=proposal, cost=cost, verdict=verdict)


def _changed(
    spec: Campaign,
    old: Proposal,
    values: Mapping[str, str | float],
    until: float | None,
) -> Proposal:
    design = _design(spec, old.design, values)
    changes = {"design": design, "until_age": until or old.until_age}
    new = old.model_copy(update=changes)
    if new == old:
        raise SpecError(
            "nothing changes; give another value or another age at which to stop"
        )
    if old.specimen is not None and design != old.design:
        raise SpecError(
            f"the trial goes on with specimen {old.specimen}, whose design is fixed; "
            "change the age at which it stops, or reject it"
        )
    if problem := spec.why_infeasible(design):
        raise SpecError(f"the edited design is outside the search space: {problem}")
    if until is not None and until <= old.from_age:
        raise SpecError(
            f"until {until:g} is not above the age {old.from_age:g}; give a later age"
        )
    return new


def _design(spec: Campaign, old: Design, values: Mapping[str, str | float]) -> Design:
    design = dict(old)
    for name, value in values.items():
        parameter = spec.parameters.get(name)
        if parameter is None:
            raise NotFoundError(
                f"parameter {name!r} does not exist; there are "
                f"{', '.join(spec.parameters)}"
            )
        design[name] = str(value) if parameter.choices else number(name, value)
    return design


def _cost(spec: Campaign, proposal: Proposal) -> Cost:
    source = spec.sources[proposal.source]
    until = proposal.until_age or source.until_age or source.longest_age or 0.0
    return source.cost_of(proposal.from_age, until)


def _decision(
    old: Trial, cost: Cost, actor: str, reason: str, appraised: Decision | None
) -> Decision:
    score = old.decision.score if old.decision else 0.0
    before = Alternative(
        source=old.proposal.source,
        design=old.proposal.design,
        specimen=old.proposal.specimen,
        score=score,
        cost=old.reserved or cost,
    )
    return Decision(
        agent=f"person: {actor}",
        score=appraised.score if appraised else 0.0,
        terms=appraised.terms if appraised else {},
        runner_ups=(before,),
        flips=f"a person put it in the place of {old.id}: {reason}",
    )


def _numbered(
    store: Store, proposal: Proposal, decision: Decision, cost: Cost
) -> Suggestion:
    last = max(t.proposal.number for t in store.trials(proposal.campaign))
    changes: dict[str, object] = {"number": last + 1}
    # Meanwhile a newer version may be the one that counts.
    now = store.champion(proposal.campaign, proposal.source)
    if now is not None:
        changes["model"] = now.id
    numbered = proposal.model_copy(update=changes)
    return Suggestion(proposal=numbered, decision=decision, cost=cost)
