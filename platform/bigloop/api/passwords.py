"""Passwords: hashed with argon2id, checked in a time that tells nothing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from bigloop.contracts import SpecError
from bigloop.db import Store

if TYPE_CHECKING:
    from argon2 import PasswordHasher

    from bigloop.config import Settings

SHORTEST, LONGEST = 10, 1000
"""Characters of a password."""


def hashed(password: str, settings: Settings) -> str:
    """What is kept of a password.

    Raises:
        SpecError: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise SpecError(
            f"password: it has {len(password)} characters; take {SHORTEST} to {LONGEST}"
        )
    return _hasher(settings.password_rounds, settings.password_memory_kib).hash(
        password
    )


def fits(store: Store, name: str, password: str, settings: Settings) -> bool:
    """Whether this is the person's password; as slow for a name that nobody has."""
    from argon2.exceptions import InvalidHashError, VerificationError

    cost = (settings.password_rounds, settings.password_memory_kib)
    kept = store.password_hash(name)
    try:
        _hasher(*cost).verify(kept or _nobodys(*cost), password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


@cache
def _hasher(rounds: int, memory_kib: int) -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)


@cache
def _nobodys(rounds: int, memory_kib: int) -> str:
    return _hasher(rounds, memory_kib).hash("the password of nobody")
