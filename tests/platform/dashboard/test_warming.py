"""A fresh server reads what its first page needs, and stops when it is told to."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI

from bigloop.contracts import StoreError
from bigloop.dashboard.pages.desk import desk_of
from bigloop.dashboard.warming import warm


@pytest.fixture
def read(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was read of which campaign."""
    found: list[str] = []
    store = desk_of(app).store
    asked = store.moment

    def moment(campaign: str) -> Any:
        found.append(campaign)
        return asked(campaign)

    monkeypatch.setattr(store, "moment", moment)
    return found


def test_a_campaign_at_work_is_read_beforehand(app: FastAPI, read: list[str]) -> None:
    warm(desk_of(app), lambda: False)
    assert read == ["demo"]


def test_a_campaign_that_ended_is_not(app: FastAPI, read: list[str]) -> None:
    desk_of(app).store.set_status("demo", "stopped", "done", "ann")
    warm(desk_of(app), lambda: False)
    assert read == []


def test_it_stops_when_the_server_ends(app: FastAPI, read: list[str]) -> None:
    warm(desk_of(app), lambda: True)
    assert read == []


def test_a_store_that_cannot_be_read_is_left_to_whoever_asks(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise StoreError("gone")

    monkeypatch.setattr(desk_of(app).store, "campaigns", broken)
    warm(desk_of(app), lambda: False)
