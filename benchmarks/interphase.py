"""The interphase model against known truths and real cells, beside its peers.

    python benchmarks/interphase.py [--only PART ...] [--seeds N] [--first SEED]
        [--lives FILE]

Simulated interphases: forecasts of the true level from half a life, horizon by horizon,
beside the last value, a plain LSTM that is fed its own forecasts and a Gaussian process
(one for each observable, from last readings, configuration and conditions); coverage of
readings, as trained and after the spread was set right (each half of the judged
interphases by the other half); learned against planted noise; what more data do to
either kind of uncertainty; a temperature switched in mid-life. A target that is missed
is printed as missed. Differences are paired over specimens; intervals are 2.5 to 97.5 %
of 2,000 bootstraps of specimens, as the readings of one are nearly one reading. Lives
of cells by PyBaMM take minutes to simulate and are kept in a file. Real cells:
`interphase_cells.py`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from interphase_ageing import (  # type: ignore[import-not-found]
    AGEING,
    LONGEST,
    aged,
    planted_in_cells,
    switched,
)
from interphase_lives import (  # type: ignore[import-not-found]
    GROWTH,
    KMC,
    KMC_NOISE,
    LONGEST_D,
    Noise,
    Study,
    T,
    grown,
    humped,
    planted,
    simulated,
)
from interphase_peers import (  # type: ignore[import-not-found]
    gaussian_process,
    last_value,
    plain_lstm,
)
from interphase_switch import (  # type: ignore[import-not-found]
    counterfactual,
    switch_in_growth,
)
from torch import Tensor

from bigloop.models.interphase import (
    Forecast,
    InterphaseRNN,
    Layout,
    Recipe,
    Records,
    Sizes,
)
from bigloop.models.interphase.calibration import reach

HALF = 4
N_TRAIN, N_TEST, LIVES = 160, 160, 128
FEWER = (20, 40, 80)
SIZES = Sizes(members=4, hidden=24, latent=3)
RECIPE = Recipe(steps=600, batch=24)
LIVES_FILE = Path(__file__).parent / "results" / "tmp" / "ageing.npz"
After = Callable[[InterphaseRNN, Study], None]


def main() -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parts = ("growth", "noise", "learning", "kmc", "ageing")
    parser.add_argument("--only", nargs="*", choices=parts, default=parts)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="of the seeds")
    parser.add_argument("--steps", type=int, default=RECIPE.steps)
    parser.add_argument("--lives", type=Path, default=LIVES_FILE)
    arguments = parser.parse_args()
    recipe = RECIPE.model_copy(update={"steps": arguments.steps})
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    if "growth" in arguments.only:
        growth(seeds, recipe)
    if "noise" in arguments.only:
        other_noise(seeds, recipe)
    if "learning" in arguments.only:
        learning(seeds, recipe)
    if "kmc" in arguments.only:
        kinetic(seeds, recipe)
    if "ageing" in arguments.only:
        ageing(seeds, recipe, arguments.lives)


def growth(seeds: Sequence[int], recipe: Recipe) -> None:
    """Stochastic growth of `sei.stochastic` at temperatures that change."""
    print(
        f"\n# Stochastic growth: {N_TRAIN} to learn from, {2 * N_TEST} to judge by, "
        f"{T} irregular ages, 25 % missing, {len(seeds)} seed(s)"
    )
    lives = [grown(N_TRAIN + 2 * N_TEST, 100 + seed) for seed in seeds]
    horizons(GROWTH, lives, N_TRAIN, seeds, recipe, _growth_tables)


def _growth_tables(model: InterphaseRNN, study: Study) -> None:
    noise(model, planted, LONGEST_D)
    switch_in_growth(model)


def other_noise(seeds: Sequence[int], recipe: Recipe) -> None:
    """Noise of another shape, and seeds on which nothing was developed."""
    print("\n# Stochastic growth with a noise of another shape, other seeds")
    for seed in seeds:
        study = grown(N_TRAIN, 700 + seed, planted=humped)
        model = InterphaseRNN(GROWTH, SIZES, recipe.model_copy(update={"seed": seed}))
        model.fit(study.records)
        noise(model, humped, LONGEST_D)


def kinetic(seeds: Sequence[int], recipe: Recipe) -> None:
    """SEI growth by kinetic Monte Carlo, three barriers as the configuration."""
    n = 120
    print(
        f"\n# Kinetic Monte Carlo (v1, 20 x 20): {n} to learn from, {2 * n} to judge "
        f"by, two replicates of each, some 250,000 events "
        f"a run, ages by number of shot, {len(seeds)} seed(s)"
    )
    began = time.process_time()
    lives = [simulated(3 * n, 200 + seed) for seed in seeds]
    print(f"simulated in {time.process_time() - began:.0f} s of processor time")
    flat = torch.tensor(KMC_NOISE)
    horizons(
        KMC,
        lives,
        n,
        seeds,
        recipe,
        lambda model, study: noise(model, lambda ages: flat.expand(len(ages), 2), T, 1),
    )


def ageing(seeds: Sequence[int], recipe: Recipe, file: Path) -> None:
    """Cells by PyBaMM, temperature and rate changed at some check-ups."""
    n = 70
    print(
        f"\n# Cells by PyBaMM (SPM, SEI by solvent diffusion): {n} to learn from, {n} "
        f"to judge by, {T} irregular ages up to {LONGEST} cycles, 25 % missing, "
        f"{len(seeds)} seed(s); a seed sorts the same cells anew"
    )
    lives = [aged(2 * n, seed, file) for seed in seeds]
    horizons(AGEING, lives, n, seeds, recipe, partial(_ageing_tables, file=file))


def _ageing_tables(model: InterphaseRNN, study: Study, file: Path) -> None:
    noise(model, planted_in_cells, LONGEST)
    cool, hot = (switched(30, kelvin, file) for kelvin in (288.0, 318.0))
    for c, channel in enumerate(AGEING.channels):
        true = (hot.truth - cool.truth)[:, -1, c]
        plans = cool.records, hot.records
        counterfactual(model, plans, true, c, f"200 cycles, {channel.observable}")


def horizons(
    layout: Layout,
    lives: Sequence[Study],
    n: int,
    seeds: Sequence[int],
    recipe: Recipe,
    after: After,
) -> None:
    """Root mean squared error of the true level at every horizon, and coverage."""
    errors: dict[str, list[Tensor]] = {}
    inside: dict[tuple[float, str], list[Tensor]] = {}
    for seed, study in zip(seeds, lives, strict=True):
        train, test = study.part(slice(0, n)), study.part(slice(n, None))
        began = time.process_time()
        model = InterphaseRNN(layout, SIZES, recipe.model_copy(update={"seed": seed}))
        model.fit(train.records)
        cost = time.process_time() - began
        print(f"seed {seed}: trained in {cost:.0f} s of processor time", flush=True)
        after(model, train)
        known = {
            "given half a life": known_half(test.records),
            "from the configuration": test.records.until(-1.0),
        }
        plain = {how: model.forecast(given, LIVES) for how, given in known.items()}
        made = crossed(model, test, known, plain)
        for title, forecasts in (("as trained", plain), ("spread set right", made)):
            for how, found in forecasts.items():
                first = HALF if how == "given half a life" else 0
                for share in (0.5, 0.8, 0.95):
                    hits = covered(found, test.judged, share)[:, first:]
                    inside.setdefault((share, f"{how}, {title}"), []).append(hits)
        given = known["given half a life"]
        guesses = _guesses(plain["given half a life"], train.records, given, seed)
        guesses["ours, spread set right"] = made["given half a life"].mean
        for name, guess in guesses.items():
            errors.setdefault(name, []).append((guess - test.truth)[:, HALF:])
    _print_errors(layout, errors)
    for (share, title), parts in inside.items():
        _print_coverage(share, title, torch.cat(parts))


def crossed(
    model: InterphaseRNN,
    test: Study,
    known: dict[str, Records],
    plain: dict[str, Forecast],
) -> dict[str, Forecast]:
    """Each half of the interphases with the spread that the other half teaches."""
    levels = {how: found.levels.clone() for how, found in plain.items()}
    middle = len(test.truth) // 2
    halves = slice(0, middle), slice(middle, None)
    for own, other in (halves, halves[::-1]):
        model.calibrate(test.part(other).records)
        state = model._state
        assert state.calibration is not None
        for how, moved in levels.items():
            far = reach(state.scaling(known[how][own]))
            moved[:, own] = state.calibration(model.layout, moved[:, own], far)
    return {how: replace(plain[how], levels=moved) for how, moved in levels.items()}


def _guesses(
    found: Forecast, train: Records, given: Records, seed: int
) -> dict[str, Tensor]:
    """Of the level, by ours and by every peer."""
    known, told = exact(train), exact(given)
    return {
        "ours": found.mean,
        "last value": last_value(told),
        "plain LSTM": plain_lstm(known, told, HALF, seed),
        "Gaussian process": gaussian_process(known, told, HALF, seed),
    }


def known_half(records: Records) -> Records:
    """Only the readings of the first `HALF` ages."""
    return records.until(records.ages[:, HALF - 1 : HALF])


def exact(records: Records) -> Records:
    """Without censored readings, of which the peers know nothing."""
    mask = records.mask * (1 - records.censored)
    return replace(records, mask=mask, values=records.values * mask)


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
            # Truths that a failed simulation did not reach.
            known = squares["ours"].isfinite()
            squares = {name: square[known] for name, square in squares.items()}
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


def _print_coverage(share: float, title: str, hits: Tensor) -> None:
    """Of readings `n x T x C`; the interval is over interphases."""
    told = hits.isfinite().flatten(1).sum(1)
    mine = hits.nan_to_num().flatten(1).sum(1)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(told), (2000, len(told)))
    means = mine.numpy()[rows].sum(1) / told.numpy()[rows].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    found = float(mine.sum() / told.sum())
    verdict = "met" if abs(found - share) <= 0.03 else "MISSED"
    print(
        f"coverage of {share:.0%}, {title}: {found:.3f} ({low:.3f}-{high:.3f}, "
        f"n={len(told)} interphases, "
        f"{int(told.sum())} readings): within 3 points {verdict}"
    )


def noise(
    model: InterphaseRNN, true: Noise, longest: float, first: float = 0.0
) -> None:
    """Learned noise of each channel over age beside the planted one."""
    ages = torch.linspace(first, longest, 6)
    ratios = model.sigma(ages) / true(ages)
    for c, channel in enumerate(model.layout.channels):
        text = " ".join(f"{value:.2f}" for value in ratios[:, c].tolist())
        name = f"{channel.source}/{channel.observable}"
        print(f"noise, learned / planted at 0, 20, .. 100 % of age, {name}: {text}")
    off = (ratios - 1.0).abs()
    n_met, worst = int((off <= 0.15).sum()), float(off.max())
    print(
        f"noise within 15 %: {'met' if worst <= 0.15 else 'MISSED'} ({n_met} of "
        f"{off.numel()} met, the worst off by {worst:.0%})",
        flush=True,
    )


def learning(seeds: Sequence[int], recipe: Recipe) -> None:
    """Epistemic and aleatoric spread of the same forecasts, from few and from all."""
    asked = grown(60, 999).records.until(-1.0)
    for seed in seeds:
        print(f"\n# What more interphases do to either uncertainty, seed {seed}")
        train = grown(N_TRAIN, 100 + seed).records
        spreads = {}
        for n in (*FEWER, N_TRAIN):
            own = recipe.model_copy(update={"seed": seed})
            made = InterphaseRNN(GROWTH, SIZES, own)
            made.fit(train[slice(0, n)])
            spreads[n] = made.forecast(asked)
        _print_spreads(asked, spreads)


def _print_spreads(asked: Records, spreads: dict[int, Forecast]) -> None:
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


if __name__ == "__main__":
    main()
