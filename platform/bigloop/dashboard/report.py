"""The report of a campaign: one HTML page that loads nothing."""

from __future__ import annotations

from importlib.resources import files

from bigloop.contracts import Recommendation, TrialState, significant
from bigloop.dashboard.advice import advice_lines, nothing_text
from bigloop.dashboard.caveats import caveats
from bigloop.dashboard.cost_figures import burn_figures, mix_figures
from bigloop.dashboard.entries import entry
from bigloop.dashboard.predictor_figures import (
    calibration_figure,
    coverage_rows,
    parity_figure,
)
from bigloop.dashboard.progress_figures import best_figure, uncertainty_figures
from bigloop.dashboard.provenance import citations, provenance
from bigloop.dashboard.study import Study, study
from bigloop.dashboard.wording import design_text, spent_text, unit_name
from bigloop.db import Store

_S = TrialState


def render(store: Store, campaign: str, best: Recommendation | None = None) -> str:
    """The page; a campaign without results gives a page that says so.

    Args:
        store: where the campaign is.
        campaign: its name.
        best: the recommendation, where it is known already; none: the agent is asked,
            which takes most of the time in a campaign of many hundred results.

    Raises:
        NotFoundError: there is no such campaign.
    """
    return page(study(store, campaign, best))


def page(found: Study) -> str:
    """A study as HTML; every text in it is escaped."""
    from bigloop.dashboard.templating import templates

    environment = templates("bigloop.dashboard")
    environment.filters["significant"] = significant
    environment.filters["unit"] = unit_name
    style = files("bigloop.dashboard").joinpath("templates/report.css").read_text()
    template = environment.get_template("report.html.j2")
    return template.render(style=style, **_context(found))


def _context(found: Study) -> dict[str, object]:
    spec = found.spec
    spent = {name: account.spent for name, account in found.accounts.items()}
    troubled = found.of(_S.FAILED, _S.REJECTED, _S.UNKNOWN, _S.CANCELLED, _S.EXPIRED)
    return {
        "study": found,
        "spec": spec,
        "best": found.best,
        "design": _unbroken(design_text(spec, found.best.design)) if found.best else "",
        "advice": _advice(found),
        "nothing": f"N{nothing_text(spec)[1:]}, which alone decides",
        "spent": spent_text(spent, spec.budget, spec.reference_cost),
        "caveats": caveats(found),
        "progress": [best_figure(found), *uncertainty_figures(found)],
        "costs": [*burn_figures(found), *mix_figures(found)],
        "predictor": [parity_figure(found), calibration_figure(found)],
        "coverage": coverage_rows(found),
        "entries": [entry(spec, trial) for trial in found.trials],
        "troubled": [entry(spec, trial) for trial in troubled],
        "provenance": provenance(found),
        "citations": citations(found),
    }


def _advice(found: Study) -> list[str]:
    """What is said of a recommendation beside its first observable."""
    if found.best is None or found.spec.is_plain:
        return []
    lines = advice_lines(found.spec, found.best)
    return lines if found.best.front else lines[1:]


def _unbroken(text: str) -> str:
    """No line ends between a name and its value, or a value and its unit."""
    return ", ".join(part.replace(" ", "\u00a0") for part in text.split(", "))
