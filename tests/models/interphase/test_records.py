"""Histories become tensors: gaps, switches of conditions, what is refused."""

from __future__ import annotations

import pytest
import torch

from bigloop.contracts import SpecError
from bigloop.models.interphase import Channel, History, Layout, Reading, Records

LAYOUT = Layout(
    configuration=("c",),
    conditions=("T",),
    observables={"y": "increasing", "v": "free"},
    channels=(
        Channel(source="s", observable="v"),
        Channel(source="s", observable="y"),
    ),
)


def history(**changes: object) -> History:
    fields: dict[str, object] = {
        "configuration": {"c": 2.0},
        "conditions": [(10.0, {"T": 300.0}), (30.0, {"T": 320.0})],
        "readings": [Reading(age=20.0, source="s", observable="y", value=4.0)],
    }
    return History(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_switch_is_an_age_of_its_own() -> None:
    found = Records.of(LAYOUT, [history()])
    assert found.ages.tolist() == [[10.0, 20.0]]
    assert found.conditions[..., 0].tolist() == [[300.0, 320.0]]
    assert found.mask.tolist() == [[[0.0, 0.0], [0.0, 1.0]]]
    assert float(found.values[0, 1, 1]) == 4.0


def test_a_short_history_repeats_its_last_age() -> None:
    long = history(
        readings=[Reading(age=a, source="s", observable="v", value=1.0) for a in (5, 9)]
    )
    short = history(readings=[Reading(age=3.0, source="s", observable="v", value=1.0)])
    found = Records.of(LAYOUT, [long, short])
    assert found.ages.tolist() == [[5.0, 9.0], [3.0, 3.0]]
    assert float(found.mask[1].sum()) == 1.0


def test_until_hides_what_came_later() -> None:
    found = Records.of(LAYOUT, [history()], ages=[15.0]).until(15.0)
    assert float(found.mask.sum()) == 0.0
    assert found.ages.shape == (1, 3)


def test_an_unknown_channel_is_refused() -> None:
    bad = [Reading(age=1.0, source="x", observable="y", value=1.0)]
    with pytest.raises(SpecError, match="no x/y; there are s/v, s/y"):
        Records.of(LAYOUT, [history(readings=bad)])


def test_a_missing_condition_is_refused() -> None:
    with pytest.raises(SpecError, match="'T' is missing"):
        Records.of(LAYOUT, [history(conditions=())])


def test_falling_ages_are_refused() -> None:
    found = Records.of(LAYOUT, [history()])
    found.ages[:] = torch.tensor([2.0, 1.0])
    with pytest.raises(SpecError, match="ages: they fall"):
        found.check(LAYOUT)


def test_a_channel_of_no_observable_is_refused() -> None:
    with pytest.raises(ValueError, match="not among the observables"):
        Layout(observables={}, channels=(Channel(source="s", observable="y"),))
