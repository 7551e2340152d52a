from __future__ import annotations

from collections.abc import Callable

import pytest

from bigloop.contracts import BudgetError, SpecError, Suggestion, TrialState, Verdict
from bigloop.db import Store

Suggest = Callable[..., Suggestion]


def test_a_proposal_and_its_claim_are_one_change(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    before = store.last_seq()
    trial, claim = store.propose_and_take(suggest(0), approve, "loop", "w", ["sim"])
    assert claim is not None
    assert (trial.state, claim.trial.state) == ("approved", "running")
    assert (claim.trial.id, claim.worker, claim.token) == (trial.id, "w", 1)
    found = [(event.kind, event.actor) for event in store.events(before)]
    assert found == [
        ("trial.proposed", "loop"),
        ("trial.approved", "loop"),
        ("trial.claimed", "w"),
        ("trial.started", "w"),
    ]
    assert store.heartbeat(claim).token == 1


def test_the_queue_decides_what_is_claimed(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    first = store.propose(suggest(0), approve, "loop")
    trial, claim = store.propose_and_take(suggest(1), approve, "loop", "w")
    assert claim is not None
    assert claim.trial.id == first.id != trial.id
    assert store.trial(trial.id).state == TrialState.APPROVED


def test_only_sources_that_are_served_are_claimed(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    trial, claim = store.propose_and_take(suggest(0), approve, "loop", "w", ["death"])
    assert (trial.state, claim) == ("approved", None)


def test_what_waits_for_a_person_is_not_claimed(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    trial, claim = store.propose_and_take(suggest(0), ask, "loop", "w")
    assert (trial.state, claim) == ("awaiting_approval", None)


def test_a_refused_proposal_claims_nothing(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    waiting = store.propose(suggest(0), approve, "loop")
    before = store.last_seq()
    dear = suggest(1, cost={"core_second": 1000.0})
    with pytest.raises(BudgetError, match="raise budget"):
        store.propose_and_take(dear, approve, "loop", "w")
    with pytest.raises(SpecError, match="worker is empty"):
        store.propose_and_take(suggest(1), approve, "loop", " ")
    assert store.last_seq() == before
    assert store.trial(waiting.id).state == TrialState.APPROVED
    assert len(store.trials("cells")) == 1
