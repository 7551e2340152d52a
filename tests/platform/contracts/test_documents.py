"""Documents: JSON and back, identity by content, states that lead somewhere."""

from __future__ import annotations

import math
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bigloop.contracts import (
    TERMINAL,
    TRANSITIONS,
    Account,
    Alternative,
    Claim,
    Decision,
    Document,
    Estimate,
    Event,
    FailureClass,
    HistoryRow,
    Measurement,
    ModelVersion,
    Observation,
    Outcome,
    Proposal,
    Recommendation,
    Snapshot,
    Stock,
    Term,
    TrainingRow,
    Trial,
    TrialState,
    canonical_json,
    content_hash,
    significant,
)

text = st.text(max_size=6)
maybe_text = st.none() | text
finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(1e-6, 1e6)
maybe_age = st.none() | st.floats(0, 1e6)
times = st.datetimes(timezones=st.just(UTC))
designs = st.dictionaries(text, finite | text, max_size=3)
costs = st.dictionaries(text, finite, max_size=2)
anything = st.dictionaries(text, finite | text | st.none() | st.booleans(), max_size=2)

proposals = st.builds(
    Proposal,
    number=st.integers(0, 99),
    campaign=text,
    source=text,
    design=designs,
    specimen=maybe_text,
    from_age=st.floats(0, 1e6),
    until_age=st.none() | positive,
    seed=st.integers(),
    replaces=maybe_text,
)
measurements = st.builds(
    Measurement,
    observable=text,
    value=finite,
    unit=text,
    sd=maybe_age,
    age=maybe_age,
    censored=st.booleans(),
)
outcomes = st.builds(
    Outcome,
    status=st.sampled_from(["success", "failure"]),
    failure=st.none() | st.sampled_from(FailureClass),
    message=text,
    measurements=st.lists(measurements, max_size=2).map(tuple),
    cost=costs,
    executed=designs,
    age=maybe_age,
    provenance=anything,
)
alternatives = st.builds(
    Alternative, source=text, design=designs, score=finite, cost=costs
)
decisions = st.builds(
    Decision,
    agent=text,
    score=finite,
    terms=st.dictionaries(text, st.builds(Term, value=finite, note=text), max_size=2),
    runner_ups=st.lists(alternatives, max_size=1).map(tuple),
    seen=st.lists(text, max_size=2).map(tuple),
    at_s=finite,
)
trials = st.builds(
    Trial,
    id=text,
    campaign=text,
    proposal=proposals,
    state=st.sampled_from(TrialState),
    decision=st.none() | decisions,
    reserved=costs,
    spent=costs,
    outcome=st.none() | outcomes,
    reason=text,
    created_at=times,
    updated_at=times,
)
observations = st.builds(
    Observation,
    id=st.integers(),
    campaign=text,
    trial=maybe_text,
    source=text,
    design=designs,
    specimen=maybe_text,
    batch=maybe_text,
    observable=text,
    value=finite,
    unit=text,
    sd=st.none() | finite,
    age=st.none() | finite,
    recorded_at=times,
)
rows = st.builds(
    TrainingRow,
    trial=text,
    specimen=text,
    design=designs,
    early=st.dictionaries(text, finite, max_size=2),
    value=st.none() | finite,
)
DOCUMENTS: list[st.SearchStrategy[Any]] = [
    proposals,
    measurements,
    outcomes,
    decisions,
    trials,
    observations,
    st.builds(Snapshot, rows=st.lists(rows, max_size=2).map(tuple)),
    st.builds(
        HistoryRow, source=text, design=designs, measurement=measurements, batch=text
    ),
    st.builds(Claim, trial=trials, worker=text, token=st.integers(), lease_until=times),
    st.builds(Account, currency=text, limit=finite, reserved=finite, spent=finite),
    st.builds(Stock, design=designs, specimens=st.integers()),
    st.builds(
        Estimate,
        trial=text,
        observable=text,
        mean=finite,
        sd_aleatoric=positive,
        sd_epistemic=positive,
        common=st.lists(finite, max_size=2).map(tuple),
        model_version=text,
    ),
    st.builds(
        ModelVersion,
        id=text,
        campaign=text,
        model=text,
        snapshot=text,
        n_rows=st.integers(),
        metrics=costs,
        parameters=anything,
    ),
    st.builds(
        Event,
        seq=st.integers(),
        at=times,
        kind=text,
        campaign=text,
        actor=text,
        subject=text,
        data=anything,
        previous=text,
        hash=text,
    ),
    st.builds(
        Recommendation,
        design=designs,
        observable=text,
        unit=text,
        mean=finite,
        low=finite,
        high=finite,
        sd_epistemic=finite,
        sd_aleatoric=finite,
        n_target=st.integers(),
    ),
]


