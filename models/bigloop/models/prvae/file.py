"""A prVAE as a file: safetensors, with what it is as JSON and a hash of the weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor

from bigloop.contracts import SpecError, parse
from bigloop.models import artifact
from bigloop.models.prvae.calibration import Calibration
from bigloop.models.prvae.conditioning import Box, Inverse, Prior
from bigloop.models.prvae.flow import ConditionalFlow
from bigloop.models.prvae.forward import Forward
from bigloop.models.prvae.network import Network
from bigloop.models.prvae.settings import Architecture, Training
from bigloop.models.prvae.tensors import Scales

if TYPE_CHECKING:
    from bigloop.models.prvae.model import Learned, PrVAE

_MODEL = "prvae"
_FORMAT = 1
Model = TypeVar("Model", bound="PrVAE")


def to_bytes(model: PrVAE) -> bytes:
    """Everything that was learned."""
    tensors = _tensors(model.learned)
    metadata = {
        "model": _MODEL,
        "format": _FORMAT,
        "architecture": model.learned.network.architecture.model_dump(mode="json"),
        "training": model.training.model_dump(mode="json"),
        "weights": _digest(tensors),
    }
    return artifact.pack(tensors, metadata)


def from_bytes(kind: type[Model], content: bytes, device: str) -> Model:
    """The model in a file.

    Raises:
        SpecError: another model, other weights than were written, or weights that are
            not those of the architecture named.
    """
    tensors, metadata = artifact.unpack(content, _MODEL)
    if metadata.get("weights") != _digest(tensors):
        raise SpecError(
            "the weights of the file are not those that were written; take it from "
            "where it came from again"
        )
    architecture = parse(Architecture, metadata["architecture"], "file.architecture")
    model = kind(
        parse(Training, metadata["training"], "file.training"), architecture, device
    )
    placed = {k: v.to(model.hardware.device) for k, v in tensors.items()}
    model._learned = _learned(architecture, placed)
    return model


def load(
    path: Path,
    kind: type[Model],
    *,
    device: str = "cpu",
    sha256: str | None = None,
    architecture: Architecture | None = None,
) -> Model:
    """Read a file and hold it against what is expected of it.

    Args:
        path: of the file.
        kind: `PrVAE`.
        device: where it computes.
        sha256: of the whole file.
        architecture: that it must have.

    Raises:
        SpecError: no such file, another hash, another architecture, or damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror}; give a model file") from None
    if sha256 is not None and artifact.address(content) != sha256:
        raise SpecError(
            f"{path}: its SHA-256 begins with {artifact.address(content)[:12]}, asked "
            f"for {sha256[:12]}; give the file that has it"
        )
    model = from_bytes(kind, content, device)
    found = model.learned.network.architecture
    if architecture is not None and found != architecture:
        name = next(
            name
            for name in Architecture.model_fields
            if getattr(found, name) != getattr(architecture, name)
        )
        raise SpecError(
            f"{path}: architecture.{name} is {getattr(found, name)}, asked for "
            f"{getattr(architecture, name)}; train it anew or give the other file"
        )
    return model


def _tensors(learned: Learned) -> dict[str, Tensor]:
    found = {f"network.{k}": v for k, v in learned.network.state_dict().items()}
    for name in Scales.__slots__:
        found[f"scales.{name}"] = getattr(learned.scales, name)
    found["weights"] = learned.weights
    found["calibration"] = learned.calibration.widths
    if learned.prior is not None:
        for part in ("flow", "forward"):
            state = _state(getattr(learned.prior, part))
            found |= {f"prior.{part}.{k}": v for k, v in state.items()}
        for name in ("units", "centre", "spread"):
            found[f"prior.{name}"] = getattr(learned.prior, name)
    if learned.inverse is not None:
        flow = learned.inverse.flow
        found |= {f"inverse.flow.{k}": v for k, v in _state(flow).items()}
        found["inverse.low"] = learned.inverse.box.low
        found["inverse.high"] = learned.inverse.box.high
    return found


def _learned(of: Architecture, tensors: dict[str, Tensor]) -> Learned:
    from bigloop.models.prvae.model import Learned

    network = Network(of).to(tensors["weights"].device)
    try:
        network.load_state_dict(_part(tensors, "network."))
        scales = Scales(**{k: tensors[f"scales.{k}"].cpu() for k in Scales.__slots__})
        return Learned(
            network=network.eval(),
            scales=scales,
            weights=tensors["weights"],
            calibration=Calibration(widths=tensors["calibration"].cpu()),
            prior=_prior(of, tensors),
            inverse=_inverse(of, tensors),
        )
    except (RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SpecError(
            f"the weights are not those of the architecture in the file ({reason}); "
            "train the model again"
        ) from None


def _prior(of: Architecture, tensors: dict[str, Tensor]) -> Prior | None:
    if "prior.units" not in tensors:
        return None
    units = tensors["prior.units"]
    told = of.n_barriers + 2 * len(of.properties)
    return Prior(
        flow=_flow(len(units), told, _part(tensors, "prior.flow.")),
        forward=_forward(of, _part(tensors, "prior.forward.")),
        units=units,
        centre=tensors["prior.centre"],
        spread=tensors["prior.spread"],
        latent=of.latent,
    )


def _inverse(of: Architecture, tensors: dict[str, Tensor]) -> Inverse | None:
    if "inverse.low" not in tensors:
        return None
    context = 2 * len(of.properties)
    return Inverse(
        flow=_flow(of.n_barriers, context, _part(tensors, "inverse.flow.")),
        box=Box(low=tensors["inverse.low"], high=tensors["inverse.high"]),
    )


def _flow(d: int, context: int, state: dict[str, Tensor]) -> ConditionalFlow:
    flow = ConditionalFlow(d, context)
    flow.to(state["order"].device)
    flow.load_state_dict(state)
    flow.eval()
    return flow


def _forward(of: Architecture, state: dict[str, Tensor]) -> Forward:
    forward = Forward(of.n_barriers, len(of.properties))
    forward.to(next(iter(state.values())).device)
    forward.load_state_dict(state)
    forward.eval()
    return forward


def _state(module: Any) -> dict[str, Tensor]:
    return dict(module.state_dict())


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)
    }


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        values = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {values.dtype} {tuple(values.shape)}\n".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
