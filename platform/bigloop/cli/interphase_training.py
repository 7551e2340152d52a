"""Training a model of interphases: progress, tracking, a file, a report beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from bigloop.cli.output import say, table
from bigloop.cli.training_output import ProgressLine, write_model
from bigloop.contracts import DivergenceError, SpecError
from bigloop.tracking import Tracker, TrainingRun

if TYPE_CHECKING:
    from bigloop.models.interphase import InterphaseRNN, Recipe, Records, Sizes, Step
    from bigloop.models.interphase.layout import Kind

TRACK_EVERY = 10
"""Steps between two that are tracked."""
SHARES = (0.5, 0.8, 0.95)
LEAST_TO_CALIBRATE = 20
"""Specimens by which spreads are set right; by fewer they would be set by chance."""


@dataclass(slots=True)
class InterphaseTraining:
    """One call of `bigloop train interphase`."""

    data: Path
    out: Path
    kinds: dict[str, Kind]
    recipe: Recipe
    sizes: Sizes
    held_out: float
    tracker: Tracker
    is_stopping: bool = field(default=False, init=False)
    _line: ProgressLine = field(default_factory=ProgressLine, init=False)
    _steps: list[tuple[int, float]] = field(default_factory=list, init=False)
    _n_told: int = field(default=0, init=False)

    def run(self) -> bool:
        """Train, judge on held-out specimens, write; whether it came to its end."""
        from bigloop.models.interphase import InterphaseRNN, Records, read_table

        if not 0.0 <= self.held_out < 1.0:
            raise SpecError(
                f"--held-out {self.held_out:g}: give a share from 0 to below 1"
            )
        found = read_table(self.data, self.kinds)
        records = Records.of(found.layout, found.histories)
        kept, held = _split(len(records), self.held_out, self.recipe.seed)
        told, judged = _halved(records, held)
        self._n_told = len(told)
        model = InterphaseRNN(found.layout, self.sizes, self.recipe)
        say(
            f"{self.data}: {len(records)} specimens, {int(records.mask.sum())} readings"
        )
        run = TrainingRun(self.tracker, f"interphase-{self.out.stem}")
        sha256 = hashlib.sha256(self.data.read_bytes()).hexdigest()
        run.begin(
            {**self.recipe.model_dump(), **self.sizes.model_dump(), "data": sha256},
            {"bigloop.model": "interphase-rnn", "bigloop.snapshot": sha256},
        )
        self._fit(model, records[kept], run)
        if told:
            model.calibrate(records[told])
        scores = _judge(model, records[judged])
        files = self._write(model, scores, sha256)
        is_done = len(self._steps) == self.recipe.steps
        metrics = {k: v for s in scores for k, v in s["metrics"].items()}
        run.end("FINISHED" if is_done else "KILLED", metrics, files)
        self._tell(scores, run)
        return is_done

    def stop(self) -> None:
        """End after this step, with what was learned so far."""
        self.is_stopping = True

    def _fit(self, model: InterphaseRNN, records: Records, run: TrainingRun) -> None:
        from bigloop.models.interphase import Watch

        def on_step(step: Step) -> None:
            self._progress(step, run)

        watch = Watch(on_step=on_step, is_stopped=lambda: self.is_stopping)
        try:
            model.fit(records, watch)
        except (DivergenceError, SpecError):
            run.end("FAILED")
            raise
        self._line.end()

    def _progress(self, step: Step, run: TrainingRun) -> None:
        self._steps.append((step.number, step.loss))
        if step.number % TRACK_EVERY == 0:
            run.epoch(step.number, {"loss": step.loss})
        self._line.show(
            f"step {step.number} of {self.recipe.steps}: loss {step.loss:.3f}"
        )

    def _write(
        self, model: InterphaseRNN, scores: list[dict[str, Any]], sha256: str
    ) -> list[Path]:
        from bigloop.models.artifact import address

        content = model.to_bytes()
        document = {
            "kind": "interphase training",
            "sha256": address(content),
            "data": sha256,
            "layout": model.layout.model_dump(mode="json"),
            "recipe": self.recipe.model_dump(mode="json"),
            "sizes": self.sizes.model_dump(mode="json"),
            "steps": [{"step": n, "loss": loss} for n, loss in self._steps],
            "calibrated_by": self._n_told,
            "scores": scores,
        }
        return write_model(self.out, content, document)

    def _tell(self, scores: list[dict[str, Any]], run: TrainingRun) -> None:
        ended = "done" if len(self._steps) == self.recipe.steps else "interrupted"
        say(f"{self.out}: {ended} after {len(self._steps)} steps")
        if scores:
            levels = [f"in {100 * share:.0f} %" for share in SHARES]
            title = ["held out, from the configuration", "n", "RMSE", *levels]
            if self._n_told:
                say(f"spreads set right by {self._n_told} other held-out specimens")
            table(title, [score["row"] for score in scores])
        if run.problem is not None:
            say(f"not tracked: {run.problem}")


def parse_kinds(given: Sequence[str]) -> dict[str, Kind]:
    """`OBSERVABLE=KIND` each.

    Raises:
        SpecError: another form, an unknown kind, or a name given twice.
    """
    from bigloop.models.interphase.layout import Kind

    found: dict[str, Any] = {}
    for text in given:
        name, _, kind = text.partition("=")
        if not name or kind not in get_args(Kind) or name in found:
            raise SpecError(
                f"--kind {text!r}: give OBSERVABLE={', '.join(get_args(Kind))}, each "
                "observable once"
            )
        found[name] = kind
    return found


def _split(n: int, share: float, seed: int) -> tuple[list[int], list[int]]:
    import numpy as np

    order = np.random.default_rng(seed).permutation(n).tolist()
    n_judged = round(share * n)
    return sorted(order[n_judged:]), sorted(order[:n_judged])


def _halved(records: Records, held: list[int]) -> tuple[list[int], list[int]]:
    """Those by which spreads are set right, and those that judge; few only judge."""
    read = [i for i in held if bool(records.mask[i].any())]
    told = read[::2]
    if len(told) < LEAST_TO_CALIBRATE:
        return [], held
    return told, sorted(set(held) - set(told))


def _judge(model: InterphaseRNN, records: Records) -> list[dict[str, Any]]:
    """Of forecasts from the configuration alone, channel by channel."""
    if not len(records):
        return []
    forecast = model.forecast(records.until(-1.0), lives=256)
    exact = (records.mask * (1.0 - records.censored)) > 0
    inside = {}
    for share in SHARES:
        low, high = forecast.interval(share)
        inside[share] = (records.values >= low) & (records.values <= high)
    scores = []
    for c, channel in enumerate(model.layout.channels):
        told = exact[..., c]
        if not bool(told.any()):
            continue
        name = f"{channel.source}/{channel.observable}"
        off = (records.values - forecast.mean)[..., c][told]
        rmse, n = float(off.square().mean().sqrt()), len(off)
        hits = [float(inside[share][..., c][told].float().mean()) for share in SHARES]
        covered = zip(SHARES, hits, strict=True)
        metrics = {f"test_{name}_in_{100 * s:.0f}": hit for s, hit in covered}
        row = [name, str(n), f"{rmse:.4g}", *(f"{100 * hit:.0f} %" for hit in hits)]
        metrics[f"test_{name}_rmse"] = rmse
        scores.append({"channel": name, "n": n, "metrics": metrics, "row": row})
    return scores
