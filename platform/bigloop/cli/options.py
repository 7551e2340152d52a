"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

CampaignName = Annotated[
    Optional[str],  # noqa: UP045
    typer.Argument(
        metavar="[CAMPAIGN]", help="May be left out when there is only one."
    ),
]
TrialId = Annotated[
    str, typer.Argument(metavar="TRIAL", help="Its id, or the first digits of it.")
]
Reason = Annotated[
    str, typer.Option("--reason", "-r", help="Why; the audit log keeps it.")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]
ExecutorName = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--executor", help="ray or in-process"),
]
RayAddress = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--ray-address", help="Address of a Ray cluster; default: a local one."
    ),
]
