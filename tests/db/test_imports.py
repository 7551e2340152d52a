from __future__ import annotations

from typing import Any

import pytest

from bigloop.contracts import HistoryRow, Measurement, NotFoundError, ResultError
from bigloop.db import Store


def row(index: int, **more: Any) -> HistoryRow:
    value = more.pop("value", -float(index % 8))
    measurement = Measurement(observable="slope", value=value, unit="")
    return HistoryRow(
        **{
            "source": "early",
            "design": {"rate": 1.0, "salt": "LiFSI"},
            "specimen": f"cell {index}",
            "measurement": measurement,
            **more,
        }
    )


def test_importing_twice_adds_nothing(store: Store) -> None:
    rows = [row(index) for index in range(10)]
    assert store.import_history("cells", rows, "ada") == 10
    seq = store.last_seq()
    assert store.import_history("cells", rows, "ada") == 0
    assert store.last_seq() == seq
    assert store.import_history("cells", [*rows, row(10), row(10)], "ada") == 1
    assert store.events()[-1].data["skipped"] == 11
    found = store.observations("cells")
    assert [o.specimen for o in found] == [f"cell {i}" for i in range(11)]
    assert {o.trial for o in found} == {None}
    assert all(o.solicited for o in found)


def test_all_or_nothing(store: Store) -> None:
    wrong = [
        row(1, source="oven"),
        row(2, design={"rate": 1.0}),
        row(3, value=5.0),
        *(row(index, value=1.0) for index in range(4, 9)),
    ]
    with pytest.raises(ResultError) as caught:
        store.import_history("cells", [row(0), *wrong], "ada")
    message = str(caught.value)
    assert message.startswith("8 of 9 rows are wrong, none was imported: row 2: source")
    assert message.count("row ") == 5
    assert message.endswith("; and 3 more")
    assert store.observations("cells") == []


def test_nothing_to_import(store: Store) -> None:
    assert store.import_history("cells", [], "ada") == 0
    with pytest.raises(NotFoundError):
        store.import_history("other", [], "ada")
