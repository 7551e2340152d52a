"""One compiled cell model whose steps are controlled by input parameters alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bigloop.simulators.cells.cycler import unfloored
from bigloop.simulators.cells.engine import engine, silence
from bigloop.simulators.cells.states import OBSERVED, Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

RTOL, ATOL = 1e-6, 1e-8
"""Ten times looser, the hold of a DFN failed in cycle 21 of 30 with a fast SEI, and the
capacity of a cycle scattered by 1e-6 A.h rather than 2e-7."""
STUCK_STEPS, STUCK_S = 1000, 10.0
"""The integrator stops when so many steps took it less far than so many seconds: a rest
of a DFN whose pores were plated shut went on for minutes. Real steps need up to some 16
for that way. Its own limit, `max_num_steps`, counts between outputs and never ended it.
"""
TEMPERATURE = "temperature"
_OFF: dict[str, float] = {
    "is_current": 1.0,
    "current": 0.0,
    "hold_voltage": 0.0,
    "voltage_sign": 0.0,
    "voltage_end": 0.0,
    "charge_on": 0.0,
    "charge_end": 0.0,
    "taper_on": 0.0,
    "taper_end": 0.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What a step does and when it ends; an end that is none is not watched."""

    name: str
    max_s: float
    current_A: float | None = 0.0
    """Positive on discharge; none: `hold_V` is held."""
    hold_V: float = 0.0
    above_V: float | None = None
    below_V: float | None = None
    until_charge_Ah: float | None = None
    """Discharge capacity, counted as PyBaMM does, down to which a charge goes."""
    taper_C: float | None = None

    @property
    def inputs(self) -> dict[str, float]:
        """Values of the input parameters of the control."""
        values = dict(_OFF)
        if self.current_A is None:
            values |= {"is_current": 0.0, "hold_voltage": self.hold_V}
        else:
            values["current"] = self.current_A
        for limit, sign in ((self.above_V, 1.0), (self.below_V, -1.0)):
            if limit is not None:
                values |= {"voltage_sign": sign, "voltage_end": limit}
        if self.until_charge_Ah is not None:
            values |= {"charge_on": 1.0, "charge_end": self.until_charge_Ah}
        if self.taper_C is not None:
            values |= {"taper_on": 1.0, "taper_end": self.taper_C}
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """One step as it ran."""

    name: str
    termination: str
    """`voltage`, `charge`, `taper`, `final time` or `skipped`, or PyBaMM's words."""
    duration_s: float
    first: Reading
    last: Reading
    y: Vector = field(repr=False)
    """State at the end, of length `len_rhs + len_alg`."""


