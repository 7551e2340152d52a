"""Retraining: new results in the store make new versions of the campaign's models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from bigloop.contracts import (
    BigloopError,
    Campaign,
    Estimate,
    Learning,
    ModelVersion,
    NotFoundError,
    Snapshot,
    SourceError,
    SpecError,
    TrainingRow,
)
from bigloop.db import Standing, Store
from bigloop.loop import versions
from bigloop.loop.cluster import connect
from bigloop.loop.filing import read, write

if TYPE_CHECKING:
    from bigloop.models.lesson import Task, Trained

PREDICTOR = ""
LEVEL = 0.9
"""Of the intervals that fresh results are held against."""
ENOUGH = 5
"""Fresh results below which nothing is said of intervals."""


def train_here(task: Task) -> Trained | None:
    """Train in this process, on the GPU when there is one."""
    import torch

    from bigloop.models.training import run

    return run(task, "cuda" if torch.cuda.is_available() else "cpu")


class TrainingActor:
    """Training in a process of its own, where the cluster has a GPU to give."""

    def train(self, task: Task) -> Trained | None:
        """As `train_here`."""
        return train_here(task)


class Trainer:
    """Trains the models of a campaign, in this process or in a Ray actor.

    The predictor is trained with every new label, the model of a source by its
    `learns`: after so many results, and sooner when fresh ones contradict its
    intervals. All that is decided here follows from the store and from what has been
    taken in.

    Args:
        store: where models go.
        campaign: the specification.
        folder: where files of outcomes are, and weights go.
        base: folder that paths in the campaign are relative to.
        on_ray: whether to train on Ray.
        address: of the cluster.
        num_gpus: that the actor asks for.
        note: told what a person should know.
    """

    def __init__(
        self,
        store: Store,
        campaign: Campaign,
        folder: Path,
        base: Path,
        *,
        on_ray: bool = False,
        address: str = "",
        num_gpus: float = 0.0,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.store, self.campaign = store, campaign
        self.folder, self.base, self.note = folder, base, note
        self._on_ray, self._address, self._num_gpus = on_ray, address, num_gpus
        self._actor: Any = None
        self._files: dict[str, bytes] = {}
        self._broken: dict[tuple[str, int], bool] = {}

    def begin(self, actor: str) -> None:
        """Take in the versions that sources begin with; one that is wrong is said."""
        known = {standing.source for standing in self.store.standings(self._name)}
        for source in versions.learning(self.campaign):
            learns = self.campaign.sources[source].learns
            if learns is None or source in known:
                continue
            try:
                content = start_of(learns, self.base)
            except SpecError as error:
                self.note(f"{source}: {error}; it begins without a version")
                continue
            if content is not None:
                version = _given(self.campaign, source, content)
                self._add(version, content, actor)

    def update(self, seen: Sequence[str], actor: str) -> list[ModelVersion]:
        """New versions where they are due; mostly none.

        Depends on `seen` alone: a loop that was killed between training and the next
        decision finds its models in the store.
        """
        kinds = versions.learning(self.campaign)
        if self.campaign.predictor is not None:
            kinds = [PREDICTOR, *kinds]
        found = (self._update(kind, seen, actor) for kind in kinds)
        return [version for version in found if version is not None]

    def versions(self, seen: Sequence[str]) -> dict[str, str]:
        """The version in use by source, once these results have been taken in."""
        return versions.present(self.store.standings(self._name), len(seen))

    def estimates(self, seen: Sequence[str]) -> tuple[list[Estimate], str | None]:
        """What the predictor expects of the specimens that have not ended."""
        champion = self._champion(PREDICTOR, seen)
        if self.campaign.predictor is None or champion is None:
            return [], None
        from bigloop.models.training import estimates

        snapshot = self.store.snapshot(self._name, seen)
        return estimates(self.campaign, champion, snapshot), champion.id

    @property
    def _name(self) -> str:
        return self.campaign.name

    def _champion(self, kind: str, seen: Sequence[str]) -> ModelVersion | None:
        found = self.versions(seen).get(kind)
        return None if found is None else self.store.model(self._name, found)

    def _update(
        self, kind: str, seen: Sequence[str], actor: str
    ) -> ModelVersion | None:
        snapshot = self.store.snapshot(self._name, seen, kind)
        mine = [s for s in self.store.standings(self._name) if s.source == kind]
        if not self._is_due(kind, snapshot, mine, seen):
            return None
        champion = self._champion(kind, seen)
        trained = self._train(self._task(kind, snapshot, champion, seen))
        if trained is None:
            return None
        return self._add(trained.version, trained.weights, actor)

    def _is_due(
        self,
        kind: str,
        snapshot: Snapshot,
        mine: Sequence[Standing],
        seen: Sequence[str],
    ) -> bool:
        known = max(map(self._n_labels_of, mine), default=0)
        fresh = n_labels(snapshot, kind) - known
        learns = self.campaign.sources[kind].learns if kind else None
        if learns is None:
            return fresh > 0
        if fresh >= (learns.rows if known else learns.first):
            return True
        champion = self._champion(kind, seen)
        return (
            champion is not None
            and fresh >= ENOUGH
            and self._is_broken(kind, learns, champion, snapshot, snapshot.rows[known:])
        )

    def _n_labels_of(self, standing: Standing) -> int:
        found = self.store.model(self._name, standing.id)
        return int(found.metrics.get("n_labelled", 0))

    def _is_broken(
        self,
        kind: str,
        learns: Learning,
        champion: ModelVersion,
        snapshot: Snapshot,
        fresh: Sequence[TrainingRow],
    ) -> bool:
        """Whether results since the last training contradict the intervals.

        That is when the 95 % interval of the share that lies inside ends below the
        level. The properties of one run count as one result, not as many.
        """
        key = champion.id, len(snapshot.rows)
        if key not in self._broken:
            from bigloop.models.scores import wilson
            from bigloop.models.training import make_learner

            try:
                task = self._task(kind, snapshot, champion, ())
                runs = make_learner(learns).judge(task.weights, fresh, task)
            except BigloopError as error:
                self.note(f"{kind}: its intervals cannot be judged: {error}")
                runs = []
            hits = sum(fmean(h.is_covered(LEVEL) for h in run) for run in runs)
            enough = len(runs) >= ENOUGH
            self._broken[key] = enough and wilson(hits, len(runs))[1] < LEVEL
        return self._broken[key]

    def _task(
        self,
        kind: str,
        snapshot: Snapshot,
        champion: ModelVersion | None,
        seen: Sequence[str],
    ) -> Task:
        from bigloop.models.lesson import Task

        weights = b""
        if kind and champion is not None:
            try:
                weights = read(self.folder, champion.sha256)
            except NotFoundError as error:
                self.note(f"{kind}: {error}")
        return Task(
            campaign=self.campaign,
            snapshot=snapshot,
            seen=len(seen),
            champion=champion,
            weights=weights,
            source=kind,
            files=self._contents(snapshot.rows),
            base=self.base,
        )

    def _contents(self, rows: Iterable[TrainingRow]) -> dict[str, bytes]:
        """What the rows' files hold; one that is gone is left out, and said."""
        wanted = {sha256 for row in rows for sha256 in row.files.values()}
        for sha256 in wanted - self._files.keys():
            try:
                self._files[sha256] = read(self.folder, sha256)
            except NotFoundError as error:
                self.note(str(error))
        return {k: self._files[k] for k in sorted(wanted & self._files.keys())}

    def _add(self, version: ModelVersion, weights: bytes, actor: str) -> ModelVersion:
        """Keep a version: its file first, then what is known of it, in one step."""
        if weights:
            name = f"{version.source}-{version.id[:12]}.safetensors"
            sha256 = write(self.folder, weights)
            self.store.add_artifact(self._name, sha256, name, len(weights), actor)
        is_promoted = version.status == "champion"
        added = version.model_copy(update={"status": "challenger"})
        reason = str(version.parameters.get("promotion", ""))
        self.store.add_model(
            version if version.status == "failed" else added,
            actor,
            promote=reason if is_promoted else None,
        )
        return version

    def _train(self, task: Task) -> Trained | None:
        if not self._on_ray:
            return train_here(task)
        ray = connect(self._address)
        try:
            if self._actor is None:
                remote = ray.remote(TrainingActor)
                options = remote.options(
                    num_cpus=0, num_gpus=self._num_gpus, max_restarts=0
                )
                self._actor = options.remote()
            trained: Trained | None = ray.get(self._actor.train.remote(task))
        except ray.exceptions.RayError as error:
            self._actor = None
            raise SourceError(
                f"training on Ray failed ({type(error).__name__}); it is tried again "
                "with the next decision"
            ) from None
        return trained


