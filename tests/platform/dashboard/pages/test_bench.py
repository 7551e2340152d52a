"""What a laboratory without a program does in the browser."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bigloop.contracts import Trial, TrialState, Verdict

PART = {"HX-Request": "true"}
BENCH = "/c/demo/bench"
FORM = {"source": "full", "n": "2", "days": "3"}


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def sheet_of(rows: list[dict[str, str]]) -> dict[str, tuple[str, bytes]]:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return {"sheet": ("batch.csv", file.getvalue().encode())}


def shown_in(html: str) -> str:
    return html.split('name="shown" value="')[1].split('"')[0]


@pytest.fixture
def approved(empty: TestClient, bench: Any) -> list[Trial]:
    """Three trials that a laboratory may take, and one of a held one."""
    made = [bench.propose("full", Verdict(action="approve")) for _ in range(4)]
    bench.store.hold(made[0].id, "ann", "no electrolyte")
    return made[1:]


def test_a_sheet_is_taken_filled_in_looked_at_and_written(
    empty: TestClient, bench: Any, approved: list[Trial]
) -> None:
    assert "full (3)" in empty.get(BENCH).text
    taken = empty.post(f"{BENCH}/take", data=FORM)
    assert taken.headers["content-disposition"].startswith("attachment")
    rows = rows_of(taken.text)
    assert [row["trial"] for row in rows] == [t.id for t in approved[:2]]
    page = empty.get(BENCH).text
    assert "full (1)" in page
    assert "<b>you</b>" in page

    rows[0] |= {"life [cycle]": "512", "done_age": "512"}
    rows[1] |= {"life [cycle]": "many"}
    looked = empty.post(f"{BENCH}/results", files=sheet_of(rows), headers=PART).text
    assert "life = 512 cycles at age 512" in looked
    assert "&#39;many&#39; is no finite number" in looked
    assert "1 row is wrong: nothing can be written" in looked
    assert 'name="shown"' not in looked

    rows[1]["life [cycle]"] = ""
    looked = empty.post(f"{BENCH}/results", files=sheet_of(rows), headers=PART).text
    assert "not done yet" in looked
    states = [bench.store.trial(t.id).state for t in approved]
    assert states == ["running", "running", "approved"]

    # What was looked at is what is written, also by a browser without scripts.
    told = empty.post(f"{BENCH}/results", data={"shown": shown_in(looked)}).text
    assert "1 result is written" in told
    assert "<title>Results · demo" in told
    states = [bench.store.trial(t.id).state for t in approved]
    assert states == [TrialState.COMPLETED, TrialState.RUNNING, TrialState.APPROVED]


def test_what_is_not_there_is_not_taken(
    empty: TestClient, bench: Any, approved: list[Trial]
) -> None:
    assert empty.post(f"{BENCH}/take", data=FORM | {"source": "x"}).status_code == 422
    assert empty.post(f"{BENCH}/take", data=FORM | {"n": "0"}).status_code == 422
    nothing = empty.post(f"{BENCH}/take", data=FORM | {"source": "quick"})
    assert nothing.status_code == 409
    assert "nothing of quick is ready" in nothing.text
    for said in ({"shown": "no base64!"}, {}):
        wrong = empty.post(f"{BENCH}/results", data=said, headers=PART)
        assert wrong.status_code == 422
    assert bench.store.trials("demo", [TrialState.RUNNING]) == []


def test_what_is_approved_is_held_ranked_edited_and_cancelled(
    empty: TestClient, bench: Any, approved: list[Trial]
) -> None:
    store, (first, other, _) = bench.store, approved
    page = empty.get(f"/t/{first.id}").text
    for verb in ("edit", "cancel", "order"):
        assert f'/t/{first.id}/{verb}"' in page
    order = {"priority": "3", "hold": "no cells"}
    empty.post(f"/t/{first.id}/order", data=order, headers=PART)
    held = store.trial(first.id)
    assert (held.priority, held.hold, held.state) == (3, "no cells", "approved")
    unsaid = empty.post(f"/t/{other.id}/cancel", data={"reason": ""}, headers=PART)
    assert unsaid.status_code == 422
    said = empty.post(f"/t/{other.id}/cancel", data={"reason": "too dear"}).text
    assert store.trial(other.id).state is TrialState.CANCELLED
    assert "too dear" in empty.get(f"/t/{other.id}").text
    assert said


def test_what_is_lost_is_resolved_on_the_page(
    empty: TestClient, bench: Any, approved: list[Trial]
) -> None:
    claim = bench.store.take("worker")
    assert claim is not None
    bench.store.mark_unknown(claim, "the cycler lost power")
    there = f"/t/{claim.trial.id}/resolve"
    for path in ("/c/demo", f"/t/{claim.trial.id}"):
        assert f'action="{there}"' in empty.get(path).text
    form = {"outcome": "completed", "value_life": "", "reason": "the file was there"}
    nothing = empty.post(there, data=form, headers=PART)
    assert nothing.status_code == 422
    assert "measures something" in nothing.text
    form |= {"value_life": "0.7:kilocycle", "age": "700", "specimen": "b3"}
    wrong = empty.post(there, data=form | {"age": "old"}, headers=PART)
    assert wrong.status_code == 422
    done = empty.post(there, data=form | {"value_life": "701"}, headers=PART)
    assert "completed" in done.text
    told = bench.store.trial(claim.trial.id)
    assert told.outcome.measurements[0].value == 701
    assert (told.outcome.specimen, told.spent) == ("b3", {"cell_cycle": 700})
    late = empty.post(there, data=form | {"value_life": "701"}, headers=PART)
    assert late.status_code == 409
