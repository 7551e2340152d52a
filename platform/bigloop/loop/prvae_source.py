"""A trained prVAE as a source: what films to expect at barriers, next to free."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from bigloop.contracts import (
    Capabilities,
    FailureClass,
    Measurement,
    Outcome,
    Request,
    SpecError,
)
from bigloop.simulators.request import check
from bigloop.simulators.sei.barriers import NAMES
from bigloop.simulators.sei.observables import UNITS

if TYPE_CHECKING:
    from torch import Tensor

    from bigloop.agents.inverse.foresight import Foresight


class PrVAESource:
    """Expects the properties of one run at barriers, with its own standard deviation.

    The mean and the spread are those of the ensemble that is trained with the prVAE
    from barriers to properties: what replicates scatter and what the model does not
    know, together. A mean below 0 is given as 0: none of the properties can be
    negative. Barriers outside of the box that it learned from are a failure of class
    `input`: it would be wrong there without knowing.

    Args:
        file: that `bigloop train prvae` wrote.
        sha256: that the file must have; any when left out.
        base: folder that `file` is relative to.

    Raises:
        SpecError: no such file, another hash, damaged, or no prVAE of barriers.
    """

    def __init__(self, file: str, sha256: str | None = None, base: str = ".") -> None:
        from bigloop.agents.inverse.foresight import Foresight
        from bigloop.models import artifact
        from bigloop.models.prvae.file import load
        from bigloop.models.prvae.model import PrVAE

        path = Path(base) / file
        if not path.exists():
            raise SpecError(
                f"{path}: no such file; train a prVAE into it (`bigloop dataset sei`, "
                "then `bigloop train prvae`), or leave this source out"
            )
        model = load(path, PrVAE, sha256=sha256)
        self._foresight: Foresight = Foresight(model)
        self._sha256 = sha256 or artifact.address(path.read_bytes())
        self._names = tuple(model.properties)

    def capabilities(self) -> Capabilities:
        """The 15 barriers [eV], and the properties that the model has learned."""
        return Capabilities(
            parameters=dict.fromkeys(NAMES, "electron_volt"),
            observables={name: UNITS.get(name, "") for name in self._names},
            citations=("Rajagopal et al., Adv. Energy Mater. 13, 2301985 (2023)",),
        )

    def evaluate(self, request: Request) -> Outcome:
        """What one run is expected to come to; it has no randomness of its own.

        Raises:
            SpecError: a barrier is unknown or missing.
        """
        import torch

        check(request, self.capabilities())
        began, cpu = time.monotonic(), time.thread_time()
        barriers = torch.tensor([[self._barrier(request, name) for name in NAMES]])
        reason = self._outside(barriers)
        mean, sd = self._foresight(barriers)
        found = zip(self._names, mean[0].tolist(), sd[0].tolist(), strict=True)
        measured = tuple(
            Measurement(
                observable=name,
                value=max(0.0, value),
                sd=spread,
                unit=UNITS.get(name, ""),
            )
            for name, value, spread in found
        )
        return Outcome(
            status="failure" if reason else "success",
            failure=FailureClass.INPUT if reason else None,
            message=reason,
            measurements=() if reason else measured,
            cost={"core_second": time.thread_time() - cpu},
            executed=request.design,
            duration_s=time.monotonic() - began,
            provenance={"model": self._sha256},
        )

    @staticmethod
    def _barrier(request: Request, name: str) -> float:
        value = request.design[name]
        if isinstance(value, str):
            raise SpecError(f"design.{name}: {value!r}: give a number of eV")
        return value

    def _outside(self, barriers: Tensor) -> str:
        box = self._foresight.inverse.box
        low, high = box.low.cpu() - 1e-6, box.high.cpu() + 1e-6
        outside = ((barriers < low) | (barriers > high))[0].tolist()
        if not any(outside):
            return ""
        i = outside.index(True)
        learned = f"{float(low[i]):.4g} to {float(high[i]):.4g} eV"
        return (
            f"{NAMES[i]}: {float(barriers[0, i]):.4g} eV is outside of the {learned} "
            "that the model learned from"
        )
