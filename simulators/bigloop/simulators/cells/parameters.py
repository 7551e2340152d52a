"""Parameter values of a cell: a set by name, what it lacks, overrides, free ones."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bigloop.contracts import SpecError
from bigloop.simulators.cells.engine import engine, silence
from bigloop.simulators.cells.stepper import TEMPERATURE

AGEING = "OKane2022"
"""Gives the parameters of SEI, plating and cracking that a set of a cell lacks."""
NO_PARAMETERS = ("chemistry", "citations")
ACTIVATION = "SEI growth activation energy [J.mol-1]"


def cell_values(
    parameters: str,
    overrides: Mapping[str, float],
    free: Mapping[str, str],
    base: str = ".",
) -> tuple[Any, list[str]]:
    """PyBaMM parameter values of a new, discharged cell; the names that were filled in.

    Args:
        parameters: a set that comes with PyBaMM, or the path of a BPX file (`.json`).
        overrides: values by PyBaMM's names.
        free: PyBaMM's name of each parameter that stays an input, by its input's name.
        base: folder that a path is relative to.

    Raises:
        SpecError: the set or a name is unknown, or a value is no finite number.
    """
    pybamm = engine()
    with silence():
        is_file = parameters.lower().endswith(".json")
        values = _bpx(Path(base) / parameters) if is_file else _set(parameters)
        ageing = pybamm.ParameterValues(AGEING)
        names = (n for n in ageing if n not in NO_PARAMETERS)
        filled = sorted(n for n in names if n not in values or _is_void(n, values))
        values.update({n: ageing[n] for n in filled}, check_already_exists=False)
        for name, value in overrides.items():
            _check(name, value, list(values.keys()))
        values.update(dict(overrides))
        _check_free(free, values)
        _discharge(values)
        given = pybamm.InputParameter
        values.update(
            {
                "Ambient temperature [K]": given(TEMPERATURE),
                "Initial temperature [K]": given(TEMPERATURE),
                **{name: given(free_name) for free_name, name in free.items()},
            },
            check_already_exists=False,
        )
    return values, filled


def _bpx(path: Path) -> Any:
    """Parameter values of a file in the Battery Parameter eXchange format.

    Its functions are expressions that the parser of `bpx` restricts to arithmetic.
    """
    if not path.is_file():
        raise SpecError(f"parameters: there is no file {str(path)!r}; give a BPX file")
    try:
        return engine().ParameterValues.create_from_bpx(path)
    except Exception as error:  # of JSON, of pydantic, of PyBaMM
        reason = " ".join(str(error).split())[:300]
        raise SpecError(
            f"parameters: {str(path)!r} is no BPX file that can be used ({reason})"
        ) from None


def _is_void(name: str, values: Any) -> bool:
    """An activation energy of 0 was never measured: with it, heat would do no harm."""
    return bool(name == ACTIVATION and values[name] == 0)


def _set(parameters: str) -> Any:
    pybamm = engine()
    known = sorted(pybamm.parameter_sets)
    if parameters not in known:
        near = difflib.get_close_matches(parameters, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SpecError(
            f"parameters: {parameters!r} is no set of PyBaMM{hint}; there are "
            f"{', '.join(known)}"
        )
    values = pybamm.ParameterValues(parameters)
    needed = ("Negative electrode thickness [m]", "Positive electrode thickness [m]")
    if missing := [name for name in needed if name not in values]:
        raise SpecError(
            f"parameters: {parameters!r} has no {missing[0]!r}: no full cell"
        )
    return values


def _discharge(values: Any) -> None:
    try:
        values.set_initial_state(0.0)
    except Exception as error:  # no common class
        reason = " ".join(str(error).split())[:200]
        raise SpecError(
            f"parameters: no discharged cell can be made of them ({reason}); change "
            "the overrides"
        ) from None


def _check(name: str, value: object, existing: Sequence[str]) -> None:
    if name not in existing:
        near = difflib.get_close_matches(name, existing, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SpecError(f"overrides: {name!r} is no parameter of this cell{hint}")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and math.isfinite(value)):  # type: ignore[arg-type]
        raise SpecError(f"overrides.{name}: {value!r}: give a finite number")


def _check_free(free: Mapping[str, str], values: Any) -> None:
    for name in free.values():
        if name not in values:
            raise SpecError(f"free parameter {name!r} is no parameter of this cell")
        if not isinstance(values[name], int | float):
            raise SpecError(f"free parameter {name!r} is a function, not a number")
