"""Logging in through an OpenID Connect provider: code flow with PKCE and a nonce.

The way there is kept in the store under the hash of a cookie, so that only the browser
that left can arrive, and only once.
"""

from __future__ import annotations

import json
import secrets
import warnings
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx
from fastapi.responses import RedirectResponse, Response
from starlette.requests import Request

from bigloop.api import sessions
from bigloop.api.context import Context
from bigloop.api.security import ForbiddenError, UnauthenticatedError
from bigloop.api.tokens import digest
from bigloop.config import Settings
from bigloop.contracts import ConflictError, NotFoundError, SourceError
from bigloop.db import Store
from bigloop.db.people import ROLES

COOKIE = "bigloop_oidc"
WAY_S = 600
"""How long somebody may stay with the provider [s]."""
_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


def depart(context: Context, request: Request, back: str) -> Response:
    """Send a browser to the provider.

    Raises:
        NotFoundError: the settings name no provider.
        SourceError: it does not answer.
    """
    known = _discovered(context.settings)
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    client = _client(context.settings, request)
    url, state = client.create_authorization_url(
        known["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    client.close()
    way = {"state": state, "verifier": verifier, "nonce": nonce, "back": back}
    secret = secrets.token_urlsafe(32)
    context.store.open_login(digest(secret), "", data=json.dumps(way))
    response = RedirectResponse(url, 303)
    sessions.put(request, response, COOKIE, secret, WAY_S)
    return response


def arrive(context: Context, request: Request) -> tuple[str, str]:
    """Who comes back from the provider, and where they wanted to go.

    Raises:
        UnauthenticatedError: what comes back does not belong to what left.
        ForbiddenError: the provider gives them no role here.
        SourceError: the provider does not answer.
    """
    way = _way(context.store, request)
    said = request.query_params
    if "error" in said:
        raise UnauthenticatedError("the provider refused the login; try again")
    if not secrets.compare_digest(said.get("state", ""), way["state"]):
        raise UnauthenticatedError("this login was begun elsewhere; try again")
    claims = _claims(context.settings, request, said.get("code", ""), way)
    return _let_in(context, claims), way["back"]


def _way(store: Store, request: Request) -> dict[str, str]:
    id_ = digest(request.cookies.get(COOKIE, ""))
    login = store.login(id_, WAY_S, WAY_S)
    if login is None or login.person or not login.data:
        raise UnauthenticatedError("the login took too long; try again")
    store.close_login(id_)
    way: dict[str, str] = json.loads(login.data)
    return way


def _claims(
    settings: Settings, request: Request, code: str, way: Mapping[str, str]
) -> dict[str, Any]:
    """What the provider says of who logs in, its signature checked."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    known = _discovered(settings)
    client = _client(settings, request)
    try:
        answer = client.fetch_token(
            known["token_endpoint"], code=code, code_verifier=way["verifier"]
        )
        keys = KeySet.import_key_set(_get(known["jwks_uri"]))
        token = jwt.decode(answer["id_token"], keys, algorithms=_ALGORITHMS)
        jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": known["issuer"]},
            aud={"essential": True, "value": settings.oidc_client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": way["nonce"]},
        ).validate(token.claims)
    except (AuthlibBaseError, JoseError, ValueError, KeyError) as error:
        raise UnauthenticatedError(
            f"the provider's answer does not hold ({type(error).__name__}); try again"
        ) from error
    except httpx.HTTPError as error:
        raise _away(settings, error) from error
    finally:
        client.close()
    return dict(token.claims)


def _let_in(context: Context, claims: Mapping[str, Any]) -> str:
    """The account of who logs in; made at the first time, its role kept up to date."""
    settings, store = context.settings, context.store
    name = str(claims.get(settings.oidc_name_claim, ""))
    origin = f"{claims['iss']} {claims['sub']}"
    role = _role(settings, claims)
    try:
        person = store.person(name)
    except NotFoundError:
        # Two logins of one person at once are no conflict.
        with suppress(ConflictError):
            store.add_person(name, role, "oidc", origin=origin)
        person = store.person(name)
    if person.origin != origin:
        raise ForbiddenError(
            f"{name} is somebody else's account here; ask an admin to rename one"
        )
    if person.role != role:
        store.set_role(name, role, "oidc")
    return name


def _role(settings: Settings, claims: Mapping[str, Any]) -> str:
    """The highest role that the claim gives."""
    said = claims.get(settings.oidc_role_claim, ())
    values = [said] if isinstance(said, str) else list(said or ())
    meant = [settings.oidc_roles.get(str(v), str(v)) for v in values]
    found = [role for role in ROLES if role in meant]
    if not found:
        raise ForbiddenError(
            f"the provider gives you no role here (claim {settings.oidc_role_claim!r});"
            " ask an admin"
        )
    return found[-1]


def _discovered(settings: Settings) -> dict[str, Any]:
    issuer = settings.oidc_issuer.rstrip("/")
    if not issuer:
        raise NotFoundError("no provider is set up; log in by name and password")
    try:
        known: dict[str, Any] = _get(f"{issuer}/.well-known/openid-configuration")
    except httpx.HTTPError as error:
        raise _away(settings, error) from error
    if known.get("issuer", "").rstrip("/") != issuer:
        raise SourceError(f"{issuer} calls itself {known.get('issuer')!r}; correct it")
    return known


def _get(url: str) -> Any:
    answer = httpx.get(url, timeout=10)
    answer.raise_for_status()
    return answer.json()


def _away(settings: Settings, error: Exception) -> SourceError:
    return SourceError(
        f"{settings.oidc_issuer}: no answer ({type(error).__name__}); log in by name "
        "and password, or try again later"
    )


def _client(settings: Settings, request: Request) -> Any:
    with warnings.catch_warnings():
        # authlib prefers a fork of httpx; both work. It switches its warnings on when
        # it is first imported, so that comes before they are switched off.
        import authlib.deprecate  # noqa: F401

        warnings.simplefilter("ignore")
        from authlib.integrations.httpx_client import OAuth2Client
    return OAuth2Client(
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        scope="openid profile email",
        redirect_uri=str(request.url_for("arrive")),
        code_challenge_method="S256",
        timeout=10,
    )
