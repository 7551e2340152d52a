from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bigloop.contracts import ConflictError, NotFoundError, SpecError
from bigloop.db import Store

HASH = "argon2-hash-of-ann"
TOKEN = "sha256-of-a-token"


@pytest.fixture
def staffed(empty: Store) -> Store:
    empty.add_person("ann", "admin", "root", password_hash=HASH)
    empty.add_person("olga", "operator", "ann", password_hash="other")
    return empty


def test_the_first_account_is_an_admins(empty: Store) -> None:
    assert not empty.has_people()
    with pytest.raises(SpecError, match="first account is an admin"):
        empty.add_person("olga", "operator", "root")
    empty.add_person("ann", "admin", "root")
    assert empty.has_people()


@pytest.mark.parametrize("name", ["", "a/b", "a:b", "a\nb", " a", "<b>", "x" * 65])
def test_names_that_are_none(staffed: Store, name: str) -> None:
    with pytest.raises(SpecError):
        staffed.add_person(name, "viewer", "ann")


def test_roles_change_but_one_admin_stays(staffed: Store) -> None:
    with pytest.raises(ConflictError, match="last admin"):
        staffed.set_role("ann", "viewer", "ann")
    with pytest.raises(ConflictError, match="last admin"):
        staffed.remove_person("ann", "ann")
    assert staffed.set_role("olga", "admin", "ann").role == "admin"
    assert staffed.set_role("ann", "viewer", "olga").role == "viewer"
    with pytest.raises(SpecError, match="write one of"):
        staffed.set_role("ann", "king", "olga")
    with pytest.raises(NotFoundError):
        staffed.set_role("bob", "viewer", "olga")
    with pytest.raises(ConflictError, match="exists"):
        staffed.add_person("ann", "viewer", "olga")


def test_no_secret_is_in_an_event(staffed: Store) -> None:
    staffed.set_password("olga", "new-hash", "olga")
    staffed.make_token("ab12", TOKEN, "olga", "viewer", "cycler", "olga")
    text = "".join(event.model_dump_json() for event in staffed.events())
    for secret in (HASH, "other", "new-hash", TOKEN):
        assert secret not in text
    kinds = [event.kind for event in staffed.events()]
    assert kinds == [
        "person.added",
        "person.added",
        "person.password",
        "token.made",
    ]


def test_a_role_changed_behind_the_store_is_noticed(url: str) -> None:
    with Store.open(url) as store:
        store.add_person("ann", "admin", "root")
        store.add_person("eve", "viewer", "ann")
        with store._engine.begin() as conn:
            conn.execute(sa.text("UPDATE people SET role = 'admin' WHERE name = 'eve'"))
        (problem,) = store.verify().problems
    assert "role is admin, should be viewer" in problem.what


def test_a_token_may_no_more_than_its_person(staffed: Store, clock: Any) -> None:
    with pytest.raises(SpecError, match="give a token no more"):
        staffed.make_token("t1", TOKEN, "olga", "scientist", "x", "olga")
    with pytest.raises(SpecError, match="in the past"):
        staffed.make_token(
            "t1", TOKEN, "olga", "viewer", "x", "olga", expires_at=clock.now
        )
    until = clock.now + timedelta(days=1)
    made = staffed.make_token(
        "t1", TOKEN, "olga", "operator", "x", "olga", expires_at=until
    )
    assert made.expires_at == until
    assert staffed.token_hash("t1") == TOKEN
    assert staffed.revoke_token("t1", "ann").revoked_at == clock.now
    assert staffed.token_hash("t1") is None
    before = staffed.last_seq()
    staffed.revoke_token("t1", "ann")
    assert staffed.last_seq() == before


def test_who_is_removed_has_no_token_and_no_session(staffed: Store) -> None:
    staffed.make_token("t1", TOKEN, "olga", "operator", "x", "olga")
    staffed.open_login("s", "olga")
    staffed.remove_person("olga", "ann")
    assert staffed.token_hash("t1") is None
    assert staffed.password_hash("olga") is None
    assert staffed.login("s", 100, 100) is None
    (token,) = staffed.tokens("olga")
    assert token.revoked_at is not None


def test_a_session_ends_unused_and_at_its_longest(staffed: Store, clock: Any) -> None:
    staffed.open_login("s", "ann")
    for _ in range(3):
        clock.advance(90)
        assert staffed.login("s", 100, 300) is not None
    clock.advance(90)
    assert staffed.login("s", 100, 300) is None
    staffed.open_login("t", "ann")
    clock.advance(101)
    assert staffed.login("t", 100, 300) is None
    assert staffed.forget_logins(100, 300) == 2


def test_a_new_password_ends_sessions(staffed: Store) -> None:
    staffed.open_login("s", "ann")
    staffed.set_password("ann", "x", "ann")
    assert staffed.login("s", 100, 100) is None


def test_attempts_are_counted_and_survive_a_restart(url: str, clock: Any) -> None:
    with Store.open(url, clock=clock) as store:
        assert [store.note_try("ann", 3, 60) for _ in range(3)] == [None] * 3
    with Store.open(url, clock=clock) as store:
        assert store.note_try("ann", 3, 60) == clock.now + timedelta(seconds=60)
        assert store.note_try("bob", 3, 60) is None
        clock.advance(61)
        assert store.note_try("ann", 3, 60) is None
        store.forgive("ann")
        assert store.tried("ann") == (0, None)
