"""A changed proposal in the place of another: checked, priced and reviewed anew."""

from __future__ import annotations

from collections.abc import Mapping

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
) -> Trial:
    """Replace a trial that has not been started; the new one may wait for a person.

    Raises:
        SpecError: nothing changes, or the new proposal leaves the search space.
        ConflictError: the trial has been started, or the rules refuse the new one.
        ChangedError: it is no longer what the person saw.
        BudgetError: the new one costs more than is left.
    """
    old = store.trial(trial)
    spec = store.campaign(old.campaign)
    proposal = _changed(spec, old.proposal, values, until)
    cost = _cost(spec, proposal)
    state = store.state(spec.name, ())
    verdict = RulePolicy().review(proposal, cost, state)
    if verdict.action == "refuse":
        raise ConflictError(
            f"the approval rules refuse this edit ({verdict.reason}); change it, or "
            "revise the campaign"
        )
    decision = _decision(old, cost, actor, reason)
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


def _decision(old: Trial, cost: Cost, actor: str, reason: str) -> Decision:
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
        score=0.0,
        terms={},
        runner_ups=(before,),
        flips=f"a person put it in the place of {old.id}: {reason}",
    )


def _numbered(
    store: Store, proposal: Proposal, decision: Decision, cost: Cost
) -> Suggestion:
    last = max(t.proposal.number for t in store.trials(proposal.campaign))
    numbered = proposal.model_copy(update={"number": last + 1})
    return Suggestion(proposal=numbered, decision=decision, cost=cost)
