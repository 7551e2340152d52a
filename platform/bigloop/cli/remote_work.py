"""`bigloop worker` where the store is behind a server, or the work in a folder."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from bigloop.cli.output import say
from bigloop.contracts import NotFoundError, SpecError, plugins

if TYPE_CHECKING:
    from bigloop.api.client import Client
    from bigloop.config import Settings
    from bigloop.contracts import Campaign, Capabilities, Executor


def run(
    settings: Settings,
    server: str,
    campaign: str,
    sources: list[str],
    stop: threading.Event,
    *,
    base: Path,
    jobs: Path | None,
    reader: str,
    is_once: bool,
) -> int:
    """Work for a campaign behind a server; how many changes were made.

    Raises:
        NotFoundError: no such campaign, source or reader.
        SpecError: no source is named, or one does not fit the campaign.
    """
    from bigloop.api.client import Client
    from bigloop.api.remote import work

    if not sources:
        raise SpecError("--source: name the sources that this machine serves")
    with Client(server) as client:
        spec = client.campaign(campaign)
        if unknown := [name for name in sources if name not in spec.sources]:
            raise NotFoundError(
                f"source {unknown[0]!r} is not in campaign {campaign!r}; there are "
                f"{', '.join(sorted(spec.sources))}"
            )
        if jobs is None:
            known, executor = _instruments(settings, spec, sources, base)
        else:
            known, executor = _folder(client, spec, sources, jobs, reader)
        return work(
            client,
            spec,
            known,
            executor,
            stop,
            lease_s=settings.lease_s,
            is_once=is_once,
            note=say,
        )


def _folder(
    client: Client, spec: Campaign, sources: list[str], jobs: Path, reader: str
) -> tuple[dict[str, Capabilities], Executor]:
    from bigloop.loop.in_folder import FolderExecutor, capabilities_of

    reads = plugins.load("readers", reader)()
    executor = FolderExecutor(spec, jobs, reads, client.trial, say)
    return {name: capabilities_of(spec, name) for name in sources}, executor


def _instruments(
    settings: Settings, spec: Campaign, sources: list[str], base: Path
) -> tuple[dict[str, Capabilities], Executor]:
    from bigloop.loop.in_process import InProcessExecutor
    from bigloop.loop.sources import check, plan

    folder = settings.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / f"{spec.name}.journal.db"
    plans = {n: plan(spec.sources[n], base, journal, spec.seed) for n in sources}
    known = {name: made.build().capabilities() for name, made in plans.items()}
    for name, found in known.items():
        check(spec, name, found)
    return known, InProcessExecutor(plans)
