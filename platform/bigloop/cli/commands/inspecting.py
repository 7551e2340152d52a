"""Commands that read the store."""

from __future__ import annotations

from typing import Annotated

import typer

from bigloop.cli.options import AsJson, CampaignName, TrialId


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (status, queue, why, recommend, events, models, verify):
        app.command()(command)


def status(
    ctx: typer.Context, campaign: CampaignName = None, as_json: AsJson = False
) -> None:
    """Show where campaigns stand: trials, costs, best measured design."""
    from bigloop.cli.output import emit, say
    from bigloop.cli.standing import standing, standing_lines

    with ctx.obj.store() as store:
        names = [info.name for info in store.campaigns()]
        if campaign is not None:
            names = [store.campaign(campaign).name]
        found = [standing(store, name) for name in names]
    if as_json:
        emit(found if campaign is None else found[0])
        return
    if not found:
        say("the store has no campaign; start one with `bigloop run FILE`")
    for item in found:
        say(*standing_lines(item))


def queue(
    ctx: typer.Context, campaign: CampaignName = None, as_json: AsJson = False
) -> None:
    """List what waits for a person: why, its cost, what it would teach."""
    from bigloop.cli.output import emit, say
    from bigloop.cli.session import campaign_of
    from bigloop.cli.waiting import waiting_lines
    from bigloop.contracts import TrialState
    from bigloop.loop.versions import in_use

    with ctx.obj.store() as store:
        spec = store.campaign(campaign_of(store, campaign))
        found = store.trials(spec.name, [TrialState.AWAITING_APPROVAL])
        versions = in_use(store, spec.name)
    if as_json:
        emit(found)
        return
    say(*waiting_lines(spec, found, versions))


def why(ctx: typer.Context, trial: TrialId, as_json: AsJson = False) -> None:
    """Explain a trial: terms, uncertainty, cost, runner-ups, what would flip it."""
    from bigloop.cli.explanation import explanation_lines
    from bigloop.cli.output import emit, say
    from bigloop.loop.versions import in_use

    with ctx.obj.store() as store:
        found = store.trial(trial)
        spec = store.campaign(found.campaign)
        versions = in_use(store, spec.name)
    if as_json:
        emit(found)
        return
    say(*explanation_lines(spec, found, versions))


def recommend(
    ctx: typer.Context, campaign: CampaignName = None, as_json: AsJson = False
) -> None:
    """Ask the agent for its recommendation as the results stand."""
    from bigloop.cli.output import emit, say
    from bigloop.cli.session import campaign_of
    from bigloop.dashboard.advice import advice_lines, nothing_text
    from bigloop.dashboard.recommendation import recommend as ask
    from bigloop.dashboard.wording import design_text

    with ctx.obj.store() as store:
        spec = store.campaign(campaign_of(store, campaign))
        best = ask(store, spec.name)
    if as_json:
        emit(best)
    elif best is None:
        say(f"no recommendation yet: {nothing_text(spec)}")
    else:
        say(design_text(spec, best.design), *advice_lines(spec, best))


def events(
    ctx: typer.Context,
    campaign: CampaignName = None,
    after: Annotated[int, typer.Option(help="Only those that follow this one.")] = 0,
    as_json: AsJson = False,
) -> None:
    """List the audit log: every change, who made it, and when."""
    from bigloop.cli.output import emit, say

    with ctx.obj.store() as store:
        name = None if campaign is None else store.campaign(campaign).name
        found = list(store.every_event(name, after))
    if as_json:
        emit(found)
        return
    say(
        *(
            f"{e.seq:>6} {e.at:%Y-%m-%d %H:%M:%S} {e.kind:<24} {e.subject:<18} "
            f"{e.actor}"
            for e in found
        )
    )


def models(
    ctx: typer.Context, campaign: CampaignName = None, as_json: AsJson = False
) -> None:
    """List the models: their data, standing and scores."""
    from bigloop.cli.output import emit, say, table
    from bigloop.cli.session import campaign_of
    from bigloop.cli.versions import version_row, without_weights

    with ctx.obj.store() as store:
        name = campaign_of(store, campaign)
        found = store.models(name)
    if as_json:
        emit([without_weights(version) for version in found])
    elif not found:
        say(f"{name}: no model has been trained yet")
    else:
        columns = ("id", "model", "standing", "rows", "labelled", "error", "coverage")
        table(columns, [version_row(version) for version in found])


def verify(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Check the audit chain and replay it against the tables."""
    from bigloop.cli.output import complain, emit, say
    from bigloop.contracts import StoreError

    with ctx.obj.store() as store:
        report = store.verify()
    if as_json:
        emit({"is_ok": report.is_ok, **report.model_dump(mode="json")})
    elif report.is_ok:
        say(f"ok: {report.events} events, {report.rows} rows as the chain says")
    else:
        complain(
            f"event {p.seq}: {p.where}: {p.what}" if p.seq else f"{p.where}: {p.what}"
            for p in report.problems
        )
        complain([f"{report.n_problems} problems; restore the store from a backup"])
    if not report.is_ok:
        raise typer.Exit(StoreError.exit_code)
