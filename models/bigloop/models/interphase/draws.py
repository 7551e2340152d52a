"""The normal numbers behind the lives of a forecast."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.quasirandom import SobolEngine


def even(lives: int, steps: int, n_draws: int, seed: int) -> Tensor:
    """Unit normal numbers that leave little to chance, `lives x steps x n_draws`.

    A scrambled Sobol sequence [Owen1997]_, of which early steps, on which all of a life
    depends, have the first and best coordinates; those beyond its longest are drawn at
    random. A power of two is filled most evenly. The lives of all interphases share
    these numbers, so what chance does to their spread it would do to all intervals
    alike: the spread of 64 independent ones is off by 9 %.

    .. [Owen1997] A. B. Owen, Ann. Stat. 25, 1541 (1997).
    """
    wanted = steps * n_draws
    engine = SobolEngine(min(wanted, SobolEngine.MAXDIM), scramble=True, seed=seed)
    filled = engine.draw(lives, dtype=torch.double)
    generator = torch.Generator().manual_seed(seed)
    shape = lives, wanted - engine.dimension
    rest = torch.rand(shape, generator=generator, dtype=torch.double)
    uniform = torch.cat([filled, rest], 1)
    # Off 0, where a normal number is infinite.
    uniform = uniform.clamp_min(2.0**-31)
    return torch.special.ndtri(uniform).reshape(lives, steps, n_draws)
