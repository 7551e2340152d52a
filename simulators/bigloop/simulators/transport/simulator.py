"""Ionic conductivity of a generated microstructure, as a source of a campaign."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bigloop.contracts import (
    Capabilities,
    FailureClass,
    Measurement,
    Outcome,
    Request,
    SpecError,
)
from bigloop.simulators.microstructure.recipe import CITATIONS, recipe
from bigloop.simulators.microstructure.structure import (
    Structure,
    check_box,
    check_range,
)
from bigloop.simulators.request import check
from bigloop.simulators.transport.conduction import conduct
from bigloop.simulators.transport.walk import walk

FIDELITIES = ("finite-volume", "random-walk")
_CONTACT = "contact_ohm_cm2"
_OBSERVABLES = {"conductivity": "S/cm", "tortuosity": "", "porosity": ""}


@dataclass(frozen=True, slots=True)
class _Failure(Exception):
    """Ends an evaluation; becomes an outcome."""

    failure: FailureClass
    reason: str


class ConductivitySimulator:
    """Effective ionic conductivity of an electrode that is made, aged and solved.

    `conductivity` is `I L / (A dV)` along axis 0 [S/cm], `tortuosity` the mean
    conductivity of all cells over it, `porosity` the void of the image. The seed of a
    request makes the structure (and the walks): specimens of one design differ.

    Fidelities: `finite-volume` solves for all phases and the contact resistance;
    `random-walk` walks in the electrolyte alone (in LLZO and its boundaries, as if they
    were one), is noisy, and gives its standard error.

    Failures: `quality` when no conducting phase joins both ends, or the walks are not
    stationary; `solver` when the solution did not converge; `timeout`.

    Args:
        structure: `composite` (silicon, electrolyte, carbon, void) or `contact` (LLZO,
            grain boundaries, NMC, reaction layer, pores).
        fidelity: `finite-volume` or `random-walk`.
        shape: cells of the image, 2 or 3 axes.
        voxel_um: edge of a cell [um].
        cycles: that the structure has been through.
        stack_MPa: pressure on the stack while cycling.
        walkers: of the random walk.
        device: of torch for the finite volumes; none: the compiled solver on one core.

    Raises:
        SpecError: an option is out of range.
    """

    def __init__(
        self,
        structure: str = "composite",
        fidelity: str = "finite-volume",
        shape: Sequence[int] | None = None,
        voxel_um: float | None = None,
        cycles: float = 0.0,
        stack_MPa: float = 10.0,
        walkers: int = 1000,
        device: str | None = None,
    ) -> None:
        self._recipe = recipe(structure)
        if fidelity not in FIDELITIES:
            raise SpecError(
                f"fidelity: {fidelity!r}: there are {', '.join(FIDELITIES)}"
            )
        self._fidelity = fidelity
        self._shape = tuple(shape) if shape is not None else self._recipe.shape
        self._voxel_um = self._recipe.voxel_um if voxel_um is None else voxel_um
        check_box(self._shape, self._voxel_um, 0)
        check_range("cycles", cycles, 0, 1e5, "")
        check_range("stack_MPa", stack_MPa, 0, 1000, "MPa")
        if walkers < 20:
            raise SpecError(f"walkers: {walkers}: give 20 or more")
        self._cycles, self._stack_MPa = cycles, stack_MPa
        self._walkers, self._device = walkers, device

    def capabilities(self) -> Capabilities:
        """Manufacturing conditions, conductivities of the phases; imports no solver."""
        carriers = self._recipe.carriers
        parameters = {**self._recipe.conditions, **dict.fromkeys(carriers, "S/cm")}
        if self._recipe.kind == "contact":
            parameters[_CONTACT] = "ohm*cm**2"
        blind = {}
        if self._fidelity == "random-walk":
            seen = next(iter(carriers))
            why = f"the walks stay in one phase, with {seen}"
            blind = {name: why for name in (*carriers, _CONTACT) if name in parameters}
            del blind[seen]
        return Capabilities(
            parameters=parameters,
            observables=_OBSERVABLES,
            blind_spots=blind,
            citations=CITATIONS,
        )

    def evaluate(self, request: Request) -> Outcome:
        """Make, age and solve; what goes wrong in it is an outcome.

        Raises:
            SpecError: a parameter is unknown, missing or out of its range.
        """
        check(request, self.capabilities())
        values = _numbers(request)
        began, cpu = time.monotonic(), time.thread_time()
        measurements: tuple[Measurement, ...] = ()
        failure, reason = None, ""
        try:
            measurements = tuple(self._run(values, request))
        except _Failure as error:
            failure, reason = error.failure, error.reason
        return Outcome(
            status="success" if failure is None else "failure",
            failure=failure,
            message=reason,
            measurements=measurements,
            cost={"core_second": time.thread_time() - cpu},
            executed=request.design,
            duration_s=time.monotonic() - began,
            provenance={
                "structure": self._recipe.kind,
                "fidelity": self._fidelity,
                "shape": list(self._shape),
                "voxel_um": self._voxel_um,
                "cycles": self._cycles,
                "seed": request.seed,
                "citations": list(CITATIONS),
            },
        )

    def _run(self, values: dict[str, float], request: Request) -> list[Measurement]:
        began = time.monotonic()
        conditions = {name: values[name] for name in self._recipe.conditions}
        box = (self._shape, self._voxel_um, request.seed)
        made = self._recipe.make(conditions, *box, self._cycles, self._stack_MPa)
        left = request.timeout_s - (time.monotonic() - began)
        if left <= 0:
            raise _Failure(
                FailureClass.TIMEOUT, f"{request.timeout_s:g} s passed at the structure"
            )
        if self._fidelity == "random-walk":
            sigma, sd, tau = self._walk(made, values, request.seed)
        else:
            sigma, sd, tau = self._solve(made, values, left)
        return [
            Measurement(observable="conductivity", value=sigma, unit="S/cm", sd=sd),
            Measurement(
                observable="tortuosity", value=tau, unit="", sd=sd * tau / sigma
            ),
            Measurement(observable="porosity", value=made.fraction(0), unit=""),
        ]

    def _solve(
        self, made: Structure, values: dict[str, float], left: float
    ) -> tuple[float, float, float]:
        carriers = {
            phase: values[name] for name, phase in self._recipe.carriers.items()
        }
        present = {p for p in self._recipe.phases if made.fraction(p) > 0}
        contact = {}
        for one, other in self._resistive():
            if values.get(_CONTACT) and {one, other} <= present:
                contact[one, other] = values[_CONTACT]
        found = conduct(
            made.image,
            {int(phase): carriers.get(phase, 0.0) for phase in present},
            contact=contact,
            voxel_cm=self._voxel_um * 1e-4,
            timeout_s=left,
            device=self._device,
        )
        if not found.percolates:
            raise _blocked()
        if not found.converged:
            late = found.reason.startswith("time is up")
            kind = FailureClass.TIMEOUT if late else FailureClass.SOLVER
            raise _Failure(kind, found.reason)
        sd = found.conductivity * found.error_bound
        return found.conductivity, sd, found.tortuosity

    def _walk(
        self, made: Structure, values: dict[str, float], seed: int
    ) -> tuple[float, float, float]:
        sigma, phase = self._walked(values)
        inside = made.image == phase
        if self._recipe.kind == "contact":
            inside |= made.image == self._recipe.carriers["boundary_S_cm"]
        if not (inside.any() and sigma > 0):
            raise _blocked()
        found = walk(inside, 1, walkers=self._walkers, seed=seed)
        if not found.percolates:
            raise _blocked()
        if found.reason:
            raise _Failure(FailureClass.QUALITY, found.reason)
        value = sigma * found.conductivity
        return value, value * found.sd / found.tortuosity, found.tortuosity

    def _walked(self, values: dict[str, float]) -> tuple[float, int]:
        name, phase = next(iter(self._recipe.carriers.items()))
        return values[name], phase

    def _resistive(self) -> list[tuple[int, int]]:
        """Pairs of phases with a contact resistance: garnet and cathode."""
        if self._recipe.kind != "contact":
            return []
        carriers = self._recipe.carriers
        cathode = carriers["nmc_S_cm"]
        return [(carriers[name], cathode) for name in ("llzo_S_cm", "boundary_S_cm")]


def _blocked() -> _Failure:
    return _Failure(
        FailureClass.QUALITY, "no conducting phase joins both ends: conductivity is 0"
    )


def _numbers(request: Request) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for name, value in request.design.items():
        if isinstance(value, str):
            raise SpecError(f"design.{name}: {value!r}: give a number")
        if (name.endswith("_S_cm") or name == _CONTACT) and not 0 <= value < math.inf:
            raise SpecError(f"design.{name}: {value!r}: give 0 or more")
        numbers[name] = value
    return numbers
