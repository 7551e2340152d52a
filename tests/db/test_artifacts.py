from __future__ import annotations

from collections.abc import Callable

import pytest

from bigloop.contracts import NotFoundError, SpecError, Suggestion, Verdict
from bigloop.db import Store

SHA = "ab" * 32


def test_a_file_is_noted_once(
    store: Store, suggest: Callable[..., Suggestion], approve: Verdict
) -> None:
    trial = store.propose(suggest(0), approve, "loop").id
    first = store.add_artifact("cells", SHA, "curve.csv", 7, "ann", trial=trial[:6])
    again = store.add_artifact("cells", SHA, "other.csv", 7, "bob")
    assert again == first
    assert store.artifacts("cells", trial) == [first]
    assert store.artifact(SHA).trial == trial
    assert store.events()[-1].kind == "artifact.added"


def test_what_is_no_artifact(store: Store) -> None:
    with pytest.raises(SpecError, match="64 lower-case"):
        store.add_artifact("cells", "../etc/passwd", "x", 1, "ann")
    with pytest.raises(NotFoundError):
        store.add_artifact("none", SHA, "x", 1, "ann")
    with pytest.raises(NotFoundError, match="upload it first"):
        store.artifact(SHA)
