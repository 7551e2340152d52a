"""The report of benchmarks: one HTML page that loads nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from bigloop.bench.charts import reach_figure, regret_figure
from bigloop.bench.figures import Figures, MethodFigures
from bigloop.bench.methods import METHODS
from bigloop.bench.summary import standings
from bigloop.bench.wording import coverage_text, ratio_text, spread_text, value_text
from bigloop.contracts import SpecError, significant


def render(found: Sequence[Figures], skipped: Sequence[str] = ()) -> str:
    """The page; every text in it is escaped."""
    from bigloop.dashboard.templating import templates

    environment = templates("bigloop.bench")
    style = files("bigloop.dashboard").joinpath("templates/report.css").read_text()
    used = {m.method: m.version for one in found for m in one.methods}
    return environment.get_template("bench.html.j2").render(
        style=style,
        columns=COLUMNS,
        benchmarks=[_entry(one) for one in found],
        standings=[
            {
                "benchmark": row.benchmark,
                "top": f"{100 * row.level:.0f} %",
                "ours": value_text(row.ours),
                "peer": row.best_peer or "none reached it",
                "cost": value_text(row.peer),
                "ratio": ratio_text(row.ratio),
                "single": ratio_text(row.single_ratio),
            }
            for row in standings(found)
        ],
        methods=[
            (name, METHODS[name].does, version)
            for name, version in used.items()
            if name in METHODS
        ],
        skipped=skipped,
    )


def write(path: Path, page: str) -> None:
    """Put a page in place in one step.

    Raises:
        SpecError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(page, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise SpecError(
            f"--report: {path}: cannot be written ({error.strerror})"
        ) from None


def _entry(one: Figures) -> dict[str, object]:
    sources = [f"{k} at {significant(v)}" for k, v in one.sources.items()]
    return {
        "name": one.benchmark,
        "title": one.title or one.benchmark,
        "facts": [
            *one.notes,
            f"budget {significant(one.budget)} {one.currency}",
            f"sources {', '.join(sources)}; target {one.target}",
            f"top 1 % and 5 %: regret of at most {significant(100 * one.thresholds[0])}"
            f" and {significant(100 * one.thresholds[1])} % of the range",
            *([f"batches of {one.batch}"] if one.batch > 1 else []),
        ],
        "figures": [regret_figure(one), reach_figure(one)],
        "rows": [row(one, m) for m in one.methods],
        "errors": [(m.method, m.n_failed, m.error) for m in one.methods if m.n_failed],
    }


def row(one: Figures, m: MethodFigures) -> list[str]:
    """One line of the table of a benchmark; see `COLUMNS`."""
    if not m.reached:
        return [m.method, "0", *[""] * (len(COLUMNS) - 2)]
    beyond = f">{significant(one.budget)}"
    first, second = m.reached
    return [
        m.method,
        str(m.n_seeds),
        spread_text(first.cost, beyond=beyond),
        f"{first.n_reached}/{m.n_seeds}",
        spread_text(second.cost, beyond=beyond),
        f"{second.n_reached}/{m.n_seeds}",
        spread_text(m.regret, 100.0, digits=2),
        spread_text(m.recommended, 100.0, digits=2),
        f"{significant(m.n_best)} of {m.n_compared}",
        spread_text(m.core_s, 1000.0, digits=2),
        significant(100 * m.cheap_share, 2),
        coverage_text(m.coverage),
    ]


COLUMNS = (
    "method",
    "seeds",
    "cost to top 1 %",
    "found",
    "cost to top 5 %",
    "found",
    "regret [%]",
    "advised [%]",
    "best",
    "ms an ask",
    "cheap [%]",
    "90 % holds",
)
"""Medians with quartiles over seeds; the columns of every table of figures."""
