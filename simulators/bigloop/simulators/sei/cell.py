"""A cell whose SEI was grown by kinetic Monte Carlo: barriers in, ageing out."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

import numpy as np

from bigloop.contracts import (
    Capabilities,
    FailureClass,
    Measurement,
    Outcome,
    Request,
    SpecError,
)
from bigloop.simulators.cells.life import OBSERVABLES as OF_CELLS
from bigloop.simulators.cells.life import CellLifeSimulator
from bigloop.simulators.cells.scale_bridge import FREE, Film, Reference, fed_by
from bigloop.simulators.request import check
from bigloop.simulators.sei.observables import UNITS
from bigloop.simulators.sei.simulator import SeiGrowthSimulator

CONDITIONS = {"C1": 1.0, "discharge_rate": 1.0, "temperature": 298.15}
"""Charge and discharge rate [1/h] and temperature [K] of the ageing."""
_OF_FILM = ("thickness", "porosity", "density", "flux", "in_flux", "or_flux")
_OF_CELL = ("capacity_loss", "lithium_loss", "resistance")


class SeiCellSimulator:
    """Replicates of a film by `sei-kmc`, then the life of a cell that begins with it.

    The film's observables are means over the replicates, with the standard error of
    the mean as `sd`; those of the cell (`cells.scale_bridge` says how a film feeds it,
    and what is assumed) carry the spread that the replicates leave. The uncertainty of
    the bridge itself, the porosity of the reference film above all, is in neither.

    Failures: those of the two simulators; `chemistry` when a replicate has no film, or
    one so dense or so porous that the bridge does not hold.

    Args:
        replicates: films grown, with seeds that follow from the request's.
        reference_porosity: of the film to which the cell's parameters belong.
        cycles: age at which the cell is measured.
        draws: lives of the cell, for the spread.
        conditions: numbers of the cell's protocol that differ from `CONDITIONS`.
        cell: options of `CellLifeSimulator`, such as `model`.
        film: options of `SeiGrowthSimulator`, such as `rows`.

    Raises:
        SpecError: an option cannot be.
    """

    def __init__(
        self,
        replicates: int = 4,
        reference_porosity: float = 0.3,
        cycles: int = 100,
        draws: int = 4,
        conditions: Mapping[str, float] | None = None,
        cell: Mapping[str, Any] | None = None,
        film: Mapping[str, Any] | None = None,
    ) -> None:
        for name, value in (("replicates", replicates), ("draws", draws)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 2:
                raise SpecError(f"{name}: {value!r}: give a whole number, 2 or more")
        self._n, self._draws = replicates, draws
        self._reference = Reference(porosity=reference_porosity)
        self._conditions = {**CONDITIONS, **(conditions or {})}
        try:
            self._film = SeiGrowthSimulator(**(film or {}))
            self._cell = CellLifeSimulator(
                **{"model": "SPM", **(cell or {})}, free_parameters=FREE, cycles=cycles
            )
        except TypeError as error:
            raise SpecError(f"options of film or cell: {error}") from None
        left = set(self._cell.capabilities().parameters) - FREE.keys()
        if left != self._conditions.keys():
            raise SpecError(
                f"conditions: {sorted(self._conditions)}: give exactly {sorted(left)}"
            )

    def capabilities(self) -> Capabilities:
        """The barriers of the film [eV]; observables of the film and of the cell."""
        film, cell = self._film.capabilities(), self._cell.capabilities()
        return Capabilities(
            parameters=film.parameters,
            observables={
                **{name: UNITS[name] for name in _OF_FILM},
                **{name: OF_CELLS[name] for name in _OF_CELL},
            },
            citations=(*film.citations, *cell.citations),
        )

    def evaluate(self, request: Request) -> Outcome:
        """Grow the films and age the cell; what goes wrong is an outcome.

        Raises:
            SpecError: a barrier is unknown, missing or out of range.
        """
        check(request, self.capabilities())
        began = time.monotonic()
        films = self._grow(request)
        spent = sum(film.cost["core_second"] for film in films)
        if films[-1].failure is not None:
            return _failed(films[-1], films[-1].message, len(films), spent, began)
        found = [{m.observable: m.value for m in film.measurements} for film in films]
        try:
            film = Film(*(tuple(f[k] for f in found) for k in _OF_FILM[:2]))
        except SpecError as error:
            bad = films[-1].model_copy(update={"failure": FailureClass.CHEMISTRY})
            return _failed(
                bad, f"no film for a cell: {error}", len(films), spent, began
            )
        left = max(0.0, request.timeout_s - (time.monotonic() - began))
        asked = request.model_copy(
            update={"design": self._conditions, "timeout_s": left}
        )
        aged = fed_by(self._cell, asked, film, self._reference, self._draws)
        return aged.model_copy(
            update={
                "measurements": (*_means(found), *_kept(aged.measurements)),
                "executed": request.design,
                "age": None,
                "cost": {"core_second": spent + aged.cost["core_second"]},
                "duration_s": time.monotonic() - began,
                "provenance": {**aged.provenance, "films": found},
            }
        )

    def _grow(self, request: Request) -> list[Outcome]:
        """Replicates, up to the first that fails."""
        films: list[Outcome] = []
        began = time.monotonic()
        for seed in np.random.SeedSequence(request.seed).generate_state(self._n):
            left = max(0.0, request.timeout_s - (time.monotonic() - began))
            one = {"seed": int(seed), "timeout_s": left}
            films.append(self._film.evaluate(request.model_copy(update=one)))
            if films[-1].failure is not None:
                break
        return films


def _means(found: Sequence[Mapping[str, float]]) -> list[Measurement]:
    return [
        Measurement(
            observable=name,
            value=fmean(values := [film[name] for film in found]),
            sd=stdev(values) / math.sqrt(len(values)),
            unit=UNITS[name],
        )
        for name in _OF_FILM
    ]


def _kept(measured: Sequence[Measurement]) -> list[Measurement]:
    """Of the cell; at no age of its own, because the film is what was asked for."""
    return [
        m.model_copy(update={"age": None}) for m in measured if m.observable in _OF_CELL
    ]


def _failed(film: Outcome, message: str, n: int, spent: float, began: float) -> Outcome:
    return film.model_copy(
        update={
            "status": "failure",
            "measurements": (),
            "message": f"film {n}: {message}",
            "cost": {"core_second": spent},
            "duration_s": time.monotonic() - began,
        }
    )
