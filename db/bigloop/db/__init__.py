"""The store: SQL tables made from one chain of events; only documents leave it."""

from bigloop.db.records import (
    AccessToken,
    Artifact,
    Attempt,
    CampaignInfo,
    Lapsed,
    Login,
    Moment,
    Person,
    Problem,
    RoleName,
    Standing,
    Status,
    VerifyReport,
)
from bigloop.db.store import Store

__all__ = [
    "AccessToken",
    "Artifact",
    "Attempt",
    "CampaignInfo",
    "Lapsed",
    "Login",
    "Moment",
    "Person",
    "Problem",
    "RoleName",
    "Standing",
    "Status",
    "Store",
    "VerifyReport",
]
