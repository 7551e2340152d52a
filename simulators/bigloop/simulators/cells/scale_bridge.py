"""From kinetic Monte Carlo of an SEI to the parameters of a cell, with its uncertainty.

Plain numbers in, so that any simulation of a film may feed a cell. What is assumed:

- the film at the start of the life is as thick as the simulated one;
- solvent moves through the pores of the film alone, and its pores are like those of a
  Bruggeman medium: `D = D_ref (eps / eps_ref)^1.5` [Bruggeman1935]_, where `D_ref` is
  the diffusivity of the parameter set and `eps_ref` the porosity of the film that it
  was fitted to, which nobody measured and the caller must state;
- a film that grows keeps its porosity, so that a mole of product takes up
  `V = V_ref (1 - eps_ref) / (1 - eps)`;
- an electrode averages over far more places than were simulated: what is uncertain is
  the mean over replicates. Draws are bootstrap means of the pairs (thickness, porosity)
  of replicates, which keeps their correlation and range. `spread="specimen"` draws
  single replicates, for cells that differ as the replicates do.

The uncertainty is that of the replicates alone: not that of barriers, of the mapping,
or of the cell model.

.. [Bruggeman1935] Bruggeman, Ann. Phys. 416, 636 (1935), doi:10.1002/andp.19354160705
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from bigloop.contracts import FailureClass, Measurement, Outcome, Request, SpecError

if TYPE_CHECKING:
    from bigloop.simulators.cells.life import CellLifeSimulator

EXPONENT = 1.5
LOWEST, HIGHEST = 0.02, 0.9
"""Porosities in which Bruggeman's relation is not stretched beyond use."""
FREE = {
    "initial_sei": "Initial SEI thickness [m]",
    "sei_diffusivity": "SEI solvent diffusivity [m2.s-1]",
    "sei_volume": "SEI partial molar volume [m3.mol-1]",
}
"""What a `CellLifeSimulator` must leave free to be fed: its `free_parameters`."""
SPREADS = ("mean", "specimen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Film to which the numbers of the parameter set belong."""

    porosity: float
    diffusivity_m2_s: float = 2.5e-22
    volume_m3_mol: float = 9.585e-5

    def __post_init__(self) -> None:
        """Refuse what is no film."""
        _check_porosity("reference.porosity", self.porosity)
        for name in ("diffusivity_m2_s", "volume_m3_mol"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise SpecError(f"reference.{name}: {value!r}: give a number above 0")

    def parameters(self, thickness_nm: float, porosity: float) -> dict[str, float]:
        """Values of the `FREE` parameters for one film."""
        return {
            "initial_sei": 1e-9 * thickness_nm,
            "sei_diffusivity": self.diffusivity_m2_s
            * (porosity / self.porosity) ** EXPONENT,
            "sei_volume": self.volume_m3_mol * (1 - self.porosity) / (1 - porosity),
        }


@dataclass(frozen=True, slots=True)
class Film:
    """Replicates of one simulated film: thickness [nm] and porosity, in pairs."""

    thickness_nm: tuple[float, ...]
    porosity: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is no film, or only one."""
        if len(self.thickness_nm) != len(self.porosity) or len(self.porosity) < 2:
            raise SpecError(
                f"film: {len(self.thickness_nm)} thicknesses and {len(self.porosity)} "
                "porosities: give pairs of 2 or more replicates"
            )
        for value in self.thickness_nm:
            if not (math.isfinite(value) and 0 < value <= 1000):
                raise SpecError(
                    f"film.thickness_nm: {value!r}: give a number above 0, up to 1000"
                )
        for value in self.porosity:
            _check_porosity("film.porosity", value)

    def draws(
        self, m: int, seed: int, spread: str = "mean"
    ) -> list[tuple[float, float]]:
        """`m` pairs of thickness [nm] and porosity.

        Raises:
            SpecError: for fewer than 2 draws, or an unknown spread.
        """
        if spread not in SPREADS:
            raise SpecError(f"spread: {spread!r}: there are {', '.join(SPREADS)}")
        if m < 2:
            raise SpecError(f"draws: {m}: a spread needs 2 or more")
        pairs = list(zip(self.thickness_nm, self.porosity, strict=True))
        chance = random.Random(seed)
        n = len(pairs) if spread == "mean" else 1
        return [_mean(chance.choices(pairs, k=n)) for _ in range(m)]


def fed_by(
    simulator: CellLifeSimulator,
    request: Request,
    film: Film,
    reference: Reference,
    draws: int = 16,
    spread: str = "mean",
) -> Outcome:
    """The outcome of `request` for a cell whose SEI begins as `film`, with its spread.

    Every draw is one life on the model that the simulator has built; each measurement
    is the mean over draws and carries their standard deviation as `sd`. One life that
    fails fails the whole: a mean over the survivors would be too good.

    Args:
        simulator: with `free_parameters=scale_bridge.FREE`.
        request: its design without the free parameters; its seed gives the draws.
        film: replicates of the simulated film.
        reference: film to which the numbers of the parameter set belong.
        draws: lives to run.
        spread: `mean`, or `specimen` for single replicates.

    Raises:
        SpecError: a number or name is wrong.
    """
    lives = []
    for thickness, porosity in film.draws(draws, request.seed, spread):
        extra = reference.parameters(thickness, porosity)
        one = request.model_copy(update={"design": {**request.design, **extra}})
        lives.append(simulator.evaluate(one))
        if lives[-1].failure is not None:
            break
    return _combined(request, lives, film, draws)


def _combined(
    request: Request, lives: Sequence[Outcome], film: Film, draws: int
) -> Outcome:
    last = lives[-1]
    cost = {"core_second": sum(life.cost["core_second"] for life in lives)}
    common = {
        "cost": cost,
        "executed": request.design,
        "age": last.age,
        "duration_s": sum(life.duration_s for life in lives),
        "provenance": {
            **last.provenance,
            "film_replicates": len(film.porosity),
            "draws": draws,
            "seed": request.seed,
        },
    }
    if last.failure is not None:
        message = f"draw {len(lives)} of {draws}: {last.message}"
        failure = FailureClass(last.failure)
        return Outcome(status="failure", failure=failure, message=message, **common)
    measured = zip(*(life.measurements for life in lives), strict=True)
    return Outcome(
        status="success", measurements=tuple(_spread(m) for m in measured), **common
    )


def _spread(one: Sequence[Measurement]) -> Measurement:
    values = [m.value for m in one]
    return one[0].model_copy(update={"value": fmean(values), "sd": stdev(values)})


def _mean(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return fmean(t for t, _ in pairs), fmean(p for _, p in pairs)


def _check_porosity(name: str, value: float) -> None:
    if not (math.isfinite(value) and LOWEST <= value <= HIGHEST):
        raise SpecError(
            f"{name}: {value!r}: give {LOWEST:g} to {HIGHEST:g}, where Bruggeman's "
            "relation can be used"
        )
