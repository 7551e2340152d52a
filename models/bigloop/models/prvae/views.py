"""Views that come in: named, checked, as tensors of the right kind."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bigloop.contracts import SpecError
from bigloop.models.prvae.data import SeiData, of_arrays
from bigloop.models.prvae.settings import Architecture

PICTURE, BARRIERS, PROPERTIES = "picture", "barriers", "properties"


def data_of(
    views: Mapping[str, Tensor], missing: Mapping[str, Tensor], of: Architecture
) -> SeiData:
    """Rows to learn from; masks are `n` or of the shape of the view.

    Raises:
        SpecError: other names, shapes that do not fit, NaN that is not masked.
    """
    allowed = (PICTURE, BARRIERS, PROPERTIES)
    if PICTURE not in views or (set(views) | set(missing)) - set(allowed):
        raise SpecError(
            f"views: {sorted({*views, *missing})}: give {PICTURE}, and {BARRIERS} and "
            f"{PROPERTIES} where known"
        )
    plain = {name: np.asarray(value.cpu()) for name, value in views.items()}
    known = {name: ~np.asarray(value.cpu(), bool) for name, value in missing.items()}
    if PROPERTIES in known and known[PROPERTIES].ndim == 1:
        wide = known[PROPERTIES][:, None]
        known[PROPERTIES] = np.repeat(wide, len(of.properties), axis=1)
    if BARRIERS in known and known[BARRIERS].ndim == 2:
        known[BARRIERS] = np.asarray(known[BARRIERS].all(axis=1))
    return of_arrays(
        plain[PICTURE],
        plain.get(BARRIERS),
        plain.get(PROPERTIES),
        has_barriers=known.get(BARRIERS),
        has_properties=known.get(PROPERTIES),
        names=of.properties,
        n_barriers=of.n_barriers,
    )


def codes_of(views: Mapping[str, Tensor], of: Architecture) -> Tensor:
    """Pictures to encode, bytes.

    Raises:
        SpecError: no picture, another shape than was learned, or unknown codes.
    """
    if PICTURE not in views:
        raise SpecError(f"views: {sorted(views)}: give {PICTURE}")
    found = of_arrays(np.asarray(views[PICTURE].cpu())).pictures
    if found.shape[1:] != (of.rows, of.columns):
        raise SpecError(
            f"{PICTURE}: {found.shape[1]} x {found.shape[2]} sites: the model has "
            f"learned {of.rows} x {of.columns}; give pictures of that shape"
        )
    check_codes(found, of)
    return torch.tensor(found)


def check_codes(codes: NDArray[np.uint8], of: Architecture) -> None:
    """Refuse classes that there are not.

    Raises:
        SpecError: a code is too high.
    """
    if codes.size and codes.max() >= of.n_classes:
        raise SpecError(
            f"pictures: code {codes.max()}: there are {of.n_classes} classes, from 0; "
            "give codes of species"
        )


def latents_of(z: Tensor, of: Architecture) -> Tensor:
    """Latents in single precision.

    Raises:
        SpecError: another width, or not finite.
    """
    if z.ndim != 2 or z.shape[1] != of.latent or not z.isfinite().all():
        raise SpecError(
            f"z: shape {tuple(z.shape)}: give finite numbers, n x {of.latent}"
        )
    return z.to(torch.float32)


def barriers_of(
    given: Mapping[str, Tensor], n: int, of: Architecture
) -> tuple[Tensor, Tensor]:
    """Barriers `n x 15` [eV] and whether they are known, `n`.

    Raises:
        SpecError: another view, another shape, or not finite.
    """
    if unknown := [name for name in given if name != BARRIERS]:
        raise SpecError(f"given: {unknown[0]!r}: only {BARRIERS} can be given")
    if BARRIERS not in given:
        return torch.zeros(n, of.n_barriers), torch.zeros(n, dtype=torch.bool)
    values = given[BARRIERS]
    is_wide = values.ndim == 2 and values.shape[1] == of.n_barriers
    if not is_wide or len(values) not in (1, n) or not values.isfinite().all():
        raise SpecError(
            f"{BARRIERS}: shape {tuple(values.shape)}: give finite numbers [eV], "
            f"{n} x {of.n_barriers}"
        )
    wide = values.to(torch.float32).expand(n, -1)
    return wide, torch.ones(n, dtype=torch.bool)
