r"""What one more result of the target is expected to add, in closed form.

Let the volume that is not dominated yet be cut into boxes `[l, u]`. A result that moves
the posterior means of a design to `y`, of which the objectives are independent normals,
adds to the hypervolume on average

$$ \sum_\text{boxes} \prod_k E[(\min(Y_k, u_k) - l_k)_+ \, 1(a_k \le Y_k \le b_k)]
   \prod_j P(a_j \le C_j \le b_j), $$

the expected hypervolume improvement [Emmerich2011]_ with the chance of feasibility of
the requirements [Gelbart2014]_. The window `[a, b]` is that of a requirement on the
objective itself; all windows are as much narrower as the stated probability asks for,
given what will still not be known. With one objective there is one box, above the best
feasible mean, and this is the constrained expected improvement. `Y` is the mean after
the result, not the result: of noise nothing is gained.

.. [Emmerich2011] Emmerich, Deutz, Klinkenberg: Hypervolume-based expected improvement.
   IEEE Congress on Evolutionary Computation (2011) 2147.
.. [Gelbart2014] Gelbart, Snoek, Adams: Bayesian optimization with unknown constraints.
   UAI 2014.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import torch
from torch import Tensor

from bigloop.agents.several.learned import Learned, Moments

Window = tuple[Tensor, Tensor]


def boxes(front: Tensor, reference: Tensor) -> Tensor:
    """Boxes `2 x b x c` that fill what a front `n x c` leaves above a reference `c`."""
    above = front[(front > reference).all(dim=-1)]
    if len(reference) == 1:
        best = torch.cat([above.reshape(-1), reference]).amax().reshape(1, 1)
        return torch.stack([best, torch.full_like(best, math.inf)])
    from botorch.utils.multi_objective.box_decompositions import (
        FastNondominatedPartitioning,
    )

    cut = FastNondominatedPartitioning(ref_point=reference, Y=above)
    return cut.get_hypercell_bounds()


def _density(u: Tensor) -> Tensor:
    return (-0.5 * u.square()).exp() / (2 * math.pi) ** 0.5


def overlap(
    mean: Tensor, sd: Tensor, low: Tensor, high: Tensor, window: Window
) -> Tensor:
    """Expected length of `[low, high]` below a normal that lies in a window.

    Args:
        mean: of the normal; it and the others broadcast.
        sd: of the normal.
        low: end of the interval.
        high: other end; may be infinite.
        window: ends outside of which nothing counts; may be infinite.
    """
    a, b = window
    begin, end = torch.maximum(low, a), torch.minimum(high, b)
    end = torch.maximum(begin, end)
    p, q = (begin - mean) / sd, (end - mean) / sd
    inside = (mean - low) * (torch.special.ndtr(q) - torch.special.ndtr(p))
    inside = inside + sd * (_density(p) - _density(q))
    whole = torch.where(high.isinf(), torch.zeros_like(high), high - low)
    top = torch.special.ndtr((b - mean) / sd)
    beyond = (top - torch.special.ndtr((torch.maximum(high, a) - mean) / sd)).clamp_min(
        0.0
    )
    return (inside + whole * beyond).clamp_min(0.0)


def kept(one: Learned, at: Moments) -> Window:
    """Where the mean must lie after the result for the requirement to hold, `s x m`.

    As far inside the bounds as its stated probability asks for: of what is still not
    known then, that many standard deviations.
    """
    low, high = one.window
    rest = (at.sd.square() - at.change.square()).clamp_min(0.0).sqrt()
    needed = one.output.requirement.probability if one.output.requirement else 0.5
    margin = rest * NormalDist().inv_cdf(needed)
    return low + margin, high - margin


def p_inside(one: Learned, at: Moments) -> Tensor:
    """Chance that the requirement holds with its probability after the result, `m`."""
    low, high = (
        torch.special.ndtr((end - at.mean) / at.change) for end in kept(one, at)
    )
    return at.average((high - low).clamp_min(0.0))


def gains(
    learned: Sequence[Learned], moments: Sequence[Moments], cells: Tensor | None
) -> Tensor:
    """What a result of the target at each of `m` designs is expected to add, `m`.

    Args:
        learned: the outputs, objectives first.
        moments: of each at the designs.
        cells: boxes `2 x b x c` of the `c` objectives; none: nothing feasible is known,
            and the gain is the chance that the design keeps all requirements.
    """
    total: Tensor | None = None
    chance = torch.ones(moments[0].mean.shape[-1], dtype=moments[0].mean.dtype)
    number = 0
    for one, at in zip(learned, moments, strict=True):
        if one.output.goal is None or cells is None:
            if one.output.requirement is not None:
                chance = chance * p_inside(one, at)
            continue
        low, high = cells[:, :, number]
        mean, sd = at.mean[:, None, :], at.change[:, None, :]
        a, b = (end[:, None, :] for end in kept(one, at))
        length = overlap(mean, sd, low[:, None], high[:, None], (a, b))
        part = at.average(length)
        total = part if total is None else total * part
        number += 1
    return chance if total is None else total.sum(dim=0) * chance
