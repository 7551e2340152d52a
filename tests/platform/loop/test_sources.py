from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bigloop.contracts import (
    Campaign,
    Measurement,
    NotFoundError,
    Outcome,
    Proposal,
    Simulator,
    SpecError,
)
from bigloop.loop.sources import Plan, check, plan, settle, stock_of

Change = Callable[..., Campaign]


def built(campaign: Campaign, name: str, base: Path) -> Simulator:
    return plan(campaign.sources[name], base, base / "journal.db", 0).build()


def altered(campaign: Campaign, path: str, value: Any) -> Campaign:
    """The campaign with one nested value replaced."""
    data = campaign.model_dump(mode="json")
    node = data
    *keys, last = path.split(".")
    for key in keys:
        node = node[key]
    node[last] = value
    return Campaign.model_validate(data)


def test_sources_are_built_and_fit(campaign: Campaign, base: Path) -> None:
    for name in campaign.sources:
        check(campaign, name, built(campaign, name, base).capabilities())
    stock = stock_of(campaign, built(campaign, "look", base))
    assert stock is not None
    assert len(stock) == 24
    assert sum(s.specimens for s in stock) == 48


def test_a_stock_that_does_not_add_up_is_named(campaign: Campaign, base: Path) -> None:
    mixed = altered(campaign, "compositions", {"mix": {"components": ["a", "b"]}})
    with pytest.raises(SpecError, match=r"none of 24 designs adds up.*tolerance"):
        stock_of(mixed, built(mixed, "look", base))
    loose = altered(mixed, "compositions.mix.tolerance", 2.0)
    assert len(stock_of(loose, built(loose, "look", base)) or ()) == 24


def test_an_unknown_source_lists_those_that_exist(
    campaign: Campaign, base: Path
) -> None:
    source = campaign.sources["look"].model_copy(update={"lab": "tabel"})
    with pytest.raises(NotFoundError, match=r"'tabel' does not exist.*mean 'table'"):
        plan(source, base, base / "j", 0)


def test_an_unknown_option_lists_those_that_exist() -> None:
    wrong = Plan(entry_point="table", options=(("tabel", "x"),))
    with pytest.raises(SpecError, match=r"its options are table, seed"):
        wrong.build()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("parameters.a.unit", "hour", r"parameters.a: unit 'hour' does not fit"),
        ("observables.early.unit", "volt", r"observables.early: .*does not fit"),
        ("sources.look.age_unit", "hour", r"sources.look.age_unit: .*does not fit"),
        ("sources.look.observes", ["life"], None),
    ],
)
def test_what_does_not_fit_is_named(
    campaign: Campaign, base: Path, path: str, value: Any, message: str | None
) -> None:
    capabilities = built(campaign, "look", base).capabilities()
    changed = altered(campaign, path, value)
    if message is None:
        check(changed, "look", capabilities)
        return
    with pytest.raises(SpecError, match=message):
        check(changed, "look", capabilities)


def test_a_laboratory_is_no_simulator(campaign: Campaign, base: Path) -> None:
    capabilities = built(campaign, "look", base).capabilities()
    sources = dict(campaign.sources)
    sources["look"] = sources["look"].model_copy(
        update={"lab": None, "simulator": "table"}
    )
    changed = campaign.model_copy(update={"sources": sources})
    with pytest.raises(SpecError, match="write lab:"):
        check(changed, "look", capabilities)


def test_a_trial_pays_for_the_ages_that_it_ran(campaign: Campaign, base: Path) -> None:
    capabilities = built(campaign, "to_death", base).capabilities()
    proposal = Proposal(
        campaign="toy",
        number=0,
        source="to_death",
        design={"a": 0.1, "b": 0.2},
        from_age=20.0,
        until_age=600.0,
    )
    outcome = Outcome(
        status="success",
        specimen="c0-0",
        age=150.0,
        measurements=(
            Measurement(observable="life", value=150.0, unit="cycle", age=150.0),
            Measurement(observable="unasked", value=1.0, unit=""),
        ),
    )
    settled = settle(campaign, proposal, outcome, capabilities)
    assert settled.cost == {"cell_cycle": 130.0}
    assert [m.observable for m in settled.measurements] == ["life"]
    assert settled.provenance["also_measured"] == {"unasked": 1.0}


def test_what_was_never_begun_costs_nothing(campaign: Campaign, base: Path) -> None:
    capabilities = built(campaign, "look", base).capabilities()
    proposal = Proposal(
        campaign="toy", number=0, source="look", design={"a": 0.1, "b": 0.2}
    )
    refused = Outcome(status="failure", message="no such design")
    assert settle(campaign, proposal, refused, capabilities).cost == {}
