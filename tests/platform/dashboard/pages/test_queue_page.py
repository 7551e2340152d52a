from __future__ import annotations

import re
from typing import Any

from fastapi.testclient import TestClient

from bigloop.contracts import Because, TrialState, Verdict
from bigloop.db import Store
from bigloop.loop.editing import edit_trial

PART = {"HX-Request": "true"}
ASK = Verdict(action="ask", who="scientist", reason="it is long")


def test_a_card_says_what_where_cost_lesson_and_why(
    client: TestClient, waiting: str
) -> None:
    text = client.get("/c/demo").text
    card = text[text.index(f'id="t-{waiting}"') :]
    for said in (
        "a new specimen, from 0 to its end",
        "2,500 cell-cycles",
        "% of what is left",
        "0.05 relative",
        "epistemic",
        "aleatoric",
        "it is long",
    ):
        assert said in card
    assert "Longest life &lt;under&gt; a &amp; b" in text


def test_unknown_trials_are_named_first(client: TestClient) -> None:
    text = client.get("/c/demo").text
    assert text.index("Nobody knows how these ended") < text.index('id="queue"')
    assert "the cycler lost power" in text


def test_approve_answers_with_a_line_that_names_the_person(
    client: TestClient, store: Store, waiting: str
) -> None:
    answer = client.post(f"/t/{waiting}/approve", headers=PART)
    assert answer.status_code == 200
    assert "approved" in answer.text
    assert "by ann" in answer.text
    assert store.trial(waiting).state is TrialState.APPROVED
    assert "No proposal waits for you" in client.get("/c/demo").text


