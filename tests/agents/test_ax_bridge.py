"""Ax: nothing is lost on the way there and back, and Ax can go on from there."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bigloop.agents import from_ax, to_ax
from bigloop.agents.ax_bridge import KEY
from bigloop.contracts import (
    Campaign,
    FailureClass,
    HistoryRow,
    Measurement,
    Observation,
    Source,
    SpecError,
    Trial,
    TrialState,
)

from .conftest import SPEC, Build
from .states import NOW

RESULTS: list[tuple[str, dict[str, Any], float | None]] = [
    ("dear", {"x": 0.1 + 0.15 * k, "z": 0.9 - 0.14 * k}, 1.0 + 0.3 * k)
    for k in range(6)
]
CHEAP: tuple[str, dict[str, Any], float | None] = (
    "cheap",
    {"x": 0.2, "z": 0.2},
    7.0,
)
SOURCE = Source(simulator="s", observes=("y",), cost={"EUR": 1})


@pytest.fixture(scope="module", autouse=True)
def _ax() -> None:
    """Import Ax once; what it warns of while it is imported is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ax.api.client  # noqa: F401


def row(o: Observation) -> HistoryRow:
    return HistoryRow(
        source=o.source,
        design=o.design,
        specimen=o.specimen,
        batch=o.batch,
        measurement=Measurement(
            observable=o.observable,
            value=o.value,
            unit=o.unit,
            sd=o.sd,
            age=o.age,
            censored=o.censored,
        ),
    )


def observables(experiment: Any) -> list[tuple[str, str, float]]:
    frame = experiment.lookup_data().df
    return [
        (experiment.trials[r.trial_index].status.name, r.metric_name, r.mean)
        for r in frame.itertuples()
    ]


numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
PARAMETERS = st.fixed_dictionaries(
    {
        "x": st.just({"low": 0.0, "high": 1.0, "unit": "minute"})
        | st.just({"low": 1e-3, "high": 10.0, "log": True}),
        "z": st.just({"low": -1.0, "high": 1.0})
        | st.just({"choices": ["a", "b", "c"]})
        | st.just({"choices": ["only"]}),
    }
)


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    spec: dict[str, Any] = {
        **SPEC,
        "parameters": draw(PARAMETERS),
        "title": draw(st.text(max_size=5)),
        "seed": draw(st.integers(0, 9)),
    }
    spec["objective"] = {
        **SPEC["objective"],
        "goal": draw(st.sampled_from(["maximize", "minimize"])),
    }
    if draw(st.booleans()):
        unit = spec["parameters"]["x"].get("unit", "")
        limit = draw(st.floats(0.1, 2.0))
        expression = draw(st.sampled_from(["2*x", "x/3", "x + x", "exp(x/x) * x"]))
        spec["constraints"] = {
            "c": {"expression": expression, "unit": unit, "at_most": limit}
        }
    return Campaign.model_validate(spec)


@st.composite
def results(draw: st.DrawFn, campaign: Campaign) -> list[Observation]:
    design = st.fixed_dictionaries(
        {
            name: st.sampled_from(p.choices)
            if p.choices
            else st.floats(p.low or 0.0, p.high or 0.0)
            for name, p in campaign.parameters.items()
        }
    )
    observation = st.builds(
        Observation,
        id=st.integers(0, 99),
        campaign=st.just(campaign.name),
        trial=st.none(),
        source=st.sampled_from(sorted(campaign.sources)),
        design=design,
        specimen=st.none() | st.sampled_from(["s1", "s2"]),
        batch=st.none() | st.just("b"),
        observable=st.just("y"),
        value=numbers,
        unit=st.just("volt"),
        sd=st.none() | st.floats(0, 10),
        age=st.none() | st.floats(0, 100),
        censored=st.booleans(),
        solicited=st.just(True),
        recorded_at=st.just(NOW),
    )
    return draw(st.lists(observation, max_size=5))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_campaign_and_its_history_come_back_exactly(data: st.DataObject) -> None:
    campaign = data.draw(campaigns())
    found = data.draw(results(campaign))
    back, rows = from_ax(to_ax(campaign, [], found))
    assert back == campaign
    assert rows == tuple(row(o) for o in found)


def test_the_round_trip_survives_ax_own_file(build: Build, tmp_path: Path) -> None:
    from ax.storage.json_store.load import load_experiment
    from ax.storage.json_store.save import save_experiment

    state = build.state(build.campaign(), RESULTS, [("dear", {"x": 0.5, "z": 0.5})])
    path = tmp_path / "experiment.json"
    exported = to_ax(state.campaign, state.trials, state.observations)
    save_experiment(exported, str(path))
    back, rows = from_ax(load_experiment(str(path)))
    assert back == state.campaign
    assert rows == tuple(row(o) for o in state.observations)


