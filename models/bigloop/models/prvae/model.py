"""The prVAE as an object: fit, encode, decode, predict, sample, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from bigloop.contracts import SpecError
from bigloop.models.prvae import conditioning, loss, pictures
from bigloop.models.prvae.calibration import Calibration, Prediction
from bigloop.models.prvae.conditioning import Inverse, Prior
from bigloop.models.prvae.data import SeiData, batches, check_to_learn, split
from bigloop.models.prvae.fitting import Epoch, Fit
from bigloop.models.prvae.flow import FlowFit
from bigloop.models.prvae.forward import ForwardFit, fit_forward
from bigloop.models.prvae.hardware import Hardware
from bigloop.models.prvae.later import fit_heads
from bigloop.models.prvae.network import Network
from bigloop.models.prvae.settings import Architecture, Training
from bigloop.models.prvae.tensors import Rows, Scales
from bigloop.models.prvae.views import (
    BARRIERS,
    PICTURE,
    PROPERTIES,
    barriers_of,
    check_codes,
    codes_of,
    data_of,
    latents_of,
)

_CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Everything that a fit leaves behind."""

    network: Network
    scales: Scales
    weights: Tensor
    """Of the classes in the loss."""
    calibration: Calibration
    prior: Prior | None
    inverse: Inverse | None

    def __post_init__(self) -> None:
        """Freeze it: answers need no graph, designs one that ends at the barriers."""
        self.network.requires_grad_(False)
        if self.prior is not None:
            self.prior.flow.requires_grad_(False)
            self.prior.forward.requires_grad_(False)
        if self.inverse is not None:
            self.inverse.flow.requires_grad_(False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a fit went; nothing of it is in the model file."""

    n_train: int
    n_validation: int
    epochs: tuple[Epoch, ...]
    best_epoch: int
    batch: int
    pictures_per_s: float
    peak_memory_MiB: float
    device: str
    is_stopped: bool


class PrVAE:
    """Variational autoencoder with property regressor [Rajagopal2023]_.

    An encoder for pictures, a decoder that is also told the 15 barriers, and a
    regressor on the mean of the latent. Beyond the paper: sites weighted by class,
    calibrated uncertainty, rows without barriers or properties, and two conditional
    flows (`conditioning`) for what barriers lead to and what leads to properties.

    .. [Rajagopal2023] D. Rajagopal et al., Adv. Energy Mater. 13, 2301985 (2023).
    """

    def __init__(
        self,
        training: Training | None = None,
        architecture: Architecture | None = None,
        device: str = "auto",
    ) -> None:
        """Nothing is learned yet.

        Args:
            training: how to train; defaults when left out.
            architecture: sizes; when left out those of the paper, with the shape and
                the properties of the data.
            device: `cpu`, `cuda` or `auto`.

        Raises:
            SpecError: there is no such device.
        """
        self.training = training or Training()
        self.architecture = architecture
        self.hardware = Hardware.named(device)
        self._learned: Learned | None = None

    def fit(
        self,
        views: Mapping[str, Tensor],
        *,
        missing: Mapping[str, Tensor] | None = None,
    ) -> None:
        """Learn from `picture` and, where known, `barriers` and `properties`.

        Args:
            views: `picture` `n x rows x columns`, `barriers` `n x 15` [eV],
                `properties` `n x k` in the order of the architecture's.
            missing: masks of the shape of the view or `n`, true where its value is not
                known; such values may be NaN. Barriers are known all or not at all.

        Raises:
            SpecError: wrong names, shapes, codes, NaN, too few rows, nothing varies.
            DivergenceError: the training diverged.
        """
        architecture = self.architecture or Architecture()
        data = data_of(views, missing or {}, architecture)
        train, validation, _ = split(len(data), self.training.seed)
        check_to_learn(data)
        self.fit_data(data.take(train), data.take(validation))

    def fit_data(
        self,
        train: SeiData,
        validation: SeiData,
        on_epoch: Callable[[Epoch], None] = lambda epoch: None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> Report:
        """Learn from rows; when stopped, keep what was reached by then.

        Stopped in its first epoch it has learned nothing: all is as before.

        Args:
            train: rows to learn from.
            validation: rows for early stopping and calibration.
            on_epoch: told of every epoch.
            is_stopped: asked at every step.

        Raises:
            SpecError: the data do not fit the architecture, or nothing varies.
            DivergenceError: the training diverged.
        """
        check_to_learn(train)
        architecture = self._fitting(train)
        torch.manual_seed(self.training.seed)
        network = Network(architecture).to(self.hardware.device)
        scales = Scales.of(train)
        rows = [
            Rows.of(part, scales, self.hardware.device) for part in (train, validation)
        ]
        run = Fit(
            network=network,
            settings=self.training,
            hardware=self.hardware,
            train=rows[0],
            validation=rows[1],
            on_epoch=on_epoch,
            is_stopped=is_stopped,
        )
        run.run()
        if run.epochs:
            self._finish(run, scales)
        return _report(run, self.hardware, is_stopped())

    def _finish(self, run: Fit, scales: Scales) -> None:
        """What is learned from the encoded pictures after the network."""
        network, train, validation = run.network, run.train, run.validation
        how = FlowFit(epochs=self.training.flow_epochs, seed=self.training.seed)
        if not self.training.property_weight:
            fit_heads(network, train, validation, self.training.seed)
        fast = ForwardFit(epochs=self.training.forward_epochs, seed=self.training.seed)
        # Not cut short by a stop: half-trained they would spoil what was reached.
        forward = fit_forward(train, validation, fast)
        prior = conditioning.fit_prior(network, forward, train, validation, how)
        inverse = conditioning.fit_inverse(train, validation, scales, how)
        counts = torch.bincount(
            train.pictures.flatten().long(), minlength=network.architecture.n_classes
        )
        k = len(network.architecture.properties)
        self._learned = Learned(
            network=network.eval(),
            scales=scales,
            weights=loss.class_weights(counts.float(), self.training.class_exponent),
            calibration=Calibration.none(k),
            prior=prior,
            inverse=inverse,
        )
        self._learned = self._calibrated(validation)

    def _calibrated(self, rows: Rows) -> Learned:
        learned = self.learned
        mean = conditioning.encoded(learned.network, rows.pictures)
        value, aleatoric, epistemic = _heads(learned.network, mean)
        sd = (aleatoric.square() + epistemic.square()).sqrt()
        found = Calibration.of(rows.properties - value, sd, rows.has_properties)
        return Learned(
            network=learned.network,
            scales=learned.scales,
            weights=learned.weights,
            calibration=found,
            prior=learned.prior,
            inverse=learned.inverse,
        )

    @property
    def learned(self) -> Learned:
        """What a fit left.

        Raises:
            SpecError: it was not fitted.
        """
        if self._learned is None:
            raise SpecError("prvae: nothing is learned yet; fit it, or load a file")
        return self._learned

    @property
    def properties(self) -> tuple[str, ...]:
        """Names of the properties that it predicts."""
        return self._of.properties

    def encode(self, views: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the latent of `picture`, `n x latent` each.

        Raises:
            SpecError: no picture, or one of another shape or with unknown codes.
        """
        codes = self._on_device(codes_of(views, self._of))
        parts = [self.learned.network.encode(codes[at]) for at in _pieces(codes)]
        mean, log_variance = (
            torch.cat(part).cpu() for part in zip(*parts, strict=True)
        )
        return mean, (0.5 * log_variance).exp()

    def decode(
        self, z: Tensor, given: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Probabilities `picture`, `n x classes x rows x columns`, of latents.

        Args:
            z: `n x latent`.
            given: `barriers` `n x 15` [eV]; unknown when left out.

        Raises:
            SpecError: shapes that do not fit.
        """
        z = self._on_device(latents_of(z, self._of))
        barriers, known = self._barriers(given or {}, len(z))
        found = [
            pictures.probabilities(
                self.learned.network.decode(z[at], barriers[at], known[at]),
                self.learned.weights,
            ).cpu()
            for at in _pieces(z)
        ]
        return {PICTURE: torch.cat(found)}

    def sample(
        self, n: int, given: Mapping[str, Tensor] | None = None, *, seed: int = 0
    ) -> dict[str, Tensor]:
        """New pictures and their properties as the regressor has them.

        At `barriers` of one row, or of `n`, the latent is drawn from what was learned
        of such barriers; without, from the unit Gaussian.

        Args:
            n: how many.
            given: `barriers` `1 x 15` or `n x 15` [eV].
            seed: of the draws.

        Raises:
            SpecError: shapes that do not fit.
        """
        if n < 1:
            raise SpecError(f"n: {n}: give 1 or more")
        barriers, known = self._barriers(given or {}, n)
        generator = torch.Generator().manual_seed(seed)
        z = self._draw(barriers, known, generator)
        probability = self.decode(
            z, given and {BARRIERS: given[BARRIERS].expand(n, -1)}
        )
        return {
            PICTURE: pictures.drawn(probability[PICTURE], generator),
            PROPERTIES: self.predict_latent(z.cpu()).mean,
            "z": z.cpu(),
        }

    def _draw(
        self, barriers: Tensor, known: Tensor, generator: torch.Generator
    ) -> Tensor:
        prior, latent = self.learned.prior, self.learned.network.architecture.latent
        noise = torch.randn(len(barriers), latent, generator=generator)
        noise = noise.to(barriers)
        if prior is None or not bool(known.all()):
            return noise
        return prior.draw(barriers, noise[:, : prior.d])

    def predict(self, views: Mapping[str, Tensor]) -> Prediction:
        """Properties of `picture`, in the units of the data, with calibrated spread.

        Raises:
            SpecError: no picture, or one of another shape or with unknown codes.
        """
        found: Prediction = self.predict_latent(self.encode(views)[0])
        return found

    def predict_latent(self, mean: Tensor) -> Prediction:
        """Properties of latent means `n x latent`."""
        mean = self._on_device(latents_of(mean, self._of))
        learned, scales = self.learned, self.learned.scales
        value, aleatoric, epistemic = (
            part.cpu() for part in _heads(learned.network, mean)
        )
        unit = scales.property_sd * learned.calibration.factor
        return Prediction(
            mean=scales.property_mean + scales.property_sd * value,
            aleatoric=aleatoric * unit,
            epistemic=epistemic * unit,
        )

    def to_bytes(self) -> bytes:
        """A safetensors file; equal knowledge, equal bytes."""
        from bigloop.models.prvae import file

        return file.to_bytes(self)

    @classmethod
    def from_bytes(cls, content: bytes, device: str = "cpu") -> Self:
        """The model that wrote the file.

        Raises:
            SpecError: damaged, another model, or another architecture.
        """
        from bigloop.models.prvae import file

        return file.from_bytes(cls, content, device)

    @property
    def _of(self) -> Architecture:
        return self.learned.network.architecture

    def _on_device(self, values: Tensor) -> Tensor:
        return values.to(self.hardware.device)

    def _barriers(self, given: Mapping[str, Tensor], n: int) -> tuple[Tensor, Tensor]:
        """Standardised barriers `n x 15` and whether they are known."""
        values, known = (self._on_device(x) for x in barriers_of(given, n, self._of))
        return self.learned.scales.barriers(values), known

    def _fitting(self, data: SeiData) -> Architecture:
        """The architecture for the data; checks the one that was given."""
        rows, columns = data.pictures.shape[1:]
        shape = {"rows": rows, "columns": columns, "properties": data.names}
        found = self.architecture or Architecture(**shape)
        for name, value in shape.items():
            if getattr(found, name) != value:
                raise SpecError(
                    f"architecture.{name}: {getattr(found, name)}, the data have "
                    f"{value}; give the same"
                )
        check_codes(data.pictures, found)
        return found


def _heads(network: Network, mean: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, aleatoric and epistemic deviation over the heads, standardised."""
    with torch.no_grad():
        value, log_variance = network.predict(mean)
    aleatoric = log_variance.exp().mean(0).sqrt()
    epistemic = value.std(0) if len(value) > 1 else torch.zeros_like(aleatoric)
    return value.mean(0), aleatoric, epistemic


def _pieces(rows: Tensor) -> list[slice]:
    return list(batches(len(rows), _CHUNK))


def _report(run: Fit, hardware: Hardware, is_stopped: bool) -> Report:
    rates = sorted(epoch.pictures_per_s for epoch in run.epochs)
    return Report(
        n_train=len(run.train),
        n_validation=len(run.validation),
        epochs=tuple(run.epochs),
        best_epoch=run.best_epoch,
        batch=run.batch,
        pictures_per_s=rates[len(rates) // 2] if rates else 0.0,
        peak_memory_MiB=hardware.peak_memory_MiB(),
        device=str(hardware.device),
        is_stopped=is_stopped,
    )
