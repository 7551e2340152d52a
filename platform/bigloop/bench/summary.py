"""All benchmarks together: how a method stands beside the best of its peers."""

from __future__ import annotations

from collections.abc import Sequence

from bigloop.bench.figures import Figures, MethodFigures
from bigloop.bench.methods import OURS
from bigloop.bench.problem import LEVELS
from bigloop.contracts import Document

SINGLE_FIDELITY = "botorch-logei"


class Standing(Document):
    """Our median cost to a level beside that of peers, on one benchmark.

    `ratio` fields are none where either side did not reach the level in half of the
    seeds; the costs then tell.
    """

    benchmark: str
    level: float
    ours: float | None
    best_peer: str
    peer: float | None
    ratio: float | None
    single_fidelity: float | None
    """Median cost of BoTorch LogEI."""
    single_ratio: float | None

    @property
    def is_below(self) -> bool:
        """Whether ours is below every peer's; not reached is above all."""
        return self.ours is not None and (self.peer is None or self.ours < self.peer)


def standings(found: Sequence[Figures]) -> list[Standing]:
    """One line a benchmark and level, where our agent and a peer were run."""
    rows = []
    for one in found:
        by_name = {m.method: m for m in one.methods if m.reached}
        ours = by_name.pop(OURS, None)
        if ours is None or not by_name:
            continue
        for i, level in enumerate(LEVELS):
            rows.append(_standing(one.benchmark, i, level, ours, by_name))
    return rows


def _standing(
    benchmark: str,
    i: int,
    level: float,
    ours: MethodFigures,
    peers: dict[str, MethodFigures],
) -> Standing:
    costs = {name: m.reached[i].cost.median for name, m in peers.items()}
    reached = {name: cost for name, cost in costs.items() if cost is not None}
    best = min(reached, key=reached.__getitem__, default="")
    mine = ours.reached[i].cost.median
    single = costs.get(SINGLE_FIDELITY)
    return Standing(
        benchmark=benchmark,
        level=level,
        ours=mine,
        best_peer=best,
        peer=reached.get(best),
        ratio=_ratio(mine, reached.get(best)),
        single_fidelity=single,
        single_ratio=_ratio(mine, single),
    )


def _ratio(a: float | None, b: float | None) -> float | None:
    return None if a is None or not b else a / b
