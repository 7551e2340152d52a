from __future__ import annotations

from collections.abc import Callable

import pytest

from bigloop.contracts import (
    Because,
    Campaign,
    ConflictError,
    NotFoundError,
    SpecError,
    Suggestion,
    Trial,
    TrialState,
    Verdict,
)
from bigloop.db import Store

Suggest = Callable[..., Suggestion]


@pytest.mark.parametrize("because", ["once", "design"])
def test_what_a_rejection_is_about_is_kept(
    store: Store, suggest: Suggest, ask: Verdict, because: str
) -> None:
    trial = store.propose(suggest(0), ask, "loop")
    assert trial.because is None
    done = store.reject(trial.id, "ada", "it leaks", because=because)
    assert (done.state, done.because) == (TrialState.REJECTED, because)
    assert store.state("cells", ()).trials[0].because is Because(because)
    assert store.events(limit=100)[-1].data["because"] == because


def test_a_rule_that_refuses_says_nothing_of_designs(
    store: Store, suggest: Suggest
) -> None:
    refuse = Verdict(action="refuse", reason="too dear")
    assert store.propose(suggest(0), refuse, "loop").because is None


def test_another_word_is_refused_and_changes_nothing(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    trial = store.propose(suggest(0), ask, "loop")
    with pytest.raises(SpecError, match="because 'never': write one of once, design"):
        store.reject(trial.id, "ada", "no", because="never")
    assert store.trial(trial.id) == trial


def test_a_key_means_one_rejection(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    trial = store.propose(suggest(0), ask, "loop")

    def no() -> Trial:
        return store.reject(
            trial.id, "ada", "no", because="design", idempotency_key="k"
        )

    assert no() == no()
    with pytest.raises(ConflictError, match="used for another content"):
        store.reject(trial.id, "ada", "no", idempotency_key="k")


def limited_store(store: Store, suggest: Suggest, ask: Verdict) -> Trial:
    """One trial rejected by `rate <= 0.5/hour`; the suggestions are at 1/hour."""
    trial = store.propose(suggest(0), ask, "loop")
    return store.reject(trial.id, "ada", "it gets hot", limit="rate <= 0.5/hour")


def test_a_limit_is_a_revision_and_holds_for_what_comes(
    store: Store, suggest: Suggest, ask: Verdict, approve: Verdict
) -> None:
    rate = suggest(0).proposal.design["rate"]
    assert float(rate) > 0.5
    waits = store.propose(suggest(0), ask, "loop")
    done = store.reject(waits.id, "ada", "it gets hot", limit="rate <= 0.5/hour")
    assert (done.state, done.because) == (TrialState.REJECTED, Because.LIMIT)
    limit = store.campaign("cells").limits["limit_0"]
    assert (limit.text, limit.by) == ("rate <= 0.5 1/hour", "ada")
    assert (limit.trial, limit.description) == (waits.id, "it gets hot")
    assert store.campaigns()[0].revision == 1
    revised, rejected = store.events(limit=100)[-2:]
    assert (revised.kind, revised.data["trial"]) == ("campaign.revised", waits.id)
    assert rejected.kind == "trial.rejected"
    # An agent that asked before is told, and its proposal costs nothing.
    late = store.propose(suggest(1), approve, "loop")
    assert late.state is TrialState.REJECTED
    assert "limit_0 of ada (rate <= 0.5 1/hour) does not hold" in late.reason
    assert (late.because, late.reserved) == (None, {})
    slow = suggest(2, design={"rate": 0.4, "salt": "LiPF6"})
    assert store.propose(slow, approve, "loop").state is TrialState.APPROVED


def test_a_limit_that_does_not_fit_rejects_nothing(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    trial = store.propose(suggest(0), ask, "loop")
    before = store.last_seq()
    wrong = [
        {"limit": "rate <= 9/hour"},
        {"limit": "rate <= 1 meter"},
        {"because": "limit"},
        {"because": "design", "limit": "rate <= 0.5/hour"},
    ]
    for said in wrong:
        with pytest.raises(SpecError):
            store.reject(trial.id, "ada", "no", **said)  # type: ignore[arg-type]
    assert store.trial(trial.id) == trial
    assert store.last_seq() == before
    assert store.campaign("cells").limits == {}


def test_what_waits_beyond_a_new_limit_is_withdrawn(
    store: Store, suggest: Suggest, ask: Verdict, approve: Verdict
) -> None:
    """In the same write, in the name of who set it; not what a person stands behind."""
    two = ask.model_copy(update={"persons": 2})
    slow = {"rate": 0.4, "salt": "LiPF6"}
    trial, waits, fine, half, done, ruled = (
        store.propose(s, verdict, "loop")
        for s, verdict in (
            (suggest(0), ask),
            (suggest(1), ask),
            (suggest(2, design=slow), ask),
            (suggest(3), two),
            (suggest(4), ask),
            (suggest(5), approve),
        )
    )
    store.approve(half.id, "eve", "one of two")
    store.approve(done.id, "eve")
    before = store.ledger("cells")
    rejected = store.reject(
        trial.id, "ada", "it gets hot", limit="rate <= 0.5/hour", idempotency_key="k"
    )
    now = {t.id: t.state for t in store.trials("cells")}
    assert now[rejected.id] == TrialState.REJECTED
    assert now[waits.id] == TrialState.CANCELLED
    assert now[fine.id] == now[half.id] == TrialState.AWAITING_APPROVAL
    assert now[done.id] == now[ruled.id] == TrialState.APPROVED
    gone = store.trial(waits.id)
    assert gone.reason == (
        "withdrawn: limit_0 of ada (rate <= 0.5 1/hour) does not hold"
    )
    assert (gone.because, gone.reserved) == (None, {})
    for currency, amount in (trial.reserved | waits.reserved).items():
        freed = before[currency].reserved - store.ledger("cells")[currency].reserved
        assert freed == pytest.approx(2 * amount)
    kinds = [e.kind for e in store.events(limit=100)[-3:]]
    assert kinds == ["campaign.revised", "trial.rejected", "trial.cancelled"]
    assert store.events(limit=100)[-1].actor == "ada"
    seq = store.last_seq()
    again = store.reject(
        trial.id, "ada", "it gets hot", limit="rate <= 0.5/hour", idempotency_key="k"
    )
    assert (again, store.last_seq()) == (rejected, seq)


def test_an_edit_beyond_a_limit_is_refused(
    store: Store, suggest: Suggest, ask: Verdict
) -> None:
    trial = store.propose(suggest(0), ask, "loop")
    slow = suggest(1, design={"rate": 0.4, "salt": "LiPF6"})
    other = store.propose(slow, ask, "loop")
    store.reject(trial.id, "ada", "it gets hot", limit="rate <= 0.5/hour")
    fast = suggest(2, design={"rate": 2.0, "salt": "LiPF6"})
    with pytest.raises(ConflictError, match="does not hold; revoke it"):
        store.edit(other.id, fast, ask, "bob", "faster")
    assert store.trial(other.id) == other


def test_a_limit_can_be_revoked(
    store: Store, suggest: Suggest, ask: Verdict, approve: Verdict
) -> None:
    limited_store(store, suggest, ask)
    with pytest.raises(NotFoundError, match="there are limit_0"):
        store.revoke("cells", "limit_9", "bob", "cooled now")
    with pytest.raises(SpecError, match="reason is empty"):
        store.revoke("cells", "limit_0", "bob", "")
    for _ in range(2):
        spec = store.revoke(
            "cells", "limit_0", "bob", "cooled now", idempotency_key="k"
        )
        assert spec.limits == {}
    assert store.campaign("cells").limits == {}
    last = store.events(limit=100)[-1]
    assert (last.actor, last.data["revoked"]) == ("bob", "limit_0")
    assert store.propose(suggest(1), approve, "loop").state is TrialState.APPROVED


def test_the_file_and_a_revision_leave_limits_alone(
    store: Store, spec: Campaign, suggest: Suggest, ask: Verdict
) -> None:
    """`run` with the file of before goes on; a revision can neither drop nor add."""
    limited_store(store, suggest, ask)
    there = store.campaign("cells")
    assert store.add_campaign(spec, "ada") == there
    assert store.revise(spec, "ada") == there
    titled = store.revise(spec.model_copy(update={"title": "New"}), "ada")
    assert (titled.title, titled.limits) == ("New", there.limits)


def test_a_replay_gives_limits_and_what_rejections_were_about(
    store: Store, suggest: Suggest, ask: Verdict, url: str, clock: object
) -> None:
    limited_store(store, suggest, ask)
    slow = suggest(1, design={"rate": 0.4, "salt": "LiPF6"})
    trial = store.propose(slow, ask, "loop")
    store.reject(trial.id, "ada", "it gels", because="design")
    assert store.verify().problems == ()
    with Store.open(url) as again:
        assert again.state("cells", ()) == store.state("cells", ())
