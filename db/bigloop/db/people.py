"""People and the tokens of their programs: what they may do, in the audit log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import get_args

import sqlalchemy as sa

from bigloop.contracts import ConflictError, NotFoundError, SpecError
from bigloop.db.records import AccessToken, Person, RoleName
from bigloop.db.rows import Row, person_of, token_of
from bigloop.db.session import Session
from bigloop.db.tables import logins, people, secrets, tokens
from bigloop.db.transaction import Transaction

ROLES: Sequence[RoleName] = get_args(RoleName)
"""From the least to the most."""
_PLAIN = r"[^\s/:<>\"'&\x00-\x1f\x7f]"
_NAME = re.compile(rf"{_PLAIN}(({_PLAIN}| ){{0,62}}{_PLAIN})?")


class People(Session):
    """The part of the store that knows who may do what.

    Passwords and tokens come in as hashes and go into no event; all else does, so that
    `verify` notices a role that was changed behind the store's back.
    """

    def add_person(
        self,
        name: str,
        role: str,
        actor: str,
        *,
        password_hash: str = "",
        origin: str = "",
    ) -> Person:
        """Let somebody in.

        Raises:
            ConflictError: the name is taken.
            SpecError: no such role, a name that cannot be one, or the first account is
                not an admin's.
        """
        _check_role(role)
        if not _NAME.fullmatch(name):
            raise SpecError(
                f"name {name!r}: write up to 64 letters and digits, such as ann"
            )
        with self._write(actor) as tx:
            there = tx.conn.scalars(sa.select(people.c.name)).all()
            if name in there:
                raise ConflictError(f"person {name!r} exists; choose another name")
            if not there and role != "admin":
                raise SpecError(
                    f"role {role!r}: the first account is an admin's, who lets the "
                    "others in; write admin"
                )
            tx.append("person.added", "", name, {"role": role, "origin": origin})
            if password_hash:
                _keep(tx, _owner(name), password_hash)
            return person_of(_person(tx.conn, name))

    def set_role(self, name: str, role: str, actor: str) -> Person:
        """Change what somebody may do; their tokens never may more.

        Raises:
            NotFoundError: there is nobody of that name.
            ConflictError: they are the last admin.
            SpecError: no such role.
        """
        _check_role(role)
        with self._write(actor) as tx:
            row = _person(tx.conn, name)
            if row.role != role:
                _check_not_last(tx.conn, row)
                tx.append("person.role", "", name, {"role": role, "from": row.role})
            return person_of(_person(tx.conn, name))

    def remove_person(self, name: str, actor: str) -> None:
        """Let somebody in no more: their tokens and sessions end; the record stays.

        Raises:
            NotFoundError: there is nobody of that name.
            ConflictError: they are the last admin.
        """
        with self._write(actor) as tx:
            _check_not_last(tx.conn, _person(tx.conn, name))
            theirs = sa.select(tokens.c.id).where(tokens.c.person == name)
            owners = [_token_owner(id_) for id_ in tx.conn.scalars(theirs)]
            tx.append("person.removed", "", name, {})
            owners.append(_owner(name))
            tx.conn.execute(sa.delete(secrets).where(secrets.c.owner.in_(owners)))
            tx.conn.execute(sa.delete(logins).where(logins.c.person == name))

    def set_password(self, name: str, password_hash: str, actor: str) -> Person:
        """Change a password; whoever is logged in under the old one is logged out.

        Raises:
            NotFoundError: there is nobody of that name.
        """
        with self._write(actor) as tx:
            row = _person(tx.conn, name)
            tx.append("person.password", "", name, {})
            _keep(tx, _owner(name), password_hash)
            tx.conn.execute(sa.delete(logins).where(logins.c.person == name))
            return person_of(row)

    def password_hash(self, name: str) -> str | None:
        """The hash of somebody's password; none where they have none."""
        return self._secret(_owner(name))

    def people(self) -> list[Person]:
        """Everybody who may log in, in the order in which they were let in."""
        with self._read() as conn:
            rows = conn.execute(sa.select(people).order_by(people.c.first_seq))
            return [person_of(row) for row in rows]

    def has_people(self) -> bool:
        """Whether there are accounts."""
        with self._read() as conn:
            return conn.scalar(_ANYBODY) is not None

    def person(self, name: str) -> Person:
        """Somebody by name.

        Raises:
            NotFoundError: there is nobody of that name.
        """
        with self._read() as conn:
            return person_of(_person(conn, name))

    def make_token(
        self,
        id_: str,
        token_hash: str,
        person: str,
        role: str,
        label: str,
        actor: str,
        *,
        expires_at: datetime | None = None,
    ) -> AccessToken:
        """Note a token that was made for a person's program.

        Raises:
            NotFoundError: there is nobody of that name.
            SpecError: the role is higher than the person's, or it has expired already.
        """
        _check_role(role)
        with self._write(actor) as tx:
            owner = _person(tx.conn, person)
            if ROLES.index(role) > ROLES.index(owner.role):
                raise SpecError(
                    f"role {role!r}: {person} is {owner.role}; give a token no more"
                )
            if expires_at is not None and expires_at <= tx.at:
                raise SpecError(f"expires_at {expires_at:%Y-%m-%d}: it is in the past")
            until = None if expires_at is None else expires_at.isoformat()
            data = {"person": person, "role": role, "label": label}
            tx.append("token.made", "", id_, {**data, "expires_at": until})
            _keep(tx, _token_owner(id_), token_hash)
            return token_of(_token(tx.conn, id_))

    def revoke_token(self, id_: str, actor: str) -> AccessToken:
        """End a token; one that has ended is left as it is.

        Raises:
            NotFoundError: there is no such token.
        """
        with self._write(actor) as tx:
            if _token(tx.conn, id_).revoked_at is None:
                tx.append("token.revoked", "", id_, {})
                mine = secrets.c.owner == _token_owner(id_)
                tx.conn.execute(sa.delete(secrets).where(mine))
            return token_of(_token(tx.conn, id_))

    def tokens(self, person: str | None = None) -> list[AccessToken]:
        """Tokens of everybody, or of one person, in the order of their making."""
        query = sa.select(tokens).order_by(tokens.c.first_seq)
        if person is not None:
            query = query.where(tokens.c.person == person)
        with self._read() as conn:
            return [token_of(row) for row in conn.execute(query)]

    def token(self, id_: str) -> AccessToken:
        """What is known of a token.

        Raises:
            NotFoundError: there is no such token.
        """
        with self._read() as conn:
            return token_of(_token(conn, id_))

    def token_hash(self, id_: str) -> str | None:
        """The hash of a token; none for one that has been revoked."""
        return self._secret(_token_owner(id_))

    def _secret(self, owner: str) -> str | None:
        query = sa.select(secrets.c.hash).where(secrets.c.owner == owner)
        with self._read() as conn:
            return conn.scalar(query)


