"""Writing the report to a file, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from bigloop.contracts import Recommendation, SpecError
from bigloop.dashboard.report import render
from bigloop.db import Store


def write_report(
    store: Store, campaign: str, path: Path, best: Recommendation | None = None
) -> None:
    """Render a campaign and put the page in place in one step.

    Raises:
        SpecError: the file cannot be written.
    """
    page = render(store, campaign, best)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(page, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise SpecError(f"{path}: cannot be written ({error.strerror})") from None
