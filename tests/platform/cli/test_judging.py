from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest

from bigloop.db import Store


def waiting(shell: Any) -> str:
    (trial,) = shell.ids("awaiting_approval")
    return str(trial)


def last_event(shell: Any) -> dict[str, Any]:
    event: dict[str, Any] = shell("events", "--json").json[-1]
    return event


def test_approve_is_recorded_in_the_name_given(shell: Any) -> None:
    trial = waiting(shell)
    answer = shell("approve", trial[:8], "--reason", "looks good")
    assert (answer.code, answer.out) == (0, f"{trial} approved\n")
    event = last_event(shell)
    assert (event["kind"], event["actor"]) == ("trial.approved", "ann")
    assert event["data"]["reason"] == "looks good"


def test_what_is_decided_is_a_conflict(shell: Any) -> None:
    trial = waiting(shell)
    shell("approve", trial)
    answer = shell("approve", trial)
    assert answer.code == 3
    assert "is approved" in answer.err


def test_reject_wants_a_reason(shell: Any) -> None:
    trial = waiting(shell)
    assert shell("reject", trial).code == 2
    empty = shell("reject", trial, "--reason", " ")
    assert empty.code == 2
    assert "reason is empty" in empty.err
    assert shell("reject", trial, "--reason", "too hot").out == f"{trial} rejected\n"


def test_cancel(shell: Any) -> None:
    trial = waiting(shell)
    answer = shell("cancel", trial, "--reason", "no cells")
    assert answer.out == f"{trial} cancelled\n"
    running = shell("cancel", shell.ids("completed")[0], "--reason", "late")
    assert running.code == 3


def test_an_edit_is_a_new_proposal_that_is_priced_anew(shell: Any) -> None:
    old = waiting(shell)
    answer = shell(
        "edit", old, "--set", "rate=2.5", "--until", "700", "--reason", "gentler"
    )
    assert answer.code == 0
    new, state = answer.out.split()
    assert state == "approved"
    trial = shell("why", new, "--json").json
    assert trial["proposal"]["design"]["rate"] == 2.5
    assert trial["proposal"]["replaces"] == old
    assert trial["reserved"] == {"cell_cycle": 700}
    assert trial["decision"]["agent"] == "person: ann"
    assert shell("why", old, "--json").json["state"] == "cancelled"
    assert shell("verify").code == 0


def test_an_edit_may_wait_again(shell: Any) -> None:
    answer = shell("edit", waiting(shell), "--set", "soc=0.1", "--reason", "softer")
    assert "awaiting_approval (it is long)" in answer.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--set", "rate=99"], 2, "outside the search space: rate is 99"),
        (["--set", "rate=fast"], 2, "rate = 'fast' is not a finite number"),
        (["--set", "rate=nan"], 2, "is not a finite number"),
        (["--set", "rate"], 2, "'rate' is not NAME=VALUE"),
        (["--set", "heat=3"], 2, "parameter 'heat' does not exist; there are rate"),
        ([], 2, "nothing changes"),
        (["--until", "9000"], 3, "the approval rules refuse this edit (too dear)"),
    ],
)
def test_a_wrong_edit_changes_nothing(
    shell: Any, arguments: list[str], code: int, message: str
) -> None:
    trial = waiting(shell)
    before = last_event(shell)
    answer = shell("edit", trial, *arguments, "--reason", "because")
    assert answer.code == code
    assert message in answer.err
    assert last_event(shell) == before


def test_an_edit_beyond_the_budget_is_code_7(shell: Any) -> None:
    path = f"sqlite:///{shell.folder / 'store.db'}"
    with Store.open(path) as store:
        spec = store.campaign("demo")
        account = store.ledger("demo")["cell_cycle"]
        used = account.spent + account.reserved + 1
        store.revise(spec.model_copy(update={"budget": {"cell_cycle": used}}), "ann")
    answer = shell("edit", waiting(shell), "--until", "2600", "--reason", "longer")
    assert answer.code == 7
    assert answer.err.startswith("error: ")


def test_resolve_completed_books_by_age(shell: Any) -> None:
    (trial,) = shell.ids("unknown")
    answer = shell(
        *("resolve", trial, "--outcome", "completed", "--value", "life=812:cycle"),
        *("--age", "812", "--specimen", "cellX", "--reason", "read by hand"),
    )
    assert (answer.code, answer.out) == (0, f"{trial} completed\n")
    found = shell("why", trial, "--json").json
    assert found["spent"] == {"cell_cycle": 812}
    assert found["outcome"]["measurements"][0]["value"] == 812


def test_resolve_failed_without_age_books_the_reservation(shell: Any) -> None:
    (trial,) = shell.ids("unknown")
    shell("resolve", trial, "--outcome", "failed", "--reason", "it burnt")
    found = shell("why", trial, "--json").json
    assert (found["state"], found["outcome"]["failure"]) == ("failed", "equipment")
    assert found["spent"] == {"cell_cycle": 2500}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--outcome", "done"], 2, "write completed or failed"),
        (["--outcome", "completed"], 2, "measures something"),
        (["--outcome", "completed", "--value", "life=1:volt"], 4, "life = 1 volt"),
        (["--outcome", "completed", "--value", "life=-5"], 4, "physical range"),
        (["--outcome", "completed", "--value", "lifes=5"], 2, "there are"),
        (["--outcome", "failed", "--failure", "bad"], 2, "write one of equipment"),
    ],
)
def test_a_wrong_resolution_changes_nothing(
    shell: Any, arguments: list[str], code: int, message: str
) -> None:
    (trial,) = shell.ids("unknown")
    answer = shell("resolve", trial, *arguments, "--reason", "because")
    assert answer.code == code
    assert message in answer.err
    assert shell.ids("unknown") == [trial]


