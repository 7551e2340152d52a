from __future__ import annotations

from collections.abc import Callable

import pytest

from bigloop.contracts import (
    Campaign,
    ChangedError,
    ConflictError,
    Outcome,
    SpecError,
    Suggestion,
    TrialState,
    Verdict,
)
from bigloop.db import Store

Suggest = Callable[..., Suggestion]
TWO = Verdict(action="ask", reason="dear", persons=2)


def test_two_different_persons_must_agree(store: Store, suggest: Suggest) -> None:
    trial = store.propose(suggest(0), TWO, "loop")
    assert trial.persons == 2
    first = store.approve(trial.id, "ann", "good")
    assert (first.state, first.endorsed) == (TrialState.AWAITING_APPROVAL, ("ann",))
    with pytest.raises(ConflictError, match="somebody else"):
        store.approve(trial.id, "ann", "really")
    second = store.approve(trial.id, "bob")
    assert (second.state, second.endorsed) == (TrialState.APPROVED, ("ann", "bob"))


def test_who_edits_counts_as_one_and_is_not_asked_twice(
    store: Store, suggest: Suggest
) -> None:
    old = store.propose(suggest(0), TWO, "loop")
    store.approve(old.id, "bob")
    changed = suggest(1, design={"rate": 5.0, "salt": "LiFSI"})
    new = store.edit(old.id, changed, TWO, "ann", "gentler")
    assert (new.endorsed, new.state) == (("ann",), TrialState.AWAITING_APPROVAL)
    with pytest.raises(ConflictError, match="somebody else"):
        store.approve(new.id, "ann")
    assert store.approve(new.id, "bob").state == TrialState.APPROVED


def test_one_person_may_approve_their_own_edit(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    old = store.propose(suggest(0), ask, "loop")
    new = store.edit(
        old.id, suggest(1, design={"rate": 5.0, "salt": "LiFSI"}), ask, "ann", "so"
    )
    assert store.approve(new.id, "ann").state == TrialState.APPROVED


def test_an_edit_asked_twice_under_a_key_is_one(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    old = store.propose(suggest(0), ask, "loop")
    design = {"rate": 5.0, "salt": "LiFSI"}
    first = store.edit(
        old.id, suggest(1, design=design), ask, "ann", "so", idempotency_key="k"
    )
    again = store.edit(
        old.id, suggest(2, design=design), ask, "ann", "so", idempotency_key="k"
    )
    assert again == first


def test_higher_priority_is_claimed_first_and_what_is_held_never(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    a, b, c = (store.propose(suggest(n), approve, "loop").id for n in range(3))
    assert store.rank(c, 5, "ann").priority == 5
    assert store.hold(a, "ann", "bench is dirty").hold == "bench is dirty"
    claims = [store.claim("w") for _ in range(3)]
    assert [claim and claim.trial.id for claim in claims] == [c, b, None]
    assert store.unhold(a, "ann").hold == ""
    last = store.claim("w")
    assert last is not None
    assert last.trial.id == a
    with pytest.raises(ConflictError, match="rank is possible"):
        store.rank(a, 1, "ann")


def test_an_edit_keeps_its_place_and_its_hold(
    store: Store, suggest: Suggest, ask: Verdict, approve: Verdict
) -> None:
    old = store.propose(suggest(0), ask, "loop")
    store.rank(old.id, 3, "ann")
    store.hold(old.id, "ann", "wait for cells")
    changed = suggest(1, design={"rate": 5.0, "salt": "LiFSI"})
    new = store.edit(old.id, changed, approve, "ann", "so")
    assert (new.priority, new.hold) == (3, "wait for cells")
    assert store.claim("w") is None


def test_what_changed_meanwhile_is_not_decided_on(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    seen = store.propose(suggest(0), ask, "loop")
    moved = store.rank(seen.id, 1, "bob")
    for call in (store.approve, store.reject, store.cancel, store.hold):
        with pytest.raises(ChangedError, match="look at it again"):
            call(seen.id, "ann", "so", version=seen.version)
    assert store.trial(seen.id) == moved
    done = store.approve(seen.id, "ann", version=moved.version)
    assert done.state == TrialState.APPROVED


def test_the_same_order_again_is_no_event(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    trial = store.propose(suggest(0), ask, "loop").id
    store.rank(trial, 2, "ann")
    store.hold(trial, "ann", "so")
    before = store.last_seq()
    store.rank(trial, 2, "ann")
    store.hold(trial, "ann", "so")
    assert store.last_seq() == before
    with pytest.raises(SpecError, match="priority"):
        store.rank(trial, 10**9, "ann")
    with pytest.raises(SpecError, match="reason is empty"):
        store.hold(trial, "ann", " ")


def test_abort_withdraws_all_that_has_not_been_started(
    store: Store, suggest: Suggest, approve: Verdict, ask: Verdict
) -> None:
    runs = store.propose(suggest(0), approve, "loop").id
    assert store.take("w") is not None
    for n, verdict in ((1, approve), (2, ask)):
        store.propose(suggest(n), verdict, "loop")
    assert store.abort("cells", "eve", "smoke").status == "stopped"
    states = [trial.state for trial in store.trials("cells")]
    gone = TrialState.CANCELLED
    assert states == [TrialState.RUNNING, gone, gone]
    assert store.trial(runs).state == TrialState.RUNNING
    assert store.ledger("cells")["core_second"].reserved == 0.1
    assert store.abort("cells", "eve").status == "stopped"


def test_a_checklist_has_to_be_ticked(
    empty: Store,
    spec: Campaign,
    suggest: Suggest,
    success: Callable[..., Outcome],
    approve: Verdict,
) -> None:
    items = ("bench cleared", "the gas is off")
    source = spec.sources["early"].model_copy(update={"checklist": items})
    sources = {**spec.sources, "early": source}
    empty.add_campaign(spec.model_copy(update={"sources": sources}), "ada")
    trial = empty.propose(suggest(0, "early", cost={"cell_cycle": 100}), approve, "l")
    claim = empty.take("w")
    assert claim is not None
    empty.mark_unknown(claim, "power cut")
    outcome = success(slope=-3.0, cost={"cell_cycle": 100})
    with pytest.raises(SpecError, match=r"confirm: the gas is off"):
        empty.resolve(trial.id, outcome, "ann", "looked", ticked=["bench cleared"])
    with pytest.raises(SpecError, match="not on the checklist"):
        empty.resolve(trial.id, outcome, "ann", "looked", ticked=["tea made"])
    done = empty.resolve(trial.id, outcome, "ann", "looked", ticked=items)
    assert done.state == TrialState.COMPLETED
    assert empty.events()[-1].data["ticked"] == list(items)
