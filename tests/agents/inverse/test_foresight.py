from __future__ import annotations

import pytest
import torch

from bigloop.agents.inverse.foresight import Foresight
from bigloop.agents.inverse.search import ROUTES, candidates
from bigloop.agents.inverse.target import Target
from bigloop.contracts import SpecError
from bigloop.models.prvae.data import SeiData
from bigloop.models.prvae.model import PrVAE


def test_runs_correct_what_is_expected_near_them(model: PrVAE, data: SeiData) -> None:
    barriers = torch.tensor(data.barriers[100:103])
    truth = torch.tensor(data.properties[100:103])
    foresight = Foresight(model)
    mean, sd = foresight(barriers)
    foresight.observe(barriers[:1], truth[:1])
    new, new_sd = foresight(barriers)
    assert ((new - truth)[0].abs() <= (mean - truth)[0].abs() + 1e-6).all()
    assert (new_sd[0] < sd[0]).all()
    # Never surer than a replicate is.
    unit = model.learned.scales.property_sd
    assert (new_sd >= 0.1 * unit * (1 - 1e-4)).all()
    # Far away nothing has changed.
    far = barriers[:1] + 20 * model.learned.scales.barrier_sd
    before = Foresight(model)(far)
    torch.testing.assert_close(foresight(far), before, rtol=1e-4, atol=1e-4)


def test_it_is_the_exact_posterior_of_the_errors(model: PrVAE, data: SeiData) -> None:
    """Against the joint Gaussian, conditioned by its formula, in double precision."""
    barriers = torch.tensor(data.barriers[90:96])
    truth = torch.tensor(data.properties[90:96])
    foresight = Foresight(model)
    foresight.observe(barriers[:4], truth[:4])
    mean, sd = (x.double() for x in foresight.standardised(barriers[4:]))
    scaled = model.learned.scales.barriers(barriers).double()
    error = model.learned.scales.properties(truth).double()
    prior, deviation = (x.double() for x in foresight.forward.moments(scaled.float()))
    alike = torch.exp(-0.5 * (torch.cdist(scaled, scaled) / 1.5) ** 2)
    for i in range(len(data.names)):
        s = deviation[:, i]
        joint = s[:, None] * alike * s[None] + 0.01 * torch.eye(6)
        gain = joint[4:, :4] @ torch.linalg.inv(joint[:4, :4])
        expected = prior[4:, i] + gain @ (error[:4, i] - prior[:4, i])
        variance = (joint[4:, 4:] - gain @ joint[:4, 4:]).diagonal()
        torch.testing.assert_close(mean[:, i], expected, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(sd[:, i], variance.sqrt(), rtol=1e-3, atol=1e-3)


def test_free_properties_do_not_matter(model: PrVAE, data: SeiData) -> None:
    foresight, barriers = Foresight(model), torch.tensor(data.barriers[:5])
    wanted = {"thickness": 3.0}
    one = Target.of(wanted, data.names)
    other = Target(names=data.names, values=(3.0, None, None, None))
    assert one == other
    assert foresight.misfit(barriers, one).equal(foresight.misfit(barriers, other))
    full = Target.of({**wanted, "porosity": 0.5}, data.names)
    assert not foresight.misfit(barriers, one).equal(foresight.misfit(barriers, full))


@pytest.mark.parametrize("route", ROUTES)
def test_routes_stay_in_the_box_and_find_better_than_chance(
    route: str, model: PrVAE, data: SeiData
) -> None:
    foresight = Foresight(model)
    target = Target.of(
        dict(zip(data.names, data.properties[95].tolist(), strict=True)), data.names
    )
    found = candidates(foresight, target, route, 5, 400, seed=1)
    box = foresight.inverse.box
    assert (found >= box.low - 1e-5).all()
    assert (found <= box.high + 1e-5).all()
    again = candidates(Foresight(model), target, route, 5, 400, seed=1)
    assert found.equal(again)
    misfit = foresight.misfit(found, target)
    assert misfit.equal(misfit.sort().values)
    chance = foresight.misfit(torch.tensor(data.barriers), target)
    assert misfit[0] < chance.median()


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({}, "nothing is wanted"),
        ({"charm": 1.0}, "target.charm: the model does not predict it"),
        ({"thickness": float("nan")}, "target.thickness: nan"),
    ],
)
def test_targets_that_cannot_be(wanted: dict[str, float], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        Target.of(wanted, ("thickness", "density"))


def test_there_is_no_such_route(model: PrVAE, data: SeiData) -> None:
    target = Target.of({"thickness": 3.0}, data.names)
    with pytest.raises(SpecError, match="there are gradient, genetic, direct"):
        candidates(Foresight(model), target, "by hand", 1, 100, 0)
