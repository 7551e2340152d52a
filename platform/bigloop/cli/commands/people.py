"""Commands that let people and their programs in."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from bigloop.cli.options import AsJson

Name = Annotated[str, typer.Argument(metavar="NAME")]
Role = Annotated[str, typer.Option(help="viewer, operator, scientist or admin")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin.")
]


def register(app: typer.Typer) -> None:
    """Add the two groups of commands."""
    group = _group("Who may log in.")
    group.command("add")(add)
    group.command("role")(role_)
    group.command("password")(password)
    group.command("remove")(remove)
    group.command("list")(list_people)
    app.add_typer(group, name="people")
    group = _group("Tokens of programs that talk to the API.")
    group.command("make")(make)
    group.command("revoke")(revoke)
    group.command("list")(list_tokens)
    app.add_typer(group, name="tokens")


def add(
    ctx: typer.Context, name: Name, role: Role = "viewer", stdin: FromStdin = False
) -> None:
    """Let somebody in; the first account is an admin's."""
    from bigloop.api.passwords import hashed
    from bigloop.cli.output import say

    with ctx.obj.store() as store:
        kept = hashed(_password(stdin), ctx.obj.settings())
        person = store.add_person(name, role, ctx.obj.actor, password_hash=kept)
    say(f"{person.name} {person.role}")


def role_(
    ctx: typer.Context,
    name: Name,
    role: Annotated[str, typer.Argument(metavar="ROLE")],
) -> None:
    """Change what somebody may do: viewer, operator, scientist or admin."""
    from bigloop.cli.output import say

    with ctx.obj.store() as store:
        person = store.set_role(name, role, ctx.obj.actor)
    say(f"{person.name} {person.role}")


def password(ctx: typer.Context, name: Name, stdin: FromStdin = False) -> None:
    """Give somebody another password; their sessions end."""
    from bigloop.api.passwords import hashed
    from bigloop.cli.output import say

    with ctx.obj.store() as store:
        kept = hashed(_password(stdin), ctx.obj.settings())
        person = store.set_password(name, kept, ctx.obj.actor)
    say(f"{person.name}: password changed, sessions ended")


def remove(ctx: typer.Context, name: Name) -> None:
    """Let somebody in no more; their tokens and sessions end."""
    from bigloop.cli.output import say

    with ctx.obj.store() as store:
        store.remove_person(name, ctx.obj.actor)
    say(f"{name} removed")


def list_people(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List who may log in."""
    from bigloop.cli.output import emit, table

    with ctx.obj.store() as store:
        found = store.people()
    if as_json:
        emit(found)
        return
    rows = [(p.name, p.role, p.origin or "password") for p in found]
    table(("name", "role", "by"), rows)


def make(
    ctx: typer.Context,
    name: Name,
    role: Role = "operator",
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    days: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="How long it works; 0: until it is revoked."),
    ] = 90.0,
) -> None:
    """Make a token for a program of a person; it is shown this once."""
    from bigloop.api.tokens import make as made
    from bigloop.cli.output import note, say

    with ctx.obj.store() as store:
        text, known = made(store, name, role, label, days or None, ctx.obj.actor)
    until = f"until {known.expires_at:%Y-%m-%d}" if known.expires_at else "for ever"
    note(f"token {known.id} of {name}, {role}, {until}; keep it now:")
    say(text)


def revoke(
    ctx: typer.Context, token: Annotated[str, typer.Argument(metavar="ID")]
) -> None:
    """End a token."""
    from bigloop.cli.output import say

    with ctx.obj.store() as store:
        store.revoke_token(token, ctx.obj.actor)
    say(f"{token} revoked")


def list_tokens(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List tokens; none of them can be shown again."""
    from bigloop.cli.output import emit, table

    with ctx.obj.store() as store:
        found = store.tokens()
    if as_json:
        emit(found)
        return
    rows = [
        (
            t.id,
            t.person,
            t.role,
            f"{t.expires_at:%Y-%m-%d}" if t.expires_at else "",
            f"{t.revoked_at:%Y-%m-%d}" if t.revoked_at else "",
            t.label,
        )
        for t in found
    ]
    table(("id", "person", "role", "expires", "revoked", "label"), rows)


def _password(is_piped: bool) -> str:
    import getpass
    import sys

    from bigloop.contracts import SpecError

    if is_piped:
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise SpecError("the two passwords differ; try again")
    return first


def _group(summary: str) -> typer.Typer:
    return typer.Typer(help=summary, no_args_is_help=True, rich_markup_mode=None)
