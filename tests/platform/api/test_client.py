from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from bigloop.api.client import Client
from bigloop.contracts import (
    BudgetError,
    ChangedError,
    ConflictError,
    HistoryRow,
    Measurement,
    NotFoundError,
    SpecError,
    StoreError,
    Trial,
)
from bigloop.db import Store
from bigloop.loop.handing_in import Result


def test_reading_gives_the_documents_of_the_store(client: Client, store: Store) -> None:
    assert client.campaigns() == store.campaigns()
    assert client.campaign("demo") == store.campaign("demo")
    assert client.trials("demo") == store.trials("demo")
    assert client.trials("demo", ["completed"], ["quick"])
    assert client.observations("demo") == store.observations("demo")
    assert client.accounts("demo") == store.ledger("demo")
    assert [e.seq for e in client.events("demo", after=100)] == [
        e.seq for e in store.every_event("demo", after=100)
    ]
    standing = client.standing("demo")
    assert sum(standing.trials.values()) == len(store.trials("demo"))


def test_models_come_without_weights_and_weights_as_a_file(
    client: Client, store: Store
) -> None:
    model = client.models("demo")[0]
    assert model.artifact == ""
    assert model.n_rows == store.models("demo")[0].n_rows
    assert len(client.model_file("demo", model.id)) > 100


def test_a_decision_on_what_was_seen(
    client: Client, store: Store, waiting: Trial
) -> None:
    seen = client.trial(waiting.id)
    store.rank(waiting.id, 1, "bob")
    with pytest.raises(ChangedError, match="look at it again"):
        client.approve(seen)
    assert client.approve(client.trial(waiting.id), "good").state == "approved"
    with pytest.raises(ConflictError):
        client.reject(waiting.id, "late")


def test_errors_are_of_their_class(client: Client, store: Store) -> None:
    with pytest.raises(NotFoundError):
        client.trial("ffff")
    spec = store.campaign("demo")
    with pytest.raises(BudgetError):
        client.revise(spec.model_copy(update={"budget": {"cell_cycle": 2600.0}}))
    with pytest.raises(SpecError, match="limit"):
        client._call("GET", "/events", params={"limit": 0})


def test_revise_what_was_seen(client: Client, store: Store) -> None:
    spec = store.campaign("demo").model_copy(update={"title": "new"})
    assert client.revise(spec, revision=0).title == "new"
    with pytest.raises(ChangedError, match="at revision 1"):
        client.revise(spec.model_copy(update={"title": "newer"}), revision=0)


def test_work_is_claimed_run_and_handed_in(
    client: Client, store: Store, waiting: Trial
) -> None:
    client.approve(waiting)
    claim = client.claim(["full"], worker="w")
    assert claim is not None
    claim = client.start(claim)
    assert client.heartbeat(claim).status == "running"
    life = Measurement(observable="life", value=700.0, unit="cycle")
    done = client.complete(claim, Result(measurements=(life,), age=700.0))
    assert done.state == "completed"
    assert client.claim() is None


def test_files_come_back_as_they_went(
    client: Client, tmp_path: Path, store: Store
) -> None:
    path = tmp_path / "curve <1>.csv"
    path.write_bytes(b"a,b\n1,2\n")
    made = client.upload("demo", path)
    assert made.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert client.download(made.sha256) == path.read_bytes()
    assert client.artifacts("demo") == [made]
    assert client.upload("demo", path) == made


def test_history_is_brought_once(client: Client) -> None:
    row = HistoryRow(
        source="full",
        design={"rate": 2.0, "soc": 0.2},
        specimen="old1",
        measurement=Measurement(observable="life", value=900, unit="cycle"),
    )
    assert client.import_history("demo", [row]) == 1
    assert client.import_history("demo", [row]) == 0


def test_steering(client: Client) -> None:
    assert client.pause("demo").status == "paused"
    assert client.resume("demo").status == "running"
    assert client.stop("demo", "enough").reason == "enough"
    assert client.abort("demo").status == "stopped"


def test_exports(client: Client, store: Store) -> None:
    lines = client.export("demo", "trials").decode().splitlines()
    assert len(lines) == 1 + len(store.trials("demo"))
    assert client.export("demo", "events", "parquet")[:4] == b"PAR1"


def test_a_notebook_shows_tables_without_markup(
    client: Client, store: Store, waiting: Trial
) -> None:
    store.hold(waiting.id, "ann", "<script>alert(1)</script>")
    for shown in (client.trials("demo"), client.trial(waiting.id)):
        html = shown._repr_html_()
        assert "<table>" in html
        assert "<script>" not in html


def test_a_server_that_is_away() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    away = Client(http=httpx.Client(transport=httpx.MockTransport(refuse)))
    with away, pytest.raises(StoreError, match="is the server up"):
        away.campaigns()


def test_a_rejection_says_what_it_is_about(client: Client, waiting: Trial) -> None:
    rate = float(waiting.proposal.design["rate"])
    with pytest.raises(SpecError, match="would not exclude"):
        client.reject(waiting, "hot", limit=f"rate <= {rate + 0.1}/hour")
    done = client.reject(waiting, "hot", limit=f"rate <= {rate - 0.1}/hour")
    assert done.because == "limit"
    (name,) = client.campaign("demo").limits
    assert client.revoke("demo", name, "mended").limits == {}
    with pytest.raises(NotFoundError, match="there are none"):
        client.revoke("demo", name, "mended")
