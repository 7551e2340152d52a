"""What routes share: keys, versions, pages, and the tag of a trial."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Header, Query, Response
from fastapi import Path as InPath

from bigloop.api.security import Asking
from bigloop.contracts import SpecError, Trial

MOST = 1000
"""Entries of one page."""

_TAG = re.compile(r'^"(\d{1,18})"$')


def _key(
    asking: Asking,
    given: Annotated[
        str | None, Header(alias="Idempotency-Key", max_length=200)
    ] = None,
) -> str | None:
    # Of one person: what another sent under the same words is not repeated.
    return None if given is None else f"{asking.name}:{given}"


Key = Annotated[str | None, Depends(_key)]
"""The same key again gives the same answer, and changes nothing more."""


def _seen(
    tag: Annotated[str | None, Header(alias="If-Match", max_length=40)] = None,
) -> int | None:
    if tag is None or tag == "*":
        return None
    match = _TAG.match(tag)
    if match is None:
        raise SpecError(f"If-Match: {tag!r} is no tag; send the ETag of the answer")
    return int(match[1])


Seen = Annotated[int | None, Depends(_seen)]
"""The version that the person saw, from `If-Match`; none: whatever it is now."""

Limit = Annotated[int, Query(ge=1, le=MOST, description="Entries of one page.")]
CampaignName = Annotated[str, InPath(max_length=200)]
TrialId = Annotated[
    str, InPath(max_length=64, description="Its id, or the first digits of it.")
]


def tagged(response: Response, trial: Trial) -> Trial:
    """The trial, with its version as the `ETag` of the answer."""
    response.headers["ETag"] = f'"{trial.version}"'
    return trial
