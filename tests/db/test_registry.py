from __future__ import annotations

from typing import Any

import pytest

from bigloop.contracts import ConflictError, ModelVersion, NotFoundError, SpecError
from bigloop.db import Store


def version(name: str, **more: Any) -> ModelVersion:
    fields = {"campaign": "cells", "model": "early-life", "snapshot": "s", "n_rows": 3}
    return ModelVersion(id=name, **{**fields, **more})


def test_one_champion(store: Store) -> None:
    assert store.champion("cells") is None
    for name in ("m1", "m2"):
        store.add_model(version(name), "trainer")
    assert store.champion("cells") is None
    assert store.promote("m1", "trainer").status == "champion"
    assert store.promote("m2", "trainer", reason="better").status == "champion"
    champion = store.champion("cells")
    assert champion is not None
    assert champion.id == "m2"
    assert [m.status for m in store.models("cells")] == ["retired", "champion"]
    seq = store.last_seq()
    store.promote("m2", "trainer")
    assert store.last_seq() == seq


def test_adding_twice_is_adding_once(store: Store) -> None:
    store.add_model(version("m1", metrics={"rmse": 1.0}), "trainer")
    store.promote("m1", "trainer")
    again = store.add_model(version("m1", metrics={"rmse": 1.0}), "trainer")
    assert again.status == "champion"
    with pytest.raises(ConflictError, match="another content"):
        store.add_model(version("m1", metrics={"rmse": 2.0}), "trainer")


def test_a_model_begins_as_challenger(store: Store) -> None:
    with pytest.raises(SpecError, match="then promote it"):
        store.add_model(version("m1", status="champion"), "trainer")


def test_unknown_models_and_campaigns(store: Store) -> None:
    with pytest.raises(NotFoundError, match="there are none yet"):
        store.promote("m1", "trainer")
    with pytest.raises(NotFoundError, match="there are cells"):
        store.add_model(version("m1", campaign="other"), "trainer")


def test_two_campaigns_may_train_the_same_model(store: Store) -> None:
    other = store.campaign("cells").model_copy(update={"name": "more"})
    store.add_campaign(other, "ada")
    store.add_model(version("m1"), "trainer")
    store.add_model(version("m1", campaign="more"), "trainer")
    with pytest.raises(NotFoundError, match="is in cells, more; say"):
        store.promote("m1", "trainer")
    assert store.promote("m1", "trainer", campaign="more").campaign == "more"
    assert store.champion("cells") is None
