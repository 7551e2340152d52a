"""A client of the API for scripts and notebooks: documents in, documents out."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self, TypeVar

import httpx
from pydantic import TypeAdapter

from bigloop.api.faults import raise_from
from bigloop.api.listing import Listing
from bigloop.api.routes.attempts import Alive
from bigloop.api.routes.campaigns import Standing
from bigloop.api.routes.trials import Task
from bigloop.contracts import (
    Account,
    Campaign,
    Claim,
    Document,
    Event,
    HistoryRow,
    ModelVersion,
    Observation,
    Outcome,
    StoreError,
    Trial,
)
from bigloop.db import Artifact, Attempt, CampaignInfo, Lapsed
from bigloop.loop.handing_in import Result

D = TypeVar("D", bound=Document)
_PAGE = 500


class Client:
    """Talks to a server of bigloop.

    Every write carries a key of its own, so that one whose answer was lost is not made
    twice. A decision on a `Trial` is refused (`ChangedError`) when somebody changed it
    since it was read; one on an id alone is not.

    Args:
        url: of the server, with the path under which a proxy shows it.
        token: of the API; empty: `BIGLOOP_TOKEN`, if that is set.
        http: an HTTP client to use instead of an own one.
        timeout_s: how long an answer may take [s].
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        token: str = "",
        *,
        http: httpx.Client | None = None,
        timeout_s: float = 30.0,
    ) -> None:
        known = token or os.environ.get("BIGLOOP_TOKEN", "")
        self._headers = {"Authorization": f"Bearer {known}"} if known else {}
        self._base = f"{url.rstrip('/')}/api/v1"
        self._http = http or httpx.Client(timeout=timeout_s)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        self.close()

    # Campaigns

    def campaigns(self) -> Listing[CampaignInfo]:
        """All campaigns."""
        return self._list(CampaignInfo, "/campaigns")

    def campaign(self, name: str) -> Campaign:
        """The present specification."""
        return self._get(Campaign, f"/campaigns/{name}")

    def standing(self, campaign: str) -> Standing:
        """Status, trials by state, money."""
        return self._get(Standing, f"/campaigns/{campaign}/standing")

    def accounts(self, campaign: str) -> dict[str, Account]:
        """What is spent, reserved and left, by currency."""
        found = self._call("GET", f"/campaigns/{campaign}/accounts").json()
        return {name: Account.model_validate(item) for name, item in found.items()}

    def revise(self, spec: Campaign, revision: int | None = None) -> Campaign:
        """Replace a specification; `revision` is the one that was seen."""
        tag = {} if revision is None else {"If-Match": f'"{revision}"'}
        body = spec.model_dump(mode="json")
        path = f"/campaigns/{spec.name}"
        return Campaign.model_validate_json(
            self._call("PUT", path, json=body, headers=tag).content
        )

    def revoke(self, campaign: str, limit: str, reason: str) -> Campaign:
        """End a limit of `campaign(...).limits`; what it excluded may come again."""
        path = f"/campaigns/{campaign}/limits/{limit}/revoke"
        answer = self._call("POST", path, json={"reason": reason})
        return Campaign.model_validate_json(answer.content)

    def pause(self, campaign: str, reason: str = "") -> CampaignInfo:
        """Let nothing new start."""
        return self._steer(campaign, "pause", reason)

    def resume(self, campaign: str, reason: str = "") -> CampaignInfo:
        """Let it go on."""
        return self._steer(campaign, "resume", reason)

    def stop(self, campaign: str, reason: str = "") -> CampaignInfo:
        """End it; its results stay."""
        return self._steer(campaign, "stop", reason)

    def abort(self, campaign: str, reason: str = "") -> CampaignInfo:
        """Stop at once and withdraw all that has not been started."""
        return self._steer(campaign, "abort", reason)

    # Trials

    def trials(
        self,
        campaign: str,
        states: Sequence[str] = (),
        sources: Sequence[str] = (),
    ) -> Listing[Trial]:
        """All trials in order of proposal, or of some states or sources."""
        query = {"state": list(states), "source": list(sources)}
        path = f"/campaigns/{campaign}/trials"
        return Listing(self._pages(Trial, path, "trials", **query))

    def trial(self, trial: str) -> Trial:
        """One trial, by its id or the first digits of it."""
        return self._get(Trial, f"/trials/{trial}")

    def tasks(self, campaign: str) -> Listing[Task]:
        """What waits for a person at the bench."""
        return self._list(Task, f"/campaigns/{campaign}/tasks")

    def attempts(self, trial: str) -> Listing[Attempt]:
        """Who claimed it, and how that ended."""
        return self._list(Attempt, f"/trials/{trial}/attempts")

    def approve(self, trial: str | Trial, reason: str = "") -> Trial:
        """Let it run, or stand behind it as one of several."""
        return self._decide(trial, "approve", reason=reason)

    def reject(
        self, trial: str | Trial, reason: str, because: str = "", limit: str = ""
    ) -> Trial:
        """Refuse it: this once, because of the `design`, or by a `limit`."""
        said = {"because": because or None, "limit": limit}
        return self._decide(trial, "reject", reason=reason, **said)

    def cancel(self, trial: str | Trial, reason: str) -> Trial:
        """Withdraw it before it is started."""
        return self._decide(trial, "cancel", reason=reason)

    def edit(
        self,
        trial: str | Trial,
        reason: str,
        values: dict[str, float | str] | None = None,
        until_age: float | None = None,
    ) -> Trial:
        """Put a changed proposal in its place; the new trial."""
        said = {"values": values or {}, "until_age": until_age}
        return self._decide(trial, "edit", reason=reason, **said)

    def hold(self, trial: str | Trial, reason: str) -> Trial:
        """Let nobody claim it for now."""
        return self._decide(trial, "hold", reason=reason)

    def unhold(self, trial: str | Trial, reason: str = "") -> Trial:
        """Let it be claimed again."""
        return self._decide(trial, "unhold", reason=reason)

    def rank(self, trial: str | Trial, priority: int, reason: str = "") -> Trial:
        """Put it before those of lower priority."""
        return self._decide(trial, "rank", priority=priority, reason=reason)

    def resolve(
        self,
        trial: str | Trial,
        outcome: Outcome,
        reason: str,
        ticked: Sequence[str] = (),
    ) -> Trial:
        """Say what became of one that is `unknown`."""
        said = {"outcome": outcome.model_dump(mode="json"), "ticked": list(ticked)}
        return self._decide(trial, "resolve", reason=reason, **said)

    # Workers

    def claim(
        self,
        sources: Sequence[str] | None = None,
        campaign: str | None = None,
        *,
        worker: str = "",
        lease_s: float = 60.0,
    ) -> Claim | None:
        """Take the next trial to run; none when there is none."""
        body = {"worker": worker, "campaign": campaign, "lease_s": lease_s}
        wanted = None if sources is None else list(sources)
        answer = self._call("POST", "/claims", json={**body, "sources": wanted})
        if answer.status_code == 204:
            return None
        return Claim.model_validate_json(answer.content)

    def start(self, claim: Claim) -> Claim:
        """Mark it as running; call it before anything is dispatched."""
        return Claim.model_validate_json(self._attempt(claim, "start").content)

    def heartbeat(self, claim: Claim, lease_s: float = 60.0) -> Alive:
        """Prolong a lease, and see whether the work is still wanted."""
        answer = self._attempt(claim, "heartbeat", lease_s=lease_s)
        return Alive.model_validate_json(answer.content)

    def adopt(self, trial: str, *, worker: str = "", lease_s: float = 60.0) -> Claim:
        """Take over a running trial whose worker fell silent."""
        body = {"worker": worker, "lease_s": lease_s}
        answer = self._call("POST", f"/trials/{trial}/attempts", json=body)
        return Claim.model_validate_json(answer.content)

    def sweep(self) -> Lapsed:
        """Take back what silent workers hold."""
        return Lapsed.model_validate_json(self._call("POST", "/claims/sweep").content)

    def release(self, claim: Claim) -> Trial:
        """Hand a trial back that was not started."""
        return Trial.model_validate_json(self._attempt(claim, "release").content)

    def complete(self, claim: Claim, result: Result) -> Trial:
        """Hand a result in, a failure too; the same one again is no change."""
        body = result.model_dump(mode="json")
        answer = self._attempt(claim, "complete", result=body)
        return Trial.model_validate_json(answer.content)

    def lose(self, claim: Claim, reason: str) -> Trial:
        """Give up a trial of which nobody can tell what became."""
        answer = self._attempt(claim, "lose", reason=reason)
        return Trial.model_validate_json(answer.content)

    # What is recorded

    def observations(
        self, campaign: str, trial: str | None = None
    ) -> Listing[Observation]:
        """What was measured, as it came."""
        path = f"/campaigns/{campaign}/observations"
        query = {} if trial is None else {"trial": trial}
        return Listing(self._pages(Observation, path, "observations", **query))

    def import_history(self, campaign: str, rows: Sequence[HistoryRow]) -> int:
        """Bring past measurements; how many were new."""
        body = {"rows": [row.model_dump(mode="json") for row in rows]}
        answer = self._call("POST", f"/campaigns/{campaign}/observations", json=body)
        return int(answer.json()["new"])

    def models(self, campaign: str) -> Listing[ModelVersion]:
        """Models without their weights."""
        return self._list(ModelVersion, f"/campaigns/{campaign}/models")

    def model_file(self, campaign: str, model: str) -> bytes:
        """The weights of a model, a safetensors file."""
        return self._call("GET", f"/campaigns/{campaign}/models/{model}/file").content

    def events(self, campaign: str | None = None, after: int = 0) -> Listing[Event]:
        """The audit log after an event."""
        query = {} if campaign is None else {"campaign": campaign}
        return Listing(self._pages(Event, "/events", "events", after=after, **query))

    def export(self, campaign: str, what: str, kind: str = "csv") -> bytes:
        """`observations`, `trials` or `events` as a `csv` or `parquet` file."""
        return self._call("GET", f"/campaigns/{campaign}/export/{what}.{kind}").content

    def upload(self, campaign: str, path: Path, trial: str | None = None) -> Artifact:
        """Keep a file with a campaign, or with one of its trials."""
        with path.open("rb") as file:
            return self.upload_bytes(campaign, file, path.name, trial)

    def upload_bytes(
        self,
        campaign: str,
        content: bytes | BinaryIO,
        name: str,
        trial: str | None = None,
        *,
        media_type: str = "application/octet-stream",
    ) -> Artifact:
        """Keep what is not a file yet."""
        answer = self._call(
            "POST",
            f"/campaigns/{campaign}/artifacts",
            params={"name": name, **({} if trial is None else {"trial": trial})},
            content=content,
            headers={"Content-Type": media_type},
        )
        return Artifact.model_validate_json(answer.content)

    def artifacts(self, campaign: str) -> Listing[Artifact]:
        """Files of a campaign."""
        return self._list(Artifact, f"/campaigns/{campaign}/artifacts")

    def download(self, sha256: str) -> bytes:
        """The content of a file."""
        return self._call("GET", f"/artifacts/{sha256}").content

    def _steer(self, campaign: str, verb: str, reason: str) -> CampaignInfo:
        path = f"/campaigns/{campaign}/{verb}"
        answer = self._call("POST", path, json={"reason": reason})
        return CampaignInfo.model_validate_json(answer.content)

    def _decide(self, trial: str | Trial, verb: str, **body: Any) -> Trial:
        tag = {}
        if isinstance(trial, Trial):
            tag = {"If-Match": f'"{trial.version}"'}
            trial = trial.id
        answer = self._call("POST", f"/trials/{trial}/{verb}", json=body, headers=tag)
        return Trial.model_validate_json(answer.content)

    def _attempt(self, claim: Claim, verb: str, **body: Any) -> httpx.Response:
        label = claim.worker.partition("/")[2]
        path = f"/trials/{claim.trial.id}/attempts/{claim.token}/{verb}"
        return self._call("POST", path, json={"worker": label, **body})

    def _get(self, kind: type[D], path: str) -> D:
        return kind.model_validate_json(self._call("GET", path).content)

    def _list(self, kind: type[D], path: str) -> Listing[D]:
        content = self._call("GET", path).content
        return Listing(TypeAdapter(list[kind]).validate_json(content))  # type: ignore[valid-type]

    def _pages(self, kind: type[D], path: str, field: str, **query: Any) -> Iterator[D]:
        known = {name: value for name, value in query.items() if value != []}
        while True:
            params = {**known, "limit": _PAGE}
            page = self._call("GET", path, params=params).json()
            yield from (kind.model_validate(item) for item in page[field])
            if page["next"] is None:
                return
            known["after"] = page["next"]

    def _call(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        key = {} if method == "GET" else {"Idempotency-Key": uuid.uuid4().hex}
        sent = {**self._headers, **key, **(headers or {})}
        try:
            answer = self._http.request(
                method, f"{self._base}{path}", headers=sent, **more
            )
        except httpx.HTTPError as error:
            raise StoreError(
                f"{self._base}: no answer ({error or type(error).__name__}); is the "
                "server up, and is the address right?"
            ) from error
        if not answer.is_success:
            raise_from(answer)
        return answer
