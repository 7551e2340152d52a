"""What a model of interphases is of: inputs, observables, who measures them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from bigloop.contracts import Document, SpecError

Kind = Literal["free", "positive", "increasing"]
"""What is known of an observable: nothing, that it is not negative, or that it is
neither negative nor ever falls."""


class Channel(Document):
    """One observable as one source measures it: it has a noise of its own."""

    source: str
    observable: str


class Layout(Document):
    """Names of everything, in the order of the tensors' columns."""

    configuration: tuple[str, ...] = ()
    """What an interphase is made from: numbers that do not change."""
    conditions: tuple[str, ...] = ()
    """What it is exposed to: numbers that may change from step to step."""
    observables: dict[str, Kind]
    channels: tuple[Channel, ...]
    spreads: dict[str, float] = Field(default_factory=dict)
    """A large difference of an observable, where that is known; else it is learned."""

    @model_validator(mode="after")
    def _check(self) -> Layout:
        if not self.channels:
            raise SpecError("channels: there is none; say what is measured, by whom")
        for i, channel in enumerate(self.channels):
            if channel.observable not in self.observables:
                raise SpecError(
                    f"channels.{i}.observable: {channel.observable!r} is not among the "
                    f"observables {list(self.observables)}; declare it there"
                )
        for name, spread in self.spreads.items():
            if name not in self.observables or spread <= 0:
                raise SpecError(
                    f"spreads.{name}: {spread:g}: give a declared observable a number "
                    "above 0"
                )
        if len(set(self.channels)) < len(self.channels):
            raise SpecError("channels: one is named twice; name each once")
        return self

    @property
    def rising(self) -> list[str]:
        """Observables that never fall, in order."""
        return [k for k, kind in self.observables.items() if kind == "increasing"]

    @property
    def others(self) -> list[str]:
        """All other observables, in order."""
        return [k for k, kind in self.observables.items() if kind != "increasing"]

    @property
    def ordered(self) -> list[str]:
        """Those that never fall, then the others: the order of the network."""
        return [*self.rising, *self.others]

    @property
    def places(self) -> list[int]:
        """Place in `ordered` of each channel's observable."""
        return [self.ordered.index(c.observable) for c in self.channels]

    def channel(self, source: str, observable: str) -> int:
        """Number of a channel.

        Raises:
            SpecError: there is no such channel.
        """
        wanted = Channel(source=source, observable=observable)
        if wanted not in self.channels:
            known = ", ".join(f"{c.source}/{c.observable}" for c in self.channels)
            raise SpecError(f"channel: no {source}/{observable}; there are {known}")
        return self.channels.index(wanted)
