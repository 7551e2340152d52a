"""The page of campaign 0 over many seeds: regret against cost, and the table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from bigloop.bench.figures import Spread, spread
from bigloop.bench.report import write
from bigloop.dashboard.chart import Chart

N_GRID = 130
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Campaign 0 over {{ n }} seeds</title>
<style>{{ style | safe }} .figures { grid-template-columns: minmax(0, 760px); }</style>
</head>
<body>
<main>
<h1>Campaign 0 over {{ n }} seeds</h1>
<p class="soft">Seeds {{ first }} to {{ last }}; {{ "{:,.0f}".format(budget) }}
cell-cycles, the same cells in the same order for every method.</p>
<div class="figures"><figure>
<h3>Regret against cost</h3>
<p class="reading">Median over seeds of what the recommended policy falls short of the
best one in measured mean life; the band goes from quartile to quartile. A line begins
where half of the seeds recommend something.</p>
{{ svg | safe }}
<ul class="legend">{% for kind, label in legend %}<li class="{{ kind }}"><i></i>
<span>{{ label }}</span></li>{% endfor %}</ul>
<figcaption class="note">{{ note }}</figcaption>
</figure></div>
<div class="scroll" style="margin-top:16px"><table class="narrow">
<thead><tr>{% for name in head %}<th{% if not loop.first %} class="n"{% endif %}>
{{ name }}</th>{% endfor %}</tr></thead>
<tbody>{% for row in table %}<tr>{% for cell in row %}
<td{% if not loop.first %} class="n"{% endif %}>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
</table></div>
<p class="note">{{ covers }}</p>
</main>
</body>
</html>
"""


def at(curve: Sequence[tuple[float, float]], cost: float) -> float:
    """Regret of what was recommended last for at most a cost; infinite before any."""
    return next((r for spent, r in reversed(curve) if spent <= cost + 1e-9), math.inf)


def page(
    path: Path,
    rows: Sequence[dict[str, Any]],
    budget: float,
    head: Sequence[str],
    table: Sequence[Sequence[str]],
    covers: str,
) -> None:
    """Draw the curves and write everything in one step.

    Raises:
        SpecError: the file cannot be written.
    """
    methods = list(dict.fromkeys(row["method"] for row in rows))
    legend = [(f"c{n + 1}", name) for n, name in enumerate(methods)]
    seeds = sorted({row["seed"] for row in rows})
    sizes = sorted({sum(row["method"] == m for row in rows) for m in methods})
    text = Environment(autoescape=True, undefined=StrictUndefined).from_string(PAGE)
    html = text.render(
        style=files("bigloop.dashboard").joinpath("templates/report.css").read_text(),
        n=len(seeds),
        first=seeds[0],
        last=seeds[-1],
        budget=budget,
        svg=drawn(rows, budget, legend),
        legend=legend,
        note=f"n = {' or '.join(map(str, sizes))} seeds a method.",
        head=head,
        table=table,
        covers=covers,
    )
    write(path, html)


def drawn(
    rows: Sequence[dict[str, Any]], budget: float, legend: Sequence[tuple[str, str]]
) -> str:
    """Medians of the regret [%] against cost, and bands from quartile to quartile."""
    grid = [budget * i / N_GRID for i in range(N_GRID + 1)]
    found: dict[str, list[tuple[float, Spread]]] = {}
    for _, name in legend:
        curves = [row["curve"] for row in rows if row["method"] == name]
        found[name] = [(x, spread([100 * at(c, x) for c in curves])) for x in grid]
    medians = [s.median for line in found.values() for _, s in line]
    top = 1.05 * max(m for m in medians if m is not None)
    chart = Chart(
        x=(0.0, budget),
        y=(0.0, top),
        x_title="spent [cell-cycle]",
        y_title="regret [% of the best mean life]",
        label="Regret of the recommended policy against cell-cycles, by method",
    )
    for kind, name in legend:
        band = [(x, s.low or 0.0, s.high) for x, s in found[name] if s.high is not None]
        lower = [(x, min(top, low)) for x, low, _ in band]
        chart.band(lower, [(x, min(top, high)) for x, _, high in band], kind)
    for kind, name in legend:
        middle = [(x, s.median) for x, s in found[name] if s.median is not None]
        chart.steps(middle, kind)
    return chart.svg()
