"""Templates, what they know to say, and a chart as HTML."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from bigloop.contracts import FailureClass, significant
from bigloop.dashboard.beyond import beyond
from bigloop.dashboard.lesson import GAINS, is_compared
from bigloop.dashboard.picture import Picture
from bigloop.dashboard.templating import templates
from bigloop.dashboard.wording import cost_text, design_text, quantity, unit_name


@cache
def environment() -> Environment:
    """The templates of the pages, compiled as they are used."""
    found = templates("bigloop.dashboard")
    found.filters |= {
        "significant": significant,
        "unit": unit_name,
        "cost": cost_text,
        "when": when,
        "words": words,
        "typed": typed,
        "data": data,
    }
    found.tests["compared"] = is_compared
    found.globals |= {
        "quantity": quantity,
        "design_text": design_text,
        "gains": GAINS,
        "beyond": beyond,
        "failures": tuple(FailureClass),
    }
    return found


def load_templates() -> None:
    """Compile all templates now, so that no page waits for it."""
    for name in environment().list_templates(["j2"]):
        environment().get_template(name)


def when(moment: datetime) -> str:
    """A moment as people write it; the time zone is always said."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def typed(value: float | str) -> str:
    """A value as a person would type it, every digit of it kept."""
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def words(name: object) -> str:
    """`awaiting_approval` as words."""
    return str(name).replace("_", " ")


def data(value: Any) -> Markup:
    """JSON that can stand in a script block: it cannot end the block."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))


def figure(picture: Picture) -> Markup:
    """A chart with how to read it and its data, as a part of a page."""
    template = environment().get_template("pages/picture.html.j2")
    drawn: Markup = template.module.draw(picture)  # type: ignore[attr-defined]
    return drawn
