"""The three networks of the prVAE: encoder, decoder and property regressor."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from bigloop.models.prvae.settings import Architecture

_KERNEL, _STRIDE, _PADDING = 3, 2, 1
_LOG_VARIANCE = (-12.0, 6.0)
"""Of standardised properties: outside, a likelihood is only numerical trouble."""


class Network(nn.Module):  # type: ignore[misc]
    """Encoder, decoder that is told the barriers, regressors on the mean alone.

    Pictures enter as codes `n x rows x columns`; barriers and properties are
    standardised. The decoder alone sees the barriers; unknown ones are replaced by a
    vector that is learned.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        sizes = _sizes(architecture.rows, architecture.columns)
        self.encoder = Encoder(architecture, sizes)
        self.decoder = Decoder(architecture, sizes)
        width = len(architecture.properties)
        self.heads = nn.ModuleList(
            Head(architecture.latent, architecture.regressor, width)
            for _ in range(architecture.n_heads if width else 0)
        )
        self.unknown = nn.Parameter(torch.zeros(architecture.n_barriers))

    def encode(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the latent, `n x latent` each."""
        found: tuple[Tensor, Tensor] = self.encoder(self.one_hot(pictures))
        return found

    def decode(self, z: Tensor, barriers: Tensor, is_known: Tensor) -> Tensor:
        """Logits `n x classes x rows x columns` for latents and barriers.

        Args:
            z: `n x latent`.
            barriers: `n x 15`, standardised; whatever where they are not known.
            is_known: mask `n`.
        """
        given = torch.where(is_known[:, None], barriers, self.unknown)
        logits: Tensor = self.decoder(torch.cat([z, given], dim=1))
        return logits

    def predict(self, mean: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of each head, `heads x n x k`, standardised."""
        parts = [head(mean) for head in self.heads]
        means, log_variances = zip(*parts, strict=True)
        return torch.stack(means), torch.stack(log_variances)

    def one_hot(self, pictures: Tensor) -> Tensor:
        """Codes as `n x classes x rows x columns` of 0 and 1."""
        codes = nn.functional.one_hot(pictures.long(), self.architecture.n_classes)
        return codes.permute(0, 3, 1, 2).to(torch.get_default_dtype())


class Encoder(nn.Module):  # type: ignore[misc]
    """Three convolutions that halve the picture, a dense layer, mean and variance."""

    def __init__(self, of: Architecture, sizes: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        widths = (of.n_classes, *of.filters)
        self.convolutions = nn.Sequential(
            *(
                _normed(nn.Conv2d(a, b, _KERNEL, _STRIDE, _PADDING, bias=False), b)
                for a, b in pairwise(widths)
            )
        )
        rows, columns = sizes[-1]
        self.dense = nn.Sequential(
            nn.Flatten(),
            nn.Linear(of.filters[-1] * rows * columns, of.dense),
            nn.ReLU(),
        )
        self.moments = nn.Linear(of.dense, 2 * of.latent)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, `n x latent` each."""
        mean, log_variance = (
            self.moments(self.dense(self.convolutions(picture))).float().chunk(2, dim=1)
        )
        return mean, log_variance.clamp(-10.0, 10.0)


class Decoder(nn.Module):  # type: ignore[misc]
    """Two dense layers, then convolutions back to the size of the picture."""

    def __init__(self, of: Architecture, sizes: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        first, second, third = of.filters
        self._start = (second, *sizes[-1])
        self.dense = nn.Sequential(
            nn.Linear(of.latent + of.n_barriers, of.dense),
            nn.ReLU(),
            nn.Linear(of.dense, second * sizes[-1][0] * sizes[-1][1]),
            nn.ReLU(),
        )
        widths = (third, second, first, of.n_classes)
        layers: list[nn.Module] = [
            _normed(nn.Conv2d(second, third, _KERNEL, 1, _PADDING, bias=False), third)
        ]
        steps = list(zip(sizes[::-1], sizes[-2::-1], strict=False))
        for a, b, (small, large) in zip(widths, widths[1:], steps, strict=False):
            layer = _doubling(a, b, small, large, bias=b == of.n_classes)
            layers.append(layer if b == of.n_classes else _normed(layer, b))
        self.convolutions = nn.Sequential(*layers)

    def forward(self, given: Tensor) -> Tensor:
        """Logits `n x classes x rows x columns` from latents beside barriers."""
        start = self.dense(given).view(-1, *self._start)
        logits: Tensor = self.convolutions(start)
        return logits.float()


class Head(nn.Module):  # type: ignore[misc]
    """One regressor: two dense layers of 200, a Gaussian for each property."""

    def __init__(self, latent: int, widths: Sequence[int], n_properties: int) -> None:
        super().__init__()
        first, second = widths
        self.layers = nn.Sequential(
            nn.Linear(latent, first),
            nn.ReLU(),
            nn.Linear(first, second),
            nn.ReLU(),
            nn.Linear(second, 2 * n_properties),
        )

    def forward(self, mean: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, `n x k` each."""
        value, log_variance = self.layers(mean).float().chunk(2, dim=1)
        return value, log_variance.clamp(*_LOG_VARIANCE)


def _normed(layer: nn.Module, width: int) -> nn.Sequential:
    return nn.Sequential(layer, nn.BatchNorm2d(width), nn.ReLU())


def _sizes(rows: int, columns: int) -> list[tuple[int, int]]:
    """Rows x columns before and after each convolution of the encoder."""
    sizes = [(rows, columns)]
    for _ in range(3):
        sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
    return sizes


def _doubling(
    a: int, b: int, small: tuple[int, int], large: tuple[int, int], *, bias: bool
) -> nn.Module:
    """A transposed convolution that comes out at the size wanted: 13 to 25, or 26."""
    extra = tuple(
        to - ((at - 1) * _STRIDE + 1) for at, to in zip(small, large, strict=True)
    )
    return nn.ConvTranspose2d(
        a, b, _KERNEL, _STRIDE, _PADDING, output_padding=extra, bias=bias
    )
