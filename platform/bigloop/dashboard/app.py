"""The whole application: the API and the pages on it."""

from __future__ import annotations

from fastapi import FastAPI

from bigloop.api.app import create_app
from bigloop.api.context import Context
from bigloop.dashboard.pages import errors
from bigloop.dashboard.pages.router import router


def create_dashboard(context: Context, root_path: str = "") -> FastAPI:
    """The application of one store with its pages.

    Args:
        context: what it works on.
        root_path: the path under which a proxy shows it, such as `/bigloop`.
    """
    app = create_app(context, [router], root_path)
    errors.register(app)
    return app
