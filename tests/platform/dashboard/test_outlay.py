from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from bigloop.contracts import Account, Campaign, Proposal, Trial, TrialState
from bigloop.dashboard.outlay import forecast, outlays
from bigloop.db import Store

START = datetime(2026, 1, 1, tzinfo=UTC)


def ended(gaps: list[float], costs: list[float]) -> list[Trial]:
    """Trials that ended after such hours and cost so much."""
    at, found = START, []
    for number, (gap, cost) in enumerate(zip(gaps, costs, strict=True)):
        at += timedelta(hours=gap)
        proposal = Proposal(campaign="c", number=number, source="full", design={})
        found.append(
            Trial(
                id=proposal.id,
                campaign="c",
                proposal=proposal,
                state=TrialState.COMPLETED,
                spent={"cell_cycle": cost},
                created_at=at,
                updated_at=at,
            )
        )
    return found


def account(spent: float) -> Account:
    return Account(currency="cell_cycle", limit=1000, reserved=0, spent=spent)


def test_an_even_pace_ends_when_it_must() -> None:
    found = forecast(ended([2.0] * 10, [50.0] * 10), account(500), START, START)
    assert found is not None
    assert found.per_hour == pytest.approx(25)
    assert found.error == 0
    assert found.ends_at == START + timedelta(hours=40)
    assert found.early == found.ends_at == found.late


def test_while_nothing_comes_in_the_pace_falls() -> None:
    later = START + timedelta(hours=40)
    found = forecast(ended([2.0] * 10, [50.0] * 10), account(500), START, later)
    assert found is not None
    assert found.per_hour == pytest.approx(12.5)
    assert found.ends_at == later + timedelta(hours=40)


def test_only_the_last_results_make_the_pace() -> None:
    trials = ended([100.0] * 5 + [1.0] * 20, [10.0] * 25)
    found = forecast(trials, account(250), START, START)
    assert found is not None
    assert found.n == 20
    assert found.per_hour == pytest.approx(10)


def test_too_few_results_or_nothing_left_have_no_forecast() -> None:
    assert forecast(ended([1.0] * 3, [1.0] * 3), account(3), START, START) is None
    full = Account(currency="cell_cycle", limit=4, reserved=0, spent=4)
    assert forecast(ended([1.0] * 4, [1.0] * 4), full, START, START) is None
    assert forecast([], account(0), START, START) is None


def test_the_error_of_the_pace_is_its_spread() -> None:
    """600 courses of 20 results: the pace scatters as the error says, within 15 %."""
    rng = random.Random(2)
    paces, errors = [], []
    for _ in range(600):
        gaps = [rng.expovariate(1.0) for _ in range(20)]
        found = forecast(
            ended(gaps, [rng.uniform(5, 15) for _ in range(20)]),
            account(200),
            START,
            START,
        )
        assert found is not None
        paces.append(math.log(found.per_hour))
        errors.append(found.error)
    middle = sum(paces) / 600
    spread = math.sqrt(sum((p - middle) ** 2 for p in paces) / 599)
    assert spread == pytest.approx(sum(errors) / 600, rel=0.15)


def test_what_sources_cost_adds_up_to_the_ledger(store: Store, spec: Campaign) -> None:
    found = outlays(spec, store.trials("demo"))
    books = store.ledger("demo")["cell_cycle"]
    assert sum(o.spent for o in found) == pytest.approx(books.spent)
    assert sum(o.reserved for o in found) == pytest.approx(books.reserved)
    assert sum(o.share for o in found) == pytest.approx(100 * books.spent / books.limit)
    assert all(o.sd is not None for o in found if o.n > 1)
