"""Commands that need no store: is this file right, and what is installed?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bigloop.cli.options import AsJson


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (validate, schema, sources, plugins):
        app.command()(command)


def validate(
    file: Path,
    no_sources: Annotated[
        bool, typer.Option("--no-sources", help="Build no simulator or laboratory.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check a campaign file; every problem is named."""
    from bigloop.cli.output import complain, emit, say
    from bigloop.cli.validation import problems_of, remarks_of
    from bigloop.contracts import SpecError

    found = problems_of(file, with_sources=not no_sources)
    if as_json:
        emit({"file": str(file), "valid": not found, "problems": found})
    elif found:
        complain(f"{file}: {problem}" for problem in found)
    else:
        say(f"{file}: valid", *([] if no_sources else remarks_of(file)))
    if found:
        raise typer.Exit(SpecError.exit_code)


def schema(
    kind: Annotated[
        str, typer.Option(help="campaign, benchmark, or openapi.")
    ] = "campaign",
) -> None:
    """Print the JSON schema of a document, or the OpenAPI document of the API."""
    from bigloop.cli.output import emit
    from bigloop.contracts import Campaign, NotFoundError

    if kind == "openapi":
        from bigloop.api.app import document

        emit(document())
    elif kind == "benchmark":
        from bigloop.bench.spec import Benchmark

        emit(Benchmark.model_json_schema())
    elif kind == "campaign":
        emit(Campaign.model_json_schema())
    else:
        raise NotFoundError(
            f"--kind: {kind!r} has no schema here; there are campaign, benchmark, "
            "openapi"
        )


def sources(as_json: AsJson = False) -> None:
    """List the simulators and laboratories that a campaign may name."""
    from bigloop.cli.installed import describe
    from bigloop.cli.output import emit, table

    found = [describe("simulators", name) for name in _names("simulators")]
    if as_json:
        emit(found)
        return
    table(("name", "kind", "what it is"), [(s.name, s.kind, s.summary) for s in found])


def plugins(as_json: AsJson = False) -> None:
    """List everything that is found by entry point."""
    from bigloop.cli.installed import describe
    from bigloop.cli.output import emit, table
    from bigloop.contracts.plugins import GROUPS

    found = [describe(group, name) for group in GROUPS for name in _names(group)]
    if as_json:
        emit(found)
        return
    table(
        ("group", "name", "from", "what it is"),
        [(p.group, p.name, p.package, p.summary) for p in found],
    )


def _names(group: str) -> list[str]:
    from bigloop.contracts.plugins import available

    return available(group)