_ANYBODY = sa.select(people.c.name).limit(1)


def _owner(name: str) -> str:
    return f"person:{name}"


def _token_owner(id_: str) -> str:
    return f"token:{id_}"


def _keep(tx: Transaction, owner: str, hash_: str) -> None:
    tx.conn.execute(sa.delete(secrets).where(secrets.c.owner == owner))
    tx.conn.execute(sa.insert(secrets), [{"owner": owner, "hash": hash_}])


def _person(conn: sa.Connection, name: str) -> Row:
    row = conn.execute(sa.select(people).where(people.c.name == name)).first()
    if row is None:
        raise NotFoundError(f"person {name!r} does not exist; add them first")
    return row


def _token(conn: sa.Connection, id_: str) -> Row:
    row = conn.execute(sa.select(tokens).where(tokens.c.id == id_)).first()
    if row is None:
        raise NotFoundError(f"token {id_!r} does not exist; list them for their ids")
    return row


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise SpecError(f"role {role!r}: write one of {', '.join(ROLES)}")


def _check_not_last(conn: sa.Connection, row: Row) -> None:
    admins = conn.scalars(sa.select(people.c.name).where(people.c.role == "admin"))
    if row.role == "admin" and len(admins.all()) == 1:
        raise ConflictError(f"{row.name} is the last admin; make another one first")
