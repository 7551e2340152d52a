"""The model of interphases as a campaign's predictor: early readings, then a life."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import torch
from torch import Tensor

from bigloop.contracts import SpecError, TrainingRow, parse
from bigloop.models import artifact, regressors
from bigloop.models.censoring import hazard
from bigloop.models.inputs import Inputs
from bigloop.models.interphase.fitting import Recipe
from bigloop.models.interphase.layout import Channel, Layout
from bigloop.models.interphase.model import InterphaseRNN
from bigloop.models.interphase.network import Sizes
from bigloop.models.interphase.records import Records
from bigloop.models.interphase.surrogate import InterphaseSurrogate

_MODEL = "interphase-rnn-predictor"
_TARGET = "target"
_SIZES = {"latent": 4, "hidden": 16, "members": 8, "knots": 2}
_RECIPE = {"steps": 150, "rate": 0.02, "anchor": 1.0, "hush": 0.3}


class InterphasePredictor:
    """Two steps of a life: to the early observables, and on to what is predicted.

    The design and the batch are the configuration, each early observable is a reading
    at the first age, the target one at the second. Specimens without a label, or which
    have outlived a bound, train it too. A specimen with a batch enters once with and
    once without it, so that one of a batch never seen has a forecast.
    """

    def __init__(
        self,
        inputs: Inputs | None = None,
        *,
        log: bool = False,
        scale: float = 1.0,
        device: str = "cpu",
        **options: Any,
    ) -> None:
        """Nothing is learned yet.

        Args:
            inputs: how rows become inputs; only `fit_rows` and `predict` need it.
            log: whether rows hold values of which the logarithm is modelled.
            scale: a large difference between specimens, on the model scale.
            device: where tensors live.
            options: fields of `Sizes` and `Recipe`.

        Raises:
            SpecError: for an option that neither has.
        """
        self.inputs, self.log, self.scale, self.device = inputs, log, scale, device
        own = {k: options.pop(k) for k in list(options) if k in Sizes.model_fields}
        self.sizes = parse(Sizes, {**_SIZES, **own}, "predictor.options")
        self.recipe = parse(Recipe, {**_RECIPE, **options}, "predictor.options")
        self._model: InterphaseRNN | None = None
        self._plain: InterphaseSurrogate | None = None
        self._batches: tuple[str, ...] = ()
        self._labelled: dict[str, float] = {}

    def fit(self, X: Tensor, Y: Tensor, groups: Sequence[str] = ()) -> None:
        """Learn from inputs `n x d` and targets `n x 1` on the model scale.

        Raises:
            SpecError: NaN, infinity or shapes that do not fit.
        """
        regressors.check_data(X, Y, groups, torch.zeros(len(X), dtype=torch.bool))
        names = tuple(f"x{i}" for i in range(X.shape[1]))
        plain = InterphaseSurrogate(
            self._layout(names, ()),
            self.sizes,
            self.recipe,
            has_age=False,
            device=self.device,
        )
        plain.fit(X, Y, groups)
        self._plain, self._model = plain, None

    def posterior(self, X: Tensor) -> Any:
        """Posterior over `(b) x q x 1`; see `InterphaseSurrogate`."""
        return self._surrogate.posterior(X)

    def uncertainty(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Aleatoric and epistemic standard deviation, each `(b) x q x 1`."""
        return self._surrogate.uncertainty(X)

    def fit_rows(self, rows: Sequence[TrainingRow]) -> None:
        """Learn from specimens; those without a label teach what is usual early on.

        Raises:
            SpecError: no row has an exact value, or an input is missing.
        """
        known = [row for row in rows if row.value is not None]
        regressors.check_exact([row.censored for row in known])
        exact = [row for row in known if not row.censored]
        groups = regressors.groups_of(exact)
        self._batches = tuple(sorted(set(groups)))
        self._labelled = {row.specimen: float(row.value or 0.0) for row in exact}
        records = self._records(rows, with_target=True)
        if self._batches:
            blind = self._records(rows, with_target=True, with_batch=False)
            names = records.__dataclass_fields__
            records = Records(
                **{
                    k: torch.cat([getattr(records, k), getattr(blind, k)])
                    for k in names
                }
            )
        model = InterphaseRNN(
            self._layout(self._configuration, self._early),
            self.sizes,
            self.recipe,
            least=1,
            device=self.device,
        )
        model.fit(records)
        self._model, self._plain = model, None

    def predict(self, rows: Sequence[TrainingRow]) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, aleatoric and epistemic standard deviation, `n` each, model scale.

        A censored specimen's value is known to lie above what it holds.
        """
        mean, aleatoric, members = self._forecast(rows)
        epistemic = members.square().sum(-1).sqrt()
        over = torch.tensor([row.censored for row in rows], dtype=torch.bool)
        bounds = torch.tensor(
            [
                self._to_model(row.value) if row.censored and row.value else -math.inf
                for row in rows
            ],
            dtype=torch.double,
        )
        total = (aleatoric.square() + epistemic.square()).sqrt()
        # Of the sum of level and noise; its variance keeps the ratio of the two.
        z = torch.where(over, (bounds - mean) / total, torch.zeros_like(mean))
        ratio = torch.where(over, hazard(z), torch.zeros_like(mean))
        left = (1.0 - ratio * (ratio - z)).clamp_min(0.0).sqrt()
        return mean + total * ratio, aleatoric * left, epistemic * left

    def shared(self, rows: Sequence[TrainingRow]) -> Tensor:
        """Loadings `n x E` of epistemic errors: how far each member is off the mean."""
        members = self._forecast(rows)[2]
        own, left = members.square().sum(-1).sqrt(), self.predict(rows)[2]
        return members * (left / own.clamp_min(1e-30)).clamp_max(1.0)[:, None]

    @property
    def labelled(self) -> dict[str, float]:
        """Specimens and exact values that were learned from."""
        return dict(self._labelled)

    def summary(self) -> dict[str, float]:
        """Learned noise of every channel at its age, in units of the model."""
        model = self._fitted
        noise = model.sigma(torch.tensor([1.0, 2.0]))
        names = [f"noise.{channel.observable}" for channel in model.layout.channels]
        found = [*noise[0, :-1].tolist(), float(noise[1, -1]) * self.scale]
        return dict(zip(names, found, strict=True))

    def to_bytes(self) -> bytes:
        """The network's file inside one that says what its inputs are."""
        content = self._fitted.to_bytes()
        return artifact.pack(
            {"network": torch.frombuffer(bytearray(content), dtype=torch.uint8)},
            {
                "model": _MODEL,
                "format": 1,
                "inputs": self.inputs.model_dump(mode="json") if self.inputs else None,
                "log": self.log,
                "scale": self.scale,
                "sizes": self.sizes.model_dump(mode="json"),
                "recipe": self.recipe.model_dump(mode="json"),
                "batches": self._batches,
                "labelled": self._labelled,
            },
        )

    @classmethod
    def from_bytes(cls, content: bytes, device: str = "cpu") -> Self:
        """The predictor that wrote the file, bit for bit on the same machine.

        Raises:
            SpecError: the bytes are no file of this model.
        """
        tensors, data = artifact.unpack(content, _MODEL)
        inputs = Inputs.model_validate(data["inputs"]) if data["inputs"] else None
        options = {**data["sizes"], **data["recipe"]}
        made = cls(
            inputs, log=data["log"], scale=data["scale"], device=device, **options
        )
        inner = tensors["network"].numpy().tobytes()
        made._model = InterphaseRNN.from_bytes(inner, device)
        made._batches, made._labelled = tuple(data["batches"]), data["labelled"]
        return made

    @property
    def _fitted(self) -> InterphaseRNN:
        if self._model is None:
            raise SpecError("nothing has been learned from rows; call fit_rows first")
        return self._model

    @property
    def _surrogate(self) -> InterphaseSurrogate:
        if self._plain is None:
            raise SpecError("nothing has been learned from inputs; call fit first")
        return self._plain

    @property
    def _early(self) -> tuple[str, ...]:
        return self._inputs.early

    @property
    def _configuration(self) -> tuple[str, ...]:
        hot = self._inputs.names[len(self._inputs.early) :]
        return (*hot, *(f"batch={name}" for name in self._batches))

    @property
    def _inputs(self) -> Inputs:
        if self.inputs is None:
            raise SpecError("this predictor was built without inputs; use fit")
        return self.inputs

    def _layout(self, configuration: tuple[str, ...], early: tuple[str, ...]) -> Layout:
        names = [*(f"early.{name}" for name in early), _TARGET]
        return Layout(
            configuration=configuration,
            observables=dict.fromkeys(names, "free"),
            channels=tuple(Channel(source="", observable=name) for name in names),
            spreads={_TARGET: self.scale},
        )

    def _records(
        self,
        rows: Sequence[TrainingRow],
        *,
        with_target: bool,
        with_batch: bool = True,
    ) -> Records:
        X = self._inputs.matrix(rows)
        e = len(self._early)
        regressors.check_finite(X, "inputs")
        groups = [regressors.batch_of(row) if with_batch else "" for row in rows]
        hot = regressors.one_hot(groups, self._batches, X)
        n = len(rows)
        made = Records.blank(
            torch.cat([X[:, e:], hot], 1),
            torch.tensor([1.0, 2.0], dtype=X.dtype).expand(n, -1),
            X.new_zeros(n, 2, 0),
            e + 1,
        )
        made.values[:, 0, :e], made.mask[:, 0, :e] = X[:, :e], 1.0
        for i, row in enumerate(rows if with_target else ()):
            if row.value is not None:
                made.values[i, 1, e] = self._to_model(row.value)
                made.mask[i, 1, e] = 1.0
                made.censored[i, 1, e] = float(row.censored)
        return made

    def _forecast(self, rows: Sequence[TrainingRow]) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, aleatoric spread, members' deviations `n x E`, on the model scale."""
        if not rows:
            none = torch.zeros(0, dtype=torch.double)
            return none, none, torch.zeros(0, self.sizes.members, dtype=torch.double)
        found = self._fitted.forecast(self._records(rows, with_target=False))
        target = found.levels[:, :, :, 1, -1].double()
        sigma = found.sigma[:, :, 1, -1].double()
        means = target.mean(2)
        mean = means.mean(0)
        aleatoric = target.var(2, correction=0).mean(0) + sigma.square().mean(0)
        members = (means - mean).T / math.sqrt(max(len(means) - 1, 1))
        return mean, aleatoric.sqrt(), members

    def _to_model(self, value: float) -> float:
        if not math.isfinite(value):
            raise SpecError(f"value {value!r} is not finite; leave the row out")
        return regressors.model_scale(value, log=self.log)
