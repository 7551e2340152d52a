"""Where a campaign lives on a machine: the store, its folder, its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bigloop.config import Settings
from bigloop.contracts import StoreError
from bigloop.db import Store
from bigloop.loop.filing import Filing


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """An open store and the folder beside it.

    Attributes:
        settings: of this machine.
        store: the only truth.
        folder: journals of laboratories, MLflow's own database, reports.
    """

    settings: Settings
    store: Store
    folder: Path

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the store, which is created when it is new.

        Raises:
            StoreError: the folder cannot be written, or the database not be opened.
        """
        folder = settings.folder.resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"folder {folder} cannot be made ({error.strerror}); choose another "
                "with --folder or BIGLOOP_FOLDER"
            ) from None
        return cls(
            settings=settings, store=Store.open(settings.store_url), folder=folder
        )

    def journal(self, campaign: str) -> Path:
        """The file in which laboratories remember what they ran for a campaign."""
        return self.folder / f"{campaign}.journal.db"

    @property
    def files(self) -> Filing:
        """Where files of outcomes and weights of models are."""
        return Filing(self.store, self.folder, self.settings.artifact_bytes)

    def mlflow_uri(self) -> str:
        """Address of the MLflow store."""
        return self.settings.mlflow or f"sqlite:///{self.folder / 'mlflow.db'}"

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Self:
        """The workspace itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        self.close()
