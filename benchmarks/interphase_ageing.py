"""Lives of cells by PyBaMM under conditions that change, as records with a truth.

A cell has an electrolyte (diffusivity of the solvent in the SEI) and a first film; its
charge and discharge rate and its temperature change at some of its check-ups. What
nobody is told is its quality, a factor of the diffusivity. Testing stops when more than
`END_OF_TEST` of the capacity is lost: that reading says only that the loss lies above.
Some cyclers break down, and a simulation may fail, which is a classified outcome: such
records end there.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from interphase_lives import Study, T  # type: ignore[import-not-found]
from numpy.typing import NDArray
from torch import Tensor

from bigloop.models.interphase import Channel, Layout, Records
from bigloop.simulators.cells import CellLifeSimulator

LONGEST = 400
"""Cycles."""
END_OF_TEST = 10.0
QUALITY = 0.15
"""Standard deviation of its logarithm."""
BROKEN = 0.08
"""Share of the cells whose cycler breaks down at some check-up."""
CHECKUP = {"C1": 0.5, "discharge_rate": 0.5, "temperature": 298.15}
AGEING = Layout(
    configuration=("log_diffusivity", "film_nm"),
    conditions=("temperature_K", "rate"),
    observables={"loss_percent": "increasing", "sei_nm": "increasing"},
    channels=(
        Channel(source="cycler", observable="loss_percent"),
        Channel(source="ellipsometer", observable="sei_nm"),
    ),
)
_FIELDS = ("configuration", "ages", "conditions", "truth", "failure")
Floats = NDArray[np.float64]


def planted_in_cells(ages: Tensor) -> Tensor:
    """Standard deviation of each channel's noise [percent, nm], `(ages) x 2`."""
    share = ages / LONGEST
    return torch.stack([0.10 + 0.15 * share, 6.0 - 3.0 * share], -1)


def aged(n: int, seed: int, file: Path) -> Study:
    """`n` cells in an order, with noise and gaps, of a seed; lives from the file.

    The file is written when it is not there.
    """
    lives = _kept(file, n)
    order = np.random.default_rng([seed, 0]).permutation(n)
    truth = torch.tensor(lives["truth"][order], dtype=torch.float)
    blank = _blank(lives, order)
    rng = np.random.default_rng([seed, 1])
    noise = torch.tensor(rng.normal(size=truth.shape), dtype=torch.float)
    read = torch.tensor(rng.uniform(size=truth.shape) > 0.25) & truth.isfinite()
    values = truth.nan_to_num() + planted_in_cells(blank.ages) * noise
    ended = truth[..., 0].nan_to_num() > END_OF_TEST
    stopped = ended & (ended.cumsum(1) == 1)
    breaks = rng.integers(1, T, n) + np.where(rng.uniform(size=n) < BROKEN, 0, T)
    runs = torch.tensor(np.arange(T) < breaks[:, None])
    mask = (read & (runs & ~ended)[..., None]).float()
    over = torch.zeros_like(mask)
    over[..., 0] = (stopped & runs).float()
    mask = torch.maximum(mask, over)
    whole = replace(blank, values=values * read, mask=read.float())
    values = torch.where(over > 0, torch.full_like(values, END_OF_TEST), values)
    found = replace(blank, values=values * mask, mask=mask, censored=over)
    failures = Counter(str(f) for f in lives["failure"] if f)
    print(
        f"seed {seed}: {n} cells, {int(over.sum())} stopped at {END_OF_TEST:g} % loss, "
        f"{int((breaks < T).sum())} cut short by equipment, "
        f"{sum(failures.values())} simulations failed {dict(failures)}, loss at the "
        f"end {np.nanmin(lives['truth'][:, -1, 0]):.1f} to "
        f"{np.nanmax(lives['truth'][:, -1, 0]):.1f} %"
    )
    return Study(records=found, truth=truth, whole=whole)


