"""What holds for every answer: whose pages may send, and what a page may load."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guarding:
    """Refuses what another site's page sends, and says what our pages may load.

    A browser states where a request comes from (`Sec-Fetch-Site`, `Origin`); a program
    states neither and has to send a token where there are accounts. Together with
    cookies that are `SameSite=Lax`, this is the defence against forged requests.

    Args:
        app: the application.
        is_local: whether nobody has to log in: then only the names of this machine are
            answered to, so that no foreign name can be pointed at it.
    """

    def __init__(self, app: ASGIApp, is_local: bool) -> None:
        self.app, self.is_local = app, is_local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if problem := self._problem(scope["method"], headers):
            refusal = JSONResponse({"detail": problem}, status_code=403)
            await refusal(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    found.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, guarded)

    def _problem(self, method: str, headers: Headers) -> str:
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname or ""
        if self.is_local and name not in LOOPBACK:
            return f"host {name!r} is not this machine; open it as 127.0.0.1"
        if method in _SAFE:
            return ""
        site = headers.get("sec-fetch-site", "same-origin")
        origin = headers.get("origin")
        is_ours = site in ("same-origin", "none")
        if origin is not None and urlsplit(origin).netloc != host:
            is_ours = False
        return "" if is_ours else "sent from another site; open the page itself"
