"""What a temperature that is switched in mid-life adds, beside the simulator."""

from __future__ import annotations

import torch
from interphase_lives import grown  # type: ignore[import-not-found]
from torch import Tensor

from bigloop.models.interphase import InterphaseRNN, Records


def switch_in_growth(model: InterphaseRNN, n: int = 40) -> None:
    """Thickness after a switch from 288 to 318 K at 50 d, less that without."""
    plans = {hot: (288.0, hot) for hot in (288.0, 318.0)}
    lives = {
        hot: torch.stack(
            [grown(n, 77, switch=plan, draw=draw).truth[:, -1, 0] for draw in range(60)]
        ).mean(0)
        for hot, plan in plans.items()
    }
    cool, hot = (grown(n, 77, switch=plan).records for plan in plans.values())
    true = lives[318.0] - lives[288.0]
    counterfactual(model, (cool, hot), true, 0, "50 d, thickness [nm]")


def counterfactual(
    model: InterphaseRNN,
    plans: tuple[Records, Records],
    true: Tensor,
    channel: int,
    what: str,
) -> None:
    """What a switch adds at the end, `true` of each interphase, beside forecasts."""
    cool, hot = (model.forecast(plan.until(-1.0)) for plan in plans)
    known = true.isfinite()
    true = true[known]
    guess = (hot.mean - cool.mean)[known, -1, channel]
    members = (hot.levels - cool.levels)[:, known, :, -1, channel].mean(2)
    error, spread = (guess - true).abs(), members.std(0)
    print(
        f"switch 288 -> 318 K at {what}, gain at the end, n={len(true)}: simulator "
        f"{true.mean():.2f}, ours {guess.mean():.2f}, mean absolute error "
        f"{error.mean():.2f} ({(error / true).mean():.0%}), correlation "
        f"{float(torch.corrcoef(torch.stack([guess, true]))[0, 1]):.3f}, within 2 "
        f"epistemic spreads {(error < 2 * spread).float().mean():.2f}",
        flush=True,
    )
