"""Campaigns to Ax experiments and back, with all results.

What Ax cannot hold (units, cost, censoring, specimens, constraints that are not linear)
stands in the experiment's properties and in the metadata of its trials under `bigloop`,
so that nothing is lost on the way back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bigloop.agents.ax_space import (
    completed,
    compositions_of,
    constraints_of,
    fixed_by_sum,
    objective_of,
    optimization_config,
    parameters_of,
    search_space,
)
from bigloop.agents.failures import OF_THE_DESIGN
from bigloop.contracts import (
    Campaign,
    Cost,
    Design,
    HistoryRow,
    Measurement,
    Observation,
    Source,
    SpecError,
    Trial,
    TrialState,
    parse,
)

if TYPE_CHECKING:
    from ax.core.experiment import Experiment

KEY = "bigloop"
"""Where the properties of an experiment and the metadata of a trial are ours."""
_STATUS = {
    TrialState.PROPOSED: "CANDIDATE",
    TrialState.AWAITING_APPROVAL: "CANDIDATE",
    TrialState.APPROVED: "CANDIDATE",
    TrialState.CLAIMED: "RUNNING",
    TrialState.RUNNING: "RUNNING",
    TrialState.COMPLETED: "COMPLETED",
    TrialState.UNKNOWN: "ABANDONED",
    TrialState.REJECTED: "ABANDONED",
    TrialState.CANCELLED: "STALE",
    TrialState.EXPIRED: "STALE",
}
_Indexed = tuple[int, Observation]


def to_ax(
    campaign: Campaign, trials: Sequence[Trial], observations: Sequence[Observation]
) -> Experiment:
    """An Ax experiment with everything that is known of a campaign.

    The metric of the objective carries the name of its observable, every other one is
    named `observable@source`. Values are in the campaign's units, without a logarithm;
    a missing standard deviation is left to Ax to infer. A trial of another source is
    `EARLY_STOPPED`: to Ax it ended before the objective was measured, so it is neither
    data nor a pending point of the objective. Unsolicited observations are left out.

    Raises:
        SpecError: when Ax cannot read the objective's name as a metric, or more than
            one observable decides.
    """
    if not campaign.is_plain:
        raise SpecError(
            "objectives, requirements: the export to Ax knows one objective alone; "
            "export trials and observations as CSV instead"
        )
    from ax.core.experiment import Experiment
    from ax.core.metric import Metric

    space, left_out = search_space(campaign)
    config = optimization_config(campaign)
    document = campaign.model_dump(mode="json")
    experiment = Experiment(
        space,
        name=campaign.name,
        description=campaign.title or None,
        metrics=[Metric(campaign.objective.observable)],
        optimization_config=config,
        properties={KEY: {"campaign": document, "left_out": left_out}},
    )
    counted = [(i, o) for i, o in enumerate(observations) if o.solicited]
    ids = {trial.id for trial in trials}
    for trial in trials:
        found = [(i, o) for i, o in counted if o.trial == trial.id]
        if found or trial.proposal.source == campaign.objective.source:
            p, status = trial.proposal, _status(campaign, trial)
            notes = {"source": p.source, "trial": trial.id, "state": trial.state.value}
            _add(experiment, campaign, p.design, found, notes, status)
    for group in _imported([(i, o) for i, o in counted if o.trial not in ids]):
        source, design = group[0][1].source, group[0][1].design
        status = _ended(campaign, source)
        _add(experiment, campaign, design, group, {"source": source}, status)
    return experiment


def from_ax(
    experiment: Experiment,
    *,
    source: Source | None = None,
    name: str = "ax",
    budget: Cost | None = None,
) -> tuple[Campaign, tuple[HistoryRow, ...]]:
    """The campaign of an experiment and its results, as history to bring along.

    An experiment made by `to_ax` gives back its campaign and its observations exactly;
    completed trials that Ax has added since come after them. Any other experiment
    becomes a new campaign without units, with one source.

    Args:
        experiment: with one objective and a flat search space.
        source: what ran the trials of a foreign experiment, with its cost.
        name: of that source in the new campaign.
        budget: of the new campaign.

    Raises:
        SpecError: names what a campaign cannot hold, or what is missing.
    """
    ours = experiment._properties.get(KEY)
    if ours is not None:
        campaign = parse(Campaign, ours["campaign"], "the experiment's properties")
    elif source is None or budget is None:
        raise SpecError(
            "the experiment was not made by bigloop; give the source that ran its "
            "trials and a budget"
        )
    else:
        campaign = _new_campaign(experiment, source, name, budget)
    rows: list[tuple[int, HistoryRow]] = []
    for trial in experiment.trials.values():
        kept = trial.run_metadata.get(KEY, {}).get("rows", ())
        rows += [(index, HistoryRow.model_validate(row)) for index, row in kept]
    rows.sort(key=lambda pair: pair[0])
    return campaign, (*(row for _, row in rows), *_foreign_rows(experiment, campaign))


def metric_of(campaign: Campaign, source: str, observable: str) -> str:
    """Name of an observable of a source as an Ax metric."""
    target = campaign.objective
    if (source, observable) == (target.source, target.observable):
        return observable
    return f"{observable}@{source}"


def _imported(observations: Sequence[_Indexed]) -> list[list[_Indexed]]:
    """Observations without a trial, grouped where they are of one specimen."""
    groups: dict[Any, list[_Indexed]] = {}
    for index, o in observations:
        key = (o.source, o.specimen, repr(sorted(o.design.items())))
        groups.setdefault(key if o.specimen else index, []).append((index, o))
    return list(groups.values())


def _status(campaign: Campaign, trial: Trial) -> str:
    """Ax status; a failure that the design is to blame for is not to be repeated."""
    if trial.proposal.source != campaign.objective.source:
        return _ended(campaign, trial.proposal.source)
    if trial.state is not TrialState.FAILED:
        return _STATUS[trial.state]
    failure = trial.outcome.failure if trial.outcome else None
    return "ABANDONED" if failure in OF_THE_DESIGN else "FAILED"


def _ended(campaign: Campaign, source: str) -> str:
    """Ax status of a trial that gave results."""
    return "COMPLETED" if source == campaign.objective.source else "EARLY_STOPPED"


def _add(
    experiment: Experiment,
    campaign: Campaign,
    design: Design,
    observations: Sequence[_Indexed],
    notes: dict[str, str],
    status: str,
) -> None:
    """Add an Ax trial with its data."""
    from ax.core.arm import Arm
    from ax.core.trial_status import TrialStatus

    fixed = fixed_by_sum(campaign)
    free = {name: value for name, value in design.items() if name not in fixed}
    ax_trial = experiment.new_trial().add_arm(Arm(free))
    rows = [[index, _row(o).model_dump(mode="json")] for index, o in observations]
    ax_trial.update_run_metadata({KEY: {**notes, "rows": rows}})
    _attach(experiment, campaign, ax_trial, [o for _, o in observations])
    if status == "RUNNING":
        ax_trial.mark_running(no_runner_required=True)
    elif status != "CANDIDATE":
        ax_trial.mark_as(TrialStatus[status], unsafe=True)


def _attach(
    experiment: Experiment,
    campaign: Campaign,
    ax_trial: Any,
    observations: Sequence[Observation],
) -> None:
    """Give Ax the latest value of every metric; it has no word for a censored one."""
    from ax.core.data import Data, DataRow
    from ax.core.metric import Metric

    latest = {
        metric_of(campaign, o.source, o.observable): o
        for o in sorted(observations, key=lambda o: o.age or 0.0)
        if not o.censored
    }
    for metric in latest.keys() - experiment.metrics.keys():
        experiment.add_metric(Metric(metric))
    arm = ax_trial.arm.name
    rows = [
        DataRow(
            trial_index=ax_trial.index,
            arm_name=arm,
            metric_name=metric,
            metric_signature=metric,
            mean=o.value,
            se=math.nan if o.sd is None else o.sd,
        )
        for metric, o in latest.items()
    ]
    if rows:
        experiment.attach_data(Data(rows))


def _row(o: Observation) -> HistoryRow:
    fields: dict[str, Any] = {
        name: getattr(o, name) for name in Measurement.model_fields
    }
    return HistoryRow(
        source=o.source,
        design=o.design,
        specimen=o.specimen,
        batch=o.batch,
        measurement=Measurement(**fields),
    )


def _new_campaign(
    experiment: Experiment, source: Source, name: str, budget: Cost
) -> Campaign:
    metric, goal = objective_of(experiment.optimization_config)
    title = experiment.name if experiment.has_name else name
    fields: dict[str, Any] = {
        "name": re.sub(r"\W+", "_", title, flags=re.ASCII),
        "title": title,
        "parameters": parameters_of(experiment.search_space),
        "compositions": compositions_of(experiment.search_space),
        "constraints": constraints_of(experiment.search_space),
        "observables": {observable: {} for observable in source.observes},
        "objective": {"observable": metric, "goal": goal, "source": name},
        "sources": {name: source.model_dump()},
        "budget": budget,
    }
    return parse(Campaign, fields, f"Ax experiment {title!r}")


def _foreign_rows(experiment: Experiment, campaign: Campaign) -> Iterator[HistoryRow]:
    """Data of completed trials that are not ours."""
    frame = experiment.lookup_data().df
    for row in frame.to_dict("records"):
        trial = experiment.trials[int(row["trial_index"])]
        observable, _, source = row["metric_name"].partition("@")
        source = source or campaign.objective.source
        is_known = (
            source in campaign.sources
            and observable in campaign.sources[source].observes
        )
        if KEY in trial.run_metadata or not trial.status.is_completed or not is_known:
            continue
        sem = float(row["sem"])
        yield HistoryRow(
            source=source,
            design=completed(campaign, trial.arms_by_name[row["arm_name"]].parameters),
            measurement=Measurement(
                observable=observable,
                value=float(row["mean"]),
                unit=campaign.observables[observable].unit,
                sd=None if math.isnan(sem) else sem,
            ),
        )
