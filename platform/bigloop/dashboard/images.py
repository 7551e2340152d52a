"""Pictures that belong to trials: which they are, and what a file really is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bigloop.contracts import Trial
from bigloop.db import Artifact

_SAID = ("image/png", "image/jpeg")
_NAMED = (".png", ".jpg", ".jpeg")
_STARTS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def pictures(found: Iterable[Artifact]) -> list[Artifact]:
    """Files of trials that are said to be pictures, by their type or their name."""
    return [
        a
        for a in found
        if a.trial and (a.media_type in _SAID or Path(a.name).suffix.lower() in _NAMED)
    ]


def media_type(place: Path) -> str | None:
    """What a browser is told that a file is, by its first bytes; none: no picture.

    Whoever uploaded it may have said anything.
    """
    with place.open("rb") as file:
        start = file.read(8)
    return next(
        (kind for sign, kind in _STARTS.items() if start.startswith(sign)), None
    )


def address(picture: Artifact) -> str:
    """Where the pages show it, below the path of the server."""
    return f"/c/{picture.campaign}/pictures/{picture.sha256}"


def by_trial(found: Iterable[Artifact], trials: Iterable[Trial]) -> dict[str, str]:
    """Addresses of the latest picture of each trial.

    What several trials handed in alike is one file, which each of their outcomes names.
    """
    shown = {a.sha256: a for a in found}
    places = {a.trial: address(a) for a in shown.values() if a.trial}
    for trial in trials:
        for file in trial.outcome.files if trial.outcome else ():
            if file.sha256 in shown:
                places[trial.id] = address(shown[file.sha256])
    return places
