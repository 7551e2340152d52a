"""The SEI model as a source."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bigloop.contracts import (
    Attachment,
    Capabilities,
    FailureClass,
    Measurement,
    Outcome,
    Request,
    SpecError,
)
from bigloop.simulators.request import check
from bigloop.simulators.sei.barriers import NAMES, TEMPERATURE_K, Barriers
from bigloop.simulators.sei.files import attachments
from bigloop.simulators.sei.model import CITATIONS, check_shape, rules
from bigloop.simulators.sei.observables import UNITS, measure

if TYPE_CHECKING:
    from bigloop.simulators.sei.growth import Growth

MAX_EVENTS = 2_000_000
"""Where a run is stopped that does not exhaust itself: about as long as the longest
published ones."""
CHUNK = 50_000
"""Events between two looks at the clock of the computer."""
_OBSERVABLES = {**UNITS, "simulated_time": "second", "n_events": ""}


class SeiGrowthSimulator:
    """Growth of the SEI on a lattice by kinetic Monte Carlo, from the 15 barriers.

    A run ends at `max_events`, at `until_s` of simulated time, or by exhaustion, never
    by the computer's clock: the same request gives the same bits everywhere. Replicates
    are requests with different seeds. The final lattice of a run that succeeded is
    attached to its outcome, as arrays (`files.unpacked`) and as a picture.

    Failures: `timeout` when the request's time passes before the run ends, `solver`
    when the simulated time is not finite.

    Args:
        version: of the rules, `v1` or `v2`.
        max_events: of one run.
        until_s: simulated time at which to stop [s]; no limit when left out.
        rows: of the lattice, electrode and absorber included; published when left out.
        columns: of the lattice; published when left out.
        temperature_K: of the rates.
        fixed: barriers [eV] that are no parameters.

    Raises:
        SpecError: an option cannot be.
    """

    def __init__(
        self,
        version: str = "v1",
        max_events: int = MAX_EVENTS,
        until_s: float | None = None,
        rows: int | None = None,
        columns: int | None = None,
        temperature_K: float = TEMPERATURE_K,
        fixed: Mapping[str, float] | None = None,
    ) -> None:
        published = rules(version).shape
        self._shape = check_shape(
            (
                published[0] if rows is None else rows,
                published[1] if columns is None else columns,
            )
        )
        is_whole = isinstance(max_events, int) and not isinstance(max_events, bool)
        if not is_whole or max_events < 1:
            raise SpecError(f"max_events: {max_events!r}: give a whole number above 0")
        if until_s is not None and not (math.isfinite(until_s) and until_s > 0):
            raise SpecError(f"until_s: {until_s!r}: give seconds above 0")
        Barriers.of(fixed or {}).rates(temperature_K)
        self._version, self._temperature_K = version, temperature_K
        self._max_events, self._until_s = max_events, until_s
        self._fixed = dict(fixed or {})

    def capabilities(self) -> Capabilities:
        """Barriers that are not fixed [eV], and observables; imports no numba."""
        return Capabilities(
            parameters={n: "electron_volt" for n in NAMES if n not in self._fixed},
            observables=_OBSERVABLES,
            citations=CITATIONS,
        )

    def evaluate(self, request: Request) -> Outcome:
        """Grow one SEI; what goes wrong in it is an outcome.

        Raises:
            SpecError: a barrier is unknown, missing, negative, above 3 eV or no number.
        """
        check(request, self.capabilities())
        barriers = self._barriers(request)
        from bigloop.simulators.sei.growth import Growth

        growth = Growth(
            barriers,
            self._version,
            self._shape,
            seed=request.seed,
            temperature_K=self._temperature_K,
        )
        began, cpu = time.monotonic(), time.thread_time()
        failure, reason = self._run(growth, began + request.timeout_s)
        return Outcome(
            status="failure" if failure else "success",
            failure=failure,
            message=reason,
            measurements=() if failure else _measurements(growth),
            cost={"core_second": time.thread_time() - cpu},
            executed=request.design,
            duration_s=time.monotonic() - began,
            provenance=self._provenance(growth, request.seed),
            attached=() if failure else self._files(growth, barriers, request.seed),
        )

    def _barriers(self, request: Request) -> Barriers:
        try:
            return Barriers.of({**self._fixed, **request.design})  # type: ignore[dict-item]
        except SpecError as error:
            raise SpecError(f"design.{error}") from None

    def _run(self, growth: Growth, deadline: float) -> tuple[FailureClass | None, str]:
        from bigloop.simulators.sei.growth import End

        while True:
            if time.monotonic() > deadline:
                done = f"{growth.n_events} of {self._max_events} events"
                return FailureClass.TIMEOUT, f"the time limit passed after {done}"
            target = min(growth.n_events + CHUNK, self._max_events)
            end = growth.run(events=target, time_s=self._until_s)
            if not math.isfinite(end.time_s):
                return FailureClass.SOLVER, "the simulated time is not finite"
            if end.end is not End.EVENTS:
                return None, ""
            if end.n_events >= self._max_events:
                return (
                    None,
                    f"stopped at max_events = {self._max_events}; not exhausted",
                )

    def _provenance(self, growth: Growth, seed: int) -> dict[str, Any]:
        shot = growth.snapshot()
        return {
            "rules": self._version,
            "shape": list(self._shape),
            "temperature_K": self._temperature_K,
            "fixed": self._fixed,
            "seed": seed,
            "end": str(shot.end),
            "max_events": self._max_events,
            "until_s": self._until_s,
            "null_events": growth.n_null_events,
            "citations": list(CITATIONS),
        }

    def _files(
        self, growth: Growth, barriers: Barriers, seed: int
    ) -> tuple[Attachment, ...]:
        shot = growth.snapshot()
        measured = {k: float(v[0]) for k, v in measure(shot.lattice).items()}
        columns: dict[str, float | int | str] = {
            **asdict(barriers),
            **measured,
            "seed": seed,
            "time_s": shot.time_s,
            "n_events": shot.n_events,
            "end": str(shot.end),
        }
        return attachments(shot.lattice, columns)


def _measurements(growth: Growth) -> tuple[Measurement, ...]:
    values = {k: float(v[0]) for k, v in measure(growth.lattice().species).items()}
    values["simulated_time"] = growth.time_s
    values["n_events"] = float(growth.n_events)
    return tuple(
        Measurement(observable=name, value=values[name], unit=unit)
        for name, unit in _OBSERVABLES.items()
    )
