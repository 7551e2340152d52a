"""How long the agent takes for one proposal, with 100 and 500 results in 6 dimensions.

    python benchmarks/asking.py

Processor time on one core. Hyper-parameters are inferred anew only when the results
have grown by 15 %: the time with and without that is printed apart, and their mean over
the results until the next time (amortised). The peer, in the same run, is BoTorch's
SingleTaskGP with LogEI, fitted and optimised as its tutorials do, which it does for
every proposal. Below stands the time where the designs are a stock of 100,000.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

import torch
from botorch.acquisition import LogExpectedImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskGP
from botorch.optim import optimize_acqf
from botorch.test_functions import Hartmann
from gpytorch.mlls import ExactMarginalLogLikelihood
from taken_in import taken_in  # type: ignore[import-not-found]

from bigloop.agents import MultiFidelityAgent
from bigloop.contracts import Campaign, CampaignState, Stock

NAMES = tuple(f"x{i}" for i in range(6))
BUDGET = 2000.0
SPEC = {
    "name": "asking",
    "parameters": {name: {"low": 0, "high": 1} for name in NAMES},
    "observables": {"y": {}},
    "objective": {"observable": "y", "source": "bench"},
    "sources": {"bench": {"simulator": "s", "observes": ["y"], "cost": {"EUR": 1}}},
    "budget": {"EUR": BUDGET},
}
GROWTH = 1.15
REPEATS = 5
N_STOCK = 100_000


def points(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Designs `n x 6` and their values `n`."""
    rng = random.Random(0)
    x = torch.tensor([[rng.random() for _ in NAMES] for _ in range(n)]).double()
    return x, Hartmann(dim=6, negate=True)(x)


def state_of(campaign: Campaign, n: int) -> CampaignState:
    """A campaign with `n` results."""
    x, y = points(n)
    designs = (dict(zip(NAMES, row, strict=True)) for row in x.tolist())
    values = zip(designs, y.tolist(), strict=True)
    found: CampaignState = taken_in(
        campaign, [(design, value, None) for design, value in values]
    )
    return found


def median_s(act: Callable[[], object]) -> float:
    """Median processor time."""
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        act()
        times.append(time.process_time() - began)
    return statistics.median(times)


def ours(n: int) -> tuple[float, float]:
    """Seconds of a proposal with known hyper-parameters, and with a new inference."""
    campaign = Campaign.model_validate(SPEC)
    state, before = state_of(campaign, n), state_of(campaign, n - 1)
    fresh = median_s(lambda: MultiFidelityAgent(campaign).propose(state, ["bench"], 1))
    times = []
    for _ in range(REPEATS):
        agent = MultiFidelityAgent(campaign)
        agent.propose(before, ["bench"], 1)
        began = time.process_time()
        # Fewer seen than there are: one more result than the agent knew.
        agent.propose(state, ["bench"], 1)
        times.append(time.process_time() - began)
    return statistics.median(times), fresh


def from_stock(n: int) -> tuple[float, float]:
    """Seconds of the first proposal out of a stock, and of the one after it."""
    campaign, rng = Campaign.model_validate(SPEC), random.Random(1)
    state, before = state_of(campaign, n), state_of(campaign, n - 1)
    designs = [
        *(o.design for o in state.observations),
        *({name: rng.random() for name in NAMES} for _ in range(N_STOCK)),
    ]
    stock = tuple(Stock(design=design, specimens=1) for design in designs)
    agent = MultiFidelityAgent(campaign)
    times = []
    for known in (before, state):
        began = time.process_time()
        agent.propose(known.model_copy(update={"stock": stock}), ["bench"], 1)
        times.append(time.process_time() - began)
    return times[0], times[1]


def log_ei(n: int) -> float:
    """Seconds of a proposal by BoTorch."""
    x, y = points(n)
    values = ((y - y.mean()) / y.std()).unsqueeze(-1)
    bounds = torch.stack([torch.zeros(6), torch.ones(6)]).double()

    def act() -> None:
        model = SingleTaskGP(x, values)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        optimize_acqf(
            LogExpectedImprovement(model, values.max()),
            bounds=bounds,
            q=1,
            num_restarts=10,
            raw_samples=512,
        )

    return median_s(act)


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    ours(20)
    print("results  proposal  with inference  amortised  target   BoTorch LogEI")
    for n, target in ((100, 0.05), (500, 0.5)):
        known, fresh = ours(n)
        amortised = known + (fresh - known) / ((GROWTH - 1) * n)
        print(
            f"{n:7}  {known:6.3f} s  {fresh:12.3f} s  {amortised:7.3f} s  "
            f"{target:4.2f} s  {log_ei(n):10.3f} s"
        )
    first, then = from_stock(100)
    print(f"of {N_STOCK:,} designs: {first:.2f} s at first, then {then:.2f} s")


if __name__ == "__main__":
    main()
