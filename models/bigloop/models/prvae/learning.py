"""The prVAE as the model of a source: trained and judged on a campaign's runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from bigloop.contracts import Learning, SpecError, TrainingRow, parse
from bigloop.models import promotion, scores
from bigloop.models.lesson import Lesson, Task
from bigloop.models.prvae.runs import data_of_runs, with_lattice
from bigloop.models.prvae.settings import PROPERTIES, Architecture, Training
from bigloop.models.scores import Held

if TYPE_CHECKING:
    from bigloop.models.prvae.data import SeiData
    from bigloop.models.prvae.model import PrVAE

EVERY = 5
"""Each so many-th new run is never learned from, by no later version either: on these
champion and challenger are compared. Of the others one in so many is for validation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shares:
    """Who is told of which runs."""

    train: list[TrainingRow]
    validation: list[TrainingRow]
    held_out: list[TrainingRow]

    @property
    def told(self) -> list[str]:
        """Trials that the model has learned from."""
        return [row.trial for row in (*self.train, *self.validation)]


class PrvaeLearner:
    """Trains prVAEs from the lattices that runs handed in.

    Args:
        properties: that the model learns, by the names of the lattice's arrays, or
            `volume_fraction`.
        architecture: sizes of the networks (`Architecture`); the shape and the
            properties are those of the data.
        training: how it is trained (`Training`).

    Raises:
        SpecError: an option is unknown or wrong.
    """

    def __init__(
        self,
        properties: Sequence[str] = PROPERTIES,
        architecture: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
    ) -> None:
        self.properties = tuple(properties)
        if not self.properties:
            raise SpecError("learns.options.properties: is empty; name what is learned")
        where = "learns.options"
        self._architecture = dict(architecture or {})
        parse(Architecture, self._architecture, f"{where}.architecture")
        self._training = dict(training or {})
        parse(Training, self._training, f"{where}.training")

    def check(self, content: bytes) -> None:
        """Whether a file is a prVAE of these properties.

        Raises:
            SpecError: it is not, and why.
        """
        self._opened(content)

    def learn(self, task: Task, learns: Learning, seed: int, device: str) -> Lesson:
        """A prVAE of the runs, and of the data set where the campaign names one.

        Raises:
            SpecError: too few rows, nothing varies, or a file cannot be read.
            DivergenceError: the training diverged.
        """
        from bigloop.models.prvae.data import check_to_learn
        from bigloop.models.threads import one_thread

        rows = with_lattice(task.snapshot.rows, task.files)
        shares = self._shares(rows, task)
        train, validation = self._data(shares, task, learns, seed)
        check_to_learn(train)
        model = self._new(train, seed, device)
        with one_thread():
            model.fit_data(train, validation)
            content = model.to_bytes()
            self.check(content)
            held = self.judge(content, shares.held_out, task)
            against = self._against(task, shares, held)
        flat = [entry for run in held for entry in run]
        return Lesson(
            content=content,
            n_labelled=len(rows),
            against=against,
            metrics=_metrics(held, self.properties),
            parameters=self._parameters(shares, task, train, model, learns),
            calibration=[
                entry
                for i, name in enumerate(self.properties)
                for entry in scores.calibration(
                    flat[i :: len(self.properties)], f"held-out runs: {name}"
                )
            ],
        )

    def judge(
        self, content: bytes, rows: Sequence[TrainingRow], task: Task
    ) -> list[list[Held]]:
        """What a version expects of runs, beside what they came to.

        Raises:
            SpecError: the file, or that of a run, cannot be read.
        """
        import torch

        from bigloop.models.prvae.expecting import expect

        model = self._opened(content)
        rows = with_lattice(rows, task.files)
        if not rows:
            return []
        data = data_of_runs(rows, task.files, self.properties)
        mean, sd = expect(model, torch.tensor(data.barriers))
        order = [model.properties.index(name) for name in self.properties]
        return [
            [
                Held(
                    specimen=row.trial,
                    batch=None,
                    truth=float(data.properties[n, i]),
                    mean=float(mean[n, at]),
                    sd=float(sd[n, at]),
                )
                for i, at in enumerate(order)
            ]
            for n, row in enumerate(rows)
        ]

    def _opened(self, content: bytes) -> PrVAE:
        from bigloop.models.prvae.expecting import check_knows
        from bigloop.models.prvae.model import PrVAE

        model = PrVAE.from_bytes(content)
        check_knows(model)
        if missing := [p for p in self.properties if p not in model.properties]:
            raise SpecError(
                f"the model has not learned {missing[0]!r} but "
                f"{', '.join(model.properties)}; give one of the campaign's properties"
            )
        return model

    def _shares(self, rows: Sequence[TrainingRow], task: Task) -> _Shares:
        """Who is told of which runs: what the champion was (not) told stays so."""
        before = task.champion.parameters if task.champion else {}
        told, kept = set(before.get("told", ())), set(before.get("held_out", ()))
        new = [r.trial for r in rows if r.trial not in told and r.trial not in kept]
        kept |= set(new[EVERY - 1 :: EVERY])
        learned = [row for row in rows if row.trial not in kept]
        validation = learned[EVERY - 1 :: EVERY]
        names = {row.trial for row in validation}
        return _Shares(
            train=[row for row in learned if row.trial not in names],
            validation=validation,
            held_out=[row for row in rows if row.trial in kept],
        )

    def _data(
        self, shares: _Shares, task: Task, learns: Learning, seed: int
    ) -> tuple[SeiData, SeiData]:
        from bigloop.models.prvae.data import joined, split
        from bigloop.models.prvae.folder import read_folder

        parts = [
            data_of_runs(part, task.files, self.properties) if part else None
            for part in (shares.train, shares.validation)
        ]
        if learns.data is not None:
            past = read_folder(task.base / learns.data, self.properties)
            first, second, third = split(len(past), seed)
            shown = past.take([*first.tolist(), *third.tolist()])
            parts = [
                joined(part, more)
                for part, more in zip(parts, (shown, past.take(second)), strict=True)
            ]
        train, validation = parts
        if train is None or validation is None:
            raise SpecError(
                f"data: {len(shares.told)} runs to learn from; give more, or name a "
                "data set (learns.data)"
            )
        return train, validation

    def _new(self, train: SeiData, seed: int, device: str) -> PrVAE:
        from bigloop.models.prvae.model import PrVAE

        rows, columns = train.pictures.shape[1:]
        shape = {"rows": rows, "columns": columns, "properties": self.properties}
        return PrVAE(
            Training.model_validate({"seed": seed, **self._training}),
            Architecture.model_validate({**self._architecture, **shape}),
            device,
        )

    def _against(
        self, task: Task, shares: _Shares, held: Sequence[Sequence[Held]]
    ) -> promotion.Comparison:
        if task.champion is None:
            return promotion.Comparison(n=0, is_promoted=True, reason="it is the first")
        try:
            present = self.judge(task.weights, shares.held_out, task)
        except SpecError as error:
            reason = f"the champion cannot be used: {error}"
            return promotion.Comparison(n=0, is_promoted=True, reason=reason)
        return promotion.judge(_log_scores(present), _log_scores(held))

    def _parameters(
        self,
        shares: _Shares,
        task: Task,
        train: SeiData,
        model: PrVAE,
        learns: Learning,
    ) -> dict[str, Any]:
        from bigloop.models.prvae.folder import data_hash

        return {
            "properties": list(self.properties),
            "training": model.training.model_dump(mode="json"),
            "data": data_hash(train),
            "data_set": learns.data,
            "n_train": len(train),
            "told": shares.told,
            "held_out": [row.trial for row in shares.held_out],
            "without_lattice": len(task.snapshot.rows)
            - len(with_lattice(task.snapshot.rows, task.files)),
        }


def _log_scores(runs: Sequence[Sequence[Held]]) -> dict[str, float]:
    """Mean over the properties, by run: properties of one run are not independent."""
    return {run[0].specimen: fmean(held.log_score for held in run) for run in runs}


def _metrics(
    runs: Sequence[Sequence[Held]], properties: Sequence[str]
) -> dict[str, float]:
    found = {"held_out_n": float(len(runs))}
    if runs:
        found["held_out_log_score"] = fmean(_log_scores(runs).values())
    for i, name in enumerate(properties):
        errors = [(run[i].mean - run[i].truth) ** 2 for run in runs]
        if errors:
            found[f"held_out_rmse_{name}"] = fmean(errors) ** 0.5
    return found
