from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bigloop.contracts import (
    BudgetError,
    ConflictError,
    NotFoundError,
    SpecError,
    Suggestion,
    TrialState,
    Verdict,
)
from bigloop.db import Store

Suggest = Callable[..., Suggestion]


def reserved(store: Store, currency: str = "core_second") -> float:
    return store.ledger("cells")[currency].reserved


@pytest.mark.parametrize(
    ("action", "state", "held"),
    [
        ("approve", TrialState.APPROVED, 0.1),
        ("ask", TrialState.AWAITING_APPROVAL, 0.1),
        ("refuse", TrialState.REJECTED, 0.0),
    ],
)
def test_the_verdict_is_carried_out(
    store: Store, suggest: Suggest, action: str, state: TrialState, held: float
) -> None:
    suggestion = suggest(0)
    verdict = Verdict(action=action, reason="because")
    trial = store.propose(suggestion, verdict, "loop")
    assert (trial.state, trial.reason) == (state, "because")
    assert trial.id == suggestion.proposal.id
    assert trial.proposal == suggestion.proposal
    assert trial.decision == suggestion.decision
    assert reserved(store) == held
    assert sum(trial.reserved.values()) == held


def test_proposing_twice_is_proposing_once(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    first = store.propose(suggest(0), approve, "loop")
    store.cancel(first.id, "ada", "no")
    seq = store.last_seq()
    again = store.propose(suggest(0), approve, "loop")
    assert again.state == TrialState.CANCELLED
    assert store.last_seq() == seq


def test_two_loops_are_noticed(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    store.propose(suggest(0), approve, "loop")
    for number in (0, 2):
        with pytest.raises(ConflictError, match="next number is 1"):
            store.propose(suggest(number, seed=9), approve, "other loop")


def test_what_does_not_fit_is_refused(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    with pytest.raises(NotFoundError, match="there are death, early, sim"):
        store.propose(suggest(0, source="oven"), approve, "loop")
    with pytest.raises(SpecError, match="exactly the parameters"):
        store.propose(suggest(0, design={"rate": 1.0}), approve, "loop")
    with pytest.raises(NotFoundError, match="there are cells"):
        store.propose(suggest(0, campaign="other"), approve, "loop")
    assert store.trials("cells") == []


def test_a_budget_is_never_overdrawn(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    store.propose(suggest(0, cost={"core_second": 9.5}), approve, "loop")
    with pytest.raises(
        BudgetError, match=r"has 0\.5 core_second left, 0\.6 were asked"
    ):
        store.propose(suggest(1, cost={"core_second": 0.6}), approve, "loop")
    with pytest.raises(BudgetError, match="no budget in EUR"):
        store.propose(suggest(1, cost={"EUR": 1.0}), approve, "loop")
    with pytest.raises(BudgetError, match="below 0"):
        store.propose(suggest(1, cost={"core_second": -1.0}), approve, "loop")
    assert len(store.trials("cells")) == 1
    store.propose(suggest(1, cost={"core_second": 0.5}), approve, "loop")
    assert store.ledger("cells")["core_second"].left == 0


def test_tenths_add_up_and_go_away_again(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    """In floats 0.1 + 0.2 - 0.1 - 0.2 is not 0, and a ledger would never close."""
    a = store.propose(suggest(0, cost={"core_second": 0.1}), ask, "loop")
    b = store.propose(suggest(1, cost={"core_second": 0.2}), ask, "loop")
    assert reserved(store) == 0.3
    store.reject(a.id, "ada", "no")
    store.reject(b.id, "ada", "no")
    assert reserved(store) == 0.0


def test_what_a_float_says_is_left_may_be_reserved(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    for number, cost in enumerate((0.1, 0.2, 3.3, 1e-7)):
        store.propose(suggest(number, cost={"core_second": cost}), approve, "loop")
    left = store.ledger("cells")["core_second"].left
    store.propose(suggest(4, cost={"core_second": left}), approve, "loop")


@pytest.mark.parametrize("decide", ["approve", "reject"])
def test_a_person_decides_once(
    store: Store, suggest: Suggest, ask: Verdict, decide: str
) -> None:
    trial = store.propose(suggest(0), ask, "loop")
    decided = getattr(store, decide)(trial.id, "ada", "seen")
    assert decided.reason == "seen"
    for again in (store.approve, store.reject):
        with pytest.raises(ConflictError, match=f"is {decided.state}; .* possible"):
            again(trial.id, "bob", "too late")
    assert store.trial(trial.id) == decided
    assert reserved(store) == (0.1 if decide == "approve" else 0.0)


def test_a_refusal_needs_a_reason(store: Store, suggest: Suggest, ask: Verdict) -> None:
    trial = store.propose(suggest(0), ask, "loop")
    for refuse in (store.reject, store.cancel):
        with pytest.raises(SpecError, match="reason is empty"):
            refuse(trial.id, "ada", " ")
    assert store.trial(trial.id).state == TrialState.AWAITING_APPROVAL


@pytest.mark.parametrize("end", ["cancel", "expire"])
def test_a_trial_can_be_taken_out_of_the_queue(
    store: Store, suggest: Suggest, approve: Verdict, end: str
) -> None:
    trial = store.propose(suggest(0), approve, "loop")
    assert getattr(store, end)(trial.id, "ada", "no").state in ("cancelled", "expired")
    assert store.claim("w") is None
    assert reserved(store) == 0.0
    with pytest.raises(ConflictError):
        getattr(store, end)(trial.id, "ada", "no")


def test_the_same_key_is_the_same_request(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    trial = store.propose(suggest(0), ask, "loop")
    first = store.approve(trial.id, "ada", "ok", idempotency_key="k1")
    seq = store.last_seq()
    assert store.approve(trial.id, "ada", "ok", idempotency_key="k1") == first
    assert store.last_seq() == seq
    with pytest.raises(ConflictError, match="'k1' was used for another content"):
        store.approve(trial.id, "ada", "other", idempotency_key="k1")
    with pytest.raises(ConflictError, match="'k1' was used for another content"):
        store.cancel(trial.id, "ada", "ok", idempotency_key="k1")


def test_a_refused_request_does_not_use_up_its_key(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    trial = store.propose(suggest(0), ask, "loop")
    with pytest.raises(SpecError):
        store.reject(trial.id, "ada", "", idempotency_key="k")
    assert store.reject(trial.id, "ada", "no", idempotency_key="k").reason == "no"


def test_an_edit_replaces(store: Store, suggest: Suggest, ask: Verdict) -> None:
    old = store.propose(suggest(0, cost={"core_second": 9.0}), ask, "loop")
    better = suggest(
        1, cost={"core_second": 9.5}, design={"rate": 2.0, "salt": "LiPF6"}
    )
    approve = Verdict(action="approve", who="ada")
    new = store.edit(old.id, better, approve, "ada", "gentler", idempotency_key="e")
    assert new.state == TrialState.APPROVED
    assert new.proposal.replaces == old.id
    assert new.proposal.design["rate"] == 2.0
    gone = store.trial(old.id)
    assert gone.state == TrialState.CANCELLED
    assert gone.reason == f"edited: replaced by {new.id}"
    assert reserved(store) == 9.5
    again = store.edit(old.id, better, approve, "ada", "gentler", idempotency_key="e")
    assert again == new
    assert store.trials("cells") == [gone, new]


def test_an_edit_that_fails_changes_nothing(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    old = store.propose(suggest(0), ask, "loop")
    with pytest.raises(BudgetError):
        store.edit(old.id, suggest(1, cost={"core_second": 11.0}), ask, "ada", "more")
    with pytest.raises(ConflictError, match="next number"):
        store.edit(old.id, suggest(5), ask, "ada", "more")
    assert store.trials("cells") == [old]
    assert reserved(store) == 0.1


def test_a_dispatched_trial_is_not_edited(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    old = store.propose(suggest(0), approve, "loop")
    store.take("w")
    with pytest.raises(ConflictError, match="is running"):
        store.edit(old.id, suggest(1), approve, "ada", "late")
    with pytest.raises(ConflictError, match="is running"):
        store.cancel(old.id, "ada", "late")


def test_a_prefix_finds_a_trial(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    ids = [store.propose(suggest(n, cost={}), approve, "loop").id for n in range(3)]
    assert store.trial(ids[1][:10]).id == ids[1]
    for text in (ids[0][:3], "zzzz", "", ids[0] + "0"):
        with pytest.raises(NotFoundError, match="does not exist"):
            store.trial(text)


def test_an_ambiguous_prefix_lists_what_fits(store: Store, suggest: Suggest) -> None:
    """Ids are hashes, so the collision is looked for; 400 share 4 digits somewhere."""
    seen: dict[str, int] = {}
    seed = 0
    while (prefix := suggest(1, seed=seed).proposal.id[:4]) not in seen:
        seen[suggest(0, seed=seed).proposal.id[:4]] = seed
        seed += 1
    approve = Verdict(action="approve")
    a = store.propose(suggest(0, seed=seen[prefix], cost={}), approve, "loop")
    b = store.propose(suggest(1, seed=seed, cost={}), approve, "loop")
    with pytest.raises(
        NotFoundError, match=f"ambiguous; write more of: {a.id}, {b.id}"
    ):
        store.trial(prefix)


def test_trials_can_be_chosen_by_state(
    store: Store, suggest: Suggest, approve: Verdict, ask: Verdict
) -> None:
    store.propose(suggest(0), approve, "loop")
    waiting = store.propose(suggest(1), ask, "loop")
    assert store.trials("cells", [TrialState.AWAITING_APPROVAL]) == [waiting]
    assert [t.proposal.number for t in store.trials("cells")] == [0, 1]


def test_odd_text_survives(store: Store, suggest: Suggest, ask: Verdict) -> None:
    odd: Any = "100 % „gut“ \u2028 'quoted'; DROP TABLE trials; 电池"
    trial = store.propose(suggest(0), ask, "loop")
    assert store.approve(trial.id, odd, odd).reason == odd
    assert store.events()[-1].actor == odd
