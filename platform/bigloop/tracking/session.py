"""A client of MLflow that is quiet and gives up soon."""

from __future__ import annotations

import os
import socket
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bigloop.contracts import SourceError

_FORCED = {"MLFLOW_DISABLE_TELEMETRY": "true"}
"""No data leave for the makers of MLflow; read when MLflow is imported."""
_DEFAULTS = {
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT": "30",
}
"""MLflow's own would retry for four minutes; the outbox tries again instead."""
_REACH_S = 2.0


@contextmanager
def session(uri: str) -> Iterator[Any]:
    """An `MlflowClient` for `uri`, whose environment settings end with the block.

    Raises:
        SourceError: MLflow is unreachable or refuses; nothing is lost by it.
    """
    with _environment(), warnings.catch_warnings():
        # MLflow's own use of SQLAlchemy and others is not ours to be warned of.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        try:
            _reach(uri)
            yield _client(uri)
        except SourceError:
            raise
        except Exception as error:
            reason = str(error).splitlines()[0] if str(error) else repr(error)
            raise SourceError(
                f"MLflow at {uri} does not take the run ({reason[:300]}); start or "
                "repair it; runs wait in the store and are delivered later"
            ) from error


def local_file(uri: str) -> Path | None:
    """The database file of a SQLite address; none for any other."""
    if not uri.startswith("sqlite:///"):
        return None
    return Path(uri.removeprefix("sqlite:///"))


def _client(uri: str) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=uri)


def _reach(uri: str) -> None:
    """Fail within seconds, where MLflow would sleep and try again for a minute."""
    path = local_file(uri)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=_REACH_S)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("PRAGMA schema_version").fetchone()
        return
    address = urlsplit(uri)
    if address.scheme in ("http", "https") and address.hostname:
        port = address.port or (443 if address.scheme == "https" else 80)
        socket.create_connection((address.hostname, port), _REACH_S).close()


@contextmanager
def _environment() -> Iterator[None]:
    """The settings for one block; what the user has set of the defaults stays."""
    wanted = {**{k: os.environ.get(k, v) for k, v in _DEFAULTS.items()}, **_FORCED}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
