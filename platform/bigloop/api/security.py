"""Who asks, and what they may do."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Annotated, Literal

from fastapi import Depends
from starlette.requests import HTTPConnection

from bigloop.api import sessions, tokens
from bigloop.api.context import Used
from bigloop.contracts import BigloopError, Document, NotFoundError
from bigloop.db import Store


class Role(IntEnum):
    """What a person or a token may do; each may do what the ones before may."""

    VIEWER = 1
    """Reads everything."""
    OPERATOR = 2
    """Works in the laboratory: claims trials, hands results in, aborts."""
    SCIENTIST = 3
    """Decides: approves, rejects, edits, pauses and resumes."""
    ADMIN = 4
    """Lets people in."""


class Principal(Document):
    """Who makes a request."""

    name: str
    """In whose name decisions are recorded."""
    role: Role
    via: Literal["nobody", "login", "token"] = "nobody"
    """How they are known; `nobody` had to say, for there are no accounts."""


class UnauthenticatedError(BigloopError):
    """Nobody is logged in, or the token is not (any more) valid."""


class ForbiddenError(BigloopError):
    """Who asks may not do this."""


class TooManyError(BigloopError):
    """Somebody tries too often; the message says when to go on."""

    def __init__(self, message: str, wait_s: int) -> None:
        super().__init__(message)
        self.wait_s = wait_s


def principal(connection: HTTPConnection, context: Used) -> Principal:
    """Who asks: by a token, by a session, or whoever started a server for one.

    Raises:
        UnauthenticatedError: nobody is known.
    """
    store = context.store
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _by_token(store, token.strip())
    name = sessions.person_of(store, connection, context.settings)
    if name is not None:
        return Principal(name=name, role=_role(store, name), via="login")
    if context.local and not store.has_people():
        return Principal(name=context.local, role=Role.ADMIN)
    raise UnauthenticatedError("nobody is logged in; log in, or send a token")


def _by_token(store: Store, text: str) -> Principal:
    found = tokens.known(store, text)
    if found is None:
        raise UnauthenticatedError(
            "the token is not known, revoked or expired; make another one"
        )
    most = Role[found.role.upper()]
    role = min(most, _role(store, found.person))
    return Principal(name=found.person, role=role, via="token")


def _role(store: Store, name: str) -> Role:
    try:
        return Role[store.person(name).role.upper()]
    except NotFoundError:
        raise UnauthenticatedError(f"{name} has no account any more") from None


Asking = Annotated[Principal, Depends(principal)]
"""A parameter of a route: who asks.

Raises:
    UnauthenticatedError: nobody is known.
"""


class Needs:
    """The dependency that lets only a role, or a higher one, through.

    Every route states exactly one, also those that anybody may call (`PUBLIC`); a test
    goes through the router and holds all of them to the table of roles.
    """

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, asking: Asking) -> Principal:
        """Let who asks through.

        Raises:
            ForbiddenError: the role is not high enough.
        """
        needs(asking, self.role)
        return asking


def needs(asking: Principal, role: Role) -> None:
    """Nothing, for who has the role or a higher one.

    Raises:
        ForbiddenError: the role is not high enough.
    """
    if asking.role < role:
        raise ForbiddenError(
            f"{asking.name} is {asking.role.name.lower()}, this needs "
            f"{role.name.lower()}; ask an admin"
        )


def public() -> None:
    """The dependency of a route that needs nobody logged in."""


PUBLIC: Callable[[], None] = public
Viewer = Annotated[Principal, Depends(Needs(Role.VIEWER))]
Operator = Annotated[Principal, Depends(Needs(Role.OPERATOR))]
Scientist = Annotated[Principal, Depends(Needs(Role.SCIENTIST))]
Admin = Annotated[Principal, Depends(Needs(Role.ADMIN))]