def test_values_are_raw_and_other_sources_have_their_own_metrics(build: Build) -> None:
    campaign = build.campaign(observables={"y": {"low": 0, "log": True}})
    state = build.state(campaign, [RESULTS[0], CHEAP])
    exported = to_ax(campaign, state.trials, state.observations)
    assert observables(exported) == [
        ("COMPLETED", "y", 1.0),
        ("EARLY_STOPPED", "y@cheap", 7.0),
    ]
    assert exported.trials[1].run_metadata[KEY]["source"] == "cheap"


def test_a_result_of_another_source_is_no_pending_point(build: Build) -> None:
    from ax.core.utils import extract_pending_observations

    pending: dict[str, float | str] = {"x": 0.5, "z": 0.5}
    state = build.state(
        build.campaign(),
        [RESULTS[0], CHEAP],
        [("dear", pending), ("cheap", {"x": 0.3, "z": 0.3})],
    )
    exported = to_ax(state.campaign, state.trials, state.observations)
    waiting = extract_pending_observations(exported)
    assert waiting is not None
    assert [f.parameters for f in waiting["y"]] == [pending]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (FailureClass.SOLVER, "ABANDONED"),
        (FailureClass.CHEMISTRY, "ABANDONED"),
        (FailureClass.EQUIPMENT, "FAILED"),
        (FailureClass.TIMEOUT, "FAILED"),
    ],
)
def test_a_failed_trial_stays_failed(
    build: Build, failure: FailureClass, status: str
) -> None:
    campaign = build.campaign()
    state = build.state(campaign, [("dear", {"x": 0.5, "z": 0.5}, None)])
    (trial,) = state.trials
    assert trial.outcome is not None
    outcome = trial.outcome.model_copy(update={"failure": failure})
    trial = trial.model_copy(update={"outcome": outcome})
    exported = to_ax(campaign, [trial], [])
    assert exported.trials[0].status.name == status
    assert exported.lookup_data().empty
    assert from_ax(exported) == (campaign, ())


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (TrialState.PROPOSED, "CANDIDATE"),
        (TrialState.AWAITING_APPROVAL, "CANDIDATE"),
        (TrialState.CLAIMED, "RUNNING"),
        (TrialState.RUNNING, "RUNNING"),
        (TrialState.COMPLETED, "COMPLETED"),
        (TrialState.REJECTED, "ABANDONED"),
        (TrialState.EXPIRED, "STALE"),
    ],
)
def test_a_trial_stands_in_ax_where_it_stands_here(
    build: Build, state: TrialState, status: str
) -> None:
    campaign = build.campaign()
    trial: Trial = build.ended(campaign, 0, "dear", {"x": 0.5, "z": 0.5})
    exported = to_ax(campaign, [trial.model_copy(update={"state": state})], [])
    assert exported.trials[0].status.name == status


def test_every_state_has_a_status(build: Build) -> None:
    campaign = build.campaign()
    for state in TrialState:
        trial = build.ended(campaign, 0, "dear", {"x": 0.5, "z": 0.5}, False)
        to_ax(campaign, [trial.model_copy(update={"state": state})], [])


def test_linear_constraints_are_held_and_the_others_listed(build: Build) -> None:
    campaign = build.campaign(
        parameters={
            "x": {"low": 0, "high": 1, "unit": "hour"},
            "z": {"low": 0, "high": 90, "unit": "minute"},
        },
        constraints={
            "total": {"expression": "x + z", "unit": "minute", "at_most": 100},
            "ratio": {"expression": "x / z", "at_least": 0.1},
        },
    )
    exported = to_ax(campaign, [], [])
    (held,) = exported.search_space.parameter_constraints
    assert held.constraint_dict == pytest.approx({"x": 60.0, "z": 1.0})
    assert held.bound == pytest.approx(100.0)
    assert exported._properties[KEY]["left_out"] == ["ratio"]


def test_both_bounds_of_a_constraint_are_held(build: Build) -> None:
    between = {"expression": "x - 2*z + 1", "at_least": 0.5, "at_most": 1.5}
    campaign = build.campaign(constraints={"between": between})
    held = to_ax(campaign, [], []).search_space.parameter_constraints
    for x, z in [(0.1, 0.9), (0.9, 0.1), (0.5, 0.25), (0.2, 0.5)]:
        design: dict[str, Any] = {"x": x, "z": z}
        assert all(c.check(design) for c in held) == campaign.is_feasible(design)


@pytest.mark.parametrize("power", ["x**2", "x*z", "exp(x)", "min(x, z)", "1/x"])
def test_what_is_not_linear_is_left_out(build: Build, power: str) -> None:
    campaign = build.campaign(constraints={"c": {"expression": power, "at_most": 2}})
    exported = to_ax(campaign, [], [])
    assert exported.search_space.parameter_constraints == []
    assert exported._properties[KEY]["left_out"] == ["c"]


