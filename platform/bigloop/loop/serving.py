"""A generative model in a Ray actor, for whoever on the cluster asks it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigloop.contracts import SpecError
from bigloop.loop.cluster import connect

if TYPE_CHECKING:
    from torch import Tensor


class ModelActor:
    """A prVAE from its file; each call is one of the model's own.

    The content travels to the actor, so that no node needs the file.
    """

    def __init__(self, content: bytes, device: str = "auto") -> None:
        from bigloop.models.prvae.model import PrVAE

        self._model = PrVAE.from_bytes(content, device)

    def encode(self, views: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the latent, `n x latent` each."""
        return self._model.encode(views)

    def decode(
        self, z: Tensor, given: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Views of latents."""
        return self._model.decode(z, given)

    def predict(self, views: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Mean, aleatoric and epistemic deviation of the properties, `n x k` each."""
        found = self._model.predict(views)
        return {
            "mean": found.mean,
            "aleatoric": found.aleatoric,
            "epistemic": found.epistemic,
        }

    def sample(
        self, n: int, given: Mapping[str, Tensor] | None = None, seed: int = 0
    ) -> dict[str, Tensor]:
        """Views of new specimens."""
        return self._model.sample(n, given, seed=seed)


def serve(
    path: Path, *, address: str = "", num_gpus: float = 0.0, sha256: str | None = None
) -> Any:
    """Start an actor that answers for a model file; end it with `ray.kill`.

    Args:
        path: of the file.
        address: of a Ray cluster; empty: a local one.
        num_gpus: that the actor asks for.
        sha256: that the file must have.

    Raises:
        SpecError: no such file, another hash, or no model of ours in it.
        SourceError: no cluster answers.
    """
    from bigloop.models.prvae.file import load
    from bigloop.models.prvae.model import PrVAE

    # Refused here, in words, not in the log of an actor that died.
    content = load(path, PrVAE, sha256=sha256).to_bytes()
    if num_gpus < 0:
        raise SpecError(f"num_gpus: {num_gpus}: give 0 or more")
    ray = connect(address)
    device = "cuda" if num_gpus else "cpu"
    options = ray.remote(ModelActor).options(
        num_cpus=0, num_gpus=num_gpus, max_restarts=0, max_task_retries=0
    )
    return options.remote(content, device)
