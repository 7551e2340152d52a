"""Plugins: what is installed is found, what is not is answered with a list."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from bigloop.contracts import NotFoundError, SourceError, plugins


@pytest.mark.parametrize("group", ["simulators", "models", "agents"])
def test_everything_that_is_available_loads(group: str) -> None:
    names = plugins.available(group)
    assert names
    assert all(callable(plugins.load(group, name)) for name in names)


def test_a_wrong_name_lists_what_exists() -> None:
    with pytest.raises(NotFoundError) as error:
        plugins.load("simulators", "brannin")
    message = str(error.value)
    assert "simulator 'brannin' does not exist" in message
    assert "did you mean 'branin'?" in message
    for name in plugins.available("simulators"):
        assert name in message


def test_a_group_without_entries_says_so() -> None:
    with pytest.raises(NotFoundError, match="there are none"):
        plugins.load("telescopes", "hubble")


def test_a_broken_plugin_is_a_source_error(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("old", "no_such_module:Thing", "bigloop.simulators")
    monkeypatch.setattr(plugins, "points", lambda group: (point,))
    with pytest.raises(SourceError, match=r"'old'.*no_such_module.*reinstall"):
        plugins.load("simulators", "old")
