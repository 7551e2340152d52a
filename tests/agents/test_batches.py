"""Shifts that all specimens of a batch share, and what the agent makes of them."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from bigloop.agents import MultiFidelityAgent
from bigloop.agents.batches import NO_BATCH
from bigloop.agents.belief import TARGET, Belief, believe
from bigloop.agents.guard import fit
from bigloop.agents.inference import infer
from bigloop.agents.items import Items
from bigloop.agents.pending import pending
from bigloop.agents.prior import Prior
from bigloop.agents.recommendation import log_normal_shift, outlook, recommend
from bigloop.contracts import (
    Campaign,
    CampaignState,
    Decision,
    Design,
    Key,
    Outcome,
    Proposal,
    Stock,
    TrialState,
    key_of,
)

Hill = Callable[[Design], float]
ONE = {"dear": {"lab": "s", "observes": ["y"], "cost": {"EUR": 10}}}


def spread(n: int, seed: int = 0) -> list[Design]:
    rng = random.Random(seed)
    return [{"x": rng.random(), "z": rng.random()} for _ in range(n)]


def labelled(
    state: CampaignState, batches: Sequence[str | None], specimens: str = "s"
) -> CampaignState:
    """The batch of every observation, each of a specimen of its own."""
    named = [
        o.model_copy(update={"batch": batch, "specimen": f"{specimens}{number}"})
        for number, (o, batch) in enumerate(
            zip(state.observations, batches, strict=True)
        )
    ]
    return state.model_copy(update={"observations": tuple(named)})


def shifted(
    build: Any, hill: Hill, batches: Sequence[str | None], **changes: Any
) -> CampaignState:
    """Designs of the hill; what is of batch `b` has 0.8 more."""
    campaign = build.campaign(sources=ONE, **changes)
    results = [
        ("dear", d, hill(d) + 0.8 * (batch == "b") + 0.02 * math.sin(9 * i))
        for i, (d, batch) in enumerate(zip(spread(len(batches)), batches, strict=True))
    ]
    return labelled(build.state(campaign, results), batches)


def both(state: CampaignState) -> tuple[Any, Any]:
    """What is done next, and what is recommended."""
    agent = MultiFidelityAgent(state.campaign)
    return agent.propose(state, ["dear"], 2), agent.recommend(state)


@pytest.mark.parametrize("names", [[None] * 9, ["a"] * 9, ["a", None] * 4 + ["a"]])
def test_one_batch_changes_nothing(
    build: Any, hill: Hill, names: list[str | None]
) -> None:
    """To the last bit: there is nothing to tell apart."""
    state = shifted(build, hill, names)
    assert both(state) == both(labelled(state, [None] * 9))
    assert believe(state).batches.channels == ()
    model = fit(believe(state)).model
    assert not model.h.batch.any()


def test_batches_may_count_as_merit(build: Any, hill: Hill) -> None:
    """By an option of the agent; the decisions are those of batches never named."""
    state = shifted(build, hill, ["a", "b"] * 5)
    plain = labelled(state, [None] * 10)
    agent = MultiFidelityAgent(state.campaign, batches=False)
    found = agent.propose(state, ["dear"], 2), agent.recommend(state)
    assert found == both(plain) != both(state)
    proposal = found[0][0].proposal
    told = agent.appraise(state, [proposal])
    assert told == MultiFidelityAgent(state.campaign).appraise(plain, [proposal])


def test_every_channel_has_parameters_of_its_own() -> None:
    assert len(Prior(2, 3).mean) == len(Prior(2, 3, batched=(0, 2)).mean) - 2
    prior = Prior(2, 3, batched=(0, 2))
    h = prior.unpack(prior.mean.unsqueeze(0))
    assert h.batch[0].tolist() == pytest.approx([0.1, 0.0, 0.1])


def test_who_shares_a_batch(build: Any, hill: Hill) -> None:
    """A name, or a specimen; specimens of which nobody knows share nothing."""
    state = shifted(build, hill, ["a", "b", "a", None, None, None])
    # A specimen whose batch is named once is of it ever after.
    *rest, last = state.observations
    same = last.model_copy(update={"specimen": "s0"})
    again = state.observations[3].model_copy(update={"id": 99})
    state = state.model_copy(update={"observations": (*rest, same, again)})
    batch = believe(state).items().batch.tolist()
    a, b, also_a, own, other, of_specimen, of_own = batch
    assert a == also_a == of_specimen != b
    assert own == of_own
    assert len({NO_BATCH, a, b, own, other}) == 5


def test_the_shift_is_not_taken_for_merit(build: Any, hill: Hill) -> None:
    """Half of the designs are in the better batch; the top is recommended anyway."""
    names = ["a", "b"] * 8
    state = shifted(build, hill, names)
    known, hidden = believe(state), believe(labelled(state, [None] * 16))

    def error(belief: Belief) -> float:
        """Root mean square of the expected differences of designs."""
        from bigloop.agents.items import latent
        from bigloop.agents.space import encode

        designs = [d.design for d in belief.data]
        model = fit(belief).model
        mean = model.average(model.mean(latent(encode(state.campaign, designs), 0)))
        found = mean * belief.scale[TARGET]
        truth = torch.tensor([hill(d) for d in designs])
        return float(((found - found.mean()) - (truth - truth.mean())).std())

    assert error(known) < 0.25 * error(hidden)


def confounded(build: Any, seed: int) -> tuple[CampaignState, dict[Key, float]]:
    """24 results of four batches with shifts as large as the truth, and that truth.

    Seven of ten specimens are of the batch of their quarter along `x`.
    """
    rng = np.random.default_rng([seed, 11])
    designs = spread(16, seed)
    waves, phases = rng.normal(0, 3.0, (4, 2)), rng.uniform(0, math.tau, 4)
    points = np.array([[float(d["x"]), float(d["z"])] for d in designs])
    truth = (rng.normal(size=4) * np.cos(points @ waves.T + phases)).sum(1)
    truth = (truth - truth.mean()) / truth.std()
    ran = [*range(16), *rng.permutation(16)[:8]]
    home = points[ran, 0].argsort().argsort() // 6
    lots = np.where(rng.random(24) < 0.7, home, rng.integers(4, size=24))
    values = truth[ran] + rng.normal(size=4)[lots] + 0.2 * rng.normal(size=24)
    campaign = build.campaign(sources=ONE)
    results = [("dear", designs[i], float(v)) for i, v in zip(ran, values, strict=True)]
    state = labelled(build.state(campaign, results), [f"lot{k}" for k in lots])
    return state, {key_of(d): float(f) for d, f in zip(designs, truth, strict=True)}


def test_known_batches_make_better_recommendations(build: Any) -> None:
    """Over 20 worlds: less regret, and intervals that hold the mean over batches.

    Designs of a world share their error: three deviations of 20 draws. With batches
    hidden the intervals are of too little, and hold less.
    """
    n, regret, share = 20, {True: 0.0, False: 0.0}, {True: 0.0, False: 0.0}
    for seed in range(n):
        state, truth = confounded(build, seed)
        for is_known in (True, False):
            seen = state if is_known else labelled(state, [None] * 24)
            belief = believe(seen)
            model = fit(belief).model
            best = recommend(belief, model)
            regret[is_known] += (max(truth.values()) - truth[key_of(best.design)]) / n
            for design, f in truth.items():
                at = outlook(belief, model, dict(design))
                share[is_known] += (at.low <= f <= at.high) / len(truth) / n
    assert regret[True] < regret[False]
    assert share[True] > 0.9 - 3 * math.sqrt(0.9 * 0.1 / n)
    assert share[False] < share[True]


def drawn(seed: int, tau: float, n_batches: int = 8, n: int = 6) -> tuple[Items, Any]:
    """Eight batches of six specimens, designs all over; specimens scatter by 0.3."""
    rng = np.random.default_rng([seed, 3])
    x = rng.random((n_batches * n, 1))
    batch = np.repeat(np.arange(n_batches), n)
    wave = np.sin(5 * x[:, 0] + rng.uniform(0, 6))
    y = wave + tau * rng.normal(size=n_batches)[batch] + 0.3 * rng.normal(size=len(x))
    items = Items(
        x=torch.from_numpy(x),
        channel=torch.zeros(len(x), dtype=torch.long),
        specimen=torch.arange(len(x)),
        batch=torch.from_numpy(batch),
        is_estimate=torch.zeros(len(x), dtype=torch.bool),
        noise=torch.zeros(len(x), dtype=torch.float64),
        common=torch.zeros(len(x), 0, dtype=torch.float64),
    )
    return items, torch.from_numpy(y)


@pytest.mark.parametrize("tau", [0.3, 1.0])
def test_the_planted_spread_of_batches_is_found(tau: float) -> None:
    """On average over 20 data sets within its own error."""
    z, n = [], 20
    for seed in range(n):
        items, y = drawn(seed, tau)
        scale = float(y.std())
        found = infer(items, (y - y.mean()) / scale, Prior(1, 1, batched=(0,)))
        log_tau = 0.5 * found.h.batch[:, 0].log() + math.log(scale)
        mean = float(found.weight @ log_tau)
        sd = float((found.weight @ (log_tau - mean).square()).sqrt())
        z.append((math.log(tau) - mean) / sd)
    assert abs(sum(z) / n) < 1.0
    assert sum(abs(one) < 2 for one in z) >= 0.8 * n


def test_what_one_specimen_scatters_has_the_batch_in_it(build: Any, hill: Hill) -> None:
    """And the decision says how much of it is the batch's."""
    state = shifted(build, hill, ["a", "b"] * 6)
    agent = MultiFidelityAgent(state.campaign)
    (suggestion,) = agent.propose(state, ["dear"])
    terms = suggestion.decision.terms
    model, scale = fit(believe(state)).model, believe(state).scale[TARGET]
    tau = float(model.average(model.h.batch[:, TARGET]).sqrt()) * scale
    assert terms["sd_batch"].value == pytest.approx(tau)
    assert "batch" in terms["sd_batch"].note
    assert terms["sd_aleatoric"].value > tau
    best = agent.recommend(state)
    assert best is not None
    assert best.sd_aleatoric == pytest.approx(terms["sd_aleatoric"].value)
    none = agent.propose(labelled(state, [None] * 12), ["dear"])[0].decision.terms
    assert "sd_batch" not in none


