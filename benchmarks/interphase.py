"""The interphase model against known truths and real cells, beside its peers.

    python benchmarks/interphase.py [--only PART ...] [--seeds N]

Simulated interphases: forecasts of the true level from half a life, horizon by horizon,
beside the last value, a plain LSTM that is fed its own forecasts and a Gaussian process
(one for each observable, from last readings, configuration and conditions); coverage of
readings; learned against planted noise; what more data do to either kind of
uncertainty; a temperature switched in mid-life. A target that is missed is printed as
missed. Differences are paired over specimens, their intervals 2.5 to 97.5 % of 2,000
bootstraps. Real cells: `interphase_cells.py`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from interphase_peers import (  # type: ignore[import-not-found]
    gaussian_process,
    last_value,
    plain_lstm,
)
from torch import Tensor

from bigloop.models.interphase import (
    Channel,
    InterphaseRNN,
    Layout,
    Recipe,
    Records,
    Sizes,
)
from bigloop.models.scores import wilson
from bigloop.simulators.sei.stochastic import StochasticGrowth

T, HALF = 8, 4
LONGEST_D = 100.0
N_TRAIN, N_TEST, LIVES = 160, 160, 256
FEWER = (20, 40, 80)
Noise = Callable[[Tensor], Tensor]
SIZES = Sizes(members=4, hidden=24, latent=3)
RECIPE = Recipe(steps=600, batch=24)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Records, and the levels behind their readings, `n x T x C`."""

    records: Records
    truth: Tensor

    def part(self, rows: slice) -> Study:
        return Study(records=self.records[rows], truth=self.truth[rows])


def main() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parts = ("growth", "noise", "kmc")
    parser.add_argument("--only", nargs="*", choices=parts, default=parts)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=RECIPE.steps)
    arguments = parser.parse_args()
    recipe = RECIPE.model_copy(update={"steps": arguments.steps})
    seeds = range(arguments.seeds)
    if "growth" in arguments.only:
        growth(seeds, recipe)
    if "noise" in arguments.only:
        other_noise(seeds, recipe)
    if "kmc" in arguments.only:
        kinetic(seeds, recipe)


def growth(seeds: Sequence[int], recipe: Recipe) -> None:
    """Stochastic growth of `sei.stochastic` at temperatures that change."""
    print(
        f"\n# Stochastic growth: {N_TRAIN} to learn from, {N_TEST} to judge by, "
        f"{T} irregular ages, 25 % missing, {len(seeds)} seed(s)"
    )
    lives = [grown(N_TRAIN + N_TEST, 100 + seed) for seed in seeds]
    horizons(GROWTH, lives, recipe, after=_growth_tables)


def _growth_tables(model: InterphaseRNN, study: Study) -> None:
    noise(model, planted)
    learning(model, study)
    counterfactual(model)


def other_noise(seeds: Sequence[int], recipe: Recipe) -> None:
    """Noise of another shape, and seeds on which nothing was developed."""
    print("\n# Stochastic growth with a noise of another shape, other seeds")
    for seed in seeds:
        study = grown(N_TRAIN, 700 + seed, planted=humped)
        model = InterphaseRNN(GROWTH, SIZES, recipe.model_copy(update={"seed": seed}))
        model.fit(study.records)
        noise(model, humped)


def kinetic(seeds: Sequence[int], recipe: Recipe) -> None:
    """SEI growth by kinetic Monte Carlo, three barriers as the configuration."""
    n = 120
    print(
        f"\n# Kinetic Monte Carlo (v1, 20 x 20): {n} to learn from, {n} to judge by, "
        "two replicates of each, some 250,000 events a run, ages by number of shot, "
        f"{len(seeds)} seed(s)"
    )
    began = time.process_time()
    lives = [simulated(2 * n, 200 + seed) for seed in seeds]
    print(f"simulated in {time.process_time() - began:.0f} s of processor time")
    horizons(KMC, lives, recipe)


def horizons(
    layout: Layout,
    lives: Sequence[Study],
    recipe: Recipe,
    after: Callable[[InterphaseRNN, Study], None] | None = None,
) -> None:
    """Root mean squared error of the true level at every horizon, and coverage."""
    errors: dict[str, list[Tensor]] = {}
    inside: dict[float, list[Tensor]] = {0.5: [], 0.8: [], 0.95: []}
    far: dict[float, list[Tensor]] = {share: [] for share in inside}
    for seed, study in enumerate(lives):
        half = len(study.truth) // 2
        train, test = study.part(slice(0, half)), study.part(slice(half, None))
        given = known_half(test.records)
        began = time.process_time()
        model = InterphaseRNN(layout, SIZES, recipe.model_copy(update={"seed": seed}))
        model.fit(train.records)
        cost = time.process_time() - began
        found = model.forecast(given, LIVES)
        guesses = {
            "ours": found.mean,
            "last value": last_value(given),
            "plain LSTM": plain_lstm(train.records, given, HALF, seed),
            "Gaussian process": gaussian_process(train.records, given, HALF, seed),
        }
        for name, guess in guesses.items():
            errors.setdefault(name, []).append((guess - test.truth)[:, HALF:])
        cold = model.forecast(test.records.until(-1.0), LIVES)
        for share in inside:
            inside[share].append(covered(found, test.records, share)[:, HALF:])
            far[share].append(covered(cold, test.records, share))
        print(f"seed {seed}: trained in {cost:.0f} s of processor time", flush=True)
        if after is not None:
            after(model, train)
    _print_errors(layout, errors)
    _print_coverage("given half a life", inside)
    _print_coverage("from the configuration", far)


def known_half(records: Records) -> Records:
    """Only the readings of the first `HALF` ages."""
    return records.until(records.ages[:, HALF - 1 : HALF])


