"""Files of outcomes: into the folder under their hash, and known to the store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol

from bigloop.contracts import (
    Attachment,
    Claim,
    KeptFile,
    NotFoundError,
    Outcome,
    ResultError,
    attachments,
)
from bigloop.db import Store


class Files(Protocol):
    """Where a worker keeps files and finds the weights of models."""

    def keep(self, claim: Claim, given: Attachment) -> KeptFile:
        """Keep a file as an artifact of the trial; the same content again is one file.

        Raises:
            ResultError: its name, type or size is not allowed.
        """
        ...

    def weights(self, campaign: str, model: str) -> bytes:
        """The file of a model version.

        Raises:
            NotFoundError: there is no such version, or its file is gone.
        """
        ...


def place_of(folder: Path, sha256: str) -> Path:
    """Where the file of a hash lies."""
    return folder / "artifacts" / sha256[:2] / sha256


def write(folder: Path, content: bytes) -> str:
    """All of a file or nothing of it, under its hash, which is returned."""
    sha256 = hashlib.sha256(content).hexdigest()
    place = place_of(folder, sha256)
    if place.is_file() and place.stat().st_size == len(content):
        return sha256
    place.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=place.parent, prefix="new-", delete=False) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(file.name, place)
    return sha256


def read(folder: Path, sha256: str) -> bytes:
    """The content of a hash.

    Raises:
        NotFoundError: it is not there, or is not what was kept.
    """
    try:
        content = place_of(folder, sha256).read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise NotFoundError(
            f"artifact {sha256[:12]}: its file is gone or damaged; restore the folder "
            f"{folder}"
        )
    return content


def checked(given: Attachment, most_bytes: int) -> None:
    """Refuse a file that cannot be kept.

    Raises:
        ResultError: says why.
    """
    if problem := attachments.problem(given, most_bytes):
        raise ResultError(problem)


class Filing:
    """Files of this machine's folder, known to its store.

    Workers and loops of one store share the folder, or a file that one wrote is gone to
    the other; those that cannot share it work through a server.
    """

    def __init__(self, store: Store, folder: Path, most_bytes: int) -> None:
        self.store, self.folder, self.most_bytes = store, folder, most_bytes

    def keep(self, claim: Claim, given: Attachment) -> KeptFile:
        """As `Files.keep`: the content first, then what is known of it."""
        checked(given, self.most_bytes)
        sha256, trial = write(self.folder, given.content), claim.trial
        self.store.add_artifact(
            trial.campaign,
            sha256,
            given.name,
            len(given.content),
            claim.worker,
            media_type=given.media_type,
            trial=trial.id,
        )
        return kept(given, sha256)

    def weights(self, campaign: str, model: str) -> bytes:
        """As `Files.weights`."""
        return read(self.folder, self.store.model(campaign, model).sha256)


def kept(given: Attachment, sha256: str) -> KeptFile:
    """What an outcome says of a file that was kept."""
    return KeptFile(
        name=given.name,
        media_type=given.media_type,
        description=given.description,
        sha256=sha256,
        size=len(given.content),
    )


def filed(
    outcome: Outcome,
    keep: Callable[[Attachment], KeptFile],
    note: Callable[[str], None],
) -> Outcome:
    """An outcome whose files are kept; one that cannot be is named in the provenance.

    Asked again for the same outcome it gives the same: nothing is kept twice.
    """
    if not outcome.attached:
        return outcome
    found: dict[str, KeptFile] = {}
    refused: list[str] = []
    for given in outcome.attached:
        try:
            if len(found) == attachments.MOST or given.name in found:
                raise ResultError(
                    f"file {given.name!r}: an outcome has {attachments.MOST} files at "
                    "most, each with a name of its own"
                )
            found[given.name] = keep(given)
        except ResultError as error:
            refused.append(str(error))
            note(f"{error}; the outcome is kept without it")
    provenance = dict(outcome.provenance)
    if refused:
        provenance["files_refused"] = refused
    return outcome.model_copy(
        update={
            "attached": (),
            "files": tuple(found.values()),
            "provenance": provenance,
        }
    )
