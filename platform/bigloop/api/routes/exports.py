"""Exports: observations, trials or events as one file."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response

from bigloop.api.answering import CampaignName
from bigloop.api.context import Used
from bigloop.api.files import attachment
from bigloop.api.security import Viewer
from bigloop.loop.export import rows_of
from bigloop.loop.sheet import sheet_bytes

router = APIRouter(tags=["export"])
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


@router.get(
    "/campaigns/{campaign}/export/{what}.{kind}",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, _TYPES["parquet"]: {}}}},
)
def export(
    context: Used,
    _: Viewer,
    campaign: CampaignName,
    what: Literal["observations", "trials", "events"],
    kind: Literal["csv", "parquet"],
) -> Response:
    """All rows as CSV or Parquet, units in the headers; texts are no formulas."""
    columns, rows = rows_of(context.store, campaign, what)
    content = sheet_bytes(f".{kind}", columns, rows)
    return attachment(content, f"{campaign}-{what}.{kind}", _TYPES[kind])