def test_resolve_is_for_unknown_trials(shell: Any) -> None:
    answer = shell(
        "resolve", waiting(shell), "--outcome", "failed", "--reason", "because"
    )
    assert answer.code == 3


def test_pause_resume_stop(shell: Any) -> None:
    assert shell("pause", "--reason", "fire drill").out == "demo: paused\n"
    assert "paused (fire drill)" in shell("status").out
    assert shell("resume").out == "demo: running\n"
    assert shell("stop", "demo").out == "demo: stopped\n"
    answer = shell("edit", waiting(shell), "--until", "500", "--reason", "shorter")
    assert answer.code == 3
    assert "is stopped" in answer.err


def test_hold_rank_and_unhold_say_where_a_trial_stands(shell: Any) -> None:
    trial = waiting(shell)
    held = shell("hold", trial[:8], "--reason", "bench is dirty")
    assert "on hold: bench is dirty" in held.out
    assert shell("hold", trial).code == 2
    assert "priority 3" in shell("rank", trial, "--priority", "3").out
    assert "  stands: on hold: bench is dirty; priority 3\n" in shell("queue").out
    assert "on hold" not in shell("unhold", trial).out
    assert last_event(shell)["kind"] == "trial.unheld"


def test_abort_withdraws_what_waits(shell: Any) -> None:
    trial = waiting(shell)
    assert shell("abort", "--reason", "smoke").out == "demo: stopped\n"
    assert trial in shell.ids("cancelled")
    assert shell("resume").out == "demo: running\n"


def test_a_rejection_says_what_it_is_about(shell: Any) -> None:
    trial = waiting(shell)
    wrong = shell("reject", trial, "--reason", "no", "--because", "taste")
    assert wrong.code == 2
    assert wrong.err.count("\n") == 1
    assert "write one of once, design" in wrong.err
    done = shell("reject", trial, "--reason", "it leaks", "--because", "design")
    assert done.code == 0
    assert "it leaks (rejected because: design)" in shell("why", trial).out
    assert last_event(shell)["data"]["because"] == "design"
    assert shell("verify").code == 0


def test_who_edited_is_in_the_explanation_and_in_the_export(shell: Any) -> None:
    old = waiting(shell)
    answer = shell("edit", old, "--set", "rate=2.5", "--until", "700", "--reason", "ok")
    new = answer.out.split()[0]
    assert f"an edit of {old}, by person: ann" in shell("why", new).out
    shell("export", "--what", "trials", "--to", shell.folder / "all.csv")
    with (shell.folder / "all.csv").open() as file:
        rows = {row["trial"]: row for row in csv.DictReader(file)}
    assert (rows[new]["decided_by"], rows[new]["replaces"]) == ("person: ann", old)
    assert (rows[old]["state"], rows[old]["because"]) == ("cancelled", "")


def test_what_waits_beyond_a_limit_is_withdrawn_or_marked(
    shell: Any, asking: Path
) -> None:
    shutil.copy(asking / "store.db", shell.folder / "store.db")
    first, approved, *others = shell.ids("awaiting_approval")
    assert others
    assert shell("approve", approved).code == 0
    rates = [
        shell("why", trial, "--json").json["proposal"]["design"]["rate"]
        for trial in (first, approved, *others)
    ]
    bound = f"rate <= {min(rates) - 0.05}/hour"
    done = shell("reject", first, "--reason", "it gets hot", "--limit", bound).out
    assert done.startswith(f"{first} rejected\n")
    for trial in others:
        assert f"{trial} cancelled (withdrawn: limit_" in done
        assert "of ann (rate <= " in shell("why", trial).out
    assert approved not in done
    listed = shell("limits").out
    assert f"beyond it: {approved} approved" in listed
    assert "it was approved before, and is not withdrawn" in listed
    assert "beyond a limit: limit_" in shell("why", approved).out
    assert shell("queue").out.endswith("nothing waits for a person\n")
    assert shell("verify").code == 0


def test_a_limit_is_set_listed_and_revoked(shell: Any) -> None:
    trial = waiting(shell)
    rate = shell("why", trial, "--json").json["proposal"]["design"]["rate"]
    said = ("reject", trial, "--reason", "the cycler's limit", "--limit")
    for wrong in ("rate <= 6/hour", "rate <= 2 meter", "speed <= 1", "slower"):
        answer = shell(*said, wrong)
        assert answer.code == 2
        assert answer.err.startswith(f"error: limit '{wrong}': ")
        assert answer.err.count("\n") == 1
    assert shell("limits").out == "there are no limits\n"
    bound = f"rate <= {rate / 2}/hour" if rate > 2 else f"rate >= {rate * 2}/hour"
    assert shell(*said, bound).code == 0
    ((name, limit),) = shell("limits", "--json").json.items()
    assert (limit["by"], limit["trial"]) == ("ann", trial)
    assert shell("limits").out.startswith(f"{name}: rate ")
    assert "(rejected because: limit)" in shell("why", trial).out
    missing = shell("revoke", "limit_0x", "--reason", "no")
    assert (missing.code, missing.err.count("\n")) == (2, 1)
    done = shell("revoke", name, "--reason", "a new cycler")
    assert done.out == f"demo: {name} revoked\n"
    assert shell("limits", "--json").json == {}
    assert shell("verify").code == 0
