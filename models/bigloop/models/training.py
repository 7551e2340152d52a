"""Training, judging and using the models of a campaign: pure functions."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from bigloop.contracts import (
    Campaign,
    DivergenceError,
    Estimate,
    Learning,
    ModelVersion,
    Observable,
    Snapshot,
    SpecError,
    TrainingRow,
    plugins,
)
from bigloop.contracts import Predictor as Spec
from bigloop.models import artifact, holdout, promotion, scores
from bigloop.models.inputs import Inputs
from bigloop.models.learner import Learner
from bigloop.models.lesson import Lesson, Task, Trained, failed, version_of
from bigloop.models.predictor import Predictor, PredictorFactory
from bigloop.models.threads import one_thread


def run(task: Task, device: str = "cpu") -> Trained | None:
    """Train what a task asks for: the predictor, or the model of a source.

    What a source's model cannot be trained from is recorded as a failed version: the
    campaign goes on with the champion.

    Raises:
        SpecError: the campaign has no predictor, or its options do not fit.
        NotFoundError: what learns is not installed.
    """
    seed = task.campaign.seed
    if not task.source:
        version = train(
            task.campaign, task.snapshot, task.champion, seed, device, task.seen
        )
        return None if version is None else Trained(version=version)
    learns = task.campaign.sources[task.source].learns
    if learns is None:
        raise SpecError(f"sources.{task.source}: it has no model; add `learns`")
    try:
        learner = make_learner(learns)
        lesson = learner.learn(task, learns, seed, device)
    except (SpecError, DivergenceError) as error:
        return failed(task, learns.model, str(error), seed)
    return version_of(task, learns.model, lesson, seed)


def make_learner(learns: Learning) -> Learner:
    """What trains and judges the model of a source.

    Raises:
        NotFoundError: it is not installed.
        SpecError: it has no such options, or is no learner.
    """
    make = plugins.load("models", learns.model)
    if not callable(getattr(make, "learn", None)):
        raise SpecError(
            f"learns.model: {learns.model!r} trains no model of a source; give prvae"
        )
    try:
        made: Learner = make(**learns.options)
    except TypeError as error:
        raise SpecError(f"learns.options of {learns.model!r}: {error}") from None
    return made


def train(
    campaign: Campaign,
    snapshot: Snapshot,
    champion: ModelVersion | None,
    seed: int,
    device: str = "cpu",
    seen: int = 0,
) -> ModelVersion | None:
    """A new version of the campaign's predictor, judged on held-out specimens.

    The first version is champion; later ones are by `promotion.compare`. Equal
    arguments give equal versions. The caller stores it, and retires the old champion
    when the new `status` is `champion`.

    Args:
        campaign: names the predictor, its inputs and its target.
        snapshot: the specimens.
        champion: the version in use.
        seed: of predictors that draw random numbers.
        device: where the predictor computes.
        seen: results that had been taken in.

    Returns:
        The version; none when no specimen has an exact value to learn from.

    Raises:
        SpecError: the campaign has no predictor, or its options do not fit.
        NotFoundError: the predictor is not installed.
    """
    import torch

    rows, spec = snapshot.rows, _spec(campaign)
    if not any(holdout.is_exact(row) for row in rows):
        return None
    log = campaign.observables[spec.predicts].log
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        lesson = _learn(campaign, _factory(campaign, device), rows, champion, log=log)
    task = Task(campaign=campaign, snapshot=snapshot, champion=champion, seen=seen)
    return version_of(task, spec.model, lesson, seed).version


def estimates(
    campaign: Campaign, version: ModelVersion, snapshot: Snapshot
) -> list[Estimate]:
    """What a version expects of the specimens without an exact value, in their order.

    A censored specimen's estimate lies above what it has outlived.

    Raises:
        SpecError: the version's file is damaged, or a row lacks one of its inputs.
    """
    open_rows = [row for row in snapshot.rows if not holdout.is_exact(row)]
    if not open_rows:
        return []
    with one_thread():
        predictor = restore(version)
        parts = (*predictor.predict(open_rows), predictor.shared(open_rows))
    columns = (part.tolist() for part in parts)
    return [
        Estimate(
            trial=row.trial,
            observable=_spec(campaign).predicts,
            mean=mean,
            sd_aleatoric=aleatoric,
            sd_epistemic=epistemic,
            common=tuple(common),
            model_version=version.id,
        )
        for row, mean, aleatoric, epistemic, common in zip(
            open_rows, *columns, strict=True
        )
    ]


def restore(version: ModelVersion, device: str = "cpu") -> Predictor:
    """The predictor in a version.

    Raises:
        SpecError: the file is damaged: it does not have its hash.
    """
    try:
        content = base64.b64decode(version.artifact, validate=True)
    except binascii.Error:
        content = b""
    if artifact.address(content) != version.parameters.get("sha256"):
        raise SpecError(
            f"the file of model {version.id[:12]} is damaged; train the model again"
        )
    factory = cast(PredictorFactory, plugins.load("models", version.model))
    return factory.from_bytes(content, device)


def _learn(
    campaign: Campaign,
    make: holdout.Make,
    rows: Sequence[TrainingRow],
    champion: ModelVersion | None,
    *,
    log: bool,
) -> Lesson:
    predictor = make()
    predictor.fit_rows(rows)
    one_out = holdout.leave_specimens_out(make, rows, log=log)
    batch_out = holdout.leave_batches_out(make, rows, log=log)
    return Lesson(
        content=predictor.to_bytes(),
        n_labelled=len(predictor.labelled),
        against=_against(champion, rows, one_out, log=log),
        metrics={
            "n_censored": float(sum(row.censored for row in rows)),
            **scores.metrics(one_out, "specimen_out", log=log),
            **scores.metrics(batch_out, "batch_out", log=log),
        },
        parameters={**_parameters(campaign), "learned": predictor.summary()},
        calibration=[
            *scores.calibration(one_out, "leave one specimen out"),
            *scores.calibration(batch_out, "leave one batch out"),
        ],
    )


def _spec(campaign: Campaign) -> Spec:
    if campaign.predictor is None:
        raise SpecError(
            f"campaign {campaign.name!r} has no predictor; declare one to train it"
        )
    return campaign.predictor


def _parameters(campaign: Campaign) -> dict[str, Any]:
    spec = _spec(campaign)
    return {
        "predicts": spec.predicts,
        "inputs": Inputs.of(campaign, spec.options.get("features")).names,
        "options": spec.options,
    }


def _factory(campaign: Campaign, device: str) -> holdout.Make:
    spec = _spec(campaign)
    options = dict(spec.options)
    inputs = Inputs.of(campaign, options.pop("features", None))
    target = campaign.observables[spec.predicts]
    scale = float(options.pop("scale", 0.0)) or _scale(spec.predicts, target)
    factory = cast(PredictorFactory, plugins.load("models", spec.model))
    return partial(
        factory, inputs, log=target.log, scale=scale, device=device, **options
    )


def _scale(name: str, target: Observable) -> float:
    """A large difference between specimens: a factor e, or a quarter of the range."""
    if target.log:
        return 1.0
    if target.low is None or target.high is None:
        raise SpecError(
            f"observables.{name}: the predictor needs to know what a large difference "
            "is; give low and high, log: true, or predictor.options.scale"
        )
    return (target.high - target.low) / 4.0


def _against(
    champion: ModelVersion | None,
    rows: Sequence[TrainingRow],
    challenger: Sequence[scores.Held],
    *,
    log: bool,
) -> promotion.Comparison:
    if champion is None:
        return promotion.Comparison(n=0, is_promoted=True, reason="it is the first")
    try:
        present = restore(champion)
        seen = present.labelled
        new = [row for row in rows if seen.get(row.specimen) != row.value]
        return promotion.compare(holdout.score(present, new, log=log), challenger)
    except SpecError as error:
        return promotion.Comparison(
            n=0, is_promoted=True, reason=f"the champion cannot be used: {error}"
        )
