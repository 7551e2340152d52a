from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bigloop.contracts import (
    BudgetError,
    Campaign,
    ConflictError,
    NotFoundError,
    SpecError,
    Suggestion,
    Verdict,
)
from bigloop.db import Store


def changed(spec: Campaign, **more: Any) -> Campaign:
    return Campaign.model_validate({**spec.model_dump(), **more})


def test_adding_twice_is_adding_once(store: Store, spec: Campaign) -> None:
    assert store.add_campaign(spec, "bob") == spec
    assert store.last_seq() == 1


def test_a_taken_name_is_refused(store: Store, spec: Campaign) -> None:
    with pytest.raises(ConflictError, match=r"\(seed, title differ\); use a new name"):
        store.add_campaign(changed(spec, seed=1, title="x"), "bob")


def test_an_unknown_name_lists_what_exists(store: Store) -> None:
    for call in (store.campaign, store.ledger, store.trials, store.models):
        with pytest.raises(NotFoundError, match="there are cells"):
            call("cels")
    with pytest.raises(NotFoundError, match="there are cells"):
        store.state("cels", ())


def test_a_revision_takes_over(store: Store, spec: Campaign) -> None:
    budget = {"cell_cycle": 9000, "core_second": 10, "EUR": 5}
    new = store.revise(changed(spec, budget=budget), "ada")
    assert store.campaign("cells") == new
    assert store.campaigns()[0].revision == 1
    limits = {name: account.limit for name, account in store.ledger("cells").items()}
    assert limits == budget
    seq = store.last_seq()
    store.revise(new, "ada")
    assert store.last_seq() == seq


def test_a_revision_covers_what_is_reserved(
    store: Store, spec: Campaign, suggest: Callable[..., Suggestion], approve: Verdict
) -> None:
    store.propose(suggest(0, cost={"core_second": 3}), approve, "loop")
    low = changed(spec, budget={"cell_cycle": 5000, "core_second": 2.9})
    with pytest.raises(BudgetError, match=r"2\.9 is below the 3 that are spent"):
        store.revise(low, "ada")
    assert store.ledger("cells")["core_second"].limit == 10
    store.revise(changed(spec, budget={"cell_cycle": 5000, "core_second": 3}), "ada")
    assert store.ledger("cells")["core_second"].left == 0


def test_a_revision_keeps_the_meaning_of_what_is_recorded(
    store: Store, spec: Campaign
) -> None:
    data = spec.model_dump()
    data["parameters"]["rate"]["unit"] = "1/minute"
    with pytest.raises(ConflictError, match="keeps parameters and their units"):
        store.revise(Campaign.model_validate(data), "ada")
    data = spec.model_dump()
    data["observables"]["life"]["unit"] = "cell_cycle"
    with pytest.raises(ConflictError, match=r"observables\.life"):
        store.revise(Campaign.model_validate(data), "ada")
    data = spec.model_dump()
    del data["sources"]["early"]
    with pytest.raises(ConflictError, match=r"sources\.early"):
        store.revise(Campaign.model_validate(data), "ada")


def test_only_a_running_campaign_is_worked_on(
    store: Store, suggest: Callable[..., Suggestion], approve: Verdict
) -> None:
    store.propose(suggest(0), approve, "loop")
    assert store.set_status("cells", "paused", "lunch", "ada").reason == "lunch"
    assert store.claim("w") is None
    store.propose(suggest(1), approve, "loop")
    store.set_status("cells", "stopped", "enough", "ada")
    with pytest.raises(ConflictError, match="is stopped; resume it"):
        store.propose(suggest(2), approve, "loop")
    store.set_status("cells", "running", "", "ada")
    claim = store.claim("w")
    assert claim is not None
    assert claim.trial.proposal.number == 0


def test_a_status_says_why(store: Store) -> None:
    with pytest.raises(SpecError, match="reason is empty"):
        store.set_status("cells", "stopped", "", "ada")
    with pytest.raises(SpecError, match="status 'asleep'"):
        store.set_status("cells", "asleep", "x", "ada")  # type: ignore[arg-type]
    assert store.campaigns()[0].status == "running"


def test_a_status_under_a_key_is_set_once(store: Store) -> None:
    store.set_status("cells", "paused", "lunch", "ada", idempotency_key="k")
    store.set_status("cells", "running", "", "ada")
    # The request comes again, late: it must not pause what was resumed.
    again = store.set_status("cells", "paused", "lunch", "ada", idempotency_key="k")
    assert again.status == "running"
    with pytest.raises(ConflictError, match="another content"):
        store.set_status("cells", "stopped", "x", "ada", idempotency_key="k")
