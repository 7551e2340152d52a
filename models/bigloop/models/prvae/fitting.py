"""Training: steps, validation, early stopping, divergence. One object, one run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from bigloop.contracts import DivergenceError
from bigloop.models.prvae import loss
from bigloop.models.prvae.data import batches
from bigloop.models.prvae.hardware import Hardware
from bigloop.models.prvae.network import Network
from bigloop.models.prvae.settings import Training
from bigloop.models.prvae.tensors import Rows

_CLIP = 5.0
"""Largest norm of a gradient, relative to a loss of one nat a site."""
_WORSE = 10.0
"""A validation loss this many times the first one's has diverged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """What one epoch came to; losses are nats a picture."""

    epoch: int
    train: dict[str, float]
    validation: dict[str, float]
    learning_rate: float
    kl_weight: float
    seconds: float
    pictures_per_s: float

    def metrics(self) -> dict[str, float]:
        """Flat, by name."""
        return {
            **{f"train_{name}": value for name, value in self.train.items()},
            **{f"validation_{name}": value for name, value in self.validation.items()},
            "learning_rate": self.learning_rate,
            "kl_weight": self.kl_weight,
            "pictures_per_s": self.pictures_per_s,
        }


@dataclass
class Fit:
    """One training of a network; the best weights so far are always at hand.

    The best are those of the least validation loss at the full weight of the KL.
    """

    network: Network
    settings: Training
    hardware: Hardware
    train: Rows
    validation: Rows
    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    is_stopped: Callable[[], bool] = lambda: False
    epochs: list[Epoch] = field(default_factory=list, init=False)
    best_epoch: int = field(default=0, init=False)
    batch: int = field(default=0, init=False)
    _best: dict[str, Tensor] = field(default_factory=dict, init=False)

    def run(self) -> None:
        """Train until the epochs are over, patience is, or somebody stops it.

        The network is left with the best weights.

        Raises:
            DivergenceError: a loss is not finite, or has grown tenfold.
        """
        self.batch = self._batch()
        self._weights = self._class_weights()
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=self.settings.learning_rate * math.sqrt(self.batch / 64),
            weight_decay=self.settings.weight_decay,
        )
        self._scaler = self.hardware.scaler()
        self._generator = torch.Generator().manual_seed(self.settings.seed)
        total = self.settings.epochs * -(-len(self.train) // self.batch)
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self._optimizer, total, eta_min=1e-2 * self.settings.learning_rate
        )
        for number in range(1, self.settings.epochs + 1):
            if not self._epoch(number) or number - self.best_epoch >= self._patience():
                break
        if self._best:
            self.network.load_state_dict(self._best)
        self.network.eval()

    def _patience(self) -> int:
        return self.settings.patience + (0 if self.best_epoch else self._warm_up)

    @property
    def _warm_up(self) -> int:
        return min(self.settings.warm_up, self.settings.epochs // 2)

    def _batch(self) -> int:
        if self.settings.batch:
            return min(self.settings.batch, len(self.train))
        return self.hardware.batch(self.network, self.train)

    def _class_weights(self) -> Tensor:
        counts = torch.bincount(
            self.train.pictures.flatten().long(),
            minlength=self.network.architecture.n_classes,
        )
        return loss.class_weights(counts.float(), self.settings.class_exponent)

    def _epoch(self, number: int) -> bool:
        """One epoch; whether to go on."""
        began = time.perf_counter()
        weight = self._kl_weight(number)
        rate = self._schedule.get_last_lr()[0]
        found = self._steps(weight)
        if found is None:
            return False
        seconds = time.perf_counter() - began
        epoch = Epoch(
            epoch=number,
            train=found,
            validation=self._validate(),
            learning_rate=rate,
            kl_weight=weight,
            seconds=seconds,
            pictures_per_s=len(self.train) / seconds,
        )
        self._judge(epoch)
        self.on_epoch(epoch)
        return True

    def _kl_weight(self, number: int) -> float:
        part = min(1.0, number / (self._warm_up + 1))
        return part * self.settings.kl_weight

    def _steps(self, kl_weight: float) -> dict[str, float] | None:
        """Means of the terms over one epoch; none when somebody stopped it."""
        self.network.train()
        order = torch.randperm(len(self.train), generator=self._generator)
        sums = torch.zeros(4, device=self.hardware.device)
        n = 0
        for at in batches(len(order), self.batch):
            if self.is_stopped():
                return None
            rows = self.train.take(order[at].to(self.hardware.device))
            if len(rows) < 2:
                continue
            terms = self._step(self._varied(rows), kl_weight)
            sums += torch.stack(terms).detach() * len(rows)
            n += len(rows)
        return _named(sums / max(n, 1))

    def _step(self, rows: Rows, kl_weight: float) -> list[Tensor]:
        self._optimizer.zero_grad(set_to_none=True)
        with self.hardware.autocast():
            terms = self._terms(rows, self._noise(len(rows)))
        total = terms.total(kl_weight, self.settings.property_weight)
        self._scaler.scale(total).backward()
        self._scaler.unscale_(self._optimizer)
        sites = rows.pictures[0].numel()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP * sites)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        self._schedule.step()
        return [terms.reconstruction, terms.kl, terms.regression, total]

    def _varied(self, rows: Rows) -> Rows:
        """Half of the pictures mirrored, some barriers hidden.

        Left and right are alike in the model, whose side walls are equal.
        """
        n, device = len(rows), rows.pictures.device
        draw = torch.rand(2, n, generator=self._generator).to(device)
        mirrored = torch.where(
            (draw[0] < 0.5)[:, None, None], rows.pictures.flip(2), rows.pictures
        )
        return Rows(
            pictures=mirrored,
            barriers=rows.barriers,
            has_barriers=rows.has_barriers & (draw[1] >= self.settings.barrier_dropout),
            properties=rows.properties,
            has_properties=rows.has_properties,
        )

    def _noise(self, n: int) -> Tensor:
        size = (n, self.network.architecture.latent)
        return torch.randn(size, generator=self._generator).to(self.hardware.device)

    def _terms(self, rows: Rows, noise: Tensor) -> loss.Terms:
        mean, log_variance = self.network.encode(rows.pictures)
        z = mean + (0.5 * log_variance).exp() * noise
        logits = self.network.decode(z, rows.barriers, rows.has_barriers)
        regression = torch.zeros((), device=z.device)
        if self.settings.property_weight and len(self.network.heads):
            predicted = self.network.predict(mean)
            known = (rows.properties, rows.has_properties)
            if self.network.training:
                regression = loss.regression(*predicted, *known)
            else:
                regression = loss.half_squared_error(predicted[0], *known)
        return loss.Terms(
            reconstruction=loss.reconstruction(logits, rows.pictures, self._weights),
            kl=loss.kl(mean, log_variance),
            regression=regression,
        )

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _validate(self) -> dict[str, float]:
        self.network.eval()
        sums = torch.zeros(4, device=self.hardware.device)
        for at in batches(len(self.validation), max(self.batch, 64)):
            rows = self.validation.take(at)
            with self.hardware.autocast():
                # At the mean: no luck of a draw decides which epoch was best.
                terms = self._terms(rows, self._noise(len(rows)) * 0.0)
            total = terms.total(self.settings.kl_weight, self.settings.property_weight)
            parts = [terms.reconstruction, terms.kl, terms.regression, total]
            sums += torch.stack(parts) * len(rows)
        return _named(sums / len(self.validation))

    def _judge(self, epoch: Epoch) -> None:
        """Keep it when it is the best; refuse it when it has diverged."""
        losses = (epoch.train["loss"], epoch.validation["loss"])
        first = self.epochs[0].validation["loss"] if self.epochs else math.inf
        if not all(map(math.isfinite, losses)) or losses[1] > _WORSE * abs(first):
            raise DivergenceError(
                f"training: the loss is {losses[1]:.3g} after epoch {epoch.epoch}; "
                f"give a learning rate below {self.settings.learning_rate:g}"
            )
        self.epochs.append(epoch)
        if epoch.epoch <= self._warm_up:
            # Kept for a stop in the warm-up; none of its epochs counts as the best.
            self._best = _copied(self.network)
        elif epoch.validation["loss"] < self._least():
            self.best_epoch = epoch.epoch
            self._best = _copied(self.network)

    def _least(self) -> float:
        best = self.best_epoch
        return self.epochs[best - 1].validation["loss"] if best else math.inf


def _copied(network: Network) -> dict[str, Tensor]:
    return {k: v.detach().clone() for k, v in network.state_dict().items()}


def _named(values: Tensor) -> dict[str, float]:
    names = ("reconstruction", "kl", "regression", "loss")
    return dict(zip(names, values.tolist(), strict=True))
