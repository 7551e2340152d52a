"""The application: `/api/v1`, the pages beside it, and what holds for both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.routing import BaseRoute

from bigloop.api import failures
from bigloop.api.context import Context
from bigloop.api.guarding import Guarding
from bigloop.api.metrics import Metrics, Timing
from bigloop.api.rooting import Rooting
from bigloop.api.routes import (
    artifacts,
    attempts,
    batches,
    campaigns,
    events,
    exports,
    feed,
    metrics,
    models,
    observations,
    people,
    schema,
    trials,
)
from bigloop.api.security import PUBLIC
from bigloop.contracts import SpecError

PREFIX = "/api/v1"
ROUTES = (
    campaigns,
    trials,
    attempts,
    batches,
    observations,
    models,
    events,
    feed,
    exports,
    artifacts,
    people,
    schema,
)


def create_app(
    context: Context, pages: Sequence[APIRouter] = (), root_path: str = ""
) -> FastAPI:
    """The application of one store.

    Args:
        context: what it works on.
        pages: routers of pages, put at the root.
        root_path: the path under which a proxy shows it, such as `/bigloop`.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(context.watch.run())
        yield
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    app = FastAPI(
        title="bigloop",
        version=version("bigloop"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Behind permissions like everything else; see `routes/schema.py`.
        openapi_url=None,
        max_body_size=context.settings.serve_body_bytes,
        telemetry=_telemetry(context.settings.serve_telemetry),
        routes=_routes(pages),
    )
    app.state.context = context
    app.state.metrics = Metrics(context.store)
    app.add_middleware(Guarding, is_local=bool(context.local))
    app.add_middleware(Timing, metrics=app.state.metrics)
    if root_path:
        app.add_middleware(Rooting, path=root_path.rstrip("/"))
    failures.register(app)
    return app


_BUILT: dict[tuple[int, ...], list[BaseRoute]] = {}
# By the identity of the pages' routers, which their routes keep alive.


def _routes(pages: Sequence[APIRouter]) -> list[BaseRoute]:
    """All routes, shared by all applications of a process: they know no store.

    FastAPI builds them at their first request, which takes it a third of a second.
    """
    known = tuple(map(id, pages))
    if known not in _BUILT:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.add_api_route(
            "/healthz", _health, dependencies=[Depends(PUBLIC)], include_in_schema=False
        )
        app.include_router(metrics.router, include_in_schema=False)
        _add_routes(app)
        for router in pages:
            app.include_router(router, include_in_schema=False)
        _BUILT[known] = app.routes
    return list(_BUILT[known])


def _telemetry(is_wanted: bool) -> TelemetryConfig:
    """All of it to where the environment says, or none.

    Raises:
        SpecError: it is wanted, and what sends it is not installed.
    """
    if not is_wanted:
        return {"tracing": False, "metrics": False, "logs": False}
    if find_spec("opentelemetry.exporter") is None:
        raise SpecError("serve_telemetry: install bigloop[otel], or switch it off")
    return {"auto_configure": True}


def document() -> dict[str, Any]:
    """The OpenAPI document of `/api/v1`."""
    app = FastAPI(title="bigloop", version=version("bigloop"))
    _add_routes(app)
    return app.openapi()


def _add_routes(app: FastAPI) -> None:
    for part in ROUTES:
        app.include_router(part.router, prefix=PREFIX, responses=failures.ANSWERS)


def _health() -> dict[str, str]:
    """The server answers."""
    return {"status": "ok"}