def test_a_form_without_scripts_leads_back_to_the_queue(
    client: TestClient, waiting: str
) -> None:
    answer = client.post(
        f"/t/{waiting}/reject", data={"reason": "no"}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/c/demo"


def test_who_lost_the_race_sees_what_the_other_did(
    client: TestClient, store: Store, waiting: str
) -> None:
    store.reject(waiting, "bob", "no <cells> left")
    answer = client.post(f"/t/{waiting}/approve", headers=PART)
    assert answer.status_code == 409
    assert "somebody was faster" in answer.text
    assert "by bob" in answer.text
    assert "no &lt;cells&gt; left" in answer.text


def test_a_decision_on_what_has_changed_since_is_not_taken(
    client: TestClient, store: Store, waiting: str
) -> None:
    seen = store.trial(waiting).version
    store.rank(waiting, 5, "bob")
    form = {"version": str(seen), "reason": "no"}
    answer = client.post(f"/t/{waiting}/reject", headers=PART, data=form)
    assert answer.status_code == 409
    assert store.trial(waiting).state is TrialState.AWAITING_APPROVAL


def test_priority_and_hold_are_set_on_the_card(
    client: TestClient, store: Store, waiting: str
) -> None:
    form = {
        "version": str(store.trial(waiting).version),
        "priority": "3",
        "hold": "the oven is being mended",
    }
    card = client.post(f"/t/{waiting}/order", headers=PART, data=form).text
    assert "the oven is being mended" in card
    found = store.trial(waiting)
    assert (found.priority, found.hold) == (3, "the oven is being mended")
    form = {"version": str(found.version), "priority": "3", "hold": ""}
    assert client.post(f"/t/{waiting}/order", headers=PART, data=form).is_success
    assert store.trial(waiting).hold == ""


def test_a_rejection_without_a_reason_is_told_beside_the_form(
    client: TestClient, store: Store, waiting: str
) -> None:
    answer = client.post(f"/t/{waiting}/reject", data={"reason": " "}, headers=PART)
    assert answer.status_code == 422
    assert answer.headers["hx-retarget"] == "find .problem"
    assert "reason is empty" in answer.text
    assert store.trial(waiting).state is TrialState.AWAITING_APPROVAL


def test_a_rejection_because_of_the_design(
    client: TestClient, store: Store, waiting: str
) -> None:
    form = {"reason": "it leaks", "because": "design"}
    assert client.post(f"/t/{waiting}/reject", data=form, headers=PART).is_success
    assert store.trial(waiting).because is Because.DESIGN
    assert "rejected because: design" in client.get(f"/t/{waiting}").text


def test_a_limit_is_set_shown_and_revoked(empty: TestClient, bench: Any) -> None:
    one, other = (bench.propose(verdict=ASK) for _ in range(2))
    rates = [float(t.proposal.design["rate"]) for t in (one, other)]
    bound = f"rate <= {min(rates) - 0.05}/hour"
    form = {"reason": "the <cycler>", "because": "limit", "limit": "quick"}
    wrong = empty.post(f"/t/{one.id}/reject", data=form, headers=PART)
    assert wrong.status_code == 422
    assert "limit &#39;quick&#39;: it cannot be read" in wrong.text
    done = empty.post(
        f"/t/{one.id}/reject", data={**form, "limit": bound}, headers=PART
    )
    assert done.is_success
    page = empty.get("/c/demo").text
    (name,) = bench.store.campaign("demo").limits
    assert f"Revoke {name}" in page
    assert "the &lt;cycler&gt;" in page
    gone = bench.store.trial(other.id)
    assert gone.state is TrialState.CANCELLED
    assert gone.reason.startswith(f"withdrawn: {name} of ann (rate ")
    assert "Nothing waits for you" in page
    answer = empty.post(
        "/c/demo/revoke",
        data={"limit": name, "reason": "a new one"},
        follow_redirects=False,
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/c/demo")
    assert bench.store.campaign("demo").limits == {}
    assert "Limits set" not in empty.get("/c/demo").text


def test_what_a_person_approved_before_a_limit_is_marked(
    empty: TestClient, bench: Any
) -> None:
    one, done = (bench.propose(verdict=ASK) for _ in range(2))
    half = bench.propose(verdict=ASK.model_copy(update={"persons": 2}))
    bench.store.approve(done.id, "eve")
    bench.store.approve(half.id, "eve")
    rates = [float(t.proposal.design["rate"]) for t in (one, done, half)]
    form = {"reason": "the cycler", "limit": f"rate <= {min(rates) - 0.05}/hour"}
    form["because"] = "limit"
    assert empty.post(f"/t/{one.id}/reject", data=form, headers=PART).is_success
    page = empty.get("/c/demo").text
    assert "does not hold; it was proposed before; it waits on: eve stood" in page
    listed = page.split("Beyond it all the same")[1].split("</li>")[0]
    assert f"/t/{done.id}" in listed
    assert f"/t/{half.id}" in listed
    assert (
        "it was approved before, and is not withdrawn"
        in empty.get(f"/t/{done.id}").text
    )
    fitting = empty.get("/c/demo/fit", params={"up_to_cell_cycle": "99999"}).text
    assert half.id not in fitting


def test_an_edit_is_scored_before_and_recorded_with_its_terms(
    client: TestClient, store: Store, waiting: str
) -> None:
    form = {"set_rate": "3.0", "set_soc": "0.5"}
    shown = client.get(f"/t/{waiting}/preview", params=form, headers=PART).text
    assert "2,500 cell-cycles" in shown
    score = re.search(r"<th>score</th><td.*?>(.*?)</td><td.*?>(.*?)</td>", shown)
    assert score is not None
    form["reason"] = "nearer to the middle"
    answer = client.post(f"/t/{waiting}/edit", data=form, headers=PART)
    assert answer.status_code == 200
    assert "it waits in the queue" in answer.text
    (new,) = store.trials("demo", [TrialState.AWAITING_APPROVAL])
    assert new.proposal.design == {"rate": 3.0, "soc": 0.5}
    assert new.decision is not None
    assert f"{new.decision.score:.3g}" in score.group(2)
    assert "gain" in new.decision.terms


def test_an_edit_out_of_bounds_is_told_before_it_is_sent(
    client: TestClient, waiting: str
) -> None:
    for value, said in (("9", "outside 1 to 6"), ("abc", "not a finite number")):
        text = client.get(f"/t/{waiting}/preview", params={"set_rate": value}).text
        assert said in text


def test_what_comes_instead_is_told_and_nothing_is_written(
    client: TestClient, store: Store, waiting: str
) -> None:
    before = store.last_seq()
    text = client.get(f"/t/{waiting}/instead", headers=PART).text
    assert "Would reserve" in text
    assert store.last_seq() == before
    assert client.get(f"/t/{waiting}/instead", headers=PART).text == text


def test_many_are_approved_only_within_the_amount(
    bench: Any, empty: TestClient
) -> None:
    trials = [bench.propose(verdict=ASK) for _ in range(3)]
    shown = empty.get("/c/demo/fit", params={"up_to_cell_cycle": "5100"}).text
    chosen = re.findall(r'name="trial" value="(\w+)"', shown)
    assert len(chosen) == 2
    assert "Together 5,000 cell-cycles. 1 more do not fit." in shown
    too_many = {"up_to_cell_cycle": "5100", "trial": [t.id for t in trials]}
    assert empty.post("/c/demo/approve", data=too_many, headers=PART).status_code == 422
    bench.store.reject(chosen[0], "bob", "not this one")
    form = {"up_to_cell_cycle": "5100", "trial": chosen}
    answer = empty.post("/c/demo/approve", data=form, headers=PART).text
    assert "is rejected; approve is possible" in answer
    assert bench.store.trial(chosen[1]).state is TrialState.APPROVED


def test_pause_resume_stop_and_abort(client: TestClient, store: Store) -> None:
    def steer(**form: str) -> int:
        answer = client.post("/c/demo/steer", data=form, headers=PART)
        return int(answer.status_code)

    assert steer(status="paused") == 422
    assert steer(status="paused", reason="holiday") == 204
    assert "The campaign is paused: holiday" in client.get("/c/demo").text
    assert steer(status="running") == 204
    assert steer(status="nonsense", reason="x") == 422
    assert steer(status="abort") == 204
    assert store.campaigns()[0].status == "stopped"
    assert store.trials("demo", [TrialState.AWAITING_APPROVAL]) == []


def test_empty_states_say_what_to_do(empty: TestClient) -> None:
    assert "Nothing waits for you" in empty.get("/c/demo").text


def test_what_does_not_exist_is_a_page_of_its_own(client: TestClient) -> None:
    answer = client.get("/c/nope")
    assert answer.status_code == 404
    assert "there are demo" in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert client.get("/nothing/here").status_code == 404
    api = client.get("/api/v1/campaigns/nope")
    assert (api.status_code, "detail" in api.json()) == (404, True)
    assert client.get("/api/v1/nothing").json() == {"detail": "Not Found"}


def test_the_page_of_an_edit_says_who_made_it(
    client: TestClient, store: Store, waiting: str
) -> None:
    new = edit_trial(store, waiting, {"rate": 2.5}, 700, "bob", "gentler")
    text = client.get(f"/t/{new.id}").text
    assert f'href="/t/{waiting}">{waiting}</a>, by person: bob' in text
