"""The path under which a proxy shows the server."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class Rooting:
    """Tells routes their prefix, whether the proxy takes it off or leaves it on.

    Args:
        app: the application.
        path: such as `/bigloop`, without a slash at the end.
    """

    def __init__(self, app: ASGIApp, path: str) -> None:
        self.app, self.path = app, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, "root_path": self.path}
        await self.app(scope, receive, send)
