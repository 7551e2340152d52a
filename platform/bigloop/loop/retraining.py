"""Retraining: new labelled rows in the store make a new version of the predictor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bigloop.contracts import Campaign, Estimate, ModelVersion, Snapshot, SourceError
from bigloop.db import Store
from bigloop.loop.cluster import connect


def train_here(
    campaign: Campaign, snapshot: Snapshot, champion: ModelVersion | None
) -> ModelVersion | None:
    """Train in this process, on the GPU when there is one."""
    import torch

    from bigloop.models.training import train

    device = "cuda" if torch.cuda.is_available() else "cpu"
    return train(campaign, snapshot, champion, campaign.seed, device)


class TrainingActor:
    """Training in a process of its own, where the cluster has a GPU to give."""

    def train(
        self, campaign: Campaign, snapshot: Snapshot, champion: ModelVersion | None
    ) -> ModelVersion | None:
        """As `train_here`."""
        return train_here(campaign, snapshot, champion)


class Trainer:
    """Trains the predictor of a campaign, in this process or in a Ray actor.

    Args:
        store: where models go.
        campaign: the specification.
        on_ray: whether to train on Ray.
        address: of the cluster.
        num_gpus: that the actor asks for.
    """

    def __init__(
        self,
        store: Store,
        campaign: Campaign,
        *,
        on_ray: bool = False,
        address: str = "",
        num_gpus: float = 0.0,
    ) -> None:
        self.store, self.campaign = store, campaign
        self._on_ray, self._address, self._num_gpus = on_ray, address, num_gpus
        self._actor: Any = None

    def update(
        self, seen: Sequence[str], actor: str
    ) -> tuple[Snapshot, ModelVersion | None]:
        """A new version when labelled rows came in; it is none when none did.

        Depends on `seen` alone: a loop that was killed between training and the next
        decision finds its model in the store.
        """
        snapshot = self.store.snapshot(self.campaign.name, seen)
        models = self.store.models(self.campaign.name)
        labels = _n_labels(snapshot)
        known = max((_labels_of(m) for m in models), default=0)
        if labels <= known:
            return snapshot, None
        champion = self.store.champion(self.campaign.name)
        version = self._train(snapshot, champion)
        if version is None:
            return snapshot, None
        challenger = version.model_copy(update={"status": "challenger"})
        self.store.add_model(challenger, actor)
        if version.status == "champion":
            reason = str(version.parameters.get("promotion", ""))
            self.store.promote(
                version.id, actor, campaign=self.campaign.name, reason=reason
            )
        return snapshot, version

    def estimates(self, snapshot: Snapshot) -> tuple[list[Estimate], str | None]:
        """What the champion expects of the specimens that have not ended."""
        from bigloop.models.training import estimates

        champion = self.store.champion(self.campaign.name)
        if champion is None:
            return [], None
        return estimates(self.campaign, champion, snapshot), champion.id

    def _train(
        self, snapshot: Snapshot, champion: ModelVersion | None
    ) -> ModelVersion | None:
        if not self._on_ray:
            return train_here(self.campaign, snapshot, champion)
        ray = connect(self._address)
        try:
            if self._actor is None:
                remote = ray.remote(TrainingActor)
                options = remote.options(
                    num_cpus=0, num_gpus=self._num_gpus, max_restarts=0
                )
                self._actor = options.remote()
            asked = self._actor.train.remote(self.campaign, snapshot, champion)
            version: ModelVersion | None = ray.get(asked)
        except ray.exceptions.RayError as error:
            self._actor = None
            raise SourceError(
                f"training on Ray failed ({type(error).__name__}); it is tried again "
                "with the next decision"
            ) from None
        return version


def _n_labels(snapshot: Snapshot) -> int:
    return sum(row.value is not None and not row.censored for row in snapshot.rows)


def _labels_of(version: ModelVersion) -> int:
    return int(version.metrics.get("n_labelled", 0))
