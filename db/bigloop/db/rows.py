"""From rows to documents: rows never leave this package."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from bigloop.contracts import (
    Decision,
    Event,
    ModelVersion,
    Observation,
    Outcome,
    Proposal,
    Trial,
)
from bigloop.db.records import (
    AccessToken,
    Artifact,
    Attempt,
    CampaignInfo,
    Person,
)

Row = sa.Row[Any]

# A trial is read at each of its moves, while these parts of it never change: one text
# is parsed once, and the document, which is frozen, is shared.
_proposal = lru_cache(4096)(Proposal.model_validate_json)
_decision = lru_cache(4096)(Decision.model_validate_json)
_outcome = lru_cache(4096)(Outcome.model_validate_json)
# Not shared: the document makes its own from what it is given.
_plain = lru_cache(4096)(json.loads)


def trial_of(row: Row) -> Trial:
    """The trial in a row of `trials`."""
    outcome = row.outcome
    return Trial(
        id=row.id,
        campaign=row.campaign,
        proposal=_proposal(row.proposal),
        state=row.state,
        decision=_decision(row.decision),
        reserved=_plain(row.reserved),
        spent=_plain(row.spent),
        outcome=None if outcome is None else _outcome(outcome),
        reason=row.reason,
        because=row.because,
        worker=row.worker,
        attempts=row.token,
        persons=row.persons,
        endorsed=_plain(row.endorsed),
        priority=-row.rank,
        hold=row.hold,
        version=row.last_seq,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def campaign_of(row: Row) -> CampaignInfo:
    """How a campaign stands, from a row of `campaigns`."""
    names = CampaignInfo.model_fields
    return CampaignInfo(**{name: getattr(row, name) for name in names})


def observation_of(row: Row) -> Observation:
    """The observation in a row of `observations`."""
    fields = row._asdict()
    del fields["content"]
    return Observation(**{**fields, "design": json.loads(row.design)})


def event_of(row: Row) -> Event:
    """The event in a row of `events`."""
    return Event(**{**row._asdict(), "data": json.loads(row.data)})


def model_of(row: Row) -> ModelVersion:
    """The model version in a row of `models`, with its present status."""
    version = ModelVersion.model_validate_json(row.version)
    return version.model_copy(update={"status": row.status})


def attempt_of(row: Row) -> Attempt:
    """The attempt in a row of `attempts`."""
    return Attempt(**row._asdict())


def artifact_of(row: Row) -> Artifact:
    """The artifact in a row of `artifacts`."""
    return Artifact(**_without_seq(row))


def person_of(row: Row) -> Person:
    """The person in a row of `people`."""
    return Person(**_without_seq(row))


def token_of(row: Row) -> AccessToken:
    """What is known of a token, from a row of `tokens`."""
    return AccessToken(**_without_seq(row))


def _without_seq(row: Row) -> dict[str, Any]:
    fields = row._asdict()
    del fields["first_seq"]
    return fields
