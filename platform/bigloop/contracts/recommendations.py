"""What a campaign recommends: a design, or several among which people choose."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bigloop.contracts.base import Design, Document


class Expected(Document):
    """What is expected of one observable of a design at the target fidelity."""

    observable: str
    unit: str
    role: Literal["objective", "requirement"]
    mean: float
    low: float
    high: float
    level: float = 0.9
    """Nominal probability of `low..high`."""
    bound: str = ""
    """The requirement, as it is written."""
    p_holds: float = 1.0
    """Probability that the requirement holds; 1 without one."""


class Choice(Document):
    """One design that no other tried one beats in every objective."""

    design: Design
    expected: tuple[Expected, ...]
    """The objectives in order, then what has requirements alone."""
    p_feasible: float = 1.0
    """Probability that all requirements hold, as if independent."""
    n_target: int
    """Results at the target fidelity for this design."""
    is_compromise: bool = False
    """Whether it has the largest product of what it gains above the reference."""


class Recommendation(Document):
    """The design that a campaign recommends, judged at the target fidelity."""

    design: Design
    observable: str
    unit: str
    mean: float
    low: float
    high: float
    level: float = 0.9
    """Nominal probability of `low..high` for the mean over specimens: over those that
    the laboratory has of the design, where it has a stock. Where batches are told apart
    it is the mean over batches, whatever the shifts of those that were run."""
    sd_epistemic: float
    sd_aleatoric: float
    """Spread of single specimens around their mean, that of their batches included."""
    n_target: int
    """Results at the target fidelity for this design."""
    n_early: int = 0
    """Predicted results for this design."""
    requirements: tuple[Expected, ...] = ()
    """What is expected of the observables that must keep a bound."""
    p_feasible: float = 1.0
    """Probability that all requirements hold, as if independent."""
    front: tuple[Choice, ...] = ()
    """Of several objectives: all tried designs that no other beats in every one.
    `design` is the compromise among them, and the fields above are of the first
    objective."""
    reference: dict[str, float] = Field(default_factory=dict)
    """Of several objectives: where their volume begins, stated or inferred."""
    hypervolume: float | None = None
    """Of the front above the reference: the product of the units of the objectives,
    of which one that is `log` counts by its natural logarithm."""
