from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bigloop.contracts import (
    Campaign,
    Claim,
    ConflictError,
    FailureClass,
    Outcome,
    SpecError,
    StaleClaimError,
    Suggestion,
    TrialState,
    Verdict,
)
from bigloop.db import Store, moves

Suggest = Callable[..., Suggestion]
Success = Callable[..., Outcome]


@pytest.fixture
def claim(store: Store, suggest: Suggest, approve: Verdict) -> Claim:
    """A claim of 60 s, not started."""
    store.propose(suggest(0), approve, "loop")
    claim = store.claim("w1")
    assert claim is not None
    return claim


@pytest.fixture
def physical(store: Store, suggest: Suggest, approve: Verdict) -> Claim:
    """A running claim of a physical trial."""
    store.propose(suggest(0, "early", cost={"cell_cycle": 100}), approve, "loop")
    claim = store.take("w1")
    assert claim is not None
    return claim


def test_the_oldest_that_fits_is_claimed(
    store: Store, suggest: Suggest, approve: Verdict
) -> None:
    for number, source in enumerate(("early", "sim", "sim")):
        store.propose(suggest(number, source, cost={}), approve, "loop")
    numbers = []
    for sources in (["sim"], None, ["death"], ["sim", "early"], None):
        claim = store.claim("w", sources, campaign="cells")
        numbers.append(None if claim is None else claim.trial.proposal.number)
    assert numbers == [1, 0, None, 2, None]
    assert store.claim("w", campaign="other") is None


def test_a_claim_goes_its_way(
    store: Store, claim: Claim, success: Success, clock: Any
) -> None:
    assert claim.token == 1
    assert claim.lease_until == clock() + timedelta(seconds=60)
    assert claim.trial.state == TrialState.CLAIMED
    clock.advance(30)
    running = store.start(claim)
    assert running.trial.state == TrialState.RUNNING
    beat = store.heartbeat(running, 60)
    assert beat.lease_until == clock() + timedelta(seconds=60)
    clock.advance(59)
    trial = store.complete(running, success(slope=-3.0, cost={"core_second": 0.05}))
    assert (trial.state, trial.worker, trial.attempts) == ("completed", "w1", 1)
    account = store.ledger("cells")["core_second"]
    assert (account.reserved, account.spent) == (0.0, 0.05)
    (found,) = store.observations("cells")
    assert (found.trial, found.value, found.solicited) == (trial.id, -3.0, True)


def test_nothing_is_claimed_in_vain(store: Store) -> None:
    seq = store.last_seq()
    assert store.claim("w") is None
    assert store.take("w") is None
    assert store.last_seq() == seq


def test_a_trial_starts_once(store: Store, claim: Claim) -> None:
    store.start(claim)
    with pytest.raises(ConflictError, match="is running") as caught:
        store.start(claim)
    assert not isinstance(caught.value, StaleClaimError)


def test_what_is_not_started_cannot_end(
    store: Store, claim: Claim, success: Success
) -> None:
    with pytest.raises(ConflictError, match="is claimed"):
        store.complete(claim, success(slope=-1.0))
    assert store.trial(claim.trial.id).state == TrialState.CLAIMED
    assert store.observations("cells") == []


def test_a_claim_can_be_handed_back(store: Store, claim: Claim) -> None:
    assert store.release(claim).state == TrialState.APPROVED
    with pytest.raises(StaleClaimError):
        store.start(claim)
    again = store.claim("w2")
    assert again is not None
    assert (again.token, again.trial.id) == (2, claim.trial.id)
    started = store.start(again)
    with pytest.raises(ConflictError, match="is running"):
        store.release(started)


def test_a_cancelled_claim_is_not_started(store: Store, claim: Claim) -> None:
    store.cancel(claim.trial.id, "ada", "changed my mind")
    with pytest.raises(StaleClaimError, match="the trial is cancelled"):
        store.start(claim)


def test_another_worker_cannot_use_a_claim(
    store: Store, claim: Claim, success: Success
) -> None:
    stolen = claim.model_copy(update={"worker": "w2"})
    forged = claim.model_copy(update={"token": 7})
    for wrong in (stolen, forged):
        for write in (store.start, store.heartbeat, store.release):
            with pytest.raises(StaleClaimError):
                write(wrong)
    store.start(claim)
    for wrong in (stolen, forged):
        with pytest.raises(StaleClaimError):
            store.complete(wrong, success(slope=-1.0))
    # Such a claim was never given out, so its result is not kept either.
    assert store.observations("cells") == []