def covered(found: object, records: Records, share: float) -> Tensor:
    """`n x T x C`, 1 in, 0 out, NaN where nothing was read."""
    low, high = found.interval(share)  # type: ignore[attr-defined]
    hit = ((records.values >= low) & (records.values <= high)).float()
    return torch.where(records.mask > 0, hit, torch.nan)


def _print_errors(layout: Layout, errors: dict[str, list[Tensor]]) -> None:
    print("RMSE of the true level; ours less the peer's square, paired interval in ( )")
    for c, channel in enumerate(layout.channels):
        for h in range(T - HALF):
            row = f"{channel.observable:14} horizon {h + 1}: "
            squares = {
                name: torch.cat(found)[:, h, c].square()
                for name, found in errors.items()
            }
            ours = squares.pop("ours")
            row += f"ours {ours.mean().sqrt():.3f}"
            for name, square in squares.items():
                low, high = paired(ours - square)
                verdict = "won" if high < 0 else "lost" if low > 0 else "not decided"
                row += (
                    f" | {name} {square.mean().sqrt():.3f} ({low:+.2f}, {high:+.2f}) "
                    f"{verdict}"
                )
            print(row)


def paired(differences: Tensor) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    values = differences.numpy()
    means = values[rng.integers(0, len(values), (2000, len(values)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def _print_coverage(title: str, inside: dict[float, list[Tensor]]) -> None:
    for share, parts in inside.items():
        hits = torch.cat([p.flatten() for p in parts])
        hits = hits[hits.isfinite()]
        low, high = wilson(int(hits.sum()), len(hits))
        found = float(hits.mean())
        verdict = "met" if abs(found - share) <= 0.03 else "MISSED"
        print(
            f"coverage of {share:.0%}, {title}: {found:.3f} ({low:.3f}-{high:.3f}, "
            f"n={len(hits)} readings): within 3 points {verdict}"
        )


def noise(model: InterphaseRNN, true: Noise) -> None:
    """Learned noise of each channel over age beside the planted one."""
    ages = torch.linspace(0.0, LONGEST_D, 6)
    ratios = model.sigma(ages) / true(ages)
    for c, channel in enumerate(model.layout.channels):
        text = " ".join(f"{value:.2f}" for value in ratios[:, c].tolist())
        print(f"noise, learned / planted at 0, 20, .. 100 d, {channel.source}: {text}")
    off = (ratios - 1.0).abs()
    n_met, worst = int((off <= 0.15).sum()), float(off.max())
    print(
        f"noise within 15 %: {'met' if worst <= 0.15 else 'MISSED'} ({n_met} of "
        f"{off.numel()} met, the worst off by {worst:.0%})",
        flush=True,
    )


def learning(model: InterphaseRNN, train: Study) -> None:
    """Epistemic and aleatoric spread of the same forecasts, from few and from all."""
    asked = grown(60, 999).records.until(-1.0)
    spreads = {}
    for n in (*FEWER, len(train.truth)):
        made = model
        if n < len(train.truth):
            made = InterphaseRNN(GROWTH, SIZES, model.recipe)
            made.fit(train.records[slice(0, n)])
        spreads[n] = made.forecast(asked)
    for c, channel in enumerate(GROWTH.channels):
        print(
            f"spread, {channel.observable}: true process {_true_process()[c]:.3f}, "
            f"observation {planted(asked.ages)[..., c].square().mean().sqrt():.3f}"
        )
        for n, found in spreads.items():
            print(
                f"  n={n}: epistemic {found.epistemic[..., c].mean().sqrt():.3f}, "
                f"process {found.process[..., c].mean().sqrt():.3f}, observation "
                f"{found.observation[..., c].mean().sqrt():.3f}",
                flush=True,
            )


def _true_process() -> list[float]:
    """Root mean variance of replicates of the design of `learning`."""
    lives = torch.stack([grown(60, 999, draw=draw).truth for draw in range(40)])
    return [float(lives[..., c].var(0).mean().sqrt()) for c in range(2)]


def counterfactual(model: InterphaseRNN, n: int = 40) -> None:
    """Thickness after a switch from 288 to 318 K at 50 d, less that without."""
    plans = {hot: (288.0, hot) for hot in (288.0, 318.0)}
    lives = {
        hot: torch.stack(
            [grown(n, 77, switch=plan, draw=draw).truth[:, -1, 0] for draw in range(60)]
        ).mean(0)
        for hot, plan in plans.items()
    }
    asked = {
        hot: model.forecast(grown(n, 77, switch=plan).records.until(-1.0))
        for hot, plan in plans.items()
    }
    true = lives[318.0] - lives[288.0]
    guess = asked[318.0].mean[:, -1, 0] - asked[288.0].mean[:, -1, 0]
    members = [asked[hot].levels[:, :, :, -1, 0].mean(2) for hot in (318.0, 288.0)]
    spread = (members[0] - members[1]).std(0)
    error = (guess - true).abs()
    print(
        f"switch 288 -> 318 K at 50 d, gain at 100 d [nm], n={n}: simulator "
        f"{true.mean():.2f}, ours {guess.mean():.2f}, mean absolute error "
        f"{error.mean():.2f} ({(error / true).mean():.0%}), correlation "
        f"{float(torch.corrcoef(torch.stack([guess, true]))[0, 1]):.3f}, within 2 "
        f"epistemic spreads {(error < 2 * spread).float().mean():.2f}"
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
    values = (truth + torch.tensor([0.05, 0.1]) * noise) * records.mask
    return Study(records=replace(records, values=values), truth=truth)


if __name__ == "__main__":
    main()
