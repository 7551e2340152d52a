"""The page of campaign 0 over many seeds: regret against cost, and the table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from bigloop.bench.figures import spread
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
    chart = Chart(
        x=(0.0, budget),
        y=(0.0, 60.0),
        x_title="spent [cell-cycle]",
        y_title="regret [% of the best mean life]",
        label="Regret of the recommended policy against cell-cycles, by method",
    )
    methods = list(dict.fromkeys(row["method"] for row in rows))
    legend = [(f"c{n + 1}", name) for n, name in enumerate(methods)]
    curves = {m: [r["curve"] for r in rows if r["method"] == m] for m in methods}
    grid = [budget * i / N_GRID for i in range(N_GRID + 1)]
    found = {
        m: [(x, spread([at(c, x) for c in curves[m]])) for x in grid] for m in curves
    }
    for kind, name in legend:
        band = [(x, s.low, s.high) for x, s in found[name] if s.high is not None]
        lower = [(x, 100 * (low or 0.0)) for x, low, _ in band]
        chart.band(lower, [(x, min(60.0, 100 * high)) for x, _, high in band], kind)
    for kind, name in legend:
        middle = [(x, s.median) for x, s in found[name] if s.median is not None]
        chart.steps([(x, min(60.0, 100 * y)) for x, y in middle], kind)
    seeds = sorted({row["seed"] for row in rows})
    sizes = {len(c) for c in curves.values()}
    text = Environment(autoescape=True, undefined=StrictUndefined).from_string(PAGE)
    html = text.render(
        style=files("bigloop.dashboard").joinpath("templates/report.css").read_text(),
        n=len(seeds),
        first=seeds[0],
        last=seeds[-1],
        budget=budget,
        svg=chart.svg(),
        legend=legend,
        note=f"n = {' or '.join(map(str, sorted(sizes)))} seeds a method.",
        head=head,
        table=table,
        covers=covers,
    )
    write(path, html)
