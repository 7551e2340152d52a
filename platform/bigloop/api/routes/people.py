"""People and their tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from pydantic import Field, SecretStr

from bigloop.api import login, passwords, tokens
from bigloop.api.context import Used
from bigloop.api.security import (
    Admin,
    ForbiddenError,
    Principal,
    Role,
    Viewer,
)
from bigloop.contracts import Document, SpecError
from bigloop.db import AccessToken, Person, RoleName

router = APIRouter(tags=["people"])
Name = Annotated[str, InPath(max_length=64)]


class Me(Document):
    """Who asks, and what they may do."""

    name: str
    role: RoleName
    via: Literal["nobody", "login", "token"]


class NewPerson(Document):
    """Somebody to let in."""

    name: str
    role: RoleName
    password: SecretStr


class NewRole(Document):
    """What somebody may do from now on."""

    role: RoleName


class NewPassword(Document):
    """A password, set by an admin."""

    password: SecretStr


class OwnPassword(NewPassword):
    """A password, changed by its person."""

    old: SecretStr


class NewToken(Document):
    """A token to make for oneself."""

    role: RoleName = "operator"
    """The most that it may do."""
    label: str = Field(max_length=200)
    """What it is for."""
    days: float | None = Field(default=90.0, gt=0, le=tokens.LONGEST_DAYS)
    """How long it works; none: until it is revoked."""


class MadeToken(Document):
    """A new token; this is the only time that it is shown."""

    token: str
    known: AccessToken


@router.get("/me")
def me(asking: Viewer) -> Me:
    """Who asks, and what they may do."""
    return Me(name=asking.name, role=_name_of(asking.role), via=asking.via)


@router.post("/me/password")
def change_password(
    context: Used, asking: Viewer, said: OwnPassword, request: Request
) -> Person:
    """Change one's own password; all one's sessions end."""
    _by_login(asking)
    login.check(context, request, asking.name, said.old.get_secret_value())
    kept = passwords.hashed(said.password.get_secret_value(), context.settings)
    return context.store.set_password(asking.name, kept, asking.name)


@router.get("/people")
def people(context: Used, _: Admin) -> list[Person]:
    """Everybody who may log in."""
    return context.store.people()


@router.post("/people")
def add(context: Used, asking: Admin, said: NewPerson) -> Person:
    """Let somebody in; the first account is an admin's."""
    _by_login(asking)
    kept = passwords.hashed(said.password.get_secret_value(), context.settings)
    return context.store.add_person(
        said.name, said.role, asking.name, password_hash=kept
    )


@router.put("/people/{name}/role")
def set_role(context: Used, asking: Admin, name: Name, said: NewRole) -> Person:
    """Change what somebody may do."""
    _by_login(asking)
    return context.store.set_role(name, said.role, asking.name)


@router.put("/people/{name}/password")
def set_password(context: Used, asking: Admin, name: Name, said: NewPassword) -> Person:
    """Give somebody another password; their sessions end."""
    _by_login(asking)
    kept = passwords.hashed(said.password.get_secret_value(), context.settings)
    return context.store.set_password(name, kept, asking.name)


@router.delete("/people/{name}", status_code=204)
def remove(context: Used, asking: Admin, name: Name) -> None:
    """Let somebody in no more; their tokens and sessions end."""
    _by_login(asking)
    context.store.remove_person(name, asking.name)


@router.get("/tokens")
def list_tokens(context: Used, asking: Viewer) -> list[AccessToken]:
    """One's own tokens; an admin sees those of everybody."""
    whose = None if asking.role >= Role.ADMIN else asking.name
    return context.store.tokens(whose)


@router.post("/tokens")
def make_token(context: Used, asking: Viewer, said: NewToken) -> MadeToken:
    """Make a token for a program of one's own."""
    _by_login(asking)
    text, known = tokens.make(
        context.store, asking.name, said.role, said.label, said.days, asking.name
    )
    return MadeToken(token=text, known=known)


@router.delete("/tokens/{token}", status_code=204)
def revoke_token(
    context: Used, asking: Viewer, token: Annotated[str, InPath(max_length=32)]
) -> None:
    """End a token: one's own, or as an admin anybody's."""
    found = context.store.token(token)
    if found.person != asking.name and asking.role < Role.ADMIN:
        raise ForbiddenError(f"token {token} is {found.person}'s; ask an admin")
    context.store.revoke_token(token, asking.name)


def _by_login(asking: Principal) -> None:
    """A token that could make tokens and people would never end."""
    if asking.via == "token":
        raise SpecError("a token cannot do this; log in, or use the command line")


def _name_of(role: Role) -> RoleName:
    names: dict[Role, RoleName] = {
        Role.VIEWER: "viewer",
        Role.OPERATOR: "operator",
        Role.SCIENTIST: "scientist",
        Role.ADMIN: "admin",
    }
    return names[role]
