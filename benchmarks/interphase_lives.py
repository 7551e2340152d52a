"""Simulated interphases with a known truth: stochastic growth and lattice model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from bigloop.models.interphase import Channel, Layout, Records
from bigloop.simulators.sei.stochastic import StochasticGrowth

T = 8
"""Ages in a life."""
LONGEST_D = 100.0
Noise = Callable[[Tensor], Tensor]
"""Planted standard deviation of each channel, `(ages) x C`, at ages."""
GROWTH = Layout(
    configuration=("log_rate", "energy_kJ"),
    conditions=("temperature_K",),
    observables={"thickness_nm": "increasing", "loss_percent": "increasing"},
    channels=(
        Channel(source="ellipsometer", observable="thickness_nm"),
        Channel(source="cycler", observable="loss_percent"),
    ),
)
KMC = Layout(
    configuration=("e1", "e2", "e8"),
    observables={"flux": "increasing", "thickness": "increasing"},
    channels=(
        Channel(source="kmc", observable="flux"),
        Channel(source="kmc", observable="thickness"),
    ),
)

KMC_BOX = {"e1": (0.30, 0.50), "e2": (0.27, 0.42), "e8": (0.35, 0.50)}
"""Barriers [eV] of which a first layer and the growth beyond it take their time."""
KMC_NOISE = (0.05, 0.1)
"""Standard deviation of each channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Records, and the levels behind their readings, `n x T x C`."""

    records: Records
    truth: Tensor
    whole: Records | None = None
    """With the readings that were not made because a test was stopped; none: all were.

    Forecasts are judged by these: who is still read late in life is no fair sample.
    """

    @property
    def judged(self) -> Records:
        return self.records if self.whole is None else self.whole

    def part(self, rows: slice) -> Study:
        return Study(
            records=self.records[rows],
            truth=self.truth[rows],
            whole=None if self.whole is None else self.whole[rows],
        )


def planted(ages: Tensor) -> Tensor:
    """Standard deviation of each channel's noise at ages [d], `(ages) x 2`."""
    share = ages / LONGEST_D
    return torch.stack([2.0 - 1.2 * share, 0.2 + 0.4 * share], -1)


def humped(ages: Tensor) -> Tensor:
    """As `planted`, of another shape: highest in mid-life, and falling."""
    share = ages / LONGEST_D
    return torch.stack([1.0 + 1.2 * (torch.pi * share).sin(), 0.7 - 0.4 * share], -1)


def grown(
    n: int,
    seed: int,
    switch: tuple[float, float] | None = None,
    draw: int = 0,
    planted: Noise = planted,
) -> Study:
    """Interphases with hidden qualities; `draw` redraws all but the design."""
    design, chance = np.random.default_rng(seed), np.random.default_rng([seed, draw])
    records = Records.blank(
        torch.zeros(n, 2), torch.zeros(n, T), torch.zeros(n, T, 1), 2
    )
    truth = torch.zeros(n, T, 2)
    for i in range(n):
        log_rate, energy = design.uniform(-0.5, 0.5), design.uniform(30.0, 60.0)
        ages = np.sort(design.uniform(1.0, LONGEST_D, T))
        ages[-1] = LONGEST_D
        times = np.sort(design.uniform(0.0, LONGEST_D, design.integers(0, 4)))
        levels = design.uniform(283.0, 323.0, len(times) + 1)
        if switch is not None:
            ages = np.linspace(0.0, LONGEST_D, T + 1)[1:]
            times, levels = np.array([50.0]), np.array(switch)
        # What held just before an age is taken to have held on the way there.
        kelvin = levels[np.searchsorted(times, ages)]
        law = StochasticGrowth(rate=40.0 * np.exp(log_rate), energy=1e3 * energy)
        quality = float(np.exp(0.15 * chance.normal()))
        thickness = law.thickness(ages, kelvin, chance, quality)
        levels_nm = np.stack([thickness, 0.2 * (thickness - law.start_nm)], -1)
        truth[i] = torch.tensor(levels_nm)
        records.configuration[i] = torch.tensor([log_rate, energy])
        records.ages[i] = torch.tensor(ages)
        records.conditions[i, :, 0] = torch.tensor(kelvin)
        records.mask[i] = torch.tensor(chance.uniform(size=(T, 2)) > 0.25)
    noise = torch.tensor(chance.normal(size=(n, T, 2)), dtype=torch.float)
    values = (truth + planted(records.ages) * noise) * records.mask
    return Study(records=replace(records, values=values), truth=truth)


def simulated(n: int, seed: int) -> Study:
    """Runs of the lattice model, two seeds of each barriers, readings with a noise."""
    from bigloop.simulators.sei import Barriers, Growth, measure

    rng = np.random.default_rng(seed)
    records = Records.blank(
        torch.zeros(n, 3), torch.zeros(n, T), torch.zeros(n, T, 0), 2
    )
    truth = torch.zeros(n, T, 2)
    times = np.geomspace(1e-6, 2e-4, T)
    for i in range(n):
        if i % 2 == 0:
            names = {k: float(rng.uniform(*box)) for k, box in KMC_BOX.items()}
        run = Growth(Barriers(**names), "v1", (20, 20), seed=seed * 10_000 + i)
        shots = [shot.lattice for shot in run.trajectory(times_s=list(times))]
        found = measure(np.stack(shots))
        truth[i] = torch.tensor(np.stack([found["flux"], found["thickness"]], -1))
        records.configuration[i] = torch.tensor([*names.values()])
        records.ages[i] = torch.arange(1.0, T + 1.0)
    noise = torch.tensor(rng.normal(size=truth.shape), dtype=torch.float)
    records.mask[:] = torch.tensor(rng.uniform(size=truth.shape) > 0.25)
    values = (truth + torch.tensor(KMC_NOISE) * noise) * records.mask
    return Study(records=replace(records, values=values), truth=truth)
