"""What a result must be: the objectives, and the requirements on other observables."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from bigloop.contracts.base import Document, Name
from bigloop.contracts.units import convert, parse_unit


class Objective(Document):
    """What is to be found, judged by one source: the target fidelity."""

    observable: Name
    goal: Literal["maximize", "minimize"] = "maximize"
    source: Name
    """The source whose mean result defines the truth."""
    reference: float | None = None
    """Of several objectives: what a design must beat to count, in the unit of the
    observable; none: inferred from the results."""


class Requirement(Document):
    """A bound that the mean result of the target must keep: known by measuring only.

    `constraints` and `limits` bound a design before anything is run.
    """

    unit: str | None = None
    """Of the bounds; none: that of the observable."""
    at_least: float | None = None
    at_most: float | None = None
    probability: Annotated[float, Field(ge=0.5, lt=1)] = 0.9
    """With which it must hold for a design to be recommended."""
    description: str = ""

    @model_validator(mode="after")
    def _check(self) -> Requirement:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        low, high = self.at_least, self.at_most
        if low is not None and high is not None and low >= high:
            raise ValueError(f"at_least {low:g} is not below at_most {high:g}")
        if self.unit is not None:
            parse_unit(self.unit)
        return self

    def window(self, unit: str) -> tuple[float, float]:
        """The bounds in a unit; infinite where there is none.

        Raises:
            SpecError: the unit measures something else.
        """
        own = unit if self.unit is None else self.unit
        low, high = (
            end if bound is None else convert(bound, own, unit)
            for bound, end in ((self.at_least, -math.inf), (self.at_most, math.inf))
        )
        return low, high

    def holds(self, value: float, unit: str) -> bool:
        """Whether a value in a unit keeps the bounds (1e-9 of slack for rounding)."""
        low, high = self.window(unit)
        slack = 1e-9 * max(1.0, abs(value))
        return low - slack <= value <= high + slack

    def text(self, observable: str, unit: str) -> str:
        """The bound as it is written: `capacity >= 2 mAh`."""
        own = unit if self.unit is None else self.unit
        bounds = ((">=", self.at_least), ("<=", self.at_most))
        return " and ".join(
            f"{observable} {sign} {bound:g} {own}".rstrip()
            for sign, bound in bounds
            if bound is not None
        )


def either(schema: dict[str, Any]) -> None:
    """Let a JSON schema of campaigns ask for `objective` or `objectives`."""
    schema["required"] = [name for name in schema["required"] if name != "objective"]
    schema["anyOf"] = [{"required": [name]} for name in ("objective", "objectives")]


def first_as_objective(data: Any) -> Any:
    """Campaign data in which `objective` is the first of the `objectives`, if any.

    Raises:
        ValueError: both are given and say different things.
    """
    if not isinstance(data, dict) or not data.get("objectives"):
        return data
    several = data["objectives"]
    if not isinstance(several, list | tuple):
        return data
    if "objective" in data and data["objective"] != several[0]:
        raise ValueError(
            "objectives: objective is given, too; list all under objectives and remove "
            "objective"
        )
    return {**data, "objective": several[0]}
