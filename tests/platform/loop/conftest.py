"""A small laboratory and a campaign on it: fast, physical, with an early look."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from bigloop.config import Settings
from bigloop.contracts import Campaign, ModelVersion, read_campaign
from bigloop.loop import CampaignLoop, Ending, Silent, Workspace
from bigloop.simulators.sei import box
from bigloop.simulators.sei.barriers import NAMES

TABLE = {
    "kind": "table",
    "name": "toy",
    "file": "cells.csv",
    "specimen": "cell",
    "batch": "batch",
    "parameters": {
        "a": {"column": "a", "unit": ""},
        "b": {"column": "b", "unit": ""},
    },
    "age": {"unit": "cycle", "end": "life"},
    "observables": {
        "life": {"column": "life", "unit": "cycle"},
        "early": {"column": "early", "unit": "", "at": 20},
    },
}
CAMPAIGN = {
    "kind": "campaign",
    "name": "toy",
    "seed": 3,
    "ahead": 0,
    "parameters": {"a": {"low": 0, "high": 1}, "b": {"low": 0, "high": 1}},
    "candidates": "to_death",
    "observables": {
        "life": {"unit": "cycle", "low": 0, "high": 5000, "log": True},
        "early": {"low": -10, "high": 10},
    },
    "objective": {"observable": "life", "source": "to_death"},
    "sources": {
        "look": {
            "lab": "table",
            "options": {"table": "table.yaml"},
            "observes": ["early"],
            "until_age": 20,
            "cost_per_age": {"cell_cycle": 1},
            "capacity": 2,
        },
        "to_death": {
            "lab": "table",
            "options": {"table": "table.yaml"},
            "observes": ["life", "early"],
            "longest_age": 600,
            "cost_per_age": {"cell_cycle": 1},
            "capacity": 2,
        },
    },
    "predictor": {"predicts": "life", "early": ["early"]},
    "budget": {"cell_cycle": 900},
    "approval": [{"action": "approve"}],
}


def write_table(folder: Path) -> None:
    """24 designs with two cells each; life falls off around (0.6, 0.3)."""
    rng = random.Random(0)
    with (folder / "cells.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["cell", "batch", "a", "b", "life", "early"])
        for i in range(24):
            a, b = round(rng.random(), 3), round(rng.random(), 3)
            for k in range(2):
                mean = 250 * 2.718 ** (-3 * ((a - 0.6) ** 2 + (b - 0.3) ** 2))
                life = round(mean * rng.lognormvariate(0, 0.1))
                early = round(-(life**0.5) / 5 + rng.gauss(0, 0.1), 4)
                writer.writerow([f"c{i}-{k}", "xy"[i % 2], a, b, life, early])
    (folder / "table.yaml").write_text(yaml.safe_dump(TABLE))


ENOUGH = {"cell_cycle": 1500}
"""Pays for measuring what is recommended, too."""


def write_campaign(folder: Path, **changes: object) -> Path:
    """The campaign file of the toy laboratory."""
    path = folder / "campaign.yaml"
    path.write_text(yaml.safe_dump({**CAMPAIGN, **changes}))
    return path


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write_table(tmp_path)
    return tmp_path


@pytest.fixture
def campaign(base: Path) -> Campaign:
    return read_campaign(write_campaign(base))


@pytest.fixture
def open_workspace(tmp_path: Path) -> Iterator[Callable[..., Workspace]]:
    """Workspaces whose loop runs in this process; the same folder, the same store."""
    opened: list[Workspace] = []

    def make(name: str = "work", **changes: object) -> Workspace:
        settings = {"executor": "in-process", "lease_s": 5.0, **changes}
        made = Workspace.open(
            Settings.model_validate({"folder": tmp_path / name, **settings})
        )
        opened.append(made)
        return made

    yield make
    for workspace in opened:
        workspace.close()


class Trained(Silent):
    """Remembers the versions that were trained."""

    def __init__(self) -> None:
        self.versions: list[ModelVersion] = []

    def trained(self, version: ModelVersion) -> None:
        self.versions.append(version)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[CampaignLoop, Ending, list[ModelVersion]]]:
    """The campaign, run to its end once for all that only look at it."""
    base = tmp_path_factory.mktemp("finished")
    write_table(base)
    settings = {"folder": base / "work", "executor": "in-process", "lease_s": 5.0}
    with Workspace.open(Settings.model_validate(settings)) as workspace:
        file, watcher = write_campaign(base, budget=ENOUGH), Trained()
        loop = CampaignLoop(workspace, read_campaign(file), base, watcher=watcher)
        yield loop, loop.run(), watcher.versions


@pytest.fixture
def change(base: Path) -> Callable[..., Campaign]:
    """The campaign with other top-level fields."""
    return lambda **changes: read_campaign(write_campaign(base, **changes))


def sei_campaign(**changes: object) -> Campaign:
    """SEI growth on a lattice that takes milliseconds, searched at random."""
    data = {
        "name": "film",
        "seed": 1,
        "agent": "random",
        "ahead": 0,
        "parameters": {
            name: {"low": float(low), "high": float(high), "unit": "electron_volt"}
            for name, (low, high) in zip(NAMES, box(), strict=True)
        },
        "observables": {
            "thickness": {"unit": "nanometer", "low": 0, "high": 60},
            "density": {"low": 0, "high": 1},
        },
        "objective": {"observable": "density", "source": "kmc"},
        "sources": {"kmc": KMC},
        "budget": {"core_second": 100},
        "approval": [{"action": "approve"}],
        "stop": {"trials": 4},
        **changes,
    }
    return Campaign.model_validate(data)


KMC = {
    "simulator": "sei-kmc",
    "options": {"rows": 16, "columns": 12, "max_events": 4000},
    "observes": ["thickness", "density"],
    "cost": {"core_second": 1},
    "capacity": 2,
}


@pytest.fixture(scope="session")
def film() -> Callable[..., Campaign]:
    """The campaign on SEI growth, with other top-level fields."""
    return sei_campaign