def test_ax_can_go_on_with_an_exported_campaign(build: Build) -> None:
    from ax.api.client import Client

    results = [*RESULTS, CHEAP]
    state = build.state(build.campaign(), results, [("dear", {"x": 0.5, "z": 0.5})])
    client = Client(random_seed=0)
    client.set_experiment(to_ax(state.campaign, state.trials, state.observations))
    client.configure_generation_strategy(
        initialization_budget=5, initialize_with_center=False
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(ax|botorch|gpytorch|linear_op)")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        ((index, design),) = client.get_next_trials(max_trials=1).items()
        client.complete_trial(index, raw_data={"y": (3.5, 0.1)})
    trial = client._experiment.trials[index]
    assert "MBM" in str(trial.generator_runs[0]._generation_node_name)
    assert state.campaign.is_feasible({k: float(v) for k, v in design.items()})
    back, rows = from_ax(client._experiment)
    assert back == state.campaign
    assert len(rows) == len(results) + 1
    assert rows[-1].source == "dear"
    assert rows[-1].design == design
    assert (rows[-1].measurement.value, rows[-1].measurement.sd) == (3.5, 0.1)


def foreign(**changes: Any) -> Any:
    from ax.api.client import Client
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    client = Client(random_seed=0)
    client.configure_experiment(
        name="my study",
        parameters=changes.get("parameters")
        or [
            RangeParameterConfig(name="x", parameter_type="float", bounds=(0, 1)),
            RangeParameterConfig(
                name="t", parameter_type="float", bounds=(1, 9), scaling="log"
            ),
            ChoiceParameterConfig(
                name="salt",
                parameter_type="str",
                values=["LiPF6", "LiFSI", "LiTFSI"],
                is_ordered=False,
            ),
            RangeParameterConfig(name="w", parameter_type="float", bounds=(0, 1)),
        ],
        parameter_constraints=changes.get("constraints", ["x + 2*w <= 1.5"]),
    )
    client.configure_optimization(
        objective=changes.get("objective", "-y"),
        outcome_constraints=changes.get("outcomes"),
    )
    return client


def test_a_foreign_experiment_becomes_a_campaign() -> None:
    client = foreign()
    good: dict[str, Any] = {"x": 0.5, "t": 2.0, "salt": "LiFSI", "w": 0.5}
    client.complete_trial(client.attach_trial(good), raw_data={"y": (2.0, 0.5)})
    client.attach_trial({**good, "x": 0.25})
    client.mark_trial_failed(client.attach_trial({**good, "x": 0.125}))
    campaign, rows = from_ax(
        client._experiment, source=SOURCE, name="cell", budget={"EUR": 9}
    )
    assert (campaign.name, campaign.title) == ("my_study", "my study")
    assert (campaign.objective.observable, campaign.objective.goal) == ("y", "minimize")
    assert campaign.sources == {"cell": SOURCE}
    assert campaign.parameters["t"].log
    assert set(campaign.parameters["salt"].choices) == {"LiPF6", "LiFSI", "LiTFSI"}
    assert campaign.is_feasible(good)
    assert not campaign.is_feasible({**good, "w": 0.75})
    measurement = Measurement(observable="y", value=2.0, unit="", sd=0.5)
    assert rows == (HistoryRow(source="cell", design=good, measurement=measurement),)


def _int() -> Any:
    from ax.api.configs import RangeParameterConfig

    return RangeParameterConfig(name="n", parameter_type="int", bounds=(0, 9))


def _nested() -> list[Any]:
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    return [
        ChoiceParameterConfig(
            name="kind",
            parameter_type="str",
            values=["a", "b"],
            is_ordered=False,
            dependent_parameters={"a": ["x"], "b": ["z"]},
        ),
        *(
            RangeParameterConfig(name=name, parameter_type="float", bounds=(0, 1))
            for name in "xz"
        ),
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"objective": "y, -cost"}, "several metrics (y, cost)"),
        ({"objective": "y + 2*cost"}, "weighted sum"),
        ({"outcomes": ["cost <= 3"]}, "outcome constraints"),
        ({"parameters": _int, "constraints": []}, "'n' is a RangeParameter"),
        ({"parameters": _nested, "constraints": []}, "'kind' is nested"),
    ],
)
def test_what_a_campaign_cannot_hold_is_named(
    changes: dict[str, Any], words: str
) -> None:
    if callable(made := changes.get("parameters")):
        given_parameters = made()
        if not isinstance(given_parameters, list):
            given_parameters = [given_parameters]
        changes = {**changes, "parameters": given_parameters}
    experiment = foreign(**changes)._experiment
    with pytest.raises(SpecError) as error:
        from_ax(experiment, source=SOURCE, budget={"EUR": 9})
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_foreign_experiment_needs_a_source_and_a_budget() -> None:
    with pytest.raises(SpecError, match="give the source"):
        from_ax(foreign()._experiment)


def test_a_name_that_ax_cannot_read_is_refused(build: Build) -> None:
    campaign = build.campaign(
        observables={"S": {}},
        objective={"observable": "S", "source": "dear"},
        sources={"dear": {**SPEC["sources"]["dear"], "observes": ["S"]}},
    )
    with pytest.raises(SpecError, match=r"'S' cannot be an Ax metric.*rename"):
        to_ax(campaign, [], [])


def test_importing_the_agents_does_not_import_ax() -> None:
    code = "import sys, bigloop.agents; sys.exit('ax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
