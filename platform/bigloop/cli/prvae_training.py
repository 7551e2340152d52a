"""Training a prVAE: progress, tracking, a file, a report beside it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bigloop.cli.output import say, table
from bigloop.cli.training_output import ProgressLine, write_model
from bigloop.contracts import DivergenceError
from bigloop.tracking import Tracker, TrainingRun

if TYPE_CHECKING:
    from bigloop.models.prvae.data import SeiData
    from bigloop.models.prvae.fitting import Epoch
    from bigloop.models.prvae.model import PrVAE, Report
    from bigloop.models.prvae.scores import Scores


@dataclass(slots=True)
class PrvaeTraining:
    """One call of `bigloop train prvae`."""

    model: PrVAE
    data: Path
    properties: tuple[str, ...]
    out: Path
    tracker: Tracker
    is_stopping: bool = field(default=False, init=False)
    _line: ProgressLine = field(default_factory=ProgressLine, init=False)

    def run(self) -> bool:
        """Train, judge on the test rows, write; whether it came to its end."""
        from bigloop.models.prvae.folder import data_hash, read_folder

        data = read_folder(self.data, self.properties)
        run = TrainingRun(self.tracker, f"prvae-{self.out.stem}")
        sha256 = data_hash(data)
        run.begin(
            {**self.model.training.model_dump(), "n_rows": len(data), "data": sha256},
            {"bigloop.model": "prvae", "bigloop.snapshot": sha256},
        )
        say(f"{self.data}: {len(data)} runs, {', '.join(self.properties)}")
        try:
            report = self._train(data, run)
        except DivergenceError:
            run.end("FAILED")
            raise
        if not report.epochs:
            run.end("KILLED")
            say(f"{self.out}: interrupted in the first epoch; nothing is written")
            return False
        scores = self._judge(data)
        files = self._write(report, scores, sha256)
        status = "KILLED" if report.is_stopped else "FINISHED"
        run.end(status, {**scores.metrics(), **_speed(report)}, files)
        self._tell(report, scores, run)
        return not report.is_stopped

    def stop(self) -> None:
        """End after this step, with the best weights so far."""
        self.is_stopping = True

    def _train(self, data: SeiData, run: TrainingRun) -> Report:
        from bigloop.models.prvae.data import check_to_learn, split

        check_to_learn(data)
        train, validation, _ = split(len(data), self.model.training.seed)

        def on_epoch(epoch: Epoch) -> None:
            run.epoch(epoch.epoch, epoch.metrics())
            self._progress(epoch)

        report = self.model.fit_data(
            data.take(train), data.take(validation), on_epoch, lambda: self.is_stopping
        )
        self._line.end()
        return report

    def _judge(self, data: SeiData) -> Scores:
        from bigloop.models.prvae.data import split
        from bigloop.models.prvae.scores import evaluate

        return evaluate(
            self.model, data.take(split(len(data), self.model.training.seed)[2])
        )

    def _progress(self, epoch: Epoch) -> None:
        self._line.show(
            f"epoch {epoch.epoch} of {self.model.training.epochs}: "
            f"loss {epoch.train['loss']:.1f}, "
            f"validation {epoch.validation['loss']:.1f}, "
            f"{epoch.pictures_per_s:.0f} pictures a second"
        )

    def _write(self, report: Report, scores: Scores, sha256: str) -> list[Path]:
        from bigloop.models.artifact import address

        content = self.model.to_bytes()
        document: dict[str, Any] = {
            "kind": "prvae training",
            "sha256": address(content),
            "data": sha256,
            "training": self.model.training.model_dump(mode="json"),
            "report": asdict(report),
            "scores": asdict(scores),
        }
        return write_model(self.out, content, document)

    def _tell(self, report: Report, scores: Scores, run: TrainingRun) -> None:
        from bigloop.models.prvae.calibration import LEVELS
        from bigloop.models.prvae.scores import table as rows

        ended = "interrupted" if report.is_stopped else "done"
        say(
            f"{self.out}: {ended} after {len(report.epochs)} epochs, best "
            f"{report.best_epoch}; {report.pictures_per_s:.0f} pictures a second on "
            f"{report.device}, {report.peak_memory_MiB:.0f} MiB"
        )
        levels = [f"in {100 * level:.0f} %" for level in LEVELS]
        table([f"test, n = {scores.n}", "R2", *levels], rows(scores, LEVELS))
        say(
            f"sites right: {100 * scores.accuracy:.1f} %, of those not solvent "
            f"{100 * scores.accuracy_non_solvent:.1f} %"
        )
        if run.problem is not None:
            say(f"not tracked: {run.problem}")


def _speed(report: Report) -> dict[str, float]:
    return {
        "pictures_per_s": report.pictures_per_s,
        "peak_memory_MiB": report.peak_memory_MiB,
        "best_epoch": float(report.best_epoch),
    }
