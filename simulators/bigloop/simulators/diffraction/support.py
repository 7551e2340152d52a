"""Supports: the first one, and shrink-wrap [Marchesini2003]_; tensors throughout."""

from __future__ import annotations

from typing import Any

from bigloop.simulators.diffraction.settings import Settings


def first_support(amplitude: Any, settings: Settings) -> Any:
    """Where the object may be at first, bool, `nx x ny x nz`.

    Args:
        amplitude: measured, with its origin in the corner.
        settings: which way.
    """
    import torch

    if settings.initial_support == "box":
        found = torch.zeros_like(amplitude, dtype=torch.bool)
        extent = [int(n * settings.box_fraction) for n in amplitude.shape]
        starts = [(n - e) // 2 for n, e in zip(amplitude.shape, extent, strict=True)]
        found[tuple(slice(s, s + e) for s, e in zip(starts, extent, strict=True))] = (
            True
        )
        return found
    correlation = torch.fft.fftshift(torch.fft.ifftn(amplitude**2).abs())
    wide = correlation > settings.autocorrelation_threshold * correlation.max()
    # An autocorrelation is twice as wide as its object: every second voxel of it.
    index, inside = [], []
    for n in amplitude.shape:
        doubled = 2 * torch.arange(n, device=amplitude.device) - n // 2
        inside.append((doubled >= 0) & (doubled < n))
        index.append(doubled.clamp(0, n - 1))
    x, y, z = torch.meshgrid(*inside, indexing="ij")
    return wide[torch.meshgrid(*index, indexing="ij")] & x & y & z


class ShrinkWrap:
    """The support of an object: where its smoothed amplitude is above a threshold.

    The Gaussian is applied in Fourier space, so the box is periodic.
    """

    def __init__(self, amplitude: Any, settings: Settings) -> None:
        import torch

        self._torch, self._settings = torch, settings
        nx, ny, nz = amplitude.shape
        options = {"device": amplitude.device, "dtype": amplitude.dtype}
        x = torch.fft.fftfreq(nx, **options)[:, None, None]
        y = torch.fft.fftfreq(ny, **options)[None, :, None]
        z = torch.fft.rfftfreq(nz, **options)[None, None, :]
        self._square = x**2 + y**2 + z**2
        self._sigma, self._kernel = 0.0, self._square

    def __call__(self, rho: Any, progress: float) -> Any:
        """A new support, bool.

        Args:
            rho: the object.
            progress: of the phasing, 0 to 1; sets the width of the Gaussian.
        """
        s = self._settings
        late = min(2 * progress, 1.0)
        sigma = s.sigma_first + late * (s.sigma_last - s.sigma_first)
        if sigma != self._sigma:
            self._sigma = sigma
            factor = -2 * (self._torch.pi * sigma) ** 2
            self._kernel = self._torch.exp(factor * self._square)
        fft = self._torch.fft
        smooth = fft.irfftn(fft.rfftn(rho.abs()) * self._kernel, s=rho.shape)
        return smooth >= s.shrink_threshold * smooth.max()