def start_of(learns: Learning, base: Path) -> bytes | None:
    """The file of the version that a source begins with; none where none is given.

    Raises:
        SpecError: no such file, another hash, or no model of this kind.
        NotFoundError: what learns is not installed.
    """
    from bigloop.models import artifact
    from bigloop.models.training import make_learner

    learner = make_learner(learns)
    if learns.start is None:
        return None
    path = base / learns.start
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SpecError(f"learns.start: {path}: {error.strerror}") from None
    found = artifact.address(content)
    if learns.sha256 not in (None, found):
        raise SpecError(
            f"learns.start: {path}: its SHA-256 begins with {found[:12]}, asked for "
            f"{str(learns.sha256)[:12]}; give the file that has it"
        )
    try:
        learner.check(content)
    except SpecError as error:
        raise SpecError(f"learns.start: {path}: {error}") from None
    return content


def _given(campaign: Campaign, source: str, content: bytes) -> ModelVersion:
    """The version that a file makes: the first champion, trained elsewhere."""
    from bigloop.contracts import content_hash
    from bigloop.models import artifact

    sha256, learns = artifact.address(content), campaign.sources[source].learns
    assert learns is not None
    return ModelVersion(
        id=content_hash([sha256, campaign.name, source]),
        campaign=campaign.name,
        source=source,
        model=learns.model,
        snapshot="",
        n_rows=0,
        status="champion",
        parameters={
            "sha256": sha256,
            "file": learns.start,
            "promotion": "it was given at the start",
        },
    )


def n_labels(snapshot: Snapshot, kind: str) -> int:
    """Rows that say what is to be learned: exact labels, or whole runs."""
    if kind:
        return len(snapshot.rows)
    return sum(row.value is not None and not row.censored for row in snapshot.rows)
