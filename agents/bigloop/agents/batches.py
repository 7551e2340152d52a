"""Which batch specimens are of: lots of cells, syntheses, plates, days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bigloop.contracts import (
    CampaignState,
    Design,
    Key,
    Observation,
    Stock,
    key_of,
)

NO_BATCH = -1
"""Index of the batch of a mean over batches, and where none are told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """What is known of batches.

    Attributes:
        channels: in which they are told apart: their values come from two or more.
        index: of every batch that has a name, those of the values first: it stays what
            it was when more is known of specimens.
        specimens: batch of every specimen of which it is known.
        fresh: batch of the fresh specimens of a design, where the laboratory says it.
    """

    channels: tuple[int, ...] = ()
    index: Mapping[str, int] = field(default_factory=dict)
    specimens: Mapping[str, str] = field(default_factory=dict)
    fresh: Mapping[Key, str] = field(default_factory=dict)

    def to_come(self, design: Design, specimen: str | None) -> str | None:
        """The batch that a result will be of; none: nobody knows, or none differ.

        Args:
            design: that will be measured.
            specimen: with which it goes on; none: a fresh one.
        """
        if specimen is not None:
            return self.specimens.get(specimen)
        return self.fresh.get(key_of(design)) if self.fresh else None

    def number(self, channel: int, name: str | None, specimen: int) -> int:
        """Index of the batch of a value; without a name it is the specimen's own.

        A batch that nobody named has a shift like any other. Two of them may be the
        same, but to count on it would be to know it.
        """
        if channel not in self.channels:
            return NO_BATCH
        return -2 - specimen if name is None else self.index[name]


def unnamed(state: CampaignState) -> CampaignState:
    """The state in which nobody has written down which batch a result is of."""
    if not any(o.batch for o in state.observations):
        return state
    plain = (o.model_copy(update={"batch": None}) for o in state.observations)
    return state.model_copy(update={"observations": tuple(plain)})


def of_specimens(observations: Iterable[Observation]) -> dict[str, str]:
    """The batch of every specimen of which one observation at least names it."""
    found: dict[str, str] = {}
    for o in observations:
        if o.specimen and o.batch:
            found.setdefault(o.specimen, o.batch)
    return found


def gather(
    values: Iterable[tuple[int, str | None]],
    specimens: Mapping[str, str],
    stock: Sequence[Stock] | None,
) -> Batches:
    """What is known of batches; nothing where all values of a channel share one.

    Args:
        values: channel and batch of every value.
        specimens: batch of every specimen of which it is known.
        stock: what the laboratory can still run.
    """
    named = [(channel, batch) for channel, batch in values if batch is not None]
    counts = Counter(channel for channel, _ in dict.fromkeys(named))
    channels = tuple(sorted(c for c, n in counts.items() if n > 1))
    if not channels:
        return Batches()
    fresh = {key_of(s.design): s.batch for s in stock or () if s.batch}
    names = [*(batch for _, batch in named), *specimens.values(), *fresh.values()]
    return Batches(
        channels=channels,
        index={name: number for number, name in enumerate(dict.fromkeys(names))},
        specimens=specimens,
        fresh=fresh,
    )
