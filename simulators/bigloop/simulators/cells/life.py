"""The life of a simulated cell over hundreds of cycles."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bigloop.contracts import (
    Capabilities,
    Measurement,
    Outcome,
    Request,
    SpecError,
)
from bigloop.simulators.cells import mechanisms
from bigloop.simulators.cells.cycler import MODELS
from bigloop.simulators.cells.engine import engine
from bigloop.simulators.cells.lifecycle import Cycling
from bigloop.simulators.cells.living import Life, Phase, live
from bigloop.simulators.cells.parameters import cell_values
from bigloop.simulators.cells.protocol import plan
from bigloop.simulators.cells.stepper import ATOL, RTOL, Stepper
from bigloop.simulators.request import check

MOST_CYCLES = 5000
OBSERVABLES = {
    "capacity": "A*hour",
    "capacity_loss": "percent",
    "lithium_loss": "percent",
    "sei_thickness": "nanometer",
    "plated_lithium": "A*hour",
    "porosity": "",
    "resistance": "ohm",
}
_FREE = ("C1", "discharge_rate", "temperature")


class CellLifeSimulator:
    """Hundreds of cycles of a lithium-ion cell by PyBaMM, most of them jumped.

    At `until_age` cycles (none: `cycles`) of the ageing protocol, after formation:
    `capacity` [A.h] that the discharge of that cycle gives between the cut-offs;
    `capacity_loss` [percent] of the largest of cycles 1 to 3; `lithium_loss`, the loss
    of lithium inventory since the cell was new [percent]; `sei_thickness`, averaged
    over the negative electrode [nm]; `plated_lithium`, dead or live [A.h]; `porosity`
    of the negative electrode at the separator; `resistance`, step of the voltage over
    step of the current as the discharge sets in [ohm].

    Cycles are jumped as `cells.jump` says; `jump_tolerance=0` solves every one. A life
    begins at age 0: the same request gives the same bits, on this object or another.

    Failures: `solver` when the solver gives up or a check of `cells.life_verdict`
    fails, `timeout` between two steps, `chemistry` when the cell takes no charge or
    never ends a step, `quality` when the result is no ageing: a capacity that rose.

    Args:
        model: `SPM`, `SPMe` or `DFN`.
        parameters: a parameter set that comes with PyBaMM, or the path of a BPX file.
        protocol: numbers of the protocol that are fixed; see `cells.protocol`.
        free: names of the protocol that the design gives.
        sei, plating, mechanics, sei_on_cracks, thermal: mechanisms; see
            `cells.mechanisms`.
        overrides: values that replace parameters, by PyBaMM's names.
        free_parameters: PyBaMM's names of parameters that the design gives, by the
            names they have there.
        cycles: age when a request names none.
        jump_tolerance: of one jump, relative to the ageing up to the asked age.
        base: folder that `parameters` is relative to.

    Raises:
        SpecError: an option is out of range; a name of a parameter is unknown (at the
            first evaluation, which builds the model).
    """

    def __init__(
        self,
        model: str = "SPMe",
        parameters: str = "Chen2020",
        protocol: Mapping[str, object] | None = None,
        free: Sequence[str] = _FREE,
        sei: str = "solvent-diffusion limited",
        plating: str = "none",
        mechanics: str = "none",
        sei_on_cracks: bool = False,
        thermal: str = "isothermal",
        overrides: Mapping[str, float] | None = None,
        free_parameters: Mapping[str, str] | None = None,
        cycles: int = 100,
        jump_tolerance: float = 1e-2,
        base: str = ".",
    ) -> None:
        if model not in MODELS:
            raise SpecError(f"model: {model!r}: there are {', '.join(MODELS)}")
        self._age(cycles, "cycles")
        if not 0 <= jump_tolerance <= 0.1:  # NaN is refused too
            raise SpecError(f"jump_tolerance: {jump_tolerance!r}: give 0 to 0.1")
        self._mechanisms = mechanisms.Mechanisms(
            sei=sei,
            plating=plating,
            mechanics=mechanics,
            sei_on_cracks=sei_on_cracks,
            thermal=thermal,
        )
        self._mechanisms.check(model)
        self._model, self._parameters, self._base = model, parameters, base
        self._plan = plan(protocol or {}, tuple(free))
        self._overrides = dict(overrides or {})
        self._free = dict(free_parameters or {})
        if clash := [name for name in self._free if name in self._plan.free]:
            raise SpecError(f"free_parameters: {clash[0]!r} is a name of the protocol")
        self._cycles, self._tolerance = cycles, jump_tolerance
        self._stepper: Stepper | None = None
        self._filled: list[str] = []
        self._build_s = 0.0

    def capabilities(self) -> Capabilities:
        """The free numbers of protocol and cell; imports no PyBaMM."""
        return Capabilities(
            parameters={
                **self._plan.units,
                **{name: mechanisms.unit_of(n) for name, n in self._free.items()},
            },
            observables=OBSERVABLES,
            age_unit="cycle",
            blind_spots=self._mechanisms.blind_spots(self._model),
            citations=self._mechanisms.citations,
        )

    def evaluate(self, request: Request) -> Outcome:
        """Age a new cell; what goes wrong in it is an outcome.

        Raises:
            SpecError: a parameter is unknown, missing or out of range, or the request
                goes on with a specimen.
        """
        check(request, self.capabilities())
        if request.specimen is not None:
            raise SpecError(
                f"specimen: {request.specimen!r}: a simulated life begins at 0; leave "
                "specimen and from_age out"
            )
        asked = self._cycles if request.until_age is None else request.until_age
        age = self._age(asked, "until_age")
        self._built()
        began, cpu = time.monotonic(), time.thread_time()
        life = self.run(dict(request.design), [age], request.timeout_s)
        return Outcome(
            status="success" if life.failure is None else "failure",
            failure=life.failure,
            message=life.reason,
            measurements=() if life.failure else tuple(_measurements(life, age)),
            cost={"core_second": time.thread_time() - cpu},
            executed=request.design,
            age=float(life.cycles[-1][0]) if life.cycles else 0.0,
            duration_s=time.monotonic() - began,
            provenance=self._provenance(life),
        )

    def run(
        self,
        design: Mapping[str, float | str],
        ages: Sequence[int],
        timeout_s: float = math.inf,
    ) -> Life:
        """The life of one cell, with every age of `ages` among its solved cycles.

        Raises:
            SpecError: a number of the design is out of range.
        """
        asked = sorted(set(ages))
        phase = Phase(until=asked[-1], cycling=self._cycling(design, timeout_s))
        return live([phase], asked, self._tolerance)

    def run_through(
        self,
        phases: Sequence[tuple[int, Mapping[str, float | str]]],
        ages: Sequence[int],
        checkup: Mapping[str, float | str],
        timeout_s: float = math.inf,
    ) -> Life:
        """The life of one cell whose protocol changes, looked at by check-ups.

        Capacities of cycles at other rates and temperatures say nothing of ageing, so
        `values` are those of a check-up after each age: cycles of one protocol, which
        leave no trace in the cell.

        Args:
            phases: cycle of ageing up to which a design holds, and the design; what
                it says of the cell itself is the same in all.
            ages: cycles at which to look.
            checkup: design of the check-ups.
            timeout_s: of the whole life.

        Raises:
            SpecError: ages or numbers of a design are out of range, phases do not rise
                or end too early, or the cell is another one in a later phase.
        """
        asked = sorted({self._age(age, "ages") for age in ages})
        ends = [self._age(until, "phases") for until, _ in phases]
        if ends != sorted(set(ends)) or not asked or ends[-1:] < asked[-1:]:
            raise SpecError(
                f"phases: they end at {ends}; let them rise up to the last of the ages "
                f"{asked}"
            )
        cells = [
            [d[name] for name in self._free] for d in (*dict(phases).values(), checkup)
        ]
        if any(cell != cells[0] for cell in cells):
            raise SpecError(
                f"phases: {', '.join(self._free)} differ; a cell keeps them for life"
            )
        return live(
            [
                Phase(until=until, cycling=self._cycling(design, timeout_s))
                for until, design in phases
            ],
            asked,
            self._tolerance,
            self._cycling(checkup, timeout_s),
        )

    def _cycling(self, design: Mapping[str, float | str], timeout_s: float) -> Cycling:
        protocol = self._plan.protocol(dict(design))
        inputs = {name: self._parameter(name, design[name]) for name in self._free}
        return Cycling(
            stepper=self._built(),
            protocol=protocol,
            inputs=inputs,
            until=time.monotonic() + timeout_s,
        )

    def _parameter(self, name: str, value: float | str) -> float:
        if isinstance(value, str) or not math.isfinite(value):
            raise SpecError(f"design.{name}: {value!r}: give a finite number")
        if value <= 0:
            raise SpecError(f"design.{name}: {value:g}: give a number above 0")
        return float(value)

    def _age(self, value: float, name: str) -> int:
        if not (math.isfinite(value) and value == int(value)) or not (
            1 <= value <= MOST_CYCLES
        ):
            raise SpecError(
                f"{name}: {value!r}: give a whole number of cycles, 1 to {MOST_CYCLES}"
            )
        return int(value)

    def _built(self) -> Stepper:
        if self._stepper is None:
            began = time.monotonic()
            values, self._filled = cell_values(
                self._parameters, self._overrides, self._free, self._base
            )
            self._stepper = Stepper(self._model, self._mechanisms.options, values)
            self._build_s = time.monotonic() - began
        return self._stepper

    def _provenance(self, life: Life) -> dict[str, Any]:
        return {
            "pybamm": engine().__version__,
            "model": self._model,
            "options": self._mechanisms.options,
            "parameters": self._parameters,
            "filled_in": self._filled,
            "overrides": self._overrides,
            "protocol": dict(self._plan.fixed),
            "solver": {"name": "IDAKLU", "rtol": RTOL, "atol": ATOL},
            "jump_tolerance": self._tolerance,
            "cycles_solved": life.account.n_solved,
            "jumps": life.account.n_jumps,
            "jumps_rejected": life.account.n_rejected,
            "longest_jump": life.account.longest,
            "jump_error": life.account.error,
            "longest_step_s": life.longest_step_s,
            "build_s": self._build_s,
            "citations": list(self._mechanisms.citations),
        }


def _measurements(life: Life, age: int) -> list[Measurement]:
    values = life.values(age)
    return [
        Measurement(observable=name, value=values[name], unit=unit, age=age)
        for name, unit in OBSERVABLES.items()
    ]