def appraised(state: CampaignState, design: Design) -> Decision:
    proposal = Proposal(
        campaign=state.campaign.name, number=50, source="dear", design=design
    )
    (found,) = MultiFidelityAgent(state.campaign).appraise(state, [proposal])
    assert found is not None
    return found


def test_what_a_specimen_tells_depends_on_its_lot(build: Any, hill: Hill) -> None:
    """Of a lot that shows nothing but this design it tells less than of any lot.

    Of one whose shift is known from other designs it tells more.
    """
    names = ["a", "b"] * 6
    top = max(range(12), key=lambda i: hill(spread(12)[i]))
    names[top] = "c"
    state = shifted(build, hill, names)
    twice = state.observations[top].model_copy(update={"id": 99, "specimen": "again"})
    state = state.model_copy(update={"observations": (*state.observations, twice)})
    gains = {}
    for name in ("c", None, "a"):
        stock = tuple(
            Stock(design=d, specimens=3, batch=name if i == top else None)
            for i, d in enumerate(spread(12))
        )
        known = state.model_copy(update={"stock": stock})
        gains[name] = appraised(known, spread(12)[top]).terms["gain"].value
    assert gains["c"] < gains[None] < gains["a"]


def test_two_results_to_come_of_one_lot_are_alike(build: Any, hill: Hill) -> None:
    state = shifted(build, hill, ["a", "b"] * 4)
    near = spread(8)
    running = build.state(state.campaign, [], [("dear", d) for d in near[:2]]).trials
    running = tuple(t.model_copy(update={"id": f"p{i}"}) for i, t in enumerate(running))
    state = state.model_copy(update={"trials": (*state.trials, *running)})

    def batches(lots: tuple[str | None, str | None]) -> list[int]:
        stock = tuple(
            Stock(design=d, specimens=3, batch=lot)
            for d, lot in zip(near, lots, strict=False)
        )
        known = state.model_copy(update={"stock": stock})
        return [int(b) for b in pending(believe(known), known).batch]

    assert len(set(batches(("c", "c")))) == 1
    assert len(set(batches((None, None)))) == 2
    seen = believe(state).items().batch.tolist()
    assert batches(("b", None))[0] == seen[1]
    assert batches((None, None))[0] not in seen


