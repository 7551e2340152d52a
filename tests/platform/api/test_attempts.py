from __future__ import annotations

from typing import Any

import pytest

from bigloop.contracts import Trial, TrialState
from bigloop.db import Store


def claimed(post: Any, waiting: Trial) -> tuple[str, int]:
    post(f"/trials/{waiting.id}/approve")
    claim = post("/claims", sources=["full"], worker="cycler1", key="c").json()
    assert claim["worker"] == "ann/cycler1"
    again = post("/claims", sources=["full"], worker="cycler1", key="c").json()
    assert (again["trial"]["id"], again["token"]) == (waiting.id, claim["token"])
    return waiting.id, claim["token"]


def result(**more: Any) -> dict[str, Any]:
    life = {"observable": "life", "value": 0.8, "unit": "kilocycle"}
    return {"measurements": [life], "age": 800, "specimen": "c7", **more}


def test_a_laboratory_runs_a_trial(post: Any, store: Store, waiting: Trial) -> None:
    trial, token = claimed(post, waiting)
    path = f"/trials/{trial}/attempts/{token}"
    started = post(f"{path}/start", worker="cycler1", key="s")
    assert started.json()["trial"]["state"] == "running"
    assert post(f"{path}/start", worker="cycler1", key="s").status_code == 200
    assert post(f"{path}/start", worker="cycler1").status_code == 409
    beat = post(f"{path}/heartbeat", worker="cycler1", lease_s=90).json()
    assert beat["status"] == "running"
    executed = {"rate": {"value": 0.06, "unit": "1/minute"}, "soc": 0.41}
    handed = result(executed=executed)
    done = post(f"{path}/complete", worker="cycler1", result=handed)
    assert done.status_code == 200, done.text
    found = store.trial(trial)
    assert found.outcome is not None
    assert found.outcome.executed["rate"] == pytest.approx(3.6)
    assert found.proposal.design["rate"] != pytest.approx(3.6)
    assert found.spent == {"cell_cycle": 800.0}
    (life,) = [o for o in store.observations("demo", trial) if o.observable == "life"]
    assert (life.value, life.unit) == (800.0, "cycle")
    again = post(f"{path}/complete", worker="cycler1", result=handed)
    assert again.json() == done.json()


def test_a_stale_claim_is_fenced_off(post: Any, store: Store, waiting: Trial) -> None:
    trial, token = claimed(post, waiting)
    path = f"/trials/{trial}/attempts/{token}"
    stolen = post(f"{path}/start", worker="cycler2")
    assert (stolen.status_code, stolen.json()["error"]) == (409, "StaleClaimError")
    assert stolen.json()["trial"]["worker"] == "ann/cycler1"
    assert post(f"{path}/release", worker="cycler1").json()["state"] == "approved"
    assert post(f"{path}/heartbeat", worker="cycler1").status_code == 409


def test_a_failure_has_a_class_and_its_price(
    post: Any, store: Store, waiting: Trial
) -> None:
    trial, token = claimed(post, waiting)
    path = f"/trials/{trial}/attempts/{token}"
    post(f"{path}/start", worker="cycler1")
    nothing = {"status": "failure", "message": "contact lost"}
    refused = post(f"{path}/complete", worker="cycler1", result=nothing)
    assert refused.status_code == 422
    assert "a failure has a class" in refused.json()["detail"]
    failed = {**nothing, "failure": "equipment", "age": 12}
    done = post(f"{path}/complete", worker="cycler1", result=failed).json()
    assert (done["state"], done["spent"]) == ("failed", {"cell_cycle": 12.0})


def test_what_nobody_can_tell_is_unknown(
    post: Any, store: Store, waiting: Trial
) -> None:
    trial, token = claimed(post, waiting)
    path = f"/trials/{trial}/attempts/{token}"
    post(f"{path}/start", worker="cycler1")
    assert post(f"{path}/lose", worker="cycler1", reason="power").json()["state"] == (
        TrialState.UNKNOWN
    )


def test_nothing_to_run_is_no_content(post: Any) -> None:
    answer = post("/claims", sources=["full"])
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_running_trial_learns_that_its_campaign_was_aborted(
    post: Any, waiting: Trial
) -> None:
    trial, token = claimed(post, waiting)
    path = f"/trials/{trial}/attempts/{token}"
    post(f"{path}/start", worker="cycler1")
    assert post("/campaigns/demo/abort").json()["status"] == "stopped"
    assert post(f"{path}/heartbeat", worker="cycler1").json()["status"] == "stopped"
