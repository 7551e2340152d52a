"""Where a search stands: what was tried, what of it is feasible, what is not beaten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from bigloop.agents.belief import recommendable
from bigloop.agents.several.gains import boxes
from bigloop.agents.several.learned import Learned
from bigloop.agents.space import encode
from bigloop.contracts import Design, Key, key_of
from bigloop.contracts.dominance import hypervolume, inferred_reference, undominated

COMING = 0.5
"""Chance above which a trial on its way counts as feasible: it is not run twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The tried designs with what is known of them.

    Attributes:
        designs: `n` of them, measured in all outputs or on their way.
        means: posterior means of the objectives, standardised, `n x c`.
        p_holds: of the requirement of each output, `n x k`.
        is_feasible: whether every requirement holds with its probability, `n`.
        reference: where the volume of the objectives begins, `c`.
        front: indices of the feasible designs that no feasible one beats.
    """

    designs: Sequence[Design]
    means: Tensor
    p_holds: Tensor
    is_feasible: Tensor
    reference: Tensor
    front: list[int]

    @property
    def p_feasible(self) -> Tensor:
        """That all requirements hold, as if independent, `n`."""
        return self.p_holds.prod(dim=-1)

    @property
    def volume(self) -> float:
        """Of the front above the reference; of one objective, its height."""
        points = self.means[self.front].tolist()
        return hypervolume(points, self.reference.tolist())

    def cells(self, without: int | None = None) -> Tensor | None:
        """What may still be gained, as boxes; none while nothing is feasible.

        Args:
            without: index of a design that is left out.
        """
        if not self.front:
            return None
        kept = [i for i in self.front if i != without]
        if without is not None:
            rest = [i for i in self._feasible() if i != without]
            kept = [rest[i] for i in undominated(self.means[rest].tolist())]
        return boxes(self.means[kept], self.reference)

    def share(self, index: int) -> float:
        """What the volume would lose without one design."""
        rest = [i for i in self._feasible() if i != index]
        return self.volume - hypervolume(
            self.means[rest].tolist(), self.reference.tolist()
        )

    def _feasible(self) -> list[int]:
        return [int(i) for i in self.is_feasible.nonzero()[:, 0]]


def stand(learned: Sequence[Learned], coming: Sequence[Design] = ()) -> Standing:
    """The standing by models in which pending results are believed, or are not.

    Args:
        learned: the outputs, objectives first.
        coming: designs that the target is running.
    """
    designs = tried(learned)
    known = {key_of(d) for d in designs}
    more = {key_of(d): d for d in coming if key_of(d) not in known}
    every = [*designs, *more.values()]
    means, p_holds = _looked(learned, every)
    needed = torch.tensor(
        [r.probability if (r := one.output.requirement) else 0.0 for one in learned],
        dtype=torch.float64,
    ).repeat(len(every), 1)
    needed[len(designs) :].clamp_(max=COMING)
    is_feasible = (p_holds >= needed).all(dim=-1)
    feasible = [int(i) for i in is_feasible.nonzero()[:, 0]]
    front = [feasible[i] for i in undominated(means[feasible].tolist())]
    return Standing(
        designs=every,
        means=means,
        p_holds=p_holds,
        is_feasible=is_feasible,
        reference=reference(learned, means, is_feasible),
        front=front,
    )


def _looked(
    learned: Sequence[Learned], designs: Sequence[Design]
) -> tuple[Tensor, Tensor]:
    """Means of the objectives, `n x c`, and what holds by chance, `n x k`."""
    c = sum(one.output.goal is not None for one in learned)
    if not designs:
        none = torch.zeros(0, len(learned), dtype=torch.float64)
        return none[:, :c], none
    x = encode(learned[0].belief.campaign, designs)
    moments = [one.moments(x) for one in learned]
    means = [at.average(at.mean) for at in moments[:c]]
    holds = [one.p_holds(at) for one, at in zip(learned, moments, strict=True)]
    return torch.stack(means, dim=-1), torch.stack(holds, dim=-1)


def tried(learned: Sequence[Learned]) -> list[Design]:
    """Designs that the target has measured in every output, within the limits."""
    found: list[dict[Key, Design]] = [
        {key_of(d): d for d in recommendable(one.belief)} for one in learned
    ]
    first, *others = found
    return [d for key, d in first.items() if all(key in other for other in others)]


def reference(learned: Sequence[Learned], means: Tensor, is_feasible: Tensor) -> Tensor:
    """Where the volume begins, standardised, `c`: what is stated, else inferred.

    By `inferred_reference`; of designs that are all equal, a standard deviation below.

    Args:
        learned: the outputs, objectives first.
        means: of the objectives at the tried designs, `n x c`.
        is_feasible: which of these count, `n`; where none does, all.
    """
    goals = [one for one in learned if one.output.goal is not None]
    rows = means[is_feasible] if is_feasible.any() else means
    points = rows.tolist() or [[0.0] * len(goals)]
    inferred = inferred_reference(points)
    found = [
        stated
        if (stated := one.reference) is not None
        else points[0][k] - 1.0
        if (low := inferred[k]) is None
        else low
        for k, one in enumerate(goals)
    ]
    return torch.tensor(found, dtype=torch.float64)
