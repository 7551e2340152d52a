"""Commands that pause, resume, stop and abort a campaign, and end its limits."""

from __future__ import annotations

from typing import Annotated

import typer

from bigloop.cli.options import AsJson, CampaignName, Reason

_Why = Annotated[
    str, typer.Option("--reason", "-r", help="Why; kept in the audit log.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (pause, resume, stop, abort, limits, revoke):
        app.command()(command)


def pause(
    ctx: typer.Context, campaign: CampaignName = None, reason: _Why = "paused by hand"
) -> None:
    """Let nothing new start; what runs goes on."""
    _set(ctx, campaign, "paused", reason)


def resume(
    ctx: typer.Context, campaign: CampaignName = None, reason: _Why = "resumed by hand"
) -> None:
    """Let a paused or stopped campaign go on."""
    _set(ctx, campaign, "running", reason)


def stop(
    ctx: typer.Context, campaign: CampaignName = None, reason: _Why = "stopped by hand"
) -> None:
    """End a campaign; its results stay, and `resume` takes it up again."""
    _set(ctx, campaign, "stopped", reason)


def abort(
    ctx: typer.Context, campaign: CampaignName = None, reason: _Why = "aborted by hand"
) -> None:
    """Stop at once, and withdraw all that has not been started."""
    from bigloop.cli.output import say
    from bigloop.cli.session import campaign_of

    with ctx.obj.store() as store:
        info = store.abort(campaign_of(store, campaign), ctx.obj.actor, reason)
        say(f"{info.name}: {info.status}")


def limits(
    ctx: typer.Context, campaign: CampaignName = None, as_json: AsJson = False
) -> None:
    """List what people bounded by rejections, and what is beyond it all the same."""
    from bigloop.cli.output import emit, say
    from bigloop.cli.session import campaign_of
    from bigloop.dashboard.beyond import beyond, broken_by

    with ctx.obj.store() as store:
        moment = store.moment(campaign_of(store, campaign))
    spec = moment.campaign
    if as_json:
        emit(spec.limits)
        return
    lines = []
    for name, item in spec.limits.items():
        lines.append(f"{name}: {item.text}, by {item.by} ({item.description})")
        lines += [
            f"  beyond it: {trial.id} {trial.state}, {beyond(spec, trial)}"
            for trial in broken_by(spec, name, moment.trials)
        ]
    say(*(lines or ["there are no limits"]))


def revoke(
    ctx: typer.Context,
    limit: Annotated[
        str, typer.Argument(metavar="LIMIT", help="As `limits` lists it.")
    ],
    reason: Reason,
    campaign: CampaignName = None,
) -> None:
    """End a limit: what it excluded may be proposed again."""
    from bigloop.cli.output import say
    from bigloop.cli.session import campaign_of

    with ctx.obj.store() as store:
        name = campaign_of(store, campaign)
        store.revoke(name, limit, ctx.obj.actor, reason)
        say(f"{name}: {limit} revoked")


def _set(ctx: typer.Context, campaign: str | None, status: str, reason: str) -> None:
    from typing import cast

    from bigloop.cli.output import say
    from bigloop.cli.session import campaign_of
    from bigloop.db.records import Status

    with ctx.obj.store() as store:
        name = campaign_of(store, campaign)
        info = store.set_status(name, cast(Status, status), reason, ctx.obj.actor)
        say(f"{info.name}: {info.status}")
