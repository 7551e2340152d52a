"""Tokens of the API: shown once, kept as a hash, never more than their person."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

from bigloop.contracts import SpecError
from bigloop.db import AccessToken, Store

PREFIX = "bigloop_"
LONGEST_DAYS = 3650.0


def digest(secret: str) -> str:
    """What is kept of a random secret of 256 bits; no salt makes it harder to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()


def make(
    store: Store, person: str, role: str, label: str, days: float | None, actor: str
) -> tuple[str, AccessToken]:
    """A new token, which nobody can show again, and what is known of it.

    Raises:
        NotFoundError: there is nobody of that name.
        SpecError: the role is higher than the person's, or the days are no number
            above 0.
    """
    if days is not None and not 0 < days <= LONGEST_DAYS:
        raise SpecError(f"days {days:g}: give a number above 0, up to {LONGEST_DAYS:g}")
    until = None if days is None else datetime.now(UTC) + timedelta(days=days)
    id_, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    made = store.make_token(
        id_, digest(secret), person, role, label, actor, expires_at=until
    )
    return f"{PREFIX}{id_}_{secret}", made


def known(store: Store, token: str) -> AccessToken | None:
    """The token that this text is; none when it is none, revoked or expired."""
    id_, _, secret = token.removeprefix(PREFIX).partition("_")
    kept = store.token_hash(id_) if token.startswith(PREFIX) else None
    if kept is None or not hmac.compare_digest(kept, digest(secret)):
        return None
    found = store.token(id_)
    is_over = found.expires_at is not None and found.expires_at <= datetime.now(UTC)
    return None if is_over or found.revoked_at is not None else found
