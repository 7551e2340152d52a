"""Templates of the pages, and the errors that they show."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from bigloop.api.security import Principal
from bigloop.contracts import significant
from bigloop.dashboard.wording import unit_name


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bigloop.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["significant"] = significant
    environment.filters["unit"] = unit_name
    return environment


def page(
    request: Request, asking: Principal, template: str, status: int = 200, **known: Any
) -> HTMLResponse:
    """A page, or a part of one; `base` is the path under which a proxy shows it."""
    base = request.scope.get("root_path", "")
    text = (
        _environment()
        .get_template(f"pages/{template}.html.j2")
        .render(base=base, asking=asking, path=request.url.path, **known)
    )
    return HTMLResponse(text, status)
