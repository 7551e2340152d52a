"""What models learn from, what they say, and what is known of their versions."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from bigloop.contracts.base import Design, Document, content_hash


class Estimate(Document):
    """A prediction of the champion model for one specimen not yet measured to its end.

    `mean` and the standard deviations are on the model scale of the observable
    (natural logarithm when the observable is `log`).
    """

    trial: str
    """The trial that gave the early observations."""
    observable: str
    mean: float
    sd_aleatoric: float = Field(ge=0)
    sd_epistemic: float = Field(ge=0)
    common: tuple[float, ...] = ()
    """Loadings on independent standard normal errors that all estimates of one model
    version share; their squares add up to at most `sd_epistemic**2`."""
    model_version: str


class TrainingRow(Document):
    """What is known of one specimen, for a predictor (campaign units)."""

    trial: str
    """The latest trial that touched the specimen."""
    specimen: str
    batch: str | None = None
    design: Design
    early: dict[str, float]
    """The predictor's early observables; rows that lack one are left out."""
    value: float | None = None
    """The predicted observable, where it has been measured."""
    censored: bool = False
    """The specimen outlived `value`."""
    files: dict[str, str] = Field(default_factory=dict)
    """SHA-256 of the files that the trial handed in, by name."""


class Snapshot(Document):
    """The training rows at one moment, in order of specimen, and their hash."""

    rows: tuple[TrainingRow, ...]

    @property
    def hash(self) -> str:
        """SHA-256 of the rows."""
        return content_hash(self.model_dump(mode="json"))


class ModelVersion(Document):
    """A trained model: its data, its scores, its standing."""

    id: str
    """SHA-256 of weights and metadata."""
    campaign: str
    source: str = ""
    """Whose model it is; empty: it is the campaign's predictor."""
    model: str
    snapshot: str
    """Hash of the training rows."""
    n_rows: int
    seen: int = 0
    """Results that had been taken in when it was trained: before, it did not exist."""
    status: Literal["challenger", "champion", "retired", "failed"] = "challenger"
    """A training that failed leaves no weights, only why."""
    metrics: dict[str, float] = Field(default_factory=dict)
    parameters: dict[str, Any] = Field(default_factory=dict)
    calibration: list[dict[str, Any]] = Field(default_factory=list)
    """Per group of held-out rows: n, nominal level, coverage, error."""
    artifact: str = ""
    """Base64 of the safetensors file; empty: it lies among the campaign's artifacts
    under `parameters["sha256"]`."""

    @property
    def sha256(self) -> str:
        """Of the weights' file; empty where a training failed."""
        return str(self.parameters.get("sha256", ""))
