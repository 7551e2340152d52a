"""Documents as tables of a notebook: whatever they hold is text, never markup."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bigloop.contracts.base import Document

_WIDEST = 120
_MOST = 200


def as_table(documents: Sequence[Document]) -> str:
    """HTML: one document field by field, several row by row."""
    if len(documents) == 1:
        fields = documents[0].model_dump(mode="json").items()
        return _table((), [(name, _cell(value)) for name, value in fields])
    rows = [item.model_dump(mode="json") for item in documents[:_MOST]]
    columns = list(rows[0]) if rows else []
    body = [tuple(_cell(row.get(name)) for name in columns) for row in rows]
    more = len(documents) - len(rows)
    return _table(columns, body) + (f"<p>and {more} more</p>" if more else "")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    top = f"<thead><tr>{head}</tr></thead>" if columns else ""
    return f"<table>{top}<tbody>{lines}</tbody></table>"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
