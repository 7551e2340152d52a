"""A trained prVAE as a source: what films to expect at barriers, next to free."""

from __future__ import annotations

import time
from collections.abc import Sequence
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
from bigloop.models.prvae.settings import PROPERTIES
from bigloop.simulators.request import check
from bigloop.simulators.sei.barriers import NAMES
from bigloop.simulators.sei.observables import UNITS

if TYPE_CHECKING:
    from torch import Tensor

    from bigloop.models.prvae.model import PrVAE


class PrVAESource:
    """Expects the properties of one run at barriers, with its own standard deviation.

    The mean and the spread are those of the ensemble that is trained with the prVAE
    from barriers to properties: what replicates scatter and what the model does not
    know, together. A mean below 0 is given as 0: none of the properties can be
    negative. Barriers outside of the box that it learned from are a failure of class
    `input`: it would be wrong there without knowing.

    It answers with one file, or, where the campaign trains it (`learns`), with the
    version that each request brings.

    Args:
        file: that `bigloop train prvae` wrote; none: requests bring their version.
        sha256: that the file must have; any when left out.
        base: folder that `file` is relative to.
        properties: that it gives; of a file, all that it has learned by default.
        margin: part of the range of each barrier that it learned from by which a
            design may lie outside: some dozens of runs do not reach the edges of the
            space that they were drawn from.

    Raises:
        SpecError: no such file, another hash, damaged, or no prVAE of barriers.
    """

    def __init__(
        self,
        file: str | None = None,
        sha256: str | None = None,
        base: str = ".",
        properties: Sequence[str] | None = None,
        margin: float = 0.0,
    ) -> None:
        if not 0 <= margin <= 1:
            raise SpecError(f"margin: {margin!r}: give a part from 0 to 1")
        self._margin = margin
        self._version, self._model = "", None
        learned: Sequence[str] = PROPERTIES
        if file is not None:
            self._version, self._model = _opened(Path(base) / file, sha256)
            learned = self._model.properties
        self._names = tuple(learned if properties is None else properties)
        if self._model is not None:
            _check_learned(self._model, self._names)

    def capabilities(self) -> Capabilities:
        """The 15 barriers [eV], and the properties that it gives."""
        return Capabilities(
            parameters=dict.fromkeys(NAMES, "electron_volt"),
            observables={name: UNITS.get(name, "") for name in self._names},
            citations=("Rajagopal et al., Adv. Energy Mater. 13, 2301985 (2023)",),
        )

    def evaluate(self, request: Request) -> Outcome:
        """What one run is expected to come to; it has no randomness of its own.

        Raises:
            SpecError: a barrier is unknown or missing, or there is no model to answer.
        """
        import torch

        from bigloop.models.prvae.expecting import expect

        check(request, self.capabilities())
        began, cpu = time.monotonic(), time.thread_time()
        values = [[_barrier(request, name) for name in NAMES]]
        barriers = torch.tensor(values)
        model = self._asked(request)
        reason = _outside(model, barriers, self._margin)
        mean, sd = (part[0].tolist() for part in expect(model, barriers))
        at = [model.properties.index(name) for name in self._names]
        measured = tuple(
            Measurement(
                observable=name,
                value=max(0.0, mean[i]),
                sd=sd[i],
                unit=UNITS.get(name, ""),
            )
            for name, i in zip(self._names, at, strict=True)
        )
        return Outcome(
            status="failure" if reason else "success",
            failure=FailureClass.INPUT if reason else None,
            message=reason,
            measurements=() if reason else measured,
            cost={"core_second": time.thread_time() - cpu},
            executed=request.design,
            duration_s=time.monotonic() - began,
            provenance={"model": self._version},
        )

    def _asked(self, request: Request) -> PrVAE:
        """The model that is to answer; that of the last request is kept."""
        if request.model is not None and request.model != self._version:
            from bigloop.models.prvae.model import PrVAE

            model = PrVAE.from_bytes(request.weights)
            _check_learned(model, self._names)
            self._version, self._model = request.model, model
        if self._model is None:
            raise SpecError(
                "prvae: no model to answer with; give options.file, or `learns` to "
                "train it while the campaign runs"
            )
        return self._model


def _opened(path: Path, sha256: str | None) -> tuple[str, PrVAE]:
    from bigloop.models import artifact
    from bigloop.models.prvae.file import load
    from bigloop.models.prvae.model import PrVAE

    if not path.exists():
        raise SpecError(
            f"{path}: no such file; train a prVAE into it (`bigloop dataset sei`, "
            "then `bigloop train prvae`), or leave this source out"
        )
    model = load(path, PrVAE, sha256=sha256)
    return sha256 or artifact.address(path.read_bytes()), model


def _check_learned(model: PrVAE, names: Sequence[str]) -> None:
    from bigloop.models.prvae.expecting import check_knows

    check_knows(model)
    if missing := [name for name in names if name not in model.properties]:
        raise SpecError(
            f"properties: the model has not learned {missing[0]!r}; it has "
            f"{', '.join(model.properties)}"
        )


def _barrier(request: Request, name: str) -> float:
    value = request.design[name]
    if isinstance(value, str):
        raise SpecError(f"design.{name}: {value!r}: give a number of eV")
    return value


def _outside(model: PrVAE, barriers: Tensor, margin: float) -> str:
    from bigloop.models.prvae.expecting import box_of

    box = box_of(model)
    low, high = box.low.cpu(), box.high.cpu()
    room = margin * (high - low) + 1e-6
    low, high = low - room, high + room
    outside = ((barriers < low) | (barriers > high))[0].tolist()
    if not any(outside):
        return ""
    i = outside.index(True)
    learned = f"{float(low[i]):.4g} to {float(high[i]):.4g} eV"
    return (
        f"{NAMES[i]}: {float(barriers[0, i]):.4g} eV is outside of the {learned} "
        "that the model learned from"
    )
