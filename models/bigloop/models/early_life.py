"""A Bayesian linear mixed model from early observations to a later observable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor

from bigloop.contracts import SpecError, TrainingRow, parse
from bigloop.models import artifact, joint, regressors
from bigloop.models.evidence import Evidence
from bigloop.models.hyperprior import Hyperprior
from bigloop.models.inputs import Inputs
from bigloop.models.mixture import Mixture, condition
from bigloop.models.outlook import Outlook

_MODEL = "early-life"
_CHUNK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    """Everything that was learned."""

    centre: Tensor
    """`d`, mean of the inputs over all specimens seen."""
    spread: Tensor
    """`d`, their standard deviation."""
    origin: Tensor
    """Scalar, mean of the exact labels on the model scale."""
    evidence: Evidence
    mixture: Mixture
    batches: tuple[str, ...]
    """Batches with a label; empty when nothing is known of batches."""
    labelled: dict[str, float] = field(default_factory=dict)
    censored: tuple[str, ...] = ()
    """Specimens in the order of `evidence.censored`."""


class EarlyLifePredictor:
    """`y = intercept + slopes . inputs + batch + noise`, hyper-parameters integrated.

    The coefficients are exact given the three standard deviations of `Hyperprior`,
    which are summed over a fixed grid: no optimisation, no sampling, the same numbers
    every time, and intervals that are honest with one label. A batch never labelled
    has the full variance between batches. `y` is on the model scale (the natural
    logarithm when the observable is `log`). Censored specimens enter by expectation
    propagation.

    Mixed model: [Lindley1972]_. Its first use here, life from the variance of
    `Q100(V) - Q10(V)`: [Severson2019]_.

    .. [Lindley1972] D. V. Lindley and A. F. M. Smith, J. R. Stat. Soc. B 34, 1 (1972).
    .. [Severson2019] K. A. Severson et al., Nat. Energy 4, 383 (2019).
    """

    def __init__(
        self,
        inputs: Inputs | None = None,
        *,
        log: bool = False,
        scale: float = 1.0,
        device: str = "cpu",
        **prior: float,
    ) -> None:
        """Nothing is learned yet.

        Args:
            inputs: how rows become inputs; only `fit_rows` and `predict` need it.
            log: whether rows hold values of which the logarithm is modelled.
            scale: a large difference between specimens, on the model scale.
            device: where tensors live.
            prior: fields of `Hyperprior`.

        Raises:
            SpecError: for a field that `Hyperprior` does not have.
        """
        self.inputs = inputs
        self.log = log
        self.scale = scale
        self.device = device
        self.prior = parse(Hyperprior, prior, "predictor.options")
        self._fitted: _Fitted | None = None

    def fit(
        self,
        X: Tensor,
        Y: Tensor,
        groups: Sequence[str] = (),
        *,
        censored: Tensor | None = None,
        unlabelled: Tensor | None = None,
    ) -> None:
        """Learn from inputs `n x d` and targets `n x 1` on the model scale.

        Args:
            X: inputs of labelled specimens.
            Y: their targets, or what they are known to exceed.
            groups: batch of each specimen; none: no batches.
            censored: mask `n` of targets that were only exceeded.
            unlabelled: inputs `m x d` of further specimens; they set the scale.

        Raises:
            SpecError: NaN, infinity, shapes that do not fit, or no exact target.
        """
        X, Y = X.to(self.device, torch.double), Y.to(self.device, torch.double)
        over = torch.zeros(len(X)) if censored is None else censored
        over = over.to(self.device, torch.bool)
        regressors.check_data(X, Y, groups, over)
        seen = X if unlabelled is None else torch.cat([X, unlabelled.to(X)])
        regressors.check_finite(seen, "unlabelled")
        self._learn(X, Y[:, 0], tuple(groups), over, seen)

    def fit_rows(self, rows: Sequence[TrainingRow]) -> None:
        """Learn from specimens; those without a value set the scale of the inputs.

        Raises:
            SpecError: no row has an exact value, or an input is missing.
        """
        known = [row for row in rows if row.value is not None]
        bare = [row for row in rows if row.value is None]
        X, over = self._matrix(known), [row.censored for row in known]
        regressors.check_exact(over)
        self._learn(
            X,
            self._targets(known),
            regressors.groups_of(known),
            torch.tensor(over, device=self.device),
            torch.cat([X, self._matrix(bare)]),
            known,
        )

    def posterior(self, X: Tensor, observation_noise: bool = False) -> Any:
        """Gaussian with the exact mean and covariance of the mixture.

        The points are specimens of one batch that has not been seen. As everywhere in
        BoTorch, noise is left out unless asked for.

        Args:
            X: inputs `(b) x q x d`.
            observation_noise: whether to add the spread of single specimens.

        Returns:
            A `GPyTorchPosterior` over `(b) x q x 1`.
        """
        return joint.posterior(
            self._state.mixture,
            self._regressors(X),
            origin=self._state.origin,
            scale=self.scale,
            has_batches=bool(self._state.batches),
            observation_noise=observation_noise,
            dtype=X.dtype,
        )

    def uncertainty(self, X: Tensor) -> tuple[Tensor, Tensor]:
        """Aleatoric and epistemic standard deviation, each `(b) x q x 1`.

        The squares sum to the variance of `posterior(X, observation_noise=True)`.
        """
        phi = self._regressors(X).reshape(-1, self._state.evidence.gram.shape[0])
        is_new = torch.full_like(phi[:, 0], float(bool(self._state.batches)))
        _, noise, rest = Outlook.of(self._state.mixture, phi, is_new).moments()
        shape = (*X.shape[:-1], 1)
        aleatoric, epistemic = noise * self.scale, rest * self.scale
        return aleatoric.reshape(shape).to(X), epistemic.reshape(shape).to(X)

    def predict(self, rows: Sequence[TrainingRow]) -> tuple[Tensor, Tensor, Tensor]:
        """Mean, aleatoric and epistemic standard deviation of each specimen, `n` each.

        On the model scale, each specimen in its batch. A censored specimen's value is
        known to lie above what it holds.
        """
        parts = [
            self._predict(rows[start : start + _CHUNK])
            for start in range(0, max(len(rows), 1), _CHUNK)
        ]
        mean, aleatoric, epistemic = (torch.cat(p) for p in zip(*parts, strict=True))
        mean = mean * self.scale + self._state.origin
        return mean, aleatoric * self.scale, epistemic * self.scale

    def shared(self, rows: Sequence[TrainingRow]) -> Tensor:
        """Loadings `n x r` of the specimens' epistemic errors, which they share."""
        if not rows:
            return torch.zeros(0, 0, dtype=torch.double)
        phi, groups = self._placed(rows)
        unknown = [group for group in groups if group not in self._state.batches]
        names = tuple(sorted(set(unknown))) if self._state.batches else ()
        unseen = regressors.one_hot(groups, names, phi)
        epistemic = self._predict(rows)[2]
        factors = joint.loadings(self._state.mixture, phi, unseen, epistemic)
        return factors * self.scale

    @property
    def labelled(self) -> dict[str, float]:
        """Specimens and exact values that were learned from."""
        return dict(self._fitted.labelled) if self._fitted else {}

    def summary(self) -> dict[str, float]:
        """Posterior means of the standard deviations, slopes and batch effects."""
        fitted, mixture = self._state, self._state.mixture
        nodes = (mixture.weights @ mixture.nodes) * self.scale
        weights = mixture.weights @ (mixture.mean * mixture.scale) * self.scale
        d = fitted.centre.numel()
        names = self.inputs.names if self.inputs else [str(i) for i in range(d)]
        found = dict(zip(("signal", "noise", "batch"), nodes.tolist(), strict=True))
        if not fitted.batches:
            del found["batch"]
        found["intercept"] = float(weights[0] + fitted.origin)
        slopes, effects = weights[1 : 1 + d].tolist(), weights[1 + d :].tolist()
        found |= {f"slope.{k}": v for k, v in zip(names, slopes, strict=True)}
        effects_by_batch = zip(fitted.batches, effects, strict=True)
        return found | {f"batch.{k}": v for k, v in effects_by_batch}

    def to_bytes(self) -> bytes:
        """Sufficient statistics and metadata as a safetensors file."""
        fitted, evidence = self._state, self._state.evidence
        tensors = {
            "centre": fitted.centre,
            "spread": fitted.spread,
            "origin": fitted.origin,
            "gram": evidence.gram,
            "moment": evidence.moment,
            "square": evidence.square,
            "censored": evidence.censored,
            "bounds": evidence.bounds,
        }
        metadata = {
            "model": _MODEL,
            "format": 1,
            "inputs": self.inputs.model_dump(mode="json") if self.inputs else None,
            "log": self.log,
            "scale": self.scale,
            "prior": self.prior.model_dump(mode="json"),
            "n": evidence.n,
            "batches": fitted.batches,
            "labelled": fitted.labelled,
            "censored": fitted.censored,
        }
        return artifact.pack(tensors, metadata)

    @classmethod
    def from_bytes(cls, content: bytes, device: str = "cpu") -> Self:
        """The predictor that wrote the file, bit for bit on the same machine.

        Raises:
            SpecError: the bytes are no file of this model.
        """
        tensors, data = artifact.unpack(content, _MODEL)
        tensors = {k: v.to(device) for k, v in tensors.items()}
        inputs = Inputs.model_validate(data["inputs"]) if data["inputs"] else None
        made = cls(
            inputs, log=data["log"], scale=data["scale"], device=device, **data["prior"]
        )
        names = ("gram", "moment", "square", "censored", "bounds")
        evidence = Evidence(n=data["n"], **{name: tensors[name] for name in names})
        made._fitted = _Fitted(
            centre=tensors["centre"],
            spread=tensors["spread"],
            origin=tensors["origin"],
            evidence=evidence,
            mixture=condition(evidence, made.prior, tensors["centre"].numel()),
            batches=tuple(data["batches"]),
            labelled=data["labelled"],
            censored=tuple(data["censored"]),
        )
        return made

    @property
    def _state(self) -> _Fitted:
        if self._fitted is None:
            raise SpecError("nothing has been learned yet; call fit or fit_rows first")
        return self._fitted

    def _learn(
        self,
        X: Tensor,
        y: Tensor,
        groups: tuple[str, ...],
        over: Tensor,
        seen: Tensor,
        rows: Sequence[TrainingRow] = (),
    ) -> None:
        centre, spread = seen.mean(0), seen.std(0, correction=0)
        # An input that never varied tells nothing; its unit stands in for its spread.
        spread = torch.where(spread > 1e-12 * (1.0 + centre.abs()), spread, 1.0)
        origin = y[~over].mean()
        batches = tuple(sorted(set(groups)))
        hot = regressors.one_hot(groups, batches, X)
        phi = regressors.design((X - centre) / spread, hot)
        evidence = Evidence.of(phi, (y - origin) / self.scale, over)
        self._fitted = _Fitted(
            centre=centre,
            spread=spread,
            origin=origin,
            evidence=evidence,
            mixture=condition(evidence, self.prior, X.shape[1]),
            batches=batches,
            labelled={
                r.specimen: r.value
                for r in rows
                if r.value is not None and not r.censored
            },
            censored=tuple(r.specimen for r in rows if r.censored),
        )

    def _predict(self, rows: Sequence[TrainingRow]) -> tuple[Tensor, Tensor, Tensor]:
        fitted = self._state
        phi, _ = self._placed(rows)
        hot = phi[:, 1 + fitted.centre.numel() :]
        is_new = 1.0 - hot.sum(-1) if fitted.batches else torch.zeros_like(phi[:, 0])
        outlook = Outlook.of(fitted.mixture, phi, is_new)
        moments = torch.stack(outlook.moments())
        over = [i for i, row in enumerate(rows) if row.censored]
        if over:
            above = self._above(outlook.at(over), [rows[i] for i in over])
            moments[:, over] = torch.stack(above)
        mean, aleatoric, epistemic = moments
        return mean, aleatoric, epistemic

    def _placed(self, rows: Sequence[TrainingRow]) -> tuple[Tensor, list[str]]:
        """Regressors `n x p` of specimens in their batches, and the batches."""
        fitted = self._state
        X = (self._matrix(rows) - fitted.centre) / fitted.spread
        groups = [regressors.batch_of(row) for row in rows]
        hot = regressors.one_hot(groups, fitted.batches, X)
        return regressors.design(X, hot), groups

    def _above(
        self, outlook: Outlook, rows: Sequence[TrainingRow]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Moments of censored specimens above their bounds."""
        fitted = self._state
        bounds = (self._targets(rows) - fitted.origin) / self.scale
        place = {name: index for index, name in enumerate(fitted.censored)}
        own = [place.get(row.specimen, -1) for row in rows]
        column = torch.tensor(own, device=self.device)
        is_known = column >= 0
        if fitted.censored:
            sites, column = fitted.mixture.sites, column.clamp_min(0)
            outlook = outlook.without(
                sites.precision[:, column] * is_known, sites.shift[:, column] * is_known
            )
        return outlook.learning(bounds, ~is_known).moments_above(bounds)

    def _targets(self, rows: Sequence[TrainingRow]) -> Tensor:
        values = [
            regressors.model_scale(row.value, log=self.log)
            for row in rows
            if row.value is not None
        ]
        return torch.tensor(values, dtype=torch.double, device=self.device)

    def _matrix(self, rows: Sequence[TrainingRow]) -> Tensor:
        if self.inputs is None:
            raise SpecError("this predictor was built without inputs; use fit")
        return self.inputs.matrix(rows).to(self.device)

    def _regressors(self, X: Tensor) -> Tensor:
        """Inputs `(b) x q x d` in an unseen batch as regressors `(b) x q x p`."""
        fitted = self._state
        z = (X.to(fitted.centre) - fitted.centre) / fitted.spread
        return regressors.design(z, z.new_zeros(*z.shape[:-1], len(fitted.batches)))
