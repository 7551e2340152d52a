"""The store: SQL tables made from one chain of events; only documents leave it."""

from bigloop.db.records import (
    CampaignInfo,
    Lapsed,
    Moment,
    Problem,
    Status,
    VerifyReport,
)
from bigloop.db.store import Store

__all__ = [
    "CampaignInfo",
    "Lapsed",
    "Moment",
    "Problem",
    "Status",
    "Store",
    "VerifyReport",
]
