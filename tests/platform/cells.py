"""A table of cells with two observables that conflict, and campaigns on it."""

from __future__ import annotations

import itertools
from pathlib import Path

TABLE = """\
kind: table
version: 1
name: cells
file: cells.csv
specimen: cell
parameters:
  x: {column: x}
  z: {column: z}
observables:
  power: {column: power, unit: watt}
  mass: {column: mass, unit: gram}
"""
CAMPAIGN = """\
kind: campaign
version: 1
name: NAME
ahead: 0
parameters:
  x: {low: 0, high: 1}
  z: {low: 0, high: 1}
candidates: bench
observables:
  power: {unit: watt}
  mass: {unit: gram}
sources:
  bench:
    lab: table
    options: {table: table.yaml}
    observes: [power, mass]
    cost: {specimen: 1}
budget: {specimen: BUDGET}
approval:
  - {action: approve}
"""
ONE = """\
objective: {observable: power, goal: maximize, source: bench}
"""
FRONT = """\
objectives:
  - {observable: power, goal: maximize, source: bench}
  - {observable: mass, goal: minimize, source: bench, reference: 9}
"""


class Cells:
    """The table in a folder: 25 cells on a grid, of which small x weighs little."""

    one, front = ONE, FRONT

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        grid = [i / 4 for i in range(5)]
        rows = [
            f"c{n},{x},{z},{1 - (x - 0.8) ** 2 - (z - 0.2) ** 2},{4 + 3 * x + z}"
            for n, (x, z) in enumerate(itertools.product(grid, grid))
        ]
        (folder / "cells.csv").write_text("\n".join(["cell,x,z,power,mass", *rows]))
        (folder / "table.yaml").write_text(TABLE)

    def write(self, name: str, goals: str, budget: int) -> Path:
        """Write a campaign on the table; its file."""
        text = CAMPAIGN.replace("NAME", name).replace("BUDGET", str(budget))
        file = self.folder / f"{name}.yaml"
        file.write_text(text + goals)
        return file

    @staticmethod
    def required(mass: str, goals: str = ONE) -> str:
        """Goals with what mass is required to be."""
        return f"{goals}requirements:\n  mass: {mass}\n"
