from __future__ import annotations

import io
from typing import Any

import pytest

from bigloop.api import passwords, tokens
from bigloop.config import Settings
from bigloop.db import Store

CHEAP = {"BIGLOOP_PASSWORD_ROUNDS": "1", "BIGLOOP_PASSWORD_MEMORY_KIB": "8"}


@pytest.fixture
def people(shell: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`people("add", "ada", ..., password=...)`: the answer of the command."""
    for name, value in CHEAP.items():
        monkeypatch.setenv(name, value)

    def call(*words: str, password: str = "") -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        return shell("people", *words)

    return call


def added(people: Any, name: str = "ada", role: str = "admin") -> Any:
    words = ("add", name, "--role", role, "--password-stdin")
    return people(*words, password="long enough 1")


def test_people_come_change_and_go(people: Any, shell: Any) -> None:
    assert added(people).out == "ada admin\n"
    assert added(people, "vic", "viewer").code == 0
    assert people("role", "vic", "operator").out == "vic operator\n"
    listed = people("list", "--json").json
    assert [(p["name"], p["role"]) for p in listed] == [
        ("ada", "admin"),
        ("vic", "operator"),
    ]
    assert people("remove", "vic").code == 0
    last = people("remove", "ada")
    assert (last.code, "last admin" in last.err) == (3, True)
    with Store.open(f"sqlite:///{shell.folder / 'store.db'}") as store:
        settings = Settings()
        assert passwords.fits(store, "ada", "long enough 1", settings)
    assert shell("verify").code == 0


def test_a_short_password_is_refused(people: Any) -> None:
    answer = people("add", "ada", "--role", "admin", "--password-stdin", password="x")
    assert (answer.code, "take 10 to 1000" in answer.err) == (2, True)


def test_a_token_is_all_that_stands_on_stdout(people: Any, shell: Any) -> None:
    added(people)
    made = shell("tokens", "make", "ada", "--label", "cycler", "--days", "7")
    text = made.out.strip()
    with Store.open(f"sqlite:///{shell.folder / 'store.db'}") as store:
        found = tokens.known(store, text)
        assert found is not None
        assert (found.person, found.role, found.label) == ("ada", "operator", "cycler")
    assert "keep it now" in made.err
    assert text not in shell("tokens", "list", "--json").out
    assert shell("tokens", "revoke", found.id).code == 0
    with Store.open(f"sqlite:///{shell.folder / 'store.db'}") as store:
        assert tokens.known(store, text) is None


def test_serve_is_for_this_machine_until_there_is_an_account(shell: Any) -> None:
    answer = shell("serve", "--host", "0.0.0.0", "--port", "0")
    assert answer.code == 2
    assert "bigloop people add" in answer.err
