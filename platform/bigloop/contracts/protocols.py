"""The Protocols: one verb each where possible; when called, from where, may raise what.

Every implementation is found by an entry point (`bigloop.simulators`, `.models`,
`.agents`, `.readers`) and must pass the contract suite of its Protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

from pydantic import Field

from bigloop.contracts.base import Design, Document
from bigloop.contracts.campaign import Campaign
from bigloop.contracts.documents import (
    CampaignState,
    Decision,
    Measurement,
    Outcome,
    Proposal,
    Stock,
)
from bigloop.contracts.errors import SourceError
from bigloop.contracts.recommendations import Recommendation
from bigloop.contracts.sources import Cost

if TYPE_CHECKING:
    from torch import Tensor


class Request(Document):
    """What a source is asked to do: one trial, in the units that it declares."""

    trial: str
    """Idempotency key: a laboratory never runs the same key twice."""
    design: Design
    specimen: str | None = None
    from_age: float = 0.0
    until_age: float | None = None
    seed: int = 0
    timeout_s: float = 3600.0
    model: str | None = None
    """Version of the model to answer with, for a source that has one."""
    weights: bytes = Field(default=b"", exclude=True, repr=False)
    """The file of that version; in no JSON."""


class Capabilities(Document):
    """What a source declares of itself: names with units."""

    parameters: dict[str, str]
    """Unit of every parameter that it understands; extra parameters are refused."""
    observables: dict[str, str]
    """Unit of every observable that it can yield."""
    age_unit: str | None = None
    """Unit of age, for sources whose specimens age."""
    is_physical: bool = False
    blind_spots: dict[str, str] = Field(default_factory=dict)
    """Parameters that have no effect here, and why."""
    citations: tuple[str, ...] = ()


@runtime_checkable
class Simulator(Protocol):
    """A simulation or a laboratory. Built once per worker; used from one thread."""

    def capabilities(self) -> Capabilities:
        """Called before a campaign starts, to check the campaign against it."""
        ...

    def evaluate(self, request: Request) -> Outcome:
        """Run one trial. A numerical or physical failure is an `Outcome`, not raised.

        Called by a worker, after the store has recorded the dispatch.

        Raises:
            SpecError: the request does not fit the capabilities.
            SourceError: the machinery itself is broken.
        """
        ...


@runtime_checkable
class Laboratory(Simulator, Protocol):
    """A physical source: it has a stock and remembers what it ran."""

    def stock(self) -> list[Stock]:
        """Designs it can run with the fresh specimens of each; asked at the start."""
        ...

    def recover(self, request: Request) -> Outcome | None:
        """Outcome of a dispatch whose worker died; none when it was never started.

        Called by a worker that takes over. Must not start anything.

        Raises:
            SourceError: the laboratory cannot tell; the trial becomes `unknown`.
        """
        ...


@runtime_checkable
class Surrogate(Protocol):
    """A model of outcomes with a BoTorch posterior."""

    def fit(self, X: Tensor, Y: Tensor, groups: Sequence[str] = ()) -> None:
        """Fit to inputs `n x d` and targets `n x m`; `groups` are batches of specimens.

        Raises:
            SpecError: for NaN, infinity or shapes that do not fit.
        """
        ...

    def posterior(self, X: Tensor) -> Any:
        """BoTorch posterior over `(b) x q x m` for inputs `(b) x q x d`."""
        ...

    def uncertainty(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Aleatoric and epistemic standard deviation, each `(b) x q x m`."""
        ...


