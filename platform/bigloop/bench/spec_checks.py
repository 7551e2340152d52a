"""What is wrong with a benchmark in which more than one output decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bigloop.bench.spec import Benchmark

FUNCTIONS = {
    "BNH",
    "BraninCurrin",
    "C2DTLZ2",
    "CONSTR",
    "ConstrainedBraninCurrin",
    "ConstrainedGramacy",
    "ConstrainedHartmann",
    "DTLZ2",
    "DiscBrake",
    "OSY",
    "SRN",
    "VehicleSafety",
    "WeldedBeam",
    "ZDT1",
    "ZDT2",
}
"""Test functions of BoTorch over a box, with several outputs and a known best."""


def has_several_outputs(name: str) -> bool:
    """Whether a test function has several objectives, or constraints.

    Examples:
        >>> has_several_outputs("BraninCurrin"), has_several_outputs("Hartmann6")
        (True, False)
    """
    return name in FUNCTIONS


def several_problems(spec: Benchmark) -> Iterator[str]:
    """In words, naming the field."""
    if spec.problem is not None:
        yield from _of_function(spec)
        return
    if not spec.parameters:
        yield "parameters: is empty; name the columns that make up a design"
    if (spec.objective is None) == (not spec.objectives):
        yield "give exactly one of objective and objectives"
    if spec.objective is None and len(spec.objectives) < 2:
        yield "objectives: there is one; write it as objective"
    if spec.noise_sd:
        yield "noise_sd: a table has the noise of its rows; remove it"
    if spec.data is not None and spec.data.batch is not None:
        yield (
            f"data.batch: {spec.data.batch!r} is of use with one objective alone; "
            "remove it"
        )
    known = [c.column for c in spec.goals]
    known += [c.column for c in spec.requirements]
    if len(set(known)) < len(known):
        yield "objectives, requirements: a column stands twice; remove one"
    targets = [k for k, s in spec.priced.items() if s.columns is None]
    if len(targets) != 1:
        yield (
            f"sources: {len(targets)} of them have no columns; the target, which has "
            "all that decides, must be exactly one"
        )
    for name, source in spec.sources.items():
        if source.column is not None or source.function is not None:
            yield (
                f"sources.{name}: several columns decide; give columns, neither column "
                "nor function"
            )
        for column in sorted(set(source.columns or ()) - set(known)):
            yield (
                f"sources.{name}.columns: {column!r} decides nothing; there are "
                f"{', '.join(known)}"
            )


def _of_function(spec: Benchmark) -> Iterator[str]:
    if spec.parameters or spec.goals or spec.requirements or spec.constraints:
        yield (
            "problem: a function brings its parameters and what decides; remove "
            "parameters, objective, objectives, requirements and constraints"
        )
    if spec.noise_sd:
        yield "noise_sd: does not go with a function of several outputs; remove it"
    for name, source in spec.sources.items():
        if source.function != "true":
            yield f"sources.{name}.function: must be true; others have one output alone"
    if len(spec.sources) > 1:
        yield "sources: give one at most; a function of several outputs has no other"
