"""Centred Fourier transforms of numpy arrays and torch tensors alike."""

from __future__ import annotations

from typing import Any

import numpy as np

AXES = (-3, -2, -1)


def far_field(rho: Any) -> Any:
    """Far-field amplitude of an object, `... x nx x ny x nz`, complex.

    F(k) = N^(-1/2) sum_x rho(x) exp(-2 pi i k.x / n), unitary: the sum of |F|^2 is that
    of |rho|^2. Both origins lie at index n // 2. A numpy array is transformed by
    scipy.fft in its own precision, a tensor by torch on its own device.
    """
    lib, axes = _library(rho)
    inner = lib.fftn(lib.ifftshift(rho, **axes), **axes, norm="ortho")
    return lib.fftshift(inner, **axes)


def near_field(amplitude: Any) -> Any:
    """Object of a far-field amplitude: the inverse of `far_field`."""
    lib, axes = _library(amplitude)
    inner = lib.ifftn(lib.ifftshift(amplitude, **axes), **axes, norm="ortho")
    return lib.fftshift(inner, **axes)


def _library(array: Any) -> tuple[Any, dict[str, Any]]:
    if isinstance(array, np.ndarray):
        import scipy.fft

        return scipy.fft, {"axes": AXES}
    import torch

    return torch.fft, {"dim": AXES}