@runtime_checkable
class GenerativeModel(Protocol):
    """A model of what things look like: encode what is seen, decode, draw anew.

    What it learns from and gives are *views*: tensors by name, one row a specimen, in
    units and codes that the model documents. A model of SEI pictures has the views
    picture, barriers and properties; a translator has fresh and degraded; a phasing
    network takes magnitudes and gives amplitudes and phases. Built once per worker;
    used from one thread.
    """

    def fit(
        self,
        views: Mapping[str, Tensor],
        *,
        missing: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Learn anew from views of `n` rows each; called by training.

        Args:
            views: by name, `n x ...`; those that the model can do without may be left
                out.
            missing: masks by view, of its shape or `n`, true where the value is not
                known; such values may be NaN.

        Raises:
            SpecError: unknown names, shapes that do not fit, NaN or infinity that is
                not masked, too few rows, or nothing that varies.
            DivergenceError: the training diverged; what was learned before stays.
        """
        ...

    def encode(self, views: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the latent, `n x latent` each, on the CPU.

        Raises:
            SpecError: not fitted, or views that do not fit.
        """
        ...

    def decode(
        self, z: Tensor, given: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Views of latents `n x latent`: what is expected, no draw; on the CPU.

        Args:
            z: latents.
            given: views that the decoder is told, of 1 or `n` rows.

        Raises:
            SpecError: not fitted, or shapes that do not fit.
        """
        ...

    def sample(
        self, n: int, given: Mapping[str, Tensor] | None = None, *, seed: int = 0
    ) -> dict[str, Tensor]:
        """Views of `n` new specimens, given some of their views; on the CPU.

        Equal seeds give equal draws.

        Raises:
            SpecError: not fitted, n below 1, or shapes that do not fit.
        """
        ...

    def to_bytes(self) -> bytes:
        """A file without pickle; equal knowledge, equal bytes."""
        ...

    @classmethod
    def from_bytes(cls, content: bytes, device: str = "cpu") -> Self:
        """The model that wrote the file.

        Raises:
            SpecError: damaged, another model, or another architecture.
        """
        ...


class Verdict(Document):
    """What a policy says of a proposal."""

    action: str = Field(pattern="^(approve|ask|refuse)$")
    who: str = ""
    reason: str = ""
    persons: int = Field(default=1, ge=1)
    """How many different persons must agree, when it asks."""


@runtime_checkable
class Policy(Protocol):
    """Decides who must agree; called by the loop for every proposal, pure."""

    def review(self, proposal: Proposal, cost: Cost, state: CampaignState) -> Verdict:
        """Approve, ask a person, or refuse; `cost` is what will be reserved."""
        ...


class Suggestion(Document):
    """A proposal, why it is made, and what to reserve for it."""

    proposal: Proposal
    decision: Decision
    cost: Cost


@runtime_checkable
class Agent(Protocol):
    """Decides what to run next: a pure function of the state and its seed.

    Built once per loop from the campaign (`Agent(campaign, **agent_options)`);
    it may cache, but two agents given the same state must say the same.
    """

    def propose(
        self, state: CampaignState, sources: Sequence[str], n: int = 1
    ) -> list[Suggestion]:
        """Up to `n` suggestions for the `sources` that are free; empty: stop.

        Called by the loop when a source is free. Costs never exceed what is left.
        """
        ...

    def recommend(self, state: CampaignState) -> Recommendation | None:
        """The best design at the target fidelity; none before any result."""
        ...


@runtime_checkable
class Executor(Protocol):
    """Runs requests on the sources of a campaign, in this process or on Ray.

    Requests to one laboratory are begun in the order in which they were submitted.
    Used by one worker, from one thread.
    """

    def submit(self, source: str, request: Request) -> None:
        """Start a request, known by its `trial`; called after the dispatch mark."""
        ...

    def recover(self, source: str, request: Request) -> None:
        """Ask a laboratory what became of a dispatch; answered through `wait`."""
        ...

    def wait(self, timeout_s: float) -> dict[str, Outcome | SourceError | None]:
        """What came in since the last call, by trial; blocks for the first one.

        None answers a `recover` of what was never started; a `SourceError` says that
        the machinery broke, not the trial. Of several questions about one trial only
        the newest is answered in these ways; an outcome is handed on whoever asked.
        """
        ...

    def close(self) -> None:
        """Stop; safe to call twice."""
        ...


@runtime_checkable
class Reader(Protocol):
    """Reads a laboratory file into measurements."""

    def read(self, path: Path) -> list[Measurement]:
        """Measurements of one specimen.

        Raises:
            ResultError: the file cannot be read; names the line and the remedy.
        """
        ...


class AgentFactory(Protocol):
    """What an entry point in `bigloop.agents` is."""

    def __call__(self, campaign: Campaign, /, **options: Any) -> Agent:
        """Build the agent of a campaign."""
        ...