def test_a_batch_that_is_not_taken_in_yet_decides_nothing(
    build: Any, hill: Hill
) -> None:
    """Of a trial that ended the outcome is there, of one that runs it is not."""
    state = shifted(build, hill, ["a", "b"] * 4)
    (running,) = build.state(
        state.campaign, [], [("dear", {"x": 0.6, "z": 0.4})]
    ).trials
    ended = running.model_copy(
        update={
            "state": TrialState.COMPLETED,
            "outcome": Outcome(status="success", specimen="s9", batch="b"),
        }
    )
    found = [
        both(state.model_copy(update={"trials": (*state.trials, t)}))
        for t in (running, ended)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
def test_on_a_log_scale_batches_are_part_of_the_mean(
    build: Any, hill: Hill, goal: str
) -> None:
    """The mean of a log-normal lies above its median, whichever way is better."""
    names = ["a", "b"] * 6
    campaign: Campaign = build.campaign(
        sources=ONE,
        observables={"y": {"unit": "volt", "low": 0, "log": True}},
        objective={"observable": "y", "source": "dear", "goal": goal},
    )
    sign = 1 if goal == "maximize" else -1
    results = [
        ("dear", d, math.exp(sign * hill(d) + 0.8 * (batch == "b")))
        for d, batch in zip(spread(12), names, strict=True)
    ]
    state = labelled(build.state(campaign, results), names)
    belief = believe(state)
    model = fit(belief).model
    shift = sign * log_normal_shift(belief, model) * belief.scale[TARGET]
    noise = model.h.noise[:, 0] + model.h.batch[:, 0]
    assert torch.allclose(shift, 0.5 * noise * belief.scale[TARGET] ** 2)