@given(st.one_of(DOCUMENTS))
def test_a_document_survives_json(document: Document) -> None:
    kind = type(document)
    assert kind.model_validate_json(document.model_dump_json()) == document
    assert kind.model_validate(document.model_dump(mode="json")) == document


@given(st.one_of(DOCUMENTS))
def test_a_document_takes_no_unknown_key(document: Document) -> None:
    with pytest.raises(ValidationError, match="unheard_of"):
        type(document).model_validate({**document.model_dump(), "unheard_of": 1})


@given(proposals)
def test_a_document_is_frozen(proposal: Proposal) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        proposal.seed = 1  # type: ignore[misc]


PROPOSAL = Proposal(campaign="c", number=0, source="s", design={"a": 1.0, "b": "x"})
CHANGES: dict[str, Any] = {
    "campaign": "d",
    "number": 1,
    "source": "t",
    "design": {"a": 1.0, "b": "y"},
    "specimen": "cell",
    "from_age": 1.0,
    "until_age": 5.0,
    "seed": 1,
    "replaces": "0" * 16,
    "model": "0" * 64,
}


def test_every_field_of_a_proposal_is_part_of_its_id() -> None:
    assert CHANGES.keys() == Proposal.model_fields.keys()
    changed = [PROPOSAL.model_copy(update={k: v}).id for k, v in CHANGES.items()]
    assert len({PROPOSAL.id, *changed}) == len(CHANGES) + 1


def test_a_proposal_without_a_model_has_the_id_of_before_there_were_any() -> None:
    before = PROPOSAL.model_dump(mode="json", exclude={"model"})
    assert PROPOSAL.id == content_hash(before)[:16]


@given(proposals)
def test_an_id_does_not_depend_on_the_order_of_a_design(proposal: Proposal) -> None:
    turned = dict(reversed(proposal.design.items()))
    assert proposal.model_copy(update={"design": turned}).id == proposal.id


@given(proposals)
def test_an_id_survives_json(proposal: Proposal) -> None:
    back = Proposal.model_validate_json(proposal.model_dump_json())
    assert back.id == proposal.id


@given(proposals, proposals)
def test_equal_ids_mean_equal_proposals(a: Proposal, b: Proposal) -> None:
    assert (a.id == b.id) == (
        canonical_json(a.model_dump()) == canonical_json(b.model_dump())
    )


def test_an_id_is_the_same_on_every_machine() -> None:
    with_model = PROPOSAL.model_copy(update={"model": "a"})
    assert with_model.id == content_hash(with_model.model_dump(mode="json"))[:16]
    assert (
        canonical_json({"b": 1, "a": [1.5, None, "ü"]}) == '{"a":[1.5,null,"ü"],"b":1}'
    )
    assert content_hash({}).startswith("44136fa355b3678a1146ad16f7e8649e")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_hash_and_no_document(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        content_hash({"a": value})
    with pytest.raises(ValidationError, match="finite"):
        Measurement(observable="y", value=value, unit="")
    with pytest.raises(ValidationError, match="finite"):
        Stock(design={"x": value}, specimens=1)


def test_a_terminal_state_has_no_exit_but_unknown() -> None:
    for state in TERMINAL - {TrialState.UNKNOWN}:
        assert not TRANSITIONS.get(state), state
    assert TRANSITIONS[TrialState.UNKNOWN] == {TrialState.COMPLETED, TrialState.FAILED}


def test_a_state_that_is_not_terminal_has_an_exit() -> None:
    for state in set(TrialState) - TERMINAL:
        assert TRANSITIONS[state], state


def _reachable(start: TrialState) -> set[TrialState]:
    found, open_ = {start}, [start]
    while open_:
        new = TRANSITIONS.get(open_.pop(), frozenset()) - found
        found |= new
        open_ += new
    return found


def test_every_state_is_reachable_from_proposed() -> None:
    assert _reachable(TrialState.PROPOSED) == set(TrialState)


@pytest.mark.parametrize("state", list(TrialState))
def test_every_state_can_come_to_an_end(state: TrialState) -> None:
    assert _reachable(state) & TERMINAL


def test_what_is_left_is_neither_spent_nor_reserved() -> None:
    assert Account(currency="EUR", limit=10, reserved=3, spent=2).left == 5


@given(st.floats(1e-300, 1e300), st.integers(1, 6))
def test_significant_digits_are_right(value: float, digits: int) -> None:
    read = float(significant(value, digits).replace(",", ""))
    assert read == pytest.approx(value, rel=0.51 * 10.0 ** (1 - digits))
