"""What a training asks for and what comes of it, whatever model is trained."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigloop.contracts import Campaign, ModelVersion, Snapshot, content_hash
from bigloop.models import artifact
from bigloop.models.promotion import Comparison


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One training: plain data that can travel to another process.

    Attributes:
        campaign: the specification.
        snapshot: what is learned from.
        seen: results that the agent had taken in.
        champion: the version in use, and `weights`, its file where that lies apart.
        source: whose model is trained; empty: the predictor.
        files: contents that the rows of the snapshot name, by SHA-256.
        base: folder that paths in the campaign are relative to.
    """

    campaign: Campaign
    snapshot: Snapshot
    seen: int = 0
    champion: ModelVersion | None = None
    weights: bytes = b""
    source: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    base: Path = Path()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A model that was trained, and how it was judged.

    Attributes:
        content: its file.
        n_labelled: rows that it was trained or judged on.
        against: whether it takes the champion's place.
        metrics: scores by name.
        parameters: settings, and numbers that were learned.
        calibration: coverage of its intervals.
    """

    content: bytes
    n_labelled: int
    against: Comparison
    metrics: Mapping[str, float]
    parameters: Mapping[str, Any]
    calibration: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A version, and its file where that is too large to stand in it."""

    version: ModelVersion
    weights: bytes = b""


def version_of(task: Task, model: str, lesson: Lesson, seed: int) -> Trained:
    """The version that a lesson makes: equal arguments, equal versions."""
    sha256 = artifact.address(lesson.content)
    # A predictor has a few kB; a network of millions of weights is no row of a table.
    is_inline = not task.source
    made = base64.b64encode(lesson.content).decode() if is_inline else ""
    version = ModelVersion(
        id=_id(task, sha256, seed),
        campaign=task.campaign.name,
        source=task.source,
        model=model,
        snapshot=task.snapshot.hash,
        n_rows=len(task.snapshot.rows),
        seen=task.seen,
        status="champion" if lesson.against.is_promoted else "challenger",
        metrics={
            "n_labelled": float(lesson.n_labelled),
            **lesson.metrics,
            **lesson.against.metrics,
        },
        parameters={
            **lesson.parameters,
            "sha256": sha256,
            "seed": seed,
            "promotion": lesson.against.reason,
        },
        calibration=lesson.calibration,
        artifact=made,
    )
    return Trained(version=version, weights=b"" if is_inline else lesson.content)


def failed(task: Task, model: str, reason: str, seed: int) -> Trained:
    """The record of a training that left no model; the champion stays."""
    n = len(task.snapshot.rows)
    version = ModelVersion(
        id=_id(task, reason, seed),
        campaign=task.campaign.name,
        source=task.source,
        model=model,
        snapshot=task.snapshot.hash,
        n_rows=n,
        seen=task.seen,
        status="failed",
        metrics={"n_labelled": float(n)},
        parameters={"seed": seed, "promotion": f"no model came of it: {reason}"},
    )
    return Trained(version=version)


def _id(task: Task, content: str, seed: int) -> str:
    judge = task.champion.id if task.champion else None
    whose = [task.source] if task.source else []
    return content_hash(
        [content, task.campaign.name, task.snapshot.hash, judge, seed, *whose]
    )
