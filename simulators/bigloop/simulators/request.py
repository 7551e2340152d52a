"""Checking a request against what a source declares."""

from __future__ import annotations

import difflib
import math

from bigloop.contracts import Capabilities, Request, SpecError


def check(request: Request, capabilities: Capabilities) -> None:
    """Refuse a request that a source does not understand.

    Raises:
        SpecError: a parameter is unknown, missing or not finite, or an age does not
            fit; says which and what to do.
    """
    _check_parameters(request, capabilities.parameters)
    _check_ages(request, capabilities.age_unit)


def _check_parameters(request: Request, parameters: dict[str, str]) -> None:
    existing = ", ".join(parameters)
    for name, value in request.design.items():
        if name not in parameters:
            near = difflib.get_close_matches(name, parameters, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise SpecError(
                f"design: parameter {name!r} is not known here; there are "
                f"{existing}{hint}"
            )
        if not isinstance(value, str) and not math.isfinite(value):
            raise SpecError(f"design.{name}: {value!r}: give a finite number")
    if missing := [name for name in parameters if name not in request.design]:
        raise SpecError(f"design: {', '.join(missing)} missing; give all of {existing}")


def _check_ages(request: Request, age_unit: str | None) -> None:
    start, until = request.from_age, request.until_age
    if age_unit is None:
        if start or until is not None or request.specimen is not None:
            raise SpecError(
                "this source has no ages: remove specimen, from_age and until_age"
            )
        return
    if start < 0:
        raise SpecError(f"from_age: {start:g}: an age is 0 or more")
    if start > 0 and request.specimen is None:
        raise SpecError(
            f"from_age: {start:g}: a new specimen begins at 0; name the specimen to go "
            "on with, or leave from_age out"
        )
    if until is not None and until <= start:
        raise SpecError(
            f"until_age: {until:g} is not above from_age {start:g}; ask for more"
        )
