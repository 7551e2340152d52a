r"""What a result is worth where only what the target has run may be recommended.

With `b` the best mean of the designs that the target has run, a run of it at design `i`
is expected to improve on them by

$$ I_i = E[\max(0, \mu_i - b + \tau_i Z)] $$

where $\tau_i = v_i / \sqrt{v_i + \text{noise}}$ is what it will change the mean by. A
result of another source, which moves means by $\tilde\sigma Z$, is worth what it tells
about where to run the target next:

$$ E_Z[\max(0, \max_i I_i(\mu_i + \tilde\sigma_i Z, v_i - \tilde\sigma_i^2) - I)],
\quad I = \max_i I_i . $$

Nobody has to run the target after a result that disappoints: what is left is then spent
on something else, at the rate $I / c_t$ for the target's cost $c_t$. So this per its
cost is above $I / c_t$ exactly when to look first and to run the target if it pays is
worth more than that rate, the index of [Weitzman1979]_.

.. [Weitzman1979] Weitzman: Optimal search for the best alternative. Econometrica 47
   (1979) 641.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

N_NODES, REACH = 11, 3.0
N_RIVALS = 32
"""Designs that are looked at, of every setting: where a run might come to pay most."""


@cache
def normal_nodes(n: int, reach: float) -> tuple[tuple[float, float], ...]:
    """Even nodes and weights of the standard normal, from `-reach` to `reach`.

    The integrands have kinks, on which an even grid does better than Gauss-Hermite.
    """
    z = torch.linspace(-reach, reach, n, dtype=torch.float64)
    weight = (-0.5 * z.square()).exp()
    return tuple(zip(z.tolist(), (weight / weight.sum()).tolist(), strict=True))


def improvement(above: Tensor, sd: Tensor) -> Tensor:
    """Expected positive part of normals, of their shape.

    Args:
        above: their means.
        sd: their standard deviations.
    """
    sd = sd.clamp_min(1e-9)
    u = above / sd
    density = (-0.5 * u.square()).exp() / (2 * torch.pi) ** 0.5
    return sd * (density + u * torch.special.ndtr(u))


def information(
    above: Tensor, variance: Tensor, noise: Tensor, change: Tensor
) -> Tensor:
    """What results tell about where to run the target next, `s x a`, never below 0.

    Args:
        above: posterior means of designs less the best of tried ones, `s x m`.
        variance: of the designs, `s x m`.
        noise: variance of a result of the target about its design, `s`.
        change: standard deviation of the change of every mean by every result,
            `s x m x a`.
    """
    noise = noise[:, None]
    reach = variance / (variance + noise).sqrt()
    lifted = improvement(above + 2 * change.abs().amax(dim=2), reach)
    rivals = lifted.topk(min(N_RIVALS, lifted.shape[1]), dim=1).indices
    above, variance = above.gather(1, rivals), variance.gather(1, rivals)
    wide = rivals.unsqueeze(-1).expand(-1, -1, change.shape[-1])
    change = change.gather(1, wide)
    now = improvement(above, reach.gather(1, rivals)).amax(dim=1)
    left = (variance.unsqueeze(-1) - change.square()).clamp_min(0.0)
    sd = left / (left + noise.unsqueeze(-1) + 1e-12).sqrt()
    gain = torch.zeros_like(change[:, 0])
    for node, weight in normal_nodes(N_NODES, REACH):
        then = improvement(above.unsqueeze(-1) + node * change, sd)
        gain = gain + weight * (then.amax(dim=1) - now[:, None]).clamp_min(0.0)
    return gain
