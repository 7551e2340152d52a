"""The model of interphases as a surrogate: any observable at any age of any plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from bigloop.contracts import SpecError
from bigloop.models import regressors
from bigloop.models.interphase.fitting import Recipe
from bigloop.models.interphase.forecast import Forecast
from bigloop.models.interphase.layout import Layout
from bigloop.models.interphase.model import InterphaseRNN
from bigloop.models.interphase.network import Sizes
from bigloop.models.interphase.records import Records


class InterphaseSurrogate:
    """Queries as rows: configuration, conditions held from the start, age, channel.

    The columns of an input are `layout.configuration`, then `layout.conditions`, then
    the age if `has_age`, then the number of the channel if there are several. BoTorch's
    acquisition functions work on `posterior`; gradients pass through all but
    the channel. Batches of specimens are not modelled: their spread is process noise.
    """

    def __init__(
        self,
        layout: Layout,
        sizes: Sizes | None = None,
        recipe: Recipe | None = None,
        *,
        has_age: bool = True,
        steps: int = 8,
        lives: int = 64,
        device: str = "cpu",
        model: InterphaseRNN | None = None,
    ) -> None:
        """Nothing is learned yet, unless a fitted `model` is given.

        Args:
            layout: names and kinds of everything.
            sizes: of the network.
            recipe: of the training.
            has_age: whether inputs hold an age; if not, there is one age only.
            steps: in which a query goes to its age.
            lives: drawn of each query by each member.
            device: where tensors live.
            model: learned elsewhere, from whole histories.
        """
        self.layout, self.has_age, self.lives = layout, has_age, lives
        self.steps = steps if has_age else 1
        self.device = device
        self.model = model or InterphaseRNN(
            layout, sizes, recipe, least=1, device=device
        )

    @property
    def d(self) -> int:
        """Columns of an input."""
        inputs = len(self.layout.configuration) + len(self.layout.conditions)
        return inputs + self.has_age + (len(self.layout.channels) > 1)

    def fit(self, X: Tensor, Y: Tensor, groups: Sequence[str] = ()) -> None:
        """Learn from single readings: inputs `n x d`, values `n x 1`.

        Whole histories say more: give them to `InterphaseRNN.fit`, and that here.

        Raises:
            SpecError: NaN, infinity, shapes that do not fit.
        """
        over = torch.zeros(len(X), dtype=torch.bool)
        regressors.check_data(X, Y, groups, over)
        records, channel = self._records(X.detach())
        rows = torch.arange(len(X))
        records.values[rows, -1, channel] = Y[:, 0].to(records.values)
        records.mask[rows, -1, channel] = 1.0
        self.model.fit(records)

    def posterior(self, X: Tensor) -> Any:
        """An `EnsemblePosterior` over `(b) x q x 1` of the level without noise.

        Its variance is the epistemic one: process and observation noise are left out.
        """
        from botorch.posteriors.ensemble import EnsemblePosterior

        means = self._levels(X)[0].mean(2)
        values = means.reshape(len(means), *X.shape[:-1], 1)
        return EnsemblePosterior(values.movedim(0, -3).to(X.dtype))

    def uncertainty(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Aleatoric and epistemic standard deviation, each `(b) x q x 1`."""
        levels, sigma = self._levels(X)
        process = levels.var(2, correction=0).mean(0)
        aleatoric = (process + sigma.square().mean(0)).sqrt()
        epistemic = self.posterior(X).variance.sqrt()
        return aleatoric.reshape(*X.shape[:-1], 1).to(X), epistemic

    def gain(self, X: Tensor) -> Tensor:
        """Information that a reading would give of the model [nat], `(b) x q x 1`.

        As `Forecast.gain`, at single queries.
        """
        aleatoric, epistemic = self.uncertainty(X)
        return 0.5 * torch.log1p((epistemic / aleatoric).square())

    def _levels(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Lives `E x n x K` at the queries, and noise `E x n`, in double precision."""
        records, channel = self._records(X.reshape(-1, X.shape[-1]))
        found: Forecast = self.model.forecast(records, self.lives)
        rows = torch.arange(len(channel))
        levels = found.levels[:, rows, :, -1, channel].movedim(0, 1)
        return levels.double(), found.sigma[:, rows, -1, channel].double()

    def _records(self, X: Tensor) -> tuple[Records, Tensor]:
        """Blank records that end at the queried ages, and the queried channels."""
        if X.shape[-1] != self.d:
            raise SpecError(
                f"X: {X.shape[-1]} columns; there are {self.d}: configuration, "
                "conditions, age, channel"
            )
        X = X.to(self.device, torch.float)
        p, q = len(self.layout.configuration), len(self.layout.conditions)
        ends = X[:, p + q, None] if self.has_age else torch.ones_like(X[:, :1])
        shares = torch.linspace(0, 1, self.steps + 1, device=X.device)[1:]
        many = len(self.layout.channels) > 1
        channel = X[:, -1].detach() if many else torch.zeros_like(X[:, 0])
        if not bool(
            torch.isin(channel, torch.arange(len(self.layout.channels)).to(X)).all()
        ):
            raise SpecError(
                f"X: a channel is not one of 0 to {len(self.layout.channels) - 1}"
            )
        records = Records.blank(
            X[:, :p],
            ends * shares,
            X[:, None, p : p + q].expand(-1, self.steps, -1),
            len(self.layout.channels),
        )
        return records, channel.long()
