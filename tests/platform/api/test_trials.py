from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from bigloop.contracts import Trial, TrialState
from bigloop.db import Store


def test_pages_are_the_whole(http: TestClient, store: Store) -> None:
    found, after = [], -1
    while True:
        answer = http.get(f"/api/v1/campaigns/demo/trials?limit=7&after={after}")
        page = answer.json()
        found += page["trials"]
        if page["next"] is None:
            break
        after = page["next"]
    assert [t["id"] for t in found] == [t.id for t in store.trials("demo")]
    query = "state=completed&source=quick"
    some = http.get(f"/api/v1/campaigns/demo/trials?{query}").json()["trials"]
    assert some
    assert {(t["state"], t["proposal"]["source"]) for t in some} == {
        ("completed", "quick")
    }


def test_a_trial_carries_its_version(http: TestClient, waiting: Trial) -> None:
    answer = http.get(f"/api/v1/trials/{waiting.id[:8]}")
    assert answer.headers["ETag"] == f'"{waiting.version}"'
    assert Trial.model_validate(answer.json()) == waiting


def test_the_same_key_changes_nothing_more(
    post: Any, store: Store, waiting: Trial
) -> None:
    path = f"/trials/{waiting.id}/approve"
    first = post(path, reason="good", key="k1")
    seq = store.last_seq()
    again = post(path, reason="good", key="k1")
    assert (first.status_code, again.json()) == (200, first.json())
    assert store.last_seq() == seq
    other = post(path, reason="better", key="k1")
    assert (other.status_code, other.json()["error"]) == (409, "ConflictError")


def test_a_conflict_shows_the_other_persons_change(
    post: Any, store: Store, waiting: Trial
) -> None:
    store.rank(waiting.id, 4, "bob")
    path = f"/trials/{waiting.id}/approve"
    answer = post(path, reason="good", seen=f'"{waiting.version}"')
    said = answer.json()
    assert answer.status_code == 412
    assert (said["trial"]["priority"], said["changed"]["actor"]) == (4, "bob")
    assert said["changed"]["kind"] == "trial.ranked"
    assert store.trial(waiting.id).state == TrialState.AWAITING_APPROVAL
    store.reject(waiting.id, "bob", "too hot")
    late = post(path, reason="good")
    assert late.status_code == 409
    assert late.json()["trial"]["state"] == "rejected"
    assert post(path, seen="what").status_code == 422


def test_edit_reject_hold_rank_cancel(post: Any, waiting: Trial) -> None:
    edited = post(
        f"/trials/{waiting.id}/edit",
        values={"rate": 2.5},
        until_age=700,
        reason="gentler",
        key="e",
    )
    new = edited.json()
    assert new["proposal"]["replaces"] == waiting.id
    again = post(
        f"/trials/{waiting.id}/edit",
        values={"rate": 2.5},
        until_age=700,
        reason="gentler",
        key="e",
    )
    assert again.json()["id"] == new["id"]
    path = f"/trials/{new['id']}"
    assert post(f"{path}/hold", reason="dirty").json()["hold"] == "dirty"
    assert post(f"{path}/rank", priority=2).json()["priority"] == 2
    assert post(f"{path}/unhold").json()["hold"] == ""
    assert post(f"{path}/cancel", reason="").status_code == 422
    assert post(f"{path}/cancel", reason="no").json()["state"] == "cancelled"


def test_resolve_says_what_became_of_an_unknown_trial(post: Any, store: Store) -> None:
    (lost,) = store.trials("demo", [TrialState.UNKNOWN])
    outcome = {"status": "failure", "failure": "equipment", "cost": {"cell_cycle": 3}}
    answer = post(f"/trials/{lost.id}/resolve", outcome=outcome, reason="looked")
    assert answer.json()["state"] == "failed"


def test_decisions_and_attempts(http: TestClient, waiting: Trial) -> None:
    page = http.get("/api/v1/campaigns/demo/decisions?limit=1000").json()
    assert page["decisions"][-1]["trial"] == waiting.id
    assert "sd_epistemic" in page["decisions"][0]["decision"]["terms"]
    trial = page["decisions"][0]["trial"]
    (attempt,) = http.get(f"/api/v1/trials/{trial}/attempts").json()
    assert attempt["result"] == "completed"


def test_what_does_not_exist_is_said(http: TestClient) -> None:
    for path in ("campaigns/none", "trials/ffffffff", "campaigns/none/trials"):
        answer = http.get(f"/api/v1/{path}")
        assert answer.status_code == 404
        assert "does not exist" in answer.json()["detail"]


def test_a_rejection_says_what_it_is_about(post: Any, waiting: Trial) -> None:
    path = f"/trials/{waiting.id}/reject"
    assert post(path, reason="it leaks", because="taste").status_code == 422
    done = post(path, reason="it leaks", because="design")
    assert (done.json()["state"], done.json()["because"]) == ("rejected", "design")
    assert post(path, reason="again", because="design").status_code == 409


def test_a_limit_is_set_and_revoked(
    post: Any, http: TestClient, store: Store, waiting: Trial
) -> None:
    path = f"/trials/{waiting.id}/reject"
    for wrong in ("rate <= 6/hour", "rate <= 1 meter", "fast"):
        answer = post(path, reason="hot", limit=wrong)
        assert answer.status_code == 422
        assert "\n" not in answer.json()["detail"]
    assert post(path, reason="hot", because="limit").status_code == 422
    rate = float(waiting.proposal.design["rate"])
    bound = f"rate >= {rate + 0.2}/hour" if rate < 3 else f"rate <= {rate - 0.2}/hour"
    done = post(path, reason="hot", limit=bound)
    assert done.json()["because"] == "limit"
    assert post(path, reason="hot", limit=bound).status_code == 409
    (name,) = http.get("/api/v1/campaigns/demo").json()["limits"]
    revoke = f"/campaigns/demo/limits/{name}/revoke"
    assert post(revoke, reason="").status_code == 422
    assert post(revoke, reason="mended", key="r").json()["limits"] == {}
    assert post(revoke, reason="mended", key="r").status_code == 200
    assert post(revoke, reason="mended").status_code == 404