def switched(n: int, kelvin: float, file: Path) -> Study:
    """Cells at 288 K that are taken to another temperature at half of their life."""
    lives = _kept(file.with_stem(f"{file.stem}-{kelvin:g}K"), n, kelvin)
    records = _blank(lives, np.arange(n))
    return Study(records=records, truth=torch.tensor(lives["truth"]).float())


def _blank(lives: dict[str, Floats], order: NDArray[np.int64]) -> Records:
    configuration, ages, conditions = (
        torch.tensor(lives[name][order], dtype=torch.float)
        for name in ("configuration", "ages", "conditions")
    )
    return Records.blank(configuration, ages, conditions, 2)


def _kept(file: Path, n: int, switch: float | None = None) -> dict[str, Floats]:
    if file.exists():
        with np.load(file) as found:
            if len(found["ages"]) >= n:
                return {name: found[name][:n] for name in _FIELDS}
    began = time.process_time()
    cells = _cells()
    lives = [_life(cells, i, switch) for i in range(n)]
    made = {
        name: np.stack([np.asarray(life[i]) for life in lives])
        for i, name in enumerate(_FIELDS)
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, **made)  # type: ignore[arg-type]
    spent = time.process_time() - began
    print(f"{n} lives simulated in {spent:.0f} s of processor time: {file}", flush=True)
    return made


def _cells() -> CellLifeSimulator:
    return CellLifeSimulator(
        "SPM",
        protocol={"rest": 10.0},
        free_parameters={
            "diffusivity": "SEI solvent diffusivity [m2.s-1]",
            "film": "Initial SEI thickness [m]",
        },
    )


def _life(
    cells: CellLifeSimulator, number: int, switch: float | None
) -> tuple[Sequence[float], Floats, Floats, Floats, str]:
    rng = np.random.default_rng([number, 0 if switch is None else 1])
    log_diffusivity, film_nm = rng.uniform(-0.9, 0.9), rng.uniform(3.0, 15.0)
    quality = float(np.exp(QUALITY * rng.normal())) if switch is None else 1.0
    ages, conditions = _plan(rng, switch)
    cell = {
        "diffusivity": 2.5e-20 * np.exp(log_diffusivity) * quality,
        "film": 1e-9 * film_nm,
    }
    phases = [
        (int(age), {**cell, "temperature": kelvin, "C1": rate, "discharge_rate": rate})
        for age, (kelvin, rate) in zip(ages, conditions.tolist(), strict=True)
    ]
    # Two steps under the same conditions are one phase.
    phases = [
        one
        for one, after in zip(phases, [*phases[1:], (0, {})], strict=True)
        if one[1] != after[1]
    ]
    life = cells.run_through(phases, [int(a) for a in ages], {**cell, **CHECKUP})
    reached = {number for number, _ in life.checks}
    truth = np.full((T, 2), np.nan)
    for t, age in enumerate(ages):
        if int(age) in reached:
            found = life.values(int(age))
            truth[t] = found["capacity_loss"], found["sei_thickness"]
    failure = "" if life.failure is None else life.failure.value
    return (log_diffusivity, film_nm), ages, conditions, truth, failure


def _plan(rng: np.random.Generator, switch: float | None) -> tuple[Floats, Floats]:
    """Ages of the check-ups, and temperature and rate on the way to each."""
    ages = np.linspace(0, LONGEST, T + 1)[1:]
    rate = rng.uniform(0.3, 1.0 if switch else 2.0)
    if switch is not None:
        kelvin = np.where(ages <= LONGEST / 2, 288.0, switch)
        return ages, np.stack([kelvin, np.full(T, rate)], -1)
    ages[:-1] = 10 * (1 + np.sort(rng.choice(LONGEST // 10 - 2, T - 1, replace=False)))
    changes = np.sort(rng.choice(T - 1, rng.integers(0, 3), replace=False)) + 1
    phase = np.searchsorted(changes, np.arange(T), side="right")
    kelvin = rng.uniform(283.0, 323.0, len(changes) + 1)
    rates = rng.uniform(0.3, 2.0, len(changes) + 1)
    return ages, np.stack([kelvin[phase], rates[phase]], -1)