def test_each_of_200_trials_is_claimed_once_by_8_threads(
    store: Store, suggest: Suggest, success: Success, approve: Verdict
) -> None:
    for number in range(200):
        store.propose(suggest(number, cost={}), approve, "loop")
    got: list[str] = []
    errors: list[BaseException] = []

    def work(name: str) -> None:
        try:
            while (claim := store.take(name)) is not None:
                got.append(claim.trial.id)
                store.complete(claim, success(slope=-1.0, cost={}))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sorted(Counter(got).values()) == [1] * 200
    assert len(store.observations("cells")) == 200


def wake_up_late(store: Store, claim: Claim, clock: Any) -> Claim:
    """The lease lapses; another worker gets the trial and runs it."""
    clock.advance(61)
    assert [t.id for t in store.release_expired().approved] == [claim.trial.id]
    other = store.take("w2")
    assert other is not None
    return other


def test_a_frozen_worker_writes_nothing(
    store: Store, claim: Claim, success: Success, clock: Any
) -> None:
    store.start(claim)
    other = wake_up_late(store, claim, clock)
    for write in (store.start, store.heartbeat, store.release):
        with pytest.raises(StaleClaimError, match="under claim 2 of w2"):
            write(claim)
    with pytest.raises(StaleClaimError):
        store.mark_unknown(claim, "woke up")
    before = store.trial(claim.trial.id)
    late = success(slope=-5.0)
    for _ in range(2):
        with pytest.raises(StaleClaimError):
            store.complete(claim, late)
    assert store.trial(claim.trial.id) == before
    (kept,) = store.observations("cells")
    assert (kept.value, kept.solicited) == (-5.0, False)
    store.complete(other, success(slope=-2.0))
    assert store.ledger("cells")["core_second"].spent == 0.1
    state = store.state("cells", [claim.trial.id])
    assert [o.value for o in state.observations] == [-2.0]
    kinds = Counter(event.kind for event in store.events())
    assert kinds["result.unsolicited"] == 1
    assert kinds["trial.completed"] == 1


