"""Commands by which people decide on trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Optional

import typer

from bigloop.cli.options import Reason, TrialId

if TYPE_CHECKING:
    from bigloop.contracts import Trial
    from bigloop.db import Store


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (approve, reject, edit, cancel, hold, unhold, rank, resolve):
        app.command()(command)


def approve(
    ctx: typer.Context,
    trials: Annotated[list[str], typer.Argument(metavar="TRIAL...")],
    reason: Reason = "",
) -> None:
    """Let trials run that wait for a person."""
    with ctx.obj.store() as store:
        for trial in [store.trial(name).id for name in trials]:
            _done(store.approve(trial, ctx.obj.actor, reason))


def reject(
    ctx: typer.Context,
    trial: TrialId,
    reason: Reason,
    because: Annotated[
        str,
        typer.Option(
            help="once: this proposal alone; design: such designs; limit: a bound.",
            show_default="once",
        ),
    ] = "",
    limit: Annotated[
        str,
        typer.Option(
            metavar="BOUND", help="What it breaks, such as 'C1 <= 6/hour'; it holds on."
        ),
    ] = "",
) -> None:
    """Refuse a trial that waits for a person."""
    with ctx.obj.store() as store:
        whole = store.trial(trial).id
        done = store.reject(whole, ctx.obj.actor, reason, because=because, limit=limit)
        _done(done)
        if limit:
            _withdrawn(store, done)


def cancel(ctx: typer.Context, trial: TrialId, reason: Reason) -> None:
    """Withdraw a trial that has not been started."""
    with ctx.obj.store() as store:
        _done(store.cancel(store.trial(trial).id, ctx.obj.actor, reason))


def hold(ctx: typer.Context, trial: TrialId, reason: Reason) -> None:
    """Let nobody claim a trial until `unhold`."""
    with ctx.obj.store() as store:
        _done(store.hold(store.trial(trial).id, ctx.obj.actor, reason))


def unhold(ctx: typer.Context, trial: TrialId, reason: Reason = "") -> None:
    """Let a trial be claimed again."""
    with ctx.obj.store() as store:
        _done(store.unhold(store.trial(trial).id, ctx.obj.actor, reason))


def rank(
    ctx: typer.Context,
    trial: TrialId,
    priority: Annotated[int, typer.Option(help="Higher runs first; 0 at the start.")],
    reason: Reason = "",
) -> None:
    """Put a trial before those of lower priority."""
    with ctx.obj.store() as store:
        _done(store.rank(store.trial(trial).id, priority, ctx.obj.actor, reason))


def edit(
    ctx: typer.Context,
    trial: TrialId,
    reason: Reason,
    values: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", metavar="NAME=VALUE", help="A parameter to change."),
    ] = None,
    until: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option("--until", metavar="AGE", help="Age at which to stop."),
    ] = None,
) -> None:
    """Put a changed proposal in the place of a trial that has not been started."""
    from bigloop.cli.assignments import assignments
    from bigloop.loop.editing import edit_trial

    said = assignments(values or [])
    with ctx.obj.store() as store:
        new = edit_trial(store, trial, said, until, ctx.obj.actor, reason)
        _done(new)


def resolve(
    ctx: typer.Context,
    trial: TrialId,
    outcome: Annotated[str, typer.Option(help="completed or failed")],
    reason: Reason,
    values: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--value", metavar="NAME=VALUE[:UNIT]", help="A measurement, once each."
        ),
    ] = None,
    failure: Annotated[
        str, typer.Option(help="Class of a failure, such as equipment.")
    ] = "equipment",
    age: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Age of the specimen at the end; it sets the cost."),
    ] = None,
    specimen: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Which specimen it was."),
    ] = None,
    tick: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(metavar="ITEM", help="An item of the checklist, once each."),
    ] = None,
) -> None:
    """Say what became of a trial that the platform lost sight of (`unknown`)."""
    from bigloop.cli.assignments import assignments
    from bigloop.loop.resolving import resolution

    measured = assignments(values or [])
    with ctx.obj.store() as store:
        found = store.trial(trial)
        spec = store.campaign(found.campaign)
        said = resolution(
            spec, found, outcome, measured, failure, age=age, specimen=specimen
        )
        said = said.model_copy(update={"message": reason})
        ticked = tick or []
        _done(store.resolve(found.id, said, ctx.obj.actor, reason, ticked=ticked))


def _withdrawn(store: Store, rejected: Trial) -> None:
    """Say what the limit of a rejection ended with it."""
    from bigloop.cli.output import say

    for event in store.events(rejected.version, rejected.campaign):
        if (event.kind, event.at) != ("trial.cancelled", rejected.updated_at):
            return
        say(f"{event.subject} cancelled ({event.data['reason']})")


def _done(trial: Trial) -> None:
    from bigloop.cli.output import say
    from bigloop.cli.place import place

    said = [trial.reason] if trial.state == "awaiting_approval" and trial.reason else []
    said += place(trial)
    say(f"{trial.id} {trial.state}" + (f" ({'; '.join(said)})" if said else ""))
