from __future__ import annotations

from collections.abc import Callable

import pytest

from bigloop.contracts import (
    Because,
    ConflictError,
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
