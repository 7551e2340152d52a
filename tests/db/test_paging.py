from __future__ import annotations

from collections.abc import Callable

from bigloop.contracts import Outcome, Suggestion, TrialState, Verdict
from bigloop.db import Store


def test_pages_are_the_whole_in_order(
    store: Store,
    suggest: Callable[..., Suggestion],
    success: Callable[..., Outcome],
    approve: Verdict,
    ask: Verdict,
) -> None:
    for n in range(7):
        store.propose(suggest(n), ask if n % 2 else approve, "loop")
    claim = store.take("w")
    assert claim is not None
    store.complete(claim, success(slope=-3.0, warmth=20.0))
    assert store.counts("cells") == {
        TrialState.COMPLETED: 1,
        TrialState.APPROVED: 3,
        TrialState.AWAITING_APPROVAL: 3,
    }
    found, after = [], -1
    while page := store.trial_page("cells", after=after, limit=2):
        found += page
        after = page[-1].proposal.number
    assert found == store.trials("cells")
    waiting = store.trial_page("cells", states=[TrialState.AWAITING_APPROVAL])
    assert [t.proposal.number for t in waiting] == [1, 3, 5]
    assert store.trial_page("cells", sources=["early"]) == []
    first = store.observation_page("cells", limit=1)
    rest = store.observation_page("cells", after=first[0].id)
    assert first + rest == store.observations("cells")
    (attempt,) = store.attempts(claim.trial.id)
    assert (attempt.worker, attempt.result) == ("w", "completed")
    last = store.event(store.last_seq())
    assert last is not None
    assert last.kind == "trial.completed"
    assert store.event(10**6) is None