class Stepper:
    """Runs single steps on one model that is discretised and compiled once.

    Current, held voltage, ends of a step, temperature and any parameter that is left
    free are inputs of the model: nothing is built again for another protocol. All steps
    have one layout of the state vector, so that a state may be extrapolated as a whole.

    Args:
        model: `SPM`, `SPMe` or `DFN`.
        options: of PyBaMM's model.
        values: PyBaMM's parameter values; the inputs stand in them.
    """

    def __init__(self, model: str, options: Mapping[str, str], values: Any) -> None:
        pybamm = engine()
        with silence(), unfloored():
            cell = getattr(pybamm.lithium_ion, model)(
                {**options, "operating mode": _residual}
            )
            self.nominal_Ah = float(values["Nominal cell capacity [A.h]"])
            cell.events = _events(cell.variables, self.nominal_Ah)
            simulation = pybamm.Simulation(cell, parameter_values=values)
            simulation.build()
        self._model = simulation.built_model
        # Without the algebraic variables in the error test a cycle of a DFN takes two
        # thirds of the time; where that fails, the careful one tries again.
        self._solvers = (_solver(is_careful=False), _solver(is_careful=True))
        self._observe: Any = None

    def fresh(self, inputs: Mapping[str, float]) -> Vector:
        """State of the new cell."""
        initial = self._model.concatenated_initial_conditions
        found: Vector = initial.evaluate(0, inputs={**_OFF, **inputs}).ravel()
        return found

    def step(self, control: Control, y: Vector, inputs: Mapping[str, float]) -> Stepped:
        """One step from the state `y`, the clock at 0.

        Raises:
            Exception: the solver gave up; its errors have no common class.
        """
        values = {**control.inputs, **inputs}
        solution = self._solve(control, y, values)
        if solution is None:
            return self._skipped(control, y, values)
        ys = solution.all_ys[-1]
        return Stepped(
            name=control.name,
            termination=solution.termination.removeprefix("event: "),
            duration_s=float(solution.t[-1] - solution.t[0]),
            first=self.read(ys[:, 0], values),
            last=self.read(ys[:, -1], values),
            y=ys[:, -1].copy(),
        )

    def read(self, y: Vector, inputs: Mapping[str, float]) -> Reading:
        """The observed variables of a state."""
        import numpy as np

        if self._observe is None:
            self._observe = _observer(self._model, {**_OFF, **inputs})
        names, sizes, function = self._observe
        stacked = [{**_OFF, **inputs}[name] for name in names]
        rows = np.asarray(function(y, stacked)).ravel()
        parts = np.split(rows, np.cumsum(sizes)[:-1])
        return Reading(**dict(zip(OBSERVED, parts, strict=True)))

    def _solve(self, control: Control, y: Vector, values: dict[str, float]) -> Any:
        """PyBaMM's solution of a step; none: an end of it was there at its start."""
        with silence():
            for solver in self._solvers:
                try:
                    return solver.step(
                        self._start(y, values),
                        self._model,
                        control.max_s,
                        inputs=values,
                        save=False,
                    )
                except Exception as error:  # the solver's have no common class
                    if "non-positive at initial conditions" in str(error):
                        return None
                    if solver is self._solvers[-1]:
                        raise

    def _start(self, y: Vector, inputs: dict[str, float]) -> Any:
        import numpy as np

        return engine().Solution(
            [np.array([0.0])],
            [y.reshape(-1, 1)],
            [self._model],
            [inputs],
            termination="final time",
        )

    def _skipped(
        self, control: Control, y: Vector, values: dict[str, float]
    ) -> Stepped:
        here = self.read(y, values)
        return Stepped(
            name=control.name,
            termination="skipped",
            duration_s=0.0,
            first=here,
            last=here,
            y=y,
        )


def _solver(is_careful: bool) -> Any:
    return engine().IDAKLUSolver(
        rtol=RTOL,
        atol=ATOL,
        store_first_last=True,
        options={
            "num_steps_no_progress": STUCK_STEPS,
            "t_no_progress": STUCK_S,
            "suppress_algebraic_error": not is_careful,
            "silence_sundials_errors": True,
        },
    )


def _residual(variables: Any) -> Any:
    """Zero where the current or the voltage is what the step asks for."""
    given = engine().InputParameter
    by_current = given("is_current")
    return by_current * (variables["Current [A]"] - given("current")) + (
        1 - by_current
    ) * (variables["Voltage [V]"] - given("hold_voltage"))


def _events(variables: Any, nominal_Ah: float) -> list[Any]:
    """One event for each end; one that is not watched is 1 throughout."""
    pybamm = engine()
    given = pybamm.InputParameter
    sign, charge, taper = given("voltage_sign"), given("charge_on"), given("taper_on")
    left_V = sign * (given("voltage_end") - variables["Voltage [V]"])
    left = (variables["Discharge capacity [A.h]"] - given("charge_end")) / nominal_Ah
    rate = abs(variables["Current [A]"]) / nominal_Ah
    return [
        pybamm.Event("voltage", left_V + 1 - abs(sign)),
        pybamm.Event("charge", charge * left + 1 - charge),
        pybamm.Event("taper", taper * (rate - given("taper_end")) + 1 - taper),
    ]


def _observer(model: Any, inputs: Mapping[str, float]) -> tuple[Any, list[int], Any]:
    """A compiled function of state and inputs that gives all `OBSERVED` in a column."""
    import casadi

    names = sorted(inputs)
    y = casadi.MX.sym("y", model.len_rhs_and_alg)
    stacked = casadi.MX.sym("p", len(names))
    symbols = {name: stacked[i] for i, name in enumerate(names)}
    shared: dict[Any, Any] = {}
    columns = []
    for variable in OBSERVED.values():
        expression = model.get_processed_variable(variable).to_casadi(
            casadi.MX(0.0), y, inputs=symbols, casadi_symbols=shared
        )
        columns.append(casadi.vec(casadi.MX(expression)))
    sizes = [column.shape[0] for column in columns]
    return (
        names,
        sizes,
        casadi.Function("observe", [y, stacked], [casadi.vertcat(*columns)]),
    )