@pytest.mark.tampers
def test_the_fence_is_what_protects(
    url: str,
    spec: Campaign,
    suggest: Suggest,
    success: Success,
    clock: Any,
    approve: Verdict,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: without its condition the stale write goes through."""
    with Store.open(url, clock=clock) as store:
        store.add_campaign(spec, "ada")
        store.propose(suggest(0), approve, "loop")
        claim = store.take("w1")
        assert claim is not None
        wake_up_late(store, claim, clock)
        with monkeypatch.context() as without:
            without.setattr(moves, "fenced", lambda event: ())
            trial = store.complete(claim, success(slope=-5.0))
        assert trial.state == TrialState.COMPLETED
        assert [o.solicited for o in store.observations("cells")] == [True]
        # With its fence back, the replay finds what went through without it.
        problem = store.verify().problems[0]
        assert (problem.where, problem.seq) == ("replay", store.last_seq())
        assert "claim 1 of w1" in problem.what


@pytest.mark.parametrize("started", [False, True])
def test_a_lease_that_ran_out_is_stale_before_anyone_acts(
    store: Store, claim: Claim, success: Success, clock: Any, started: bool
) -> None:
    if started:
        store.start(claim)
    clock.advance(60)
    with pytest.raises(StaleClaimError, match="its lease ended at"):
        store.heartbeat(claim)
    if not started:
        with pytest.raises(StaleClaimError, match="its lease ended at"):
            store.release(claim)
    else:
        with pytest.raises(StaleClaimError, match="its lease ended at"):
            store.complete(claim, success(slope=-1.0))
        assert [o.solicited for o in store.observations("cells")] == [False]


def test_a_lease_holds_until_its_end(store: Store, claim: Claim, clock: Any) -> None:
    clock.advance(59.999999)
    assert store.release_expired().approved == ()
    store.start(claim)
    clock.advance(0.000001)
    assert [t.id for t in store.release_expired().approved] == [claim.trial.id]


def test_a_sweep_can_be_asked_for_another_moment(
    store: Store, claim: Claim, clock: Any
) -> None:
    assert store.release_expired(clock() + timedelta(seconds=59)).approved == ()
    later = clock() + timedelta(seconds=61)
    assert len(store.release_expired(later).approved) == 1


def test_what_is_not_safe_is_not_run_again(
    store: Store, physical: Claim, clock: Any
) -> None:
    clock.advance(61)
    for _ in range(2):
        swept = store.release_expired()
        assert swept.approved == ()
        assert [t.id for t in swept.stuck] == [physical.trial.id]
    assert store.claim("w2") is None
    assert store.trial(physical.trial.id).state == TrialState.RUNNING


def test_a_physical_trial_that_was_not_started_is_free_again(
    store: Store, suggest: Suggest, approve: Verdict, clock: Any
) -> None:
    store.propose(suggest(0, "early", cost={}), approve, "loop")
    store.claim("w1")
    clock.advance(61)
    assert len(store.release_expired().approved) == 1


def test_safety_can_be_judged_by_the_caller(
    store: Store, physical: Claim, clock: Any
) -> None:
    clock.advance(61)
    swept = store.release_expired(safe=lambda trial: trial.proposal.source == "early")
    assert [t.state for t in swept.approved] == [TrialState.APPROVED]


def test_an_adopted_trial_can_be_completed(
    store: Store, physical: Claim, success: Success, clock: Any
) -> None:
    with pytest.raises(ConflictError, match="is held by w1 until"):
        store.adopt(physical.trial.id, "w2")
    clock.advance(61)
    adopted = store.adopt(physical.trial.id, "w2")
    assert (adopted.token, adopted.trial.attempts) == (2, 2)
    with pytest.raises(ConflictError, match="is held by w2"):
        store.adopt(physical.trial.id, "w3")
    found = success(slope=-2.0, specimen="cell 7", cost={"cell_cycle": 100})
    with pytest.raises(StaleClaimError):
        store.complete(physical, found)
    assert store.complete(adopted, found).state == TrialState.COMPLETED


def test_a_person_resolves_what_nobody_can_tell(
    store: Store, physical: Claim, success: Success, clock: Any
) -> None:
    found = success(slope=-2.0, cost={"cell_cycle": 90})
    trial = physical.trial.id
    with pytest.raises(ConflictError, match="resolve is possible"):
        store.resolve(trial, found, "ada", "looked")
    with pytest.raises(SpecError, match="reason"):
        store.mark_unknown(physical, "")
    assert store.mark_unknown(physical, "power cut").state == TrialState.UNKNOWN
    # The sample may be used up: its cost stays reserved until somebody looked.
    assert store.ledger("cells")["cell_cycle"].reserved == 100
    with pytest.raises(StaleClaimError, match="the trial is unknown"):
        store.complete(physical, found)
    done = store.resolve(trial, found, "ada", "looked", idempotency_key="r")
    assert (done.state, done.reason) == (TrialState.COMPLETED, "looked")
    assert store.resolve(trial, found, "ada", "looked", idempotency_key="r") == done
    account = store.ledger("cells")["cell_cycle"]
    assert (account.reserved, account.spent) == (0, 90)
    assert [o.solicited for o in store.observations("cells")] == [False, True]


def test_a_failure_costs_too(store: Store, claim: Claim) -> None:
    outcome = Outcome(
        status="failure",
        failure=FailureClass.SOLVER,
        message="no convergence",
        cost={"core_second": 0.7},
    )
    store.start(claim)
    trial = store.complete(claim, outcome)
    assert (trial.state, trial.reason) == (TrialState.FAILED, "no convergence")
    assert trial.outcome == outcome
    account = store.ledger("cells")["core_second"]
    assert (account.reserved, account.spent) == (0.0, 0.7)
    assert store.events()[-1].data["over"] == pytest.approx({"core_second": 0.6})


def test_the_same_result_twice_is_one(
    store: Store, claim: Claim, success: Success, clock: Any
) -> None:
    """The answer was lost on the wire, so the worker asks again."""
    store.start(claim)
    outcome = success(slope=-1.0, provenance={"versions": ["1", 2]})
    first = store.complete(claim, outcome)
    seq = store.last_seq()
    clock.advance(3600)
    assert store.complete(claim, outcome) == first
    assert store.last_seq() == seq
    with pytest.raises(ConflictError, match="with another outcome"):
        store.complete(claim, success(slope=-1.5))
    assert store.last_seq() == seq
